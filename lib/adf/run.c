/* Runs a program and passes its output on without secrets. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adf/adf.h"
#include "base/io.h"

extern char **environ;

/* an output of the child: what it has written of a line so far, and where lines go */
struct stream {
	int from;			/* -1: ended */
	int to;
	adf_line *each;			/* takes the lines instead, or NULL */
	void *arg;
	struct buf *last;		/* its last line that is not empty, or NULL */
	struct buf line;
};

static volatile sig_atomic_t child;

static void
pass_on(int sig)
{
	if (child > 0)
		kill((pid_t)child, sig);
}

static void
hide(const struct adf_activity *a, struct buf *line)
{
	size_t i;
	char *hit;

	for (i = 0; i < a->nsecrets; i++) {
		size_t n = strlen(a->secrets[i]);

		while ((hit = memmem(line->p, line->len, a->secrets[i], n)) != NULL) {
			size_t at = (size_t)(hit - (char *)line->p);
			struct buf rest = { 0 };

			buf_add(&rest, hit + n, line->len - at - n);
			line->len = at;
			buf_adds(line, "***");
			buf_add(line, buf_cstr(&rest), rest.len);
			buf_free(&rest);
		}
	}
}

static int
end_line(const struct adf_activity *a, struct stream *s, struct msg *err)
{
	struct buf *l = &s->line;
	int failed = 0;

	if (l->len == 0)
		return 0;
	hide(a, l);
	if (s->last != NULL && l->len > 1) {
		s->last->len = 0;
		buf_add(s->last, l->p, l->len - (l->p[l->len - 1] == '\n'));
	}
	if (s->each != NULL)
		s->each((const char *)l->p, l->len, s->arg);
	else
		failed = io_write(s->to, l->p, l->len, "output", err);
	l->len = 0;
	return failed;
}

/* Takes what there is to read. A line of more than 64 KiB is passed on in pieces. */
static int
take(const struct adf_activity *a, struct stream *s, struct msg *err)
{
	enum { PIECE = 4096, LINE_MAX_BYTES = 64 * 1024 };
	char piece[PIECE];
	ssize_t n, i;

	do
		n = read(s->from, piece, sizeof(piece));
	while (n < 0 && errno == EINTR);
	for (i = 0; i < n; i++) {
		buf_addc(&s->line, (uint8_t)piece[i]);
		if ((piece[i] == '\n' || (s->each == NULL && s->line.len >= LINE_MAX_BYTES)) && end_line(a, s, err) < 0)
			return -1;
	}
	if (n > 0)
		return 0;
	close(s->from);
	s->from = -1;
	return end_line(a, s, err);
}

static int
relay(const struct adf_activity *a, struct stream *s, struct msg *err)
{
	int i, failed = 0;

	while (failed == 0 && (s[0].from >= 0 || s[1].from >= 0)) {
		struct pollfd p[2] = { { .fd = s[0].from, .events = POLLIN }, { .fd = s[1].from, .events = POLLIN } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return msg_sys(err, EX_OSERR, "poll");
		for (i = 0; i < 2 && failed == 0; i++)
			if (s[i].from >= 0 && p[i].revents != 0)
				failed = take(a, &s[i], err);
	}
	return failed;
}

/* Starts the program with its outputs in out[0] and err[0]. Returns an errno, or 0. */
static int
start(const char *const *words, const int *out, const int *err, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
	failed = posix_spawnp(pid, words[0], &actions, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EX_OSERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

int
adf_run(const struct adf_activity *a, const char *const *words, adf_line *each, void *arg, struct buf *last,
    struct msg *err)
{
	int ends[2][2], failed;
	struct sigaction act = { .sa_handler = pass_on };
	struct stream s[2] = { { .to = STDOUT_FILENO, .each = each, .arg = arg },
		{ .to = STDERR_FILENO, .last = last } };
	pid_t pid = 0;

	if (pipe2(ends[0], O_CLOEXEC) < 0 || pipe2(ends[1], O_CLOEXEC) < 0)
		return msg_sys(err, EX_OSERR, "pipe");
	failed = start(words, ends[0], ends[1], &pid);
	close(ends[0][1]);
	close(ends[1][1]);
	s[0].from = ends[0][0];
	s[1].from = ends[1][0];
	if (failed != 0) {
		close(s[0].from);
		close(s[1].from);
		return msg_set(err, EX_UNAVAILABLE, "%s: %s", words[0], strerror(failed));
	}
	child = pid;
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	failed = relay(a, s, err);
	if (failed != 0)
		kill(pid, SIGTERM);
	buf_free(&s[0].line);
	buf_free(&s[1].line);
	failed = failed != 0 ? (wait_for(pid), -1) : wait_for(pid);
	child = 0;
	return failed;
}

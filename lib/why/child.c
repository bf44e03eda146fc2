/* The programs that read tables, and gold scripts. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "why/why.h"

extern char **environ;

void
why_child_path(void)
{
	enum { PATH_BYTES = 4096 };
	char own[PATH_BYTES] = "", *path, *slash;
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *rest = getenv("PATH");

	if (n <= 0)
		return;
	own[n] = '\0';
	slash = strrchr(own, '/');
	path = xasprintf("%.*s:%s", slash != NULL ? (int)(slash - own) : 1, slash != NULL ? own : ".",
	    rest != NULL ? rest : "/usr/bin:/bin");
	setenv("PATH", path, 1);
	free(path);
}

/* Starts a program with its standard output at `out`. */
static int
start(pid_t *pid, const char *const *argv, int out, struct msg *err)
{
	posix_spawn_file_actions_t actions;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (out != STDOUT_FILENO)
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	failed = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed == 0 ? 0 : msg_set(err, EX_UNAVAILABLE, "%s: %s", argv[0], strerror(failed));
}

/* Waits for a program. Fails with its status and without a text where that is not 0. */
static int
wait_for(pid_t pid, struct msg *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return msg_sys(err, EX_OSERR, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return msg_set(err, WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE, "%s", "");
}

int
why_child_open(struct why_child *c, const char *const *argv, const char *name, struct msg *err)
{
	int ends[2], failed;

	*c = (struct why_child){ .name = name };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return msg_sys(err, EX_OSERR, "pipe");
	failed = start(&c->pid, argv, ends[1], err);
	close(ends[1]);
	if (failed != 0) {
		close(ends[0]);
		return -1;
	}
	return rec_open_fd(&c->in, ends[0], name, 0) < 0 ? msg_set(err, c->in.err.status, "%s", c->in.err.text) : 0;
}

int
why_child_close(struct why_child *c, struct msg *err)
{
	struct msg ended = { 0 };

	rec_close(&c->in);
	if (c->pid > 0 && wait_for(c->pid, &ended) < 0 && (err->status == 0 || err->text[0] == '\0'))
		*err = ended;
	c->pid = 0;
	return err->status != 0 ? -1 : 0;
}

int
why_child_run(const char *const *argv, struct msg *err)
{
	pid_t pid;

	return start(&pid, argv, STDOUT_FILENO, err) < 0 ? -1 : wait_for(pid, err);
}

/*
 * cuts gives a program a record stream cut off at every byte, one after the other: cuts STREAM PROGRAM ARGUMENT... An
 * argument {} becomes the path of the cut stream, and standard input is then the whole one; without a {} the cut stream
 * is standard input. Each time the program must end with 65, say why in lines that begin with its name, and not end its
 * output as a whole stream ends. Exits 0, or 1 with the first failure.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/msg.h"

extern char **environ;

enum { CUT_FD = 30 };		/* the cut stream's descriptor in the program; a path names it */

static char cut_path[] = "/dev/fd/30";
static size_t whole, cut;	/* bytes of the stream, and of it cut */

static _Noreturn void
fail(const char *what, const struct buf *b)
{
	msg_die(1, "cut to %zu of %zu bytes: %s: %.*s", cut, whole, what, b != NULL ? (int)b->len : 0,
	    b != NULL ? (const char *)b->p : "");
}

static int
memory_file(const void *p, size_t n)
{
	int fd = memfd_create("cuts", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		msg_die(EX_OSERR, "memfd: %s", strerror(errno));
	return fd;
}

static void
read_all(int fd, const char *name, struct buf *b)
{
	struct msg err = { 0 };
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = io_read(fd, buf_room(b, 65536), 65536, name, &err)) > 0)
		b->len += (size_t)n;
	if (n < 0)
		msg_exit(&err);
}

/* Runs the program; returns its exit status, or 128 and the signal. */
static int
run(char *argv[], int in, int out, int errors, int extra)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status, failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	if (extra >= 0)
		posix_spawn_file_actions_adddup2(&actions, extra, CUT_FD);
	failed = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed != 0 || waitpid(pid, &status, 0) != pid)
		msg_die(EX_OSERR, "%s: %s", argv[0], strerror(failed));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
check(const char *program, int status, int out, int errors)
{
	struct buf text = { 0 }, said = { 0 };
	char want[64];
	uint8_t *last;

	read_all(out, "output", &text);
	read_all(errors, "messages", &said);
	if (status != EX_DATAERR) {
		snprintf(want, sizeof(want), "status %d, not 65", status);
		fail(want, &said);
	}
	snprintf(want, sizeof(want), "%s: ", program);
	if (said.len == 0 || strncmp(buf_cstr(&said), want, strlen(want)) != 0 || said.p[said.len - 1] != '\n')
		fail("no message", &said);
	if (text.len > 0) {
		last = memrchr(text.p, '\n', text.len - 1);
		last = last != NULL ? last + 1 : text.p;
		if (text.len >= 2 && last[0] == '\001' && last[1] == 'T')
			fail("the output has a trailer", NULL);
	}
	buf_free(&text);
	buf_free(&said);
}

int
main(int argc, char *argv[])
{
	struct buf stream = { 0 };
	struct msg err = { 0 };
	bool by_path = false;
	int fd;

	setprogname(argv[0]);
	if (argc < 3)
		msg_die(EX_USAGE,
		    "usage: cuts STREAM PROGRAM ARGUMENT...: runs PROGRAM on STREAM cut off at every byte");
	if ((fd = io_open(argv[1], &err)) < 0)
		msg_exit(&err);
	read_all(fd, argv[1], &stream);
	close(fd);
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "{}") == 0) {
			argv[i] = cut_path;
			by_path = true;
		}
	whole = stream.len;
	for (cut = 0; cut < whole; cut++) {
		int part = memory_file(stream.p, cut), all = memory_file(stream.p, whole);
		int out = memory_file("", 0), errors = memory_file("", 0);

		check(argv[2], run(argv + 2, by_path ? all : part, out, errors, by_path ? part : -1), out, errors);
		close(part);
		close(all);
		close(out);
		close(errors);
	}
	buf_free(&stream);
	return 0;
}

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rec/rec.h"

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/*
 * Called by msg_leave. Discards what a writer still buffers, so that the abort line follows a complete record. If the
 * reader is gone, the exit status of this program must not change.
 */
static void
put_abort(int status)
{
	char line[16];
	struct msg ignored = { 0 };
	int n = snprintf(line, sizeof(line), "\001E %d\n", status);

	signal(SIGPIPE, SIG_IGN);
	(void)io_write(STDOUT_FILENO, line, (size_t)n, "<stdout>", &ignored);
}

void
rec_abort_line(const char *output)
{
	bool standard = output == NULL || strcmp(output, "-") == 0;

	msg_at_leave = standard && is_pipe(STDOUT_FILENO) ? put_abort : NULL;
}

/* Parses "SOH E status", only as put_abort spells it. Returns the status; 0 for an invalid line. */
static int
abort_status(const uint8_t *line, size_t n)
{
	char text[4] = "";

	if (n < 4 || n > 6 || line[2] != ' ' || line[3] == '0')
		return 0;
	memcpy(text, line + 3, n - 3);
	if (strspn(text, "0123456789") != n - 3 || atoi(text) > 255)
		return 0;
	return atoi(text);
}

int
rec_aborted(struct msg *err, int fd, const char *name, const uint8_t *line, size_t n)
{
	int status = abort_status(line, n);

	if (status == 0)
		return msg_set(err, EX_DATAERR, "%s: invalid abort line: %s", name, msg_quote(line, n));
	if (is_pipe(fd))
		return msg_set(err, status, "%s", "");
	return msg_set(err, status, "%s: aborted: the program that wrote it failed with status %d", name, status);
}

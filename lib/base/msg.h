/*
 * Messages and exit statuses.
 *
 * A library function that can fail fills a struct msg and returns -1; the program prints it and exits with its
 * status. One shape for all: "program: file:line: what: 'value'".
 */
#ifndef BASE_MSG_H
#define BASE_MSG_H

#include <stdarg.h>
#include <stddef.h>
#include <sysexits.h>

enum { EX_NO = 1 };		/* done, and the answer is no (a reconciliation that does not close) */

struct msg {
	int status;		/* sysexits(3), 0 while nothing has failed */
	char text[1000];	/* one line, without the program's name and without a line feed */
};

/* Fills m, cutting the text where it must, and returns -1. The first failure stands: a filled m is left as it is. */
int msg_set(struct msg *m, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with ": " and the text of errno at the end. */
int msg_sys(struct msg *m, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The status for a failed open, read or write: EX_NOINPUT for ENOENT and ENOTDIR, EX_NOPERM for EACCES, EPERM and EROFS, else
 * the given one. */
int msg_errno_status(int otherwise);

/*
 * Makes n bytes fit to be shown: in single quotes, quotes and backslashes after a backslash, what would hide as visible.h has it,
 * cut after 60 bytes with "..." after them. Returns one of eight static buffers in turn, so that a message can hold several.
 */
const char *msg_quote(const void *p, size_t n);
const char *msg_quotes(const char *s);

/* Print "program: text" and a line feed on standard error. */
void msg_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Called by msg_leave with the status before the program exits; NULL: nothing is. */
extern void (*msg_at_leave)(int status);

/* Ends the program with a status other than 0, after its message has been printed. */
_Noreturn void msg_leave(int status);

/*
 * Print and leave. msg_exit takes what a library call left behind; a status of 0 in it becomes EX_SOFTWARE, and one
 * without a text is a failure that another program has explained.
 */
_Noreturn void msg_die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void msg_exit(const struct msg *m);

#endif

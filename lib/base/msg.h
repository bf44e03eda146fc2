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

enum { EX_NO = 1 };		/* success, but the answer is no (as for a reconciliation that does not balance) */

struct msg {
	int status;		/* sysexits(3); 0: no failure yet */
	char text[1000];	/* one line, without the program's name and the line feed */
};

/*
 * Fills m, truncating the text if it is too long, and returns -1. Keeps the first failure: a filled m is not changed.
 */
int msg_set(struct msg *m, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Like msg_set, with ": " and the text of errno appended. */
int msg_sys(struct msg *m, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Returns the status for a failed open, read or write: EX_NOINPUT for ENOENT and ENOTDIR, EX_NOPERM for EACCES, EPERM
 * and EROFS, else `otherwise`.
 */
int msg_errno_status(int otherwise);

/*
 * Formats n bytes for display: in single quotes, with quotes and backslashes escaped by a backslash, invisible
 * characters escaped as in visible.h, truncated to 60 bytes with "..." appended. Returns one of eight static buffers in
 * turn, so that one message can hold several.
 */
const char *msg_quote(const void *p, size_t n);
const char *msg_quotes(const char *s);

/* Prints "program: text" and a line feed to standard error. */
void msg_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Called by msg_leave with the status before the program exits, unless NULL. */
extern void (*msg_at_leave)(int status);

/* Ends the program with a nonzero status, after its message has been printed. */
_Noreturn void msg_leave(int status);

/*
 * Prints a message and exits. msg_exit takes a message filled by a library call; a status of 0 in it becomes
 * EX_SOFTWARE, and an empty text is a failure that another program has already reported.
 */
_Noreturn void msg_die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void msg_exit(const struct msg *m);

#endif

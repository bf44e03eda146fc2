#include "base/msg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "base/progress.h"
#include "base/visible.h"

void (*msg_at_leave)(int status);

static int
set(struct msg *m, int status, int error, const char *fmt, va_list ap)
{
	size_t n;

	if (m->status != 0)
		return -1;
	m->status = status;
	vsnprintf(m->text, sizeof(m->text), fmt, ap);
	n = strlen(m->text);
	if (error != 0)
		snprintf(m->text + n, sizeof(m->text) - n, ": %s", strerror(error));
	return -1;
}

int
msg_set(struct msg *m, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(m, status, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int
msg_sys(struct msg *m, int status, const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	set(m, status, error, fmt, ap);
	va_end(ap);
	return -1;
}

int
msg_errno_status(int otherwise)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return EX_NOINPUT;
	case EACCES:
	case EPERM:
	case EROFS:
		return EX_NOPERM;
	default:
		return otherwise;
	}
}

const char *
msg_quote(const void *p, size_t n)
{
	enum { SHOWN = 60 };
	static char ring[8][4 * (SHOWN + 3) + 8];
	static unsigned turn;
	const unsigned char *s = p;
	char *out = ring[turn++ % 8], *o = out, escape[VISIBLE_MAX];
	size_t i, len;

	*o++ = '\'';
	for (i = 0; i < n && i < SHOWN; i += len) {
		if (visible_escape(s + i, n - i, &len, escape)) {
			o = stpcpy(o, escape);
			continue;
		}
		if (s[i] == '\'' || s[i] == '\\')
			*o++ = '\\';
		memcpy(o, s + i, len);
		o += len;
	}
	*o++ = '\'';
	strcpy(o, i < n ? "..." : "");
	return out;
}

const char *
msg_quotes(const char *s)
{
	return msg_quote(s, strlen(s));
}

/* Keeps the message on one line whatever it contains, even a file name: escapes invisible characters. */
static void
print(const char *text)
{
	char line[4 * sizeof(((struct msg *)NULL)->text)], *o = line, escape[VISIBLE_MAX];
	size_t i, len, n = strlen(text);

	for (i = 0; i < n; i += len) {
		if (visible_escape(text + i, n - i, &len, escape))
			o = stpcpy(o, escape);
		else
			o = (char *)memcpy(o, text + i, len) + len;
	}
	*o = '\0';
	progress_end();
	fprintf(stderr, "%s: %s\n", getprogname(), line);
}

void
msg_warn(const char *fmt, ...)
{
	char text[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print(text);
}

void
msg_leave(int status)
{
	if (msg_at_leave != NULL)
		msg_at_leave(status);
	exit(status);
}

void
msg_die(int status, const char *fmt, ...)
{
	char text[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print(text);
	msg_leave(status);
}

void
msg_exit(const struct msg *m)
{
	if (m->status == 0 || *m->text != '\0')
		print(m->status != 0 ? m->text : "unknown error");
	msg_leave(m->status != 0 ? m->status : EX_SOFTWARE);
}

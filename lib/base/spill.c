#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

const char *
spill_folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && *dir != '\0' ? dir : "/tmp";
}

void
spill_init(struct spill *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

static int
open_nameless(void)
{
	return open(spill_folder(), O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
}

bool
spill_is_nameless(void)
{
	int fd = open_nameless();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int
open_file(struct spill *s, struct msg *err)
{
	char *name;

	if ((s->fd = open_nameless()) >= 0)
		return 0;
	name = xasprintf("%s/acct-XXXXXX", spill_folder());
	s->fd = mkostemp(name, O_CLOEXEC);
	if (s->fd < 0)
		msg_sys(err, EX_CANTCREAT, "%s", name);
	else
		unlink(name);
	free(name);
	return s->fd < 0 ? -1 : 0;
}

static int
flush(struct spill *s, struct msg *err)
{
	if (s->len == 0)
		return 0;
	if (s->fd < 0 && open_file(s, err) < 0)
		return -1;
	if (io_write(s->fd, s->buf, s->len, "temporary file", err) < 0)
		return -1;
	s->len = 0;
	return 0;
}

int
spill_write(struct spill *s, const void *p, size_t n, struct msg *err)
{
	const uint8_t *from = p;
	size_t part;

	if (s->buf == NULL)
		s->buf = xmalloc(SPILL_BUFFER);
	s->size += n;
	while (n > 0) {
		part = SPILL_BUFFER - s->len < n ? SPILL_BUFFER - s->len : n;
		memcpy(s->buf + s->len, from, part);
		s->len += part;
		from += part;
		n -= part;
		if (s->len == SPILL_BUFFER && flush(s, err) < 0)
			return -1;
	}
	return 0;
}

int
spill_rewind(struct spill *s, struct msg *err)
{
	/* Data that never left the buffer are read from it. */
	if (!s->reading && s->fd >= 0 && flush(s, err) < 0)
		return -1;
	s->reading = true;
	s->pos = 0;
	if (s->fd < 0)
		return 0;
	s->len = 0;
	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return msg_sys(err, EX_IOERR, "temporary file");
	return 0;
}

int
spill_park(struct spill *s, struct msg *err)
{
	if (s->reading)
		return 0;
	if (flush(s, err) < 0)
		return -1;
	free(s->buf);
	s->buf = NULL;
	return 0;
}

int
spill_read(struct spill *s, void *p, size_t n, struct msg *err)
{
	uint8_t *to = p;
	size_t part, want = n;
	ssize_t got;

	while (n > 0) {
		if (s->pos == s->len) {
			if (s->fd >= 0 && s->buf == NULL)	/* parked */
				s->buf = xmalloc(SPILL_BUFFER);
			got = s->fd < 0 ? 0 : io_read(s->fd, s->buf, SPILL_BUFFER, "temporary file", err);
			if (got < 0)
				return -1;
			if (got == 0)
				return n == want ? 0 : msg_set(err, EX_IOERR, "temporary file: truncated");
			s->pos = 0;
			s->len = (size_t)got;
		}
		part = s->len - s->pos < n ? s->len - s->pos : n;
		memcpy(to, s->buf + s->pos, part);
		s->pos += part;
		to += part;
		n -= part;
	}
	return 1;
}

void
spill_close(struct spill *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->buf);
	spill_init(s);
}

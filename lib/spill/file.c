#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "spill/spill.h"

void
spill_init(struct spill *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

void
spill_close(struct spill *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->buf);
	spill_init(s);
}

static void
need_buffer(struct spill *s)
{
	if (s->buf == NULL)
		s->buf = xmalloc(SPILL_BUFFER + SPILL_PAD);
}

static int
flush(struct spill *s, struct msg *err)
{
	if (s->len == 0)
		return 0;
	if (s->fd < 0 && (s->fd = io_temp_open(err)) < 0)
		return -1;
	if (io_write(s->fd, s->buf, s->len, "temporary file", err) < 0)
		return -1;
	s->len = 0;
	return 0;
}

int
spill_write_slow(struct spill *s, const void *p, size_t n, struct msg *err)
{
	const uint8_t *from = p;
	size_t part;

	need_buffer(s);
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

/* Reads the next buffer of the file. Returns 1, 0 at the end, or -1. */
static int
refill(struct spill *s, struct msg *err)
{
	ssize_t got;

	if (s->fd < 0)
		return 0;
	need_buffer(s);		/* it may have been parked */
	got = io_read(s->fd, s->buf, SPILL_BUFFER, "temporary file", err);
	s->pos = 0;
	s->len = got > 0 ? (size_t)got : 0;
	return got > 0 ? 1 : (int)got;
}

int
spill_read(struct spill *s, void *p, size_t n, struct msg *err)
{
	uint8_t *to = p;
	size_t part, all = n;
	int got;

	while (n > 0) {
		if (s->pos == s->len && (got = refill(s, err)) <= 0)
			return got < 0 || n == all ? got : msg_set(err, EX_IOERR, "temporary file: truncated");
		part = s->len - s->pos < n ? s->len - s->pos : n;
		memcpy(to, s->buf + s->pos, part);
		s->pos += part;
		to += part;
		n -= part;
	}
	return 1;
}

int
spill_view(struct spill *s, size_t n, struct buf *scratch, const uint8_t **p, struct msg *err)
{
	int got;

	if (n > 0 && s->pos == s->len && (got = refill(s, err)) <= 0)
		return got;
	if (s->len - s->pos >= n && s->buf != NULL) {
		*p = s->buf + s->pos;
		s->pos += n;
		return 1;
	}
	scratch->len = 0;
	*p = buf_room(scratch, n + SPILL_PAD);
	return spill_read(s, scratch->p, n, err);
}

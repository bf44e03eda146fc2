#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "rec/rec.h"

enum { BLOCK = 256 * 1024, SLACK = 64 };

/*
 * Adds the records that are due to the checksum. Done for many at once, as loads that straddle recent smaller stores
 * are slow.
 */
static void
add_due(struct rec_writer *w)
{
	size_t i;

	for (i = 0; i < w->ndue; i++)
		w->sum += hash_bytes(w->buf + w->due[i], w->lengths[i]);
	w->ndue = 0;
}

int
rec_flush(struct rec_writer *w)
{
	add_due(w);
	if (w->err.status != 0 || io_write(w->out.fd, w->buf, w->len, w->name, &w->err) < 0)
		return -1;
	w->len = 0;
	return 0;
}

/* Makes room for n bytes after len. */
static int
room(struct rec_writer *w, size_t n)
{
	if (w->cap - w->len >= n)
		return 0;
	if (rec_flush(w) < 0)
		return -1;
	if (w->cap < n) {
		w->buf = xreallocarray(w->buf, n, 1);
		w->cap = n;
	}
	return 0;
}

static int
check_name(struct rec_writer *w, const char *name)
{
	if (*name != '\0' && utf8_ok(name, strlen(name)))
		return 0;
	return msg_set(&w->err, EX_USAGE, "%s: invalid table or column name: %s", w->name, msg_quotes(name));
}

/* Validates a name, which may come from a command line or a folder, here for all programs: readers would reject it. */
static int
put_header(struct rec_writer *w, const struct rec_header *h)
{
	struct buf line = { 0 };
	int failed = check_name(w, h->table);
	size_t i;

	for (i = 0; i < h->ncolumns && !failed; i++)
		failed = check_name(w, h->columns[i].name);
	if (failed)
		return -1;
	rec_header_put(h, &line);
	buf_addc(&line, '\n');
	failed = room(w, line.len);
	if (!failed) {
		memcpy(w->buf + w->len, line.p, line.len);
		w->len += line.len;
	}
	buf_free(&line);
	return failed;
}

static int
put_trailer(struct rec_writer *w)
{
	enum { TRAILER_MAX = 64 };

	if (room(w, TRAILER_MAX) < 0)
		return -1;
	add_due(w);
	w->len += (size_t)snprintf((char *)w->buf + w->len, TRAILER_MAX, "\001T %" PRIu64 " %016" PRIx64 "\n", w->count,
	    w->sum);
	w->count = w->sum = 0;
	return 0;
}

int
rec_create(struct rec_writer *w, const char *path, const struct rec_header *h)
{
	memset(w, 0, sizeof(*w));
	w->name = io_out_name(path);
	if (io_create(&w->out, path, &w->err) < 0)
		return -1;
	if (isatty(w->out.fd))
		return msg_set(&w->err, EX_USAGE,
		    "%s: a record stream is not written to a terminal; pipe it to acct-cat", w->name);
	w->max_record = REC_MAX_RECORD;
	w->cap = BLOCK;
	w->buf = xmalloc(w->cap);
	return put_header(w, h) < 0 ? -1 : rec_flush(w);
}

uint8_t *
rec_begin(struct rec_writer *w, size_t max)
{
	if (w->cap - w->len < max + SLACK && room(w, max + SLACK) < 0)
		return NULL;
	return w->buf + w->len;
}

void
rec_end(struct rec_writer *w, uint8_t *end)
{
	if (w->ndue == REC_UNHASHED)
		add_due(w);
	w->due[w->ndue] = w->len;
	w->lengths[w->ndue++] = (size_t)(end - w->buf) - w->len;
	w->count++;
	*end++ = '\n';
	w->len = (size_t)(end - w->buf);
}

void
rec_end_many(struct rec_writer *w, uint8_t *end, uint64_t count, uint64_t sum)
{
	w->len = (size_t)(end - w->buf);
	w->count += count;
	w->sum += sum;
}

int
rec_copy(struct rec_writer *w, const struct rec_batch *b, size_t i)
{
	struct rec r = rec_at(b, i);
	size_t n = (size_t)(r.off[b->stride] - r.off[0]);

	if (w->cap - w->len < n && room(w, n) < 0)
		return -1;
	memcpy(w->buf + w->len, r.base + r.off[0], n);
	w->len += n;
	w->sum += b->hash[i];
	w->count++;
	return 0;
}

int
rec_copy_run(struct rec_writer *w, const struct rec_batch *b, size_t i, size_t n)
{
	const uint8_t *from = b->base + b->off[i * b->stride];
	size_t bytes = (size_t)(b->base + b->off[(i + n) * b->stride] - from);
	size_t k;

	if (w->cap - w->len < bytes && rec_flush(w) < 0)
		return -1;
	if (w->cap < bytes) {
		if (io_write(w->out.fd, from, bytes, w->name, &w->err) < 0)
			return -1;
	} else {
		memcpy(w->buf + w->len, from, bytes);
		w->len += bytes;
	}
	for (k = 0; k < n; k++)
		w->sum += b->hash[i + k];
	w->count += n;
	return 0;
}

int
rec_segment(struct rec_writer *w, const struct rec_header *h)
{
	/* In this order the stream looks complete at no moment. */
	return put_header(w, h) < 0 ? -1 : put_trailer(w);
}

static void
release(struct rec_writer *w)
{
	free(w->buf);
	w->buf = NULL;
	w->cap = w->len = 0;
}

int
rec_finish(struct rec_writer *w)
{
	int failed = put_trailer(w) < 0 || rec_flush(w) < 0 ? -1 : 0;

	if (!failed && w->out.path == NULL)
		msg_at_leave = NULL;	/* the stream is complete: no abort line for later failures */
	if (failed)
		io_abandon(&w->out);
	else
		failed = io_commit(&w->out, &w->err);
	release(w);
	return failed;
}

void
rec_abandon(struct rec_writer *w)
{
	io_abandon(&w->out);
	release(w);
}

void
xrec_create(struct rec_writer *w, const char *path, const struct rec_header *h)
{
	if (rec_create(w, path, h) < 0)
		msg_exit(&w->err);
}

uint8_t *
xrec_begin(struct rec_writer *w, size_t max)
{
	uint8_t *p = rec_begin(w, max);

	if (p == NULL)
		msg_exit(&w->err);
	return p;
}

void
xrec_copy_run(struct rec_writer *w, const struct rec_batch *b, size_t i, size_t n)
{
	if (rec_copy_run(w, b, i, n) < 0)
		msg_exit(&w->err);
}

void
xrec_segment(struct rec_writer *w, const struct rec_header *h)
{
	if (rec_segment(w, h) < 0)
		msg_exit(&w->err);
}

void
xrec_finish(struct rec_writer *w)
{
	if (rec_finish(w) < 0)
		msg_exit(&w->err);
}

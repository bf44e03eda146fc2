#include "reconcile/lines.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

enum { PIECE = 1 << 17, UNIT_MAX = 4 };

struct counter {
	struct reconcile_lines *l;
	struct store *store;
	char *const *names;		/* of the objects that are not open yet */
	size_t n;
	struct store_in in;		/* what is read */
	uint64_t at;
	uint64_t lines;
	uint8_t last;			/* byte of the text */
	uint8_t kept[64];		/* of a character that a piece ends within */
	size_t nkept;
	uint8_t *text, *out;		/* pieces of decompressed and of converted text */
};

/* ---- text ---- */

static void
count_text(struct counter *c, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *lf;

	if (n == 0)
		return;
	c->last = end[-1];
	for (; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1)
		c->lines++;
}

/* Returns the bytes of a unit of an encoding, of which one is skipped where it cannot be converted. */
static size_t
unit_of(const char *encoding)
{
	if (strncasecmp(encoding, "UTF-16", 6) == 0 || strncasecmp(encoding, "UCS-2", 5) == 0)
		return 2;
	if (strncasecmp(encoding, "UTF-32", 6) == 0 || strncasecmp(encoding, "UCS-4", 5) == 0)
		return UNIT_MAX;
	return 1;
}

/* Converts what can be of n bytes and counts it. Returns how many are left: the beginning of a character. */
static size_t
convert(struct counter *c, uint8_t *p, size_t n)
{
	size_t unit = unit_of(c->l->encoding);
	char *in = (char *)p, *out;
	size_t room, got;
	int why;

	while (n > 0) {
		out = (char *)c->out;
		room = PIECE;
		got = iconv(c->l->converter, &in, &n, &out, &room);
		why = got == (size_t)-1 ? errno : 0;
		count_text(c, c->out, PIECE - room);
		if (why == EINVAL || (why == EILSEQ && n < unit))
			break;
		if (why == EILSEQ) {
			in += unit;
			n -= unit;
		}
	}
	return n;
}

/* Takes a piece of text: counts it as it is, or converted. The piece is altered. */
static void
take_text(struct counter *c, uint8_t *p, size_t n)
{
	struct buf joined = { 0 };
	size_t left;

	if (n == 0 || c->l->converter == NULL) {
		count_text(c, p, n);
		return;
	}
	buf_add(&joined, c->kept, c->nkept);
	buf_add(&joined, p, n);
	left = convert(c, joined.p, joined.len);
	c->nkept = left < sizeof(c->kept) ? left : sizeof(c->kept);
	memcpy(c->kept, joined.p + joined.len - c->nkept, c->nkept);
	buf_free(&joined);
}

/* ---- files ---- */

/* Reads the next bytes of the file into a piece, at least one: how many, 0 at its end, or -1. */
static int64_t
read_piece(struct counter *c, uint8_t *p, struct msg *err)
{
	size_t n;

	while (c->at == c->in.size) {
		if (c->n == 0)
			return 0;
		store_in_close(&c->in);
		c->at = 0;
		c->n--;
		if (store_in_open(c->store, *c->names++, &c->in, err) < 0)
			return -1;
	}
	n = c->in.size - c->at < PIECE ? (size_t)(c->in.size - c->at) : PIECE;
	if (store_in_read(&c->in, c->at, p, n, err) < 0)
		return -1;
	c->at += n;
	return (int64_t)n;
}

typedef int take_bytes(struct counter *c, void *state, uint8_t *p, size_t n, struct msg *err);

static int
damaged(const struct counter *c, const char *what, struct msg *err)
{
	return msg_set(err, EX_DATAERR, "%s: damaged: %s", c->in.path, what);
}

/* Calls take for all bytes of a file, of which the first n are in p already; then once with none. */
static int
each_piece(struct counter *c, uint8_t *p, size_t n, take_bytes *take, void *state, struct msg *err)
{
	int64_t got = (int64_t)n;

	while (got > 0) {
		if (take(c, state, p, (size_t)got, err) < 0)
			return -1;
		got = read_piece(c, p, err);
	}
	return got < 0 ? -1 : take(c, state, NULL, 0, err);
}

static int
take_plain(struct counter *c, void *state, uint8_t *p, size_t n, struct msg *err)
{
	(void)state;
	(void)err;
	take_text(c, p, n);
	return 0;
}

/* A file of gzip may have several members, each of which ends by itself. */
static int
take_gzip(struct counter *c, void *state, uint8_t *p, size_t n, struct msg *err)
{
	z_stream *z = state;
	int got = Z_OK;

	if (n == 0)
		return z->total_in == 0 ? 0 : damaged(c, "the compressed data end early", err);
	z->next_in = p;
	z->avail_in = (uInt)n;
	do {
		z->next_out = c->text;
		z->avail_out = PIECE;
		got = inflate(z, Z_NO_FLUSH);
		if (got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR)
			return damaged(c, z->msg != NULL ? z->msg : "not gzip", err);
		take_text(c, c->text, PIECE - z->avail_out);
		if (got == Z_STREAM_END && inflateReset(z) != Z_OK)
			return damaged(c, "not gzip", err);
	} while (z->avail_in > 0 || z->avail_out == 0);
	return 0;
}

struct zstd_state {
	ZSTD_DStream *stream;
	size_t left;			/* 0: at the end of a frame */
};

static int
take_zstd(struct counter *c, void *state, uint8_t *p, size_t n, struct msg *err)
{
	struct zstd_state *s = state;
	ZSTD_inBuffer in = { p, n, 0 };
	ZSTD_outBuffer out;

	if (n == 0)
		return s->left == 0 ? 0 : damaged(c, "the compressed data end early", err);
	do {
		out = (ZSTD_outBuffer){ c->text, PIECE, 0 };
		s->left = ZSTD_decompressStream(s->stream, &out, &in);
		if (ZSTD_isError(s->left))
			return damaged(c, ZSTD_getErrorName(s->left), err);
		take_text(c, c->text, out.pos);
	} while (in.pos < in.size || out.pos == out.size);
	return 0;
}

static int
count_gzip(struct counter *c, uint8_t *p, size_t n, struct msg *err)
{
	z_stream z = { 0 };
	int status;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return msg_set(err, EX_OSERR, "%s: out of memory", c->in.path);
	status = each_piece(c, p, n, take_gzip, &z, err);
	inflateEnd(&z);
	return status;
}

static int
count_zstd(struct counter *c, uint8_t *p, size_t n, struct msg *err)
{
	struct zstd_state s = { .stream = ZSTD_createDStream() };
	int status;

	if (s.stream == NULL)
		return msg_set(err, EX_OSERR, "%s: out of memory", c->in.path);
	status = each_piece(c, p, n, take_zstd, &s, err);
	ZSTD_freeDStream(s.stream);
	return status;
}

/* Counts the text of a file, by its first bytes: gzip, zstd (a frame, or one to be skipped), or plain. */
static int
count_file(struct counter *c, struct msg *err)
{
	uint8_t *p = xmalloc(PIECE);
	int64_t got = read_piece(c, p, err);
	size_t n = got > 0 ? (size_t)got : 0;
	int status = -1;

	if (n >= 2 && memcmp(p, "\x1f\x8b", 2) == 0)
		status = count_gzip(c, p, n, err);
	else if (n >= 4 && (memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0 ||
	    ((p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0)))
		status = count_zstd(c, p, n, err);
	else if (got >= 0)
		status = each_piece(c, p, n, take_plain, NULL, err);
	free(p);
	return status;
}

int
reconcile_lines_count(struct reconcile_lines *l, struct store *s, char *const *names, size_t n, uint64_t *count,
    struct msg *err)
{
	struct counter c = { .l = l, .store = s, .names = names, .n = n, .last = '\n' };
	int status;

	if (l->converter != NULL)
		(void)iconv(l->converter, NULL, NULL, NULL, NULL);
	c.text = xmalloc(PIECE);
	c.out = xmalloc(PIECE);
	status = count_file(&c, err);
	*count = c.lines + (c.last != '\n');
	store_in_close(&c.in);
	free(c.text);
	free(c.out);
	return status;
}

/* ---- encodings ---- */

int
reconcile_lines_open(struct reconcile_lines *l, const char *encoding, struct msg *err)
{
	iconv_t converter;

	*l = (struct reconcile_lines){ .encoding = encoding };
	if (encoding == NULL)
		return 0;
	if ((converter = iconv_open("UTF-8", encoding)) == (iconv_t)-1)
		return msg_set(err, EX_CONFIG, "unknown encoding: %s", msg_quotes(encoding));
	l->converter = converter;
	return 0;
}

void
reconcile_lines_close(struct reconcile_lines *l)
{
	if (l->converter != NULL)
		iconv_close(l->converter);
	l->converter = NULL;
}

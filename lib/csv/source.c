#include "csv/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/io.h"
#include "base/mem.h"

enum { PACKED = 128 * 1024, WINDOW_LOG = 27 };	/* limits libzstd's window to 128 MiB, as the format advises */

struct csv_unpacker {
	bool open;		/* within a member or frame: the end of the file would truncate it */
	z_stream gzip;
	ZSTD_DStream *zstd;	/* owned; NULL for gzip */
	uint8_t *next;		/* the `left` compressed bytes not yet consumed */
	size_t left;
	uint8_t packed[PACKED];
};

void
csv_source_init(struct csv_source *s, int fd, uint8_t delimiter, uint8_t quote)
{
	*s = (struct csv_source){ .fd = fd, .delimiter = delimiter, .quote = quote, .kind = CSV_KIND_TEXT };
}

void
csv_source_free(struct csv_source *s)
{
	struct csv_unpacker *u = s->unpacker;

	if (u == NULL)
		return;
	if (u->zstd != NULL)
		ZSTD_freeDStream(u->zstd);
	else
		inflateEnd(&u->gzip);
	free(u);
	s->unpacker = NULL;
}

static ssize_t
read_file(struct csv_source *s, void *p, size_t n, const char *name, struct msg *err)
{
	ssize_t got = s->eof ? 0 : io_read(s->fd, p, n, name, err);

	while (got == 0 && !s->eof && s->next != NULL && *s->next >= 0) {
		s->fd = *s->next++;
		got = io_read(s->fd, p, n, name, err);
	}
	if (got > 0)
		s->bytes += (uint64_t)got;
	s->eof = got == 0;
	return got;
}

static int
fault(const struct csv_source *s, const char *name, const char *what, struct msg *err)
{
	return msg_set(err, EX_DATAERR, "%s: byte %" PRIu64 ": %s: %s", name, s->bytes - s->unpacker->left,
	    s->kind == CSV_KIND_ZSTD ? "zstd data" : "gzip data", what);
}

/* Reads compressed bytes if all have been consumed. */
static int
refill(struct csv_source *s, const char *name, struct msg *err)
{
	struct csv_unpacker *u = s->unpacker;
	ssize_t got;

	if (u->left > 0 || s->eof)
		return 0;
	if ((got = read_file(s, u->packed, PACKED, name, err)) < 0)
		return -1;
	u->next = u->packed;
	u->left = (size_t)got;
	return 0;
}

/* ---- gzip: members one after another (RFC 1952, 2.2), then zeros that pad a tape's block ---- */

/* Returns NULL, or an error text. */
static const char *
begin_member(struct csv_unpacker *u)
{
	while (u->left > 0 && *u->next == 0) {
		u->next++;
		u->left--;
	}
	if (u->left == 0)
		return NULL;
	if (u->next[0] != 0x1f)
		return "trailing data after its end";
	u->open = true;
	return inflateReset(&u->gzip) == Z_OK ? NULL : "cannot begin a member";
}

static const char *
unpack_gzip(struct csv_unpacker *u, uint8_t **out, size_t *room)
{
	z_stream *z = &u->gzip;
	const char *why = NULL;
	int got;

	if (!u->open && ((why = begin_member(u)) != NULL || !u->open))
		return why;
	z->next_in = u->next;
	z->avail_in = (uInt)u->left;
	z->next_out = *out;
	z->avail_out = *room < UINT32_MAX ? (uInt)*room : UINT32_MAX;
	got = inflate(z, Z_NO_FLUSH);
	*room -= (size_t)(z->next_out - *out);
	*out = z->next_out;
	u->next = z->next_in;
	u->left = z->avail_in;
	if (got == Z_STREAM_END)
		u->open = false;
	else if (got != Z_OK && got != Z_BUF_ERROR)
		return z->msg != NULL ? z->msg : got == Z_MEM_ERROR ? "out of memory" : "it needs a dictionary";
	return NULL;
}

/* ---- zstd: frames one after another, some of them skippable (RFC 8878, 3.1) ---- */

static const char *
unpack_zstd(struct csv_unpacker *u, uint8_t **out, size_t *room)
{
	ZSTD_inBuffer in = { u->next, u->left, 0 };
	ZSTD_outBuffer to = { *out, *room, 0 };
	size_t got;

	if (u->left == 0 && !u->open)
		return NULL;
	got = ZSTD_decompressStream(u->zstd, &to, &in);
	u->next += in.pos;
	u->left -= in.pos;
	*out += to.pos;
	*room -= to.pos;
	if (ZSTD_isError(got))
		return ZSTD_getErrorName(got);
	u->open = got != 0;
	return NULL;
}

/* ---- both ---- */

static enum csv_kind
kind_of(const struct csv_source *s, const uint8_t *p, size_t n)
{
	if (n > 0 && (*p == s->delimiter || (*p == s->quote && s->quote != 0)))
		return CSV_KIND_TEXT;
	return s->wide && csv_kind_is_unicode(p, n) ? CSV_KIND_TEXT : csv_kind(p, n);
}

/* At the end of the file: returns 0 if its data are complete. */
static int
check_end(const struct csv_source *s, const char *name, struct msg *err)
{
	return s->unpacker->open ? fault(s, name, "truncated", err) : 0;
}

static ssize_t
unpack(struct csv_source *s, uint8_t *p, size_t n, const char *name, struct msg *err)
{
	struct csv_unpacker *u = s->unpacker;
	uint8_t *out = p;
	size_t room = n, left;
	const char *why;

	for (;;) {
		if (refill(s, name, err) < 0)
			return -1;
		left = u->left;
		if ((why = (u->zstd != NULL ? unpack_zstd : unpack_gzip)(u, &out, &room)) != NULL)
			return fault(s, name, why, err);
		if (room < n)
			return (ssize_t)(n - room);
		if (s->eof && u->left == left)	/* all input is consumed, and it yields no more output */
			return check_end(s, name, err);
	}
}

/* Reads the first bytes of the text, which must not be compressed again or of another format. */
static ssize_t
begin_unpacked(struct csv_source *s, uint8_t *p, size_t n, const char *name, struct msg *err)
{
	size_t len = 0;
	ssize_t got = 1;

	while (len < CSV_KIND_BYTES && got > 0) {
		if ((got = unpack(s, p + len, n - len, name, err)) < 0)
			return -1;
		len += (size_t)got;
	}
	if (kind_of(s, p, len) != CSV_KIND_TEXT)
		return csv_kind_refuse(p, len, s->kind, name, err);
	return (ssize_t)len;
}

/* Initializes the decompressor with the first n bytes of the file, at p. */
static int
start(struct csv_source *s, const uint8_t *p, size_t n, const char *name, struct msg *err)
{
	struct csv_unpacker *u = s->unpacker = xcalloc(1, sizeof(*u));
	bool ready;

	memcpy(u->packed, p, n);
	u->next = u->packed;
	u->left = n;
	if (s->kind == CSV_KIND_ZSTD)
		ready = (u->zstd = ZSTD_createDStream()) != NULL &&
		    !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG));
	else
		ready = inflateInit2(&u->gzip, MAX_WBITS + 16) == Z_OK;
	return ready ? 0 : msg_set(err, EX_OSERR, "%s: cannot start to decompress", name);
}

/* Is a whole line of printable text available? Then the format is known without waiting for more. */
static bool
has_line(const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && (p[i] >= ' ' || p[i] == '\t' || p[i] == '\r'); i++)
		continue;
	return i < n && p[i] == '\n';
}

/* Reads the first bytes, which a pipe may deliver in small pieces, and recognizes the format. */
static ssize_t
begin(struct csv_source *s, uint8_t *p, size_t n, const char *name, struct msg *err)
{
	size_t room = n < PACKED ? n : PACKED, len = 0;
	ssize_t got = 1;

	s->begun = true;
	while (len < CSV_KIND_BYTES && got > 0 && !has_line(p, len)) {
		if ((got = read_file(s, p + len, room - len, name, err)) < 0)
			return -1;
		len += (size_t)got;
	}
	s->kind = kind_of(s, p, len);
	if (s->kind == CSV_KIND_TEXT)
		return (ssize_t)len;
	if (s->kind == CSV_KIND_FOREIGN)
		return csv_kind_refuse(p, len, CSV_KIND_TEXT, name, err);
	return start(s, p, len, name, err) < 0 ? -1 : begin_unpacked(s, p, n, name, err);
}

ssize_t
csv_source_read(struct csv_source *s, void *p, size_t n, const char *name, struct msg *err)
{
	if (!s->begun)
		return begin(s, p, n, name, err);
	return s->unpacker != NULL ? unpack(s, p, n, name, err) : read_file(s, p, n, name, err);
}

#include "csv/decode.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { INPUT = 64 * 1024, WIDEST = 4, REPLACEMENT = 0xff };

struct conversion {
	char *encoding;		/* owned */
	iconv_t to_utf8;
	size_t unit;		/* bytes to skip for an invalid sequence */
};

/* Byte order marks, a longer one before the one it begins with. */
static const struct mark {
	const char *bytes;
	size_t n;
	const char *encoding;
} marks[] = {
	{ "\377\376\0\0", 4, "UTF-32LE" }, { "\0\0\376\377", 4, "UTF-32BE" }, { "\377\376", 2, "UTF-16LE" },
	{ "\376\377", 2, "UTF-16BE" }
};
enum { MARKS = sizeof(marks) / sizeof(*marks) };

struct csv_decoder {
	struct conversion all[MARKS];	/* the named encoding; for "auto", one a mark */
	size_t n;
	bool automatic;
	/* of the file being read */
	struct conversion *now;		/* NULL: UTF-8 */
	bool begun, eof, flushed;	/* eof: the source has no more; flushed: iconv(3) keeps nothing back */
	uint8_t *in;			/* owned: bytes at .. len are not converted yet */
	size_t at, len;
};

/* ---- opening ---- */

static bool
is_utf8(const char *name)
{
	return strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "utf8") == 0;
}

/* Returns the bytes of a line feed in an encoding: 1, 2 or 4. The first one converted may follow a byte order mark. */
static size_t
unit_of(const char *encoding)
{
	iconv_t from_utf8 = iconv_open(encoding, "UTF-8");
	char lf[] = "\n\n", out[32], *in = lf, *to = out;
	size_t left = 1, room = sizeof(out), unit = 1;

	if (from_utf8 == (iconv_t)-1)
		return 1;
	if (iconv(from_utf8, &in, &left, &to, &room) != (size_t)-1) {
		left = 1;
		unit = room;
		unit -= iconv(from_utf8, &in, &left, &to, &room) != (size_t)-1 ? room : unit - 1;
	}
	iconv_close(from_utf8);
	return unit == 2 || unit == WIDEST ? unit : 1;
}

static int
add_conversion(struct csv_decoder *d, const char *encoding, struct msg *err)
{
	iconv_t to_utf8 = iconv_open("UTF-8", encoding);

	if (to_utf8 == (iconv_t)-1)
		return msg_set(err, EX_CONFIG, "encoding %s: unknown to iconv", msg_quotes(encoding));
	d->all[d->n++] = (struct conversion){ xstrdup(encoding), to_utf8, unit_of(encoding) };
	return 0;
}

int
csv_decoder_new(struct csv_decoder **to, const char *encoding, struct msg *err)
{
	struct csv_decoder *d;
	int failed = 0;
	size_t i;

	*to = NULL;
	if (is_utf8(encoding))
		return 0;
	d = xcalloc(1, sizeof(*d));
	d->in = xcalloc(1, INPUT);
	d->automatic = strcmp(encoding, "auto") == 0;
	if (!d->automatic)
		failed = add_conversion(d, encoding, err);
	for (i = 0; d->automatic && i < MARKS && !failed; i++)
		failed = add_conversion(d, marks[i].encoding, err);
	if (failed) {
		csv_decoder_free(d);
		return -1;
	}
	csv_decoder_begin(d);
	*to = d;
	return 0;
}

void
csv_decoder_free(struct csv_decoder *d)
{
	if (d == NULL)
		return;
	while (d->n > 0) {
		iconv_close(d->all[--d->n].to_utf8);
		free(d->all[d->n].encoding);
	}
	free(d->in);
	free(d);
}

void
csv_decoder_begin(struct csv_decoder *d)
{
	d->now = d->automatic ? NULL : &d->all[0];
	d->begun = d->eof = d->flushed = false;
	d->at = d->len = 0;
	if (d->now != NULL)
		iconv(d->now->to_utf8, NULL, NULL, NULL, NULL);
}

bool
csv_decoder_is_wide(const struct csv_decoder *d)
{
	return d->all[0].unit > 1;
}

const char *
csv_decoder_encoding(const struct csv_decoder *d)
{
	return d->now != NULL ? d->now->encoding : NULL;
}

/* ---- reading ---- */

/* Appends bytes of the source to the unconverted ones. */
static int
fill(struct csv_decoder *d, struct csv_source *source, const char *name, struct msg *err)
{
	ssize_t got;

	memmove(d->in, d->in + d->at, d->len - d->at);
	d->len -= d->at;
	d->at = 0;
	if ((got = csv_source_read(source, d->in + d->len, INPUT - d->len, name, err)) < 0)
		return -1;
	d->eof = got == 0;
	d->len += (size_t)got;
	return 0;
}

/* Reads the first bytes and chooses the conversion by their mark. */
static int
begin(struct csv_decoder *d, struct csv_source *source, const char *name, struct msg *err)
{
	size_t i;

	d->begun = true;
	while (d->len < WIDEST && !d->eof)
		if (fill(d, source, name, err) < 0)
			return -1;
	for (i = 0; d->automatic && i < MARKS && d->now == NULL; i++)
		if (d->len >= marks[i].n && memcmp(d->in, marks[i].bytes, marks[i].n) == 0)
			d->now = &d->all[i];
	if (d->now != NULL)
		iconv(d->now->to_utf8, NULL, NULL, NULL, NULL);
	return 0;
}

/* Reads UTF-8: the bytes read ahead, then those of the source. */
static ssize_t
pass(struct csv_decoder *d, struct csv_source *source, void *p, size_t n, const char *name, struct msg *err)
{
	size_t left = d->len - d->at;

	if (left == 0)
		return csv_source_read(source, p, n, name, err);
	left = left < n ? left : n;
	memcpy(p, d->in + d->at, left);
	d->at += left;
	return (ssize_t)left;
}

/* Writes the replacement of an invalid or truncated sequence of n bytes. Returns false if there is no room. */
static bool
replace(struct csv_decoder *d, size_t n, char **out, size_t *room)
{
	if (*room == 0)
		return false;
	*(*out)++ = (char)REPLACEMENT;
	--*room;
	d->at += n < d->len - d->at ? n : d->len - d->at;
	return true;
}

/* Converts what is there, to the first incomplete sequence unless it is the file's last. */
static void
convert(struct csv_decoder *d, char **out, size_t *room)
{
	while (d->at < d->len) {
		char *in = (char *)d->in + d->at;
		size_t left = d->len - d->at;
		bool failed = iconv(d->now->to_utf8, &in, &left, out, room) == (size_t)-1;
		int why = errno;

		d->at = d->len - left;
		if (!failed)
			continue;
		if (why == E2BIG || (why == EINVAL && !d->eof))
			return;
		if (!replace(d, why == EINVAL ? left : d->now->unit, out, room))
			return;
	}
	if (d->eof && !d->flushed)	/* a decoder of composed characters may keep one back */
		d->flushed = iconv(d->now->to_utf8, NULL, NULL, out, room) != (size_t)-1;
}

ssize_t
csv_decoder_read(struct csv_decoder *d, struct csv_source *source, void *p, size_t n, const char *name,
    struct msg *err)
{
	char *out = p;
	size_t room = n;

	if (!d->begun && begin(d, source, name, err) < 0)
		return -1;
	if (d->now == NULL)
		return pass(d, source, p, n, name, err);
	for (;;) {
		convert(d, &out, &room);
		if (room < n || (d->eof && d->at == d->len))
			return (ssize_t)(n - room);
		if (fill(d, source, name, err) < 0)
			return -1;
	}
}

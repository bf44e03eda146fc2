/*
 * Reads CSV in blocks and gives rows in batches: lines without a quote from the scanner, records with one from libcsv.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "csv/csv.h"
#include "csv/decode.h"
#include "csv/scan.h"
#include "csv/source.h"

enum { BLOCK = 256 * 1024 };

struct csv_reader_state {
	int fd;
	struct csv_source source;	/* of its bytes as text */
	bool begun, eof;
	uint8_t *buf;			/* owned: cap bytes and CSV_PAD */
	size_t cap, len, pos;		/* pos: the first byte not given out, the start of a line */
	struct csv_decoder decoder;
	size_t fed;			/* bytes from pos of the record that is open in the decoder; 0: none is */
	uint32_t fed_lines;		/* the physical lines of them */
	struct csv_row rows[CSV_BATCH_MAX];
};

int
csv_open(struct csv_reader *r, const char *path, struct csv_format format)
{
	int fd;

	memset(r, 0, sizeof(*r));
	if ((fd = io_open(path, &r->err)) < 0)
		return -1;
	return csv_open_fd(r, fd, io_in_name(path), format);
}

int
csv_open_fd(struct csv_reader *r, int fd, const char *name, struct csv_format format)
{
	struct csv_reader_state *s = xcalloc(1, sizeof(*s));

	memset(r, 0, sizeof(*r));
	r->name = name;
	r->format = format;
	r->max_record = CSV_MAX_RECORD;
	r->state = s;
	s->fd = fd;
	csv_source_init(&s->source, fd, format.delimiter, format.quote);
	s->cap = BLOCK;
	s->buf = xcalloc(1, s->cap + CSV_PAD);
	csv_decoder_init(&s->decoder, format);
	return 0;
}

void
csv_close(struct csv_reader *r)
{
	struct csv_reader_state *s = r->state;

	if (s == NULL)
		return;
	if (s->fd > STDERR_FILENO)
		close(s->fd);
	csv_source_free(&s->source);
	csv_decoder_free(&s->decoder);
	free(s->buf);
	free(s);
	r->state = NULL;
}

static int
too_long(struct csv_reader *r, uint64_t line)
{
	return msg_set(&r->err, EX_DATAERR, "%s:%" PRIu64 ": record longer than %zu bytes; "
	    "--max-record raises the limit", r->name, line, r->max_record);
}

/* Adds a block behind the unfinished line, which moves to the front. */
static int
refill(struct csv_reader *r)
{
	struct csv_reader_state *s = r->state;
	ssize_t got;

	s->len -= s->pos;
	memmove(s->buf, s->buf + s->pos, s->len);
	s->pos = 0;
	if (s->len > r->max_record + 2)		/* a CRLF may come yet */
		return too_long(r, r->lines + 1);
	if (s->len > s->cap / 2) {
		s->cap *= 2;
		s->buf = xreallocarray(s->buf, s->cap + CSV_PAD, 1);
	}
	if ((got = csv_source_read(&s->source, s->buf + s->len, s->cap - s->len, r->name, &r->err)) < 0)
		return -1;
	s->eof = got == 0;
	s->len += (size_t)got;
	r->bytes += (uint64_t)got;
	memset(s->buf + s->len, 0, CSV_PAD);
	return 0;
}

/* Reads the first line, whose end shows whether LF ends lines at all, and takes a byte order mark off. */
static int
begin(struct csv_reader *r)
{
	struct csv_reader_state *s = r->state;
	size_t looked = 0;

	while (!s->eof && s->len <= r->max_record + 2 && memchr(s->buf + looked, '\n', s->len - looked) == NULL) {
		looked = s->len;
		if (refill(r) < 0)
			return -1;
	}
	if (memchr(s->buf + looked, '\n', s->len - looked) == NULL &&
	    csv_kind_check_ends(s->buf, s->len, r->format.quote, s->source.kind, r->name, &r->err) < 0)
		return -1;
	if (s->len >= 3 && memcmp(s->buf, "\xef\xbb\xbf", 3) == 0)
		s->pos = 3;
	s->begun = true;
	return 0;
}

/*
 * The record at pos has ended with `source` bytes of text and lies in the decoder: takes it as a row, if it is
 * none of a blank line.
 */
static void
take_decoded(struct csv_reader *r, struct csv_scan *scan, size_t source)
{
	struct csv_reader_state *s = r->state;
	struct csv_decoder *d = &s->decoder;

	if (d->nfields == 0)
		scan->blank++;
	else
		scan->rows[scan->n++] = (struct csv_row){ .off = (uint32_t)s->pos, .len = (uint32_t)source,
		    .line = scan->lines, .nfields = d->nfields, .flags = CSV_DECODED, .decoded = (uint32_t)d->first };
	scan->lines += s->fed_lines;
	s->pos += s->fed;
	s->fed = s->fed_lines = 0;
	csv_decoder_next(d);
}

/* The end of the file is the end of the record that is open, unless a quote is. */
static int
end_decoded(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	uint64_t lfs;

	if (!csv_decoder_end(&s->decoder, &lfs)) {
		uint64_t lines = r->lines + scan->lines + s->fed_lines;	/* all that were ended by an LF */

		return msg_set(&r->err, EX_DATAERR, "%s:%" PRIu64 ": unterminated quote", r->name, lines + 1 - lfs);
	}
	s->fed_lines++;
	take_decoded(r, scan, s->len - s->pos);
	return 0;
}

/* Feeds lines to libcsv until the record ends. 1 it did, 0 there is not enough of it yet, or -1. */
static int
decode(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	const uint8_t *line, *lf;
	size_t n, line_end;

	for (;;) {
		line = s->buf + s->pos + s->fed;
		n = s->len - s->pos - s->fed;
		lf = memchr(line, '\n', n);
		if (lf == NULL) {
			if (!s->eof)
				return 0;
			csv_decoder_line(&s->decoder, line, n, 0);
			s->fed += n;
			return end_decoded(r, scan) < 0 ? -1 : 1;
		}
		n = (size_t)(lf - line);
		line_end = n > 0 && lf[-1] == '\r' ? 2 : 1;
		n -= line_end - 1;
		s->fed += n + line_end;
		s->fed_lines++;
		if (csv_decoder_line(&s->decoder, line, n, line_end)) {
			take_decoded(r, scan, s->fed - line_end);
			return 1;
		}
	}
}

/* Takes lines without a quote, up to one that has one or the last whole line; at the end of the file up to its end. */
static void
scan_rows(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;

	scan->at = s->pos;
	csv_scan(scan, s->len);
	if (s->eof && !scan->quote && scan->n < CSV_BATCH && scan->at < s->len)
		csv_scan_last(scan, s->len);
	s->pos = scan->at;
}

/*
 * Does the line at pos hold a quote? Where one has, the next often does, and this is cheaper to see than to have
 * it scanned in vain.
 */
static bool
next_has_quote(const struct csv_reader *r)
{
	const struct csv_reader_state *s = r->state;
	const uint8_t *line = s->buf + s->pos, *lf = memchr(line, '\n', s->len - s->pos);

	return lf != NULL && memchr(line, r->format.quote, (size_t)(lf - line)) != NULL;
}

/* Takes what rows there are from the block. -1 fills err. */
static int
take_rows(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	bool by_libcsv = r->by_libcsv && r->format.quote != 0;
	int got;

	scan->quote = s->fed > 0;
	while (scan->n < CSV_BATCH && s->pos < s->len) {
		if (!scan->quote && !by_libcsv)
			scan_rows(r, scan);
		if (!scan->quote && !by_libcsv)
			break;
		if ((got = decode(r, scan)) <= 0)
			return got;
		scan->quote = next_has_quote(r);
	}
	return 0;
}

static int
check_lengths(struct csv_reader *r, const struct csv_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->rows[i].len > r->max_record)
			return too_long(r, b->line + b->rows[i].line);
	return 0;
}

int
csv_next(struct csv_reader *r, struct csv_batch *b)
{
	struct csv_reader_state *s = r->state;
	struct csv_scan scan;

	if (r->err.status != 0 || (!s->begun && begin(r) < 0))
		return -1;
	csv_decoder_reset(&s->decoder);
	csv_scan_begin(&scan, r->format, s->buf, s->rows);
	for (;;) {
		scan.p = s->buf;	/* moves with a refill */
		if (take_rows(r, &scan) < 0 && scan.n == 0)
			return -1;
		if (scan.n > 0)
			break;		/* a failure waits for the next call */
		r->lines += scan.lines;		/* blank ones */
		r->blank += scan.blank;
		scan.lines = scan.blank = 0;
		if (s->eof && s->pos == s->len)
			return 0;
		if (refill(r) < 0)
			return -1;
	}
	*b = (struct csv_batch){ scan.n, r->lines + 1, s->buf, s->rows, s->decoder.text, s->decoder.offs };
	if (r->max_record < s->cap && check_lengths(r, b) < 0)
		return -1;
	r->lines += scan.lines;
	r->blank += scan.blank;
	return 1;
}

/*
 * Finds rows whose quotes are all well placed. The chunk kernel finds line ends, delimiters and quotes and writes the
 * text of the fields; here its findings become rows. The first row with a quote out of place needs care, and so does
 * one with an escape within quotes.
 */
#include "csv/scan.h"

#include <stdlib.h>
#include <string.h>

enum { DELIMITER = 1, CONTROL = 2, QUOTE = 4 };	/* classes of bytes */
enum { CHUNK_FIRST = 256 };			/* after a row that needs care start small: the next may need it too */

void
csv_scan_init(struct csv_scan *s, struct csv_format f)
{
	*s = (struct csv_scan){ .format = f, .limit = CSV_MAX_RECORD, .most = CHUNK_FIRST,
	    .chunk = xcalloc(1, sizeof(*s->chunk)) };
	s->chunk->delimiter = f.delimiter;
	s->chunk->quote = f.quote;
	s->chunk->escape = f.escape != f.quote ? f.escape : 0;
	s->chunk->one_line = f.multiline == CSV_MULTILINE_NO;
	memset(s->kinds, CONTROL, 0x20);
	if (f.quote != 0)
		s->kinds[f.quote] = QUOTE;
	s->kinds[f.delimiter] = DELIMITER;
}

void
csv_scan_free(struct csv_scan *s)
{
	free(s->chunk);
	buf_free(&s->text);
	*s = (struct csv_scan){ .chunk = NULL };
}

void
csv_scan_begin(struct csv_scan *s, const uint8_t *p, struct csv_row *rows)
{
	s->p = p;
	s->rows = rows;
	s->at = s->n = s->text.len = 0;
	s->lines = s->blank = 0;
	s->care = false;
}

/* ---- a line without quotes ---- */

static size_t
without_crs(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == '\r')
		n--;
	return n;
}

/* Counts the delimiters of a line and sets its flags. Returns false if it contains a quote. */
static bool
look_at_line(const struct csv_scan *s, struct csv_row *row, const uint8_t *p, size_t n)
{
	enum { LONG = 1024 };	/* in longer lines quotes are searched first */
	uint32_t nfields = 1, kind, before = DELIMITER, seen = 0, doubled = 0;
	size_t i;

	if (n > LONG && s->format.quote != 0 && memchr(p, s->format.quote, n) != NULL)
		return false;
	for (i = 0; i < n; i++) {
		kind = s->kinds[p[i]];
		nfields += kind & DELIMITER;
		doubled |= kind & before;
		seen |= kind;
		before = kind;
	}
	row->nfields = nfields;
	row->flags = ((doubled | before) & DELIMITER ? CSV_EMPTY : 0) | (seen & CONTROL ? CSV_CONTROL : 0);
	return (seen & QUOTE) == 0;
}

/* Takes the line of n bytes at s->at; next is the start of the following line. Returns false if it needs care. */
static bool
take_line(struct csv_scan *s, size_t n, size_t next)
{
	struct csv_row *row = &s->rows[s->n];

	if (n == 0) {
		s->blank++;
	} else {
		if (n > s->limit || !look_at_line(s, row, s->p + s->at, n)) {
			s->care = true;
			return false;
		}
		row->off = (uint32_t)s->at;
		row->len = (uint32_t)n;
		row->line = s->lines;
		row->text = CSV_NO_TEXT;
		row->text_len = 2 * (uint32_t)n;
		s->n++;
	}
	s->lines++;
	s->at = next;
	return true;
}

/* Takes the next line. Returns false if it needs care or does not end before `end`. */
static bool
take_next(struct csv_scan *s, size_t end)
{
	const uint8_t *line = s->p + s->at, *lf = memchr(line, '\n', end - s->at);

	if (lf == NULL)
		return false;
	return take_line(s, without_crs(line, (size_t)(lf - line)), (size_t)(lf - s->p) + 1);
}

void
csv_scan_last(struct csv_scan *s, size_t end)
{
	take_line(s, end - s->at, end);
}

/* ---- rows of a chunk ---- */

/* Is any bit set from byte `begin` to byte `end`, inclusive? */
static inline bool
any_bit(const uint64_t *words, size_t begin, size_t end)
{
	uint64_t bits = words[begin / 64] & UINT64_MAX << begin % 64;
	size_t w;

	for (w = begin / 64; w < end / 64; bits = words[++w])
		if (bits != 0)
			return true;
	return bits << (63 - end % 64) != 0;
}

/* Counts the line feeds within quotes before a byte. */
static uint32_t
inners_before(const struct simd_csv *c, size_t at)
{
	uint64_t before = c->inner_at[at / 64] & ((UINT64_C(1) << at % 64) - 1);

	return c->inner_before[at / 64] + (uint32_t)__builtin_popcountll(before);
}

/* Returns the offsets of the line feeds in the text written. */
static inline const uint32_t *
ends_of(const struct simd_csv *c)
{
	return c->same ? c->lf : c->out_lf;
}

/* Takes all rows of a chunk without blank lines, empty fields, control bytes or quoted line feeds. */
static void
take_plain(struct csv_scan *s, uint32_t text)
{
	const struct simd_csv *c = s->chunk;
	const uint32_t *ends = ends_of(c);
	uint32_t base = (uint32_t)(c->p - s->p), lines = s->lines, begin = 0, fields = UINT32_MAX, out = 0;
	struct csv_row *row = s->rows + s->n;
	size_t k;

	for (k = 0; k < c->nlf; k++, row++) {
		uint32_t lf = c->lf[k], cr = c->p[lf - 1] == '\r';

		row->off = base + begin;
		row->len = lf - begin - cr;
		row->text = text + out;
		row->text_len = ends[k] - out - cr;
		row->line = lines++;
		row->nfields = c->fields[k] - fields;
		row->lines = 1;
		row->flags = row->text_len < row->len ? CSV_QUOTED : 0;	/* a quoted field loses a byte or two */
		begin = lf + 1;
		out = ends[k] + 1;
		fields = c->fields[k];
	}
	s->n += c->nlf;
	s->lines = lines;
	s->at = base + begin;
}

/* Returns the flags of a row of n bytes from `begin`, which ends at the line feed at lf. */
static uint32_t
flags_of(const struct csv_scan *s, size_t begin, size_t n, size_t lf)
{
	const struct simd_csv *c = s->chunk;
	uint32_t flags = any_bit(c->empty_at, begin, lf) ? CSV_EMPTY : 0;

	if (c->quotes && any_bit(c->quote_at, begin, lf))
		flags |= CSV_QUOTED;
	if (c->controls && any_bit(c->control_at, begin, lf))
		flags |= CSV_CONTROL;
	if (c->p[begin + n - 1] == s->format.delimiter)		/* perhaps before several CRs */
		flags |= CSV_EMPTY;
	return flags;
}

/* Takes the k-th line of a chunk, of n bytes, as a row; out is where its text begins. */
static void
take_row(struct csv_scan *s, size_t k, size_t n, uint32_t text, uint32_t out)
{
	const struct simd_csv *c = s->chunk;
	size_t base = (size_t)(c->p - s->p), begin = s->at - base, lf = c->lf[k];
	struct csv_row *row = &s->rows[s->n++];

	*row = (struct csv_row){ .off = (uint32_t)s->at, .len = (uint32_t)n, .line = s->lines, .lines = 1,
	    .nfields = c->fields[k] - (k > 0 ? c->fields[k - 1] : UINT32_MAX), .flags = flags_of(s, begin, n, lf),
	    .text = text + out, .text_len = ends_of(c)[k] - out - (n < lf - begin) };
	if (n + 1 < lf - begin) {	/* the text has CRs of the line end */
		row->text = CSV_NO_TEXT;
		row->text_len = 2 * (uint32_t)n;
	}
	if (c->inners)
		row->lines += inners_before(c, lf) - inners_before(c, begin);
	s->lines += row->lines;
	s->at = base + lf + 1;
}

/* Takes the rows of any chunk one by one, up to the first that needs care. */
static void
take_odd(struct csv_scan *s, uint32_t text)
{
	const struct simd_csv *c = s->chunk;
	size_t k, base = (size_t)(c->p - s->p);
	uint32_t out = 0;

	for (k = 0; k < c->nlf; k++) {
		size_t lf = c->lf[k], begin = s->at - base, n = without_crs(c->p + begin, lf - begin);

		if (n > s->limit || (c->bad && lf >= c->bad_at)) {
			s->care = true;
			return;
		}
		if (n > 0) {
			take_row(s, k, n, text, out);
		} else {
			s->blank++;
			s->lines++;
			s->at = base + lf + 1;
		}
		out = ends_of(c)[k] + 1;
	}
	s->care = c->bad;
}

/* Takes the rows that end in the n bytes at s->at. Returns false if there are none. */
static bool
take_chunk(struct csv_scan *s, size_t n)
{
	struct simd_csv *c = s->chunk;
	uint32_t text = (uint32_t)s->text.len;

	c->p = s->p + s->at;
	c->n = n;
	c->out = buf_room(&s->text, 2 * n + SIMD_CSV_SLACK);
	simd.csv_chunk(c);
	if (c->nlf == 0) {
		s->care = c->bad;
		return c->bad;
	}
	if (c->empties || c->controls || c->inners || c->bad || s->limit < SIMD_CSV_BYTES)
		take_odd(s, text);
	else
		take_plain(s, text);
	s->text.len += ends_of(c)[c->nlf - 1] + 1;
	return true;
}

void
csv_scan(struct csv_scan *s, size_t end)
{
	size_t n, most;

	while (s->n < CSV_BATCH && !s->care && s->at < end) {
		most = s->most;
		n = end - s->at < most ? end - s->at : most;
		if (!take_chunk(s, n) && (most == SIMD_CSV_BYTES || end - s->at <= most))
			if (!take_next(s, end))		/* longer than a chunk, or incomplete */
				break;
		s->most = most < SIMD_CSV_BYTES ? 2 * most : most;
	}
	if (s->care)
		s->most = CHUNK_FIRST;
}

#include "csv/care.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

#if CPU_X86
#include <immintrin.h>
#endif

void
csv_care_init(struct csv_care *c, struct csv_format f)
{
	*c = (struct csv_care){ .format = f, .limit = CSV_MAX_RECORD };
}

void
csv_care_free(struct csv_care *c)
{
	free(c->spans);
	c->spans = NULL;
}

/* ---- bytes within quotes ---- */

static size_t
special_portable(const uint8_t *p, size_t at, size_t n, uint8_t quote, uint8_t escape)
{
	while (at < n && p[at] >= 0x20 && p[at] != quote && p[at] != escape)
		at++;
	return at;
}

#if CPU_X86
CPU_AVX2 static size_t
special_avx2(const uint8_t *p, size_t at, size_t n, uint8_t quote, uint8_t escape)
{
	const __m256i low = _mm256_set1_epi8(0x1f), q = _mm256_set1_epi8((char)quote), e = _mm256_set1_epi8((char)escape);
	__m256i v, special;
	uint32_t bits;

	for (; at < n; at += 32) {
		v = _mm256_loadu_si256((const void *)(p + at));
		special = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(v, low), v),
		    _mm256_or_si256(_mm256_cmpeq_epi8(v, q), _mm256_cmpeq_epi8(v, e)));
		if ((bits = (uint32_t)_mm256_movemask_epi8(special)) != 0) {
			at += _tzcnt_u32(bits);
			break;
		}
	}
	return at < n ? at : n;
}
#else
#define special_avx2 special_portable
#endif

size_t
csv_care_special(const uint8_t *p, size_t at, size_t n, uint8_t quote, uint8_t escape)
{
	if (escape == 0)
		escape = quote;
	return (cpu_has_avx2() ? special_avx2 : special_portable)(p, at, n, quote, escape);
}

/* ---- a row ---- */

struct walk {			/* along a row; offsets from its first byte */
	const uint8_t *p;
	size_t n;
	bool eof;
	size_t begin;		/* of the field, with its padding */
	uint32_t lfs;		/* line feeds passed within quotes */
	uint32_t field_lfs;	/* of them before the field */
	uint32_t crossing;	/* lines up to the one where the last field begins that crosses a line end; 0: no field does */
	enum csv_care_answer answer;
};

/* What a step along the row returns: go on, or the walk has its answer. */
enum step { GO_ON, STOP };

static enum step
stop(struct walk *w, enum csv_care_answer answer)
{
	w->answer = answer;
	return STOP;
}

static enum step
stray(struct csv_care *c, struct walk *w, uint32_t lines)
{
	c->lines = lines;
	return stop(w, CSV_CARE_STRAY);
}

/* A row of more than the limit: a field that crossed a line end is taken for stray. */
static enum step
too_long(struct csv_care *c, struct walk *w)
{
	return w->crossing > 0 ? stray(c, w, w->crossing) : stop(w, CSV_CARE_LONG);
}

static bool
is_padding(const struct csv_care *c, uint8_t b)
{
	return (b == ' ' || b == '\t') && b != c->format.delimiter && b != c->format.quote;
}

static void
add_span(struct csv_care *c, size_t begin, size_t end, bool quoted)
{
	if (!quoted && begin == end)
		c->flags |= CSV_EMPTY;
	if (c->nfields++ >= CSV_MAX_FIELDS)
		return;		/* a row that no table has: only their number matters */
	if (c->n == c->cap) {
		c->cap = c->cap == 0 ? 1024 : 2 * c->cap;
		c->spans = xreallocarray(c->spans, c->cap, sizeof(*c->spans));
	}
	c->spans[c->n++] = (struct csv_span){ (uint32_t)begin, (uint32_t)(end - begin), quoted };
}

/* The row ends with `len` bytes of text. */
static enum step
end_row(struct csv_care *c, struct walk *w, size_t len, size_t next)
{
	if (len > c->limit)
		return too_long(c, w);
	c->len = len;
	c->next = next;
	c->lines = w->lfs + 1;
	return stop(w, CSV_CARE_ROW);
}

/* All n bytes are passed and the row has not ended: is it too long already, but for the CRs of a line end? */
static enum step
run_out(struct csv_care *c, struct walk *w)
{
	size_t n = w->n;

	while (n > 0 && w->p[n - 1] == '\r')
		n--;
	return n > c->limit ? too_long(c, w) : stop(w, CSV_CARE_MORE);
}

/* An unquoted field, from w->begin on; all before `at` is padding. */
static enum step
walk_unquoted(struct csv_care *c, struct walk *w, size_t at)
{
	const uint8_t delimiter = c->format.delimiter, *p = w->p;
	size_t end;

	for (; at < w->n && p[at] != delimiter && p[at] != '\n'; at++)
		continue;
	if (at == w->n && !w->eof)
		return run_out(c, w);
	end = at;
	while (at < w->n && p[at] == '\n' && end > w->begin && p[end - 1] == '\r')
		end--;
	add_span(c, w->begin, end, false);
	if (at == w->n)
		return end_row(c, w, end, at);
	if (p[at] == '\n')
		return end_row(c, w, end, at + 1);
	w->begin = at + 1;
	return GO_ON;
}

/* What follows a quote that may be the closing one, from `at` on; the field's text is begin to end. */
static enum step
walk_closed(struct csv_care *c, struct walk *w, size_t begin, size_t end, size_t at)
{
	size_t lf;

	while (at < w->n && is_padding(c, w->p[at]))
		at++;
	for (lf = at; lf < w->n && w->p[lf] == '\r'; lf++)
		continue;
	if (at > c->limit)
		return too_long(c, w);
	if (lf == w->n && !w->eof)
		return run_out(c, w);
	if (at < w->n && w->p[at] == c->format.delimiter) {
		add_span(c, begin, end, true);
		w->begin = at + 1;
		return GO_ON;
	}
	if (at < w->n && (lf == w->n || w->p[lf] != '\n'))
		return stray(c, w, w->field_lfs + 1);
	add_span(c, begin, end, true);
	return end_row(c, w, at, lf < w->n ? lf + 1 : lf);
}

/* Passes the byte at *at within quotes, which is not the quote. */
static enum step
walk_special(struct csv_care *c, struct walk *w, size_t *at)
{
	const struct csv_format *f = &c->format;
	uint8_t b = w->p[*at];

	if (b == f->escape && b != 0) {
		if (*at + 1 == w->n && !w->eof)
			return stop(w, CSV_CARE_MORE);
		*at += *at + 1 < w->n && (w->p[*at + 1] == f->quote || w->p[*at + 1] == f->escape);
	} else if (b == '\n') {
		if (f->multiline == CSV_MULTILINE_NO)
			return stray(c, w, w->field_lfs + 1);
		w->lfs++;
		w->crossing = w->field_lfs + 1;
	}
	++*at;
	return GO_ON;
}

/* A quoted field, from the byte after its first quote on. */
static enum step
walk_quoted(struct csv_care *c, struct walk *w, size_t begin)
{
	const struct csv_format *f = &c->format;
	size_t end = w->n < c->limit ? w->n : c->limit, at = begin;	/* the closing quote is before the limit */

	w->field_lfs = w->lfs;
	while ((at = csv_care_special(w->p, at, end, f->quote, f->escape)) < end) {
		if (w->p[at] != f->quote) {
			if (walk_special(c, w, &at) == STOP)
				return STOP;
			continue;
		}
		if (at + 1 == w->n && !w->eof)
			return stop(w, CSV_CARE_MORE);
		if (at + 1 == w->n || w->p[at + 1] != f->quote)
			return walk_closed(c, w, begin, at, at + 1);
		at += 2;
	}
	if (w->n >= c->limit || w->eof)
		return stray(c, w, w->field_lfs + 1);
	return stop(w, CSV_CARE_MORE);
}

static enum step
walk_field(struct csv_care *c, struct walk *w)
{
	size_t at = w->begin;

	while (at < w->n && is_padding(c, w->p[at]))
		at++;
	if (at == w->n && !w->eof)
		return run_out(c, w);
	if (at == w->n || w->p[at] != c->format.quote || c->format.quote == 0)
		return walk_unquoted(c, w, at);
	return at < c->limit ? walk_quoted(c, w, at + 1) : too_long(c, w);
}

enum csv_care_answer
csv_care_row(struct csv_care *c, const uint8_t *p, size_t n, bool eof)
{
	struct walk w = { .p = p, .n = n, .eof = eof };

	c->first = c->n;
	c->nfields = 0;
	c->flags = CSV_SPANS | CSV_CONTROL;
	while (walk_field(c, &w) == GO_ON)
		continue;
	if (w.answer == CSV_CARE_ROW && c->nfields == 1 && c->len == 0)
		w.answer = CSV_CARE_BLANK;	/* a quoted field is longer */
	if (w.answer != CSV_CARE_ROW)
		c->n = c->first;
	return w.answer;
}

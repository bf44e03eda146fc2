#include "csv/care.h"

#include <stdlib.h>
#include <string.h>

#include "simd/simd.h"

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

/* ---- a row ---- */

struct walk {			/* position in a row; offsets from its first byte */
	const uint8_t *p;
	size_t n;
	bool eof;
	size_t begin;		/* start of the field, with its padding */
	uint32_t lfs;		/* line feeds so far within quotes */
	uint32_t field_lfs;	/* of which before the field */
	uint32_t crossing;	/* lines through the start of the last field that spans lines; or 0 */
	enum csv_care_answer answer;
};

/* Result of a step: continue, or the walk has an answer. */
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

/* Handles a row over the limit: rejects a field that spans lines as stray. */
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
		return;		/* no table has so many columns: only count them */
	if (c->n == c->cap) {
		c->cap = c->cap == 0 ? 1024 : 2 * c->cap;
		c->spans = xreallocarray(c->spans, c->cap, sizeof(*c->spans));
	}
	c->spans[c->n++] = (struct csv_span){ (uint32_t)begin, (uint32_t)(end - begin), quoted };
}

/* Ends the row after `len` bytes of text. */
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

/* Handles the end of the input before the end of the row: too long already, not counting the CRs of a line end? */
static enum step
run_out(struct csv_care *c, struct walk *w)
{
	size_t n = w->n;

	while (n > 0 && w->p[n - 1] == '\r')
		n--;
	return n > c->limit ? too_long(c, w) : stop(w, CSV_CARE_MORE);
}

/* Takes an unquoted field that starts at w->begin; the bytes before `at` are padding. */
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

/* Decides, from the bytes at `at`, whether a quote closed the field; the field's text is begin to end. */
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

/* Skips the byte at *at within quotes, which is not a quote. */
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

/* Takes a quoted field, from the byte after its opening quote. */
static enum step
walk_quoted(struct csv_care *c, struct walk *w, size_t begin)
{
	const struct csv_format *f = &c->format;
	const uint8_t escape = f->escape != 0 ? f->escape : f->quote;
	size_t end = w->n < c->limit ? w->n : c->limit, at = begin;	/* the closing quote must be before the limit */

	w->field_lfs = w->lfs;
	while ((at = simd.csv_special(w->p, at, end, f->quote, escape)) < end) {
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

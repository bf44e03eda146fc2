/* Splits rows into fields. */
#include <stdlib.h>
#include <string.h>

#include "csv/care.h"
#include "csv/csv.h"

static void
split_spans(const struct csv_batch *b, const struct csv_row *row, struct csv_field *fields)
{
	const struct csv_span *s = b->spans + row->spans;
	const uint8_t *p = b->base + row->off;
	uint32_t i;

	for (i = 0; i < row->nfields; i++)
		fields[i] = (struct csv_field){ p + s[i].off, s[i].n, s[i].quoted };
}

static void
split_plain(const uint8_t *p, size_t n, uint8_t delimiter, struct csv_field *fields)
{
	const uint8_t *end = p + n, *d;

	while ((d = memchr(p, delimiter, (size_t)(end - p))) != NULL) {
		*fields++ = (struct csv_field){ p, (size_t)(d - p), false };
		p = d + 1;
	}
	*fields = (struct csv_field){ p, (size_t)(end - p), false };
}

/* Returns a field of a row whose quotes are well placed. */
static inline struct csv_field
field_between(const uint8_t *begin, const uint8_t *end, uint8_t quote)
{
	if (begin < end && *begin == quote)
		return (struct csv_field){ begin + 1, (size_t)(end - begin) - 2, true };
	return (struct csv_field){ begin, (size_t)(end - begin), false };
}

/* Splits a row with quotes, all well placed: a delimiter after an odd number of quotes is within a field. */
static void
split_quoted(const uint8_t *p, size_t n, struct csv_format f, struct csv_field *fields)
{
	const uint8_t *end = p + n, *begin = p;
	bool within = false;

	for (; p < end; p++) {
		within ^= *p == f.quote;
		if (*p == f.delimiter && !within) {
			*fields++ = field_between(begin, p, f.quote);
			begin = p + 1;
		}
	}
	*fields = field_between(begin, end, f.quote);
}

void
csv_split(const struct csv_batch *b, const struct csv_row *row, struct csv_format format,
    struct csv_field *fields)
{
	const uint8_t *p = b->base + row->off;

	if (row->flags & CSV_SPANS)
		split_spans(b, row, fields);
	else if (row->flags & CSV_QUOTED)
		split_quoted(p, row->len, format, fields);
	else
		split_plain(p, row->len, format.delimiter, fields);
}

/* ---- text ---- */

size_t
csv_unquote(const struct csv_field *f, struct csv_format format, uint8_t *out)
{
	const uint8_t *p = f->p, *end = p + f->n;
	uint8_t *begin = out;

	for (; p < end; p++) {
		if (f->quoted && p + 1 < end && (*p == format.quote ||
		    (*p == format.escape && *p != 0 && (p[1] == format.quote || p[1] == format.escape))))
			p++;
		*out++ = *p;
	}
	return (size_t)(out - begin);
}

char **
csv_words(const char *text, struct csv_format format, size_t *n)
{
	size_t len = strlen(text), i;
	uint8_t *copy = xcalloc(1, len + 1 + CSV_PAD);
	struct csv_care c;
	char **words = NULL;

	memcpy(copy, text, len);
	csv_care_init(&c, format);
	if (len > 0 && csv_care_row(&c, copy, len, true) == CSV_CARE_ROW && c.next == len &&
	    c.len == len && c.nfields <= CSV_MAX_FIELDS) {
		words = xcalloc(c.nfields + 1, sizeof(*words));
		for (i = 0; i < c.nfields; i++) {
			const struct csv_field f = { copy + c.spans[i].off, c.spans[i].n, c.spans[i].quoted };

			words[i] = xcalloc(1, f.n + 1);
			csv_unquote(&f, format, (uint8_t *)words[i]);
		}
		*n = c.nfields;
	}
	csv_care_free(&c);
	free(copy);
	return words;
}

void
csv_words_free(char **words, size_t n)
{
	while (n > 0)
		free(words[--n]);
	free(words);
}

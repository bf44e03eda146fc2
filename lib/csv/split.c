/* Splits rows into fields. */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "csv/care.h"
#include "csv/csv.h"
#include "csv/within.h"

#if CPU_X86
#include <immintrin.h>
#endif

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
split_portable(const uint8_t *p, size_t n, uint8_t delimiter, struct csv_field *fields)
{
	const uint8_t *end = p + n, *d;

	while ((d = memchr(p, delimiter, (size_t)(end - p))) != NULL) {
		*fields++ = (struct csv_field){ p, (size_t)(d - p), false };
		p = d + 1;
	}
	*fields = (struct csv_field){ p, (size_t)(end - p), false };
}

#if CPU_X86
CPU_AVX2 static void
split_avx2(const uint8_t *p, size_t n, uint8_t delimiter, struct csv_field *fields)
{
	const __m256i d = _mm256_set1_epi8((char)delimiter);
	const uint8_t *end = p + n, *begin = p;
	uint32_t mask;

	for (; p < end; p += 32) {
		mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)p), d));
		if (end - p < 32)
			mask = _bzhi_u32(mask, (uint32_t)(end - p));
		for (; mask != 0; mask = _blsr_u32(mask)) {
			const uint8_t *at = p + _tzcnt_u32(mask);

			*fields++ = (struct csv_field){ begin, (size_t)(at - begin), false };
			begin = at + 1;
		}
	}
	*fields = (struct csv_field){ begin, (size_t)(end - begin), false };
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
CPU_AVX2 static void
split_quoted(const uint8_t *p, size_t n, struct csv_format f, struct csv_field *fields)
{
	const __m256i d = _mm256_set1_epi8((char)f.delimiter), q = _mm256_set1_epi8((char)f.quote);
	const uint8_t *end = p + n, *begin = p, *at;
	uint64_t delimiters, quotes, within, carry = 0;

	for (; p < end; p += 64) {
		__m256i a = _mm256_loadu_si256((const void *)p), b = _mm256_loadu_si256((const void *)(p + 32));

		quotes = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, q)) |
		    (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, q)) << 32;
		delimiters = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, d)) |
		    (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, d)) << 32;
		within = csv_within(quotes) ^ carry;
		carry = csv_within_next(within);
		delimiters &= ~within;
		if (end - p < 64)
			delimiters = _bzhi_u64(delimiters, (unsigned)(end - p));
		for (; delimiters != 0; delimiters = _blsr_u64(delimiters)) {
			at = p + _tzcnt_u64(delimiters);
			*fields++ = field_between(begin, at, f.quote);
			begin = at + 1;
		}
	}
	*fields = field_between(begin, end, f.quote);
}
#else
#define split_avx2 split_portable
#define split_quoted(p, n, f, fields) split_portable(p, n, (f).delimiter, fields)	/* unreachable */
#endif

void
csv_split(const struct csv_batch *b, const struct csv_row *row, struct csv_format format,
    struct csv_field *fields)
{
	const uint8_t *p = b->base + row->off;

	if (row->flags & CSV_SPANS)
		split_spans(b, row, fields);
	else if (row->flags & CSV_QUOTED)
		split_quoted(p, row->len, format, fields);
	else if (cpu_has_avx2())
		split_avx2(p, row->len, format.delimiter, fields);
	else
		split_portable(p, row->len, format.delimiter, fields);
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

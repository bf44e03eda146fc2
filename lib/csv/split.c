/* Splits rows into fields. */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "csv/csv.h"
#include "csv/decode.h"

#if CPU_X86
#include <immintrin.h>
#endif

static void
split_decoded(const struct csv_batch *b, const struct csv_row *row, struct csv_field *fields)
{
	const uint32_t *offs = b->offs + row->decoded;
	uint32_t i;

	for (i = 0; i < row->nfields; i++)
		fields[i] = (struct csv_field){ b->text + offs[i], offs[i + 1] - offs[i] };
}

static void
split_portable(const uint8_t *p, size_t n, uint8_t delimiter, struct csv_field *fields)
{
	const uint8_t *end = p + n, *d;

	while ((d = memchr(p, delimiter, (size_t)(end - p))) != NULL) {
		*fields++ = (struct csv_field){ p, (size_t)(d - p) };
		p = d + 1;
	}
	*fields = (struct csv_field){ p, (size_t)(end - p) };
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

			*fields++ = (struct csv_field){ begin, (size_t)(at - begin) };
			begin = at + 1;
		}
	}
	*fields = (struct csv_field){ begin, (size_t)(end - begin) };
}
#else
#define split_avx2 split_portable
#endif

void
csv_split(const struct csv_batch *b, const struct csv_row *row, uint8_t delimiter, struct csv_field *fields)
{
	if (row->flags & CSV_DECODED)
		split_decoded(b, row, fields);
	else if (cpu_has_avx2())
		split_avx2(b->base + row->off, row->len, delimiter, fields);
	else
		split_portable(b->base + row->off, row->len, delimiter, fields);
}

char **
csv_words(const char *text, struct csv_format format, size_t *n)
{
	struct csv_decoder d;
	uint64_t lfs;
	char **words = NULL;
	uint32_t i;

	csv_decoder_init(&d, format);
	if (!csv_decoder_line(&d, (const uint8_t *)text, strlen(text), 0) && csv_decoder_end(&d, &lfs) &&
	    d.nfields <= CSV_MAX_FIELDS) {
		words = xcalloc(d.nfields + 1, sizeof(*words));
		for (i = 0; i < d.nfields; i++)
			words[i] = xstrndup((const char *)d.text + d.offs[i], d.offs[i + 1] - d.offs[i]);
		*n = d.nfields;
	}
	csv_decoder_free(&d);
	return words;
}

void
csv_words_free(char **words, size_t n)
{
	while (n > 0)
		free(words[--n]);
	free(words);
}

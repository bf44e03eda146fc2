/* The table of codecs. */
#include <stdio.h>
#include <string.h>

#include "parquet/encode/codec.h"

#define CODEC_ROW(row) &row,
static const struct codec *const rows[] = { CODEC_ROWS(CODEC_ROW) };

enum { ROWS = sizeof(rows) / sizeof(*rows) };

const struct codec *
codec_find(int number, const char **why)
{
	static char text[64];
	const char *name = number == PQ_LZO ? "LZO" : number == PQ_BROTLI ? "BROTLI" : NULL;
	size_t i;

	for (i = 0; i < ROWS; i++)
		if ((int)rows[i]->number == number)
			return rows[i];
	if (name != NULL)
		snprintf(text, sizeof(text), "unsupported compression codec: %s", name);
	else
		snprintf(text, sizeof(text), "unsupported compression codec: codec %d", number);
	*why = text;
	return NULL;
}

const char *const *
pq_codec_words(void)
{
	static const char *words[ROWS + 1];
	size_t i, n = 0;

	for (i = 0; i < ROWS; i++)
		if (rows[i]->word != NULL)
			words[n++] = rows[i]->word;
	return words;
}

enum pq_codec
pq_codec_of(size_t word)
{
	size_t i;

	for (i = 0; rows[i]->word == NULL || word-- > 0; i++)
		;
	return rows[i]->number;
}

const char *
pq_codec_suffix(enum pq_codec codec)
{
	const char *why;
	const struct codec *c = codec_find((int)codec, &why);

	return c == NULL ? "" : c->suffix;
}

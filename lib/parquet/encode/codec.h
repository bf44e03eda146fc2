/*
 * Page compression codecs: Compression.md. A codec is a file codec_NAME.c that defines its row, and a line of
 * CODEC_ROWS; options, file names and messages take what they need from the rows.
 */
#ifndef PARQUET_CODEC_H
#define PARQUET_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "parquet/parquet.h"

/*
 * What is known of a page's data: the bytes after the first `skip` are values of `width` bytes. 8: little-endian
 * integers; 9 to 16: big-endian decimals; 0: unknown. A codec may use it to be faster, or ignore it.
 */
struct codec_hint {
	size_t width;
	size_t skip;
};

struct codec {
	enum pq_codec number;		/* CompressionCodec in parquet.thrift */
	const char *name;		/* its name there, for messages */
	const char *word;		/* of an option; NULL if files are not written with it */
	const char *suffix;		/* of file names, such as ".snappy"; may be "" */

	/* Returns false if n > 0 bytes at p cannot expand to `size`. Called before memory is allocated for them. */
	bool (*is_plausible)(const uint8_t *p, size_t n, size_t size);

	/*
	 * Decompresses n bytes to exactly `size` bytes at `out`. Returns NULL, or what is invalid; never writes past
	 * out[size - 1].
	 */
	const char *(*expand)(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size);

	/* Compresses n bytes and appends them; level 0 is the codec's default. NULL if word is. */
	int (*pack)(int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out, struct msg *err);
};

/* All codecs, in the order in which options list them. */
#define CODEC_ROWS(row)		\
	row(codec_none)		\
	row(codec_snappy)	\
	row(codec_gzip)		\
	row(codec_zstd)		\
	row(codec_lz4)		\
	row(codec_lz4_raw)

#define CODEC_DECLARE(row) extern const struct codec row;
CODEC_ROWS(CODEC_DECLARE)
#undef CODEC_DECLARE

/* Returns the codec with a number of the format, or NULL with the reason in *why, a static text. */
const struct codec *codec_find(int number, const char **why);

#endif

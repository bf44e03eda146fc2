/* Compression.md: what the bytes of a page are packed with. */
#ifndef PARQUET_CODEC_H
#define PARQUET_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

/* "SNAPPY", "LZ4_RAW", ...; "codec 9" for one without a name. A static buffer for the latter. */
const char *codec_name(int codec);

/* NULL where it can be read, else why not. */
const char *codec_refused(int codec);

/*
 * What is known of the bytes: behind the first `skip` of them lie values of `width` bytes: 8, integers, the lowest byte
 * first; 9 to 16, decimals, the highest first; 0, something else.
 */
struct codec_hint {
	size_t width;
	size_t skip;
};

/*
 * Uncompresses to exactly `size` bytes at `out`. Returns NULL, or what is wrong; nothing beyond out[size - 1] is
 * touched.
 */
const char *codec_expand(int codec, bool words, const uint8_t *p, size_t n, uint8_t *out, size_t size);

/* Appends n bytes compressed with UNCOMPRESSED, SNAPPY, GZIP or ZSTD. */
int codec_pack(int codec, int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out,
    struct msg *err);

#endif

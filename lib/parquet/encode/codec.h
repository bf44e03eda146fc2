/* Page compression codecs: Compression.md. */
#ifndef PARQUET_CODEC_H
#define PARQUET_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

/* Returns "SNAPPY", "LZ4_RAW", ..., or "codec 9" for an unknown number; the latter in a static buffer. */
const char *codec_name(int codec);

/* Returns NULL for a supported codec, else why it cannot be read. */
const char *codec_refused(int codec);

/*
 * What is known of the data: the bytes after the first `skip` are values of `width` bytes. 8: little-endian
 * integers; 9 to 16: big-endian decimals; 0: unknown.
 */
struct codec_hint {
	size_t width;
	size_t skip;
};

/* Decompresses to exactly `size` bytes at `out`. Returns NULL, or what is invalid; never writes past out[size - 1]. */
const char *codec_expand(int codec, bool words, const uint8_t *p, size_t n, uint8_t *out, size_t size);

/* Compresses n bytes with UNCOMPRESSED, SNAPPY, GZIP or ZSTD and appends them. */
int codec_pack(int codec, int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out,
    struct msg *err);

#endif

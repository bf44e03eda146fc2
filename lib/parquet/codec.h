/* Compression.md: what the bytes of a page are packed with. */
#ifndef PARQUET_CODEC_H
#define PARQUET_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

/* "SNAPPY", "LZ4_RAW", ...; "codec 9" for one without a name. A static buffer for the latter. */
const char *codec_name(int codec);

/* NULL where it can be read, else why not. */
const char *codec_refused(int codec);

/* Uncompresses to exactly `size` bytes at `out`. Returns NULL, or what is wrong; nothing beyond out[size - 1] is touched. */
const char *codec_expand(int codec, const uint8_t *p, size_t n, uint8_t *out, size_t size);

/*
 * Appends n bytes compressed with UNCOMPRESSED, SNAPPY, GZIP or ZSTD. width is the bytes of a value where p is an array of integers of 4
 * or 8 bytes, else 0: a hint.
 */
int codec_pack(int codec, int level, const uint8_t *p, size_t n, unsigned width, struct buf *out, struct msg *err);

#endif

/*
 * Snappy compression for arrays of 64-bit integers. The output is ordinary Snappy. Matches are searched, and copies
 * emitted, by whole values: columns of numbers share their high bytes, and a general compressor spends most of its
 * time finding that out.
 */
#ifndef PARQUET_WORDS_H
#define PARQUET_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the maximum bytes of n bytes compressed. */
size_t words_room(size_t n);

/* Compresses n bytes; those after the first `skip` are values of 8 bytes. Returns the bytes written. n < 2^32. */
size_t words_pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip);

/*
 * Decompresses any Snappy data to exactly size bytes; fast for values of 8 bytes. Returns false if the data is
 * invalid or of another size.
 */
bool words_expand(uint8_t *out, size_t size, const uint8_t *p, size_t n);

#endif

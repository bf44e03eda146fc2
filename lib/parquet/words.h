/*
 * Snappy for arrays of 64-bit integers. Its format is the usual one and any decoder reads it; what is special is
 * that matches are looked for, and copies made, by whole values: columns of numbers share their high bytes, and a
 * general compressor spends most of its time on finding that out.
 */
#ifndef PARQUET_WORDS_H
#define PARQUET_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes that n bytes take. */
size_t words_room(size_t n);

/*
 * Compresses n bytes, of which those behind the first `skip` are values of 8 bytes. Returns the bytes written. n <
 * 2^32.
 */
size_t words_pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip);

/*
 * Expands any Snappy data to exactly size bytes, fast where it is of values. False where it is not Snappy or not
 * of the size.
 */
bool words_expand(uint8_t *out, size_t size, const uint8_t *p, size_t n);

#endif

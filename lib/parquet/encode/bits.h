/* Bit packing as in Parquet: the first value is in the lowest bits of the first byte. */
#ifndef PARQUET_BITS_H
#define PARQUET_BITS_H

#include <stddef.h>
#include <stdint.h>

/* Returns the bytes that n values of a width take. */
static inline size_t
bits_bytes(size_t n, unsigned width)
{
	return (n * width + 7) / 8;
}

/* Returns the smallest width that can hold v. */
static inline unsigned
bits_width(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

/* Packs n values (a multiple of 8) below 2^width, width 0 to 32. out has room for bits_bytes(n, width) + 8 bytes. */
void bits_pack32(uint8_t *out, const uint32_t *v, size_t n, unsigned width);

/* Like bits_pack32, for any n and width 0 to 64; pads the last byte with zeros. */
void bits_pack64(uint8_t *out, const uint64_t *v, size_t n, unsigned width);

/*
 * Unpacks the values first to first + n - 1 of those packed at p, width 0 to 32 and 0 to 64. The caller has checked
 * that they lie before end; nothing at or after end is read.
 */
void bits_unpack32(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width);
void bits_unpack64(uint64_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width);

#endif

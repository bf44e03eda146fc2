/* Bit packing as the format has it: the first value in the lowest bits of the first byte. */
#ifndef PARQUET_BITS_H
#define PARQUET_BITS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that n values of the width take. */
static inline size_t
bits_bytes(size_t n, unsigned width)
{
	return (n * width + 7) / 8;
}

/* Least width that holds v. */
static inline unsigned
bits_width(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

/* Packs n values (a multiple of 8) below 2^width, width 0 to 32. out has bits_bytes(n, width) + 8 bytes of room. */
void bits_pack32(uint8_t *out, const uint32_t *v, size_t n, unsigned width);

/* The same for any n and width 0 to 64; fills up the last byte with zeros. */
void bits_pack64(uint8_t *out, const uint64_t *v, size_t n, unsigned width);

/*
 * Unpacks the values first to first + n - 1 of those packed from p, width 0 to 32 and 0 to 64. The caller has
 * checked that they are there before end; nothing at or behind end is read.
 */
void bits_unpack32(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width);
void bits_unpack64(uint64_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width);

#endif

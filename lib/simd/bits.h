/* One value of those packed as in Parquet: the first in the lowest bits of the first byte. */
#ifndef SIMD_BITS_H
#define SIMD_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Loads up to eight bytes at p, fewer before end. */
static inline uint64_t
simd_bits_load(const uint8_t *p, const uint8_t *end)
{
	uint64_t v = 0;

	if (end - p >= 8)
		memcpy(&v, p, 8);
	else if (p < end)
		memcpy(&v, p, (size_t)(end - p));
	return v;
}

/* Returns the value of a width of 1 to 64 bits that begins at a bit of p; reads nothing at or after end. */
static inline uint64_t
simd_bits_get(const uint8_t *p, const uint8_t *end, size_t bit, unsigned width)
{
	const uint8_t *q = p + bit / 8;
	unsigned shift = bit % 8;
	uint64_t v = simd_bits_load(q, end) >> shift;

	if (shift + width > 64 && end - q > 8)
		v |= (uint64_t)q[8] << (64 - shift);
	return width == 64 ? v : v & ((UINT64_C(1) << width) - 1);
}

#endif

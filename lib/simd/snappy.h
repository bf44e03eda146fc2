/* Elements of Snappy's format (its project's format_description.txt): length, literals and copies. */
#ifndef SIMD_SNAPPY_H
#define SIMD_SNAPPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	SNAPPY_LEAST = 4,		/* minimum bytes for a 2-byte copy to pay */
	SNAPPY_NEAR = 2048		/* from this distance on a copy takes more than 2 bytes */
};

static inline uint8_t *
snappy_put_literal(uint8_t *out, const uint8_t *p, size_t n)
{
	size_t last = n - 1;
	unsigned bytes = last < 60 ? 0 : last < 1 << 8 ? 1 : last < 1 << 16 ? 2 : last < 1 << 24 ? 3 : 4;

	if (n == 0)
		return out;
	*out++ = (uint8_t)((bytes == 0 ? last : 59 + bytes) << 2);
	for (; bytes > 0; bytes--, last >>= 8)
		*out++ = (uint8_t)last;
	memcpy(out, p, n);
	return out + n;
}

/* Returns the 2-byte copy element of n bytes, 4 to 11, from `far` bytes back, less than SNAPPY_NEAR. */
static inline uint64_t
snappy_copy(unsigned n, size_t far)
{
	return 1 | (uint64_t)(n - SNAPPY_LEAST) << 2 | (uint64_t)(far >> 8) << 5 | (uint64_t)(far & 0xff) << 8;
}

#endif

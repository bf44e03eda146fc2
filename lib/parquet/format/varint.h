/*
 * Variable-length integers (LEB128): seven bits a byte, lowest first, the high bit set on all bytes but the last.
 * Signed ones are zigzag-coded: 0, -1, 1, -2, ... Thrift's compact protocol, Encodings.md and Snappy share them.
 */
#ifndef PARQUET_VARINT_H
#define PARQUET_VARINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum { VARINT_MAX = 10 };		/* bytes of 64 bits */

/*
 * Reads a varint of at most `most` bytes, which is up to VARINT_MAX, and moves *p past what it read. Bits beyond the
 * 64th are dropped. Returns 1, 0 if the input ends first, or -1 if the varint is longer.
 */
static inline int
varint_get(const uint8_t **p, const uint8_t *end, unsigned most, uint64_t *v)
{
	unsigned i;
	uint8_t b;

	*v = 0;
	for (i = 0; i < most; i++) {
		if (*p >= end)
			return 0;
		b = *(*p)++;
		*v |= (uint64_t)(b & 0x7f) << 7 * i;
		if ((b & 0x80) == 0)
			return 1;
	}
	return -1;
}

/* Writes a varint; returns its end. */
static inline uint8_t *
varint_put(uint8_t *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*out++ = (uint8_t)(v | 0x80);
	*out++ = (uint8_t)v;
	return out;
}

/* Appends a varint. */
static inline void
varint_add(struct buf *b, uint64_t v)
{
	b->len = (size_t)(varint_put(buf_room(b, VARINT_MAX), v) - b->p);
}

static inline uint64_t
varint_zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t
varint_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

#endif

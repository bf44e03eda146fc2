/*
 * Inline forms of the integer encoding for hot loops. val.h has the general ones.
 *
 * A field is a head byte 0x40 + n (v >= 0) or 0x40 - n (v < 0) and n groups of 7 bits, most significant first, each
 * with its top bit set; for negative v the groups are those of u = -1 - v, inverted.
 */
#ifndef VAL_INT_H
#define VAL_INT_H

#include "base/cpu.h"
#include "val/val.h"

/* Returns the number of 7-bit groups that hold u, 1 to 10. */
static inline unsigned
val_groups(uint64_t u)
{
	/* (bits * 37) / 256 is bits / 7 rounded down for up to 64 bits. */
	return (((64u - (unsigned)__builtin_clzll(u | 1)) + 6) * 37) >> 8;
}

static inline uint64_t
val_load(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return __builtin_bswap64(w);
}

/* Joins eight groups, most significant first, to 56 bits, in three steps of pairing neighbours. */
static inline uint64_t
val_gather(uint64_t w)
{
	w &= UINT64_C(0x7f7f7f7f7f7f7f7f);
	w = (w & UINT64_C(0x007f007f007f007f)) | (w & UINT64_C(0x7f007f007f007f00)) >> 1;
	w = (w & UINT64_C(0x00003fff00003fff)) | (w & UINT64_C(0x3fff00003fff0000)) >> 2;
	return (w & UINT64_C(0x000000000fffffff)) | (w & UINT64_C(0x0fffffff00000000)) >> 4;
}

static inline uint64_t
val_scatter(uint64_t u)
{
	u = (u & UINT64_C(0x000000000fffffff)) | (u << 4 & UINT64_C(0x0fffffff00000000));
	u = (u & UINT64_C(0x00003fff00003fff)) | (u << 2 & UINT64_C(0x3fff00003fff0000));
	u = (u & UINT64_C(0x007f007f007f007f)) | (u << 1 & UINT64_C(0x7f007f007f007f00));
	return u | UINT64_C(0x8080808080808080);
}

/* Like val_int, faster for fields of up to 8 groups (every decimal(18,s), date and most keys). */
static inline int64_t
val_int_inline(const uint8_t *p)
{
	int d = (int)p[0] - 0x40;
	uint64_t sign = (uint64_t)(int64_t)(d >> 31), u;	/* all ones for a negative value */
	unsigned n = (unsigned)(d < 0 ? -d : d);

	if (__builtin_expect(n > 8, 0))
		return val_int(p);
	u = val_gather((val_load(p + 1) ^ sign) >> (64 - 8 * n));
	return (int64_t)(u ^ sign);
}

#endif

#include "val/int.h"

#define TOP_BITS UINT64_C(0x8080808080808080)

/* The scalar form, one group at a time, is the reference. */
static size_t
put_groups(uint8_t *out, u128 u, bool negative)
{
	unsigned n = 1, i;
	u128 rest;

	for (rest = u >> 7; rest != 0; rest >>= 7)
		n++;
	out[0] = (uint8_t)(negative ? 0x40 - n : 0x40 + n);
	for (i = n; i > 0; i--) {
		out[i] = (uint8_t)((negative ? ~(unsigned)u : (unsigned)u) | 0x80);
		u >>= 7;
	}
	return 1 + (size_t)n;
}

size_t
val_put_int(uint8_t *out, int64_t v)
{
	return put_groups(out, v >= 0 ? (uint64_t)v : ~(uint64_t)v, v < 0);
}

size_t
val_put_wide(uint8_t *out, i128 v)
{
	return put_groups(out, v >= 0 ? (u128)v : ~(u128)v, v < 0);
}

bool
val_get_wide(const uint8_t *p, size_t n, i128 *v)
{
	int d = n > 0 ? (int)p[0] - 0x40 : 0;
	bool negative = d < 0;
	uint8_t invert = negative ? 0x7f : 0;
	size_t groups = (size_t)(negative ? -d : d), i;
	u128 u = 0;

	if (groups < 1 || groups > 19 || n != groups + 1)
		return false;
	for (i = 1; i <= groups; i++) {
		if (!(p[i] & 0x80))
			return false;
		if (u >> (127 - 7) != 0)
			return false;		/* 127 bits hold every decimal of 38 digits */
		u = u << 7 | ((p[i] ^ invert) & 0x7f);
	}
	if (groups > 1 && ((p[1] ^ invert) & 0x7f) == 0)
		return false;
	*v = negative ? (i128)~u : (i128)u;
	return true;
}

bool
val_get_int(const uint8_t *p, size_t n, int64_t *v)
{
	i128 wide;

	if (n > VAL_INT_MAX || !val_get_wide(p, n, &wide) || wide < INT64_MIN || wide > INT64_MAX)
		return false;
	*v = (int64_t)wide;
	return true;
}

size_t
val_put_int_fast(uint8_t *out, int64_t v)
{
	uint64_t sign = (uint64_t)(v >> 63), u = (uint64_t)v ^ sign, w;
	unsigned n = val_groups(u);

	if (__builtin_expect(n > 8, 0))
		return val_put_int(out, v);
	w = (val_scatter(u) ^ (sign & ~TOP_BITS)) << (64 - 8 * n);
	w = __builtin_bswap64(w);
	out[0] = (uint8_t)(0x40 + ((int)n ^ (int)sign) - (int)sign);
	memcpy(out + 1, &w, sizeof(w));
	return 1 + (size_t)n;
}

int64_t
val_int(const uint8_t *p)
{
	int d = (int)p[0] - 0x40;
	uint64_t sign = (uint64_t)(int64_t)(d >> 31), u;
	unsigned n = (unsigned)(d < 0 ? -d : d), i;

	if (n <= 8)
		return val_int_inline(p);
	u = val_gather(val_load(p + 1) ^ sign);
	for (i = 9; i <= n; i++)
		u = u << 7 | ((p[i] ^ sign) & 0x7f);
	return (int64_t)(u ^ sign);
}

i128
val_wide(const uint8_t *p)
{
	int d = (int)p[0] - 0x40;
	uint64_t sign = (uint64_t)(int64_t)(d >> 31);
	unsigned n = (unsigned)(d < 0 ? -d : d), i;
	u128 u;

	if (n <= 8)
		return val_int_inline(p);
	u = val_gather(val_load(p + 1) ^ sign);
	for (i = 9; i <= n; i++)
		u = u << 7 | ((p[i] ^ sign) & 0x7f);
	return d < 0 ? (i128)~u : (i128)u;
}

/* Encodes a float64 as ten groups of its bits, transformed so that unsigned order is numeric order. */
size_t
val_put_float(uint8_t *out, double v)
{
	static const uint64_t nan = UINT64_C(0x7ff8000000000000);
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	if (v != v)
		bits = nan;
	bits ^= bits >> 63 != 0 ? UINT64_MAX : UINT64_C(1) << 63;
	out[0] = 0x40 + 10;
	for (unsigned i = 10; i > 0; i--) {
		out[i] = (uint8_t)(bits | 0x80);
		bits >>= 7;
	}
	return VAL_INT_MAX;
}

bool
val_get_float(const uint8_t *p, size_t n, double *v)
{
	uint8_t again[VAL_INT_MAX];
	uint64_t bits = 0;

	if (n != VAL_INT_MAX)
		return false;
	for (unsigned i = 1; i <= 10; i++)
		bits = bits << 7 | (p[i] & 0x7f);
	bits ^= bits >> 63 != 0 ? UINT64_C(1) << 63 : UINT64_MAX;
	memcpy(v, &bits, sizeof(bits));
	val_put_float(again, *v);
	return memcmp(again, p, sizeof(again)) == 0;	/* canonical: top bits set, and the one NaN */
}

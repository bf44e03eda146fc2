/* Long division of 256 bits by 128. */
#include "expr/wide.h"

struct wide256 { u128 high, low; };

static u128
size_of(i128 v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

/* Multiplies by m < 2^64. Returns false on overflow. */
static bool
times(struct wide256 *w, uint64_t m)
{
	const u128 mask = UINT64_MAX;
	uint64_t part[4] = { (uint64_t)w->low, (uint64_t)(w->low >> 64), (uint64_t)w->high, (uint64_t)(w->high >> 64) };
	u128 carry = 0;

	for (unsigned i = 0; i < 4; i++) {
		carry += (u128)part[i] * m;
		part[i] = (uint64_t)(carry & mask);
		carry >>= 64;
	}
	w->low = (u128)part[1] << 64 | part[0];
	w->high = (u128)part[3] << 64 | part[2];
	return carry == 0;
}

static bool
times_pow10(struct wide256 *w, unsigned up)
{
	for (; up >= 19; up -= 19)
		if (!times(w, UINT64_C(10000000000000000000)))
			return false;
	return times(w, (uint64_t)num_pow10(up));
}

/* Divides by d, which is not 0. Returns false if the quotient exceeds 128 bits, else leaves the remainder in *r. */
static bool
divide(struct wide256 w, u128 d, u128 *q, u128 *r)
{
	u128 rest = w.high, quotient = 0;

	if (w.high == 0) {
		*q = w.low / d;
		*r = w.low % d;
		return true;
	}
	if (rest >= d)
		return false;
	for (unsigned i = 0; i < 128; i++) {
		bool carry = rest >> 127;

		rest = rest << 1 | (w.low >> (127 - i) & 1);
		quotient <<= 1;
		if (carry || rest >= d) {
			rest -= d;
			quotient |= 1;
		}
	}
	*q = quotient;
	*r = rest;
	return true;
}

/* Does a quotient with remainder r of d go one away from zero? */
static bool
goes_up(u128 q, u128 r, u128 d, bool minus, enum expr_rounding rounding)
{
	switch (rounding) {
	case EXPR_HALF_AWAY:
		return r >= d - r;
	case EXPR_HALF_EVEN:
		return r > d - r || (r == d - r && (q & 1));
	case EXPR_DOWN:
		return minus && r != 0;
	case EXPR_UP:
		return !minus && r != 0;
	default:
		return false;
	}
}

/*
 * Divides q + rest / d, below 10^38, by 10^down, and rounds. A power of ten is even, so of the rest it only matters
 * whether it is 0.
 */
static u128
lower_quotient(u128 q, bool rest, unsigned down, bool minus, enum expr_rounding rounding)
{
	u128 d, r;

	if (down > NUM_DIGITS)
		return (q != 0 || rest) && goes_up(0, 1, 4, minus, rounding);
	d = (u128)num_pow10(down);
	r = q % d;
	q /= d;
	/* twice as fine, so that the rest is below the smallest step */
	return q + ((r != 0 || rest) && goes_up(q, 2 * r + rest, 2 * d, minus, rounding));
}

bool
expr_quotient(i128 a, int up, i128 b, enum expr_rounding rounding, i128 *q)
{
	struct wide256 w = { 0, size_of(a) };
	u128 d = size_of(b), quotient, rest;
	bool minus = (a < 0) != (b < 0);

	if (!times_pow10(&w, up > 0 ? (unsigned)up : 0) || !divide(w, d, &quotient, &rest))
		return false;
	if (quotient >= (u128)num_pow10(NUM_DIGITS))
		return false;
	if (up < 0)
		quotient = lower_quotient(quotient, rest != 0, (unsigned)-up, minus, rounding);
	else
		quotient += goes_up(quotient, rest, d, minus, rounding);
	if (quotient >= (u128)num_pow10(NUM_DIGITS))
		return false;
	*q = minus ? -(i128)quotient : (i128)quotient;
	return true;
}

/* Returns (w modulo d), by taking the high half modulo d first. */
static u128
modulo(struct wide256 w, u128 d)
{
	u128 q, r;

	w.high %= d;
	(void)divide(w, d, &q, &r);
	return r;
}

i128
expr_remainder(i128 a, unsigned up, i128 b)
{
	struct wide256 w = { 0, size_of(a) };
	u128 r;

	(void)times_pow10(&w, up);		/* 10^76 fits */
	r = modulo(w, size_of(b));
	return a < 0 ? -(i128)r : (i128)r;
}

bool
expr_raise(i128 v, unsigned up, i128 *out)
{
	const i128 limit = num_pow10(NUM_DIGITS);

	return !__builtin_mul_overflow(v, num_pow10(up), out) && *out > -limit && *out < limit;
}

i128
expr_lower(i128 v, unsigned down, enum expr_rounding rounding)
{
	u128 n = size_of(v), d, q, r;

	if (down > NUM_DIGITS) {	/* at most a tenth: nothing but the direction is left */
		q = 0;
		d = 2 * (u128)num_pow10(NUM_DIGITS);
		r = n != 0;
	} else {
		d = (u128)num_pow10(down);
		q = n / d;
		r = n % d;
	}
	q += r != 0 && goes_up(q, r, d, v < 0, rounding);
	return v < 0 ? -(i128)q : (i128)q;
}

int
expr_order_scaled(i128 a, unsigned a_scale, i128 b, unsigned b_scale)
{
	bool raise_a = a_scale < b_scale;
	i128 *raised = raise_a ? &a : &b;
	unsigned up = raise_a ? b_scale - a_scale : a_scale - b_scale;
	bool above = *raised > 0;

	if (up > 0 && __builtin_mul_overflow(*raised, num_pow10(up), raised))	/* beyond any value of the other */
		return above == raise_a ? 1 : -1;
	return (a > b) - (a < b);
}

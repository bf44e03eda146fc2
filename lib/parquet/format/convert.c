/* Converts stored values to vector values. */
#include <string.h>

#include "parquet/format/convert.h"
#include "parquet/format/load.h"

enum { DAY_JULIAN = 2440588 };			/* Julian day number of 1970-01-01 */
#define DAY_MICROS INT64_C(86400000000)

static const char too_large[] = "a value does not fit its type";

bool
convert_is_copy(const struct pq_column *c, const struct meta_element *e)
{
	switch (c->shape) {
	case PQ_I32:
		return e->type == META_INT32;
	case PQ_I64:
		return e->type == META_INT64 && c->unit == PQ_MICROS;
	case PQ_F32:
		return e->type == META_FLOAT;
	case PQ_F64:
		return e->type == META_DOUBLE;
	default:
		return false;
	}
}

static inline int32_t
load32(const uint8_t *p)
{
	return (int32_t)load_u32(p);
}

static inline int64_t
load64(const uint8_t *p)
{
	return (int64_t)load_u64(p);
}

static const char *
from_int32(const struct pq_column *c, const uint8_t *p, size_t n, void *out)
{
	int64_t *v = out;
	i128 *w = out;
	size_t i;

	if (c->shape == PQ_I128)
		for (i = 0; i < n; i++)
			w[i] = load32(p + 4 * i);
	else if (c->type == PQ_UINT32)
		for (i = 0; i < n; i++)
			v[i] = (uint32_t)load32(p + 4 * i);
	else if (c->type == PQ_TIME)
		for (i = 0; i < n; i++)
			v[i] = load32(p + 4 * i) * (c->unit == PQ_MILLIS ? INT64_C(1000) : 1);
	else
		for (i = 0; i < n; i++)
			v[i] = load32(p + 4 * i);
	return NULL;
}

static const char *
from_millis(const uint8_t *p, size_t n, int64_t *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (__builtin_mul_overflow(load64(p + 8 * i), 1000, &out[i]))
			return too_large;
	return NULL;
}

static void
from_nanos(const uint8_t *p, size_t n, int64_t *out)
{
	size_t i;
	int64_t v;

	for (i = 0; i < n; i++) {
		v = load64(p + 8 * i);
		out[i] = v / 1000 - (v % 1000 < 0);
	}
}

static const char *
from_int64(const struct pq_column *c, const uint8_t *p, size_t n, void *out)
{
	i128 *w = out;
	size_t i;

	if (c->type == PQ_UINT64)
		for (i = 0; i < n; i++)
			w[i] = (uint64_t)load64(p + 8 * i);
	else if (c->shape == PQ_I128)
		for (i = 0; i < n; i++)
			w[i] = load64(p + 8 * i);
	else if (c->unit == PQ_MILLIS)
		return from_millis(p, n, out);
	else
		from_nanos(p, n, out);
	return NULL;
}

/*
 * Converts INT96, nanoseconds of the day and Julian day, without going through nanoseconds since 1970, which end in
 * 2262.
 */
static const char *
from_int96(const uint8_t *p, size_t n, int64_t *out)
{
	size_t i;
	int64_t nanos, day;

	for (i = 0; i < n; i++) {
		nanos = load64(p + 12 * i);
		day = (int64_t)load32(p + 12 * i + 8) - DAY_JULIAN;
		if (__builtin_mul_overflow(day, DAY_MICROS, &day) ||
		    __builtin_add_overflow(day, nanos / 1000 - (nanos % 1000 < 0), &out[i]))
			return too_large;
	}
	return NULL;
}

static float
half_to_float(const uint8_t *p)
{
	uint32_t h = (uint32_t)p[0] | (uint32_t)p[1] << 8, sign = (h & 0x8000) << 16, exp = h >> 10 & 0x1f, frac =
	    h & 0x3ff, bits;
	float v;

	if (exp == 0) {
		v = (float)frac / 16777216.0f;	/* subnormal: frac * 2^-24 */
		memcpy(&bits, &v, 4);
		bits |= sign;
	} else {
		bits = sign | (exp == 31 ? 0xff : exp + 112) << 23 | frac << 13;
	}
	memcpy(&v, &bits, 4);
	return v;
}

/* Converts big-endian two's complement of any length; zero bytes mean 0. */
static const char *
decimal(const uint8_t *p, size_t n, i128 *v)
{
	u128 u = n > 0 && p[0] >= 0x80 ? ~(u128)0 : 0;
	size_t i;

	for (; n > 16; p++, n--)
		if (*p != (uint8_t)u || (p[1] ^ *p) >= 0x80)
			return too_large;
	for (i = 0; i < n; i++)
		u = u << 8 | p[i];
	*v = (i128)u;
	return NULL;
}

static const char *
put_decimal(const struct pq_column *c, const uint8_t *p, size_t n, void *out, size_t i)
{
	const char *bad;
	i128 v;

	if ((bad = decimal(p, n, &v)) != NULL)
		return bad;
	if (c->shape == PQ_I128)
		((i128 *)out)[i] = v;
	else if (v != (int64_t)v)
		return too_large;
	else
		((int64_t *)out)[i] = (int64_t)v;
	return NULL;
}

static const char *
from_fixed(const struct pq_column *c, const struct meta_element *e, const uint8_t *p, size_t n, void *out)
{
	size_t i, width = (size_t)e->type_length;
	const char *bad = NULL;

	if (c->type == PQ_FLOAT)
		for (i = 0; i < n; i++)
			((float *)out)[i] = half_to_float(p + 2 * i);
	else
		for (i = 0; i < n && bad == NULL; i++)
			bad = put_decimal(c, p + i * width, width, out, i);
	return bad;
}

const char *
convert_fixed(const struct pq_column *c, const struct meta_element *e, const uint8_t *p, size_t n, void *out)
{
	if (convert_is_copy(c, e)) {
		if (n > 0)
			memcpy(out, p, n * pq_shape_size(c->shape));
		return NULL;
	}
	switch (e->type) {
	case META_INT32:
		return from_int32(c, p, n, out);
	case META_INT64:
		return from_int64(c, p, n, out);
	case META_INT96:
		return from_int96(p, n, out);
	case META_FIXED:
		return from_fixed(c, e, p, n, out);
	default:
		return "values of this type are not of fixed width";
	}
}

const char *
convert_bytes(const struct pq_column *c, const struct pq_bytes *p, size_t n, void *out)
{
	const char *bad = NULL;
	size_t i;

	for (i = 0; i < n && bad == NULL; i++) {
		if (c->type != PQ_FLOAT)
			bad = put_decimal(c, p[i].p, p[i].n, out, i);
		else if (p[i].n == 2)
			((float *)out)[i] = half_to_float(p[i].p);
		else
			bad = too_large;
	}
	return bad;
}

/* Minima and maxima. */
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "parquet/format/convert.h"
#include "parquet/format/stats.h"
#include "parquet/format/types.h"
#include "simd/simd.h"

int
pq_compare_bytes(struct pq_bytes a, struct pq_bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return d != 0 ? d : a.n < b.n ? -1 : a.n > b.n;
}

int
pq_compare(enum pq_shape shape, const union pq_value *a, const union pq_value *b)
{
	switch (shape) {
	case PQ_I128:
		return a->w < b->w ? -1 : a->w > b->w;
	case PQ_F32:
	case PQ_F64:
		return a->f < b->f ? -1 : a->f > b->f;
	case PQ_BYTES:
		return pq_compare_bytes(a->b, b->b);
	default:
		return a->i < b->i ? -1 : a->i > b->i;
	}
}

static void
widen(struct stats_range *r, enum pq_shape shape, const union pq_value *min, const union pq_value *max)
{
	if (!r->any || pq_compare(shape, min, &r->min) < 0)
		r->min = *min;
	if (!r->any || pq_compare(shape, max, &r->max) > 0)
		r->max = *max;
	r->any = true;
}

void
stats_merge(struct stats_range *r, enum pq_shape shape, const struct stats_range *other)
{
	r->nan |= other->nan;
	if (other->any)
		widen(r, shape, &other->min, &other->max);
}

/* Finds both among n >= 1 values. */
#define LEAST_GREATEST(name, type)									\
	static void											\
	name(const type *p, size_t n, type *min, type *max)						\
	{												\
		type least = p[0], greatest = p[0];							\
		size_t i;										\
													\
		for (i = 1; i < n; i++) {								\
			least = p[i] < least ? p[i] : least;						\
			greatest = p[i] > greatest ? p[i] : greatest;					\
		}											\
		*min = least;										\
		*max = greatest;									\
	}

LEAST_GREATEST(bounds_u8, uint8_t)
LEAST_GREATEST(bounds_i128, i128)

static void
widen_integers(struct stats_range *r, enum pq_shape shape, int64_t least, int64_t greatest)
{
	union pq_value min = { .i = least }, max = { .i = greatest };

	widen(r, shape, &min, &max);
}

static void
add_u8(struct stats_range *r, const uint8_t *p, size_t n)
{
	uint8_t least, greatest;

	bounds_u8(p, n, &least, &greatest);
	widen_integers(r, PQ_U8, least, greatest);
}

static void
add_i32(struct stats_range *r, const int32_t *p, size_t n)
{
	int32_t least, greatest;

	simd.bounds_i32(p, n, &least, &greatest);
	widen_integers(r, PQ_I32, least, greatest);
}

static void
add_i64(struct stats_range *r, const int64_t *p, size_t n)
{
	int64_t least, greatest;

	simd.bounds_i64(p, n, &least, &greatest);
	widen_integers(r, PQ_I64, least, greatest);
}

static void
add_i128(struct stats_range *r, const i128 *p, size_t n)
{
	union pq_value min, max;

	bounds_i128(p, n, &min.w, &max.w);
	widen(r, PQ_I128, &min, &max);
}

static void
add_double(struct stats_range *r, double v)
{
	union pq_value value = { .f = v };

	if (isnan(v))
		r->nan = true;
	else
		widen(r, PQ_F64, &value, &value);
}

void
stats_add(struct stats_range *r, enum pq_shape shape, const void *v, size_t n)
{
	union pq_value value;
	size_t i;

	if (n == 0)
		return;
	switch (shape) {
	case PQ_U8:
		add_u8(r, v, n);
		break;
	case PQ_I32:
		add_i32(r, v, n);
		break;
	case PQ_I64:
		add_i64(r, v, n);
		break;
	case PQ_I128:
		add_i128(r, v, n);
		break;
	case PQ_F32:
		for (i = 0; i < n; i++)
			add_double(r, ((const float *)v)[i]);
		break;
	case PQ_F64:
		for (i = 0; i < n; i++)
			add_double(r, ((const double *)v)[i]);
		break;
	case PQ_BYTES:
		for (i = 0; i < n; i++) {
			value.b = ((const struct pq_bytes *)v)[i];
			widen(r, shape, &value, &value);
		}
		break;
	}
}

size_t
stats_put(uint8_t *out, const struct meta_element *e, enum pq_shape shape, const union pq_value *v, bool max)
{
	size_t n = shape == PQ_U8 ? 1 : types_stored(e), i;
	double d = v->f == 0 ? (max ? 0.0 : -0.0) : v->f;
	float f = (float)d;

	switch (shape) {
	case PQ_I128:
		for (i = 0; i < n; i++)
			out[i] = (uint8_t)(v->w >> 8 * (n - 1 - i));
		break;
	case PQ_F32:
		memcpy(out, &f, 4);
		break;
	case PQ_F64:
		memcpy(out, &d, 8);
		break;
	default:
		memcpy(out, &v->i, n);
	}
	return n;
}

size_t
stats_cut_min(struct pq_bytes b, bool string, bool *exact)
{
	size_t n = b.n;

	*exact = n <= STATS_CUT;
	if (*exact)
		return n;
	n = STATS_CUT;
	while (string && n > STATS_CUT - 4 && (b.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/*
 * Increments the last character of out->p[begin..] that allows it and drops those after it. Returns false if none
 * does.
 */
static bool
raise_string(struct buf *out, size_t begin)
{
	uint32_t code;
	size_t at, n;
	uint8_t *p;

	while (out->len > begin) {
		for (at = out->len - 1; at > begin && (out->p[at] & 0xc0) == 0x80; at--)
			;
		p = out->p + at;
		n = out->len - at;
		if (utf8_len(p, n) != n)
			return false;
		code = n == 1 ? p[0] : n == 2 ? p[0] & 0x1fu : n == 3 ? p[0] & 0x0fu : p[0] & 0x07u;
		for (size_t i = 1; i < n; i++)
			code = code << 6 | (p[i] & 0x3f);
		code = code == 0xd7ff ? 0xe000 : code + 1;
		out->len = at;
		if (code > 0x10ffff)
			continue;
		p = buf_room(out, 4);
		if (code < 0x80) {
			p[0] = (uint8_t)code;
			out->len++;
		} else {
			n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
			for (size_t i = n; i-- > 1; code >>= 6)
				p[i] = (uint8_t)(0x80 | (code & 0x3f));
			p[0] = (uint8_t)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | code);
			out->len += n;
		}
		return true;
	}
	return false;
}

static bool
raise_binary(struct buf *out, size_t begin)
{
	for (; out->len > begin; out->len--)
		if (out->p[out->len - 1] != 0xff) {
			out->p[out->len - 1]++;
			return true;
		}
	return false;
}

bool
stats_cut_max(struct pq_bytes b, bool string, struct buf *out, bool *exact)
{
	size_t n = stats_cut_min(b, string, exact), begin = out->len;

	if (n > 0)
		buf_add(out, b.p, n);
	if (*exact)
		return true;
	if (string && utf8_ok(b.p, n))
		return raise_string(out, begin);
	return raise_binary(out, begin);
}

/* ---- reading ---- */

static bool
read_value(union pq_value *v, struct pq_bytes b, const struct pq_column *c, const struct meta_element *e)
{
	size_t stored = types_stored(e);
	union {
		int32_t i32;
		int64_t i64;
		i128 w;
		float f32;
		double f64;
	} u;

	if (c->shape == PQ_BYTES) {
		v->b = b;
		return e->type == META_BYTE_ARRAY || b.n == stored;
	}
	if (c->shape == PQ_U8) {
		v->i = b.n == 1 ? b.p[0] & 1 : 0;
		return b.n == 1;
	}
	if (e->type == META_BYTE_ARRAY ? convert_bytes(c, &b, 1, &u) != NULL : b.n != stored ||
	    convert_fixed(c, e, b.p, 1, &u) != NULL)
		return false;
	switch (c->shape) {
	case PQ_I32:
		v->i = u.i32;
		break;
	case PQ_I64:
		v->i = u.i64;
		break;
	case PQ_I128:
		v->w = u.w;
		break;
	case PQ_F32:
		v->f = u.f32;
		break;
	default:
		v->f = u.f64;
	}
	return c->shape < PQ_F32 || !isnan(v->f);
}

/* Returns true if the deprecated min and max fields use this type's order: signed comparison. */
static bool
is_signed(const struct pq_column *c, const struct meta_element *e)
{
	return (e->type == META_INT32 || e->type == META_INT64) && !types_of(c->type)->is_unsigned;
}

void
stats_read(struct pq_stats *s, const struct meta_stats *m, const struct pq_column *c, const struct meta_element *e,
    int order)
{
	struct pq_bytes min = m->min, max = m->max;

	s->has_min_max = false;
	if (min.p == NULL || max.p == NULL || order == 0) {
		min = m->old_min;
		max = m->old_max;
		if (min.p == NULL || max.p == NULL || !is_signed(c, e))
			return;
	} else if (order != 1) {
		return;
	}
	if (e->type == META_INT96 || e->logical == META_LOGICAL_UNKNOWN || (e->converted == META_CONV_INTERVAL) ||
	    c->refused != NULL)
		return;
	if (m->nans > 0 || !read_value(&s->min, min, c, e) || !read_value(&s->max, max, c, e))
		return;
	if (pq_compare(c->shape, &s->min, &s->max) > 0)
		return;
	s->has_min_max = true;
	s->min_exact = m->min_exact == 1 || (m->min_exact == -1 && c->shape != PQ_BYTES);
	s->max_exact = m->max_exact == 1 || (m->max_exact == -1 && c->shape != PQ_BYTES);
	if (c->shape == PQ_F32 || c->shape == PQ_F64) {
		s->min.f = s->min.f == 0 ? -0.0 : s->min.f;
		s->max.f = s->max.f == 0 ? 0.0 : s->max.f;
	}
}

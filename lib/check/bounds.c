/* The value range of a leaf. NaN is not part of it. */
#include <string.h>

#include "check/parts.h"

static int
compare_bytes(struct pq_bytes a, struct pq_bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return order != 0 ? order : a.n < b.n ? -1 : a.n > b.n;
}

static int
compare(enum pq_shape shape, const union pq_value *a, const union pq_value *b)
{
	switch (shape) {
	case PQ_I128:
		return a->w < b->w ? -1 : a->w > b->w;
	case PQ_F32: case PQ_F64:
		return a->f < b->f ? -1 : a->f > b->f;
	case PQ_BYTES:
		return compare_bytes(a->b, b->b);
	default:
		return a->i < b->i ? -1 : a->i > b->i;
	}
}

static union pq_value
value_at(enum pq_shape shape, const struct pq_vector *v, size_t i)
{
	switch (shape) {
	case PQ_U8:
		return (union pq_value){ .i = v->v.u8[i] };
	case PQ_I32:
		return (union pq_value){ .i = v->v.i32[i] };
	case PQ_I64:
		return (union pq_value){ .i = v->v.i64[i] };
	case PQ_I128:
		return (union pq_value){ .w = v->v.i128[i] };
	case PQ_F32:
		return (union pq_value){ .f = (double)v->v.f32[i] };
	case PQ_F64:
		return (union pq_value){ .f = v->v.f64[i] };
	default:
		return (union pq_value){ .b = v->v.bytes[i] };
	}
}

/* Sets a bound to a value and copies its bytes. */
static void
keep(union pq_value *bound, struct buf *own, enum pq_shape shape, const union pq_value *v)
{
	*bound = *v;
	if (shape != PQ_BYTES)
		return;
	own->len = 0;
	buf_room(own, v->b.n + 1);
	buf_add(own, v->b.p, v->b.n);
	bound->b.p = own->p;
}

static void
widen(struct check_range *r, enum pq_shape shape, const union pq_value *v)
{
	if ((shape == PQ_F32 || shape == PQ_F64) && v->f != v->f)
		return;
	if (!r->any || compare(shape, v, &r->min) < 0)
		keep(&r->min, &r->min_bytes, shape, v);
	if (!r->any || compare(shape, v, &r->max) > 0)
		keep(&r->max, &r->max_bytes, shape, v);
	r->any = true;
}

void
check_range_add(struct check_range *r, const struct pq_column *c, const struct pq_vector *v)
{
	union pq_value value;
	size_t i;

	for (i = 0; i < v->n; i++) {
		if (v->def != NULL && v->def[i] != c->max_def) {
			r->nulls++;
			continue;
		}
		value = value_at(c->shape, v, i);
		widen(r, c->shape, &value);
	}
	r->entries += v->n;
}

void
check_range_merge(struct check_range *r, const struct pq_column *c, const struct check_range *other)
{
	r->entries += other->entries;
	r->nulls += other->nulls;
	if (other->any) {
		widen(r, c->shape, &other->min);
		widen(r, c->shape, &other->max);
	}
}

void
check_range_clear(struct check_range *r)
{
	*r = (struct check_range){ .min_bytes = r->min_bytes, .max_bytes = r->max_bytes };
}

void
check_range_free(struct check_range *r)
{
	buf_free(&r->min_bytes);
	buf_free(&r->max_bytes);
}

bool
check_range_exceeds(const struct check_range *r, const struct pq_column *c, const union pq_value *min,
    const union pq_value *max)
{
	return r->any && ((min != NULL && compare(c->shape, &r->min, min) < 0) ||
	    (max != NULL && compare(c->shape, &r->max, max) > 0));
}

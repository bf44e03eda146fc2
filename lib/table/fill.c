/*
 * Encodes a column's values into slots, each a field followed by a TAB: short numbers eight at a time into slots of 8
 * bytes, where a kernel does that; others one by one into slots of SLOT bytes.
 */
#include "simd/simd.h"
#include "table/from.h"

enum { SHORT_SLOT = 8 };

/* Encodes a value of at most eight groups into the slot of row k; returns false if it has more. */
static inline bool
fill_int(struct from_column *c, size_t k, int64_t v)
{
	uint8_t *p = c->slot + k * SLOT, *end;

	if (val_groups((uint64_t)(v ^ v >> 63)) > 8)
		return false;
	end = put_int(p, v);
	*end = '\t';
	c->length[k] = (uint8_t)(end + 1 - p);
	return true;
}

static inline bool
fill_null(struct from_column *c, size_t k)
{
	c->slot[k * SLOT] = VAL_NULL;
	c->slot[k * SLOT + 1] = '\t';
	c->length[k] = 2;
	return !c->source.required;
}

static bool
fill_i32(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n; k++)
		good &= v->def != NULL && !v->def[rows[k]] ? fill_null(c, k) : fill_int(c, k, v->v.i32[rows[k]]);
	return good;
}

/* Like fill_int, also checking a decimal's limit. */
static inline bool
fill_narrow(struct from_column *c, size_t k, int64_t v)
{
	return (c->limit == 0 || (v < c->limit && v > -c->limit)) && fill_int(c, k, v);
}

static bool
fill_i64(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n && good; k++)
		good = v->def != NULL && !v->def[rows[k]] ? fill_null(c, k) : fill_narrow(c, k, v->v.i64[rows[k]]);
	return good;
}

static bool
fill_i128(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n && good; k++) {
		i128 w = v->v.i128[rows[k]];

		good = v->def != NULL && !v->def[rows[k]] ? fill_null(c, k) :
		    w == (int64_t)w && fill_narrow(c, k, (int64_t)w);
	}
	return good;
}

static bool
fill_dict(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n; k++) {
		const struct pq_bytes *b;

		if (v->def != NULL && !v->def[rows[k]]) {
			good &= fill_null(c, k);
			continue;
		}
		b = &c->dict[v->index[rows[k]]];
		memcpy(c->slot + k * SLOT, b->p, SLOT);
		c->length[k] = (uint8_t)(b->n + 1);
	}
	return good;
}

/* Encodes numbers whose fields are all short, in slots of 8 bytes. */
static bool
fill_short(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	struct simd_slots s = { .values = v->v.any, .size = (unsigned)pq_shape_size(c->shape), .def = v->def,
	    .required = c->source.required,
	    .most = c->limit != 0 && c->limit <= INT64_MAX ? (int64_t)c->limit - 1 : INT64_MAX };

	c->stride = SHORT_SLOT;
	return simd.slots(&s, rows, n, c->slot, c->length);
}

bool
from_fill(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	bool number = c->shape == PQ_I32 || c->shape == PQ_I64 || c->shape == PQ_I128;

	memset(c->length, 0, sizeof(c->length));
	if (number && simd.slots != NULL && fill_short(c, v, rows, n))
		return true;
	c->stride = SLOT;
	switch (c->shape) {
	case PQ_I32:
		return fill_i32(c, v, rows, n);
	case PQ_I64:
		return fill_i64(c, v, rows, n);
	case PQ_I128:
		return fill_i128(c, v, rows, n);
	case PQ_BYTES:
		return v->index != NULL && c->dict_short && fill_dict(c, v, rows, n);
	default:
		return false;
	}
}

/* Serializes states: to a temporary file and back, and as fields of a record. */
#include <string.h>

#include "agg/agg.h"

static void
save_sum(const struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side, struct buf *out)
{
	struct agg_wide sum = agg_sum_of(a, c, g, side);

	buf_add(out, &sum.low, sizeof(sum.low));
	buf_add(out, &sum.carry, sizeof(sum.carry));
}

static void
save_copy(const struct agg_copy *c, struct buf *out)
{
	uint32_t head[3] = { c != NULL, c != NULL ? c->nby : 0, c != NULL ? c->n : 0 };

	buf_add(out, head, sizeof(head));
	if (c != NULL)
		buf_add(out, c->bytes, (size_t)c->nby + c->n);
}

static size_t
extreme_size(enum agg_kind kind)
{
	return kind == CELL_MIN32 || kind == CELL_MAX32 ? 4 : kind == CELL_MIN64 || kind == CELL_MAX64 ? 8 : 16;
}

void
agg_save(const struct agg *a, uint32_t g, struct buf *out)
{
	const struct agg_cell *c;
	uint64_t count;

	for (c = a->cells; c < a->cells + a->ncells; c++) {
		switch (c->kind) {
		case CELL_COUNT:
			count = agg_count_of(a, c, g);
			buf_add(out, &count, sizeof(count));
			break;
		case CELL_SIDES:
		case CELL_SIDES_WIDE:
			save_sum(a, c, g, 0, out);
			save_sum(a, c, g, 1, out);
			break;
		case CELL_SUM:
		case CELL_SUM_WIDE:
			save_sum(a, c, g, 0, out);
			break;
		case CELL_FIRST:
		case CELL_LAST:
			save_copy(agg_copy_at(agg_cell_at(a, c, g)), out);
			break;
		default:
			buf_add(out, agg_cell_at(a, c, g), extreme_size(c->kind));
			break;
		}
	}
}

struct bytes {
	const uint8_t *p, *end;
};

static bool
take(struct bytes *in, void *to, size_t n)
{
	if ((size_t)(in->end - in->p) < n)
		return false;
	memcpy(to, in->p, n);
	in->p += n;
	return true;
}

static bool
load_sum(struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side, struct bytes *in)
{
	struct agg_wide sum;

	if (!take(in, &sum.low, sizeof(sum.low)) || !take(in, &sum.carry, sizeof(sum.carry)))
		return false;
	agg_set_sum(a, c, g, side, agg_add(agg_sum_of(a, c, g, side), sum));
	return true;
}

static bool
load_copy(struct agg *a, const struct agg_cell *c, uint32_t g, struct bytes *in)
{
	uint8_t *at = agg_cell_at(a, c, g);
	const struct agg_copy *have = agg_copy_at(at);
	uint32_t head[3];
	const uint8_t *p;
	int order;

	if (!take(in, head, sizeof(head)) || (size_t)(in->end - in->p) < (size_t)head[1] + head[2])
		return false;
	p = in->p;
	in->p += (size_t)head[1] + head[2];
	if (!head[0])
		return true;
	order = have == NULL ? 0 : agg_compare(p, head[1], have->bytes, have->nby);
	if (have == NULL || (c->kind == CELL_LAST ? order >= 0 : order < 0))
		agg_keep(a, at, p, head[1], p + head[1], head[2]);
	return true;
}

static bool
load_extreme(struct agg *a, const struct agg_cell *c, uint32_t g, struct bytes *in)
{
	uint8_t *at = agg_cell_at(a, c, g);
	int32_t x, y;
	int64_t v, w;
	i128 e;
	bool less;

	if (extreme_size(c->kind) == 4) {
		memcpy(&y, at, sizeof(y));
		if (!take(in, &x, sizeof(x)))
			return false;
		memcpy(at, (c->kind == CELL_MIN32) == (x < y) ? &x : &y, sizeof(x));
		return true;
	}
	if (extreme_size(c->kind) == 8) {
		memcpy(&w, at, sizeof(w));
		if (!take(in, &v, sizeof(v)))
			return false;
		memcpy(at, (c->kind == CELL_MIN64) == (v < w) ? &v : &w, sizeof(v));
		return true;
	}
	if (!take(in, &e, sizeof(e)))
		return false;
	less = e < agg_load_wide(at);
	if ((c->kind == CELL_MIN_WIDE) == less)
		agg_store_wide(at, e);
	return true;
}

static bool
load_cell(struct agg *a, const struct agg_cell *c, uint32_t g, struct bytes *in)
{
	uint64_t count;

	switch (c->kind) {
	case CELL_COUNT:
		if (!take(in, &count, sizeof(count)))
			return false;
		agg_set_count(a, c, g, agg_count_of(a, c, g) + count);
		return true;
	case CELL_SIDES:
	case CELL_SIDES_WIDE:
		return load_sum(a, c, g, 0, in) && load_sum(a, c, g, 1, in);
	case CELL_SUM:
	case CELL_SUM_WIDE:
		return load_sum(a, c, g, 0, in);
	case CELL_FIRST:
	case CELL_LAST:
		return load_copy(a, c, g, in);
	default:
		return load_extreme(a, c, g, in);
	}
}

bool
agg_load(struct agg *a, uint32_t g, const uint8_t *p, size_t n)
{
	struct bytes in = { p, p + n };
	size_t i;

	for (i = 0; i < a->ncells; i++) {
		if (!load_cell(a, &a->cells[i], g, &in))
			return false;
	}
	return in.p == in.end;
}

/* ---- As fields of a record ---- */

static bool
is_copy(const struct agg_cell *c)
{
	return c->kind == CELL_FIRST || c->kind == CELL_LAST;
}

size_t
agg_put_max(const struct agg *a, uint32_t g)
{
	const struct agg_copy *copy;
	size_t i, n = a->put_max;

	for (i = 0; i < a->nitems; i++) {
		const struct agg_cell *c = &a->cells[a->items[i].cell];

		n += a->items[i].result.len;
		if (is_copy(c) && (copy = agg_copy_at(agg_cell_at(a, c, g))) != NULL)
			n += (size_t)copy->nby + copy->n;
	}
	return n;
}

static uint8_t *
put_integer(uint8_t *out, i128 v)
{
	if (v >= INT64_MIN && v <= INT64_MAX)
		return out + val_put_int_fast(out, (int64_t)v);
	return out + val_put_wide(out, v);
}

static uint8_t *
put_null(uint8_t *out)
{
	*out++ = VAL_NULL;
	return out;
}

enum { INT64_DIGITS = 19 };

/* Returns NULL if the sum overflows its type. */
static uint8_t *
put_sum(const struct agg *a, const struct agg_item *item, const struct agg_cell *c, uint32_t g, uint8_t *out)
{
	bool sides = c->kind == CELL_SIDES || c->kind == CELL_SIDES_WIDE;
	struct agg_wide sum = agg_sum_of(a, c, g, item->function == AGG_DEBIT);

	if (item->function == AGG_NET)
		sum = agg_subtract(sum, agg_sum_of(a, c, g, 1));
	else if (item->function == AGG_SUM && sides)
		sum = agg_add(sum, agg_sum_of(a, c, g, 1));
	if (sum.carry != 0)
		return NULL;
	if (item->type.kind == VAL_DECIMAL && item->type.precision > INT64_DIGITS && sum.low == (int64_t)sum.low)
		return out + val_put_int_fast(out, (int64_t)sum.low);
	if (item->type.kind == VAL_DECIMAL) {
		i128 limit = num_pow10(item->type.precision);

		return sum.low < limit && sum.low > -limit ? put_integer(out, sum.low) : NULL;
	}
	return sum.low >= INT64_MIN && sum.low <= INT64_MAX ? put_integer(out, sum.low) : NULL;
}

static uint8_t *
put_copy(const struct agg_cell *c, const uint8_t *at, uint8_t *out)
{
	const struct agg_copy *copy = agg_copy_at(at);

	if (copy == NULL)
		return put_null(out);
	if (c->column == AGG_NONE) {
		memcpy(out, copy->bytes, copy->nby);
		return out + copy->nby;
	}
	memcpy(out, copy->bytes + copy->nby, copy->n);
	return out + copy->n;
}

static uint8_t *
put_extreme(const struct agg_item *item, const struct agg_cell *c, const uint8_t *at, uint8_t *out)
{
	int32_t small;
	int64_t v;
	double d;

	if (extreme_size(c->kind) == 16)
		return put_integer(out, agg_load_wide(at));
	if (extreme_size(c->kind) == 4) {
		memcpy(&small, at, sizeof(small));
		v = small;
	} else {
		memcpy(&v, at, sizeof(v));
	}
	if (val_of(item->type)->form == VAL_AS_BIT)
		return out + val_put_bool(out, v != 0);
	if (val_of(item->type)->form != VAL_AS_FLOAT)
		return out + val_put_int_fast(out, v);
	v = agg_float_order(v);
	memcpy(&d, &v, sizeof(d));
	return out + val_put_float(out, d);
}

static uint8_t *
put_item(const struct agg *a, const struct agg_item *item, uint32_t g, uint8_t *out)
{
	const struct agg_cell *c = &a->cells[item->cell];

	if (agg_is_of_values(item->function)) {
		memcpy(out, item->result.p, item->result.len);
		return out + item->result.len;
	}
	switch (c->kind) {
	case CELL_COUNT:
		return put_integer(out, (i128)agg_count_of(a, c, g));
	case CELL_SUM:
	case CELL_SIDES:
	case CELL_SUM_WIDE:
	case CELL_SIDES_WIDE:
		return put_sum(a, item, c, g, out);
	case CELL_FIRST:
	case CELL_LAST:
		return put_copy(c, agg_cell_at(a, c, g), out);
	default:
		if (item->seen != AGG_NONE && agg_count_of(a, &a->cells[item->seen], g) == 0)
			return put_null(out);
		return put_extreme(item, c, agg_cell_at(a, c, g), out);
	}
}

uint8_t *
agg_put(const struct agg *a, uint32_t g, uint8_t *out, size_t *bad)
{
	size_t i;

	for (i = 0; i < a->nitems; i++) {
		if (i > 0)
			*out++ = '\t';
		out = put_item(a, &a->items[i], g, out);
		if (out == NULL) {
			*bad = i;
			return NULL;
		}
	}
	return out;
}

/* Turns what a condition implies for every matching row into bounds of a table's columns. */
#include <stdlib.h>
#include <string.h>

#include "table/bounds.h"

struct bounds {
	const struct rec_header *h;
	const struct delta_snapshot *s;
	struct pool *pool;
	struct delta_bound **list;
	size_t *n;
};

/* Returns an integer clamped to 64 bits; since the column cannot hold more, the bound is as tight. */
static int64_t
narrow(const struct expr_encoded *in)
{
	i128 w = 0;

	(void)val_get_wide(in->p, in->n, &w);
	return w > INT64_MAX ? INT64_MAX : w < INT64_MIN ? INT64_MIN : (int64_t)w;
}

void
table_bound_value(struct pool *pool, const struct delta_column *c, const struct expr_encoded *in, union pq_value *out)
{
	uint8_t *text;

	memset(out, 0, sizeof(*out));
	switch (pq_shape(c->type, c->precision)) {
	case PQ_U8:
		out->i = *in->p == '1';
		break;
	case PQ_I32: case PQ_I64:
		out->i = narrow(in);
		break;
	case PQ_I128:
		(void)val_get_wide(in->p, in->n, &out->w);
		break;
	case PQ_F32: case PQ_F64:
		(void)val_get_float(in->p, in->n, &out->f);
		break;
	case PQ_BYTES:
		text = pool_alloc(pool, in->n + 1);
		out->b = (struct pq_bytes){ text, val_get_string(text, in->p, in->n) };
		break;
	}
}

static void
add(void *context, size_t column, const struct expr_encoded *low, const struct expr_encoded *high)
{
	struct bounds *b = context;
	int at = delta_column_find(b->s, b->h->columns[column].name);
	struct delta_bound bound = { .no_null = true, .has_low = low != NULL, .has_high = high != NULL };

	if (at < 0)
		return;
	bound.column = (size_t)at;
	if (low != NULL)
		table_bound_value(b->pool, &b->s->columns[at], low, &bound.low);
	if (high != NULL)
		table_bound_value(b->pool, &b->s->columns[at], high, &bound.high);
	*b->list = xreallocarray(*b->list, *b->n + 1, sizeof(**b->list));
	(*b->list)[(*b->n)++] = bound;
}

void
table_bounds(const struct expr *e, const struct rec_header *h, const struct delta_snapshot *s, struct pool *pool,
    struct delta_bound **bounds, size_t *n)
{
	struct bounds b = { h, s, pool, bounds, n };

	expr_each_bound(e, add, &b);
}

/* Derives bounds from predicates: a condition at the top level, joined only by ANDs, holds for every matching row. */
#include <stdlib.h>
#include <string.h>

#include "table/table.h"

struct bounds {
	const struct rec_header *h;
	const struct delta_snapshot *s;
	struct pool *pool;
	struct delta_bound **list;
	size_t *n;
};

/* Returns an integer clamped to 64 bits; since the column cannot hold more, the bound is as tight. */
static int64_t
narrow(const struct pred_value *in)
{
	i128 w = 0;

	(void)val_get_wide(in->p, in->n, &w);
	return w > INT64_MAX ? INT64_MAX : w < INT64_MIN ? INT64_MIN : (int64_t)w;
}

/* Converts a predicate's value to the table column's type. */
static void
set_value(struct bounds *b, const struct delta_column *c, const struct pred_value *in, union pq_value *out)
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
		text = pool_alloc(b->pool, in->n + 1);
		out->b = (struct pq_bytes){ text, val_get_string(text, in->p, in->n) };
		break;
	}
}

static void
add(struct bounds *b, size_t column, const struct pred_value *low, const struct pred_value *high)
{
	int at = delta_column_find(b->s, b->h->columns[column].name);
	struct delta_bound bound = { .no_null = true, .has_low = low != NULL, .has_high = high != NULL };

	if (at < 0)
		return;
	bound.column = (size_t)at;
	if (low != NULL)
		set_value(b, &b->s->columns[at], low, &bound.low);
	if (high != NULL)
		set_value(b, &b->s->columns[at], high, &bound.high);
	*b->list = xreallocarray(*b->list, *b->n + 1, sizeof(**b->list));
	(*b->list)[(*b->n)++] = bound;
}

static void
walk(struct bounds *b, const struct pred_node *node)
{
	const struct pred_node *child;

	switch (node->kind) {
	case PRED_AND:
		for (child = node->child; child != NULL; child = child->next)
			walk(b, child);
		break;
	case PRED_NOT:
		if (node->child->kind == PRED_NULL)
			add(b, node->child->column, NULL, NULL);
		break;
	case PRED_COMPARE:		/* bounds are inclusive, so < and > are widened */
		add(b, node->column,
		    node->op == PRED_EQ || node->op == PRED_GT || node->op == PRED_GE ? node->values : NULL,
		    node->op == PRED_EQ || node->op == PRED_LT || node->op == PRED_LE ? node->values : NULL);
		break;
	case PRED_COLUMNS:
		add(b, node->column, NULL, NULL);
		add(b, node->other, NULL, NULL);
		break;
	case PRED_IN:
		if (node->nvalues > 0)
			add(b, node->column, &node->values[0], &node->values[node->nvalues - 1]);
		break;
	case PRED_OR: case PRED_NULL:
		break;
	}
}

void
table_bounds(const struct pred *p, const struct rec_header *h, const struct delta_snapshot *s, struct pool *pool,
    struct delta_bound **bounds, size_t *n)
{
	struct bounds b = { h, s, pool, bounds, n };

	if (p->root != NULL)
		walk(&b, p->root);
}

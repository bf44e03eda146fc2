/* Evaluates a predicate for many records at a time: each node of the tree writes one byte per record. */
#include <string.h>

#include "pred/pred.h"

#define NULL_HEAD ((uint64_t)VAL_NULL << 56)

/* Result of each comparison if the left side is below, equal to, above the right one. */
static const uint8_t outcomes[][3] = {
	[PRED_EQ] = { PRED_FALSE, PRED_TRUE, PRED_FALSE },
	[PRED_NE] = { PRED_TRUE, PRED_FALSE, PRED_TRUE },
	[PRED_LT] = { PRED_TRUE, PRED_FALSE, PRED_FALSE },
	[PRED_LE] = { PRED_TRUE, PRED_TRUE, PRED_FALSE },
	[PRED_GT] = { PRED_FALSE, PRED_FALSE, PRED_TRUE },
	[PRED_GE] = { PRED_FALSE, PRED_TRUE, PRED_TRUE }
};

/* 0, 1, 2: below, equal, above. */
static inline unsigned
order(const uint8_t *p, size_t n, uint64_t head, const uint8_t *q, size_t m, uint64_t other)
{
	int c;

	if (head != other)
		return head > other ? 2 : 0;
	if (n <= 8 && m <= 8)
		return 1;
	c = memcmp(p, q, n < m ? n : m);
	if (c == 0)
		c = (n > m) - (n < m);
	return 1 + (c > 0) - (c < 0);
}

/* Returns a float's field, or that of 0 for -0: the two are equal. */
static struct rec_field
plus_zero(struct rec_field f)
{
	static const uint8_t minus[VAL_INT_MAX + VAL_PAD] = {
		0x4a, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	static const uint8_t plus[VAL_INT_MAX + VAL_PAD] = {
		0x4a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
	};

	if (f.n == VAL_INT_MAX && memcmp(f.p, minus, VAL_INT_MAX) == 0)
		f.p = plus;
	return f;
}

static void
compare(const struct pred_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	const uint8_t *outcome = outcomes[node->op];
	const struct pred_value *v = node->values;
	const uint32_t *off = b->off + from * b->stride + node->column;

	for (size_t i = 0; i < n; i++, off += b->stride) {
		const uint8_t *p = b->base + off[0];
		size_t len = (size_t)(off[1] - off[0]) - 1;
		uint64_t head = pred_head(p, len);

		truth[i] = head == NULL_HEAD ? PRED_UNKNOWN : outcome[order(p, len, head, v->p, v->n, v->head)];
	}
}

static void
compare_float(const struct pred_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	const uint8_t *outcome = outcomes[node->op];
	const struct pred_value *v = node->values;

	for (size_t i = 0; i < n; i++) {
		struct rec_field f = plus_zero(rec_field(rec_at(b, from + i), node->column));
		uint64_t head = pred_head(f.p, f.n);

		truth[i] = head == NULL_HEAD ? PRED_UNKNOWN : outcome[order(f.p, f.n, head, v->p, v->n, v->head)];
	}
}

/* Compares two decimals of different scales exactly: rescales the one of the smaller scale. */
static unsigned
order_scaled(i128 x, unsigned x_scale, i128 y, unsigned y_scale)
{
	bool raise_x = x_scale < y_scale;
	i128 *raised = raise_x ? &x : &y;
	unsigned up = raise_x ? y_scale - x_scale : x_scale - y_scale;
	bool above = *raised > 0;

	if (__builtin_mul_overflow(*raised, num_pow10(up), raised))	/* larger than any value of the other */
		return above == raise_x ? 2 : 0;
	return 1 + (x > y) - (x < y);
}

static void
compare_columns(const struct pred_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	const uint8_t *outcome = outcomes[node->op];
	bool scaled = node->type.scale != node->other_type.scale, is_float = node->type.kind == VAL_FLOAT64;

	for (size_t i = 0; i < n; i++) {
		struct rec r = rec_at(b, from + i);
		struct rec_field x = rec_field(r, node->column), y = rec_field(r, node->other);

		if (rec_is_null(r, node->column) || rec_is_null(r, node->other)) {
			truth[i] = PRED_UNKNOWN;
			continue;
		}
		if (scaled) {
			truth[i] = outcome[order_scaled(val_wide(x.p), node->type.scale, val_wide(y.p),
			    node->other_type.scale)];
			continue;
		}
		if (is_float) {
			x = plus_zero(x);
			y = plus_zero(y);
		}
		truth[i] = outcome[order(x.p, x.n, pred_head(x.p, x.n), y.p, y.n, pred_head(y.p, y.n))];
	}
}

static bool
is_member(const struct pred_node *node, struct rec_field f, uint64_t head)
{
	size_t low = 0, high = node->nvalues;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pred_value *v = &node->values[middle];
		unsigned o = order(f.p, f.n, head, v->p, v->n, v->head);

		if (o == 1)
			return true;
		if (o == 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static void
member(const struct pred_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	bool is_float = node->type.kind == VAL_FLOAT64;

	for (size_t i = 0; i < n; i++) {
		struct rec_field f = rec_field(rec_at(b, from + i), node->column);
		uint64_t head;

		if (is_float)
			f = plus_zero(f);
		head = pred_head(f.p, f.n);
		truth[i] = head == NULL_HEAD ? PRED_UNKNOWN : is_member(node, f, head) ? PRED_TRUE : PRED_FALSE;
	}
}

static void
is_null(const struct pred_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	for (size_t i = 0; i < n; i++)
		truth[i] = rec_is_null(rec_at(b, from + i), node->column) ? PRED_TRUE : PRED_FALSE;
}

static void
least(uint8_t *restrict truth, const uint8_t *restrict other, size_t n)
{
	for (size_t i = 0; i < n; i++)
		truth[i] = truth[i] < other[i] ? truth[i] : other[i];
}

static void
greatest(uint8_t *restrict truth, const uint8_t *restrict other, size_t n)
{
	for (size_t i = 0; i < n; i++)
		truth[i] = truth[i] > other[i] ? truth[i] : other[i];
}

static void
eval(const struct pred_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth, uint8_t *scratch)
{
	switch (node->kind) {
	case PRED_COMPARE:
		(node->type.kind == VAL_FLOAT64 ? compare_float : compare)(node, b, from, n, truth);
		break;
	case PRED_COLUMNS:
		compare_columns(node, b, from, n, truth);
		break;
	case PRED_IN:
		member(node, b, from, n, truth);
		break;
	case PRED_NULL:
		is_null(node, b, from, n, truth);
		break;
	case PRED_NOT:
		eval(node->child, b, from, n, truth, scratch);
		for (size_t i = 0; i < n; i++)
			truth[i] = (uint8_t)(PRED_TRUE - truth[i]);
		break;
	case PRED_AND:
	case PRED_OR:
		eval(node->child, b, from, n, truth, scratch);
		for (const struct pred_node *c = node->child->next; c != NULL; c = c->next) {
			eval(c, b, from, n, scratch, scratch + PRED_CHUNK);
			(node->kind == PRED_AND ? least : greatest)(truth, scratch, n);
		}
		break;
	}
}

void
pred_eval(const struct pred *p, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	eval(p->root, b, from, n, truth, p->scratch);
}

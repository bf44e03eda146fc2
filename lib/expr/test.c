/* Conditions on the encoded fields of a batch, which need no decoding: one byte per record. */
#include <stdlib.h>
#include <string.h>

#include "expr/node.h"

#define NULL_HEAD ((uint64_t)VAL_NULL << 56)

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
compare(const struct expr_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	const uint8_t *outcome = expr_outcomes[node->op];
	const struct expr_encoded *v = node->values;
	const uint32_t *off = b->off + from * b->stride + node->column;

	for (size_t i = 0; i < n; i++, off += b->stride) {
		const uint8_t *p = b->base + off[0];
		size_t len = (size_t)(off[1] - off[0]) - 1;
		uint64_t head = expr_head(p, len);

		truth[i] = head == NULL_HEAD ? EXPR_UNKNOWN : outcome[order(p, len, head, v->p, v->n, v->head)];
	}
}

static void
compare_float(const struct expr_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	const uint8_t *outcome = expr_outcomes[node->op];
	const struct expr_encoded *v = node->values;

	for (size_t i = 0; i < n; i++) {
		struct rec_field f = plus_zero(rec_field(rec_at(b, from + i), node->column));
		uint64_t head = expr_head(f.p, f.n);

		truth[i] = head == NULL_HEAD ? EXPR_UNKNOWN : outcome[order(f.p, f.n, head, v->p, v->n, v->head)];
	}
}

static void
compare_columns(const struct expr_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	const uint8_t *outcome = expr_outcomes[node->op];
	unsigned scale = node->args[0]->type.scale;
	bool scaled = scale != node->other_type.scale, is_float = node->args[0]->type.kind == VAL_FLOAT64;

	for (size_t i = 0; i < n; i++) {
		struct rec r = rec_at(b, from + i);
		struct rec_field x = rec_field(r, node->column), y = rec_field(r, node->other);

		if (rec_is_null(r, node->column) || rec_is_null(r, node->other)) {
			truth[i] = EXPR_UNKNOWN;
			continue;
		}
		if (scaled) {
			truth[i] = outcome[1 + expr_order_scaled(val_wide(x.p), scale, val_wide(y.p),
			    node->other_type.scale)];
			continue;
		}
		if (is_float) {
			x = plus_zero(x);
			y = plus_zero(y);
		}
		truth[i] = outcome[order(x.p, x.n, expr_head(x.p, x.n), y.p, y.n, expr_head(y.p, y.n))];
	}
}

static bool
is_member(const struct expr_node *node, struct rec_field f, uint64_t head)
{
	size_t low = 0, high = node->nvalues;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct expr_encoded *v = &node->values[middle];
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
member(const struct expr_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	bool is_float = node->args[0]->type.kind == VAL_FLOAT64;

	for (size_t i = 0; i < n; i++) {
		struct rec_field f = rec_field(rec_at(b, from + i), node->column);
		uint64_t head;

		if (is_float)
			f = plus_zero(f);
		head = expr_head(f.p, f.n);
		truth[i] = head == NULL_HEAD ? EXPR_UNKNOWN : is_member(node, f, head) ? EXPR_TRUE : EXPR_FALSE;
	}
}

static void
is_null(const struct expr_node *node, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth)
{
	for (size_t i = 0; i < n; i++)
		truth[i] = rec_is_null(rec_at(b, from + i), node->column) ? EXPR_TRUE : EXPR_FALSE;
}

void
expr_test_eval(const struct expr_node *n, const struct rec_batch *b, size_t from, size_t n_records, uint8_t *truth)
{
	switch (n->kind) {
	case EXPR_TEST_VALUE:
		(n->args[0]->type.kind == VAL_FLOAT64 ? compare_float : compare)(n, b, from, n_records, truth);
		break;
	case EXPR_TEST_COLUMNS:
		compare_columns(n, b, from, n_records, truth);
		break;
	case EXPR_TEST_IN:
		member(n, b, from, n_records, truth);
		break;
	default:
		is_null(n, b, from, n_records, truth);
	}
}

/* ---- making them ---- */

/* Encodes a constant as a value of a column's type; false where that has no such value. */
static bool
encode(struct expr *e, const struct expr_node *constant, struct val_type t, struct expr_encoded *out)
{
	struct expr_value v = constant->value;
	unsigned scale = constant->type.scale;
	uint8_t *bytes;

	if (constant->kind != EXPR_CONSTANT || v.null)
		return false;
	if (constant->type.kind == VAL_DECIMAL && scale > t.scale) {
		if (v.w % num_pow10(scale - t.scale) != 0)
			return false;
		v.w /= num_pow10(scale - t.scale);
	} else if (expr_is_exact(constant->type) && !expr_raise(v.w, t.scale - scale, &v.w))
		return false;
	v.f += 0.0;		/* turns -0 into the 0 that compare_float uses */
	bytes = pool_alloc(&e->pool, (t.kind == VAL_STRING ? 2 * v.s.n : 0) + 2 * VAL_WIDE_MAX + VAL_PAD);
	memset(bytes, 0, VAL_PAD);
	out->n = expr_encode(t, &v, bytes);
	out->p = bytes;
	out->head = expr_head(out->p, out->n);
	return true;
}

static int
by_bytes(const void *a, const void *b)
{
	const struct expr_encoded *x = a, *y = b;
	int c = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return c != 0 ? c : (x->n > y->n) - (x->n < y->n);
}

static void
make_in(struct expr *e, struct expr_node *n)
{
	struct expr_encoded *values = pool_alloc(&e->pool, (n->nargs - 1) * sizeof(*values));

	for (size_t i = 1; i < n->nargs; i++)
		if (!encode(e, n->args[i], n->args[0]->type, &values[i - 1]))
			return;
	n->kind = EXPR_TEST_IN;
	n->values = values;
	n->nvalues = n->nargs - 1;
	qsort(values, n->nvalues, sizeof(*values), by_bytes);
}

static void
make_compare(struct expr *e, struct expr_node *n)
{
	static const enum expr_op mirrored[] = { EXPR_EQ, EXPR_NE, EXPR_GT, EXPR_GE, EXPR_LT, EXPR_LE };
	struct expr_node *left = n->args[0], *right = n->args[1];
	struct expr_encoded *value;

	if (right->kind == EXPR_COLUMN && left->kind == EXPR_COLUMN) {
		n->kind = EXPR_TEST_COLUMNS;
		n->column = left->column;
		n->other = right->column;
		n->other_type = right->type;
		return;
	}
	if (right->kind == EXPR_COLUMN) {
		left = right;
		right = n->args[0];
	}
	if (left->kind != EXPR_COLUMN)
		return;
	value = pool_alloc(&e->pool, sizeof(*value));
	if (!encode(e, right, left->type, value))
		return;
	if (left != n->args[0])
		n->op = mirrored[n->op];
	n->kind = EXPR_TEST_VALUE;
	n->args[0] = left;
	n->args[1] = right;
	n->column = left->column;
	n->values = value;
	n->nvalues = 1;
}

void
expr_test_make(struct expr *e, struct expr_node *n)
{
	if (n->kind == EXPR_COMPARE) {
		make_compare(e, n);
	} else if (n->args[0]->kind == EXPR_COLUMN) {
		n->column = n->args[0]->column;
		if (n->kind == EXPR_IN)
			make_in(e, n);
		else
			n->kind = EXPR_TEST_NULL;
	}
	n->safe = n->kind == EXPR_TEST_VALUE || n->kind == EXPR_TEST_COLUMNS || n->kind == EXPR_TEST_IN ||
	    n->kind == EXPR_TEST_NULL;
}

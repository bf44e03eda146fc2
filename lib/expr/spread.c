/*
 * The arithmetic of aggregates that are made of others: a quantile between two values, and the variance and standard
 * deviation from sums. Exact up to the one rounding of the result.
 */
#include "expr/node.h"

static const char *const too_large = "the result has more than 38 digits";

static i128
minus(i128 v)
{
	return -v;
}

/* low + (high - low) * rest, times `whole`, where (n - 1) * share / whole has that rest: low, high, n, share, whole. */
static bool
check_between(struct expr_check *c, struct expr_node *n)
{
	(void)c;
	return expr_strict(n, expr_decimal(NUM_DIGITS, n->args[0]->type.scale));
}

static const char *
between_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	i128 whole = a[4].w, rest = (a[2].w - 1) * a[3].w % whole, below;

	(void)run;
	if (__builtin_mul_overflow(a[0].w, whole - rest, &below) || __builtin_mul_overflow(a[1].w, rest, &out->w) ||
	    __builtin_add_overflow(out->w, below, &out->w) || !expr_holds(n->type, out->w))
		return too_large;
	return NULL;
}

const struct expr_function expr_between = { "quantile", 5, 5, false, check_between, between_row, NULL };

/* x * x with all its digits, up to 38. */
static bool
check_square(struct expr_check *c, struct expr_node *n)
{
	struct val_type t = expr_as_decimal(n->args[0]->type);

	if (!expr_is_exact(n->args[0]->type))
		return expr_refuse(c, n, "%s is of type %s: a variance is known of integers and decimals",
		    expr_shown(c->e, n->args[0]), expr_type_name(n->args[0]->type));
	if (2 * t.scale > NUM_DIGITS)
		return expr_refuse(c, n, "the square of a %s has more than %d decimals", expr_type_name(t), NUM_DIGITS);
	return expr_strict(n, expr_decimal(2U * t.precision, 2U * t.scale));
}

static const char *
square_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	return __builtin_mul_overflow(a[0].w, a[0].w, &out->w) || !expr_holds(n->type, out->w) ? too_large : NULL;
}

const struct expr_function expr_square = { "square", 1, 1, false, check_square, square_row, NULL };

/* n * (sum of squares) - (sum)^2: sum of squares, sum, n. */
static bool
check_spread(struct expr_check *c, struct expr_node *n)
{
	(void)c;
	return expr_strict(n, expr_decimal(NUM_DIGITS, n->args[0]->type.scale));
}

static const char *
spread_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	i128 square;

	(void)run;
	if (__builtin_mul_overflow(a[0].w, a[2].w, &out->w) || __builtin_mul_overflow(a[1].w, a[1].w, &square) ||
	    __builtin_add_overflow(out->w, minus(square), &out->w) || !expr_holds(n->type, out->w))
		return too_large;
	return NULL;
}

const struct expr_function expr_spread = { "variance", 3, 3, false, check_spread, spread_row, NULL };

/* n * (n - 1), null for n below 2. */
static bool
check_pairs(struct expr_check *c, struct expr_node *n)
{
	(void)c;
	n->type = expr_decimal(NUM_DIGITS, 0);
	return true;
}

static const char *
pairs_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	(void)n;
	out->w = a[0].w * (a[0].w - 1);
	out->null = a[0].w < 2;
	return NULL;
}

const struct expr_function expr_pairs = { "n * (n - 1)", 1, 1, true, check_pairs, pairs_row, NULL };

/* The square root of a quotient, rounded once half away from zero; the quotient has an even scale. */
static bool
check_root(struct expr_check *c, struct expr_node *n)
{
	unsigned scale = n->args[0]->type.scale / 2;

	(void)c;
	return expr_strict(n, expr_decimal(NUM_DIGITS, scale > 6 ? scale : 6));
}

/* The largest whole number whose square is at most v. */
static u128
whole_root(u128 v)
{
	u128 root = 0;

	for (u128 bit = (u128)1 << 63; bit != 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= v)
			root += bit;
	return root;
}

/* The root of four times the quotient is twice the root: its last bit decides the rounding. */
static const char *
root_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	int up = 2 * (int)n->type.scale - (int)n->args[0]->type.scale;
	i128 quotient;

	(void)run;
	if (__builtin_mul_overflow(a[0].w, 4, &quotient) ||
	    !expr_quotient(quotient, up, a[1].w, EXPR_DOWN, &quotient))
		return too_large;
	out->w = (i128)((whole_root((u128)quotient) + 1) / 2);
	return NULL;
}

const struct expr_function expr_root = { "stddev", 2, 2, false, check_root, root_row, NULL };

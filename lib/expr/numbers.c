/* Operators and functions of numbers, by the table of acct-expr(7), DECIMALS. */
#include <math.h>
#include <string.h>

#include "expr/node.h"

static const char too_large[] = "more than the type holds", by_zero[] = "division by zero";

/* ---- types ---- */

static bool
is_loose(const struct expr_node *n)
{
	return n->kind == EXPR_CONSTANT && n->literal != EXPR_TYPED;
}

static bool
is_number(struct val_type t)
{
	return expr_is_exact(t) || t.kind == VAL_FLOAT64;
}

static bool
refuse_pair(struct expr_check *c, const struct expr_node *n)
{
	const struct expr_node *x = n->args[0], *y = n->args[1];

	return expr_refuse(c, y, "'%s' does not take %s and %s: %s", n->function->name,
	    x->kind == EXPR_INTERVAL ? "an interval" : expr_type_name(x->type),
	    y->kind == EXPR_INTERVAL ? "an interval" : expr_type_name(y->type), expr_shown(c->e, n));
}

/* Gives a literal that is no number the type of the number beside it, and a number beside a float64 that. */
static bool
settle(struct expr_check *c, struct expr_node **arg, const struct expr_node *other)
{
	if (!is_loose(*arg) || !is_number(other->type))
		return true;
	if ((*arg)->literal != EXPR_NUMBER && !is_loose(other))
		return expr_take(c, arg, other->type);
	if ((*arg)->literal == EXPR_NUMBER && other->type.kind == VAL_FLOAT64)
		return expr_take(c, arg, expr_float64);
	return true;
}

static bool
is_whole(const struct expr_node *n)
{
	return n->literal == EXPR_NUMBER && n->type.kind == VAL_DECIMAL && n->type.scale == 0 &&
	    expr_holds(expr_int64, n->value.w);
}

/* Are both integers, one of them perhaps a whole number as written? */
static bool
are_ints(const struct expr_node *x, const struct expr_node *y)
{
	return (expr_is_int(x->type) && (expr_is_int(y->type) || is_whole(y))) ||
	    (is_whole(x) && expr_is_int(y->type));
}

/* Settles the arguments: integers give an int64, float64s a float64, else both are exact. */
static bool
numeric(struct expr_check *c, struct expr_node *n, bool floats)
{
	if (!settle(c, &n->args[0], n->args[1]) || !settle(c, &n->args[1], n->args[0]))
		return false;
	if (floats && n->args[0]->type.kind == VAL_FLOAT64 && n->args[1]->type.kind == VAL_FLOAT64)
		return expr_strict(n, expr_float64);
	if (!expr_is_exact(n->args[0]->type) || !expr_is_exact(n->args[1]->type))
		return refuse_pair(c, n);
	return expr_strict(n, expr_int64);
}

static unsigned
whole_digits(struct val_type t)
{
	return (unsigned)(t.precision - t.scale);
}

static bool
check_sum(struct expr_check *c, struct expr_node *n)
{
	struct val_type x, y;
	unsigned scale, whole;

	if (expr_date_sum(c, n))
		return c->err->status == 0;
	if (!numeric(c, n, true))
		return false;
	if (n->type.kind == VAL_FLOAT64 || are_ints(n->args[0], n->args[1]))
		return true;
	x = expr_as_decimal(n->args[0]->type);
	y = expr_as_decimal(n->args[1]->type);
	scale = x.scale > y.scale ? x.scale : y.scale;
	whole = whole_digits(x) > whole_digits(y) ? whole_digits(x) : whole_digits(y);
	n->type = expr_decimal(whole + scale + 1, scale);
	return true;
}

static bool
check_product(struct expr_check *c, struct expr_node *n)
{
	struct val_type x, y;

	if (!numeric(c, n, true))
		return false;
	if (n->type.kind == VAL_FLOAT64 || are_ints(n->args[0], n->args[1]))
		return true;
	x = expr_as_decimal(n->args[0]->type);
	y = expr_as_decimal(n->args[1]->type);
	if (x.scale + y.scale > NUM_DIGITS)
		return expr_refuse(c, n, "%s has %u decimals, more than %d: round one of the two first",
		    expr_shown(c->e, n), x.scale + y.scale, NUM_DIGITS);
	n->type = expr_decimal(x.precision + y.precision, x.scale + y.scale);
	return true;
}

/* A quotient's number is the power of ten by which the dividend is raised. */
static bool
check_quotient(struct expr_check *c, struct expr_node *n)
{
	struct val_type x, y;
	unsigned scale, whole, most;

	if (!numeric(c, n, true) || n->type.kind == VAL_FLOAT64)
		return c->err->status == 0;
	x = expr_as_decimal(n->args[0]->type);
	y = expr_as_decimal(n->args[1]->type);
	whole = whole_digits(x) + y.scale;
	scale = x.scale + y.precision + 1U;
	if (scale < 6)
		scale = 6;
	if (whole + scale > NUM_DIGITS) {
		most = whole < NUM_DIGITS ? NUM_DIGITS - whole : 0;
		scale = scale < most ? scale : most;
		if (scale < 6)
			scale = 6;
	}
	n->type = expr_decimal(whole + scale, scale);
	n->number = (int)scale + y.scale - x.scale;
	n->rounding = EXPR_HALF_AWAY;
	return true;
}

static bool
check_whole(struct expr_check *c, struct expr_node *n)
{
	struct val_type x, y;

	if (!numeric(c, n, false))
		return false;
	x = expr_as_decimal(n->args[0]->type);
	y = expr_as_decimal(n->args[1]->type);
	n->number = y.scale - x.scale;
	n->rounding = EXPR_TOWARD_ZERO;
	if (!are_ints(n->args[0], n->args[1]))
		n->type = expr_decimal(whole_digits(x) + y.scale, 0);
	return true;
}

static bool
check_remainder(struct expr_check *c, struct expr_node *n)
{
	struct val_type x, y;
	unsigned scale, whole;

	if (!numeric(c, n, false))
		return false;
	if (are_ints(n->args[0], n->args[1]))
		return true;
	x = expr_as_decimal(n->args[0]->type);
	y = expr_as_decimal(n->args[1]->type);
	scale = x.scale > y.scale ? x.scale : y.scale;
	whole = whole_digits(x) < whole_digits(y) ? whole_digits(x) : whole_digits(y);
	n->type = expr_decimal(whole + scale, scale);
	return true;
}

static bool
check_sign(struct expr_check *c, struct expr_node *n)
{
	if (!is_number(n->args[0]->type))
		return expr_refuse(c, n, "a sign goes before a number: %s is of type %s",
		    expr_shown(c->e, n->args[0]), expr_type_name(n->args[0]->type));
	return expr_strict(n, n->args[0]->type);
}

/* ---- + - * ---- */

static u128
size_of(i128 v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

/* x * 10^up + y * 10^y_up, where up or y_up is 0; false beyond 38 digits. */
static bool
add_scaled(i128 x, unsigned up, i128 y, unsigned y_up, i128 *sum)
{
	const u128 limit = (u128)num_pow10(NUM_DIGITS);
	u128 a = size_of(x), b = size_of(y), m;
	bool minus = x < 0;

	if (__builtin_mul_overflow(a, (u128)num_pow10(up), &a) || __builtin_mul_overflow(b, (u128)num_pow10(y_up), &b))
		return false;
	if ((x < 0) == (y < 0)) {
		if (a >= limit || b >= limit)
			return false;
		m = a + b;
	} else {
		m = a > b ? a - b : b - a;
		minus = a > b ? x < 0 : y < 0;
	}
	*sum = minus ? -(i128)m : (i128)m;
	return m < limit;
}

static void
add_all(struct expr_run *run, const struct expr_node *n, struct expr_vector *const *args, struct expr_vector *out)
{
	unsigned x = n->args[0]->type.scale, y = n->args[1]->type.scale, s = n->type.scale;
	bool minus = n->function->name[0] == '-', same = x == y;
	const i128 *a = args[0]->w, *b = args[1]->w;

	for (size_t i = 0; i < run->n; i++) {
		i128 other;
		bool ok;

		if (out->null[i])
			continue;
		other = minus ? -b[i] : b[i];
		if (same)
			ok = !__builtin_add_overflow(a[i], other, &out->w[i]);
		else
			ok = add_scaled(a[i], s - x, other, s - y, &out->w[i]);
		if (!ok || !expr_holds(n->type, out->w[i]))
			expr_fault(run, n, i, too_large, out);
	}
}

static void
multiply_all(struct expr_run *run, const struct expr_node *n, struct expr_vector *const *args, struct expr_vector *out)
{
	for (size_t i = 0; i < run->n; i++)
		if (!out->null[i] && (__builtin_mul_overflow(args[0]->w[i], args[1]->w[i], &out->w[i]) ||
		    !expr_holds(n->type, out->w[i])))
			expr_fault(run, n, i, too_large, out);
}

/* A float64 that is not finite comes of one that is not, or is a fault. */
static const char *
float_result(double x, double y, double result, struct expr_value *out)
{
	out->f = result;
	return isfinite(result) || !isfinite(x) || !isfinite(y) ? NULL : too_large;
}

static const char *
add_floats(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	return float_result(a[0].f, a[1].f, n->function->name[0] == '-' ? a[0].f - a[1].f : a[0].f + a[1].f, out);
}

static const char *
multiply_floats(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	(void)n;
	return float_result(a[0].f, a[1].f, a[0].f * a[1].f, out);
}

/* ---- / // % ---- */

static const char *
divide(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	if (n->type.kind == VAL_FLOAT64)
		return a[1].f == 0 ? by_zero : float_result(a[0].f, a[1].f, a[0].f / a[1].f, out);
	if (a[1].w == 0)
		return by_zero;
	if (!expr_quotient(a[0].w, n->number, a[1].w, n->rounding, &out->w) ||
	    !expr_raise(out->w, (unsigned)n->column, &out->w) || !expr_holds(n->type, out->w))
		return too_large;
	return NULL;
}

static const char *
remainder_of(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	unsigned x = n->args[0]->type.scale, y = n->args[1]->type.scale;
	i128 divisor = a[1].w;

	(void)run;
	if (divisor == 0)
		return by_zero;
	if (x > y && __builtin_mul_overflow(divisor, num_pow10(x - y), &divisor))
		out->w = a[0].w;	/* a divisor larger than any dividend */
	else
		out->w = expr_remainder(a[0].w, y > x ? y - x : 0, divisor);
	return NULL;
}

static const char *
negative(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	out->f = -a[0].f;
	out->w = -a[0].w;
	return n->type.kind == VAL_FLOAT64 || expr_holds(n->type, out->w) ? NULL : too_large;
}

static const char *
positive(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	(void)n;
	*out = a[0];
	return NULL;
}

/* ---- rounding ---- */

/* The second argument, a whole number as written; 0 where there is none. */
static bool
places(struct expr_check *c, const struct expr_node *n, int *count)
{
	*count = 0;
	if (n->nargs == 1)
		return true;
	if (n->args[1]->kind != EXPR_CONSTANT || !is_whole(n->args[1]) || n->args[1]->value.w < -NUM_DIGITS ||
	    n->args[1]->value.w > NUM_DIGITS)
		return expr_refuse(c, n->args[1], "expected the number of decimals, from -%d to %d, not %s", NUM_DIGITS,
		    NUM_DIGITS, expr_shown(c->e, n->args[1]));
	*count = (int)n->args[1]->value.w;
	return true;
}

static bool
check_average(struct expr_check *c, struct expr_node *n)
{
	unsigned scale = n->args[0]->type.scale, decimals = scale > 6 ? scale : 6;

	(void)c;
	n->number = (int)(decimals - scale);
	n->rounding = EXPR_HALF_AWAY;
	return expr_strict(n, expr_decimal(NUM_DIGITS, decimals));
}

const struct expr_function expr_average = { "avg", 2, 2, false, check_average, divide, NULL };

static const struct expr_function rounded = { "round(a / b)", 2, 2, false, NULL, divide, NULL };

static bool
is_quotient(const struct expr_node *n)
{
	return n->kind == EXPR_CALL && n->type.kind == VAL_DECIMAL &&
	    (n->function == &expr_average || strcmp(n->function->name, "/") == 0);
}

/* round(a / b, n) is the exact quotient, rounded once; n->column digits are put back as zeros. */
static bool
round_quotient(struct expr_node *n, int count, enum expr_rounding rounding)
{
	struct expr_node *q = n->args[0];
	unsigned whole = whole_digits(q->type) + 1, scale = count > 0 ? (unsigned)count : 0;

	n->function = &rounded;		/* another rounding of it rounds what this one gives */
	n->number = q->number - q->type.scale + count;
	n->rounding = rounding;
	n->args = q->args;
	n->nargs = 2;
	n->column = count < 0 ? (size_t)-count : 0;
	return expr_strict(n, expr_decimal(whole + scale, scale));
}

/* The exact root, rounded once. */
static bool
round_root(struct expr_node *n, unsigned count)
{
	n->function = &expr_root;
	n->args = n->args[0]->args;
	n->nargs = 2;
	return expr_strict(n, expr_decimal(NUM_DIGITS, count));
}

static bool
check_round(struct expr_check *c, struct expr_node *n, enum expr_rounding rounding)
{
	struct val_type t = n->args[0]->type;
	unsigned scale;
	int count;

	if (!is_number(t) || (t.kind == VAL_FLOAT64 && n->nargs > 1))
		return expr_refuse(c, n->args[0], "%s takes an integer or a decimal: %s is of type %s",
		    n->function->name, expr_shown(c->e, n->args[0]), expr_type_name(t));
	if (!places(c, n, &count))
		return false;
	if (is_quotient(n->args[0]))
		return round_quotient(n, count, rounding);
	if (n->args[0]->kind == EXPR_CALL && n->args[0]->function == &expr_root && rounding == EXPR_HALF_AWAY &&
	    count >= 0)
		return round_root(n, (unsigned)count);
	n->nargs = 1;
	n->rounding = rounding;
	n->number = count < t.scale ? t.scale - count : 0;
	n->column = count < 0 ? (size_t)-count : 0;	/* digits put back as zeros */
	scale = count > t.scale ? t.scale : count > 0 ? (unsigned)count : 0;
	if (t.kind == VAL_DECIMAL && n->number > 0)
		t = expr_decimal(whole_digits(t) + scale + (rounding != EXPR_TOWARD_ZERO), scale);
	else if (n->number > 0)
		t = expr_int64;
	return expr_strict(n, t);
}

static bool
check_half_away(struct expr_check *c, struct expr_node *n)
{
	return check_round(c, n, EXPR_HALF_AWAY);
}

static bool
check_half_even(struct expr_check *c, struct expr_node *n)
{
	return check_round(c, n, EXPR_HALF_EVEN);
}

static bool
check_trunc(struct expr_check *c, struct expr_node *n)
{
	if (n->args[0]->type.kind == VAL_DATE || n->args[0]->type.kind == VAL_TIMESTAMP)
		return expr_refuse(c, n, "trunc is for numbers: write date_trunc('month', d)");
	return check_round(c, n, EXPR_TOWARD_ZERO);
}

static bool
check_floor(struct expr_check *c, struct expr_node *n)
{
	return check_round(c, n, EXPR_DOWN);
}

static bool
check_ceil(struct expr_check *c, struct expr_node *n)
{
	return check_round(c, n, EXPR_UP);
}

static double
round_float(double f, enum expr_rounding rounding)
{
	switch (rounding) {
	case EXPR_HALF_AWAY:
		return round(f);
	case EXPR_HALF_EVEN:
		return nearbyint(f);
	case EXPR_DOWN:
		return floor(f);
	case EXPR_UP:
		return ceil(f);
	default:
		return trunc(f);
	}
}

static const char *
round_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	if (n->type.kind == VAL_FLOAT64) {
		out->f = round_float(a[0].f, n->rounding);
		return NULL;
	}
	out->w = expr_lower(a[0].w, (unsigned)n->number, n->rounding);
	return expr_raise(out->w, (unsigned)n->column, &out->w) && expr_holds(n->type, out->w) ? NULL : too_large;
}

/* ---- the others ---- */

static bool
check_abs(struct expr_check *c, struct expr_node *n)
{
	if (!is_number(n->args[0]->type))
		return expr_refuse(c, n->args[0], "%s takes a number: %s is of type %s", n->function->name,
		    expr_shown(c->e, n->args[0]), expr_type_name(n->args[0]->type));
	return expr_strict(n, n->args[0]->type);
}

static bool
check_signum(struct expr_check *c, struct expr_node *n)
{
	if (!check_abs(c, n))
		return false;
	n->type = (struct val_type){ .kind = VAL_INT32 };
	return true;
}

static const char *
abs_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	out->f = fabs(a[0].f);
	out->w = a[0].w < 0 ? -a[0].w : a[0].w;
	return n->type.kind == VAL_FLOAT64 || expr_holds(n->type, out->w) ? NULL : too_large;
}

static const char *
sign_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	if (n->args[0]->type.kind == VAL_FLOAT64)
		out->w = (a[0].f > 0) - (a[0].f < 0);
	else
		out->w = (a[0].w > 0) - (a[0].w < 0);
	return NULL;
}

static bool
check_extreme(struct expr_check *c, struct expr_node *n)
{
	if (!expr_unify_all(c, n, &n->type))
		return false;
	for (size_t i = 0; i < n->nargs; i++)
		n->required = n->required || n->args[i]->required;
	return true;
}

/* Passes over nulls. */
static const char *
extreme_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	int wanted = n->function->name[0] == 'g' ? 1 : -1;

	(void)run;
	out->null = true;
	for (size_t i = 0; i < n->nargs; i++)
		if (!a[i].null && (out->null || expr_order(n->type, &a[i], n->type, out) == wanted))
			*out = a[i];
	return NULL;
}

static bool
check_nullif(struct expr_check *c, struct expr_node *n)
{
	if (!expr_comparable(c, &n->args[0], &n->args[1]))
		return false;
	n->type = n->args[0]->type;
	return true;
}

static const char *
nullif_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	*out = a[0];
	if (!a[0].null && !a[1].null && expr_order(n->args[0]->type, &a[0], n->args[1]->type, &a[1]) == 0)
		out->null = true;
	return NULL;
}

const struct expr_function expr_operators[] = {
	{ "+", 2, 2, false, check_sum, add_floats, add_all },
	{ "-", 2, 2, false, check_sum, add_floats, add_all },
	{ "*", 2, 2, false, check_product, multiply_floats, multiply_all },
	{ "/", 2, 2, false, check_quotient, divide, NULL },
	{ "//", 2, 2, false, check_whole, divide, NULL },
	{ "%", 2, 2, false, check_remainder, remainder_of, NULL },
	{ "negative", 1, 1, false, check_sign, negative, NULL },
	{ "positive", 1, 1, false, check_sign, positive, NULL },
	{ "||", 2, EXPR_MANY, false, expr_check_join, expr_join_row, NULL },
	{ 0 }
};

const struct expr_function expr_numbers[] = {
	{ "abs", 1, 1, false, check_abs, abs_row, NULL },
	{ "sign", 1, 1, false, check_signum, sign_row, NULL },
	{ "floor", 1, 1, false, check_floor, round_row, NULL },
	{ "ceil", 1, 1, false, check_ceil, round_row, NULL },
	{ "round", 1, 2, false, check_half_away, round_row, NULL },
	{ "round_even", 1, 2, false, check_half_even, round_row, NULL },
	{ "trunc", 1, 2, false, check_trunc, round_row, NULL },
	{ "mod", 2, 2, false, check_remainder, remainder_of, NULL },
	{ "greatest", 1, EXPR_MANY, true, check_extreme, extreme_row, NULL },
	{ "least", 1, EXPR_MANY, true, check_extreme, extreme_row, NULL },
	{ "nullif", 2, 2, true, check_nullif, nullif_row, NULL },
	{ 0 }
};

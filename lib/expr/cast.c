/* Conversions between types: exact, or a fault. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "expr/node.h"

bool
expr_castable(struct val_type from, struct val_type to)
{
	if (from.kind == to.kind || from.kind == VAL_STRING || to.kind == VAL_STRING)
		return true;
	if (from.kind == VAL_DATE || from.kind == VAL_TIMESTAMP)
		return to.kind == VAL_DATE || to.kind == VAL_TIMESTAMP;
	return to.kind != VAL_DATE && to.kind != VAL_TIMESTAMP &&
	    !(from.kind == VAL_FLOAT64 && to.kind == VAL_BOOL) && !(from.kind == VAL_BOOL && to.kind == VAL_FLOAT64);
}

/* ---- from text ---- */

static const char *
parse_bool(const struct expr_text *s, struct expr_value *out)
{
	struct buf b = { 0 };
	bool ok = val_parse(expr_bool, (const char *)s->p, s->n, &b);

	if (ok)
		out->w = *b.p == '1';
	buf_free(&b);
	return ok ? NULL : "not a bool";
}

static const char *
parse_int(const struct expr_text *s, struct val_type to, struct expr_value *out)
{
	int64_t v;

	if (!num_int64((const char *)s->p, s->n, &v) || !expr_holds(to, v))
		return to.kind == VAL_INT32 ? "not an int32" : "not an int64";
	out->w = v;
	return NULL;
}

static const char *
from_text(struct val_type to, const struct expr_value *v, struct expr_value *out)
{
	const char *s = (const char *)v->s.p;
	size_t n = v->s.n;
	int32_t days;
	int64_t us;

	switch (to.kind) {
	case VAL_BOOL:
		return parse_bool(&v->s, out);
	case VAL_DATE:
		if (!num_date(s, n, &days))
			return "not a date";
		out->w = days;
		return NULL;
	case VAL_TIMESTAMP:
		if (!num_timestamp(s, n, &us))
			return "not a timestamp";
		out->w = us;
		return NULL;
	case VAL_DECIMAL:
		return num_decimal(s, n, to.precision, to.scale, &out->w) ? NULL : "not a decimal of that type";
	case VAL_FLOAT64:
		return num_float64(s, n, &out->f) ? NULL : "not a float64";
	case VAL_STRING:
		out->s = v->s;
		return NULL;
	default:
		return parse_int(&v->s, to, out);
	}
}

/* ---- to text ---- */

static const char *
to_text(struct pool *pool, struct val_type from, const struct expr_value *v, struct expr_value *out)
{
	char text[NUM_TEXT];
	size_t n;

	switch (from.kind) {
	case VAL_BOOL:
		n = (size_t)snprintf(text, sizeof(text), "%s", v->w != 0 ? "true" : "false");
		break;
	case VAL_DATE:
		n = num_put_date(text, (int32_t)v->w);
		break;
	case VAL_TIMESTAMP:
		n = num_put_timestamp(text, (int64_t)v->w);
		break;
	case VAL_FLOAT64:
		n = num_put_float64(text, v->f);
		break;
	default:
		n = num_put_decimal(text, v->w, from.scale);
	}
	out->s = (struct expr_text){ pool_copy(pool, text, n), n };
	return NULL;
}

/* ---- among numbers, and among days and times ---- */

/* Converts a number of so many decimals, fewer than none if its last digits are zeros. */
static const char *
rescale(struct val_type to, i128 v, int scale, struct expr_value *out)
{
	int up = v != 0 ? (int)to.scale - scale : 0;

	if (up > NUM_DIGITS || (up >= 0 && !expr_raise(v, (unsigned)up, &out->w)))
		return "more digits than the type holds";
	if (up < 0) {
		if (up < -NUM_DIGITS || v % num_pow10((unsigned)-up) != 0)
			return "has more decimals: write round or trunc";
		out->w = v / num_pow10((unsigned)-up);
	}
	return expr_holds(to, out->w) ? NULL : "more than the type holds";
}

/* A float64's value is its shortest text, as it is shown: "-12.5", "2.5e-20". */
static const char *
from_float(struct val_type to, double f, struct expr_value *out)
{
	char text[NUM_TEXT];
	bool minus, after_point = false;
	const char *p = text;
	i128 v = 0;
	int scale = 0;

	if (!isfinite(f))
		return "not a finite number";
	(void)num_put_float64(text, f);
	minus = *p == '-';
	for (p += minus; *p != '\0' && *p != 'e'; p++)
		if (*p == '.')
			after_point = true;
		else {
			v = v * 10 + (*p - '0');
			scale += after_point;
		}
	if (*p == 'e')
		scale -= (int)strtol(p + 1, NULL, 10);
	return rescale(to, minus ? -v : v, scale, out);
}

static const char *
to_float(struct val_type from, i128 v, struct expr_value *out)
{
	char text[NUM_TEXT];
	size_t n = num_put_decimal(text, v, from.scale);

	return num_float64(text, n, &out->f) ? NULL : "not a float64";
}

static const char *
between_days(struct val_type from, struct val_type to, i128 v, struct expr_value *out)
{
	const i128 day = INT64_C(86400000000);

	if (from.kind == to.kind)
		out->w = v;
	else if (to.kind == VAL_TIMESTAMP)
		out->w = v * day;
	else if (v % day != 0)
		return "has a time of day: write date_trunc('day', ...)";
	else
		out->w = v / day;
	return NULL;
}

const char *
expr_convert(struct pool *pool, struct val_type from, struct val_type to, const struct expr_value *v,
    struct expr_value *out)
{
	*out = (struct expr_value){ 0 };
	if (from.kind == VAL_STRING)
		return from_text(to, v, out);
	if (to.kind == VAL_STRING)
		return to_text(pool, from, v, out);
	if (from.kind == VAL_DATE || from.kind == VAL_TIMESTAMP)
		return between_days(from, to, v->w, out);
	if (from.kind == VAL_FLOAT64 && to.kind == VAL_FLOAT64) {
		out->f = v->f;
		return NULL;
	}
	if (from.kind == VAL_FLOAT64)
		return from_float(to, v->f, out);
	if (to.kind == VAL_FLOAT64)
		return to_float(from, v->w, out);
	return rescale(to, v->w, (int)from.scale, out);
}

/* ---- values: order and encoding ---- */

int
expr_order(struct val_type a, const struct expr_value *x, struct val_type b, const struct expr_value *y)
{
	int c;

	switch (a.kind) {
	case VAL_STRING:
		c = x->s.n > 0 && y->s.n > 0 ? memcmp(x->s.p, y->s.p, x->s.n < y->s.n ? x->s.n : y->s.n) : 0;
		return c != 0 ? (c > 0) - (c < 0) : (x->s.n > y->s.n) - (x->s.n < y->s.n);
	case VAL_FLOAT64:
		if (isnan(x->f) || isnan(y->f))
			return !!isnan(x->f) - !!isnan(y->f);
		return (x->f > y->f) - (x->f < y->f);
	case VAL_DECIMAL:
	case VAL_INT32:
	case VAL_INT64:
		if (a.scale != b.scale)
			return expr_order_scaled(x->w, a.scale, y->w, b.scale);
		/* fallthrough */
	default:
		return (x->w > y->w) - (x->w < y->w);
	}
}

size_t
expr_encode(struct val_type t, const struct expr_value *v, uint8_t *out)
{
	if (v->null) {
		*out = VAL_NULL;
		return 1;
	}
	switch (t.kind) {
	case VAL_BOOL:
		return val_put_bool(out, v->w != 0);
	case VAL_FLOAT64:
		return val_put_float(out, v->f);
	case VAL_STRING:
		return val_put_string(out, v->s.p, v->s.n);
	default:
		return v->w >= INT64_MIN && v->w <= INT64_MAX ? val_put_int_fast(out, (int64_t)v->w) :
		    val_put_wide(out, v->w);
	}
}

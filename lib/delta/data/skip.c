#include "delta/data/skip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

/* Parses a decimal that may have an exponent: Spark writes small ones as "1E-7" and zero as "0E-18". */
static bool
decimal_value(const struct delta_column *c, const char *text, size_t n, i128 *w)
{
	size_t digits = strcspn(text, "eE"), point = strcspn(text, ".");
	unsigned scale = point < digits ? (unsigned)(digits - point - 1) : 0;
	i128 limit = num_pow10(c->precision);
	int64_t shift;

	if (digits == n)
		return num_decimal(text, n, c->precision, c->scale, w);
	if (scale > NUM_DIGITS || !num_decimal(text, digits, NUM_DIGITS, scale, w) ||
	    !num_int64(text + digits + 1, n - digits - 1, &shift) || shift < -1000 || shift > 1000)
		return false;
	for (shift += (int64_t)c->scale - scale; shift > 0 && *w != 0 && *w < limit / 10 && *w > -limit / 10; shift--)
		*w *= 10;
	for (; shift < 0 && *w % 10 == 0 && *w != 0; shift++)
		*w /= 10;
	return (shift == 0 || *w == 0) && *w < limit && *w > -limit;
}

bool
delta_partition_value(const struct delta_column *c, const char *text, union pq_value *v)
{
	size_t n = strlen(text);
	int32_t days;
	i128 w;

	memset(v, 0, sizeof(*v));
	switch (c->type) {
	case PQ_BOOL:
		v->i = strcasecmp(text, "true") == 0;
		return v->i || strcasecmp(text, "false") == 0;
	case PQ_INT8: case PQ_INT16: case PQ_INT32: case PQ_INT64:
		return num_int64(text, n, &v->i);
	case PQ_DECIMAL:
		if (!decimal_value(c, text, n, &w))
			return false;
		if (pq_shape(c->type, c->precision) == PQ_I128)
			v->w = w;
		else
			v->i = (int64_t)w;
		return true;
	case PQ_DATE:
		if (!num_date(text, n, &days))
			return false;
		v->i = days;
		return true;
	case PQ_TIMESTAMP: case PQ_TIMESTAMP_NTZ:
		if (num_timestamp(text, n, &v->i))
			return true;
		if (!num_date(text, n, &days))		/* the column may have been widened from date */
			return false;
		v->i = days * (int64_t)86400 * 1000000;
		return true;
	case PQ_FLOAT: case PQ_DOUBLE:
		return num_float64(text, n, &v->f);
	case PQ_STRING: case PQ_BINARY:
		v->b = (struct pq_bytes){ (const uint8_t *)text, n };
		return true;
	default:
		return false;
	}
}

/* Sets the order of two values to -1, 0 or 1; returns false for types without a reliable order. */
static bool
compare(const struct delta_column *c, const union pq_value *a, const union pq_value *b, int *order)
{
	size_t n;

	switch (pq_shape(c->type, c->precision)) {
	case PQ_U8: case PQ_I32: case PQ_I64:
		*order = a->i < b->i ? -1 : a->i > b->i;
		return true;
	case PQ_I128:
		*order = a->w < b->w ? -1 : a->w > b->w;
		return true;
	case PQ_BYTES:
		n = a->b.n < b->b.n ? a->b.n : b->b.n;
		*order = n == 0 ? 0 : memcmp(a->b.p, b->b.p, n);
		if (*order == 0)
			*order = a->b.n < b->b.n ? -1 : a->b.n > b->b.n;
		return true;
	default:		/* NaN has no place in the order */
		return false;
	}
}

bool
delta_bound_meets(const struct delta_bound *b, const struct delta_column *c, bool has_range, const union pq_value *low,
    const union pq_value *high, bool all_null)
{
	int order;

	if (all_null && (b->no_null || b->has_low || b->has_high))
		return false;
	if (!has_range)
		return true;
	if (b->has_low && compare(c, high, &b->low, &order) && order < 0)
		return false;
	return !(b->has_high && compare(c, low, &b->high, &order) && order > 0);
}

/* ---- the statistics of a file ---- */

/*
 * Parses a decimal's bound. JSON numbers are read as doubles: the number, the power of ten and their product are
 * each rounded once, so eight units in the last place outwards are a safe bound, which suffices for skipping. A
 * number at the limits of 64 bits may be a larger one that the writer clamped.
 */
static bool
decimal_bound(const struct delta_column *c, const json_t *j, bool upper, union pq_value *v)
{
	double d = json_number_value(j) * (double)num_pow10(c->scale), slack = fabs(d) * 0x1p-49;
	i128 w;

	if (json_is_integer(j) && (json_integer_value(j) == INT64_MAX || json_integer_value(j) == INT64_MIN))
		return false;
	d = upper ? ceil(d + slack) : floor(d - slack);
	if (!(fabs(d) < 1e38))
		return false;
	w = (i128)d;
	if (pq_shape(c->type, c->precision) == PQ_I128) {
		v->w = w;
		return true;
	}
	if (fabs(d) > 9e18)
		return false;
	v->i = (int64_t)w;
	return true;
}

/* Timestamps are in milliseconds and some writers truncate them: the maximum may be up to a millisecond higher. */
static bool
timestamp_bound(const char *text, bool upper, union pq_value *v)
{
	enum { SLACK = 1000 };

	if (text == NULL || !num_timestamp(text, strlen(text), &v->i))
		return false;
	if (upper && v->i < INT64_MAX - SLACK)
		v->i += SLACK;
	else if (!upper && v->i > INT64_MIN + SLACK)
		v->i -= SLACK;
	return true;
}

static bool
json_bound(const struct delta_column *c, const json_t *j, bool upper, union pq_value *v)
{
	const char *text = json_string_value(j);
	int32_t days;

	memset(v, 0, sizeof(*v));
	switch (c->type) {
	case PQ_INT8: case PQ_INT16: case PQ_INT32: case PQ_INT64:
		v->i = json_integer_value(j);
		return json_is_integer(j);
	case PQ_DECIMAL:
		return json_is_number(j) && decimal_bound(c, j, upper, v);
	case PQ_DATE:
		if (text == NULL || !num_date(text, strlen(text), &days))
			return false;
		v->i = days;
		return true;
	case PQ_TIMESTAMP: case PQ_TIMESTAMP_NTZ:
		return timestamp_bound(text, upper, v);
	case PQ_STRING:
		v->b = (struct pq_bytes){ (const uint8_t *)text, json_string_length(j) };
		return text != NULL;
	default:
		return false;
	}
}

static bool
stats_meet(const struct delta_snapshot *s, const json_t *stats, const struct delta_bound *b)
{
	const struct delta_column *c = &s->columns[b->column];
	const json_t *records = json_object_get(stats, "numRecords");
	const json_t *nulls = json_object_get(json_object_get(stats, "nullCount"), c->physical);
	union pq_value low, high;
	bool range, all_null;

	range = json_bound(c, json_object_get(json_object_get(stats, "minValues"), c->physical), false, &low) &&
	    json_bound(c, json_object_get(json_object_get(stats, "maxValues"), c->physical), true, &high);
	all_null = json_is_integer(records) && json_is_integer(nulls) &&
	    json_integer_value(records) == json_integer_value(nulls);
	return delta_bound_meets(b, c, range, &low, &high, all_null);
}

static bool
partition_meets(const struct delta_snapshot *s, const struct delta_file *f, const struct delta_bound *b)
{
	const struct delta_column *c = &s->columns[b->column];
	const char *text = f->partition[c->partition];
	union pq_value v = { 0 };
	bool known = text != NULL && delta_partition_value(c, text, &v);

	return delta_bound_meets(b, c, known, &v, &v, text == NULL);
}

bool
delta_file_may_match(const struct delta_snapshot *s, const struct delta_file *f, const struct delta_bound *bounds,
    size_t n)
{
	json_t *stats = f->stats != NULL && n > 0 ? json_loads(f->stats, JSON_ALLOW_NUL, NULL) : NULL;
	bool may = true;
	size_t i;

	for (i = 0; i < n && may; i++) {
		if (s->columns[bounds[i].column].partition >= 0)
			may = partition_meets(s, f, &bounds[i]);
		else if (stats != NULL)
			may = stats_meet(s, stats, &bounds[i]);
	}
	json_decref(stats);
	return may;
}

/* ---- statistics on their own ---- */

struct delta_stats {
	json_t *o;
};

struct delta_stats *
delta_stats_open(const struct delta_file *f)
{
	json_t *o = f->stats != NULL ? json_loads(f->stats, JSON_ALLOW_NUL, NULL) : NULL;
	struct delta_stats *st;

	if (o == NULL)
		return NULL;
	st = xmalloc(sizeof(*st));
	st->o = o;
	return st;
}

void
delta_stats_free(struct delta_stats *st)
{
	if (st != NULL)
		json_decref(st->o);
	free(st);
}

static int64_t
whole_number(const json_t *j)
{
	return json_is_integer(j) ? json_integer_value(j) : -1;
}

int64_t
delta_stats_rows(const struct delta_stats *st)
{
	return whole_number(json_object_get(st->o, "numRecords"));
}

void
delta_stats_column(const struct delta_stats *st, const struct delta_column *c, struct delta_column_stats *out)
{
	out->nulls = whole_number(json_object_get(json_object_get(st->o, "nullCount"), c->physical));
	out->has_low = json_bound(c, json_object_get(json_object_get(st->o, "minValues"), c->physical), false,
	    &out->low);
	out->has_high = json_bound(c, json_object_get(json_object_get(st->o, "maxValues"), c->physical), true,
	    &out->high);
}

int64_t
delta_file_rows(const struct delta_file *f)
{
	struct delta_stats *st = delta_stats_open(f);
	int64_t rows = st != NULL ? delta_stats_rows(st) : -1;

	delta_stats_free(st);
	return rows;
}

bool
delta_file_is_dead(const struct delta_file *f)
{
	return f->dv != NULL && f->dv->cardinality > 0 && f->dv->cardinality == delta_file_rows(f);
}

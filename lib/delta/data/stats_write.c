/* Writes a data file's statistics as the JSON of add.stats. Clause Per-file Statistics. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "delta/data/stats.h"
#include "delta/log/state.h"

/* the defaults of Delta: statistics of the first columns, strings of so many UTF-16 units */
enum { INDEXED_COLUMNS = 32, PREFIX = 32 };

/* Returns the bytes of the longest prefix of up to PREFIX UTF-16 units that splits no character. */
static size_t
prefix_length(const struct pq_bytes *b)
{
	size_t n = 0, len, units = 0;

	while (n < b->n && (len = utf8_len(b->p + n, b->n - n)) > 0) {
		units += len == 4 ? 2 : 1;
		if (units > PREFIX)
			break;
		n += len;
	}
	return n;
}

static void
put_text(struct buf *out, const uint8_t *p, size_t n, const char *suffix)
{
	struct buf text = { 0 };

	buf_add(&text, p, n);
	buf_adds(&text, suffix);
	delta_json_text(out, buf_cstr(&text));
	buf_free(&text);
}

/* Puts an upper bound of all values with this prefix: the first character cut off determines the one appended. */
static bool
put_string(struct buf *out, const struct pq_bytes *b, bool upper)
{
	static const uint8_t last[] = { 0xf4, 0x8f, 0xbf, 0xbf };	/* U+10FFFF */
	size_t n = prefix_length(b);

	if (memchr(b->p, '\0', b->n) != NULL)
		return false;		/* JSON parsers differ on NULs in strings */
	if (n == b->n || !upper) {
		put_text(out, b->p, n, "");
		return true;
	}
	while (b->n - n >= sizeof(last) && memcmp(b->p + n, last, sizeof(last)) == 0)
		n += sizeof(last);
	if (n < b->n && utf8_len(b->p + n, b->n - n) == 0)
		return false;
	put_text(out, b->p, n, n == b->n ? "" : b->p[n] < 0x7f ? "\x7f" : "\xf4\x8f\xbf\xbf");
	return true;
}

/* Puts a timestamp in milliseconds as JSON text, with further digits from `rest`. */
static bool
put_moment(struct buf *out, int64_t ms, const char *rest, bool zone)
{
	int64_t day = ms / 86400000 - (ms % 86400000 < 0), of_day = ms - day * 86400000, year;
	unsigned month, dom;

	num_civil(day, &year, &month, &dom);
	if (year < 1900 || year > 9999)		/* readers with other calendars or year formats fail on these */
		return false;
	buf_addf(out, "\"%04" PRId64 "-%02u-%02uT%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "%s%s\"", year,
	    month, dom, of_day / 3600000, of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000, rest,
	    zone ? "Z" : "");
	return true;
}

/*
 * Puts a timestamp rounded outwards to milliseconds; the largest keeps all digits, as rounding up would need a
 * five-digit year.
 */
static bool
put_timestamp(struct buf *out, int64_t us, bool upper, bool zone)
{
	int64_t ms = us / 1000;
	char rest[8];

	if (us < 0 && us % 1000 != 0)
		ms--;
	if (!upper || us == ms * 1000)
		return put_moment(out, ms, "", zone);
	if (put_moment(out, ms + 1, "", zone))
		return true;
	snprintf(rest, sizeof(rest), "%03d", (int)(us - ms * 1000));
	return put_moment(out, ms, rest, zone);
}

static bool
put_bound(struct buf *out, const struct delta_column *c, const union pq_value *v, bool upper)
{
	char text[NUM_TEXT];

	switch (c->type) {
	case PQ_BOOL:
		buf_adds(out, v->i != 0 ? "true" : "false");
		return true;
	case PQ_INT8: case PQ_INT16: case PQ_INT32: case PQ_INT64:
		buf_addf(out, "%" PRId64, v->i);
		return true;
	case PQ_DECIMAL:
		num_put_decimal(text, pq_shape(c->type, c->precision) == PQ_I128 ? v->w : v->i, c->scale);
		buf_adds(out, text);
		return true;
	case PQ_DATE:
		if (v->i < num_days(1, 1, 1) || v->i > num_days(9999, 12, 31))
			return false;
		num_put_date(text, (int32_t)v->i);
		buf_addf(out, "\"%s\"", text);
		return true;
	case PQ_TIMESTAMP: case PQ_TIMESTAMP_NTZ:
		return put_timestamp(out, v->i, upper, c->type == PQ_TIMESTAMP);
	case PQ_FLOAT: case PQ_DOUBLE:
		if (!isfinite(v->f))
			return false;
		num_put_float64(text, v->f);
		buf_adds(out, text);
		return true;
	case PQ_STRING:
		return put_string(out, &v->b, upper);
	default:
		return false;
	}
}

/*
 * Puts one bound of every column. Returns false if a column has values but no bound, for instance with a NaN:
 * delta-rs takes a column without bounds, next to columns with bounds, for all null, and loses its rows.
 */
static bool
put_bounds(struct buf *out, const char *name, uint64_t rows, const struct delta_column *columns, size_t n,
    const struct pq_stats *st, bool upper)
{
	struct buf one = { 0 };
	size_t i;
	bool first = true, whole = true;

	buf_addf(out, ",\"%s\":{", name);
	for (i = 0; i < n && whole; i++) {
		if (st[i].nulls >= 0 && (uint64_t)st[i].nulls == rows)
			continue;
		one.len = 0;
		whole = st[i].has_min_max && put_bound(&one, &columns[i], upper ? &st[i].max : &st[i].min, upper);
		if (!first)
			buf_addc(out, ',');
		first = false;
		delta_json_text(out, columns[i].physical);
		buf_addc(out, ':');
		buf_add(out, one.p, one.len);
	}
	buf_addc(out, '}');
	buf_free(&one);
	return whole;
}

void
delta_stats_put(struct buf *out, uint64_t rows, const struct delta_column *columns, size_t n, const struct pq_stats *st)
{
	size_t i, before;

	if (n > INDEXED_COLUMNS)
		n = INDEXED_COLUMNS;
	buf_addf(out, "{\"numRecords\":%" PRIu64, rows);
	before = out->len;
	if (!put_bounds(out, "minValues", rows, columns, n, st, false) ||
	    !put_bounds(out, "maxValues", rows, columns, n, st, true))
		out->len = before;
	buf_adds(out, ",\"nullCount\":{");
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		delta_json_text(out, columns[i].physical);
		buf_addf(out, ":%" PRId64, st[i].nulls);
	}
	buf_adds(out, "}}");
}

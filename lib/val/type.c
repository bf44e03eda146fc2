/* The types: a row each, with the text of their values in both directions; and the names of types. */
#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "val/int.h"

/* ---- text of values ---- */

static void
text_bool(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	(void)t;
	(void)n;
	buf_adds(out, *p == '1' ? "true" : "false");
}

static void
text_int(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	(void)t;
	(void)n;
	out->len += num_put_int64((char *)buf_room(out, NUM_TEXT), val_int(p));
}

static void
text_decimal(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	(void)n;
	out->len += num_put_decimal((char *)buf_room(out, NUM_TEXT), val_is_narrow(t) ? val_int(p) : val_wide(p),
	    t.scale);
}

static void
text_date(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	(void)t;
	(void)n;
	out->len += num_put_date((char *)buf_room(out, NUM_TEXT), (int32_t)val_int(p));
}

static void
text_timestamp(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	(void)t;
	(void)n;
	out->len += num_put_timestamp((char *)buf_room(out, NUM_TEXT), val_int(p));
}

static void
text_float(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	double v;

	(void)t;
	if (val_get_float(p, n, &v))
		out->len += num_put_float64((char *)buf_room(out, NUM_TEXT), v);
}

static void
text_string(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	(void)t;
	out->len += val_get_string(buf_room(out, n + NUM_TEXT), p, n);
}

/* ---- values of text ---- */

static bool
parse_bool(struct val_type t, const char *s, size_t n, struct buf *out)
{
	bool v = (n == 4 && strncasecmp(s, "true", 4) == 0) || (n == 1 && *s == '1');

	(void)t;
	if (!v && !(n == 5 && strncasecmp(s, "false", 5) == 0) && !(n == 1 && *s == '0'))
		return false;
	out->len += val_put_bool(buf_room(out, 1), v);
	return true;
}

/* Appends the number unless it lies outside the type's range. */
static bool
put_within(struct val_type t, int64_t v, struct buf *out)
{
	if (v < val_of(t)->low || v > val_of(t)->high)
		return false;
	out->len += val_put_int(buf_room(out, NUM_TEXT), v);
	return true;
}

static bool
parse_int(struct val_type t, const char *s, size_t n, struct buf *out)
{
	int64_t v;

	return num_int64(s, n, &v) && put_within(t, v, out);
}

static bool
parse_decimal(struct val_type t, const char *s, size_t n, struct buf *out)
{
	i128 v;

	if (!num_decimal(s, n, t.precision, t.scale, &v))
		return false;
	out->len += val_put_wide(buf_room(out, NUM_TEXT), v);
	return true;
}

static bool
parse_date(struct val_type t, const char *s, size_t n, struct buf *out)
{
	int32_t days;

	return num_date(s, n, &days) && put_within(t, days, out);
}

static bool
parse_timestamp(struct val_type t, const char *s, size_t n, struct buf *out)
{
	int64_t v;

	return num_timestamp(s, n, &v) && put_within(t, v, out);
}

static bool
parse_float(struct val_type t, const char *s, size_t n, struct buf *out)
{
	double v;

	(void)t;
	if (!num_float64(s, n, &v))
		return false;
	out->len += val_put_float(buf_room(out, NUM_TEXT), v);
	return true;
}

static bool
parse_string(struct val_type t, const char *s, size_t n, struct buf *out)
{
	(void)t;
	if (!utf8_ok(s, n))
		return false;
	out->len += val_put_string(buf_room(out, 2 * n + NUM_TEXT), s, n);
	return true;
}

/* ---- types ---- */

#define INT32 .low = INT32_MIN, .high = INT32_MAX
#define INT64 .low = INT64_MIN, .high = INT64_MAX

const struct val_ops val_types[VAL_KINDS] = {
	[VAL_BOOL] = { "bool", "boolean", VAL_AS_BIT, .text = text_bool, .parse = parse_bool },
	[VAL_INT32] = { "int32", "integer", VAL_AS_INT, .exact = true, INT32, .text = text_int, .parse = parse_int },
	[VAL_INT64] = { "int64", "bigint", VAL_AS_INT, .exact = true, INT64, .text = text_int, .parse = parse_int },
	[VAL_DECIMAL] = { "decimal", "decimal", VAL_AS_INT, .exact = true, .text = text_decimal,
	    .parse = parse_decimal },
	[VAL_DATE] = { "date", "date", VAL_AS_INT, .quoted = true, INT32, .text = text_date, .parse = parse_date },
	[VAL_TIMESTAMP] = { "timestamp", "timestamp(6)", VAL_AS_INT, .quoted = true, INT64, .text = text_timestamp,
	    .parse = parse_timestamp },
	[VAL_FLOAT64] = { "float64", "double precision", VAL_AS_FLOAT, .text = text_float, .parse = parse_float },
	[VAL_STRING] = { "string", "varchar", VAL_AS_TEXT, .quoted = true, .text = text_string, .parse = parse_string },
};

/* ---- names of types ---- */

/* Parses one or two digits without a leading zero at *s, before end; advances *s past them. */
static bool
small_number(const char **s, const char *end, unsigned *v)
{
	const char *p = *s;

	if (p == end || *p < '0' || *p > '9')
		return false;
	*v = (unsigned)(*p++ - '0');
	if (*v != 0 && p != end && *p >= '0' && *p <= '9')
		*v = 10 * *v + (unsigned)(*p++ - '0');
	*s = p;
	return true;
}

bool
val_type_parse(const char *s, size_t n, struct val_type *t)
{
	static const char decimal[] = "decimal(";
	const char *end = s + n;
	unsigned precision, scale, k;

	for (k = 0; k < VAL_KINDS; k++) {
		const char *name = val_types[k].name;

		if (k != VAL_DECIMAL && strlen(name) == n && memcmp(name, s, n) == 0) {
			*t = (struct val_type){ .kind = (enum val_kind)k };
			return true;
		}
	}
	if (n < sizeof(decimal) || memcmp(s, decimal, sizeof(decimal) - 1) != 0)
		return false;
	s += sizeof(decimal) - 1;
	if (!small_number(&s, end, &precision) || s == end || *s++ != ',' || !small_number(&s, end, &scale) || s +
	    1 != end ||
	    *s != ')' || precision < 1 || precision > NUM_DIGITS || scale > precision)
		return false;
	*t = (struct val_type){ .kind = VAL_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)scale };
	return true;
}

size_t
val_type_put(char *out, struct val_type t)
{
	int n;

	if (t.kind == VAL_DECIMAL)
		n = snprintf(out, NUM_TEXT, "decimal(%u,%u)", t.precision, t.scale);
	else
		n = snprintf(out, NUM_TEXT, "%s", val_of(t)->name);
	return (size_t)n;
}

#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "val/int.h"

void
val_text(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	char *o = (char *)buf_room(out, n + NUM_TEXT);
	double v;

	switch (t.kind) {
	case VAL_BOOL:
		buf_adds(out, *p == '1' ? "true" : "false");
		break;
	case VAL_INT32:
	case VAL_INT64:
		out->len += num_put_int64(o, val_int(p));
		break;
	case VAL_DECIMAL:
		out->len += num_put_decimal(o, val_wide(p), t.scale);
		break;
	case VAL_DATE:
		out->len += num_put_date(o, (int32_t)val_int(p));
		break;
	case VAL_TIMESTAMP:
		out->len += num_put_timestamp(o, val_int(p));
		break;
	case VAL_FLOAT64:
		if (val_get_float(p, n, &v))
			out->len += num_put_float64(o, v);
		break;
	case VAL_STRING:
		out->len += val_get_string(o, p, n);
		break;
	}
}

static bool
parse_bool(const char *s, size_t n, bool *v)
{
	*v = (n == 4 && strncasecmp(s, "true", 4) == 0) || (n == 1 && *s == '1');
	return *v || (n == 5 && strncasecmp(s, "false", 5) == 0) || (n == 1 && *s == '0');
}

bool
val_parse(struct val_type t, const char *s, size_t n, struct buf *out)
{
	uint8_t *o = buf_room(out, 2 * n + NUM_TEXT);
	int64_t i;
	int32_t days;
	i128 wide;
	double f;
	bool b;

	switch (t.kind) {
	case VAL_BOOL:
		if (!parse_bool(s, n, &b))
			return false;
		out->len += val_put_bool(o, b);
		return true;
	case VAL_INT32:
	case VAL_INT64:
		if (!num_int64(s, n, &i) || (t.kind == VAL_INT32 && (i < INT32_MIN || i > INT32_MAX)))
			return false;
		out->len += val_put_int(o, i);
		return true;
	case VAL_DECIMAL:
		if (!num_decimal(s, n, t.precision, t.scale, &wide))
			return false;
		out->len += val_put_wide(o, wide);
		return true;
	case VAL_DATE:
		if (!num_date(s, n, &days))
			return false;
		out->len += val_put_int(o, days);
		return true;
	case VAL_TIMESTAMP:
		if (!num_timestamp(s, n, &i))
			return false;
		out->len += val_put_int(o, i);
		return true;
	case VAL_FLOAT64:
		if (!num_float64(s, n, &f))
			return false;
		out->len += val_put_float(o, f);
		return true;
	case VAL_STRING:
		if (!utf8_ok(s, n))
			return false;
		out->len += val_put_string(o, s, n);
		return true;
	}
	return false;
}

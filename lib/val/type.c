#include <stdio.h>

#include "val/val.h"

static const char *const names[] = {
	[VAL_BOOL] = "bool", [VAL_INT32] = "int32", [VAL_INT64] = "int64", [VAL_DECIMAL] = "decimal",
	    [VAL_DATE] = "date",
	[VAL_TIMESTAMP] = "timestamp", [VAL_FLOAT64] = "float64", [VAL_STRING] = "string",
};

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

	for (k = 0; k < sizeof(names) / sizeof(*names); k++) {
		if (k != VAL_DECIMAL && strlen(names[k]) == n && memcmp(names[k], s, n) == 0) {
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
		n = snprintf(out, NUM_TEXT, "%s", names[t.kind]);
	return (size_t)n;
}

/* The types of expressions: which hold what, and which are common to two. */
#include "expr/node.h"

const struct val_type expr_bool = { .kind = VAL_BOOL }, expr_int64 = { .kind = VAL_INT64 },
    expr_date = { .kind = VAL_DATE }, expr_timestamp = { .kind = VAL_TIMESTAMP }, expr_string = { .kind = VAL_STRING },
    expr_float64 = { .kind = VAL_FLOAT64 };

bool
expr_is_int(struct val_type t)
{
	return t.kind == VAL_INT32 || t.kind == VAL_INT64;
}

bool
expr_is_exact(struct val_type t)
{
	return expr_is_int(t) || t.kind == VAL_DECIMAL;
}

struct val_type
expr_decimal(unsigned digits, unsigned scale)
{
	if (digits > NUM_DIGITS)
		digits = NUM_DIGITS;
	if (digits < scale)
		digits = scale;
	return (struct val_type){ VAL_DECIMAL, (uint8_t)(digits > 0 ? digits : 1), (uint8_t)scale };
}

struct val_type
expr_as_decimal(struct val_type t)
{
	if (t.kind == VAL_INT32)
		return expr_decimal(10, 0);
	return t.kind == VAL_INT64 ? expr_decimal(19, 0) : t;
}

const char *
expr_type_name(struct val_type t)
{
	static char names[4][NUM_TEXT];
	static unsigned next;
	char *name = names[next++ % 4];

	name[val_type_put(name, t)] = '\0';
	return name;
}

bool
expr_holds(struct val_type t, i128 v)
{
	i128 limit;

	switch (t.kind) {
	case VAL_INT32:
		return v >= INT32_MIN && v <= INT32_MAX;
	case VAL_DECIMAL:
		limit = num_pow10(t.precision);
		return v > -limit && v < limit;
	case VAL_BOOL:
		return v == 0 || v == 1;
	case VAL_DATE:		/* years 1 to 9999 */
		return v >= -719162 && v <= 2932896;
	case VAL_TIMESTAMP:
		return v >= (i128)-719162 * 86400000000 && v < (i128)2932897 * 86400000000;
	default:
		return v >= INT64_MIN && v <= INT64_MAX;
	}
}

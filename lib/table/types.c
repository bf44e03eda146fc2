#include "table/table.h"

bool
table_val_type(enum pq_type type, unsigned precision, unsigned scale, struct val_type *t)
{
	enum { UINT64_DIGITS = 20 };

	*t = (struct val_type){ VAL_INT32, 0, 0 };
	switch (type) {
	case PQ_BOOL:
		t->kind = VAL_BOOL;
		return true;
	case PQ_INT8: case PQ_INT16: case PQ_INT32: case PQ_UINT8: case PQ_UINT16:
		return true;
	case PQ_INT64: case PQ_UINT32:
		t->kind = VAL_INT64;
		return true;
	case PQ_UINT64:
		*t = (struct val_type){ VAL_DECIMAL, UINT64_DIGITS, 0 };
		return true;
	case PQ_DECIMAL:
		*t = (struct val_type){ VAL_DECIMAL, (uint8_t)precision, (uint8_t)scale };
		return true;
	case PQ_DATE:
		t->kind = VAL_DATE;
		return true;
	case PQ_TIMESTAMP: case PQ_TIMESTAMP_NTZ:
		t->kind = VAL_TIMESTAMP;
		return true;
	case PQ_FLOAT: case PQ_DOUBLE:
		t->kind = VAL_FLOAT64;
		return true;
	case PQ_STRING:
		t->kind = VAL_STRING;
		return true;
	case PQ_BINARY: case PQ_TIME:
		break;
	}
	return false;
}

enum pq_type
table_pq_type(struct val_type t)
{
	static const enum pq_type types[] = { [VAL_BOOL] = PQ_BOOL, [VAL_INT32] = PQ_INT32, [VAL_INT64] = PQ_INT64,
	    [VAL_DECIMAL] = PQ_DECIMAL, [VAL_DATE] = PQ_DATE, [VAL_TIMESTAMP] = PQ_TIMESTAMP, [VAL_FLOAT64] = PQ_DOUBLE,
	    [VAL_STRING] = PQ_STRING };

	return types[t.kind];
}

bool
table_fits(struct val_type t, enum pq_type type, unsigned precision, unsigned scale)
{
	if (t.kind == VAL_DECIMAL)
		return type == PQ_DECIMAL && t.scale == scale && t.precision <= precision;
	return type == table_pq_type(t) || (t.kind == VAL_INT32 && type == PQ_INT64);
}

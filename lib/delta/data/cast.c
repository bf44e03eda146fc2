#include "delta/data/cast.h"

static bool
is_integer(enum pq_type t)
{
	return t == PQ_INT8 || t == PQ_INT16 || t == PQ_INT32 || t == PQ_INT64;
}

/* Returns the decimal digits an integer type needs. */
static unsigned
integer_digits(enum pq_type t)
{
	return t == PQ_INT8 ? 3 : t == PQ_INT16 ? 5 : t == PQ_INT32 ? 10 : 20;
}

static enum delta_cast
to_shape(enum pq_shape from, enum pq_shape to)
{
	return to == PQ_I64 ? DELTA_TO_I64 : to == PQ_I128 ? DELTA_TO_I128 : from == to ? DELTA_SAME : DELTA_NO_CAST;
}

struct delta_caster
delta_caster(const struct pq_column *file, const struct delta_column *table)
{
	struct delta_caster c = { DELTA_NO_CAST, file->shape, 1 };
	enum pq_shape to = pq_shape(table->type, table->precision);
	unsigned digits, scale;

	if (file->type == table->type && (file->type != PQ_DECIMAL ||
	    (file->precision == table->precision && file->scale == table->scale))) {
		c.cast = DELTA_SAME;
	} else if ((file->type == PQ_BINARY && table->type == PQ_STRING) ||
	    (file->type == PQ_STRING && table->type == PQ_BINARY)) {
		c.cast = DELTA_SAME;	/* the file lacks the annotation */
	} else if (file->type == PQ_TIMESTAMP_NTZ && table->type == PQ_TIMESTAMP) {
		c.cast = DELTA_SAME;	/* the file's timestamps have no zone: read as UTC */
	} else if (is_integer(file->type) && is_integer(table->type)) {
		c.cast = file->shape == to ? DELTA_SAME : to == PQ_I64 ? DELTA_TO_I64 : DELTA_NO_CAST;
	} else if (file->type == PQ_FLOAT && table->type == PQ_DOUBLE) {
		c.cast = DELTA_TO_F64;
	} else if (is_integer(file->type) && file->type != PQ_INT64 && table->type == PQ_DOUBLE) {
		c.cast = DELTA_TO_F64;
	} else if (file->type == PQ_DATE && table->type == PQ_TIMESTAMP_NTZ) {
		c.cast = DELTA_DATE_TO_TIMESTAMP;
	} else if (table->type == PQ_DECIMAL && (file->type == PQ_DECIMAL || is_integer(file->type))) {
		scale = file->type == PQ_DECIMAL ? file->scale : 0;
		digits = file->type == PQ_DECIMAL ? (unsigned)file->precision - file->scale :
		    integer_digits(file->type);
		if (table->scale >= scale && table->precision - table->scale >= (int)digits) {
			c.factor = num_pow10(table->scale - scale);
			c.cast = to_shape(file->shape, to);
		}
	}
	return c;
}

/* Returns entry i as an integer. Slots of nulls may hold anything, so the product below wraps instead of trapping. */
static i128
integer_at(const struct delta_caster *c, const struct pq_vector *in, size_t i)
{
	return c->from == PQ_I32 ? in->v.i32[i] : c->from == PQ_I64 ? in->v.i64[i] : in->v.i128[i];
}

void
delta_cast(const struct delta_caster *c, const struct pq_vector *in, size_t n, void *out)
{
	static const int64_t day = INT64_C(86400) * 1000000;
	int64_t *i64 = out;
	i128 *w = out;
	double *f = out;
	size_t i;

	switch (c->cast) {
	case DELTA_TO_I64:
		for (i = 0; i < n; i++)
			i64[i] = (int64_t)((u128)integer_at(c, in, i) * (u128)c->factor);
		break;
	case DELTA_TO_I128:
		for (i = 0; i < n; i++)
			w[i] = (i128)((u128)integer_at(c, in, i) * (u128)c->factor);
		break;
	case DELTA_TO_F64:
		for (i = 0; i < n; i++)
			f[i] = c->from == PQ_F32 ? in->v.f32[i] : in->v.i32[i];
		break;
	case DELTA_DATE_TO_TIMESTAMP:
		for (i = 0; i < n; i++)
			i64[i] = (int64_t)((uint64_t)in->v.i32[i] * (uint64_t)day);
		break;
	default:
		break;
	}
}

/* Converts values of a file's type to the table's wider type. Clause Type Widening. */
#ifndef DELTA_CAST_H
#define DELTA_CAST_H

#include "delta/data/data.h"

enum delta_cast { DELTA_SAME, DELTA_TO_I64, DELTA_TO_I128, DELTA_TO_F64, DELTA_DATE_TO_TIMESTAMP, DELTA_NO_CAST };

struct delta_caster {
	enum delta_cast cast;
	enum pq_shape from;
	i128 factor;			/* multiplier of the integer value: 10^(table's scale - file's scale) */
};

/* Plans the cast; cast is DELTA_NO_CAST if the file's type cannot become the table's. */
struct delta_caster delta_caster(const struct pq_column *file, const struct delta_column *table);

/*
 * Casts the n values of `in`, valid or not, to `out`, which has room for n values of the table's shape. Not for
 * DELTA_SAME.
 */
void delta_cast(const struct delta_caster *c, const struct pq_vector *in, size_t n, void *out);

#endif

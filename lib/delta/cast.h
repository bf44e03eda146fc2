/* Values of a file's type as values of the table's, where the table's is wider. Clause Type Widening. */
#ifndef DELTA_CAST_H
#define DELTA_CAST_H

#include "delta/delta.h"

enum delta_cast { DELTA_SAME, DELTA_TO_I64, DELTA_TO_I128, DELTA_TO_F64, DELTA_DATE_TO_TIMESTAMP, DELTA_NO_CAST };

struct delta_caster {
	enum delta_cast cast;
	enum pq_shape from;
	i128 factor;			/* of the integer value: 10^(scale of the table - scale of the file) */
};

/* cast is DELTA_NO_CAST where a value of the file's type is none of the table's. */
struct delta_caster delta_caster(const struct pq_column *file, const struct delta_column *table);

/*
 * The values of `in` (n of them, whatever their validity) into `out`, room for n values of the table's shape. Not for
 * DELTA_SAME.
 */
void delta_cast(const struct delta_caster *c, const struct pq_vector *in, size_t n, void *out);

#endif

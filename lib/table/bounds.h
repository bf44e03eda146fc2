/* The folder's own: values of records as those of a table's column. */
#ifndef TABLE_BOUNDS_H
#define TABLE_BOUNDS_H

#include "table/table.h"

/* Converts a value that is not null to the table column's type; its bytes are in the pool. */
void table_bound_value(struct pool *pool, const struct delta_column *c, const struct expr_encoded *in,
    union pq_value *out);

#endif

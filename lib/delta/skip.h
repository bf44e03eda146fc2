/* Which files cannot hold a wanted row: the statistics of the log, and partition values. Clause Per-file Statistics. */
#ifndef DELTA_SKIP_H
#define DELTA_SKIP_H

#include "delta/delta.h"

/*
 * A partition value's text as a value of the column's type (clause Partition Value Serialization). False where it is
 * none.
 */
bool delta_partition_value(const struct delta_column *c, const char *text, union pq_value *v);

/*
 * May the range low to high of a column's values (has_range false: unknown), of which `all_null` says that there are
 * none, meet the bound?
 */
bool delta_bound_meets(const struct delta_bound *b, const struct delta_column *c, bool has_range,
    const union pq_value *low,
    const union pq_value *high, bool all_null);

/* May a file hold a row that meets all bounds? True wherever the log does not rule it out beyond doubt. */
bool delta_file_may_match(const struct delta_snapshot *s, const struct delta_file *f, const struct delta_bound *bounds,
    size_t n);

#endif

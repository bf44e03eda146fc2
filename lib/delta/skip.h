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

/* What the log says of one column of a file. Bounds are widened by what writers round off. */
struct delta_column_stats {
	int64_t nulls;			/* -1: it does not say */
	bool has_low, has_high;
	union pq_value low, high;	/* bytes are views of the statistics */
};

/* The statistics of a file: NULL where it has none. Freed by delta_stats_free, which takes NULL too. */
struct delta_stats;
struct delta_stats *delta_stats_open(const struct delta_file *f);
void delta_stats_free(struct delta_stats *st);
int64_t delta_stats_rows(const struct delta_stats *st);		/* -1: they do not say */
void delta_stats_column(const struct delta_stats *st, const struct delta_column *c, struct delta_column_stats *out);

#endif

/* File skipping by the log's statistics and by partition values. Clause Per-file Statistics. */
#ifndef DELTA_SKIP_H
#define DELTA_SKIP_H

#include "delta/data/data.h"

/*
 * Parses a partition value as the column's type (clause Partition Value Serialization). Returns false if it is
 * invalid.
 */
bool delta_partition_value(const struct delta_column *c, const char *text, union pq_value *v);

/*
 * Returns true if a column with values from low to high (has_range false: unknown) may satisfy the bound;
 * `all_null`: it has no values.
 */
bool delta_bound_meets(const struct delta_bound *b, const struct delta_column *c, bool has_range,
    const union pq_value *low,
    const union pq_value *high, bool all_null);

/* Returns false only if the log proves that no row of the file satisfies all bounds. */
bool delta_file_may_match(const struct delta_snapshot *s, const struct delta_file *f, const struct delta_bound *bounds,
    size_t n);

/* Statistics of one column of a file. Bounds are widened to allow for writers that truncate. */
struct delta_column_stats {
	int64_t nulls;			/* -1: not recorded */
	bool has_low, has_high;
	union pq_value low, high;	/* bytes are views of the statistics */
};

/* Parses the statistics of a file; NULL if it has none. Free with delta_stats_free, which accepts NULL. */
struct delta_stats;
struct delta_stats *delta_stats_open(const struct delta_file *f);
void delta_stats_free(struct delta_stats *st);
int64_t delta_stats_rows(const struct delta_stats *st);		/* numRecords; -1: not recorded */
void delta_stats_column(const struct delta_stats *st, const struct delta_column *c, struct delta_column_stats *out);

#endif

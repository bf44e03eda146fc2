/*
 * Least and greatest values: computed, cut, stored, read back. LogicalTypes.md on orders; the clauses of
 * Statistics and ColumnIndex.
 */
#ifndef PARQUET_STATS_H
#define PARQUET_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/meta.h"
#include "parquet/parquet.h"

enum { STATS_CUT = 64 };		/* bytes of a bound on strings and binary in the file */

struct stats_range {
	bool any;			/* min and max hold values */
	bool nan;			/* a NaN was seen; it is not among them */
	union pq_value min, max;	/* bytes are views */
};

/* Widens r by n values as they lie in memory: u8, i32, i64, i128, f32, f64 or struct pq_bytes. */
void stats_add(struct stats_range *r, enum pq_shape shape, const void *v, size_t n);
void stats_merge(struct stats_range *r, enum pq_shape shape, const struct stats_range *other);

/* Order of two values: below, equal to or above 0. Neither is NaN. */
int stats_compare(enum pq_shape shape, const union pq_value *a, const union pq_value *b);

/*
 * A bound as the file has it: PLAIN, without a length. Returns its length; `out` has 16 bytes of room. Not for
 * bytes. A zero of a float is made -0 as a minimum, +0 as a maximum.
 */
size_t stats_put(uint8_t *out, const struct meta_element *e, enum pq_shape shape, const union pq_value *v, bool max);

/*
 * Bounds on bytes: the length to cut a minimum to, not within a character of a string; and a maximum, cut and
 * raised, appended to out, where that is possible. *exact tells whether it is still the value.
 */
size_t stats_cut_min(struct pq_bytes b, bool string, bool *exact);
bool stats_cut_max(struct pq_bytes b, bool string, struct buf *out, bool *exact);

/*
 * From the file: fills the bounds of s where they can be trusted. order is the id of the ColumnOrder, 0 unknown;
 * scratch is of the caller's pool.
 */
void stats_read(struct pq_stats *s, const struct meta_stats *m, const struct pq_column *c,
    const struct meta_element *e, int order);

#endif

/*
 * Minima and maxima: computed, truncated, stored, read back. LogicalTypes.md on orders; clauses of Statistics and
 * ColumnIndex.
 */
#ifndef PARQUET_STATS_H
#define PARQUET_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/format/meta.h"
#include "parquet/parquet.h"

enum { STATS_CUT = 64 };		/* maximum bytes of a bound on a string or binary value in the file */

struct stats_range {
	bool any;			/* min and max are set */
	bool nan;			/* a NaN was seen; it is not part of min and max */
	union pq_value min, max;	/* bytes are views */
};

/* Extends r by n values in memory layout: u8, i32, i64, i128, f32, f64 or struct pq_bytes. */
void stats_add(struct stats_range *r, enum pq_shape shape, const void *v, size_t n);
void stats_merge(struct stats_range *r, enum pq_shape shape, const struct stats_range *other);

/*
 * Encodes a bound as PLAIN without a length. Returns its length; `out` has room for 16 bytes. Not for bytes. Zeros
 * of floats become -0 as a minimum, +0 as a maximum.
 */
size_t stats_put(uint8_t *out, const struct meta_element *e, enum pq_shape shape, const union pq_value *v, bool max);

/*
 * stats_cut_min returns the length to truncate a minimum to, at a character boundary for strings; stats_cut_max
 * appends a truncated and incremented maximum, if there is one. *exact: the bound is still the value.
 */
size_t stats_cut_min(struct pq_bytes b, bool string, bool *exact);
bool stats_cut_max(struct pq_bytes b, bool string, struct buf *out, bool *exact);

/*
 * Reads a chunk's statistics: fills the bounds of s if they can be trusted. order is the ColumnOrder's id, 0 if
 * unknown; scratch is in the caller's pool.
 */
void stats_read(struct pq_stats *s, const struct meta_stats *m, const struct pq_column *c,
    const struct meta_element *e, int order);

#endif

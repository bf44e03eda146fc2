/* Rows as vectors and as byte strings, for all column types of Parquet. Private to lib/optimize. */
#ifndef OPTIMIZE_ROWS_H
#define OPTIMIZE_ROWS_H

#include "base/mem.h"
#include "delta/delta.h"

enum { ROWS_MAX = 8192 };		/* maximum rows per batch */

struct rows {				/* owns all but columns */
	const struct delta_snapshot *snapshot;
	const size_t *columns;		/* one per vector; the caller's */
	size_t ncolumns;
	size_t n;
	size_t *sizes;			/* bytes per value of each column */
	enum pq_shape *shapes;
	uint8_t **values, **def;	/* ROWS_MAX each */
	struct pq_vector *vectors;	/* as passed to the writer: validity is NULL for columns that are never null */
	struct buf text;		/* bytes of strings; values hold offsets until rows_finish */
};

void rows_init(struct rows *r, const struct delta_snapshot *s, const size_t *columns, size_t ncolumns);
void rows_free(struct rows *r);

/*
 * Sets r->vectors to a batch's rows that are not deleted: the batch's own vectors if none is. EX_DATAERR for a null
 * in a required column.
 */
int rows_take(struct rows *r, const struct delta_batch *b, struct msg *err);

/* rows_put appends a row of a batch as bytes; rows_get appends such a row to r. */
void rows_put(const struct rows *r, const struct delta_batch *b, size_t row, struct buf *out);
void rows_add(struct rows *r, const uint8_t *p);
bool rows_full(const struct rows *r);
int rows_finish(struct rows *r, struct msg *err);	/* makes the vectors; set r->n = 0 to start again */

/* Appends a row's values as bytes that sort by memcmp like the values, nulls first. */
void rows_key(const struct pq_vector *vectors, const enum pq_shape *shapes, size_t n, size_t row, struct buf *out);

#endif

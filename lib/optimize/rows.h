/* Rows as vectors and as pieces of bytes, with any column that Parquet has. For lib/optimize alone. */
#ifndef OPTIMIZE_ROWS_H
#define OPTIMIZE_ROWS_H

#include "base/mem.h"
#include "delta/delta.h"

enum { ROWS_MAX = 8192 };		/* most rows of a batch */

struct rows {				/* owned */
	const struct delta_snapshot *snapshot;
	const size_t *columns;		/* of it, one per vector; the caller's */
	size_t ncolumns;
	size_t n;
	size_t *sizes;			/* of a value of each */
	enum pq_shape *shapes;
	uint8_t **values, **def;	/* ROWS_MAX of each */
	struct pq_vector *vectors;	/* as they are written: a column that is never null without its validity */
	struct buf text;		/* bytes of strings; values have their offsets until rows_finish */
};

void rows_init(struct rows *r, const struct delta_snapshot *s, const size_t *columns, size_t ncolumns);
void rows_free(struct rows *r);

/*
 * The rows of a batch that are not deleted, in r->vectors: the batch's own where all are there. EX_DATAERR for a null
 * where the schema allows none.
 */
int rows_take(struct rows *r, const struct delta_batch *b, struct msg *err);

/* A row of a batch as bytes, appended; and back, behind the rows that are there. */
void rows_put(const struct rows *r, const struct delta_batch *b, size_t row, struct buf *out);
void rows_add(struct rows *r, const uint8_t *p);
bool rows_full(const struct rows *r);
int rows_finish(struct rows *r, struct msg *err);	/* makes the vectors; then r->n = 0 begins anew */

/* The values of vectors as bytes that order as they do, a null first; appended. */
void rows_key(const struct pq_vector *vectors, const enum pq_shape *shapes, size_t n, size_t row, struct buf *out);

#endif

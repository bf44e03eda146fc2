/* A row group being buffered: its columns, and how many rows they have. */
#ifndef PARQUET_WRITE_ROWS_H
#define PARQUET_WRITE_ROWS_H

#include "parquet/format/schema.h"
#include "parquet/write/column.h"

struct out_rows {
	struct out_column *columns;	/* owned: one per leaf */
	size_t ncolumns;
	uint64_t rows;
};

/* The schema must outlive the rows. */
void out_rows_init(struct out_rows *g, const struct pq_schema *s, const struct pq_options *o);
void out_rows_free(struct out_rows *g);

/* Returns true if the row group has the rows or the bytes at which the options end it. */
bool out_rows_is_full(const struct out_rows *g, const struct pq_options *o);

/* Begins a call of pq_write: validates the vectors' lengths. EX_SOFTWARE if they do not hold `rows` rows. */
int out_rows_begin(struct out_rows *g, const char *name, size_t rows, const struct pq_vector *columns,
    struct msg *err);

/* Takes some of the next `rows` rows, at most until the row group is full; *taken is how many. */
int out_rows_take(struct out_rows *g, const struct pq_options *o, const char *name, size_t rows,
    const struct pq_vector *columns, size_t *taken, struct msg *err);

#endif

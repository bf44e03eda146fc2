/* Parses the page index of a column chunk. */
#ifndef PARQUET_READ_INDEX_H
#define PARQUET_READ_INDEX_H

#include "base/mem.h"
#include "parquet/format/stats.h"

struct chunk_place {			/* of a data page */
	uint64_t row;			/* its first, from the row group's first */
	uint64_t at, size;		/* in the file, with its header */
};

/*
 * Parses the OffsetIndex of a flat column in a row group of so many rows. The caller frees the places. NULL if it is
 * malformed: rows ascend from 0, and each page has one.
 */
struct chunk_place *chunk_places_parse(const uint8_t *p, size_t bytes, uint64_t rows, size_t *n);

struct chunk_index {			/* a chunk's ColumnIndex and OffsetIndex as the file has them */
	const uint8_t *columns, *offsets;
	size_t ncolumns, noffsets;
};

/*
 * Returns the pages of a flat column in a row group of so many rows; rows count from the group's first. The caller
 * frees them; their bounds are views of the bytes. NULL if the index is malformed.
 */
struct pq_page *chunk_index_parse(const struct chunk_index *b, const struct pq_column *c, const struct meta_element *e,
    int order, uint64_t rows, struct pool *pool, size_t *n);

#endif

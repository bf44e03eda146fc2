/* The pages of a column chunk. */
#ifndef PARQUET_WRITE_LAYOUT_H
#define PARQUET_WRITE_LAYOUT_H

#include "parquet/write/column.h"

struct out_page {
	/* byte: offset of the page's values among byte values outside a dictionary */
	size_t entry, entries, value, values, byte;
	uint64_t row, rows;
	struct stats_range range;
	/* set when the page is written: offset in the file, and size including the header */
	uint64_t offset;
	size_t size;
};

/*
 * Divides a chunk into pages, each with the range of its values, as struct out_page in *pages. Returns their number,
 * and the range of all values in *all; its bytes are views of the column.
 */
size_t out_layout(const struct out_column *c, const struct pq_options *o, struct buf *pages, struct stats_range *all);

#endif

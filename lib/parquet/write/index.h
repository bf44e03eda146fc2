/* Statistics of chunks and of the whole file, and the page indexes: PageIndex.md. */
#ifndef PARQUET_WRITE_INDEX_H
#define PARQUET_WRITE_INDEX_H

#include "parquet/write/layout.h"

/* A column's statistics over the whole file. */
struct out_total {
	struct stats_range range;
	struct buf min, max;		/* owned: what the range's bytes point to */
	uint64_t entries, values;
};
void out_total_add(struct out_total *t, const struct out_column *c, const struct stats_range *r);
void out_total_free(struct out_total *t);

struct out_index {			/* owned: the page indexes of all chunks so far */
	struct buf columns, offsets;
};
void out_index_free(struct out_index *x);

/* Fills in a chunk's statistics; their bytes are in the pool. */
void out_index_stats(struct meta_stats *s, const struct out_column *c, const struct stats_range *r, struct pool *pool);

/* Appends the indexes of a chunk's n pages. Offsets in *chunk are relative until out_index_place. */
void out_index_chunk(struct out_index *x, const struct out_column *c, const struct out_page *g, size_t n,
    struct meta_chunk *chunk);

/* Turns a chunk's index positions into offsets in the file, given where the column and the offset indexes begin. */
void out_index_place(struct meta_chunk *chunk, uint64_t columns_at, uint64_t offsets_at);

/* Returns true if a range gives bounds: there are values and none is NaN. */
bool out_index_has_bounds(const struct stats_range *r);

#endif

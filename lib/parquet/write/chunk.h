/* Writes a column chunk: lays out its pages, chooses the encoding, writes the pages, records statistics and indexes. */
#ifndef PARQUET_WRITE_CHUNK_H
#define PARQUET_WRITE_CHUNK_H

#include "parquet/write/index.h"
#include "parquet/write/page.h"
#include "parquet/write/plan.h"

struct out_chunks {			/* what the chunks of a file have in common */
	const struct pq_options *opt;
	struct out_planner planner;
	struct out_pager pager;
	struct out_index index;
	struct pool pool;		/* bytes of statistics */
	struct buf pages;		/* owned: struct out_page of the current chunk */
};

/* The options, the codec and the file must outlive it. */
void out_chunks_init(struct out_chunks *k, const struct pq_options *o, const struct codec *codec,
    struct out_file *file);
void out_chunks_free(struct out_chunks *k);

/* What the chunks of one column have in common. */
struct out_history {
	struct out_total total;
	unsigned wait;			/* see out_plan */
};

/* Writes the column's buffered values as a chunk and describes it in *chunk. */
int out_chunk_write(struct out_chunks *k, struct out_column *c, struct out_history *h, struct meta_chunk *chunk,
    struct msg *err);

#endif

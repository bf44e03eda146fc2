/* Reads a column chunk: decodes the entries of a batch, page by page. */
#ifndef PARQUET_CHUNK_H
#define PARQUET_CHUNK_H

#include "parquet/read/pages.h"
#include "parquet/read/values.h"

struct chunk_options {
	const struct pq_source *source;
	const struct pq_column *c;
	const struct meta_element *e;
	unsigned flags;			/* of enum pq_select_flags */
	size_t limit;			/* maximum bytes of an uncompressed page */
	bool sealed;			/* see struct chunk_pages */
	bool julian;			/* early dates of the file are in the Julian calendar */
};

struct chunk_in {
	unsigned flags;
	bool julian;
	struct chunk_pages pages;

	/* the current page; its entries are those not decoded yet */
	struct chunk_page page;
	struct values_in values;

	/* nested columns: levels decoded but not returned yet */
	uint8_t *ahead_rep, *ahead_def;
	size_t ahead_at, ahead_n;

	/* the current batch */
	struct buf out_rep, out_def, out_values, out_index;
	struct pool copies;
	size_t copied;
	struct pq_vector vector;
};

/* Prepares a zeroed chunk_in for a column. What the options point to must outlive it. */
void chunk_init(struct chunk_in *k, const struct chunk_options *o);

/* Begins a chunk of the row group; pages must end before `most`, the footer's offset. */
int chunk_begin(struct chunk_in *k, const struct meta_chunk *meta, size_t group, uint64_t rows, uint64_t most,
    struct msg *err);

/*
 * Loads a page if no entry is left in the current one; *n is the entries now available. For columns whose batches
 * may not span pages.
 */
int chunk_page(struct chunk_in *k, size_t *n, struct msg *err);

/* Decodes the entries of the next rows into k->vector. */
int chunk_rows(struct chunk_in *k, size_t rows, struct msg *err);

/* Passes over rows: pages without others are not decompressed. */
int chunk_skip(struct chunk_in *k, uint64_t rows, struct msg *err);

/* Returns true if a batch of this column must not span pages. */
bool chunk_is_paged(const struct chunk_in *k);

size_t chunk_held(const struct chunk_in *k);	/* bytes of memory for pages and the batch */

/* Ends a batch and frees what its views referred to. */
void chunk_forget(struct chunk_in *k);
void chunk_free(struct chunk_in *k);

#endif

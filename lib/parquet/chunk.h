/* A column chunk being read: its pages one after another, its dictionary, and the entries of a batch. */
#ifndef PARQUET_CHUNK_H
#define PARQUET_CHUNK_H

#include "parquet/meta.h"
#include "parquet/parquet.h"
#include "parquet/values.h"

struct chunk_in {
	/* set once */
	const struct pq_source *source;
	const struct pq_column *c;
	const struct meta_element *e;
	unsigned flags;			/* of enum pq_select_flags */
	size_t limit;			/* bytes of an uncompressed page */
	bool sealed;			/* the footer is as our writer made it: pages have the encodings it lists */
	bool julian;			/* the file's ancient days are of another calendar */

	/* the chunk */
	const struct meta_chunk *meta;
	size_t group;
	uint64_t at, end;		/* next byte in the file; where the chunk ends */
	uint64_t left;			/* entries in pages not begun */
	struct buf window;		/* bytes of the file from window_at */
	uint64_t window_at;
	bool seen_data;

	struct values_dict dict;
	struct buf dict_page, dict_values;
	uint64_t dict_serial;

	/* the page */
	struct buf page;
	size_t page_left;		/* entries */
	struct hybrid_in rep, def;
	struct values_in values;

	/* nested columns: levels decoded but not given out */
	uint8_t *ahead_rep, *ahead_def;
	size_t ahead_at, ahead_n;

	/* the batch */
	struct buf out_rep, out_def, out_values, out_index;
	struct pool copies;
	size_t copied;
	struct pq_vector vector;
};

/* Returns where the pages of a chunk begin. */
int64_t chunk_start(const struct meta_chunk *meta);

/* Begins a chunk of the row group; `most` is where pages must end, the footer. */
int chunk_begin(struct chunk_in *k, const struct meta_chunk *meta, size_t group, uint64_t rows, uint64_t most,
    struct msg *err);

/*
 * Makes sure that an entry is at hand in a page; *n entries then are. For columns that may not cross a page in a
 * batch.
 */
int chunk_page(struct chunk_in *k, size_t *n, struct msg *err);

/* Fills k->vector with the entries of the next rows. */
int chunk_rows(struct chunk_in *k, size_t rows, struct msg *err);

/* May a batch of this column not go beyond a page? */
bool chunk_is_paged(const struct chunk_in *k);

/* Ends a batch: its views are no longer needed. */
void chunk_forget(struct chunk_in *k);
void chunk_free(struct chunk_in *k);

#endif

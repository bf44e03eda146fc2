/* Reads a column chunk: iterates over its pages, decodes its dictionary and the entries of a batch. */
#ifndef PARQUET_CHUNK_H
#define PARQUET_CHUNK_H

#include "parquet/encode/codec.h"
#include "parquet/format/meta.h"
#include "parquet/parquet.h"
#include "parquet/read/values.h"

struct chunk_in {
	/* set once per reader */
	const struct pq_source *source;
	const struct pq_column *c;
	const struct meta_element *e;
	unsigned flags;			/* of enum pq_select_flags */
	size_t limit;			/* maximum bytes of an uncompressed page */
	/* written by this library with a valid footer checksum: pages have only the listed encodings */
	bool sealed;
	bool julian;			/* early dates of the file are in the Julian calendar */

	/* the current chunk */
	const struct meta_chunk *meta;
	const struct codec *codec;
	size_t group;
	uint64_t at, end;		/* file offset of the next byte; end of the chunk */
	uint64_t left;			/* entries in pages not loaded yet */
	struct buf window;		/* bytes of the file, starting at window_at */
	uint64_t window_at;
	bool seen_data;

	struct values_dict dict;
	struct buf dict_page, dict_values;
	uint64_t dict_serial;

	/* the current page */
	struct buf page;
	size_t page_left;		/* entries not decoded yet */
	struct hybrid_in rep, def;
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

/* Returns the file offset of a chunk's first page. */
int64_t chunk_start(const struct meta_chunk *meta);

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

/* Returns true if a batch of this column must not span pages. */
bool chunk_is_paged(const struct chunk_in *k);

/* Ends a batch and frees what its views referred to. */
void chunk_forget(struct chunk_in *k);
void chunk_free(struct chunk_in *k);

#endif

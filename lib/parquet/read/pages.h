/* The pages of a column chunk: found, verified, decompressed. */
#ifndef PARQUET_PAGES_H
#define PARQUET_PAGES_H

#include "parquet/encode/codec.h"
#include "parquet/encode/hybrid.h"
#include "parquet/format/meta.h"
#include "parquet/parquet.h"
#include "parquet/read/index.h"
#include "parquet/read/values.h"

struct chunk_pages {
	/* set once per reader */
	const struct pq_source *source;
	const struct pq_column *c;
	const struct meta_element *e;
	size_t limit;			/* maximum bytes of an uncompressed page */
	/* written by this library with a valid footer checksum: pages have only the listed encodings */
	bool sealed;

	/* the current chunk */
	const struct meta_chunk *meta;
	const struct codec *codec;
	size_t group;
	uint64_t at, end;		/* file offset of the next byte; end of the chunk */
	uint64_t left;			/* entries in pages not loaded yet */
	struct buf window;		/* bytes of the file, starting at window_at */
	uint64_t window_at;
	bool seen_data;
	bool sparse;			/* pages are passed over: nothing is read ahead */
	struct chunk_place *places;	/* owned: of its data pages; NULL if not known */
	size_t nplaces;
	struct buf page;		/* owned: the current page, if it was compressed */

	struct values_dict dict;
	struct buf dict_page, dict_values;
	uint64_t dict_serial;		/* changes with each dictionary */
};

struct chunk_page {			/* a data page; views until the next one is loaded */
	size_t entries;
	struct hybrid_in rep, def;
	int encoding;
	const uint8_t *p, *end;		/* its values */
};

/* Returns the file offset of a chunk's first page. */
int64_t chunk_start(const struct meta_chunk *meta);

/* Begins a chunk of the row group; pages must end before `most`, the footer's offset. */
int chunk_pages_begin(struct chunk_pages *k, const struct meta_chunk *meta, size_t group, uint64_t rows, uint64_t most,
    struct msg *err);

/*
 * Takes over the places of the chunk's data pages: those that are passed over are then not read. Places that lie
 * outside the chunk are ignored.
 */
void chunk_pages_place(struct chunk_pages *k, struct chunk_place *places, size_t n);

/*
 * Loads the next page. Returns 1 for a data page, which may have no entries; 0 for a dictionary, now in k->dict, or
 * a page of another kind; -1 with err filled for an invalid page and at the end of the chunk.
 */
int chunk_pages_next(struct chunk_pages *k, struct chunk_page *page, struct msg *err);

/*
 * Passes over data pages with at most `most` entries in all, of a flat column; *passed is how many entries they have.
 * From then on reads no more of the file than is asked for.
 */
int chunk_pages_skip(struct chunk_pages *k, uint64_t most, uint64_t *passed, struct msg *err);

size_t chunk_pages_held(const struct chunk_pages *k);	/* bytes of memory */
void chunk_pages_free(struct chunk_pages *k);

/* Fills err with EX_DATAERR, file, column, row group and what is invalid. Returns -1. */
int chunk_fault(const struct chunk_pages *k, const char *what, struct msg *err);

#endif

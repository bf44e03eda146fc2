/* Collects what the footer records, and writes page indexes and footer at the file's end: clause File format. */
#ifndef PARQUET_WRITE_FOOTER_H
#define PARQUET_WRITE_FOOTER_H

#include "parquet/format/schema.h"
#include "parquet/write/file.h"
#include "parquet/write/index.h"

struct out_footer {
	struct pool pool;
	struct meta_group *groups;	/* owned; their chunks are in the pool */
	size_t ngroups, cap;
	struct meta_key *keys;		/* owned; their bytes are in the pool */
	size_t nkeys;
};
void out_footer_free(struct out_footer *f);

/* Adds a key and its value; copies both. */
void out_footer_key(struct out_footer *f, const char *key, const char *value);

/* Adds a row group with room for its chunks, to be filled in; a view until the next call. */
struct meta_group *out_footer_group(struct out_footer *f, size_t nchunks);

/*
 * Writes indexes and footer of a file with so many rows. ancient: it has dates or instants so early that Spark needs a
 * key saying they are Gregorian. *sum is the XXH3-64 of the footer, its length and the magic.
 */
int out_footer_write(struct out_footer *f, struct pq_schema *s, uint64_t rows, bool ancient, struct out_index *x,
    struct out_file *file, uint64_t *sum, struct msg *err);

#endif

/*
 * The values of one column in the row group being buffered: those of fixed width as an array without nulls, byte values
 * in a dictionary while that pays.
 */
#ifndef PARQUET_WRITE_COLUMN_H
#define PARQUET_WRITE_COLUMN_H

#include "base/mem.h"
#include "parquet/encode/dict.h"
#include "parquet/format/meta.h"
#include "parquet/format/stats.h"
#include "parquet/parquet.h"

struct out_column {
	const struct pq_column *c;
	const struct meta_element *e;
	enum pq_shape store;		/* shape of the stored values; PQ_I32 for decimals stored as INT32 */
	struct buf def, rep;
	size_t entries, values;
	struct buf data;		/* values of fixed width; or byte values outside a dictionary, concatenated */
	struct buf lens;		/* their lengths, a uint32_t each */
	struct dict_bytes dict;
	bool delta;			/* DELTA encodings may be used */
	bool in_dict;			/* byte values: all values of the row group are in dict */
	size_t page;			/* entries per page; 0: depends on the values */
	struct buf ranges;		/* if not 0: struct stats_range of each page */
	uint64_t bytes;			/* byte values: total length */
	size_t at;			/* entries of pq_write's vector already taken */
};

/* page_rows and page_bytes limit the column's pages. c and e must outlive the column. */
void out_column_init(struct out_column *k, const struct pq_column *c, const struct meta_element *e, uint32_t page_rows,
    size_t page_bytes);
void out_column_free(struct out_column *k);
void out_column_clear(struct out_column *k);		/* drops the values, keeps the memory */
size_t out_column_held(const struct out_column *k);	/* bytes buffered */

/* As pq_room. Taking the values moves them to the front over nulls or a full row group's. */
void *out_column_room(struct out_column *k, size_t rows);

/* Appends n entries of v from entry k->at on. Returns false if a level exceeds the column's maximum. */
bool out_column_take(struct out_column *k, const struct pq_vector *v, size_t n);

/* Call before the column is divided into pages: completes the definition levels, or drops them if no entry is null. */
void out_column_complete(struct out_column *k);

/* Returns n values as 64-bit integers, of bytes their lengths; in *scratch. */
const int64_t *out_column_numbers(const struct out_column *k, size_t value, size_t n, struct buf *scratch);

/* Returns the width by which PLAIN values are described to a codec: see struct codec_hint. */
size_t out_column_hint(const struct out_column *k);

/* Returns the length of a byte value. */
static inline uint32_t
out_column_length(const struct out_column *k, size_t value)
{
	if (k->in_dict)
		return k->dict.entries[((const uint32_t *)(const void *)k->dict.index.p)[value]].len;
	return ((const uint32_t *)(const void *)k->lens.p)[value];
}

#endif

/* The values of one page, decoded as they are asked for: Encodings.md. */
#ifndef PARQUET_VALUES_H
#define PARQUET_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/dbp.h"
#include "parquet/hybrid.h"
#include "parquet/meta.h"
#include "parquet/parquet.h"

struct values_dict {			/* of a chunk, its values as in a vector */
	const void *values;
	size_t n;
	bool there;
};

struct values_in {
	const struct pq_column *c;
	const struct meta_element *e;
	int encoding;
	/* the encoding's own header is read when the first value is wanted: a page of nulls may have none */
	bool opened;
	const uint8_t *p, *end;
	size_t bit;			/* PLAIN booleans: taken */
	const struct values_dict *dict;
	struct hybrid_in runs;		/* dictionary indexes, booleans */
	struct dbp_in numbers;		/* values, or lengths, or lengths of suffixes */
	struct dbp_in prefixes;
	struct buf last;		/* DELTA_BYTE_ARRAY: the last value */
	struct buf split;		/* BYTE_STREAM_SPLIT: put together */
	struct pool made;		/* values put together; views until values_begin */
	size_t made_bytes, limit;
};

/* The values of a new page lie from p to end, which stay while it is read. Returns NULL, or why they cannot be read. */
const char *values_begin(struct values_in *v, int encoding, const uint8_t *p, const uint8_t *end);

/* The next n values into `out`, as a vector of the column has them. NULL, or what is wrong. */
const char *values_next(struct values_in *v, size_t n, void *out);

/* Where the page is dictionary-coded: the next n indexes, each below the dictionary's n. */
bool values_is_indexed(const struct values_in *v);
const char *values_next_index(struct values_in *v, size_t n, uint32_t *out);

/* Are the n PLAIN values of a dictionary page, len bytes of it, those of a vector as they lie? */
bool values_are_stored(const struct pq_column *c, const struct meta_element *e, size_t len, size_t n);

/* Decodes a dictionary page of n PLAIN values into `out`, which it fills. */
const char *values_dictionary(const struct pq_column *c, const struct meta_element *e, const uint8_t *p, size_t len,
    size_t n, struct buf *out);

/* Frees values made for the batch that is over. */
void values_forget(struct values_in *v);
void values_free(struct values_in *v);

#endif

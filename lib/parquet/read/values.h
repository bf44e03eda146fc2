/* Decodes the values of a page on demand: Encodings.md. */
#ifndef PARQUET_VALUES_H
#define PARQUET_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/encode/dbp.h"
#include "parquet/encode/hybrid.h"
#include "parquet/format/meta.h"
#include "parquet/parquet.h"

struct values_dict {			/* dictionary of a chunk; values in vector layout */
	const void *values;
	size_t n;
	bool there;
};

struct values_in {
	const struct pq_column *c;
	const struct meta_element *e;
	int encoding;
	/* the encoding's own header is read with the first value: a page of nulls may lack it */
	bool opened;
	const uint8_t *p, *end;
	size_t bit;			/* PLAIN booleans: bits consumed */
	const struct values_dict *dict;
	struct hybrid_in runs;		/* dictionary indexes or booleans */
	struct dbp_in numbers;		/* values, lengths, or suffix lengths */
	struct dbp_in prefixes;
	struct buf last;		/* DELTA_BYTE_ARRAY: the previous value */
	struct buf split;		/* BYTE_STREAM_SPLIT: reassembled values */
	struct pool made;		/* values assembled in memory; views until values_begin */
	size_t made_bytes, limit;
};

/*
 * Starts a page whose values are from p to end; the bytes must stay while it is read. Returns NULL, or why they
 * cannot be read.
 */
const char *values_begin(struct values_in *v, int encoding, const uint8_t *p, const uint8_t *end);

/* Decodes the next n values to `out`, in vector layout. Returns NULL, or what is invalid. */
const char *values_next(struct values_in *v, size_t n, void *out);

/* For dictionary-encoded pages: decodes the next n indexes, each below the dictionary's n. */
bool values_is_indexed(const struct values_in *v);
const char *values_next_index(struct values_in *v, size_t n, uint32_t *out);

/* Returns true if the n PLAIN values of a dictionary page, len bytes, are already in vector layout. */
bool values_are_stored(const struct pq_column *c, const struct meta_element *e, size_t len, size_t n);

/* Decodes a dictionary page of n PLAIN values into `out`. */
const char *values_dictionary(const struct pq_column *c, const struct meta_element *e, const uint8_t *p, size_t len,
    size_t n, struct buf *out);

/* Frees the values assembled for the last batch. */
void values_forget(struct values_in *v);
void values_free(struct values_in *v);

#endif

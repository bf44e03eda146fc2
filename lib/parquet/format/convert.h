/*
 * Converts physical values to those of a vector: widening, time units, decimals of all physical types.
 * LogicalTypes.md.
 */
#ifndef PARQUET_CONVERT_H
#define PARQUET_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "parquet/format/meta.h"
#include "parquet/parquet.h"

/* Returns true if the stored bytes are the vector's bytes. */
bool convert_is_copy(const struct pq_column *c, const struct meta_element *e);

/*
 * Converts n stored values of fixed width, at any alignment, to `out`. Returns NULL, or what is invalid. Not for
 * columns of bytes.
 */
const char *convert_fixed(const struct pq_column *c, const struct meta_element *e, const uint8_t *p, size_t n,
    void *out);

/* Converts n values given as bytes (BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY) to `out`, for columns that are not of bytes. */
const char *convert_bytes(const struct pq_column *c, const struct pq_bytes *p, size_t n, void *out);

#endif

/* From physical values to those of a vector: widening, units, decimals of every carrier. LogicalTypes.md. */
#ifndef PARQUET_CONVERT_H
#define PARQUET_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "parquet/meta.h"
#include "parquet/parquet.h"

/* Bytes of a physical value as PLAIN has it; 0 for BYTE_ARRAY and BOOLEAN. */
size_t convert_stored(const struct meta_element *e);

/* Bytes of a value in a vector. */
size_t convert_width(enum pq_shape shape);

/* Is a stored value the vector's value, byte for byte? */
bool convert_is_copy(const struct pq_column *c, const struct meta_element *e);

/*
 * n stored values of fixed width, at any alignment, to `out`. Returns NULL, or what is wrong with one of them. Not
 * for columns of bytes.
 */
const char *convert_fixed(const struct pq_column *c, const struct meta_element *e, const uint8_t *p, size_t n,
    void *out);

/* n values given as bytes (BYTE_ARRAY, or FIXED_LEN_BYTE_ARRAY) to `out`, for columns that are not of bytes. */
const char *convert_bytes(const struct pq_column *c, const struct pq_bytes *p, size_t n, void *out);

#endif

/*
 * Snappy compression for arrays of decimals as FIXED_LEN_BYTE_ARRAY stores them, big-endian: like words.h, for other
 * widths and byte order.
 */
#ifndef PARQUET_DECIMALS_H
#define PARQUET_DECIMALS_H

#include <stddef.h>
#include <stdint.h>

/* Returns the maximum bytes of n bytes compressed. */
size_t decimals_room(size_t n);

/*
 * Compresses n bytes; those after the first `skip` are values of `width` bytes, 8 to 16. Returns the bytes written.
 * n < 2^32.
 */
size_t decimals_pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip, size_t width);

#endif

/* CRC-32 (RFC 1952), equal to zlib's, using carry-less multiplication if the processor supports it. */
#ifndef PARQUET_CRC_H
#define PARQUET_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc_bytes(const uint8_t *p, size_t n);

#endif

/* CRC-32 of RFC 1952, as zlib has it, at the speed of carry-less multiplication where the processor has that. */
#ifndef PARQUET_CRC_H
#define PARQUET_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc_bytes(const uint8_t *p, size_t n);

#endif

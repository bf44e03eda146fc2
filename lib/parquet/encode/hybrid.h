/* The RLE / bit-packing hybrid of levels, dictionary indexes and booleans. Encodings.md, clause RLE. */
#ifndef PARQUET_HYBRID_H
#define PARQUET_HYBRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct hybrid_in {
	const uint8_t *p, *end;
	unsigned width;			/* 0 to 32 */
	uint32_t left;			/* values left in the current run */
	uint32_t value;			/* value of an RLE run */
	const uint8_t *packed;		/* start of a bit-packed run, NULL for an RLE run */
	const uint8_t *packed_end;
	size_t at;			/* values taken from the bit-packed run */
};

void hybrid_open(struct hybrid_in *h, const uint8_t *p, const uint8_t *end, unsigned width);

/* Decodes the next n values. Returns false if the data is truncated or invalid. */
bool hybrid_next(struct hybrid_in *h, uint32_t *out, size_t n);

/* Decodes to bytes, for levels and booleans. Also returns false for a value above `most`. */
bool hybrid_next_bytes(struct hybrid_in *h, uint8_t *out, size_t n, unsigned most);

/* Encodes and appends n values. */
void hybrid_put(struct buf *out, const uint32_t *v, size_t n, unsigned width);
void hybrid_put_bytes(struct buf *out, const uint8_t *v, size_t n, unsigned width);

/* Appends an RLE run of n values. */
void hybrid_put_run(struct buf *out, uint32_t v, size_t n, unsigned width);

#endif

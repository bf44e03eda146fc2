/* The hybrid of run lengths and bit packing: levels, dictionary indexes, booleans. Encodings.md, clause RLE. */
#ifndef PARQUET_HYBRID_H
#define PARQUET_HYBRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct hybrid_in {
	const uint8_t *p, *end;
	unsigned width;			/* 0 to 32 */
	uint32_t left;			/* of the current run */
	uint32_t value;			/* of a run of equal values */
	const uint8_t *packed;		/* start of a packed run, NULL in a run of equal values */
	const uint8_t *packed_end;
	size_t at;			/* values taken from it */
};

void hybrid_open(struct hybrid_in *h, const uint8_t *p, const uint8_t *end, unsigned width);

/* The next n values. False where they are not there. */
bool hybrid_next(struct hybrid_in *h, uint32_t *out, size_t n);

/* The same into bytes, for levels and booleans; values are not above `most`. */
bool hybrid_next_bytes(struct hybrid_in *h, uint8_t *out, size_t n, unsigned most);

/* Appends n values. */
void hybrid_put(struct buf *out, const uint32_t *v, size_t n, unsigned width);
void hybrid_put_bytes(struct buf *out, const uint8_t *v, size_t n, unsigned width);

/* Appends a run of n values. */
void hybrid_put_run(struct buf *out, uint32_t v, size_t n, unsigned width);

#endif

/* DELTA_BINARY_PACKED: Encodings.md, clause Delta Encoding. Differences wrap at 64 bits, those of INT32 at 32 bits. */
#ifndef PARQUET_DBP_H
#define PARQUET_DBP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct dbp_in {
	const uint8_t *p, *end;
	uint64_t total, left;		/* number of values; number not decoded yet */
	uint64_t minis, per_mini;	/* miniblocks per block; values per miniblock */
	uint64_t last, min;		/* last value; minimum delta of the block */
	bool first;			/* the first value is not decoded yet */
	const uint8_t *widths;		/* bit widths of the block's miniblocks */
	uint64_t mini;			/* miniblocks of the block begun */
	const uint8_t *packed;		/* packed values of the miniblock */
	size_t at, mini_left;
	unsigned width;
};

/* Reads the header. Returns false if it is invalid or its blocks are larger than any writer makes them. */
bool dbp_open(struct dbp_in *d, const uint8_t *p, const uint8_t *end);

/* Decodes the next n values. Returns false if the data is truncated or invalid. */
bool dbp_next(struct dbp_in *d, int64_t *out, size_t n);

/* Skips the remaining values. On success d->p is the end of the encoded data. */
bool dbp_skip(struct dbp_in *d);

/* Encodes and appends n values. is32: differences wrap at 32 bits. */
void dbp_put(struct buf *out, const int64_t *v, size_t n, bool is32);

#endif

/* DELTA_BINARY_PACKED: Encodings.md, clause Delta Encoding. Values wrap at 64 bits, those of INT32 at 32. */
#ifndef PARQUET_DBP_H
#define PARQUET_DBP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct dbp_in {
	const uint8_t *p, *end;
	uint64_t total, left;		/* values in all; not given out yet */
	uint64_t minis, per_mini;	/* miniblocks of a block, values of a miniblock */
	uint64_t last, min;		/* last value; least difference in the block */
	bool first;			/* the first value is still to be given out */
	const uint8_t *widths;		/* of the block */
	uint64_t mini;			/* miniblocks of the block begun */
	const uint8_t *packed;		/* of the miniblock */
	size_t at, mini_left;
	unsigned width;
};

/* Reads the header. False where it is none, or its blocks are larger than anyone makes them. */
bool dbp_open(struct dbp_in *d, const uint8_t *p, const uint8_t *end);

/* The next n values. False where they are not there. */
bool dbp_next(struct dbp_in *d, int64_t *out, size_t n);

/* Passes over all values left. On true d->p is where the encoding ends. */
bool dbp_skip(struct dbp_in *d);

/* Appends n values. is32: differences wrap at 32 bits. */
void dbp_put(struct buf *out, const int64_t *v, size_t n, bool is32);

#endif

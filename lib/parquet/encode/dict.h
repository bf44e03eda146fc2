/*
 * Builds the dictionary of a column chunk being written, and the index of each value. Encodings.md, clause
 * Dictionary Encoding.
 */
#ifndef PARQUET_DICT_H
#define PARQUET_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/format/stats.h"
#include "parquet/parquet.h"

enum {
	DICT_MAX = 1 << 20,		/* maximum entries */
	DICT_MAX_BYTES = 1 << 23	/* maximum bytes of values */
};

/* ---- values of 4 or 8 bytes, all given at once ---- */

/* How the index of a value is looked up: table by value, rank in a bitmap, hash table. */
enum dict_how { DICT_TABLE, DICT_RANKS, DICT_HASHED };

struct dict_fixed {
	struct buf values;		/* the entries in memory layout */
	size_t n;
	enum dict_how how;
	bool wide;			/* values have 8 bytes, not 4 */
	int64_t min;			/* DICT_TABLE, DICT_RANKS: minimum value */
	struct buf table;		/* DICT_TABLE: uint32_t indexes by value - min */
	struct buf index;		/* uint32_t; DICT_HASHED: of all values, else of the last dict_fixed_index */
	struct buf scratch;		/* DICT_RANKS: bitmap and ranks */
};

/*
 * Builds a dictionary of n values. Returns false if it does not pay, that is, if entries and indexes take `plain`
 * bytes or more. packs: entries shrink when compressed. Integers of a narrow range get sorted entries; others and
 * floats are in order of first occurrence.
 */
bool dict_fixed_build(struct dict_fixed *d, enum pq_shape shape, const void *v, size_t n,
    const struct stats_range *range, double plain, bool packs);

/*
 * Returns the indexes of n values, starting at number `first`, of the values v the dictionary was built from; valid
 * until the next call.
 */
const uint32_t *dict_fixed_index(struct dict_fixed *d, const void *v, size_t first, size_t n);
void dict_fixed_free(struct dict_fixed *d);

/* ---- byte values, built incrementally ---- */

struct dict_entry {
	uint64_t a, b;			/* values of up to 16 bytes: all of them; longer ones: a hash */
	uint32_t off, len;
};

struct dict_bytes {
	uint32_t *slots;		/* entry + 1; 0 is free */
	size_t mask;
	struct dict_entry *entries;
	size_t n, cap;
	struct buf data;
	struct buf index;		/* a uint32_t per value */
	size_t nvalues;
};

/* Adds values. Returns how many it took: less than n if the dictionary no longer pays. */
size_t dict_bytes_add(struct dict_bytes *d, const struct pq_bytes *v, size_t n);
void dict_bytes_clear(struct dict_bytes *d);		/* keeps the memory */
void dict_bytes_free(struct dict_bytes *d);

static inline struct pq_bytes
dict_bytes_at(const struct dict_bytes *d, uint32_t i)
{
	return (struct pq_bytes){ d->data.p + d->entries[i].off, d->entries[i].len };
}

#endif

/*
 * Dictionaries of a column chunk that is written: which values there are, and each value's index. Encodings.md,
 * clause Dictionary Encoding.
 */
#ifndef PARQUET_DICT_H
#define PARQUET_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/parquet.h"
#include "parquet/stats.h"

enum {
	DICT_MAX = 1 << 20,		/* most entries */
	DICT_MAX_BYTES = 1 << 23	/* most bytes of values */
};

/* ---- values of 4 or 8 bytes, all at hand ---- */

/* How the index of a value is found. */
enum dict_how { DICT_TABLE, DICT_RANKS, DICT_HASHED };

struct dict_fixed {
	struct buf values;		/* the entries as they lie in memory */
	size_t n;
	enum dict_how how;
	bool wide;			/* values of 8 bytes */
	int64_t min;			/* DICT_TABLE, DICT_RANKS: the least value */
	struct buf table;		/* DICT_TABLE: uint32_t, the index of each value from that one on */
	struct buf index;		/* uint32_t; DICT_HASHED: of all values, or else of those that were asked for */
	struct buf scratch;		/* DICT_RANKS: what an index is counted from */
};

/*
 * Looks for a dictionary of n values that is worth it: whose entries and indexes take less than `plain` bytes.
 * packs: entries shrink when compressed. Integers in a range that is not too wide get sorted entries, others and
 * floats as they come.
 */
bool dict_fixed_build(struct dict_fixed *d, enum pq_shape shape, const void *v, size_t n,
    const struct stats_range *range, double plain, bool packs);

/* The indexes of n of the values v that the dictionary was built of, from number `first` on; until the next call. */
const uint32_t *dict_fixed_index(struct dict_fixed *d, const void *v, size_t first, size_t n);
void dict_fixed_free(struct dict_fixed *d);

/* ---- bytes, built while values come ---- */

struct dict_entry {
	uint64_t a, b;			/* up to 16 bytes: all of them; of longer ones a hash */
	uint32_t off, len;
};

struct dict_bytes {
	uint32_t *slots;		/* entry + 1, 0 free */
	size_t mask;
	struct dict_entry *entries;
	size_t n, cap;
	struct buf data;
	struct buf index;		/* uint32_t for each value */
	size_t nvalues;
};

/* Adds values; returns how many it took: less than n where the dictionary has become larger than it is worth. */
size_t dict_bytes_add(struct dict_bytes *d, const struct pq_bytes *v, size_t n);
void dict_bytes_clear(struct dict_bytes *d);		/* keeps its memory */
void dict_bytes_free(struct dict_bytes *d);

static inline struct pq_bytes
dict_bytes_at(const struct dict_bytes *d, uint32_t i)
{
	return (struct pq_bytes){ d->data.p + d->entries[i].off, d->entries[i].len };
}

#endif

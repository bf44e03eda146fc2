/*
 * Finds repeated keys on disk if memory does not hold them all: partitions the keys, in order and with their rows'
 * fingerprints, into 32 files by hash; at the end each file is processed with a set of its own (and partitioned again
 * if it is too large), and yields the answers in the order of its keys. Memory holds only one file's keys and a buffer
 * per file.
 */
#ifndef MAP_LATER_H
#define MAP_LATER_H

#include "map/set.h"
#include "spill/parts.h"

struct map_later {
	bool integers;
	size_t limit;				/* bytes for a file's set */
	uint64_t too_large;			/* size of the smallest whose keys were too many for it */
	uint64_t written;			/* keys, counted once for each file they were written to */
	struct spill_parts parts;		/* keys; after map_later_resolve one byte per answer */
};

void map_later_init(struct map_later *l, bool integers, size_t limit);
void map_later_free(struct map_later *l);

/*
 * Adds a key (n <= UINT32_MAX bytes; an integer as its eight bytes in memory). known: the key comes from the set in
 * memory and has been answered, so no answer is stored. Known keys must be added first.
 */
int map_later_add(struct map_later *l, const void *key, size_t n, uint64_t print, bool known, struct msg *err);

/* Computes the answers; call after the last key. */
int map_later_resolve(struct map_later *l, struct msg *err);

/*
 * Returns the answer for the next key, MAP_NEW, SAME or OTHER, or -1 on a read error. Keys must be passed in the
 * order of map_later_add.
 */
int map_later_next(struct map_later *l, const void *key, size_t n, struct msg *err);

#endif

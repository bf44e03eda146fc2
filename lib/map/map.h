/*
 * One map for all keys: gives each new key the next number, from 0, so that plain arrays can hold the data of a key.
 * Keys are integers (map/ints.h) or strings of bytes without NULs (map/bytes.h); which of their places are used is an
 * inner matter. Hashes are seeded.
 */
#ifndef MAP_MAP_H
#define MAP_MAP_H

#include "map/bytes.h"
#include "map/ints.h"

struct map {			/* owned */
	bool integers;
	struct map_ints ints;	/* words: numbers plus 1 */
	struct map_bytes bytes;
	int64_t *keys;		/* of integers, by number, after map_int_keys */
};

/* limit: bytes, of which keys that turn out sparse may waste a part; 0 for no limit. The caller keeps to it. */
void map_init(struct map *m, bool integers, size_t limit);
void map_free(struct map *m);
void map_clear(struct map *m);			/* removes all keys */
size_t map_count(const struct map *m);

/*
 * Returns the bytes allocated; and the most, even if only for a moment, while `more` keys of `bytes` bytes in all are
 * added.
 */
size_t map_memory(const struct map *m);
size_t map_memory_after(const struct map *m, size_t more, size_t bytes);

/* Returns true if `more` keys could be too many: 2^32, or bytes that take 32 GiB. */
bool map_may_fill(const struct map *m, size_t more);

/*
 * Add or find n integers, fetching their places ahead. map_add_ints returns false if there are too many keys.
 * map_find_ints gives MAP_ABSENT for a missing key.
 */
bool map_add_ints(struct map *m, const int64_t *keys, size_t n, uint32_t *numbers);
void map_find_ints(const struct map *m, const int64_t *keys, size_t n, uint32_t *numbers);

/* Returns the integers by number: a view until a key is added. */
const int64_t *map_int_keys(struct map *m);

/* ---- Order ---- */

struct map_walk {		/* a walk over all keys of a map that does not change, ascending */
	const struct map *m;
	uint32_t *places;	/* of bytes; owned */
	struct map_int *far;	/* integers that are not in pages; owned */
	size_t i;		/* the next of either */
	size_t page, word;	/* the next word in pages */
};

void map_walk_begin(struct map_walk *w, const struct map *m);
void map_walk_end(struct map_walk *w);

/* Return up to `most` more keys and their numbers; 0 at the end. */
size_t map_walk_ints(struct map_walk *w, int64_t *keys, uint32_t *numbers, size_t most);
size_t map_walk_bytes(struct map_walk *w, const struct map_key **keys, size_t most);

#endif

/*
 * A word, never 0, for each of many integer keys. Keys that lie close together are in pages (map/pages.h); all others
 * are in a hash table whose slots fill cache lines, five keys and their words a line, so that a look-up, whether it
 * finds the key or not, costs about one cache miss, which map_ints_prefetch hides. The table's order is that of the
 * hashes, seeded, so that it grows without random access.
 */
#ifndef MAP_INTS_H
#define MAP_INTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "map/pages.h"

enum { MAP_INTS_LINE = 5 };

struct map_ints_line {		/* fills up from its first slot */
	int64_t key[MAP_INTS_LINE];
	uint32_t word[MAP_INTS_LINE];	/* 0: a free slot */
	uint32_t unused;
};

struct map_ints {		/* owned; map_ints_init makes an empty one */
	struct map_pages pages;
	struct map_ints_line *lines;
	size_t nlines;		/* a power of 2; 0: no table yet */
	unsigned shift;		/* hash >> shift is the line where a search begins */
	size_t n, most;		/* keys in the table; number at which it grows */
	size_t limit;		/* bytes, 0: unlimited */
};

/* limit: most bytes to allocate, 0 for no limit. */
void map_ints_init(struct map_ints *t, size_t limit);
void map_ints_free(struct map_ints *t);
void map_ints_clear(struct map_ints *t);		/* removes all keys and most memory; keeps the limit */
size_t map_ints_memory(const struct map_ints *t);	/* bytes allocated */

/* Returns the most bytes allocated, even if only for a moment, while `more` keys are added. */
size_t map_ints_memory_after(const struct map_ints *t, size_t more);

/* Returns the number of keys. */
static inline size_t
map_ints_count(const struct map_ints *t)
{
	return t->n + t->pages.n;
}

static inline size_t
map_ints_home(const struct map_ints *t, int64_t key)
{
	return (size_t)(hash_words((uint64_t)key, 0) >> t->shift);
}

/*
 * Prefetches what a look-up will need; call some keys ahead. A prefetch rather than a load (cpu.h), as callers work
 * between two keys, which a pending load would stall. Always inlined: gcc takes a function that only prefetches for one
 * without effect and drops its calls.
 */
__attribute__((always_inline)) static inline void
map_ints_prefetch(const struct map_ints *t, int64_t key)
{
	const uint32_t *place = map_pages_place(&t->pages, key);

	if (place != NULL)
		cpu_prefetch(place);
	if (t->n > 0 && place == NULL)
		__builtin_prefetch(&t->lines[map_ints_home(t, key)], 1);
}

/* Returns a key's word in the table, or NULL. */
uint32_t *map_ints_find_far(const struct map_ints *t, int64_t key);

/* Returns a key's word, or 0. */
static inline uint32_t
map_ints_find(const struct map_ints *t, int64_t key)
{
	const uint32_t *place = map_pages_place(&t->pages, key);

	if ((place == NULL || *place == 0) && t->n > 0)
		place = map_ints_find_far(t, key);
	return place != NULL ? *place : 0;
}

uint32_t *map_ints_add_slow(struct map_ints *t, int64_t key, uint32_t word);

/*
 * Returns the place of a key's word, which is `word`, not 0, if the key is new; then *added is set. NULL if the limit
 * leaves no room for it. The place is valid until the next key is added.
 */
static inline uint32_t *
map_ints_add(struct map_ints *t, int64_t key, uint32_t word, bool *added)
{
	uint32_t *place = map_pages_place(&t->pages, key);
	size_t n;

	*added = false;
	if (place != NULL && *place != 0)
		return place;
	if (place != NULL && t->n == 0) {
		t->pages.n++;
		*added = true;
		*place = word;
		return place;
	}
	n = map_ints_count(t);
	place = map_ints_add_slow(t, key, word);
	*added = map_ints_count(t) > n;
	return place;
}

/* Calls visit for each key, in unspecified order, until it returns nonzero; returns that, or 0. */
int map_ints_each(const struct map_ints *t, int (*visit)(void *to, int64_t key, uint32_t word), void *to);

struct map_int {
	int64_t key;
	uint32_t word;
};

/* Returns the keys of the table, without those in pages, in ascending order: t->n items, owned; NULL for none. */
struct map_int *map_ints_sorted(const struct map_ints *t);

#endif

/*
 * Maps integer keys that lie close together, as account numbers do, to numbers: each new key gets the next number, from
 * 0. A key indexes an array of pages with 4 bytes a key, so that much more of the map stays in the cache than of a hash
 * table; and the pages have the keys in order.
 *
 * Keys that are too far apart do not fit: densemap_add then says so, and the caller continues with a keymap.
 */
#ifndef KEY_DENSEMAP_H
#define KEY_DENSEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

#define DENSEMAP_ABSENT UINT32_MAX
enum { DENSEMAP_PAGE_BITS = 10, DENSEMAP_PAGE = 1 << DENSEMAP_PAGE_BITS };

struct densemap_block;

struct densemap {		/* all zero is empty */
	uint32_t **pages;	/* owned; each entry is the key's number plus 1, 0 if absent; NULL: no such page */
	int64_t first;		/* the key of pages[0][0], divided by DENSEMAP_PAGE */
	size_t npages, used;	/* used: pages allocated */
	size_t free_pages;	/* pages of 4 KiB allowed regardless of the number of keys; 0 means 8192 */
	uint32_t n;		/* keys */
	struct densemap_block *blocks;	/* owned: memory for pages */
	uint32_t *next;		/* next page of the last block */
	size_t left;		/* pages left in that block */
};

void densemap_free(struct densemap *m);
void densemap_clear(struct densemap *m);	/* Returns the key's place, or NULL if its page does not exist. */

/* Returns the key's number, a new one if it has none yet; DENSEMAP_ABSENT if it does not fit. */
static inline uint32_t *
densemap_place(const struct densemap *m, int64_t key)
{
	uint64_t page = (uint64_t)(key >> DENSEMAP_PAGE_BITS) - (uint64_t)m->first;

	if (page >= m->npages || m->pages[page] == NULL)
		return NULL;
	return &m->pages[page][(uint64_t)key % DENSEMAP_PAGE];
}

/*
 * Add or find n keys, prefetching each place. densemap_add_all returns n, or the index of the first key that does not
 * fit; the keys before it have their numbers. densemap_find_all gives DENSEMAP_ABSENT for a missing key.
 */
uint32_t densemap_add(struct densemap *m, int64_t key);

/* Returns the bytes allocated. */
size_t densemap_add_all(struct densemap *m, const int64_t *keys, size_t n, uint32_t *numbers);
void densemap_find_all(const struct densemap *m, const int64_t *keys, size_t n, uint32_t *numbers);

/* Returns the keys by number, an array of m->n that the caller frees; NULL if there are no keys. */
size_t densemap_memory(const struct densemap *m);

/* Returns the keys by number, an array of m->n that the caller frees; NULL if there are no keys. */
int64_t *densemap_keys(const struct densemap *m);

#endif

/*
 * Integer keys to numbers where the keys lie close together, as account numbers do: each different key gets the next number from 0. A key is
 * found by its place, 4 bytes each, in pages of an array, so that far more of the table stays in the cache than of a hash table; and the
 * pages have the keys in order.
 *
 * Keys that lie too far apart do not fit: then densemap_add says so, and the caller goes on with a keymap.
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

struct densemap {		/* all zero is an empty one */
	uint32_t **pages;	/* owned; of a page, the number and 1 of each key, 0 for none; NULL where no key is */
	int64_t first;		/* the key of pages[0][0], divided by DENSEMAP_PAGE */
	size_t npages, used;	/* used: pages that are there */
	size_t free_pages;	/* so many, of 4 KiB, may be there for few keys; 0 is 8192 */
	uint32_t n;		/* keys */
	struct densemap_block *blocks;	/* owned: memory for pages */
	uint32_t *next;		/* the next page of the last block */
	size_t left;		/* pages left in it */
};

void densemap_free(struct densemap *m);
void densemap_clear(struct densemap *m);	/* forgets the keys; free_pages stays */

/* The key's place, or NULL where its page is not there. */
static inline uint32_t *
densemap_place(const struct densemap *m, int64_t key)
{
	uint64_t page = (uint64_t)(key >> DENSEMAP_PAGE_BITS) - (uint64_t)m->first;

	if (page >= m->npages || m->pages[page] == NULL)
		return NULL;
	return &m->pages[page][(uint64_t)key % DENSEMAP_PAGE];
}

/* The key's number, a new one where it has none yet; DENSEMAP_ABSENT where it does not fit. */
uint32_t densemap_add(struct densemap *m, int64_t key);

/*
 * The same for n keys, each place fetched before it is read. densemap_add_all returns n, or which key is the first that
 * does not fit: those before it have their numbers. In densemap_find_all a key without a number is DENSEMAP_ABSENT.
 */
size_t densemap_add_all(struct densemap *m, const int64_t *keys, size_t n, uint32_t *numbers);
void densemap_find_all(const struct densemap *m, const int64_t *keys, size_t n, uint32_t *numbers);

/* Bytes held. */
size_t densemap_memory(const struct densemap *m);

/* The keys by number: an array of m->n, the caller frees it. NULL where there is no key. */
int64_t *densemap_keys(const struct densemap *m);

#endif

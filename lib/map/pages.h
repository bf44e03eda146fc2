/*
 * Words of integers that lie close together, as account numbers do: a key indexes an array of pages with 4 bytes a key,
 * so that much more stays in the cache than of a hash table, and the pages have the keys in order. Private to lib/map.
 */
#ifndef MAP_PAGES_H
#define MAP_PAGES_H

#include <stddef.h>
#include <stdint.h>

enum { MAP_PAGE_BITS = 10, MAP_PAGE = 1 << MAP_PAGE_BITS, MAP_PAGE_BYTES = 4 * MAP_PAGE };

struct map_pages_block;

struct map_pages {		/* owned; all zero is empty */
	uint32_t **pages;	/* each MAP_PAGE words; NULL: no such page */
	int64_t first;		/* the key of pages[0][0], divided by MAP_PAGE */
	size_t npages, used;	/* length of the list; pages allocated */
	size_t spare;		/* pages allowed whatever the number of keys */
	size_t n;		/* keys: counted by the caller */
	struct map_pages_block *blocks;	/* memory for pages */
	uint32_t *next;		/* next page of the last block */
	size_t left;		/* pages left in that block */
};

void map_pages_free(struct map_pages *p);

/* Returns the bytes allocated; and the most while pages are added for `more` keys. */
size_t map_pages_memory(const struct map_pages *p);
size_t map_pages_memory_after(const struct map_pages *p, size_t more);

/* Returns the word of a key, or NULL if its page does not exist. */
static inline uint32_t *
map_pages_place(const struct map_pages *p, int64_t key)
{
	uint64_t page = (uint64_t)(key >> MAP_PAGE_BITS) - (uint64_t)p->first;

	if (page >= p->npages || p->pages[page] == NULL)
		return NULL;
	return &p->pages[page][(uint64_t)key % MAP_PAGE];
}

/*
 * Allocates the page of a key that has none, its words 0, and returns the key's word. NULL if the key lies too far from
 * the others, if the pages hold too few keys to be worth their memory, or if it would take more than `room` bytes.
 */
uint32_t *map_pages_add(struct map_pages *p, int64_t key, size_t room);

#endif

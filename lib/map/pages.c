#include "map/pages.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/*
 * Limits of sparseness. Keys in random order touch all pages early, so some pages are allowed freely; beyond that the
 * average page must hold so many keys that a hash table would not be smaller. The list of pages may be eight times as
 * long as the number of pages in it.
 */
enum { KEYS_A_PAGE = 128, STRETCH = 8 };

/*
 * The first pages are allocated a few at a time, then, where memory allows, in blocks of 2 MiB, as with keys in random
 * order address translation (TLB misses) would otherwise cost more than the memory access.
 */
enum { SMALL_BLOCK = 4, LARGE_BLOCK = 512, SMALL_PAGES = 128, LARGE_SPARE = 1024 };

struct map_pages_block {
	struct map_pages_block *next;
	uint32_t *pages;
};

void
map_pages_free(struct map_pages *p)
{
	struct map_pages_block *b;

	while ((b = p->blocks) != NULL) {
		p->blocks = b->next;
		free(b->pages);
		free(b);
	}
	free(p->pages);
	memset(p, 0, sizeof(*p));
}

size_t
map_pages_memory(const struct map_pages *p)
{
	return (p->used + p->left) * MAP_PAGE_BYTES + p->npages * sizeof(*p->pages);
}

/* Returns the number of pages of the next block. */
static size_t
block_pages(const struct map_pages *p)
{
	if (p->used < SMALL_PAGES)
		return SMALL_BLOCK;
	return p->spare >= LARGE_SPARE ? LARGE_BLOCK : SMALL_PAGES / 4;
}

static size_t
next_block(const struct map_pages *p)
{
	return p->left > 0 ? 0 : block_pages(p);
}

size_t
map_pages_memory_after(const struct map_pages *p, size_t more)
{
	size_t allowed = p->spare + (p->n + more) / KEYS_A_PAGE, made = 0, blocks;

	if (allowed > p->used)
		made = allowed - p->used < more ? allowed - p->used : more;
	if (made == 0)
		return map_pages_memory(p);
	blocks = made > p->left ? made - p->left + LARGE_BLOCK / (p->spare >= LARGE_SPARE ? 1 : 4) : 0;
	return map_pages_memory(p) + blocks * MAP_PAGE_BYTES +
	    2 * STRETCH * (p->used + made + p->spare) * sizeof(*p->pages);
}

/* Moves the list to one of n pages from `first` on. */
static void
move_list(struct map_pages *p, int64_t first, size_t n)
{
	uint32_t **pages = xcalloc(n, sizeof(*pages));

	if (p->npages > 0)
		memcpy(pages + (p->first - first), p->pages, p->npages * sizeof(*pages));
	free(p->pages);
	p->pages = pages;
	p->npages = n;
	p->first = first;
}

/* Extends the list to include a page, in either direction. Returns false if that is too far or too much. */
static bool
reach(struct map_pages *p, int64_t page, size_t room)
{
	int64_t first = p->npages == 0 || page < p->first ? page : p->first;
	int64_t end = p->first + (int64_t)p->npages, last = p->npages == 0 || page >= end ? page : end - 1;
	size_t n;

	if (p->npages > 0 && first == p->first && last < end)
		return true;
	if ((uint64_t)last - (uint64_t)first >= STRETCH * (p->used + p->spare))
		return false;
	/* Doubles the length, on the side where the list grows, so that growth is rare. */
	n = 2 * (size_t)(last - first + 1);
	if (n * sizeof(*p->pages) > room)
		return false;
	move_list(p, p->npages > 0 && first < p->first ? last - (int64_t)n + 1 : first, n);
	return true;
}

static uint32_t *
take_page(struct map_pages *p)
{
	struct map_pages_block *b;
	uint32_t *page;

	if (p->left == 0) {
		p->left = next_block(p);
		b = xmalloc(sizeof(*b));
		b->pages = p->next = xhuge(p->left * MAP_PAGE_BYTES);
		b->next = p->blocks;
		p->blocks = b;
	}
	page = p->next;
	p->next += MAP_PAGE;
	p->left--;
	p->used++;
	return memset(page, 0, MAP_PAGE_BYTES);
}

uint32_t *
map_pages_add(struct map_pages *p, int64_t key, size_t room)
{
	int64_t page = key >> MAP_PAGE_BITS;
	size_t bytes = next_block(p) * MAP_PAGE_BYTES;

	if (p->used >= p->spare + p->n / KEYS_A_PAGE || bytes > room || !reach(p, page, room - bytes))
		return NULL;
	p->pages[page - p->first] = take_page(p);
	return map_pages_place(p, key);
}

#include "key/densemap.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/*
 * Limits of sparseness: so many pages of 4 KiB may be allocated freely, as keys in random order touch all pages early;
 * beyond that the average page must hold enough keys to be worth its memory. The list of pages may be eight times as
 * long as the number of pages in it.
 */
enum { FREE_PAGES = 8192, KEYS_A_PAGE = 64, STRETCH = 8 };

/*
 * The first pages are allocated a few at a time, then in blocks of 2 MiB, as with keys in random order address
 * translation (TLB misses) would otherwise cost more than the memory access.
 */
enum { SMALL_BLOCK = 16, LARGE_BLOCK = 512, SMALL_PAGES = 128 };

struct densemap_block {
	struct densemap_block *next;
	uint32_t *pages;
};

void
densemap_free(struct densemap *m)
{
	struct densemap_block *b;

	while ((b = m->blocks) != NULL) {
		m->blocks = b->next;
		free(b->pages);
		free(b);
	}
	free(m->pages);
	memset(m, 0, sizeof(*m));
}

void
densemap_clear(struct densemap *m)
{
	size_t pages = m->free_pages;

	densemap_free(m);
	m->free_pages = pages;
}

static size_t
free_pages(const struct densemap *m)
{
	return m->free_pages > 0 ? m->free_pages : FREE_PAGES;
}

/* Extends the list to include a page, in either direction. Returns false if that is too far. */
static bool
reach(struct densemap *m, int64_t page)
{
	size_t most = STRETCH * (m->used + free_pages(m)), n, shift;
	int64_t first = m->npages == 0 || page < m->first ? page : m->first;
	int64_t last = m->npages == 0 || page >= m->first + (int64_t)m->npages ? page : m->first + (int64_t)m->npages -
	    1;
	uint32_t **pages;

	if (m->npages > 0 && first == m->first && last < m->first + (int64_t)m->npages)
		return true;
	if ((uint64_t)last - (uint64_t)first >= most)
		return false;
	/* Doubles the length, on the side where the list grows, so that growth is rare. */
	n = 2 * (size_t)(last - first + 1);
	if (m->npages > 0 && first < m->first)
		first = last - (int64_t)n + 1;
	pages = xcalloc(n, sizeof(*pages));
	shift = m->npages > 0 ? (size_t)(m->first - first) : 0;
	if (m->npages > 0)
		memcpy(pages + shift, m->pages, m->npages * sizeof(*pages));
	free(m->pages);
	m->pages = pages;
	m->npages = n;
	m->first = first;
	return true;
}

static uint32_t *
new_page(struct densemap *m)
{
	struct densemap_block *b;
	uint32_t *page;

	if (m->left == 0) {
		b = xmalloc(sizeof(*b));
		m->left = m->used < SMALL_PAGES ? SMALL_BLOCK : LARGE_BLOCK;
		b->pages = m->next = xhuge(m->left * DENSEMAP_PAGE * sizeof(*b->pages));
		b->next = m->blocks;
		m->blocks = b;
	}
	page = m->next;
	m->next += DENSEMAP_PAGE;
	m->left--;
	m->used++;
	return memset(page, 0, DENSEMAP_PAGE * sizeof(*page));
}

uint32_t
densemap_add(struct densemap *m, int64_t key)
{
	int64_t page = key >> DENSEMAP_PAGE_BITS;
	uint32_t *place = densemap_place(m, key);

	if (place == NULL) {
		if (m->used >= free_pages(m) + m->n / KEYS_A_PAGE || !reach(m, page))
			return DENSEMAP_ABSENT;
		m->pages[page - m->first] = new_page(m);
		place = densemap_place(m, key);
	}
	if (*place == 0) {
		if (m->n == UINT32_MAX - 1)
			return DENSEMAP_ABSENT;
		*place = ++m->n;
	}
	return *place - 1;
}

enum { FETCHED = 256 };		/* keys whose places are fetched at once */

/* Finds the places of n keys; for a missing page, a place that reads as absent. */
static void
fetch_places(const struct densemap *m, const int64_t *keys, size_t n, const uint32_t **places)
{
	static const uint32_t none;
	size_t i;

	for (i = 0; i < n; i++) {
		const uint32_t *place = densemap_place(m, keys[i]);

		places[i] = place != NULL ? place : &none;
		cpu_prefetch(places[i]);
	}
}

size_t
densemap_add_all(struct densemap *m, const int64_t *keys, size_t n, uint32_t *numbers)
{
	const uint32_t *places[FETCHED];
	size_t from, some, i;

	for (from = 0; from < n; from += some) {
		some = n - from < FETCHED ? n - from : FETCHED;
		fetch_places(m, keys + from, some, places);
		for (i = 0; i < some; i++) {
			numbers[from + i] = *places[i] - 1;
			if (*places[i] == 0 && (numbers[from + i] = densemap_add(m, keys[from + i])) == DENSEMAP_ABSENT)
				return from + i;
		}
	}
	return n;
}

void
densemap_find_all(const struct densemap *m, const int64_t *keys, size_t n, uint32_t *numbers)
{
	const uint32_t *places[FETCHED];
	size_t from, some, i;

	for (from = 0; from < n; from += some) {
		some = n - from < FETCHED ? n - from : FETCHED;
		fetch_places(m, keys + from, some, places);
		for (i = 0; i < some; i++)	/* 0 - 1 is DENSEMAP_ABSENT */
			numbers[from + i] = *places[i] - 1;
	}
}

size_t
densemap_memory(const struct densemap *m)
{
	return (m->used + m->left) * DENSEMAP_PAGE * sizeof(**m->pages) + m->npages * sizeof(*m->pages);
}

int64_t *
densemap_keys(const struct densemap *m)
{
	int64_t *keys = m->n > 0 ? xreallocarray(NULL, m->n, sizeof(*keys)) : NULL;
	size_t i, k;

	for (i = 0; i < m->npages; i++)
		for (k = 0; m->pages[i] != NULL && k < DENSEMAP_PAGE; k++)
			if (m->pages[i][k] != 0)
				keys[m->pages[i][k] - 1] = (m->first + (int64_t)i) * DENSEMAP_PAGE + (int64_t)k;
	return keys;
}

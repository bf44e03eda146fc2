#include "map/map.h"

#include <stdlib.h>

#include "base/mem.h"

enum { FETCHED = 256 };		/* keys whose places are fetched at once */

void
map_init(struct map *m, bool integers, size_t limit)
{
	memset(m, 0, sizeof(*m));
	m->integers = integers;
	if (integers) {
		map_ints_init(&m->ints, limit);
		m->ints.limit = 0;
	} else {
		map_bytes_init(&m->bytes);
	}
}

void
map_free(struct map *m)
{
	map_ints_free(&m->ints);
	map_bytes_free(&m->bytes);
	free(m->keys);
	memset(m, 0, sizeof(*m));
}

void
map_clear(struct map *m)
{
	if (m->integers)
		map_ints_clear(&m->ints);
	else
		map_bytes_clear(&m->bytes);
	free(m->keys);
	m->keys = NULL;
}

size_t
map_count(const struct map *m)
{
	return m->integers ? map_ints_count(&m->ints) : m->bytes.n;
}

size_t
map_memory(const struct map *m)
{
	return m->integers ? map_ints_memory(&m->ints) : map_bytes_memory(&m->bytes);
}

size_t
map_memory_after(const struct map *m, size_t more, size_t bytes)
{
	return m->integers ? map_ints_memory_after(&m->ints, more) : map_bytes_memory_after(&m->bytes, more, bytes);
}

bool
map_may_fill(const struct map *m, size_t more)
{
	return more >= MAP_ABSENT - map_count(m) || (!m->integers && map_bytes_may_fill(&m->bytes, more));
}

/* ---- Integers ---- */

/* Always inlined: see map_ints_prefetch. */
__attribute__((always_inline)) static inline void
fetch(const struct map *m, const int64_t *keys, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		map_ints_prefetch(&m->ints, keys[i]);
}

bool
map_add_ints(struct map *m, const int64_t *keys, size_t n, uint32_t *numbers)
{
	size_t from, some, i, count = map_ints_count(&m->ints);
	bool added;

	for (from = 0; from < n; from += some) {
		some = n - from < FETCHED ? n - from : FETCHED;
		fetch(m, keys + from, some);
		for (i = from; i < from + some; i++) {
			if (count >= MAP_ABSENT - 1)
				return false;
			numbers[i] = *map_ints_add(&m->ints, keys[i], (uint32_t)count + 1, &added) - 1;
			count += added;
		}
	}
	return true;
}

void
map_find_ints(const struct map *m, const int64_t *keys, size_t n, uint32_t *numbers)
{
	size_t from, some, i;

	for (from = 0; from < n; from += some) {
		some = n - from < FETCHED ? n - from : FETCHED;
		fetch(m, keys + from, some);
		for (i = from; i < from + some; i++)
			numbers[i] = map_ints_find(&m->ints, keys[i]) - 1;	/* 0 - 1 is MAP_ABSENT */
	}
}

static int
note_key(void *to, int64_t key, uint32_t word)
{
	int64_t *keys = to;

	keys[word - 1] = key;
	return 0;
}

const int64_t *
map_int_keys(struct map *m)
{
	free(m->keys);
	m->keys = xreallocarray(NULL, map_count(m), sizeof(*m->keys));
	(void)map_ints_each(&m->ints, note_key, m->keys);
	return m->keys;
}

/* ---- Order ---- */

void
map_walk_begin(struct map_walk *w, const struct map *m)
{
	memset(w, 0, sizeof(*w));
	w->m = m;
	if (m->integers)
		w->far = map_ints_sorted(&m->ints);
	else
		w->places = map_bytes_sorted(&m->bytes);
}

void
map_walk_end(struct map_walk *w)
{
	free(w->far);
	free(w->places);
}

/* Moves to the next word in pages that is not 0, and returns it with its key; NULL at the end. */
static const uint32_t *
next_near(struct map_walk *w, int64_t *key)
{
	const struct map_pages *p = &w->m->ints.pages;

	for (; w->page < p->npages; w->page++, w->word = 0) {
		const uint32_t *page = p->pages[w->page];

		for (; page != NULL && w->word < MAP_PAGE; w->word++)
			if (page[w->word] != 0) {
				*key = (p->first + (int64_t)w->page) * MAP_PAGE + (int64_t)w->word;
				return &page[w->word];
			}
	}
	return NULL;
}

size_t
map_walk_ints(struct map_walk *w, int64_t *keys, uint32_t *numbers, size_t most)
{
	const uint32_t *near;
	int64_t key = 0;
	size_t n;

	for (n = 0; n < most; n++) {
		near = next_near(w, &key);
		if (w->i < w->m->ints.n && (near == NULL || w->far[w->i].key < key)) {
			keys[n] = w->far[w->i].key;
			numbers[n] = w->far[w->i++].word - 1;
			continue;
		}
		if (near == NULL)
			break;
		keys[n] = key;
		numbers[n] = *near - 1;
		w->word++;
	}
	return n;
}

size_t
map_walk_bytes(struct map_walk *w, const struct map_key **keys, size_t most)
{
	enum { AHEAD = 24 };
	const struct map_bytes *m = &w->m->bytes;
	size_t n;

	for (n = 0; n < most && w->i < m->n; n++, w->i++) {
		if (w->i + AHEAD < m->n) {
			const struct map_key *later = map_bytes_at(m, w->places[w->i + AHEAD]);

			cpu_prefetch(later);
			cpu_prefetch((const uint8_t *)later + 64);
		}
		keys[n] = map_bytes_at(m, w->places[w->i]);
	}
	return n;
}

#include "map/ints.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "map/sort.h"

enum {
	FIRST_BITS = 4,			/* lines of a new table: 2^4 */
	SPARE_PAGES = 8192,		/* pages allowed freely without a limit */
	SPARE_PART = 16			/* with a limit: this part of it */
};

void
map_ints_init(struct map_ints *t, size_t limit)
{
	memset(t, 0, sizeof(*t));
	t->limit = limit;
	t->pages.spare = SPARE_PAGES;
	if (limit != 0 && limit / SPARE_PART / MAP_PAGE_BYTES < SPARE_PAGES)
		t->pages.spare = limit / SPARE_PART / MAP_PAGE_BYTES + 1;
}

void
map_ints_free(struct map_ints *t)
{
	map_pages_free(&t->pages);
	mem_huge_free(t->lines, t->nlines * sizeof(*t->lines));
	memset(t, 0, sizeof(*t));
}

void
map_ints_clear(struct map_ints *t)
{
	size_t limit = t->limit, spare = t->pages.spare;

	map_ints_free(t);
	map_ints_init(t, limit);
	t->pages.spare = spare;
}

size_t
map_ints_memory(const struct map_ints *t)
{
	return map_pages_memory(&t->pages) + t->nlines * sizeof(*t->lines);
}

/* Returns the bytes that may still be allocated. */
static size_t
room(const struct map_ints *t)
{
	size_t held = map_ints_memory(t);

	return t->limit == 0 ? SIZE_MAX / 2 : t->limit > held ? t->limit - held : 0;
}

/* Returns the most keys in so many lines: four fifths of the slots. */
static size_t
most_in(size_t nlines)
{
	return nlines * (MAP_INTS_LINE - 1);
}

size_t
map_ints_memory_after(const struct map_ints *t, size_t more)
{
	size_t nlines = t->nlines > 0 ? t->nlines : 1 << FIRST_BITS, bytes = t->nlines * sizeof(*t->lines);

	while (most_in(nlines) < t->n + more)
		nlines *= 2;
	/* during growth the old table is still allocated, and so are the old pages where new ones take its place */
	if (nlines > t->nlines) {
		size_t pages = 2 * nlines * sizeof(*t->lines) / MAP_PAGE_BYTES + map_ints_count(t) / 64 + 1;
		struct map_pages to = { .spare = pages + t->pages.spare, .n = map_ints_count(t) };

		bytes += nlines * sizeof(*t->lines) + 2 * (t->pages.n + 64) * sizeof(*t->lines) / (MAP_INTS_LINE - 1) +
		    map_pages_memory_after(&to, pages);
	}
	return map_pages_memory_after(&t->pages, more) + bytes;
}

/*
 * Look-ups have no branch on which slot a key or the first free slot is: it could not be predicted, and the processor
 * could not go on to the next key while it waits for this one's line.
 */
static inline unsigned
used_slots(const struct map_ints_line *l)
{
	unsigned k, n = 0;

	for (k = 0; k < MAP_INTS_LINE; k++)
		n += l->word[k] != 0;
	return n;
}

uint32_t *
map_ints_find_far(const struct map_ints *t, int64_t key)
{
	size_t i = map_ints_home(t, key);
	struct map_ints_line *l;
	unsigned k, hits;

	for (;; i = (i + 1) & (t->nlines - 1)) {
		l = &t->lines[i];
		for (hits = 0, k = 0; k < MAP_INTS_LINE; k++)
			hits |= (unsigned)((l->key[k] == key) & (l->word[k] != 0)) << k;
		if (hits != 0)
			return &l->word[__builtin_ctz(hits)];
		if (l->word[MAP_INTS_LINE - 1] == 0)
			return NULL;
	}
}

/* Puts a key known to be absent into the table, which has room. */
static inline uint32_t *
put_far(struct map_ints *t, int64_t key, uint32_t word)
{
	size_t i = map_ints_home(t, key);
	struct map_ints_line *l;
	unsigned k;

	while (t->lines[i].word[MAP_INTS_LINE - 1] != 0)
		i = (i + 1) & (t->nlines - 1);
	l = &t->lines[i];
	k = used_slots(l);
	l->key[k] = key;
	l->word[k] = word;
	return &l->word[k];
}

static void
set_lines(struct map_ints *t, size_t nlines)
{
	t->lines = xhuge_zero(nlines * sizeof(*t->lines));
	t->nlines = nlines;
	t->shift = 64 - (unsigned)__builtin_ctzll(nlines);
	t->most = most_in(nlines);
}

/* Moves all keys of a table to t's lines or pages. */
static void
move_keys(struct map_ints *t, const struct map_ints_line *from, size_t n, bool to_pages)
{
	uint32_t *place;
	unsigned k;
	size_t i;

	for (i = 0; i < n; i++)
		for (k = 0; k < MAP_INTS_LINE && from[i].word[k] != 0; k++) {
			place = to_pages ? map_pages_place(&t->pages, from[i].key[k]) : NULL;
			if (to_pages && place == NULL)
				place = map_pages_add(&t->pages, from[i].key[k], SIZE_MAX / 2);
			if (place != NULL) {
				*place = from[i].word[k];
				t->pages.n++;
			} else {
				put_far(t, from[i].key[k], from[i].word[k]);
				t->n++;
			}
		}
}

/* Returns the number of pages between the table's least and greatest key, at most `most`. */
static size_t
span(const struct map_ints *t, size_t most)
{
	int64_t low = INT64_MAX, high = INT64_MIN, key;
	unsigned k;
	size_t i;
	uint64_t n;

	for (i = 0; i < t->nlines; i++)
		for (k = 0; k < MAP_INTS_LINE && t->lines[i].word[k] != 0; k++) {
			key = t->lines[i].key[k];
			low = key < low ? key : low;
			high = key > high ? key : high;
		}
	n = (uint64_t)(high >> MAP_PAGE_BITS) - (uint64_t)(low >> MAP_PAGE_BITS);
	return n < most ? (size_t)n + 1 : most;
}

/* Moves the table's keys, which have turned out to be close together, to pages, and those of the pages to a table. */
static void
swap_pages(struct map_ints *t, size_t npages)
{
	struct map_ints to;
	size_t i, nlines = 1 << FIRST_BITS;
	unsigned k;

	map_ints_init(&to, t->limit);
	to.pages.spare = npages > to.pages.spare ? npages : to.pages.spare;
	while (most_in(nlines) < t->pages.n)
		nlines *= 2;
	set_lines(&to, nlines);
	move_keys(&to, t->lines, t->nlines, true);
	for (i = 0; i < t->pages.npages; i++)
		for (k = 0; t->pages.pages[i] != NULL && k < MAP_PAGE; k++)
			if (t->pages.pages[i][k] != 0)
				map_ints_add_slow(&to, (t->pages.first + (int64_t)i) * MAP_PAGE + (int64_t)k,
				    t->pages.pages[i][k]);
	map_ints_free(t);
	*t = to;
}

/*
 * Makes room for one more key in the table: doubles it, or moves it to pages if these take no more memory than the
 * larger table would. Returns false if the limit forbids it.
 */
static bool
grow(struct map_ints *t)
{
	size_t nlines = t->nlines > 0 ? 2 * t->nlines : 1 << FIRST_BITS, bytes = nlines * sizeof(*t->lines);
	size_t pages = t->n > 0 ? span(t, 2 * bytes / MAP_PAGE_BYTES + 1) : SIZE_MAX, old = t->nlines;
	struct map_ints_line *from = t->lines;

	if (t->n > t->pages.n && pages <= 2 * bytes / MAP_PAGE_BYTES && room(t) / 2 > pages * MAP_PAGE_BYTES) {
		swap_pages(t, pages);
		return true;
	}
	if (bytes > room(t))
		return false;
	set_lines(t, nlines);
	t->n = 0;
	move_keys(t, from, old, false);
	mem_huge_free(from, old * sizeof(*from));
	return true;
}

/* Adds a key whose page is missing, or has no word for it while there is a table too. */
uint32_t *
map_ints_add_slow(struct map_ints *t, int64_t key, uint32_t word)
{
	uint32_t *place = t->n > 0 ? map_ints_find_far(t, key) : NULL;

	if (place != NULL)
		return place;
	place = map_pages_place(&t->pages, key);
	if (place == NULL)
		place = map_pages_add(&t->pages, key, room(t));
	if (place != NULL) {
		t->pages.n++;
		*place = word;
		return place;
	}
	if (t->n == t->most) {
		if (!grow(t))
			return NULL;
		return map_ints_add_slow(t, key, word);
	}
	t->n++;
	return put_far(t, key, word);
}

int
map_ints_each(const struct map_ints *t, int (*visit)(void *to, int64_t key, uint32_t word), void *to)
{
	const uint32_t *page;
	unsigned k;
	size_t i;
	int status;

	for (i = 0; i < t->pages.npages; i++)
		for (page = t->pages.pages[i], k = 0; page != NULL && k < MAP_PAGE; k++)
			if (page[k] != 0 && (status = visit(to, (t->pages.first + (int64_t)i) * MAP_PAGE + (int64_t)k,
			    page[k])) != 0)
				return status;
	for (i = 0; i < t->nlines; i++)
		for (k = 0; k < MAP_INTS_LINE && t->lines[i].word[k] != 0; k++)
			if ((status = visit(to, t->lines[i].key[k], t->lines[i].word[k])) != 0)
				return status;
	return 0;
}

/* ---- Order ---- */

/* Turns a key into an unsigned number of the same order. */
static uint64_t
order_of(int64_t key)
{
	return (uint64_t)key ^ (uint64_t)1 << 63;
}

/* Returns how far to shift the keys' differences from the least one so that they fit 16 bits. */
static unsigned
sort_shift(const struct map_ints *t, uint64_t *least)
{
	uint64_t low = UINT64_MAX, high = 0, v;
	unsigned k, bits;
	size_t i;

	for (i = 0; i < t->nlines; i++)
		for (k = 0; k < MAP_INTS_LINE && t->lines[i].word[k] != 0; k++) {
			v = order_of(t->lines[i].key[k]);
			low = v < low ? v : low;
			high = v > high ? v : high;
		}
	*least = low;
	bits = high > low ? 64 - (unsigned)__builtin_clzll(high - low) : 1;
	return bits > 16 ? bits - 16 : 0;
}

struct map_int *
map_ints_sorted(const struct map_ints *t)
{
	struct map_sort s = { .keys = t };
	struct map_int *sorted;
	uint64_t least;
	unsigned k, shift;
	size_t i;

	if (t->n == 0)
		return NULL;
	shift = sort_shift(t, &least);
	map_sort_begin(&s, t->n, shift);
	for (i = 0; i < t->nlines; i++)
		for (k = 0; k < MAP_INTS_LINE && t->lines[i].word[k] != 0; k++)
			map_sort_count(&s, order_of(t->lines[i].key[k]) - least);
	for (i = 0; i < t->nlines; i++)
		for (k = 0; k < MAP_INTS_LINE && t->lines[i].word[k] != 0; k++)
			map_sort_add(&s, (struct map_sort_item){ order_of(t->lines[i].key[k]) - least,
			    t->lines[i].word[k] });
	map_sort_end(&s);
	_Static_assert(sizeof(*sorted) == sizeof(*s.items), "items of one size");
	sorted = (struct map_int *)(void *)s.items;
	for (i = 0; i < t->n; i++) {
		struct map_sort_item item = s.items[i];
		struct map_int made = { (int64_t)order_of((int64_t)(item.prefix + least)), item.id };

		memcpy(&sorted[i], &made, sizeof(made));
	}
	return sorted;
}

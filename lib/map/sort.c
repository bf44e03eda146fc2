#include "map/sort.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SMALL = 24 };		/* up to so many items, insertion sort */

static bool
item_less(const struct map_sort *s, const struct map_sort_item *a, const struct map_sort_item *b, size_t depth)
{
	if (a->prefix != b->prefix || s->less == NULL)
		return a->prefix < b->prefix;
	return s->less(s->keys, a->id, b->id, depth);
}

static void
sort_few(const struct map_sort *s, struct map_sort_item *v, size_t n, size_t depth)
{
	struct map_sort_item t;
	size_t i, j;

	for (i = 1; i < n; i++) {
		t = v[i];
		for (j = i; j > 0 && item_less(s, &t, &v[j - 1], depth); j--)
			v[j] = v[j - 1];
		v[j] = t;
	}
}

static unsigned
digit(const struct map_sort_item *v, unsigned shift)
{
	return (unsigned)(v->prefix >> shift) & 255;
}

/* Moves the items into the buckets of one byte of their prefixes, in place; bucket b is start[b] to start[b + 1]. */
static void
sort_byte(struct map_sort_item *v, size_t n, unsigned shift, size_t start[257])
{
	size_t next[256], i, b;
	struct map_sort_item t, u;

	memset(start, 0, 257 * sizeof(*start));
	for (i = 0; i < n; i++)
		start[digit(&v[i], shift) + 1]++;
	for (b = 0; b < 256; b++) {
		start[b + 1] += start[b];
		next[b] = start[b];
	}
	for (b = 0; b < 256; b++) {
		while (next[b] < start[b + 1]) {
			for (t = v[next[b]]; digit(&t, shift) != b; t = u) {
				u = v[next[digit(&t, shift)]];
				v[next[digit(&t, shift)]++] = t;
			}
			v[next[b]++] = t;
		}
	}
}

/* Replaces the prefixes by the next eight bytes of the keys. */
static void
go_deeper(const struct map_sort *s, struct map_sort_item *v, size_t n, size_t depth)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i].prefix = s->prefix(s->keys, v[i].id, depth);
}

/*
 * In-place radix sort from the most significant byte (the American flag sort of McIlroy, Bostic and McIlroy, 1993),
 * eight bytes of the keys at a time: v holds items equal in all bytes before depth. Iterates over the largest bucket
 * and recurses into the others, so that the recursion is at most as deep as n has bits.
 */
static void
sort_items(const struct map_sort *s, struct map_sort_item *v, size_t n, size_t depth)
{
	size_t start[257], i, b, largest;
	uint64_t differ;
	unsigned shift;

	while (n > SMALL) {
		for (differ = 0, i = 1; i < n; i++)
			differ |= v[i].prefix ^ v[0].prefix;
		if (differ == 0) {	/* the keys are distinct, so they have more bytes */
			depth += 8;
			go_deeper(s, v, n, depth);
			continue;
		}
		shift = (63 - (unsigned)__builtin_clzll(differ)) & ~7u;
		sort_byte(v, n, shift, start);
		for (largest = 0, b = 1; b < 256; b++) {
			if (start[b + 1] - start[b] > start[largest + 1] - start[largest])
				largest = b;
		}
		for (b = 0; b < 256; b++) {
			if (b != largest && start[b + 1] - start[b] > 1)
				sort_items(s, v + start[b], start[b + 1] - start[b], depth);
		}
		v += start[largest];
		n = start[largest + 1] - start[largest];
	}
	sort_few(s, v, n, depth);
}

void
map_sort_begin(struct map_sort *s, size_t n, unsigned shift)
{
	s->items = xhuge(n * sizeof(*s->items));
	s->start = xcalloc(MAP_SORT_DIGITS + 2, sizeof(*s->start));
	s->shift = shift;
}

/* Turns the counts into places. The last entry says that this is done. */
void
map_sort_counted(struct map_sort *s)
{
	size_t i;

	for (i = 0; i < MAP_SORT_DIGITS; i++)
		s->start[i + 1] += s->start[i];
	s->start[MAP_SORT_DIGITS + 1] = 1;
}

void
map_sort_end(struct map_sort *s)
{
	size_t i, from = 0;

	for (i = 0; i < MAP_SORT_DIGITS; from = s->start[i++])	/* after all are added, where the next bucket begins */
		if (s->start[i] - from > 1)
			sort_items(s, s->items + from, s->start[i] - from, 0);
	free(s->start);
	s->start = NULL;
}

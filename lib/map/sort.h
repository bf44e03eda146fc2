/* Radix sort of keys by their first eight bytes, and beyond them where these are equal. Private to lib/map. */
#ifndef MAP_SORT_H
#define MAP_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_sort_item {
	uint64_t prefix;	/* eight bytes of the key at some depth, big-endian, padded with zeros */
	uint32_t id;		/* of the key, for the caller */
};

enum { MAP_SORT_DIGITS = 1 << 16 };

/*
 * Items are passed twice, in the same order, first to be counted and then to be put into buckets of 16 bits of their
 * prefixes, so that what remains is sorted in the cache. The functions return the eight bytes of a key at a depth, and
 * compare keys that are equal before a depth; they are NULL where all prefixes are distinct.
 */
struct map_sort {
	const void *keys;
	uint64_t (*prefix)(const void *keys, uint32_t id, size_t depth);
	bool (*less)(const void *keys, uint32_t a, uint32_t b, size_t depth);
	struct map_sort_item *items;	/* owned by the caller after map_sort_end */
	uint32_t *start;		/* while counting: by bucket + 1; then where the next item goes */
	unsigned shift;
};

/* Begins to sort n items by the 16 bits of their prefixes above `shift`; all bits above those must be equal. */
void map_sort_begin(struct map_sort *s, size_t n, unsigned shift);

static inline void
map_sort_count(struct map_sort *s, uint64_t prefix)
{
	s->start[(uint16_t)(prefix >> s->shift) + 1]++;
}

void map_sort_counted(struct map_sort *s);	/* called by the first map_sort_add */

static inline void
map_sort_add(struct map_sort *s, struct map_sort_item item)
{
	if (s->start[MAP_SORT_DIGITS + 1] == 0)
		map_sort_counted(s);
	s->items[s->start[(uint16_t)(item.prefix >> s->shift)]++] = item;
}

void map_sort_end(struct map_sort *s);

#endif

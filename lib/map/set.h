/*
 * Remembers keys, each with a fingerprint of its row: is this key new, and if not, is the row the same?
 *
 * Keys are integers (map/ints.h) or bytes, compared one by one (map/bytes.h). Two rows are assumed equal if their
 * fingerprints are: the low 32 bits for an integer key, as touching fresh memory dominates the cost of many keys, else
 * 64 bits.
 */
#ifndef MAP_SET_H
#define MAP_SET_H

#include "map/bytes.h"
#include "map/ints.h"

enum map_answer {
	MAP_NEW,		/* now added */
	MAP_SAME,		/* known, with this fingerprint */
	MAP_OTHER,		/* known, with another fingerprint */
	MAP_FULL		/* unknown, but no memory for it: nothing changed */
};

struct map_set {		/* owned */
	bool integers;
	size_t limit;		/* bytes, 0: unlimited */
	struct map_ints ints;	/* fingerprints by key */
	struct map_bytes bytes;
	uint64_t *prints;	/* by the numbers of `bytes` */
	size_t cap;
};

void map_set_init(struct map_set *s, bool integers, size_t limit);
void map_set_free(struct map_set *s);

static inline enum map_answer
map_set_add_int(struct map_set *s, int64_t key, uint64_t row_print)
{
	uint32_t print = (uint32_t)row_print + ((uint32_t)row_print == 0), *place;
	bool added;

	place = map_ints_add(&s->ints, key, print, &added);
	if (place == NULL)
		return MAP_FULL;
	return added ? MAP_NEW : *place == print ? MAP_SAME : MAP_OTHER;
}

/* n <= UINT32_MAX; hash is map_hash of the key. */
enum map_answer map_set_add(struct map_set *s, const uint8_t *key, size_t n, uint64_t hash, uint64_t print);

/*
 * Calls visit for every key, in unspecified order, until it returns nonzero; returns that, or 0. Integers are passed as
 * their eight bytes in memory.
 */
typedef int map_set_visit(void *to, const void *key, size_t n, uint64_t print);
int map_set_each(const struct map_set *s, map_set_visit *visit, void *to);

#endif

/*
 * Numbers keys that are strings of bytes: each new key gets the next number, from 0. Keys are compared byte by byte,
 * never by their hash alone.
 *
 * A line of the table has the upper halves of eight hashes and the places of their keys, so that a new key costs about
 * one cache miss and a known one two. A line's position is the upper bits of what it holds, so that the table grows
 * without looking at a key. Keys lie one after the other in large blocks, in the order of their numbers.
 *
 * A caller with many keys hides the misses by three passes:
 *
 *	for each key:  hash[i] = map_hash(p, n); map_bytes_prefetch(m, hash[i]);
 *	for each key:  map_bytes_prefetch_key(m, hash[i], n);
 *	for each key:  id[i] = map_bytes_add(m, p, n, hash[i], &added);
 */
#ifndef MAP_BYTES_H
#define MAP_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cpu.h"
#include "base/hash.h"

#define MAP_ABSENT UINT32_MAX
enum { MAP_LINE = 8 };			/* slots examined together */

struct map_line {			/* fills up from its first slot */
	uint32_t tag[MAP_LINE];		/* upper half of the key's hash */
	uint32_t place[MAP_LINE];	/* where the key is, plus 1; 0: a free slot */
};

/* Returns a bit for each slot with the tag. No branch: which slot it is is unpredictable. */
static inline unsigned
map_line_hits(const struct map_line *l, uint32_t tag)
{
	unsigned hits = 0, k;

	for (k = 0; k < MAP_LINE; k++)
		hits |= (unsigned)(l->tag[k] == tag) << k;
	return hits;
}

struct map_key {			/* a key in its block, aligned to 8 */
	uint32_t number;
	uint32_t n;
	uint8_t bytes[];
};

struct map_block {
	uint8_t *p;
	size_t size;			/* bytes */
};

struct map_bytes {			/* owned; map_bytes_init makes an empty one */
	struct map_line *lines;
	size_t nlines;			/* a power of 2 */
	unsigned shift;			/* tag >> shift is the line where a search begins */
	uint32_t n, most, cap;		/* keys; number at which the table grows; capacity of places */
	uint32_t *places;		/* of each key, by number */
	struct map_block *blocks;	/* of keys */
	uint32_t nblocks, used;		/* blocks allocated; those with keys: the last is being filled */
	size_t next;			/* bytes taken of that block */
	size_t bytes;			/* in all blocks */
};

void map_bytes_init(struct map_bytes *m);
void map_bytes_free(struct map_bytes *m);
void map_bytes_clear(struct map_bytes *m);		/* removes all keys, keeps the memory */
size_t map_bytes_memory(const struct map_bytes *m);	/* bytes allocated */

/*
 * Returns the most bytes allocated, even if only for a moment, while `more` keys of `bytes` bytes in all are added.
 */
size_t map_bytes_memory_after(const struct map_bytes *m, size_t more, size_t bytes);

/* Returns true if one more key of n bytes would allocate memory. */
bool map_bytes_may_grow(const struct map_bytes *m, size_t n);

/* Returns true if `more` keys, whatever their lengths, could exceed the 32 GiB of all keys. */
bool map_bytes_may_fill(const struct map_bytes *m, size_t more);

/* Loads up to 12 bytes as two words without reading beyond them, by two overlapping loads, shifted apart. */
static inline uint64_t
map_hash_short(const uint8_t *p, size_t n)
{
	uint64_t lo = 0, hi = 0, v;
	uint32_t w, x;

	if (n >= 8) {
		memcpy(&v, p, sizeof(v));
		memcpy(&w, p + n - 4, sizeof(w));
		lo = le64toh(v);
		hi = (uint64_t)le32toh(w) >> (8 * (12 - n));
	} else if (n >= 4) {
		memcpy(&w, p, sizeof(w));
		memcpy(&x, p + n - 4, sizeof(x));
		lo = le32toh(w) | (uint64_t)le32toh(x) >> (8 * (8 - n)) << 32;
	} else if (n > 0) {
		lo = p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) | (uint64_t)p[n - 1] << (8 * (n - 1));
	}
	return hash_words(lo, hi | (uint64_t)n << 32);
}

/* Returns a key's hash for all functions here; the upper half is the better one. */
static inline uint64_t
map_hash(const uint8_t *key, size_t n)
{
	return n <= 12 ? map_hash_short(key, n) : hash_key(key, n);
}

static inline size_t
map_bytes_home(const struct map_bytes *m, uint64_t hash)
{
	return (size_t)((uint32_t)(hash >> 32) >> m->shift);
}

__attribute__((always_inline)) static inline void
map_bytes_prefetch(const struct map_bytes *m, uint64_t hash)
{
	cpu_prefetch(&m->lines[map_bytes_home(m, hash)]);
}

enum { MAP_PLACE_BITS = 18 };		/* a place: block, and offset in 8 bytes */

static inline const struct map_key *
map_bytes_at(const struct map_bytes *m, uint32_t place)
{
	return (const struct map_key *)(const void *)(m->blocks[place >> MAP_PLACE_BITS].p +
	    8 * (size_t)(place & ((1u << MAP_PLACE_BITS) - 1)));
}

/*
 * Prefetches the key that may be this one, of n bytes: both ends, as it may lie across two cache lines. Call when the
 * line of the table has arrived. Always inlined: see map_ints_prefetch.
 */
__attribute__((always_inline)) static inline void
map_bytes_prefetch_key(const struct map_bytes *m, uint64_t hash, size_t n)
{
	const struct map_line *l = &m->lines[map_bytes_home(m, hash)];
	unsigned hits = map_line_hits(l, (uint32_t)(hash >> 32));
	uint32_t place = hits != 0 ? l->place[__builtin_ctz(hits)] : 0;

	if (place != 0) {
		const struct map_key *at = map_bytes_at(m, place - 1);

		cpu_prefetch(at);
		cpu_prefetch(at->bytes + n);
	}
}

/* Returns the key's number, or MAP_ABSENT. */
uint32_t map_bytes_find(const struct map_bytes *m, const uint8_t *key, size_t n, uint64_t hash);

/*
 * Returns the key's number; copies a new key, gives it the next number and sets *added. MAP_ABSENT if there are too
 * many keys: 2^32, or 32 GiB. n is at most UINT32_MAX.
 */
uint32_t map_bytes_add(struct map_bytes *m, const uint8_t *key, size_t n, uint64_t hash, bool *added);

/*
 * Returns the key with that number, and its length: a view until the map is cleared or freed. 8 bytes may be read after
 * it.
 */
static inline const uint8_t *
map_bytes_key(const struct map_bytes *m, uint32_t number, size_t *np)
{
	const struct map_key *k = map_bytes_at(m, m->places[number]);

	*np = k->n;
	return k->bytes;
}

/*
 * Returns the places of all keys, for map_bytes_at, in memcmp order of the keys, a prefix first: m->n places, owned by
 * the caller. Needs 16 bytes a key while it runs. NULL if there are no keys.
 */
uint32_t *map_bytes_sorted(const struct map_bytes *m);

#endif

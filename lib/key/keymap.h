/*
 * Maps keys to numbers: each new key, a string of bytes without NULs, gets the next number, from 0, so that plain
 * arrays can hold the data of a key.
 *
 * Keys are compared byte by byte, never by their hash alone. A slot of the table is 16 bytes, which hold the number and
 * a key of up to 12 bytes, as every encoded 64-bit integer is; four slots are a cache line, and a search examines a
 * whole line before the next one. A look-up of a short key costs about one cache miss, which a caller with many keys
 * hides by three passes:
 *
 *	for each key:  hash[i] = keymap_hash(p, n); keymap_prefetch(m, hash[i]);
 *	for each key:  id[i] = keymap_glance(m, p, n, hash[i]);
 *	for each key:  if (id[i] == KEYMAP_ABSENT) id[i] = keymap_add(m, p, n, hash[i], &added);
 */
#ifndef KEY_KEYMAP_H
#define KEY_KEYMAP_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"

#define KEYMAP_ABSENT UINT32_MAX
enum {
	KEYMAP_INLINE = 12,	/* longest key stored in its slot */
	KEYMAP_LINE = 4		/* slots examined together */
};

/*
 * lo and hi hold the bytes of a short key in memory order, padded with zeros. For a long key lo is the address of its
 * struct keymap_long, and hi is KEYMAP_LONG of its hash, which differs from every short key: its byte 8 would be a NUL
 * before another byte.
 */
struct keymap_slot {
	uint64_t lo;
	uint32_t hi;
	uint32_t number;	/* the key's number plus 1; 0 is a free slot */
};

struct keymap_long {		/* allocated in the pool */
	uint64_t hash;
	uint32_t n;
	uint8_t bytes[];
};

struct keymap {			/* owned; keymap_init makes an empty one */
	struct keymap_slot *slots;
	size_t nslots;		/* a power of 2 */
	unsigned shift;		/* upper half of the hash >> shift is the line where the search starts */
	uint32_t n, cap;	/* number of keys; capacity of places */
	uint32_t limit;		/* number of keys at which the table grows: three quarters full */
	uint32_t *places;	/* slot of each key, by number */
	struct pool pool;	/* holds the long keys */
};

void keymap_init(struct keymap *m);
void keymap_free(struct keymap *m);
void keymap_clear(struct keymap *m);	/* removes all keys, keeps the memory except the long keys' */

/*
 * Returns the bytes allocated; and the most, even if only for a moment, while `more` keys of up to KEYMAP_INLINE bytes
 * are added.
 */
size_t keymap_memory(const struct keymap *m);
size_t keymap_memory_after(const struct keymap *m, size_t more);

/*
 * Returns the slots of all keys in memcmp order of the keys, a prefix first: an array of m->n indexes into m->slots,
 * which the caller frees. Needs 16 bytes a key while it runs. NULL if there are no keys.
 */
uint32_t *keymap_order(const struct keymap *m);

/* For keymap_add: inserts the key e, known to be absent. */
uint32_t keymap_append(struct keymap *m, const uint8_t *key, size_t n, uint64_t hash, struct keymap_slot e);

static inline uint32_t
keymap_load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t
keymap_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* Loads a short key as a slot without reading beyond it, by two overlapping loads, shifted apart. */
static inline struct keymap_slot
keymap_pack(const uint8_t *p, size_t n)
{
	uint64_t lo = 0, hi = 0;

	if (n >= 8) {
		lo = keymap_load64(p);
		hi = (uint64_t)keymap_load32(p + n - 4) >> (8 * (12 - n));
	} else if (n >= 4) {
		lo = keymap_load32(p) | (uint64_t)keymap_load32(p + n - 4) >> (8 * (8 - n)) << 32;
	} else if (n > 0) {
		lo = p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) | (uint64_t)p[n - 1] << (8 * (n - 1));
	}
	return (struct keymap_slot){ htole64(lo), htole32((uint32_t)hi), 0 };
}

/* Returns the key's hash for all functions here. */
static inline uint64_t
keymap_hash(const uint8_t *key, size_t n)
{
	struct keymap_slot e;

	if (n > KEYMAP_INLINE)
		return hash_key(key, n);
	e = keymap_pack(key, n);
	return hash_words(e.lo, e.hi);
}

/* Returns the first slot of the line where a search starts. */
static inline size_t
keymap_home(const struct keymap *m, uint64_t hash)
{
	return (size_t)((uint32_t)(hash >> 32) >> m->shift) * KEYMAP_LINE;
}

static inline void
keymap_prefetch(const struct keymap *m, uint64_t hash)
{
	cpu_prefetch(&m->slots[keymap_home(m, hash)]);
}

#define KEYMAP_LONG(hash) htole32(((uint32_t)(hash) | 0x80000000) & 0xffffff00)

static inline bool
keymap_is_long(const struct keymap_slot *s)
{
	return s->hi != 0 && (le32toh(s->hi) & 0xff) == 0;
}

static inline const struct keymap_long *
keymap_long_at(const struct keymap_slot *s)
{
	return (const struct keymap_long *)(uintptr_t)s->lo;
}

/* Prefetches the long key that may be this one; call when the line has arrived. Short keys need no such step. */
static inline void
keymap_prefetch_entry(const struct keymap *m, uint64_t hash)
{
	const struct keymap_slot *s = &m->slots[keymap_home(m, hash)];
	int i;

	for (i = 0; i < KEYMAP_LINE; i++) {
		if (s[i].hi == KEYMAP_LONG(hash))
			cpu_prefetch(keymap_long_at(&s[i]));
	}
}

/*
 * Returns the key's number if its line has it; call when the line has arrived. Otherwise returns KEYMAP_ABSENT, which
 * proves nothing yet, and prefetches what the search needs next.
 */
static inline uint32_t
keymap_glance(const struct keymap *m, const uint8_t *key, size_t n, uint64_t hash)
{
	size_t i = keymap_home(m, hash);
	const struct keymap_slot *s = &m->slots[i];
	struct keymap_slot e;
	unsigned j, found = 0;

	if (n > KEYMAP_INLINE) {
		keymap_prefetch_entry(m, hash);
		return KEYMAP_ABSENT;
	}
	e = keymap_pack(key, n);
	for (j = 0; j < KEYMAP_LINE; j++)	/* no branch: the key's position in the line is unpredictable */
		found |= ((s[j].lo ^ e.lo) | (s[j].hi ^ e.hi)) == 0 ? s[j].number : 0;
	cpu_prefetch(&m->slots[(i + (found == 0 ? KEYMAP_LINE : 0)) & (m->nslots - 1)]);
	return found - 1;
}

static inline uint32_t
keymap_find_short(const struct keymap *m, struct keymap_slot e, uint64_t hash)
{
	size_t i = keymap_home(m, hash);
	unsigned j, found, used;

	for (;; i = (i + KEYMAP_LINE) & (m->nslots - 1)) {
		const struct keymap_slot *s = &m->slots[i];

		for (found = 0, used = 1, j = 0; j < KEYMAP_LINE; j++) {	/* no branch, as in keymap_glance */
			found |= ((s[j].lo ^ e.lo) | (s[j].hi ^ e.hi)) == 0 ? s[j].number : 0;
			used &= s[j].number != 0;
		}
		if (found != 0)
			return found - 1;
		if (!used)
			return KEYMAP_ABSENT;
	}
}

uint32_t keymap_find_long(const struct keymap *m, const uint8_t *key, size_t n, uint64_t hash);

/* Returns the key's number, or KEYMAP_ABSENT. */
static inline uint32_t
keymap_find(const struct keymap *m, const uint8_t *key, size_t n, uint64_t hash)
{
	if (n > KEYMAP_INLINE)
		return keymap_find_long(m, key, n, hash);
	return keymap_find_short(m, keymap_pack(key, n), hash);
}

/*
 * Returns the key's number; copies a new key, gives it the next number and sets *added. KEYMAP_ABSENT if the table, of
 * 2^31 slots, is full. n is at most UINT32_MAX.
 */
static inline uint32_t
keymap_add(struct keymap *m, const uint8_t *key, size_t n, uint64_t hash, bool *added)
{
	struct keymap_slot e = { 0, 0, 0 };
	uint32_t number;

	if (n <= KEYMAP_INLINE) {
		e = keymap_pack(key, n);
		number = keymap_find_short(m, e, hash);
	} else {
		number = keymap_find_long(m, key, n, hash);
	}
	*added = number == KEYMAP_ABSENT;
	return *added ? keymap_append(m, key, n, hash, e) : number;
}

/* Returns the key in a taken slot, and its length: a view until the next key is added. Its number is s->number - 1. */
static inline const uint8_t *
keymap_slot_key(const struct keymap_slot *s, size_t *np)
{
	if (keymap_is_long(s)) {
		*np = keymap_long_at(s)->n;
		return keymap_long_at(s)->bytes;
	}
	if (s->hi != 0)
		*np = 8 + (size_t)(39 - __builtin_clz(le32toh(s->hi))) / 8;
	else
		*np = s->lo != 0 ? (size_t)(71 - __builtin_clzll(le64toh(s->lo))) / 8 : 0;
	return (const uint8_t *)s;
}

/* Returns the key with that number, and its length: a view until the next key is added. */
static inline const uint8_t *
keymap_key(const struct keymap *m, uint32_t number, size_t *np)
{
	return keymap_slot_key(&m->slots[m->places[number]], np);
}

#endif

/*
 * Keys to numbers: each different key, a string of bytes without NULs, gets the next number from 0, so that what
 * belongs to it can stand in plain arrays.
 *
 * Keys are compared byte by byte, never by their hash. A slot of the table is 16 bytes, which hold the number and a key
 * of up to 12 bytes, as every encoded 64-bit integer is; four slots are a cache line, and a search looks through a line
 * before it goes to the next. So a look-up of a short key misses the cache about once, and a caller with many keys
 * hides that by going over them three times:
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
	KEYMAP_INLINE = 12,	/* longest key that stands in its slot */
	KEYMAP_LINE = 4		/* slots looked at together */
};

/*
 * A short key has its bytes in lo and hi, in the order of memory and with zeros behind. Of a long one lo is the address of
 * its struct keymap_long and hi is KEYMAP_LONG of its hash, which no short key has: its byte 8 would be a NUL before
 * another byte.
 */
struct keymap_slot {
	uint64_t lo;
	uint32_t hi;
	uint32_t number;	/* the key's and 1; 0 is a free slot */
};

struct keymap_long {		/* in the pool */
	uint64_t hash;
	uint32_t n;
	uint8_t bytes[];
};

struct keymap {			/* owned; keymap_init makes an empty one */
	struct keymap_slot *slots;
	size_t nslots;		/* a power of 2 */
	unsigned shift;		/* high half of the hash >> shift is the line where the search starts */
	uint32_t n, cap;	/* keys there are; room in places */
	uint32_t limit;		/* keys at which the table grows: three quarters of it are taken */
	uint32_t *places;	/* of each key, its slot */
	struct pool pool;	/* the long keys */
};

void keymap_init(struct keymap *m);
void keymap_free(struct keymap *m);
void keymap_clear(struct keymap *m);	/* forgets the keys and keeps the room, but for the long keys' */

/*
 * Bytes held; and the most that will be held, for a moment or for good, while `more` keys of up to KEYMAP_INLINE bytes
 * are added.
 */
size_t keymap_memory(const struct keymap *m);
size_t keymap_memory_after(const struct keymap *m, size_t more);

/*
 * The slots of all keys in the order of the keys under memcmp, a key before those it begins: an array of m->n indexes
 * into m->slots, the caller frees it. Takes 16 bytes a key while it works. NULL where there is no key.
 */
uint32_t *keymap_order(const struct keymap *m);

/* For keymap_add: puts the key e, known not to be there, into the table. */
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

/* A short key as a slot, without reading beyond it: two loads that overlap, shifted apart. */
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

/* The hash that goes with a key, for all functions here. */
static inline uint64_t
keymap_hash(const uint8_t *key, size_t n)
{
	struct keymap_slot e;

	if (n > KEYMAP_INLINE)
		return hash_key(key, n);
	e = keymap_pack(key, n);
	return hash_words(e.lo, e.hi);
}

/* The first slot of the line where a search starts. */
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

/* Once the line has arrived: fetches the long key that may be this one. Short keys need no such step. */
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
 * Once the line has arrived: the key's number where it is in that line; else KEYMAP_ABSENT, which says nothing yet, and
 * what the search goes on with is fetched.
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
	for (j = 0; j < KEYMAP_LINE; j++)	/* no branch: where in the line a key is cannot be foretold */
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

/* The key's number, or KEYMAP_ABSENT. */
static inline uint32_t
keymap_find(const struct keymap *m, const uint8_t *key, size_t n, uint64_t hash)
{
	if (n > KEYMAP_INLINE)
		return keymap_find_long(m, key, n, hash);
	return keymap_find_short(m, keymap_pack(key, n), hash);
}

/*
 * The key's number; a new key is copied and gets the next one, and *added says so. KEYMAP_ABSENT where the table, of
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

/* The key in a slot that is not free and its length: view until the next key is added. Its number is s->number - 1. */
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

/* The key with that number, likewise. */
static inline const uint8_t *
keymap_key(const struct keymap *m, uint32_t number, size_t *np)
{
	return keymap_slot_key(&m->slots[m->places[number]], np);
}

#endif

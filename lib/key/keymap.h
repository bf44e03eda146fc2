/*
 * Keys to numbers: each different key, a string of bytes, gets the next number from 0, so that what belongs to it can stand in plain arrays.
 *
 * Keys are compared byte by byte, never by their hash alone. A slot of the table is 8 bytes (half the hash, and the number),
 * an entry 16: keys of up to 12 bytes, which every encoded 64-bit integer is, stand in the entry itself. So a look-up misses the cache twice, and
 * a caller with many keys hides both by going over them three times:
 *
 *	for each key:  hash[i] = keymap_hash(p, n); keymap_prefetch(m, hash[i]);
 *	for each key:  keymap_prefetch_entry(m, hash[i]);
 *	for each key:  id[i] = keymap_add(m, p, n, hash[i], &added);
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
enum { KEYMAP_INLINE = 12 };	/* longest key that stands in its entry */

struct keymap_entry {
	uint64_t lo;		/* the key's bytes with zeros behind, in the order of memory; or where n > KEYMAP_INLINE: its address, */
	uint32_t hi;		/* and the low half of its hash */
	uint32_t n;		/* the key's length */
};

struct keymap {			/* owned; keymap_init makes an empty one */
	uint64_t *slots;	/* 0 is free, else high half of the hash << 32 | number + 1 */
	size_t nslots;		/* a power of 2 */
	unsigned shift;		/* high half of the hash >> shift is where the search starts */
	uint32_t n, cap;	/* keys there are, entries there is room for */
	uint32_t limit;		/* keys at which the table grows: three quarters of it are taken */
	struct keymap_entry *entries;
	struct pool pool;	/* the long keys */
};

void keymap_init(struct keymap *m);
void keymap_free(struct keymap *m);
void keymap_clear(struct keymap *m);	/* forgets the keys and keeps the room, but for the long keys' */

/* Bytes held; and the most that will be held, for a moment or for good, while `more` keys of up to KEYMAP_INLINE bytes are added. */
size_t keymap_memory(const struct keymap *m);
size_t keymap_memory_after(const struct keymap *m, size_t more);

/*
 * The numbers of all keys in the order of the keys under memcmp, a key before those it begins: an array of m->n, the caller frees it. No key
 * may hold a NUL (encoded values do not). Takes 16 bytes a key while it works. NULL where there is no key.
 */
uint32_t *keymap_order(const struct keymap *m);

/* For keymap_add. */
void keymap_grow(struct keymap *m);
uint32_t keymap_append(struct keymap *m, const uint8_t *key, const struct keymap_entry *e);

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

/* A short key as an entry, without reading beyond it: two loads that overlap, shifted apart. */
static inline struct keymap_entry
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
	return (struct keymap_entry){ htole64(lo), htole32((uint32_t)hi), (uint32_t)n };
}

/*
 * Hash of a key: for a short one a multiplication folded in half and one more to bring its bits to the top, for the others XXH3. Any other hash
 * with a good high half will do as well.
 */
static inline uint64_t
keymap_hash(const uint8_t *key, size_t n)
{
	struct keymap_entry e;
	unsigned __int128 product;

	if (n > KEYMAP_INLINE)
		return hash_bytes(key, n);
	e = keymap_pack(key, n);
	product = (unsigned __int128)(e.lo ^ UINT64_C(0xa0761d6478bd642f)) *
	    (((uint64_t)e.n << 32 | e.hi) ^ UINT64_C(0xe7037ed1a0b428db));
	return ((uint64_t)product ^ (uint64_t)(product >> 64)) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline size_t
keymap_home(const struct keymap *m, uint64_t hash)
{
	return (uint32_t)(hash >> 32) >> m->shift;
}

static inline void
keymap_prefetch(const struct keymap *m, uint64_t hash)
{
	cpu_fetch(&m->slots[keymap_home(m, hash)]);
}

/* Once the slot has arrived: the entry that it most likely names. */
static inline void
keymap_prefetch_entry(const struct keymap *m, uint64_t hash)
{
	uint64_t slot = m->slots[keymap_home(m, hash)];

	if (slot != 0)
		cpu_fetch(&m->entries[(uint32_t)slot - 1]);
}

static inline struct keymap_entry
keymap_probe(const uint8_t *key, size_t n, uint64_t hash)
{
	if (n <= KEYMAP_INLINE)
		return keymap_pack(key, n);
	return (struct keymap_entry){ 0, (uint32_t)hash, (uint32_t)n };
}

static inline bool
keymap_same(const struct keymap_entry *have, const struct keymap_entry *e, const uint8_t *key)
{
	if (have->n != e->n || have->hi != e->hi)
		return false;
	if (e->n <= KEYMAP_INLINE)
		return have->lo == e->lo;
	return memcmp((const void *)(uintptr_t)have->lo, key, e->n) == 0;
}

/* The number of a key, or KEYMAP_ABSENT; *at is the slot where the search ended. */
static inline uint32_t
keymap_search(const struct keymap *m, const struct keymap_entry *e, const uint8_t *key, uint64_t hash, size_t *at)
{
	size_t i = keymap_home(m, hash);
	uint64_t slot;

	for (; (slot = m->slots[i]) != 0; i = (i + 1) & (m->nslots - 1)) {
		if (slot >> 32 == hash >> 32 && keymap_same(&m->entries[(uint32_t)slot - 1], e, key)) {
			*at = i;
			return (uint32_t)slot - 1;
		}
	}
	*at = i;
	return KEYMAP_ABSENT;
}

/* The key's number, or KEYMAP_ABSENT. */
static inline uint32_t
keymap_find(const struct keymap *m, const uint8_t *key, size_t n, uint64_t hash)
{
	struct keymap_entry e = keymap_probe(key, n, hash);
	size_t at;

	return keymap_search(m, &e, key, hash, &at);
}

/*
 * The key's number; a new key is copied and gets the next one, and *added says so. KEYMAP_ABSENT where there are 2^32 - 2 keys already.
 * n is at most UINT32_MAX.
 */
static inline uint32_t
keymap_add(struct keymap *m, const uint8_t *key, size_t n, uint64_t hash, bool *added)
{
	struct keymap_entry e = keymap_probe(key, n, hash);
	size_t at;
	uint32_t id = keymap_search(m, &e, key, hash, &at);

	*added = id == KEYMAP_ABSENT;
	if (*added) {
		if (m->n >= m->limit) {
			keymap_grow(m);
			keymap_search(m, &e, key, hash, &at);
		}
		id = keymap_append(m, key, &e);
		if (id != KEYMAP_ABSENT)
			m->slots[at] = hash >> 32 << 32 | (id + 1);
	}
	return id;
}

/* The key with that number and its length: view until the next key is added. */
static inline const uint8_t *
keymap_key(const struct keymap *m, uint32_t id, size_t *np)
{
	const struct keymap_entry *e = &m->entries[id];

	*np = e->n;
	return e->n <= KEYMAP_INLINE ? (const uint8_t *)e : (const uint8_t *)(uintptr_t)e->lo;
}

#endif

/*
 * Hash functions. hash_bytes is the checksum of streams: XXH3-64 with seed 0. All others serve tables and partitions in
 * memory or in temporary files and depend on a seed drawn once per process, so that no input can be crafted whose keys
 * all fall into one slot. Output must depend neither on them nor on a table's iteration order.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t
hash_bytes(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

/* Set before main: random, or derived from ACCT_HASH_SEED for reproducible tests. */
struct hash_seed {
	uint64_t a, b;		/* b is odd */
};
extern struct hash_seed hash_seed;

/* Derives the seed from a number. For tests, before any table is filled. */
void hash_seed_set(uint64_t number);

/*
 * Mixes a word with the finalizer of MurmurHash3. Unseeded: for words that no outsider can choose, such as seeded
 * hashes.
 */
static inline uint64_t
hash_mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}

/* Hashes two words: multiplies and folds the product in half, then multiplies again. The top bits are the best ones. */
static inline uint64_t
hash_words(uint64_t v, uint64_t w)
{
	unsigned __int128 product = v ^ hash_seed.a;

	product *= w ^ hash_seed.b;
	return ((uint64_t)product ^ (uint64_t)(product >> 64)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Hashes one word; all bits are of equal quality. */
static inline uint64_t
hash_word(uint64_t v)
{
	uint64_t h = hash_words(v, 0);

	return h ^ h >> 32;
}

static inline uint64_t
hash_key(const void *p, size_t n)
{
	return XXH3_64bits_withSeed(p, n, hash_seed.a);
}

/*
 * Returns the seed of a level of partitioning, counted from 0 (spill/parts.h). Partitions of different levels, and the
 * slots of a hash table, are independent of each other.
 */
static inline uint64_t
hash_level(unsigned level)
{
	return hash_mix(hash_seed.b + level);
}

#endif

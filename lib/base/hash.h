/*
 * Hashes. hash_bytes is the checksum of streams: XXH3-64 with seed 0. All others serve tables and partitions in memory
 * or temporary files and depend on a seed drawn once per process, so that nobody can write a file whose keys all fall
 * into one slot. No output may depend on them, nor on the order in which a table has its keys.
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

/* Set before main: random, or made of ACCT_HASH_SEED where a test needs the same again. */
struct hash_seed {
	uint64_t a, b;		/* b is odd */
};
extern struct hash_seed hash_seed;

/* Makes the seed of a number: for tests, before any table is filled. */
void hash_seed_set(uint64_t number);

/* Mixes a word by the finalizer of MurmurHash3. Without a seed: for words that nobody outside chooses, as seeded hashes. */
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

/* Hashes two words: a multiplication folded in half, and one more, after which the top bits are the best ones. */
static inline uint64_t
hash_words(uint64_t v, uint64_t w)
{
	unsigned __int128 product = v ^ hash_seed.a;

	product *= w ^ hash_seed.b;
	return ((uint64_t)product ^ (uint64_t)(product >> 64)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Hashes one word; all bits are good. */
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

static inline uint64_t
hash_level(unsigned level)
{
	return hash_mix(hash_seed.b + level);
}

/*
 * Chooses one of 2^bits parts for a key, or for a key's hash. Each level, counted from 0, chooses anew and independently
 * of the slot in a table: the keys of a part spread over a table, and over the parts of the next level, as any keys do.
 */
static inline size_t
hash_part(const void *p, size_t n, unsigned level, unsigned bits)
{
	return (size_t)(XXH3_64bits_withSeed(p, n, hash_level(level)) >> (64 - bits));
}

static inline size_t
hash_part_of_hash(uint64_t hash, unsigned level, unsigned bits)
{
	return (size_t)(hash_mix(hash ^ hash_level(level)) >> (64 - bits));
}

#endif

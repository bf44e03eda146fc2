/* XXH3-64, seed 0, compiled in: the checksum of record.md and the hash of every table. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t
hash_bytes(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

/* Mixes one 64-bit word (the finalizer of MurmurHash3: a bijection, so equal hashes are equal words). */
static inline uint64_t
hash_word(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}

#endif

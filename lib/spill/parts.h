/*
 * Partitions of opaque bytes in temporary files. The caller gives the hash's seed: a secret one, so that no input can
 * be crafted whose keys all fall into one partition, and another one for each level, so that the keys of a partition
 * spread evenly over the partitions of the next level (hash_level, base/hash.h).
 */
#ifndef SPILL_PARTS_H
#define SPILL_PARTS_H

#include "base/hash.h"
#include "spill/spill.h"

enum { SPILL_MAX_BITS = 5 };

struct spill_parts {			/* owned */
	struct spill file[1 << SPILL_MAX_BITS];
	unsigned bits;			/* 2^bits files are used */
	uint64_t seed;
};

void spill_parts_init(struct spill_parts *p, unsigned bits, uint64_t seed);
void spill_parts_close(struct spill_parts *p);
int spill_parts_park(struct spill_parts *p, struct msg *err);		/* frees all buffers until their files' turn */

/* Returns the partition of a key, or of the hash of a key, among 2^bits. */
static inline size_t
spill_part(const void *key, size_t n, uint64_t seed, unsigned bits)
{
	return (size_t)(XXH3_64bits_withSeed(key, n, seed) >> (64 - bits));
}

static inline size_t
spill_part_of_hash(uint64_t hash, uint64_t seed, unsigned bits)
{
	return (size_t)(hash_mix(hash ^ seed) >> (64 - bits));
}

#endif

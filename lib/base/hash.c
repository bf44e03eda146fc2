#include "base/hash.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct hash_seed hash_seed;

void
hash_seed_set(uint64_t number)
{
	hash_seed.a = hash_mix(number + UINT64_C(0x9e3779b97f4a7c15));
	hash_seed.b = hash_mix(number + UINT64_C(0x3c6ef372fe94f82a)) | 1;
}

/*
 * Runs before main, so that no table is ever filled without a seed. Where the kernel has no random numbers, falls back
 * to the clock, which an outsider cannot know exactly.
 */
__attribute__((constructor)) static void
draw_seed(void)
{
	const char *fixed = getenv("ACCT_HASH_SEED");
	struct timespec now;

	if (fixed != NULL && *fixed != '\0') {
		hash_seed_set(strtoull(fixed, NULL, 0));
	} else if (getrandom(&hash_seed, sizeof(hash_seed), 0) == (ssize_t)sizeof(hash_seed)) {
		hash_seed.b |= 1;
	} else {
		clock_gettime(CLOCK_MONOTONIC, &now);
		hash_seed_set(hash_mix((uint64_t)now.tv_nsec) ^ hash_mix((uint64_t)now.tv_sec) ^ (uint64_t)getpid() ^
		    (uint64_t)(uintptr_t)&now);
	}
}

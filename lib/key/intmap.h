/*
 * Maps integer keys that lie too far apart for a densemap to numbers: each new key gets the next number, from 0. A slot
 * holds the number and half of the key's hash, so that a missing key usually costs one access.
 */
#ifndef KEY_INTMAP_H
#define KEY_INTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "base/hash.h"

#define INTMAP_ABSENT UINT32_MAX

struct intmap {			/* all zero is empty */
	uint64_t *slots;	/* owned: upper half of the hash, and in the lower half the number plus 1; 0 is free */
	size_t mask;
	int64_t *keys;		/* owned: keys by number */
	size_t n, cap;
};

void intmap_free(struct intmap *m);
size_t intmap_memory(const struct intmap *m);	/* bytes held */

/* Returns the key's number, a new one if it has none yet; INTMAP_ABSENT if there are too many. */
uint32_t intmap_add(struct intmap *m, int64_t key, bool *added);

/* Finds the numbers of n keys; INTMAP_ABSENT for missing ones. */
void intmap_find(const struct intmap *m, const int64_t *keys, size_t n, uint32_t *numbers);

#endif

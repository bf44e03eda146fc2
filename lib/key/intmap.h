/*
 * Integer keys to numbers where the keys lie too far apart for a densemap: each different key gets the next number from
 * 0. A slot holds the number and half of the key's hash, so that a key that is not there costs one look in most cases.
 */
#ifndef KEY_INTMAP_H
#define KEY_INTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "base/hash.h"

#define INTMAP_ABSENT UINT32_MAX

struct intmap {			/* all zero is an empty one */
	uint64_t *slots;	/* owned: the hash's upper half, and below it the number and 1; 0 is free */
	size_t mask;
	int64_t *keys;		/* owned: by number */
	size_t n, cap;
};

void intmap_free(struct intmap *m);
size_t intmap_memory(const struct intmap *m);	/* bytes held */

/* The key's number, a new one where it has none yet; INTMAP_ABSENT where there are too many. */
uint32_t intmap_add(struct intmap *m, int64_t key, bool *added);

/* The numbers of n keys; INTMAP_ABSENT for those that are not there. */
void intmap_find(const struct intmap *m, const int64_t *keys, size_t n, uint32_t *numbers);

#endif

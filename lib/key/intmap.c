#include "key/intmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST = 1024, BLOCK = 256 };	/* initial number of slots; keys searched at once */

#define UPPER UINT64_C(0xffffffff00000000)

void
intmap_free(struct intmap *m)
{
	free(m->slots);
	free(m->keys);
	memset(m, 0, sizeof(*m));
}

size_t
intmap_memory(const struct intmap *m)
{
	return m->slots == NULL ? 0 : (m->mask + 1) * sizeof(*m->slots) + m->cap * sizeof(*m->keys);
}

/* Doubles the number of slots, of which at most half are taken. */
static void
grow(struct intmap *m)
{
	size_t n = m->slots == NULL ? FIRST : 2 * (m->mask + 1), i, at;
	uint64_t hash;

	free(m->slots);
	m->slots = xcalloc(n, sizeof(*m->slots));
	m->mask = n - 1;
	m->cap = n / 2;
	m->keys = xreallocarray(m->keys, m->cap, sizeof(*m->keys));
	for (i = 0; i < m->n; i++) {
		hash = hash_word((uint64_t)m->keys[i]);
		for (at = hash & m->mask; m->slots[at] != 0; at = (at + 1) & m->mask)
			;
		m->slots[at] = (hash & UPPER) | (uint32_t)(i + 1);
	}
}

/* Returns the slot of a key, or the free slot where it belongs. */
static inline size_t
find(const struct intmap *m, int64_t key, uint64_t hash)
{
	size_t at;

	for (at = hash & m->mask; m->slots[at] != 0; at = (at + 1) & m->mask)
		if ((m->slots[at] & UPPER) == (hash & UPPER) && m->keys[(uint32_t)m->slots[at] - 1] == key)
			break;
	return at;
}

uint32_t
intmap_add(struct intmap *m, int64_t key, bool *added)
{
	uint64_t hash = hash_word((uint64_t)key);
	size_t at;

	*added = false;
	if (m->n == m->cap)
		grow(m);
	at = find(m, key, hash);
	if (m->slots[at] != 0)
		return (uint32_t)m->slots[at] - 1;
	if (m->n == UINT32_MAX - 1)
		return INTMAP_ABSENT;
	*added = true;
	m->keys[m->n++] = key;
	m->slots[at] = (hash & UPPER) | (uint32_t)m->n;
	return (uint32_t)m->n - 1;
}

void
intmap_find(const struct intmap *m, const int64_t *keys, size_t n, uint32_t *numbers)
{
	uint64_t hash[BLOCK];
	size_t i, k, block;

	if (m->n == 0) {
		memset(numbers, 0xff, n * sizeof(*numbers));
		return;
	}
	for (i = 0; i < n; i += block) {
		block = n - i < BLOCK ? n - i : BLOCK;
		for (k = 0; k < block; k++) {
			hash[k] = hash_word((uint64_t)keys[i + k]);
			cpu_prefetch(&m->slots[hash[k] & m->mask]);
		}
		for (k = 0; k < block; k++)	/* 0 - 1 is INTMAP_ABSENT */
			numbers[i + k] = (uint32_t)m->slots[find(m, keys[i + k], hash[k])] - 1;
	}
}

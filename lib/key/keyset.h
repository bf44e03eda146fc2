/*
 * Remembers keys, each with a fingerprint of its row: is this key new, and if not, is the row the same?
 *
 * Integer keys are stored in pages of 4096 neighbours, four bytes a key, while they are dense or arrive in order; if
 * they lie too far apart, in a table of 16 bytes a slot. Other keys are bytes, compared one by one (keymap.h), with
 * eight more bytes for the fingerprint. Two rows are assumed equal if their fingerprints are: the low 32 bits for an
 * integer key, as touching fresh memory dominates the cost of many keys, else 64 bits.
 */
#ifndef KEY_KEYSET_H
#define KEY_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "key/keymap.h"

enum keyset_answer {
	KEYSET_NEW,		/* now added */
	KEYSET_SAME,		/* known, with this fingerprint */
	KEYSET_OTHER,		/* known, with another fingerprint */
	KEYSET_FULL		/* unknown, but no memory for it: nothing changed */
};

enum { KEYSET_PAGE = 4096 };	/* keys per page */

struct keyset_page {
	int64_t id;		/* key >> 12 */
	uint32_t *prints;	/* KEYSET_PAGE fingerprints, 0 for an absent key; NULL: a free slot */
};

struct keyset_cell {
	int64_t key;
	uint32_t print;		/* 0: a free slot */
};

struct keyset_block {		/* memory for pages */
	struct keyset_block *next;
	void *p;
	size_t n;
};

struct keyset {
	bool integers, paged;
	size_t limit;		/* bytes, 0: unlimited */
	size_t count;		/* number of keys */

	/* Integers in pages: a table of pages, and the one used last. */
	struct keyset_page *pages, last;
	size_t npages, pages_cap;	/* cap is a power of 2 */
	struct keyset_block *blocks;
	uint32_t *next_page;		/* in the last block */
	size_t pages_left, page_bytes;

	/* Integers in a table. */
	struct keyset_cell *cells;
	size_t cells_cap;		/* a power of 2 */

	/* Bytes. */
	struct keymap map;
	uint64_t *prints;		/* by the map's numbers */
	size_t prints_cap;
};

void keyset_init(struct keyset *s, bool integers, size_t limit);
void keyset_free(struct keyset *s);
size_t keyset_memory(const struct keyset *s);		/* bytes allocated */

/* Returns the hash that places a key. */
static inline uint64_t
keyset_hash_int(int64_t key)
{
	return hash_word((uint64_t)key);
}

static inline uint64_t
keyset_hash(const uint8_t *key, size_t n)
{
	return keymap_hash(key, n);
}

static inline size_t
keyset_page_home(const struct keyset *s, int64_t id)
{
	return (size_t)(hash_words((uint64_t)id, 0) >> 32) & (s->pages_cap - 1);
}

/* Returns the place of a key's fingerprint, or NULL if its page is missing. */
static inline uint32_t *
keyset_cell(struct keyset *s, int64_t key)
{
	int64_t id = key >> 12;
	size_t i;

	if (s->last.id != id || s->last.prints == NULL) {
		for (i = keyset_page_home(s, id); s->pages[i].prints != NULL; i = (i + 1) & (s->pages_cap - 1))
			if (s->pages[i].id == id)
				break;
		if (s->pages[i].prints == NULL)
			return NULL;
		s->last = s->pages[i];
	}
	return &s->last.prints[key & (KEYSET_PAGE - 1)];
}

/*
 * Prefetches what keyset_add_int will need; call some keys ahead. A prefetch rather than a load (cpu.h), as callers
 * work between two keys, which a pending load would stall.
 */
static inline void
keyset_prefetch_int(struct keyset *s, int64_t key)
{
	uint32_t *cell;

	if (!s->paged)
		__builtin_prefetch(&s->cells[keyset_hash_int(key) & (s->cells_cap - 1)], 1);
	else if (s->last.id != key >> 12 && (cell = keyset_cell(s, key)) != NULL)
		__builtin_prefetch(cell, 1);
}

enum keyset_answer keyset_add_int_slow(struct keyset *s, int64_t key, uint32_t print);

static inline enum keyset_answer
keyset_add_int(struct keyset *s, int64_t key, uint64_t row_print)
{
	uint32_t *cell, print = (uint32_t)row_print;

	print += print == 0;
	if (s->paged && (cell = keyset_cell(s, key)) != NULL) {
		if (*cell != 0)
			return *cell == print ? KEYSET_SAME : KEYSET_OTHER;
		*cell = print;
		s->count++;
		return KEYSET_NEW;
	}
	return keyset_add_int_slow(s, key, print);
}

/* n <= UINT32_MAX; hash is keyset_hash of the key. */
enum keyset_answer keyset_add(struct keyset *s, const uint8_t *key, size_t n, uint64_t hash, uint64_t print);

/*
 * Calls visit for every key, in unspecified order, until it returns nonzero; returns that, or 0. Integers are passed as
 * their eight bytes in memory.
 */
int keyset_each(const struct keyset *s, int (*visit)(void *to, const void *key, size_t n, uint64_t print), void *to);

#endif

/*
 * Which keys come again, found on disk where memory does not hold them all: every key goes, in order, with its row's
 * fingerprint to one of 32 files by its hash; at the end each file is gone through with a set of its own (split again
 * where that is too large), and gives the answers in the order in which its keys came. So memory for one file's keys
 * and a buffer a file is all that is held.
 */
#ifndef KEY_KEYLATER_H
#define KEY_KEYLATER_H

#include "base/io.h"
#include "key/keyset.h"

enum { KEYLATER_PARTS = 32 };

struct keylater {
	bool integers;
	size_t limit;				/* bytes for a file's set */
	uint64_t written;			/* keys, once for each file that they went to */
	struct spill part[KEYLATER_PARTS];	/* keys; after keylater_resolve a byte an answer */
};

void keylater_init(struct keylater *l, bool integers, size_t limit);
void keylater_free(struct keylater *l);

/*
 * Adds a key (n <= UINT32_MAX bytes; an integer as its eight bytes in memory). known: it comes from the set in memory,
 * has been answered, and no answer is kept. Those come first.
 */
int keylater_add(struct keylater *l, const void *key, size_t n, uint64_t print, bool known, struct msg *err);

/* After the last key: finds the answers. */
int keylater_resolve(struct keylater *l, struct msg *err);

/*
 * The answer for the next key, which must be handed over in the order of keylater_add: KEYSET_NEW, SAME or OTHER; -1
 * where reading failed.
 */
int keylater_next(struct keylater *l, const void *key, size_t n, struct msg *err);

#endif

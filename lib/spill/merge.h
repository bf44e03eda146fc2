/*
 * Items, each a key and data, both opaque bytes, in temporary files; runs of items in key order; and the k-way merge of
 * runs. Keys are compared by memcmp, a prefix first.
 */
#ifndef SPILL_MERGE_H
#define SPILL_MERGE_H

#include "spill/spill.h"

struct spill_item {		/* a view */
	const uint8_t *key, *data;
	size_t nkey, n;		/* nkey is at most UINT32_MAX */
};

/* Writes what precedes an item's bytes; the caller then writes nkey bytes of key and n of data with spill_write. */
int spill_put_head(struct spill *s, size_t nkey, size_t n, struct msg *err);

int spill_put(struct spill *s, const struct spill_item *item, struct msg *err);

/* Reads the next item, valid until the next call for this file: 1, 0 at the end, or -1. */
int spill_get(struct spill *s, struct buf *scratch, struct spill_item *item, struct msg *err);

/* ---- Merge ---- */

struct spill_cursor {		/* position of a merge in a run */
	struct spill *spill;
	uint64_t prefix;	/* the key's first 8 bytes as a big-endian number, padded with zeros */
	struct spill_item item;
	struct buf scratch;
};

struct spill_merge {		/* owned; all zero is empty */
	struct spill_cursor *all;
	struct spill_cursor **heap;	/* smallest key first */
	size_t n, nall;		/* cursors in the heap; in all */
	bool taken;		/* the heap's first item was returned */
};

/*
 * spill_merge_open rewinds n runs, which must outlive m. spill_merge_next returns their items in key order, those of
 * equal keys in the order of their runs: 1, 0 at the end, or -1; the item is valid until the next call. Close after a
 * failure too.
 */
int spill_merge_open(struct spill_merge *m, struct spill *runs, size_t n, struct msg *err);
int spill_merge_next(struct spill_merge *m, struct spill_item *item, struct msg *err);
void spill_merge_close(struct spill_merge *m);

/* ---- Runs ---- */

enum { SPILL_FAN = 32 };	/* runs of one level per merge; a few times as many may be open */

struct spill_runs {		/* owned; all zero is empty; oldest first */
	struct spill *files;
	unsigned *levels;	/* merges the items of each run went through */
	size_t n, cap;
};

/* Writes the items of a merge to one run, for example combining those of equal keys. Returns 0 or -1. */
typedef int spill_fold(void *context, struct spill_merge *from, struct spill *to, struct msg *err);

/* Starts a run; the caller writes its items, keys ascending. The pointer is valid until spill_runs_end. */
struct spill *spill_runs_begin(struct spill_runs *r);

/* Ends a run; merges the last runs once SPILL_FAN of them are of one level. fold NULL: keeps all items. */
int spill_runs_end(struct spill_runs *r, spill_fold *fold, void *context, struct msg *err);

void spill_runs_free(struct spill_runs *r);

#endif

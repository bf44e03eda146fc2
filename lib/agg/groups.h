/*
 * Records into groups by key, and the groups in the order of their keys: in memory, and beyond a limit on disk.
 */
#ifndef AGG_GROUPS_H
#define AGG_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "agg/agg.h"
#include "agg/runs.h"
#include "key/densemap.h"
#include "key/keymap.h"
#include "rec/rec.h"

struct groups {			/* all owned but keys */
	struct agg agg;		/* planned by the caller with keyed = nkeys > 0, before groups_init */
	struct keymap map;
	struct densemap dense;	/* in place of map while `is_dense` */
	struct runs runs;
	const size_t *keys;	/* indexes of the key columns; none: all records are one group */
	size_t nkeys;
	size_t limit;		/* bytes that groups may take; 0: as many as they need */
	bool is_dense;		/* the key is one integer that is never null, and there is memory: its values may lie close together */
	bool adjacent;		/* the key columns stand side by side in the record: a key is a view */
	bool long_keys;		/* some of the records at hand have one */
	uint64_t hash[AGG_CHUNK];
	struct rec_field key[AGG_CHUNK];
	uint32_t ids[AGG_CHUNK];
	struct buf joined;	/* keys of the records at hand, where they are not adjacent */
};

void groups_init(struct groups *g, const struct rec_header *h, const size_t *keys, size_t nkeys, size_t limit);
void groups_free(struct groups *g);

/*
 * Takes a batch. Returns its n; or the place of the first record whose side is neither credit nor debit; or SIZE_MAX:
 * err is filled.
 */
size_t groups_add(struct groups *g, const struct rec_batch *b, struct msg *err);

/*
 * Every group once, keys ascending, into sink, some at a time, at most AGG_BLOCK: their keys and their numbers in g->agg.
 * VAL_PAD / 4 bytes may be read behind each key. sink returns -1 to end it.
 *
 * groups_put's -1: err is filled, unless it was sink that ended it. Only groups_free may follow.
 */
typedef int groups_sink(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n);
int groups_put(struct groups *g, groups_sink *sink, void *context, struct msg *err);

#endif

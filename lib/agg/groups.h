/* Groups records by key and outputs groups in key order: in memory, and on disk beyond a limit. */
#ifndef AGG_GROUPS_H
#define AGG_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "agg/agg.h"
#include "agg/runs.h"
#include "agg/values.h"
#include "map/map.h"
#include "rec/rec.h"

struct groups {			/* owns all but keys */
	struct agg agg;		/* the caller plans it with keyed = nkeys > 0 before groups_init */
	struct map map;		/* of integers if the key is one integer column that is never null */
	struct agg_runs runs;
	struct agg_values values;
	const size_t *keys;	/* indexes of the key columns; without keys, all records form one group */
	size_t nkeys;
	size_t limit;		/* memory limit of groups in bytes; 0: no limit */
	size_t states;		/* set by the caller: records are states, from this column on; AGG_NONE: they are not */
	bool adjacent;		/* the key columns are adjacent in the record: keys are views */
	uint64_t hash[AGG_CHUNK];
	struct rec_field key[AGG_CHUNK];
	uint32_t ids[AGG_CHUNK];
	struct buf joined;	/* keys of the current records, unless adjacent */
};

void groups_init(struct groups *g, const struct rec_header *h, const size_t *keys, size_t nkeys, size_t limit);
void groups_free(struct groups *g);

/*
 * Adds a batch. Returns its n; or the index of the first record whose side is neither credit nor debit; or SIZE_MAX
 * with err filled.
 */
size_t groups_add(struct groups *g, const struct rec_batch *b, struct msg *err);

/*
 * Receives every group once, keys ascending, up to AGG_BLOCK per call: their keys and their numbers in g->agg.
 * VAL_PAD / 4 bytes may be read after each key. Returns -1 to stop.
 *
 * Where a->items has some of all values, sink calls agg_values_take for each group.
 *
 * groups_put returns -1 with err filled, or because sink stopped it. Only groups_free may follow.
 */
typedef int groups_sink(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n);
int groups_put(struct groups *g, groups_sink *sink, void *context, struct msg *err);

#endif

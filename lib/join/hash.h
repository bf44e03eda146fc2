/* A join by a table of keys, as far as memory goes. For lib/join alone. */
#ifndef JOIN_HASH_H
#define JOIN_HASH_H

#include "join/join.h"
#include "join/table.h"

struct hash_join {
	const struct join_plan *plan;
	struct rec_reader *build, *probe;
	struct rec_writer *out;
	size_t memory;
	struct join_stats *stats;
	struct msg *err;
	struct join_table table;
	struct join_block block;
	int64_t close[JOIN_BLOCK];	/* in its place the keys of a block, while the table is dense */
	struct rec_batch batch;		/* of the build side */
	size_t taken;			/* so many of it are in the table */
};

/* ---- partition.c ---- */

/*
 * Goes on with both sides on disk from a table that has become full, which it empties, and the rest of the batch and of
 * both streams.
 */
int join_partitioned(struct hash_join *j);

#endif

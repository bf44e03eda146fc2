/* The in-memory hash join. Private to lib/join. */
#ifndef JOIN_HASH_H
#define JOIN_HASH_H

#include "join/sink.h"
#include "join/table.h"

struct hash_join {
	const struct join_plan *plan;
	struct rec_reader *build, *probe;
	struct join_out *out;
	size_t memory;
	struct join_stats *stats;
	struct msg *err;
	struct join_table table;
	struct join_block block;
	int64_t ints[JOIN_BLOCK];	/* the block's keys if they are integers */
	struct rec_batch batch;		/* batch of the build side */
	size_t taken;			/* number of its records in the table */
};

/* ---- partition.c ---- */

/*
 * Continues a join whose table is full as a Grace hash join: partitions both sides on disk, from the table, which it
 * empties, the rest of the batch and both streams.
 */
int join_partitioned(struct hash_join *j);

#endif

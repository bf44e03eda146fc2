/*
 * Joins two record streams by equal keys: acct-join(1).
 *
 * Streams the probe side (left) and holds the build side (right) in a hash table, which spills to disk beyond the
 * memory limit (Grace hash join). Keys are compared as encoded bytes; a key with a null matches nothing.
 *
 * A side may be a change stream: joined to a table its records keep their signs, as inserts and deletes. The probe side
 * may be one unless the join is outer, the build side only in an inner join; of two the signs are multiplied.
 */
#ifndef JOIN_JOIN_H
#define JOIN_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"

enum join_type { JOIN_INNER, JOIN_LEFT, JOIN_OUTER, JOIN_SEMI, JOIN_ANTI };

enum { JOIN_MAX_KEYS = 64 };

/* ---- keys.c ---- */

struct join_keys {		/* the key columns of one side */
	size_t idx[JOIN_MAX_KEYS];
	size_t n;
	bool run;		/* the columns are adjacent and in key order, so the key is a slice of the record */
};

void join_keys_set(struct join_keys *keys, const size_t *idx, size_t n);

enum { JOIN_BLOCK = 256 };

struct join_block {		/* the keys of a block of records of a batch; all zero is empty */
	/* fields joined by TAB; views until the next join_block_fill or rec_next */
	struct rec_field key[JOIN_BLOCK];
	uint64_t hash[JOIN_BLOCK];
	bool null[JOIN_BLOCK];			/* the key contains a null */
	uint32_t id[JOIN_BLOCK];		/* set by the caller */
	struct buf scratch;
};

/* Fills the block with the keys of n records (at most JOIN_BLOCK) of the batch, starting at record i. */
void join_block_fill(struct join_block *k, const struct join_keys *keys, const struct rec_batch *b, size_t i, size_t n);
void join_block_free(struct join_block *k);

/* ---- plan.c ---- */

struct join_fill {		/* the value of a column whose side has no match */
	const char *column, *value;
};

struct join_options {
	enum join_type type;
	size_t probe_key[JOIN_MAX_KEYS], build_key[JOIN_MAX_KEYS];	/* column numbers, pair by pair */
	size_t nkeys;
	const struct join_fill *fills;
	size_t nfills;
	const char *table;	/* the output's table name; NULL: the probe's */
};

struct join_run {		/* build columns from..to-1, copied as one slice */
	size_t from, to;
};

struct join_field {		/* how a probe column is filled for a build record without match */
	int key;		/* from this field of the key, or if -1 */
	size_t off, n;		/* from these bytes of the plan's fill values */
};

struct join_plan {		/* owns all it points to */
	enum join_type type;
	struct rec_header header;	/* header of the output */
	struct join_keys probe, build;
	size_t nprobe;			/* columns of the probe side */
	struct join_run *runs;		/* slices of build columns in the output */
	size_t nruns;
	struct buf absent;		/* replaces them in records without match: every field preceded by a TAB */
	struct join_field *fields;	/* nprobe of them; NULL unless outer */
	bool probe_changes, build_changes;	/* the side is a change stream: its first column has the sign */
	struct buf fillings;
};

/*
 * Plans the output's header and record layout. probe_name and build_name name the streams in messages. Returns -1
 * with EX_USAGE if the streams cannot be joined this way; free the plan in either case.
 */
int join_plan(struct join_plan *p, const struct join_options *o, const struct rec_header *probe, const char *probe_name,
    const struct rec_header *build, const char *build_name, struct msg *err);
void join_plan_free(struct join_plan *p);

/* Returns true if the join type outputs build columns. */
static inline bool
join_pairs(enum join_type type)
{
	return type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_OUTER;
}

/* Returns true if the output is a change stream. */
static inline bool
join_is_change(const struct join_plan *p)
{
	return p->probe_changes || p->build_changes;
}

/* Returns true if the join type outputs probe records without match. */
static inline bool
join_keeps_lone(enum join_type type)
{
	return type == JOIN_LEFT || type == JOIN_OUTER || type == JOIN_ANTI;
}

/* Returns the maximum bytes join_build_part writes for this record. */
static inline size_t
join_build_max(const struct join_plan *p, struct rec r, size_t columns)
{
	return (size_t)(r.off[columns] - r.off[0]) + p->nruns;
}

/* Writes the output's build columns, every field preceded by a TAB. Returns the end. */
uint8_t *join_build_part(const struct join_plan *p, struct rec r, uint8_t *out);

/* Appends the probe columns of a build record without match, from its key. */
void join_probe_part(const struct join_plan *p, struct rec_field key, struct buf *out);

/* ---- hash.c, sorted.c ---- */

struct join_stats {
	uint64_t probe, build;		/* records read */
	uint64_t matched;		/* probe records with a match */
	uint64_t lone;			/* build records without match; counted in outer joins only */
	uint64_t partitions;		/* partitions on disk; 0: all in memory */
};

struct join {
	const struct join_plan *plan;
	struct rec_reader *build, *probe;
	struct rec_writer *out;
	size_t memory;			/* memory limit in bytes; beyond it the join spills to temporary files */
	struct join_stats stats;	/* counters */
	struct msg err;			/* set on failure */
};

/*
 * Reads both streams to the end and writes the join: probe records in their order, then, in an outer join, the build
 * records without match in theirs. The output does not depend on the memory limit.
 */
int join_hash(struct join *j);

/*
 * Like join_hash, by merge join of streams sorted by key; verifies the order. Holds the build records of one key at
 * a time. The output is sorted by key, including build records without match.
 */
int join_sorted(struct join *j);

#endif

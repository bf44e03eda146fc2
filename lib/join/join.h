/*
 * Joining two record streams by equal keys: acct-join(1).
 *
 * The probe side (left) is streamed, the build side (right) remembered, in memory as far as that goes and on disk
 * beyond. A key is compared as its encoded bytes; one that holds a null equals nothing.
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
	bool run;		/* they stand side by side in key order, so that the key is a piece of the record */
};

void join_keys_set(struct join_keys *keys, const size_t *idx, size_t n);

enum { JOIN_BLOCK = 256 };

struct join_block {		/* the keys of some records of a batch; all zero is an empty one */
	struct rec_field key[JOIN_BLOCK];	/* joined by TAB; views until the next join_block_fill or rec_next */
	uint64_t hash[JOIN_BLOCK];
	bool null[JOIN_BLOCK];			/* holds a null */
	uint32_t id[JOIN_BLOCK];		/* for the caller */
	struct buf scratch;
};

/* Takes the keys of n records (at most JOIN_BLOCK) from the batch's i-th on. */
void join_block_fill(struct join_block *k, const struct join_keys *keys, const struct rec_batch *b, size_t i, size_t n);
void join_block_free(struct join_block *k);

/* ---- plan.c ---- */

struct join_fill {		/* the value a column takes where its side has no match */
	const char *column, *value;
};

struct join_options {
	enum join_type type;
	size_t probe_key[JOIN_MAX_KEYS], build_key[JOIN_MAX_KEYS];	/* column numbers, pair by pair */
	size_t nkeys;
	const struct join_fill *fills;
	size_t nfills;
	const char *table;	/* the output's; NULL: as the probe's */
};

struct join_run {		/* build columns from..to-1, copied in one piece */
	size_t from, to;
};

struct join_field {		/* a probe column in a build record without match: */
	int key;		/* this field of the key, or -1: */
	size_t off, n;		/* these bytes of the plan's fillings */
};

struct join_plan {		/* all owned */
	enum join_type type;
	struct rec_header header;	/* of the output */
	struct join_keys probe, build;
	size_t nprobe;			/* columns of the probe side */
	struct join_run *runs;		/* the build columns that go out */
	size_t nruns;
	struct buf absent;		/* what takes their place: every field after a TAB */
	struct join_field *fields;	/* nprobe of them; NULL unless outer */
	struct buf fillings;
};

/*
 * Works out the output's header and how its records are put together. probe_name and build_name stand for the two
 * streams in messages. Returns -1 with EX_USAGE where the streams cannot be joined in this way; the plan may be freed
 * then too.
 */
int join_plan(struct join_plan *p, const struct join_options *o, const struct rec_header *probe, const char *probe_name,
    const struct rec_header *build, const char *build_name, struct msg *err);
void join_plan_free(struct join_plan *p);

/* Does the type put out columns of the build side? */
static inline bool
join_pairs(enum join_type type)
{
	return type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_OUTER;
}

/* Does a probe record without match go out? */
static inline bool
join_keeps_lone(enum join_type type)
{
	return type == JOIN_LEFT || type == JOIN_OUTER || type == JOIN_ANTI;
}

/* Most bytes that join_build_part writes for this record. */
static inline size_t
join_build_max(const struct join_plan *p, struct rec r, size_t columns)
{
	return (size_t)(r.off[columns] - r.off[0]) + p->nruns;
}

/* The build columns that go out, every field after a TAB. Returns the end. */
uint8_t *join_build_part(const struct join_plan *p, struct rec r, uint8_t *out);

/* The probe columns of a build record without match, from its key; appended to out. */
void join_probe_part(const struct join_plan *p, struct rec_field key, struct buf *out);

/* ---- hash.c, sorted.c ---- */

struct join_stats {
	uint64_t probe, build;		/* records read */
	uint64_t matched;		/* probe records with a match */
	uint64_t lone;			/* build records without, counted in outer joins only */
	uint64_t partitions;		/* on disk; 0: all in memory */
};

struct join {
	const struct join_plan *plan;
	struct rec_reader *build, *probe;
	struct rec_writer *out;
	size_t memory;			/* bytes that may be remembered; what is beyond goes to temporary files */
	struct join_stats stats;	/* what was done */
	struct msg err;			/* what failed */
};

/*
 * Reads both streams to their ends and writes what the plan says, probe records in their order and behind them, in an
 * outer join, the build records without match in theirs. The output does not depend on the memory there is.
 */
int join_hash(struct join *j);

/*
 * The same for streams in key order, which it checks. Remembers the build records of one key at a time. The output is
 * in key order: a build record without match stands in its place.
 */
int join_sorted(struct join *j);

#endif

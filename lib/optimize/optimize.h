/*
 * Rewrites a table's rows into fewer files: combines small files of a partition up to a target size and applies
 * deletion vectors; or sorts all rows of a partition by key columns.
 */
#ifndef OPTIMIZE_OPTIMIZE_H
#define OPTIMIZE_OPTIMIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delta/delta.h"

struct optimize_options {
	uint64_t target;		/* target file size in bytes; files below half of it are small */
	/* sort columns of the snapshot, no partition columns; without keys, rows keep their order */
	const size_t *keys;
	size_t nkeys;
	enum pq_codec codec;		/* of the written files */
	bool delta_encodings;		/* as in struct pq_options */
	struct delta_intent *intent;	/* of the written files */
	size_t memory;			/* memory limit of the sort in bytes */
	/* files to consider, by index in the snapshot; NULL: all. Covers whole partitions */
	const bool *wanted;
};

struct optimize_result {		/* an uncommitted rewrite */
	struct delta_file *adds;	/* owned; strings in the pool or the snapshot */
	size_t nadds;
	size_t *removes;		/* owned: indexes in the snapshot's files */
	size_t nremoves;
	uint64_t rows;			/* rows written */
	struct pool pool;
};

/*
 * Rewrites the files that are too small, unsorted, or have a deletion vector; writes nothing if there are none. Rows
 * keep their order except as the keys demand. EX_UNAVAILABLE for a column of an unsupported type, EX_DATAERR for a
 * null in a column that is never null.
 */
int optimize_run(struct delta_table *t, const struct delta_snapshot *s, const struct optimize_options *o,
    struct optimize_result *r, struct msg *err);

/*
 * need.c: returns true if more than 32 of the wanted files are small, or more than a fifth of their rows deleted.
 * Files of tombstones do not count.
 */
bool optimize_needed(const struct delta_snapshot *s, const struct optimize_options *o);

/*
 * where.c: sets wanted for the files whose partition values satisfy a predicate over partition columns. Returns -1
 * with err, and with the offset of a syntax error in the text, else SIZE_MAX.
 */
int optimize_where(const struct delta_snapshot *s, const char *text, bool *wanted, size_t *where, struct msg *err);

void optimize_result_free(struct optimize_result *r);

/* ---- change.c ---- */

struct optimize_change {		/* the change to commit and what it points to; must not move */
	struct delta_change change;
	struct delta_metric metrics[7];
	struct delta_pair parameters[5];
	uint64_t added, removed;	/* bytes of the files */
};

/*
 * Describes a result of rewriting s; `where` is the text of the condition on partitions, or NULL. The result must live
 * as long as the change.
 */
void optimize_change_make(struct optimize_change *c, const struct delta_snapshot *s, const struct optimize_options *o,
    const char *where, const struct optimize_result *r);
void optimize_change_free(struct optimize_change *c);

#endif

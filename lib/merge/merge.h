/*
 * Rows merged into a Delta table by key. The source is remembered by its keys, in columns of the table's own
 * shapes; the table is gone through twice: once for its keys alone, to learn which files hold rows that
 * change, and once for those files, which are written anew.
 */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delta/delta.h"
#include "rec/rec.h"

/* ---- source.c: the rows that come ---- */

struct merge_plan {			/* the caller's, and lives as long as the source */
	const struct delta_column *columns;	/* of the table */
	/* of each, the stream's column; -1: none, its value stays in a row that is updated and is null in a new one */
	const int *fields;
	size_t n;
	const size_t *keys;		/* which of them are the key: each has a field */
	size_t nkeys;
	int flag;			/* the stream's column whose value says that a row is to be deleted; -1: none */
	const uint8_t *flag_value;	/* encoded */
	size_t nflag_value;
	size_t memory;			/* bytes that the source may take; 0: as many as it needs */
};

struct merge_source;
struct merge_source *merge_source_new(const struct merge_plan *p, const struct rec_header *h);
void merge_source_free(struct merge_source *s);

/*
 * Remembers the records of a batch. EX_DATAERR, with the record's number in err, for a null in a key or where the table
 * allows none; EX_OSERR where they take more than the plan's memory.
 */
int merge_source_add(struct merge_source *s, const struct rec_batch *b, struct msg *err);

/* After the last record: EX_DATAERR, listing the first keys, where keys came more than once. */
int merge_source_end(struct merge_source *s, struct msg *err);

/* ---- merge.c ---- */

struct merge_options {
	enum pq_codec codec;		/* of the files written */
	bool delta_encodings;		/* as in struct pq_options */
	struct delta_intent *intent;	/* of the files written */
	bool delete_absent;		/* rows of the table whose key the source does not have are deleted */
	/*
	 * Told of each changed row, whole, in vectors: what happened to it, in Delta's words, and then the table's
	 * columns; a row as it was comes directly before the row as it is. NULL: nobody asks.
	 */
	int (*change)(void *to, size_t rows, const struct pq_vector *vectors, struct msg *err);
	void *to;
};

struct merge_result {			/* of a merge that is in no version yet */
	struct delta_file *adds;	/* in the pool */
	size_t nadds;
	size_t *removes;		/* owned: indexes in the snapshot's files */
	size_t nremoves;
	/* what rows the merge depends on: those with keys in the source's range; none: all. The source's. */
	const struct delta_bound *bounds;
	size_t nbounds;
	/* rows; copied: those that were only carried over to new files */
	uint64_t source, inserted, updated, deleted, copied;
	struct pool pool;
};

/*
 * Merges the source into a snapshot: new data files are written, and the result says what a commit of it adds and
 * removes. May be called again with a later snapshot of the same columns. EX_DATAERR where two rows of the table have
 * one key of the source.
 */
int merge_run(struct merge_source *s, struct delta_table *t, const struct delta_snapshot *snapshot,
    const struct merge_options *o, struct merge_result *r, struct msg *err);

void merge_result_free(struct merge_result *r);

#endif

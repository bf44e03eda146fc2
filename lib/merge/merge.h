/*
 * Merges a source of rows into a Delta table by key. The source is held in memory, in columns of the table's shapes,
 * indexed by key. The table is scanned twice: once for its keys, to find the files with rows that change, and once
 * to rewrite those files. In a table with deletion vectors, the second scan is of the matched rows, which vectors then
 * delete.
 *
 * A source beyond its memory is split into parts by a hash of the key, which are merged one after the other: the
 * table is scanned for each.
 */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delta/delta.h"
#include "rec/rec.h"

/* ---- source.c: the rows to merge ---- */

struct merge_plan {			/* belongs to the caller; must outlive the source */
	const struct delta_column *columns;	/* columns of the table */
	/* the stream's column of each; -1: absent, so an update keeps the old value and an insert stores null */
	const int *fields;
	size_t n;
	const size_t *keys;		/* indexes of the key columns; each has a field */
	size_t nkeys;
	/*
	 * columns by which the newest of the rows of a key is found, the first not null: each has a field and a type
	 * that merge_value_at reads. Where they are equal the later one counts. 0: the rows of the stream are newer
	 * than those of the table
	 */
	const size_t *order;
	size_t norder;
	int flag;			/* the stream's column that marks rows to delete; -1: none */
	const uint8_t *flag_value;	/* its value for a row to delete, encoded */
	size_t nflag_value;
	size_t memory;			/* memory limit of the source in bytes; 0: none */
	const char *name;		/* of the stream, for messages about keys of a part */
};

struct merge_source;
struct merge_source *merge_source_new(const struct merge_plan *p, const struct rec_header *h);
void merge_source_free(struct merge_source *s);

/*
 * Adds the records of a batch to the source. EX_DATAERR, with the record's number in err, for a null in a key, in the
 * first column of the order or in a column that is never null.
 */
int merge_source_add(struct merge_source *s, const struct rec_batch *b, struct msg *err);

/*
 * Call after the last record. EX_DATAERR, listing the first such keys, if keys are duplicate; of a source in parts,
 * only merge_run sees those within a part.
 */
int merge_source_end(struct merge_source *s, struct msg *err);

/* ---- merge.c ---- */

/*
 * Rows of a page in files that are merged into: a small merge reads a page of each column for a key, so that short
 * pages are worth the 1.3 % more bytes.
 */
enum { MERGE_PAGE_ROWS = 4096 };

struct merge_options {
	enum pq_codec codec;		/* of the written files */
	bool delta_encodings;		/* as in struct pq_options */
	struct delta_intent *intent;	/* of the written files */
	bool tombs;			/* the table may have tombstones */
	bool delete_absent;		/* delete the table's rows whose key is not in the source */
	/*
	 * Called with every changed row, change type first (Delta's _change_type), then the table's columns; an
	 * update passes the old row, then the new. NULL: no change stream.
	 */
	int (*change)(void *to, size_t rows, const struct pq_vector *vectors, struct msg *err);
	void *to;
};

struct merge_result {			/* an uncommitted merge */
	struct delta_file *adds;	/* new files, in the pool */
	size_t nadds;
	/* owned: files that are removed and added again with a new deletion vector; their strings are in the pool */
	struct delta_file *vectors;
	size_t nvectors;
	size_t *removes;		/* owned: indexes in the snapshot's files */
	size_t nremoves;
	/*
	 * range of the source's keys, for conflict detection; the merge depends on the rows in it. No bounds: on all
	 * rows. Belongs to the source
	 */
	const struct delta_bound *bounds;
	size_t nbounds;
	struct delta_file *graves;	/* new files of tombstones, in the pool */
	size_t ngraves;
	/*
	 * row counts; copied: unchanged rows rewritten to new files; late: rows older than what the table has of their
	 * key; tombs: tombstones written
	 */
	uint64_t source, inserted, updated, deleted, copied, late, tombs;
	struct pool pool;
};

/*
 * Merges the source into a snapshot: writes new data files and returns the adds and removes to commit. May be called
 * again with a later snapshot of the same columns. EX_DATAERR if two rows of the table match one source key.
 */
int merge_run(struct merge_source *s, struct delta_table *t, const struct delta_snapshot *snapshot,
    const struct merge_options *o, struct merge_result *r, struct msg *err);

void merge_result_free(struct merge_result *r);

/* ---- change.c: the change to commit ---- */

struct merge_change {			/* a change and what it points to; must not move */
	struct delta_change change;
	struct delta_metric metrics[9];
	struct delta_pair parameters[4];
	char *predicate;		/* owned */
	struct delta_file *adds;	/* owned: new files, then those with vectors */
};

/*
 * Describes a result of merging into s. A new table gets the properties. Plan, options, result and properties must live
 * as long as the change.
 */
void merge_change_make(struct merge_change *c, const struct merge_plan *plan, const struct delta_snapshot *s,
    const struct merge_options *o, const struct delta_pair *properties, size_t nproperties,
    const struct merge_result *r);
void merge_change_free(struct merge_change *c);

/* ---- changes.c: the change stream ---- */

/*
 * A record stream of the changed rows: column _change_type, then the table's but hidden ones. It is spooled until the
 * version is committed. Creates the stream's output, whose failure ends the program. EX_UNAVAILABLE for a column that
 * the stream cannot have. `from` is the header of the source.
 */
struct merge_changes;
int merge_changes_open(struct merge_changes **cp, const struct merge_plan *plan, const struct rec_header *from,
    const char *path, struct msg *err);
/* Takes rows, as `change` of struct merge_options. */
int merge_changes_put(void *changes, size_t rows, const struct pq_vector *vectors, struct msg *err);
void merge_changes_clear(struct merge_changes *c);	/* forgets what was put: the merge begins anew */

/* Writes what was put to the output, whose failure ends the program, and frees c. */
int merge_changes_finish(struct merge_changes *c, struct msg *err);

#endif

/* What the passes of a merge over the table share. */
#ifndef MERGE_PASS_H
#define MERGE_PASS_H

#include "merge/source.h"

struct merge_match {
	uint64_t row;			/* physical row number in its file */
	uint32_t number;		/* number of the source row */
};

struct merge_span {			/* the matches of a file, in row order */
	size_t first, n;
};

struct merge_tell {			/* buffered rows of the change stream */
	struct pq_bytes *kinds;		/* change type of each */
	/* the table row of each; the rows to patch, and the source rows to patch from */
	uint32_t *pick, *at, *numbers;
	size_t n, npatches;
	struct merge_rows rows;
	struct pq_vector *vectors;
};

struct merge {
	struct merge_source *source;	/* the part of the source in memory */
	struct delta_table *table;
	const struct delta_snapshot *snapshot;
	const struct merge_options *opt;
	struct merge_result *result;
	struct merge_match *matches;
	size_t nmatches, match_cap;
	struct merge_span *spans;	/* per file of the snapshot */
	bool *touched;			/* per file: it must be rewritten */
	struct pq_range *ranges;	/* of merge_matched_rows */
	struct delta_out *out, *tombs;
	struct merge_rows rows;
	uint32_t *pick, *at, *numbers;	/* MERGE_BATCH each */
	struct pq_vector *vectors;	/* as passed to the writer */
	struct merge_tell tell;
};

/* ---- match.c ---- */

/* Converts the key columns of the table, in the order of the key, to records. */
struct table_from *merge_key_records(const struct merge *m);

/*
 * Scans the key columns of the files that may contain a key of the source in memory, and lists the rows that match. The
 * states of the source's rows must be without MERGE_MATCHED.
 */
int merge_match(struct merge *m, struct msg *err);

/*
 * For the rows of struct delta_scan_options, with a struct merge: the rows of a file that match, and those near them.
 * The array belongs to the merge.
 */
const struct pq_range *merge_matched_rows(void *merge, size_t file, size_t *n);

/* ---- put.c: rows to new files and to the change stream ---- */

enum merge_kind { MERGE_INSERT, MERGE_GONE, MERGE_PRE, MERGE_POST };

/* Adds a change: row `row` of the batch, with the values of source row `number` unless that is MERGE_ABSENT. */
void merge_note(struct merge *m, enum merge_kind kind, uint32_t row, uint32_t number);

/* Passes the changes on: rows of vectors, or new rows only if vectors is NULL. Call once a batch. */
int merge_tell(struct merge *m, const struct pq_vector *vectors, struct msg *err);

/* Writes rows to the new files. */
int merge_put(struct merge *m, size_t rows, const struct pq_vector *vectors, struct msg *err);

/* Returns true if a visible column of a source row differs from a row of the table's vectors. */
bool merge_differs(const struct merge *m, uint32_t number, const struct pq_vector *vectors, size_t row);

/* Writes the rows of the source in memory that neither matched nor delete. */
int merge_insert(struct merge *m, struct msg *err);

/* ---- tombs.c ---- */

/* Marks the rows of the source in memory late for which the table has a newer delete. */
int merge_tombs_read(struct merge *m, struct msg *err);

/* Writes tombstones for the deletes of the source in memory that are not late. */
int merge_tombs_bury(struct merge *m, struct msg *err);

/* Writes tombstones: the keys of m->rows and the first n columns of the order. EX_UNAVAILABLE without opt->tombs. */
int merge_tombs_put(struct merge *m, size_t n, struct msg *err);

/* Ends the files of tombstones, and deletes their rows by vectors. */
int merge_tombs_finish(struct merge *m, struct delta_vectors *v, struct msg *err);

/* ---- mark.c ---- */

/*
 * Merges by marking rows of the table: rows to be updated or deleted are marked gone, and new versions of rows are
 * written to new files. At the end marks become deletion vectors, or files are rewritten without the rows. For tables
 * with deletion vectors, for rows with an order, and for sources in parts: each part is matched with the table on its
 * own.
 */
int merge_by_marks(struct merge *m, struct msg *err);

#endif

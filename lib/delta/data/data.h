/* The rows of a snapshot, and new data files. */
#ifndef DELTA_DATA_DATA_H
#define DELTA_DATA_DATA_H

#include "delta/log/snapshot.h"

/* ---- skip.c ---- */

/* Returns numRecords, including rows deleted by the deletion vector, or -1 if the statistics lack it. */
int64_t delta_file_rows(const struct delta_file *f);

/*
 * Returns true if the deletion vector of a file deletes all of its rows. Deletes remove such files, so that only one
 * of tombstones is like this: rows that no reader sees, which say that a key was deleted, and when.
 */
bool delta_file_is_dead(const struct delta_file *f);

/* ---- scan.c: the rows of a snapshot ---- */

/*
 * A range condition, used to skip files and row groups whose statistics rule out a match. A NULL value means no
 * bound on that side.
 */
struct delta_bound {
	size_t column;			/* index in the snapshot's columns */
	bool has_low, has_high;		/* low <= value, value <= high; values have the column's type */
	union pq_value low, high;
	bool no_null;			/* the value is not null (every range implies this) */
};

/* A set of keys, which skips files, row groups and pages where no value of a column may be one of them. */
struct delta_key_set {
	size_t column;			/* index in the snapshot's columns */
	/* returns true if a key is from low to high; values have the column's type */
	bool (*meets)(const void *keys, const union pq_value *low, const union pq_value *high);
	const void *keys;
};

struct delta_scan_options {
	const size_t *columns;		/* snapshot columns in the order of the vectors; NULL: all */
	const unsigned *flags;		/* per column, 0 or PQ_INDEX; NULL: 0 */
	size_t ncolumns;
	const struct delta_bound *bounds;	/* a row must satisfy all of them */
	size_t nbounds;
	const size_t *files;		/* indexes in the snapshot's files, ascending; NULL: all with rows left */
	size_t nfiles;
	const struct delta_key_set *keys;	/* NULL: none; must outlive the scan */
	/*
	 * Returns the rows to give of a file, ascending and apart, until the next call; NULL: all. Batches may have
	 * others too. NULL: all of all files
	 */
	const struct pq_range *(*rows)(void *to, size_t file, size_t *n);
	void *to;
};

struct delta_batch {
	size_t file;			/* index in the snapshot's files */
	uint64_t first_row;		/* row number in the file of the batch's first row, as deletion vectors count */
	size_t rows;			/* at least 1 */
	/* one per column, with the snapshot's shapes and types; def is validity or NULL */
	const struct pq_vector *columns;
	const uint8_t *deleted;		/* 1 for rows in the deletion vector; NULL if no row is deleted */
};

struct delta_scan;
int delta_scan_open(struct delta_scan **sp, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_scan_options *o,
    struct msg *err);
/* Returns 1, 0 at the end, or -1. Views are valid until the next call. */
int delta_scan_next(struct delta_scan *sc, struct delta_batch *b, struct msg *err);
void delta_scan_close(struct delta_scan *sc);

/* ---- out.c: data files ---- */

/* Where the names of new data files come from; both functions may fail. struct delta_intent begins with one. */
struct delta_namer {
	/* appends a name, without folder and suffix, that no other file of the table has */
	int (*next)(struct delta_namer *n, struct buf *out, struct msg *err);
	/* copies the UUID that all names from `next` contain: the one file of deletion vectors has it too */
	int (*uuid)(struct delta_namer *n, char out[37], struct msg *err);
};

struct delta_out_options {
	enum pq_codec codec;
	bool delta_encodings;		/* hidden columns, such as a row's line, have them in any case */
	uint64_t file_bytes;		/* the writer starts a new file beyond this size; 0 is 128 MiB */
	/* as in struct pq_options: a row group is buffered in memory until it is full */
	uint64_t row_group_rows;
	uint32_t page_rows;
	bool beside;
	const char *folder;		/* folder of the files, relative to the table; NULL: the table's root */
	struct delta_namer *namer;	/* must live as long as the struct delta_out */
};

/*
 * New data files of a table, written and synced but not committed: they have fresh names, so no reader sees them
 * before delta_commit.
 */
struct delta_out;
struct delta_out *delta_out_open(struct delta_table *t, const struct delta_column *columns, size_t ncolumns,
    const struct delta_out_options *o);
int delta_out_write(struct delta_out *o, size_t rows, const struct pq_vector *columns, struct msg *err);
void *delta_out_room(struct delta_out *o, size_t column, size_t rows);	/* as pq_room */

/* Ends the current file; further rows go to a new one. */
int delta_out_cut(struct delta_out *o, struct msg *err);

/* Finishes the last file and returns one add per file, with statistics; strings are in the pool. */
int delta_out_finish(struct delta_out *o, struct pool *pool, struct delta_file **files, size_t *nfiles,
    struct msg *err);
void delta_out_free(struct delta_out *o);	/* accepts NULL; finished files stay with the intent */

/* ---- vectors.c: deletion vectors of data files ---- */

/*
 * New vectors in one file of the table, which is written in delta_vectors_finish and has no reader before the commit.
 */
struct delta_vectors;
struct delta_vectors *delta_vectors_open(struct delta_table *t, struct delta_namer *namer);

/*
 * Adds a vector of n rows, ascending, that replaces the file's own, and fills the file's add with it. Strings are in
 * the pool or the file's.
 */
int delta_vectors_add(struct delta_vectors *v, const struct delta_file *f, const uint64_t *rows, size_t n,
    struct pool *pool, struct delta_file *out, struct msg *err);
int delta_vectors_finish(struct delta_vectors *v, struct msg *err);
void delta_vectors_free(struct delta_vectors *v);	/* accepts NULL */

/* Reads the rows that a file's deletion vector names, ascending; none without a vector. The caller frees *rows. */
int delta_file_gone(struct delta_table *t, const struct delta_file *f, uint64_t **rows, size_t *n, struct msg *err);

/* ---- changes.c: what makes a version of an earlier one ---- */

struct delta_changes {
	/* the files that differ, without vectors; for a scan of the later version with these for its own. Owned */
	struct delta_file *files;
	size_t nfiles;
	bool adds, removes;		/* a row is added; one is removed */
	/* own */
	struct delta_weights *weights;	/* per file */
	struct pq_range *ranges;	/* of delta_changes_rows */
	struct delta_snapshot **kept;	/* to which the files' strings belong, besides the later version */
	size_t nkept;
	struct pool pool;		/* likewise, of change data files */
};

/*
 * Finds what makes version `to` of version `from` (-1: of a table without rows), which is earlier.
 * `uncommitted`: `to` may become the version after the newest of the log. Rows that commits only moved to other files
 * do not count, unless files in between are gone. Of versions with change data files these are read instead, while
 * they are there. EX_NOINPUT if a version is gone from the log, or a file that it needs from the table. Free also
 * after a failure, and before `to`.
 */
int delta_changes_find(struct delta_changes *c, struct delta_table *t, int64_t from, const struct delta_snapshot *to,
    bool uncommitted, struct msg *err);
void delta_changes_free(struct delta_changes *c);

/* For the rows of such a scan's options, with a struct delta_changes: the rows of a file that may count. */
const struct pq_range *delta_changes_rows(void *changes, size_t file, size_t *n);

/* Sets how often each row of a batch of such a scan is added, less how often it is removed. */
void delta_changes_weigh(const struct delta_changes *c, const struct delta_batch *b, int *weights);

#endif

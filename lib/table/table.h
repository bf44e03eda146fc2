/*
 * Converts between record streams and columns: records to lib/parquet's vectors and back, conditions to bounds that
 * skip files. Works a batch at a time and allocates nothing per value.
 *
 * The types of a stream		bool int32 int64 decimal date timestamp float64 string
 * map to Parquet's and Delta's	bool int32 int64 decimal date timestamp double string	and back.
 *
 * Reading also maps int8, int16, uint8 and uint16 to int32, uint32 to int64, uint64 to decimal(20,0), float to
 * float64, and timestamp_ntz to timestamp, read as UTC. Parquet's binary and time have no record type.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "delta/delta.h"
#include "parquet/parquet.h"
#include "expr/expr.h"
#include "rec/rec.h"

enum { TABLE_CHUNK = EXPR_CHUNK };	/* most records of one table_to_records: what a condition tests at a time */

/* ---- types.c ---- */

/* Maps a file's column type to a stream's. Returns false if there is none. */
bool table_val_type(enum pq_type type, unsigned precision, unsigned scale, struct val_type *t);

/* Maps a stream's column type to a file's; precision and scale stay. */
enum pq_type table_pq_type(struct val_type t);

/*
 * Returns true if values of type t can be stored in a column of this type unchanged: the same type, int32 in int64,
 * or a decimal of the same scale with enough digits.
 */
bool table_fits(struct val_type t, enum pq_type type, unsigned precision, unsigned scale);

/* ---- to_columns.c: records to vectors ---- */

struct table_target {			/* a column of the file */
	int field;			/* field of the record; -1: null in every row */
	const char *name;		/* for messages; a view */
	enum pq_type type;
	unsigned precision;
	bool required;			/* never null */
};

struct table_to;
struct table_to *table_to_new(const struct table_target *targets, size_t n);
void table_to_free(struct table_to *t);

/* Call if batches come from r, opened with REC_UNCHECKED: their values are then validated while decoded. */
void table_to_check(struct table_to *t, struct rec_reader *r);

/* Called for each batch: returns memory for `rows` values of target `column`, or NULL to use table_to's own. */
typedef void *(*table_room)(void *to, size_t column, size_t rows);
void table_to_room(struct table_to *t, table_room room, void *to);

/*
 * Converts the records of a batch to one vector per target: views, valid until the next call and as long as the
 * batch. Returns -1, with the record's index in *bad, for a null in a required column; or with the reader's own err
 * set, for an invalid value.
 */
int table_to_columns(struct table_to *t, const struct rec_batch *b, const struct pq_vector **columns, size_t *bad,
    struct msg *err);

/* ---- to_records.c: vectors to records ---- */

struct table_source {			/* a column of the record and the vector of its values */
	size_t vector;
	const char *name;		/* for messages; a view */
	enum pq_type type;
	unsigned precision, scale;
	bool required;			/* never null */
};

struct table_from;
struct table_from *table_from_new(const struct table_source *sources, size_t n);
void table_from_free(struct table_from *t);

/*
 * Converts rows `row` to `rows` - 1 of the vectors to records, except those whose byte in drop (may be NULL) is set.
 * *b is a view until the next call and may be empty. Returns the row to continue from: a batch holds at most
 * TABLE_CHUNK records. Returns 0 with err filled (EX_DATAERR) for invalid UTF-8, a decimal with too many digits, or a
 * null in a required column.
 */
size_t table_to_records(struct table_from *t, const struct pq_vector *vectors, size_t row, size_t rows,
    const uint8_t *drop,
    struct rec_batch *b, struct msg *err);

/* ---- plain.c ---- */

/*
 * Presents a Parquet file, or a folder of Parquet files with the same columns, as the only version of a table, for
 * delta_scan. Ignores names that begin with '.' or '_' or do not end in ".parquet". *key is the first file's list of
 * key columns, or NULL; in the pool. Opens t. EX_NOINPUT for a missing file or a folder without any.
 */
int table_plain(struct delta_table *t, const char *path, bool outside, struct delta_snapshot *s, const char **key,
    struct msg *err);

/* ---- plan.c: matching a stream's columns to a Delta table's ---- */

struct table_plan {
	struct delta_column *columns;	/* owned; their names belong to the snapshot and the header */
	int *fields;			/* owned: the stream's column of each; -1: absent */
	size_t n;
	size_t added;			/* the last `added` columns are new to the snapshot */
};

/*
 * Plans a write: every column of the table, then the stream's others except column number skip (-1: none). These are
 * nullable unless the table is new (version -1). EX_DATAERR if the stream's columns do not match the table's,
 * EX_UNAVAILABLE for a type that cannot be written.
 */
int table_plan_make(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h, int skip,
    struct msg *err);
void table_plan_free(struct table_plan *p);

/*
 * Marks the named columns hidden in the plan where it adds them. EX_USAGE for a name that the stream does not have or
 * that is part of its key; EX_DATAERR for a column that the table has and does not hide.
 */
int table_plan_hide(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h,
    char *const *names, size_t n, struct msg *err);

/* Returns true if both plans have the same table columns, so that files written by one are valid for the other. */
bool table_plan_equal(const struct table_plan *a, const struct table_plan *b);

/* Lists the stream's columns marked as key, in order, and returns how many; fields has room for all columns. */
size_t table_keys_marked(const struct rec_header *h, size_t *fields);

/* Table property and file metadata key that lists the key columns, joined by commas. */
#define TABLE_KEY "acct.key"

/*
 * Returns the value of TABLE_KEY for these columns of a stream; empty if a name contains a comma. Owned by the
 * caller.
 */
char *table_key_list(const struct rec_header *h, const size_t *fields, size_t n);

/* ---- plan_write.c: the columns of an append or overwrite ---- */

/*
 * Plans a write into the columns of the table; more columns are EX_DATAERR unless add_columns. With replace_schema, the
 * plan has the stream's columns alone, all of them added, unless the table has exactly these and their key.
 */
int table_plan_write(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h, bool add_columns,
    bool replace_schema, struct msg *err);

/* Returns table_key_list of the columns marked as key. Owned by the caller. */
char *table_key_marked(const struct rec_header *h);

/* ---- feed.c: all records of a stream to a writer of columns ---- */

/*
 * Reads the stream, opened with REC_UNCHECKED, to its end, and writes its records as rows of the plan's columns: to
 * data files of a Delta table, or to a plain Parquet file, which appears complete or not at all. *rows is their number.
 * Fails as the reader or the writer does, and with EX_DATAERR for text that is not UTF-8 or a null in a required
 * column. `millis`: timestamps are stored in milliseconds; EX_DATAERR for one that has more digits.
 */
int table_feed_out(const struct table_plan *p, struct rec_reader *in, struct delta_out *out, uint64_t *rows,
    struct msg *err);
int table_feed_plain(const struct table_plan *p, struct rec_reader *in, const char *path,
    const struct pq_options *options, bool millis, uint64_t *rows, struct msg *err);

/* ---- changes.c: rows that are added and removed, as a change stream ---- */

#define TABLE_CHANGE "_change_type"	/* the first column of a change stream */

/*
 * Writes to `out`, a change stream of TABLE_CHANGE and the rows' columns, which must outlive it. `both`: rows are added
 * and removed; equal ones then cancel, and those left that have the same key are updates. keys are columns of the rows;
 * without any there are no updates. Sorts within `memory` bytes, and in temporary files beyond.
 */
struct table_changes;
struct table_changes *table_changes_new(struct rec_writer *out, const size_t *keys, size_t nkeys, bool both,
    size_t memory);
void table_changes_free(struct table_changes *c);	/* accepts NULL */

/* Makes the header of a change stream of such rows. EX_UNAVAILABLE if it cannot have their columns. */
int table_changes_header(struct rec_header *h, const struct rec_header *rows, struct msg *err);

/*
 * Adds the rows of vectors, each as often as its weight says: negative weights remove. Leaves out rows whose byte in
 * drop (may be NULL) is set. `from` converts the vectors. Failures of the output end the program.
 */
int table_changes_weighed(struct table_changes *c, struct table_from *from, const struct pq_vector *vectors,
    size_t rows, const int *weights, const uint8_t *drop, struct msg *err);
int table_changes_finish(struct table_changes *c, struct msg *err);

/* ---- bounds.c ---- */

/*
 * Derives bounds from what a condition over the columns of h implies for every matching row, over the snapshot's
 * columns of the same names. Appends to *bounds, an owned array; their bytes are in the pool.
 */
void table_bounds(const struct expr *e, const struct rec_header *h, const struct delta_snapshot *s, struct pool *pool,
    struct delta_bound **bounds, size_t *n);

/* ---- keys.c: the rows that have one of given keys in a column ---- */

struct table_keys;

/*
 * Reads keys from a stream of one column, of the type of a column of the snapshot, which must outlive k. EX_DATAERR
 * for another type. Free also after a failure.
 */
int table_keys_read(struct table_keys **kp, struct rec_reader *in, const struct delta_snapshot *s, size_t column,
    struct msg *err);
void table_keys_free(struct table_keys *k);		/* accepts NULL */

/* Returns the set for a scan; NULL if that does not help. A view of k. */
const struct delta_key_set *table_keys_set(struct table_keys *k);

/*
 * Reads the column alone, and makes the scan of these options one of the rows that have a key, and of those near them.
 */
int table_keys_find(struct table_keys *k, struct delta_table *t, struct delta_scan_options *o, struct msg *err);

/*
 * Sets drop for the rows of a batch that have none of the keys. vector: that of the column; from makes records of it
 * alone.
 */
int table_keys_drop(const struct table_keys *k, struct table_from *from, const struct delta_batch *b, size_t vector,
    uint8_t *drop, struct msg *err);

#endif

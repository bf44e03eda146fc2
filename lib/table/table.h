/*
 * The bridge between record streams and columns: records as the vectors of lib/parquet, vectors as records, predicates
 * as bounds for leaving out files. A batch at a time, and nothing is allocated for a value.
 *
 *	bool int32 int64 decimal date timestamp float64 string	are, in this order,
 *	bool int32 int64 decimal date timestamp double string	of Parquet and of Delta, and back.
 *
 * Read beside these: int8, int16, uint8, uint16 as int32; uint32 as int64; uint64 as decimal(20,0); float as float64;
 * timestamp_ntz as timestamp, its clock taken for that of UTC. No type here have binary and time.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "delta/delta.h"
#include "parquet/parquet.h"
#include "pred/pred.h"
#include "rec/rec.h"

/* ---- types.c ---- */

/* The type of a stream's column for one of a file. False where it has none. */
bool table_val_type(enum pq_type type, unsigned precision, unsigned scale, struct val_type *t);

/* The type of a file's column for one of a stream; precision and scale stay. */
enum pq_type table_pq_type(struct val_type t);

/*
 * May values of t stand in a column of this type as they are: the same type, int32 as int64, a decimal with room for
 * all digits of the same scale?
 */
bool table_fits(struct val_type t, enum pq_type type, unsigned precision, unsigned scale);

/* ---- to_columns.c: records to vectors ---- */

struct table_target {			/* a column of the file */
	int field;			/* of the record; -1: null in every row */
	const char *name;		/* for messages; a view */
	enum pq_type type;
	unsigned precision;
	bool required;			/* never null */
};

struct table_to;
struct table_to *table_to_new(const struct table_target *targets, size_t n);
void table_to_free(struct table_to *t);

/* The batches will be those of r, which is open REC_UNCHECKED: their values are checked when they are decoded. */
void table_to_check(struct table_to *t, struct rec_reader *r);

/*
 * Asks for the place where `rows` values of target `column` are to stand, for each batch; they stand in memory of the
 * table_to's own where that is NULL.
 */
typedef void *(*table_room)(void *to, size_t column, size_t rows);
void table_to_room(struct table_to *t, table_room room, void *to);

/*
 * The records of a batch: one vector per target, views until the next call and as long as the batch. -1, with *bad the
 * index of the record, where a value is null that must not be; and with the reader's own err set where a value is none
 * of its type.
 */
int table_to_columns(struct table_to *t, const struct rec_batch *b, const struct pq_vector **columns, size_t *bad,
    struct msg *err);

/* ---- to_records.c: vectors to records ---- */

struct table_source {			/* a column of the record, where its values lie */
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
 * Rows `row` to `rows` - 1 of the vectors, without those whose byte in drop (may be NULL) is set, as records: *b is a
 * view until the next call, and may be empty. Returns the row behind the last that is done, for the next call: a batch
 * holds PRED_CHUNK records at most. 0 with err filled (EX_DATAERR) where a string is not UTF-8, a decimal has too many
 * digits, or a null stands where none may.
 */
size_t table_to_records(struct table_from *t, const struct pq_vector *vectors, size_t row, size_t rows,
    const uint8_t *drop,
    struct rec_batch *b, struct msg *err);

/* ---- plain.c ---- */

/*
 * A Parquet file, or a folder of such files with the same columns, as the only version of a table, so that delta_scan
 * reads it. Names that begin with '.' or '_' and those that do not end in ".parquet" are passed over. *key is the list
 * of key columns that the first file names, or NULL; in the pool. Opens t; EX_NOINPUT where there is no such file or
 * none in the folder.
 */
int table_plain(struct delta_table *t, const char *path, bool outside, struct delta_snapshot *s, const char **key,
    struct msg *err);

/* ---- plan.c: the columns of a Delta table that records come into ---- */

struct table_plan {
	struct delta_column *columns;	/* owned; their names are the snapshot's and the header's */
	int *fields;			/* owned: of each, the stream's column; -1: it has none */
	size_t n;
	size_t added;			/* how many of them, the last, the snapshot does not have */
};

/*
 * Every column of the table, then the stream's others but for the one numbered skip (-1: none); these are nullable
 * unless the table is a new one (version -1). EX_DATAERR where the stream's columns do not suit the table's,
 * EX_UNAVAILABLE for a type that is not written.
 */
int table_plan_make(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h, int skip,
    struct msg *err);
void table_plan_free(struct table_plan *p);

/* Are the tables' columns the same, so that files written by one plan are right by the other? */
bool table_plan_equal(const struct table_plan *a, const struct table_plan *b);

/* The stream's columns that are marked as key, in order; how many. There is room for all columns. */
size_t table_keys_marked(const struct rec_header *h, size_t *fields);

/*
 * What a file or table says its key columns are, joined by commas: a property of the table, a key of the file's
 * metadata.
 */
#define TABLE_KEY "acct.key"

/* That text for these columns of a stream; empty where a name holds a comma. Owned. */
char *table_key_list(const struct rec_header *h, const size_t *fields, size_t n);

/* ---- bounds.c ---- */

/*
 * What a predicate over the columns of h asks of each row beyond doubt, as bounds over the snapshot's columns of the
 * same names; appended to *bounds, an owned array. Bytes of bounds lie in the pool.
 */
void table_bounds(const struct pred *p, const struct rec_header *h, const struct delta_snapshot *s, struct pool *pool,
    struct delta_bound **bounds, size_t *n);

#endif

/*
 * SQL that merges a record stream into a table: the table is made where it is missing, the rows are staged, checked
 * and upserted by key in one transaction. One file a dialect; they differ in quoting, types and statements, and share
 * what is here.
 *
 * Whatever the names and the values hold, the text cannot be broken out of: names and strings are quoted, a string
 * with control characters is written in hexadecimal or escaped, so that no value spans lines.
 *
 * A client that reads the text while it is made never merges half of it: what changes the target stands behind the
 * last row and is written in sql_finish, when the caller has seen the stream's trailer. Where the caller gives up,
 * sql_refuse makes the client fail too.
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"

/* The table to merge into. */
struct sql_name {
	char *schema;		/* owned; NULL where none is given */
	char *table;		/* owned */
};

/*
 * "table", "schema.table"; either part may stand in double quotes, with a double quote in it doubled. False where the
 * text is neither or a part is empty; then nothing is owned.
 */
bool sql_name_parse(const char *text, struct sql_name *n);
void sql_name_free(struct sql_name *n);

#define SQL_MARKS "acct_load"		/* the table of the marks of loads, in the target's schema */

struct sql_load;

/* Writes one value that is not null. Returns NULL, or what is wrong with it for this dialect (static text). */
typedef const char *sql_put(struct sql_load *l, size_t column, struct rec_field f);

struct sql_dialect {
	const char *name;			/* as after -d */
	size_t name_max;			/* longest name, 0 for no limit, by name_length */
	size_t (*name_length)(const char *name);
	const char *name_unit;
	bool fold_case;				/* are names equal that differ only in the case of ASCII letters? */
	bool long_columns;			/* does it have a type of its own for long strings? */
	size_t max_columns;
	const char *(*name_fault)(const char *name);	/* what else is wrong with a name; NULL if nothing is */
	sql_put *const *put;			/* by val_kind */
	void (*begin)(struct sql_load *l);	/* precedes all rows */
	void (*begin_rows)(struct sql_load *l);	/* precedes the first row of l->into; may be NULL */
	const char *(*row)(struct sql_load *l, struct rec r, size_t *column);	/* as sql_put; *column is the one at fault */
	void (*end_rows)(struct sql_load *l);	/* follows the last row of l->into */
	void (*end)(struct sql_load *l);	/* follows all rows: from the merge to the commit */
	void (*dry_run)(struct sql_load *l);	/* the whole text of a trial; NULL if the dialect has none */
	void (*refuse)(struct sql_load *l);	/* an error for the client, after any row or alone */
	uint64_t max_bytes;			/* most bytes of text, 0 for any */
};

extern const struct sql_dialect sql_sqlite, sql_postgres, sql_synapse;

/* NULL where there is no such dialect. */
const struct sql_dialect *sql_dialect_find(const char *name);

struct sql_column {
	const char *name;		/* view of the header's */
	struct val_type type;
	bool key, required;
	bool lengthy;			/* strings of any length: for dialects whose usual type is short */
	sql_put *put;
};

/* The row that a load writes into the table acct_load of the target, in its own transaction. */
struct sql_mark {
	const char *lake;		/* the Delta table's id; NULL: no mark is written or asked for */
	const char *run;		/* the run that made the rows; "" if unknown */
	int64_t version;		/* the Delta table's version that the rows are */
	int64_t since;			/* the version that the mark must name before the load; -1: there must be no mark */
};

/* What becomes of rows of the target whose keys the stream does not have. */
enum sql_absent {
	SQL_ABSENT_KEEP,		/* they stay */
	SQL_ABSENT_DELETE,		/* they are deleted */
	SQL_ABSENT_REFUSE		/* the load fails with their number */
};

struct sql_options {
	const bool *lengthy;		/* a flag for each column, or NULL; see struct sql_column */
	struct sql_mark mark;
	enum sql_absent absent;
	bool dry_run;			/* only find out whether the target would take the rows */
};

struct sql_load {
	struct msg err;			/* of opening, writing and finishing */
	struct sql_options options;
	const struct sql_dialect *dialect;
	const char *schema, *table;	/* views; schema is NULL where none is given */
	struct sql_column *columns;	/* owned */
	size_t ncolumns;
	const size_t *keys;		/* view: indexes of the key columns, in the order of the key */
	size_t nkeys;
	uint64_t rows, sum;		/* records of the stream so far, and their checksum as in its trailer */
	uint64_t gone;			/* keys to delete so far */
	enum { SQL_INTO_STAGE, SQL_INTO_GONE } into;	/* the staging table that takes the next row */
	const size_t *gone_fields;	/* view: of a record of keys to delete, the field of each key column */
	bool in_rows;			/* between begin_rows and end_rows */
	struct io_out out;
	const char *in_name, *out_name;	/* for messages */
	struct buf buf;			/* text not written yet */
	uint64_t written;
	bool broken;			/* nothing more can or may be written */
	struct buf scratch;
	size_t batch_rows, batch_strings, batch_bytes;	/* of the INSERT that is open */
	bool cast;			/* the next values are written with their types */
};

/*
 * Starts a load of what `in`, which is at its first record, will give. It must live as long, and so must target, keys
 * and what the options name. The output is path, or standard output for NULL and "-"; a file appears only in
 * sql_finish. Fails with EX_DATAERR if a name or the number of columns is more than the dialect takes, EX_USAGE for a
 * lengthy column that it cannot have or a trial that it does not know, before any output is made.
 */
int sql_open(struct sql_load *l, const struct sql_dialect *d, const char *path, const struct sql_name *target,
    const struct rec_reader *in, const size_t *keys, size_t nkeys, const struct sql_options *options);

/*
 * Adds the records of a batch. A record at fault (a null in a key, a value that the dialect cannot hold) is reported
 * in the err of the reader it came from, a failure to write in that of l. Returns -1 either way.
 */
int sql_rows(struct sql_load *l, struct rec_reader *in, const struct rec_batch *b);

/*
 * Ends the rows of the stream; the batches that follow are of another one, each record a key whose row is to be
 * deleted. fields[i], which must live as long as l, is the field of its records that holds key column i.
 */
void sql_gone(struct sql_load *l, const size_t *fields);

/* Call when the streams are known to be whole: writes the merge and the commit, and closes the output. */
int sql_finish(struct sql_load *l);

/*
 * Gives up: a file is removed; on standard output what makes the client fail is written, errors being of no more
 * interest.
 */
void sql_refuse(struct sql_load *l);

void sql_free(struct sql_load *l);

/* The same to a standard output on which no load was opened, as its input had no header. */
void sql_refuse_early(const struct sql_dialect *d);

#endif

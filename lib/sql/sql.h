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
	const char *(*name_fault)(const char *name);	/* what else is wrong with a name; NULL where nothing is */
	sql_put *const *put;			/* by val_kind */
	void (*begin)(struct sql_load *l);	/* what stands before the first row */
	const char *(*row)(struct sql_load *l, struct rec r, size_t *column);	/* as sql_put; *column is the one at fault */
	void (*end)(struct sql_load *l);	/* what stands behind the last row, to the commit */
	void (*refuse)(struct sql_load *l);	/* behind any row, or alone: an error for the client */
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

struct sql_load {
	struct msg err;			/* of opening, writing and finishing */
	const struct sql_dialect *dialect;
	const char *schema, *table;	/* views; schema is NULL where none is given */
	struct sql_column *columns;	/* owned */
	size_t ncolumns;
	const size_t *keys;		/* view: indexes of the key columns, in the order of the key */
	size_t nkeys;
	uint64_t rows;
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
 * Starts a load of what `in`, which stands at its first record, will give. It must live as long, and so must target
 * and keys. lengthy has one flag a column, or is NULL. The output is path, or standard output for NULL and "-"; a
 * file appears only in sql_finish. Fails with EX_DATAERR where a name or the number of columns is more than the
 * dialect takes, EX_USAGE for a lengthy column that it cannot have, before any output is made.
 */
int sql_open(struct sql_load *l, const struct sql_dialect *d, const char *path, const struct sql_name *target,
    const struct rec_reader *in, const size_t *keys, size_t nkeys, const bool *lengthy);

/*
 * Adds the records of a batch. A record at fault (a null in a key, a value that the dialect cannot hold) is reported
 * in the err of the reader it came from, a failure to write in that of l. Returns -1 either way.
 */
int sql_rows(struct sql_load *l, struct rec_reader *in, const struct rec_batch *b);

/* To be called when the stream is known to be whole: writes the merge and the commit, and closes the output. */
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

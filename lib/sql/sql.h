/*
 * Generates SQL that merges a record stream into a table: creates the table if missing, stages the rows, validates
 * and upserts them by key in one transaction. The order of the statements is the same for all dialects (script.c); a
 * dialect is one file of what differs, described in dialect.h, and one row of sql_dialects.
 *
 * Values and names cannot break out of the generated text: names and strings are quoted, and strings with control
 * characters are written in hexadecimal or escaped, so that no value spans lines.
 *
 * A client that runs the text while it is generated never merges a partial stream: the statements that change the
 * target follow the last row and are written in sql_finish, after the caller has verified the stream's trailer. If
 * the caller gives up, sql_refuse makes the client fail too.
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

/* The target table. */
struct sql_name {
	char *schema;		/* owned; NULL if absent */
	char *table;		/* owned */
};

/*
 * Parses "table" or "schema.table". Either part may be in double quotes, with inner double quotes doubled. Returns
 * false for malformed text or an empty part; nothing is owned then.
 */
bool sql_name_parse(const char *text, struct sql_name *n);
void sql_name_free(struct sql_name *n);

#define SQL_MARKS "acct_load"		/* table in the target's schema that records loads */

struct sql_dialect;
struct sql_column;
struct sql_check;

extern const struct sql_dialect *const sql_dialects[];	/* ended by NULL */

/* Returns NULL for an unknown dialect. */
const struct sql_dialect *sql_dialect_find(const char *name);
const char *sql_dialect_name(const struct sql_dialect *d);	/* the argument of -d */
const char *sql_dialect_client(const struct sql_dialect *d);	/* whom the text is for, in help */

enum { SQL_SINCE_ANY = -2 };

/* The row that a load writes to the target's acct_load table, in the same transaction. */
struct sql_mark {
	const char *lake;		/* id of the Delta table; NULL: no mark is written or checked */
	const char *run;		/* run that produced the rows; "" if unknown */
	int64_t version;		/* version of the Delta table loaded */
	/* version the mark must name before the load; -1: no mark may exist; SQL_SINCE_ANY: none or one not later */
	int64_t since;
};

/* What happens to target rows whose keys are not in the stream. */
enum sql_absent {
	SQL_ABSENT_KEEP,		/* keep them */
	SQL_ABSENT_DELETE,		/* delete them */
	SQL_ABSENT_REFUSE		/* fail with their number */
};

/* What is written. All but SQL_LOAD are for dialects of T-SQL. */
enum sql_kind {
	SQL_LOAD,		/* stage and upsert the rows */
	SQL_EXTERNAL,		/* data source, file format and external tables over an export */
	SQL_VIEW,		/* a view of a serverless pool over the Delta table at the export's address */
	SQL_VALIDATE		/* queries that return rows only if the target is not as the stream */
};

enum sql_upsert { SQL_UPSERT_USUAL, SQL_UPSERT_MERGE, SQL_UPSERT_UPDATE };	/* USUAL: the dialect's own */
enum sql_form { SQL_TEXT, SQL_JSON };	/* a script for a client; a JSON array of batches, each sent alone */

/* Parquet files in object storage that hold the stream's rows, for a warehouse that reads them itself. */
struct sql_export {
	char *host, *container, *path;	/* owned; path has no slash at its ends; host NULL: none */
	char **files;			/* owned: names within the path, in order */
	size_t nfiles;
	uint64_t rows;			/* that the manifest names */
	char *run;			/* owned: likewise, or NULL */
	const char *manifest;		/* its address: a view of that given to sql_export_manifest; NULL: none */
};

/*
 * Compares the files that lie beside the manifest with the columns of a stream: names, order and types, and the number
 * of rows that the manifest names. EX_DATAERR if they differ, or if timestamps are in units that `no_micros` excludes.
 * A file that is not there is not checked.
 */
int sql_export_check(const struct sql_export *e, const struct rec_header *h, bool no_micros, struct msg *err);

/* Parses https://HOST/CONTAINER/PATH, abfss://CONTAINER@HOST/PATH or az://ACCOUNT/CONTAINER/PATH. */
int sql_export_address(struct sql_export *e, const char *url, struct msg *err);

/* Reads the files and the number of rows from an export's manifest.json, at a path or an address. */
int sql_export_manifest(struct sql_export *e, const char *address, struct msg *err);
void sql_export_free(struct sql_export *e);

struct sql_options {
	const bool *lengthy;		/* a flag for each column, or NULL; see struct sql_column */
	struct sql_mark mark;
	enum sql_absent absent;
	bool dry_run;			/* only check whether the target would accept the rows */
	enum sql_kind kind;
	enum sql_upsert upsert;
	enum sql_form form;
	const struct sql_export *export;	/* NULL: the rows are in the text */
	bool as_caller;			/* files are read with the client's identity, not the server's managed one */
	const char *credential;		/* of the external data source, by name; NULL: none */
	const char *source;		/* name of the external data source */
	size_t history;			/* keep versions by this column, counted from 1; 0: rows only */
	const struct buf *deleted_at;	/* when deleted rows end, as an encoded value of that column; NULL: none */
};

/* The open statement of rows. */
struct sql_batch {
	size_t rows, strings, bytes;
};

struct sql_load {
	struct msg err;			/* of sql_open, sql_rows and sql_finish */
	struct sql_options options;
	const struct sql_dialect *dialect;
	const char *schema, *table;	/* views; schema is NULL if absent */
	struct sql_column *columns;	/* owned */
	size_t ncolumns;
	const size_t *keys;		/* view: indexes of the key columns in key order */
	size_t nkeys;
	size_t *version_keys;		/* owned: of a history, the same and the sequence */
	size_t sequence;		/* of a history: index of the column that says when a row begins to hold */
	bool versions;			/* columns, key and staging table are those of versions, not of rows */
	uint64_t rows, sum;		/* records so far, and their checksum as in the stream's trailer */
	uint64_t gone;			/* delete keys so far */
	enum { SQL_INTO_STAGE, SQL_INTO_GONE } into;	/* staging table of the next row */
	size_t *gone_fields;		/* owned: field of each key column in a delete record */
	struct io_out out;
	const char *in_name, *out_name;	/* for messages */
	struct buf buf;			/* text not written yet */
	uint64_t written;
	bool broken;			/* the output failed; nothing more is written */
	struct buf scratch;
	struct sql_batch batch;
	const struct sql_column *column;	/* of the template being expanded; NULL outside lists */
	const char *file;			/* likewise, of the export */
	size_t file_at;				/* its number, from 1 */
	bool begun;				/* the statements before the rows are written */
	size_t raw;				/* SQL_JSON: text of `buf` from here on is not escaped yet */
	size_t steps;				/* SQL_JSON: batches begun */
	bool in_step;
	const struct sql_check *check;		/* likewise */
	bool deleting;				/* in a DELETE, whose target may have no alias */
};

/*
 * Starts a load from `in`, which is at its first record. in, target, keys and what the options point to must outlive
 * it. Writes to path, or to standard output for NULL and "-"; a file appears only in sql_finish. Fails before any
 * output is made: EX_DATAERR for an unsupported name or too many columns for the dialect, EX_USAGE for a lengthy
 * column or another option the dialect does not support.
 */
int sql_open(struct sql_load *l, const struct sql_dialect *d, const char *path, const struct sql_name *target,
    const struct rec_reader *in, const size_t *keys, size_t nkeys, const struct sql_options *options);

/*
 * Writes the records of a batch. An invalid record (null in a key, a value the dialect cannot store) is reported in
 * the err of the reader it came from, a write failure in that of l; returns -1 for both.
 */
int sql_rows(struct sql_load *l, struct rec_reader *in, const struct rec_batch *b);

/*
 * Ends the rows of the stream; the batches that follow are of `keys`, whose records hold keys to delete in columns of
 * the same names and types as the key's. Otherwise fills keys->err (EX_DATAERR) and returns -1.
 */
int sql_gone(struct sql_load *l, struct rec_reader *keys);

/*
 * Call once the streams are known to be complete: writes the merge and the commit, and closes the output. EX_DATAERR if
 * an export's manifest names another number of rows than the stream has.
 */
int sql_finish(struct sql_load *l);

/*
 * Abandons the load: removes an output file; on standard output, writes a statement that makes the client fail.
 * Ignores further errors.
 */
void sql_refuse(struct sql_load *l);

void sql_free(struct sql_load *l);

/* Like sql_refuse, to standard output, for an input whose header was invalid, so that no load was opened. */
void sql_refuse_early(const struct sql_dialect *d);

#endif

/*
 * Maps CSV files' columns to raw records: takes names from the header line, matches them to the schema or to the first
 * file's, and makes the header of the file's segment.
 */
#ifndef INGEST_NAMES_H
#define INGEST_NAMES_H

#include "csv/csv.h"
#include "rec/rec.h"
#include "schema/schema.h"

enum { INGEST_COLUMNS_MAX = REC_MAX_COLUMNS - 2 };	/* besides _line and _malformed; schemas have fewer */

struct ingest_names {		/* all owned */
	char **v;
	size_t n;
};

struct ingest_columns {
	struct msg err;
	const struct schema *schema;	/* NULL: use the names of the first file */
	bool header;			/* files begin with a header line */
	struct csv_format format;
	const char *first;		/* name of the first file, for messages */
	struct ingest_names names;	/* of the records' columns; empty until known */
	size_t *of;			/* owned; with a schema, its column of each: computed ones have none */
	bool settled;			/* a file has been matched: by drift the columns may change only before */
	/* with drift: columns of that file which the schema does not name, added or ignored; those that it lacks */
	struct ingest_names more, ignored, fewer;
};

struct ingest_file {
	const char *name;		/* for messages; must outlive f */
	struct ingest_names names;	/* of all columns of the file, in order */
	size_t *from;			/* owned: index of the field of each record column */
	uint64_t header_lines;		/* physical lines of the header row */
};

/* schema may be NULL. The arguments must outlive c; with a schema the columns are known immediately. */
void ingest_columns_init(struct ingest_columns *c, const struct schema *schema, bool header, struct csv_format format,
    const char *first);
void ingest_columns_free(struct ingest_columns *c);

/*
 * Determines which fields of a file belong to which columns. `batch` is its first, NULL if the file is empty; the
 * header line is removed from it, which may leave no rows. Names are compared as the schema says, without the blanks
 * around them; one that occurs twice is an error if the schema uses it. Without a schema the first file's names become
 * the columns, and later files must have the same in the same order; without a header line columns are matched by
 * position. By the schema's drift the first file may have more columns, which become the records', and lack some, which
 * the records then lack. -1 fills c->err, EX_DATAERR: names missing, duplicate, too many, not UTF-8 or not those
 * expected. Always release f with ingest_file_free.
 */
int ingest_file_open(struct ingest_file *f, const char *name, struct ingest_columns *c, struct csv_batch *batch);
void ingest_file_free(struct ingest_file *f);

/*
 * Makes the header of a file's raw records (acct-record(5), RAW STREAMS), with the words @source, the file's name, and
 * @columns, its column names in file order. table NULL: named after the first file. -1 fills c->err, EX_DATAERR, if a
 * column has a name reserved for raw records. Always release h with rec_header_free.
 */
int ingest_header(struct ingest_columns *c, const struct ingest_file *f, const char *table, struct rec_header *h);

/*
 * Do the records have a column _lines? They do if ignored columns may contain line ends, as nothing else would then
 * show how many physical lines a row spans.
 */
bool ingest_has_lines(const struct ingest_columns *c);

/*
 * Returns the default name of a table: the first file's, without folder, suffix and a .gz or .zst after it. Owned by
 * the caller.
 */
char *ingest_table_name(const char *path);

#endif

/*
 * Names and columns between CSV files and raw records: names from a file's header line, matched to a schema or to the
 * first file's, and the header of the file's segment.
 */
#ifndef INGEST_NAMES_H
#define INGEST_NAMES_H

#include "csv/csv.h"
#include "rec/rec.h"
#include "schema/schema.h"

enum { INGEST_COLUMNS_MAX = REC_MAX_COLUMNS - 2 };	/* beside _line and _malformed; _lines comes with a schema, which has fewer */

struct ingest_names {		/* all owned */
	char **v;
	size_t n;
};

struct ingest_columns {
	struct msg err;
	const struct schema *schema;	/* NULL: the names are those of the first file */
	bool header;			/* files begin with a line of names */
	struct csv_format format;
	const char *first;		/* the first file, for messages */
	struct ingest_names names;	/* of the records' columns; empty until known */
};

struct ingest_file {
	const char *name;		/* for messages; must live as long */
	struct ingest_names names;	/* of all its columns, in its order */
	size_t *from;			/* owned: the field of each column of the records */
	uint64_t header_lines;		/* physical lines of the row of names */
};

/* schema NULL: none. What is given must live as long; with a schema the columns are known at once. */
void ingest_columns_init(struct ingest_columns *c, const struct schema *schema, bool header, struct csv_format format,
    const char *first);
void ingest_columns_free(struct ingest_columns *c);

/*
 * Finds out which of a file's fields belong to which column. `batch` is its first, NULL where the file is empty; the
 * line of names is taken off it, which may leave it without rows. Without a schema the first file's names become the
 * columns, and later files must have the same in the same order; without a line of names columns go by position. -1
 * fills c->err, EX_DATAERR: names missing, doubled, too many, no UTF-8, or not those expected. f is for
 * ingest_file_free in any case.
 */
int ingest_file_open(struct ingest_file *f, const char *name, struct ingest_columns *c, struct csv_batch *batch);
void ingest_file_free(struct ingest_file *f);

/*
 * The header of the raw records of a file (acct-record(5), RAW STREAMS), with the words @source, its name, and
 * @columns, its columns' names in its order. table NULL: named after the first file. -1 fills c->err, EX_DATAERR, where
 * a column has a name that raw records keep for themselves. h is for rec_header_free in any case.
 */
int ingest_header(struct ingest_columns *c, const struct ingest_file *f, const char *table, struct rec_header *h);

/*
 * Returns whether the records have a column _lines: where columns are dropped that may hold line ends, as nothing else
 * would then show how many physical lines a row spans.
 */
bool ingest_has_lines(const struct ingest_columns *c);

/*
 * The name of a table without another: the first file's, without folders, suffix and a .gz or .zst after it. Owned by the
 * caller.
 */
char *ingest_table_name(const char *path);

#endif

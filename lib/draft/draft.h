/*
 * Drafts the schema of a CSV file, acct-schema(5), from what the file holds: delimiter, lines that are not rows,
 * header, types, nulls and key, each with the reason for it as a comment. A type is one that nearly all values have:
 * those that lack it are what a run will reject. The draft is valid as it is; it is for a person to read and correct.
 */
#ifndef DRAFT_DRAFT_H
#define DRAFT_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "draft/column.h"

struct draft_skip {			/* lines that are not rows */
	uint64_t before;		/* lines before the names */
	uint64_t footer;		/* lines at the end */
	bool comment;			/* lines that begin with '#' */
};

enum { DRAFT_TAIL = 16 };		/* most rows of a footer */

struct draft_tail {			/* the last rows read */
	uint64_t n;			/* rows so far */
	struct draft_last {
		char text[24];		/* of the first field, as far as it fits */
		size_t n;
		bool wide;		/* it has as many fields as the names */
		uint64_t line;
	} last[DRAFT_TAIL];		/* row i at i modulo their number */
};

struct draft_schema {
	char *table;			/* owned: name of the table, from that of the file */
	char *file;			/* owned: the file's name without its folder, .gz and .zst */
	const char *encoding;		/* NULL: UTF-8 */
	uint64_t decoded;		/* values that are not UTF-8 as they are in the file */
	char delimiter, escape;		/* escape '\0': none */
	bool header;
	struct draft_skip skip;
	struct draft_tail tail;
	bool nameless;			/* the header has empty names, whose columns are left out */
	bool spans;			/* fields span lines */
	uint64_t rows, malformed;	/* rows read; those with another number of fields or stray quotes */
	struct draft_column *columns;	/* owned */
	size_t ncolumns;
	size_t key;			/* index of the key column; ncolumns: none found */
};

/*
 * Reads the whole file. Returns -1 and fills err: as csv_open and csv_next, and EX_DATAERR if the file is empty or two
 * columns have one name.
 */
int draft_read(struct draft_schema *d, const char *path, struct msg *err);
void draft_free(struct draft_schema *d);

/*
 * Appends the schema as YAML. `others` are drafts of files from the same place, d among them: a column that has the
 * name and type of another one's key refers to it.
 */
void draft_put(const struct draft_schema *d, const struct draft_schema *others, size_t nothers, struct buf *out);

#endif

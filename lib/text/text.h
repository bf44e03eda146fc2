/*
 * Records as text: CSV, TSV, JSON lines, a table for people, or one column bare.
 *
 *	text_start(&t, format, &header, columns, n)
 *	text_batch(&t, &batch), write t.out, t.out.len = 0  ...
 *	text_end(&t), write t.out
 */
#ifndef TEXT_TEXT_H
#define TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "rec/rec.h"

enum text_format {
	TEXT_CSV,	/* RFC 4180 with LF; null is empty (alone on its line: ""), the empty string "" */
	TEXT_TSV,	/* null is \N; tab, LF, CR and backslash are \t \n \r \\, other control characters \xHH */
	TEXT_JSON,	/* an object a line; exact numbers with all their digits */
	TEXT_TABLE,	/* aligned, for people */
	TEXT_RAW	/* the bare text of one column */
};

enum {
	TEXT_TABLE_ROWS = 1000,			/* a table's widths are those of its first rows, */
	TEXT_TABLE_BYTES = 1024 * 1024,		/* of so many bytes at most */
	TEXT_TABLE_WIDTH = 60			/* and of cells up to this wide: longer ones push their row right */
};

struct text_column {
	size_t index;		/* in the record */
	const char *name;	/* view */
	struct val_type type;
	size_t width;		/* of a table's column */
	struct buf lead;	/* JSON: what stands before the value: {"name": or ,"name": */
};

struct text {
	enum text_format format;
	struct text_column *columns;	/* owned */
	size_t ncolumns;
	struct buf out;			/* text to be written; the caller takes it and sets len to 0 */
	struct buf value;		/* one value's bytes */
	struct buf cells;		/* TABLE: cells of the first rows, each its width, length and text */
	size_t rows;			/* in cells */
	bool bytes;			/* RAW: characters that utf8_from_bytes made of bytes are these again */
	bool fixed;			/* the widths are fixed, and the heading is out */
};

/* The names stay the header's, which must live as long. Writes the heading, where the format has one, to out. */
void text_start(struct text *t, enum text_format format, const struct rec_header *h, const size_t *columns, size_t n);

/* Appends a batch to out; a table remembers its first rows instead. */
void text_batch(struct text *t, const struct rec_batch *b);

/* Appends what is still remembered. */
void text_end(struct text *t);

void text_free(struct text *t);

#endif

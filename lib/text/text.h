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
	TEXT_JSON,	/* one object per line; exact numbers with all their digits */
	TEXT_TABLE,	/* aligned, for people */
	TEXT_RAW	/* raw text of one column */
};

enum {
	TEXT_TABLE_ROWS = 1000,			/* a table's column widths are computed from its first rows, */
	TEXT_TABLE_BYTES = 1024 * 1024,		/* at most so many bytes of them, */
	/* from cells up to this width: wider ones shift the rest of their row */
	TEXT_TABLE_WIDTH = 60
};

struct text_column {
	size_t index;		/* in the record */
	const char *name;	/* view */
	struct val_type type;
	const struct val_ops *ops;	/* of the type */
	size_t width;		/* of a table's column */
	struct buf lead;	/* JSON: text before the value: {"name": or ,"name": */
};

struct text {
	enum text_format format;
	struct text_column *columns;	/* owned */
	size_t ncolumns;
	struct buf out;			/* output text; the caller writes it and sets len to 0 */
	struct buf value;		/* scratch: bytes of one value */
	struct buf cells;		/* TABLE: cells of the buffered rows, each with its width, length and text */
	size_t rows;			/* buffered in cells */
	bool bytes;			/* RAW: convert characters made by utf8_from_bytes back to bytes */
	bool fixed;			/* widths are fixed and the heading is written */
};

/* The names are the header's, which must outlive t. Writes the heading, if the format has one, to out. */
void text_start(struct text *t, enum text_format format, const struct rec_header *h, const size_t *columns, size_t n);

/* Appends a batch to out; a table buffers its first rows instead. */
void text_batch(struct text *t, const struct rec_batch *b);

/* Appends the rows still buffered. */
void text_end(struct text *t);

void text_free(struct text *t);

#endif

/* Converts CSV rows to raw records (acct-record(5), RAW STREAMS): _line, the columns as text, _malformed. */
#ifndef CSV_RAW_H
#define CSV_RAW_H

#include "csv/csv.h"
#include "rec/rec.h"

struct csv_raw {
	struct msg err;
	struct rec_writer *out;
	const char *name;		/* the file's name, for messages */
	struct csv_format format;
	size_t nfields;			/* fields of a complete row */
	size_t ncolumns;		/* columns between _line and _malformed */
	size_t *from;			/* owned: index of the field of each column */
	bool trailing;			/* drop an empty field after the last; may be set after csv_raw_init */
	bool short_null;		/* fields that a row lacks are null; may be set after csv_raw_init */
	bool straight;			/* all fields, in order */
	bool lines;			/* records have the column _lines before _malformed */
	struct csv_field *fields;	/* owned: those of one row */
	uint32_t *ends;			/* owned: ends of the fields in the text of one row */
	struct csv_row *trimmed;	/* owned: the rows of a batch without their trailing delimiters */
	struct buf unquoted;		/* text of one field */
	uint64_t rows, malformed;	/* written so far; rows includes malformed ones */
};

/*
 * Initializes for rows of nfields fields, of which from[i] becomes column i; `lines`: write the physical lines of each
 * row. `name` and `out` must outlive r; `from` is copied.
 */
void csv_raw_init(struct csv_raw *r, struct rec_writer *out, const char *name, struct csv_format format, size_t nfields,
    const size_t *from, size_t ncolumns, bool lines);
void csv_raw_free(struct csv_raw *r);

/* Writes the rows of a batch. -1 fills err: a record is too long, or the writer failed. */
int csv_raw_put(struct csv_raw *r, const struct csv_batch *b);

#endif

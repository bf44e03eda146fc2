/* Raw records (acct-record(5), RAW STREAMS) from rows of CSV: _line, the columns as text, _malformed. */
#ifndef CSV_RAW_H
#define CSV_RAW_H

#include "csv/csv.h"
#include "rec/rec.h"

struct csv_raw {
	struct msg err;
	struct rec_writer *out;
	const char *name;		/* the file's, for messages */
	struct csv_format format;
	size_t nfields;			/* fields of a whole row */
	size_t ncolumns;		/* columns between _line and _malformed */
	size_t *from;			/* owned: the field of each column */
	bool straight;			/* all fields, in their order */
	bool lines;			/* records have the column _lines before _malformed */
	struct csv_field *fields;	/* owned: those of one row */
	uint64_t rows, malformed;	/* put so far; malformed ones are among the rows */
};

/*
 * Rows of nfields fields, of which from[i] becomes column i; `lines`: with the physical lines of each row. `name` and
 * `out` must live as long; `from` is copied.
 */
void csv_raw_init(struct csv_raw *r, struct rec_writer *out, const char *name, struct csv_format format, size_t nfields,
    const size_t *from, size_t ncolumns, bool lines);
void csv_raw_free(struct csv_raw *r);

/* Writes the rows of a batch. -1 fills err: a record is too long, or the writer failed. */
int csv_raw_put(struct csv_raw *r, const struct csv_batch *b);

#endif

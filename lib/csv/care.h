/* Splits a row byte by byte by all rules for quotes: the rows that the vector scanner leaves. */
#ifndef CSV_CARE_H
#define CSV_CARE_H

#include "csv/csv.h"

struct csv_care {
	struct csv_format format;
	size_t limit;			/* most bytes of a row */
	struct csv_span *spans;		/* owned: fields of the batch's rows */
	size_t n, cap;
	/* of the row that csv_care_row split last */
	size_t first;			/* index of its first span */
	size_t len, next;		/* its text without the line end; start of the next line */
	uint32_t nfields, flags;
	uint32_t lines;			/* physical lines of the row; with a stray quote, number of lines to reject */
};

enum csv_care_answer {
	CSV_CARE_MORE,		/* the row is incomplete */
	CSV_CARE_ROW,
	CSV_CARE_BLANK,		/* a blank line */
	CSV_CARE_STRAY,		/* a stray quote: reject the row's first `lines` lines */
	CSV_CARE_LONG		/* longer than the limit */
};

void csv_care_init(struct csv_care *c, struct csv_format f);
void csv_care_free(struct csv_care *c);

/*
 * Splits the row that begins at p, of which n > 0 bytes are available; eof: there are no more. CSV_PAD bytes may be
 * read after them.
 */
enum csv_care_answer csv_care_row(struct csv_care *c, const uint8_t *p, size_t n, bool eof);

#endif

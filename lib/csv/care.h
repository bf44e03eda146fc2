/* Splits a row byte by byte, by all the rules for quotes: what the vector scanner leaves. */
#ifndef CSV_CARE_H
#define CSV_CARE_H

#include "csv/csv.h"

struct csv_care {
	struct csv_format format;
	size_t limit;			/* most bytes of a row */
	struct csv_span *spans;		/* owned: of the batch's rows */
	size_t n, cap;
	/* of the row that csv_care_row has split */
	size_t first;			/* index of its first span */
	size_t len, next;		/* its text without the line end; where the line after it begins */
	uint32_t nfields, flags;
	uint32_t lines;			/* physical lines it spans; of rejects: how many to reject */
};

enum csv_care_answer {
	CSV_CARE_MORE,		/* the row's end is not there yet */
	CSV_CARE_ROW,
	CSV_CARE_BLANK,		/* a blank line */
	CSV_CARE_STRAY,		/* a quote is stray: reject the row's first `lines` lines */
	CSV_CARE_LONG		/* longer than the limit */
};

void csv_care_init(struct csv_care *c, struct csv_format f);
void csv_care_free(struct csv_care *c);

/* Splits the row that begins at p, of which n > 0 bytes are there; eof: no more will be. CSV_PAD more may be read. */
enum csv_care_answer csv_care_row(struct csv_care *c, const uint8_t *p, size_t n, bool eof);

/* The first of the bytes from `at` to n - 1 that is the quote, the escape or below 0x20, or n. */
size_t csv_care_special(const uint8_t *p, size_t at, size_t n, uint8_t quote, uint8_t escape);

#endif

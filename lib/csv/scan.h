/* Finds rows whose quotes are all well placed; interface between the reader and the portable and vector scanners. */
#ifndef CSV_SCAN_H
#define CSV_SCAN_H

#include "csv/csv.h"

struct csv_scan {
	struct csv_format format;
	uint8_t kinds[256];	/* classes of bytes, for lines without quotes */
	const uint8_t *p;	/* CSV_PAD bytes may be read after the last to be scanned */
	size_t at;		/* next byte, always the start of a row */
	size_t limit;		/* longer rows need care */
	struct csv_row *rows;	/* room for CSV_BATCH_MAX */
	size_t n;		/* rows found */
	uint32_t lines, blank;	/* physical lines passed and blank ones among them */
	bool care;		/* stopped because the row at `at` needs care */
};

/* Initializes s for rows of the text at p. */
void csv_scan_begin(struct csv_scan *s, struct csv_format f, const uint8_t *p, struct csv_row *rows);

/*
 * Takes rows that end before `end`, until there are CSV_BATCH or one needs care. Takes only complete rows; the bytes
 * left after `at` are the beginning of one.
 */
void csv_scan(struct csv_scan *s, size_t end);

/*
 * The scanners that csv_scan chooses from; the second only on x86-64 with cpu_has_avx2. The first leaves every row with
 * a quote to care.
 */
void csv_scan_portable(struct csv_scan *s, size_t end);
void csv_scan_avx2(struct csv_scan *s, size_t end);

/* Takes the bytes from `at` to `end` as one line: the last of a file that does not end with a line feed. */
void csv_scan_last(struct csv_scan *s, size_t end);

#endif

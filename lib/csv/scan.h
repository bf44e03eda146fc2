/* Finds rows whose quotes are all plainly well placed; between the reader and its two scanners, portable and vector. */
#ifndef CSV_SCAN_H
#define CSV_SCAN_H

#include "csv/csv.h"

struct csv_scan {
	struct csv_format format;
	uint8_t kinds[256];	/* of bytes, for lines without quotes */
	const uint8_t *p;	/* CSV_PAD bytes may be read after the last to be scanned */
	size_t at;		/* next byte: always the start of a row */
	size_t limit;		/* longer rows need care */
	struct csv_row *rows;	/* room for CSV_BATCH_MAX */
	size_t n;		/* rows found */
	uint32_t lines, blank;	/* physical lines passed and blank ones among them */
	bool care;		/* stopped because the row at `at` needs care */
};

/* Makes ready for rows of the text at p. */
void csv_scan_begin(struct csv_scan *s, struct csv_format f, const uint8_t *p, struct csv_row *rows);

/*
 * Takes the rows that end before `end`, until they are CSV_BATCH or one needs care. Only whole rows are taken; what
 * csv_scan leaves after `at` is the beginning of one.
 */
void csv_scan(struct csv_scan *s, size_t end);

/* The two that csv_scan chooses from; the second only on x86-64 and where cpu_has_avx2. The first leaves every quote. */
void csv_scan_portable(struct csv_scan *s, size_t end);
void csv_scan_avx2(struct csv_scan *s, size_t end);

/* Takes the bytes from `at` to `end` as one line: the last of a file, without a line feed. */
void csv_scan_last(struct csv_scan *s, size_t end);

#endif

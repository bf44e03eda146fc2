/* Finds rows whose quotes are all well placed. */
#ifndef CSV_SCAN_H
#define CSV_SCAN_H

#include "csv/csv.h"
#include "simd/simd.h"

struct csv_scan {
	struct csv_format format;
	uint8_t kinds[256];	/* classes of bytes, for lines longer than a chunk */
	struct simd_csv *chunk;	/* owned */
	struct buf text;	/* owned: the rows' text as fields of records */
	const uint8_t *p;	/* CSV_PAD bytes may be read after the last to be scanned */
	size_t at;		/* next byte, always the start of a row */
	size_t limit;		/* longer rows need care */
	size_t most;		/* bytes of the next chunk */
	struct csv_row *rows;	/* room for CSV_BATCH_MAX */
	size_t n;		/* rows found */
	uint32_t lines, blank;	/* physical lines passed and blank ones among them */
	bool care;		/* stopped because the row at `at` needs care */
};

void csv_scan_init(struct csv_scan *s, struct csv_format f);
void csv_scan_free(struct csv_scan *s);

/* Starts a batch of rows of the text at p. */
void csv_scan_begin(struct csv_scan *s, const uint8_t *p, struct csv_row *rows);

/*
 * Takes rows that end before `end`, until there are CSV_BATCH or one needs care. Takes only complete rows; the bytes
 * left after `at` are the beginning of one.
 */
void csv_scan(struct csv_scan *s, size_t end);

/* Takes the bytes from `at` to `end` as one line: the last of a file that does not end with a line feed. */
void csv_scan_last(struct csv_scan *s, size_t end);

#endif

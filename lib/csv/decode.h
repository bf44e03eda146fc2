/* Rows by libcsv, for the reader: a record is fed line by line until libcsv says that it has ended. */
#ifndef CSV_DECODE_H
#define CSV_DECODE_H

#include <csv.h>

#include "csv/csv.h"

struct csv_decoder {
	struct csv_parser parser;
	struct csv_format format;
	uint8_t *text;			/* owned: decoded fields of the batch's rows */
	size_t len, cap;
	uint32_t *offs;			/* owned */
	size_t noffs, offs_cap;
	size_t first, first_text;	/* of the record that is open: its first offset, and where its text begins */
	uint32_t nfields;		/* of the record that is open */
	bool ended;			/* libcsv has ended a record */
};

void csv_decoder_init(struct csv_decoder *d, struct csv_format f);
void csv_decoder_free(struct csv_decoder *d);

/* Forgets the rows decoded before, but keeps a record that is open. */
void csv_decoder_reset(struct csv_decoder *d);

/*
 * Feeds a physical line of n bytes, its line end (0, 1 or 2 bytes) behind it. True where the record ended with it:
 * then it had d->nfields fields, 0 for a blank line, whose offsets start at offs[d->first]. csv_decoder_next makes
 * ready for another record.
 */
bool csv_decoder_line(struct csv_decoder *d, const uint8_t *p, size_t n, size_t line_end);
void csv_decoder_next(struct csv_decoder *d);

/*
 * The end of the input: true where the record ended with it, false where a quote is open; *lfs is then the line
 * feeds behind it.
 */
bool csv_decoder_end(struct csv_decoder *d, uint64_t *lfs);

#endif

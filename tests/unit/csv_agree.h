/*
 * Reads bytes as CSV by the usual path and with care alone, and says what it saw: for the property test and the fuzzer.
 */
#ifndef CSV_AGREE_H
#define CSV_AGREE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "csv/csv.h"

/* What the fields of a row that the scanner took must have as its flags; a control byte may be outside of them. */
static inline bool
agree_flags(const struct csv_row *row, const struct csv_field *fields)
{
	uint32_t flags = 0;
	size_t i, k;

	for (i = 0; i < row->nfields; i++) {
		flags |= fields[i].quoted ? CSV_QUOTED : fields[i].n == 0 ? CSV_EMPTY : 0;
		for (k = 0; k < fields[i].n; k++)
			flags |= fields[i].p[k] < 0x20 ? CSV_CONTROL : 0;
	}
	return row->flags == flags || row->flags == (flags | CSV_CONTROL);
}

/* One row to text: its line, its source and its fields. False where its flags promise what is not so. */
static inline bool
agree_put_row(struct buf *out, const struct csv_batch *b, const struct csv_row *row, struct csv_format f)
{
	struct csv_field *fields = xcalloc(row->nfields, sizeof(*fields));
	bool fine;
	size_t i;

	buf_addf(out, "%" PRIu64 "+%" PRIu32 " fields %" PRIu32 " source %" PRIu32 ":", b->line + row->line,
	    csv_row_lines(row),
	    row->nfields, row->len);
	buf_add(out, b->base + row->off, row->len);
	if (row->nfields > CSV_MAX_FIELDS || (row->flags & CSV_REJECT)) {
		free(fields);
		return true;
	}
	csv_split(b, row, f, fields);
	for (i = 0; i < row->nfields; i++) {
		buf_addf(out, fields[i].quoted ? " quoted:" : " field:");
		out->len += csv_unquote(&fields[i], f, buf_room(out, fields[i].n + 1));
	}
	buf_addc(out, '\n');
	fine = (row->flags & CSV_SPANS) || agree_flags(row, fields);
	free(fields);
	return fine;
}

/* Everything the reader says of what is in fd, as text; false where a flag was wrong. Takes the descriptor. */
static inline bool
agree_read(struct buf *out, int fd, struct csv_format f, struct csv_layout layout, bool by_care, size_t max_record)
{
	struct csv_reader r;
	struct csv_batch b;
	bool fine = true;
	int got;

	csv_open_fd(&r, fd, "file", f);
	r.by_care = by_care;
	r.layout = layout;
	r.max_record = max_record;
	while ((got = csv_next(&r, &b)) > 0)
		for (size_t i = 0; i < b.n; i++)
			fine &= agree_put_row(out, &b, &b.rows[i], f);
	buf_addf(out, "end %d: %s", got, r.err.text);
	if (got == 0)
		buf_addf(out, " lines %" PRIu64 " blank %" PRIu64 " skipped %" PRIu64 " bytes %" PRIu64
		    " spanning %" PRIu64 " %" PRIu64
		    " open %" PRIu64 " %" PRIu64, r.lines, r.blank, r.skipped, r.bytes, r.spanning.n, r.spanning.first,
		    r.open_quotes.n, r.open_quotes.first);
	csv_close(&r);
	return fine;
}

#endif

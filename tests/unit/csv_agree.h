/*
 * Reads bytes as CSV by the usual path and by libcsv alone, and says where they differ: for the property test and
 * the fuzzer.
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

/* One row to text: its line, its source and its fields; and what the flags of a row that is not decoded promise. */
static inline bool
agree_put_row(struct buf *out, const struct csv_batch *b, const struct csv_row *row, uint8_t delimiter)
{
	struct csv_field *fields = xcalloc(row->nfields, sizeof(*fields));
	uint32_t flags = 0;
	size_t i, k;

	buf_addf(out, "%" PRIu64 " fields %" PRIu32 " source %" PRIu32 ":", b->line + row->line, row->nfields,
	    row->len);
	buf_add(out, b->base + row->off, row->len);
	if (row->nfields > CSV_MAX_FIELDS) {
		free(fields);
		return true;
	}
	csv_split(b, row, delimiter, fields);
	for (i = 0; i < row->nfields; i++) {
		buf_addf(out, " field %zu:", fields[i].n);
		buf_add(out, fields[i].p, fields[i].n);
		flags |= fields[i].n == 0 ? CSV_EMPTY : 0;
		for (k = 0; k < fields[i].n; k++)
			flags |= fields[i].p[k] < 0x20 ? CSV_CONTROL : 0;
	}
	buf_addc(out, '\n');
	free(fields);
	return (row->flags & CSV_DECODED) || row->flags == flags;
}

/* Everything the reader says of what stands in fd, as text; false where a flag was wrong. Takes the descriptor. */
static inline bool
agree_read(struct buf *out, int fd, struct csv_format f, bool by_libcsv, size_t max_record)
{
	struct csv_reader r;
	struct csv_batch b;
	bool fine = true;
	int got;

	csv_open_fd(&r, fd, "file", f);
	r.by_libcsv = by_libcsv;
	r.max_record = max_record;
	while ((got = csv_next(&r, &b)) > 0)
		for (size_t i = 0; i < b.n; i++)
			fine &= agree_put_row(out, &b, &b.rows[i], f.delimiter);
	buf_addf(out, "end %d: %s", got, r.err.text);
	if (got == 0)
		buf_addf(out, " lines %" PRIu64 " blank %" PRIu64 " bytes %" PRIu64, r.lines, r.blank, r.bytes);
	csv_close(&r);
	return fine;
}

#endif

/*
 * The bytes of a CSV file as text. Data compressed with gzip or zstd are recognised by their first bytes and decompressed
 * while they are read, in bounded memory; a file of another known format is refused with what to run.
 */
#ifndef CSV_SOURCE_H
#define CSV_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/msg.h"
#include "csv/kind.h"

struct csv_source {
	int fd;
	uint8_t delimiter, quote;	/* quote 0: there are no quotes */
	enum csv_kind kind;		/* of the file, once the first read has returned */
	bool begun, eof;		/* eof: read() has returned 0 */
	uint64_t bytes;			/* of the file, read so far */
	struct csv_unpacker *unpacker;	/* owned; NULL for text as it is */
};

/* Does not take fd. What begins with the delimiter or the quote is text, whatever other format begins so. */
void csv_source_init(struct csv_source *s, int fd, uint8_t delimiter, uint8_t quote);

/*
 * Reads up to n bytes of text, at least one unless at the end (0). n must be at least CSV_KIND_BYTES. -1 fills err: EX_DATAERR
 * with the place in the file for truncated or corrupt data and for what follows the compressed data, and for a format
 * that is not CSV.
 */
ssize_t csv_source_read(struct csv_source *s, void *p, size_t n, const char *name, struct msg *err);

void csv_source_free(struct csv_source *s);

#endif

/*
 * Reads a CSV file as text. Recognizes gzip and zstd data by their first bytes and decompresses them while reading, in
 * bounded memory; rejects a file of another known format, with the command that converts it.
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
	const int *next;		/* descriptors of the file's further pieces, ended by -1; NULL: none */
	uint8_t delimiter, quote;	/* quote 0: no quotes */
	enum csv_kind kind;		/* the file's, after the first read */
	bool wide;			/* UTF-16 and UTF-32 are text too; may be set before the first read */
	bool begun, eof;		/* eof: read() has returned 0 */
	uint64_t bytes;			/* bytes of the file read so far */
	struct csv_unpacker *unpacker;	/* owned; NULL for uncompressed text */
};

/*
 * Initializes; fd stays the caller's. A file that begins with the delimiter or the quote is text, even if it matches
 * another format.
 */
void csv_source_init(struct csv_source *s, int fd, uint8_t delimiter, uint8_t quote);

/*
 * Reads up to n bytes of text, at least one; 0 at the end. n must be at least CSV_KIND_BYTES. -1 fills err: EX_DATAERR,
 * with the position in the file, for truncated or corrupt data and for data after the compressed ones, and for a format
 * that is not CSV.
 */
ssize_t csv_source_read(struct csv_source *s, void *p, size_t n, const char *name, struct msg *err);

void csv_source_free(struct csv_source *s);

#endif

/*
 * CSV text (RFC 4180) in and out: fields split by vector instructions or, where a quote is about, by libcsv; and
 * written, quoted only where they must be.
 */
#ifndef CSV_CSV_H
#define CSV_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

struct csv_format {
	uint8_t delimiter;	/* any byte but LF and CR */
	uint8_t quote;		/* any other byte but LF and CR; 0: there are no quotes */
};

/* ---- reader.c ---- */

enum {
	CSV_BATCH = 256,		/* a batch is full with so many rows */
	CSV_BATCH_MAX = CSV_BATCH + 63,	/* though it may have some more */
	CSV_MAX_RECORD = 16 << 20,	/* longest record unless raised */
	CSV_MAX_FIELDS = 4096,		/* fields of a row with quotes that are kept; beyond they are counted */
	CSV_PAD = 64			/* bytes behind every row that may be read, whatever they hold */
};

enum csv_row_flags {
	CSV_EMPTY = 1,		/* a field is empty */
	CSV_CONTROL = 2,	/* a byte below 0x20 stands in a field */
	CSV_DECODED = 4		/* split and unquoted by libcsv: its fields are in the batch's text */
};

struct csv_row {
	uint32_t off, len;	/* its source text in the batch, without the line end */
	uint32_t line;		/* physical lines from the batch's first to the one where it starts */
	uint32_t nfields;	/* at least 1 */
	uint32_t flags;
	uint32_t decoded;	/* CSV_DECODED: its first offset in the batch's offs */
};

struct csv_batch {		/* rows of one block, views until the next csv_next on the reader */
	size_t n;		/* rows, at least 1 */
	uint64_t line;		/* number of the batch's first physical line, from 1 */
	const uint8_t *base;
	const struct csv_row *rows;
	const uint8_t *text;	/* decoded fields, one behind the other */
	const uint32_t *offs;	/* of each decoded row, nfields + 1 offsets in text */
};

struct csv_field {		/* a view like its batch; CSV_PAD bytes may be read behind it */
	const uint8_t *p;
	size_t n;
};

struct csv_reader {
	struct msg err;
	const char *name;		/* for messages; must live as long */
	struct csv_format format;
	size_t max_record;		/* bytes; may be set after csv_open, below 1 GiB */
	bool by_libcsv;			/* all goes through libcsv, the reference; may be set after csv_open */
	uint64_t lines, blank, bytes;	/* physical lines and blank lines passed, bytes of text read */
	struct csv_reader_state *state;
};

/*
 * Opens path ("-" or NULL: standard input). -1 fills err. Text compressed with gzip or zstd is decompressed while it is read
 * (csv/source.h).
 */
int csv_open(struct csv_reader *r, const char *path, struct csv_format format);

/* The same for a descriptor, which it takes. */
int csv_open_fd(struct csv_reader *r, int fd, const char *name, struct csv_format format);

/*
 * The next rows: 1, or 0 at the end, or -1. Blank lines are passed over and counted. LF and CRLF end a line, a CR
 * elsewhere is text; a byte order mark at the beginning is taken off. A quote that does not begin a field is text,
 * and so is one within a quoted field that neither ends it nor is doubled. EX_DATAERR where a quote is open at the
 * end, or a record is longer than the limit.
 */
int csv_next(struct csv_reader *r, struct csv_batch *b);

void csv_close(struct csv_reader *r);	/* frees; valid after a failed csv_open too */

/* ---- split.c ---- */

/* The fields of a row that has at most CSV_MAX_FIELDS: room for nfields of them in `fields`. */
void csv_split(const struct csv_batch *b, const struct csv_row *row, uint8_t delimiter, struct csv_field *fields);

/*
 * Splits one record given as text into its fields, each an owned string, in an owned array; NULL where it is not
 * one record of text without NUL. csv_words_free frees both.
 */
char **csv_words(const char *text, struct csv_format format, size_t *n);
void csv_words_free(char **words, size_t n);

/* ---- put.c ---- */

/*
 * Appends one field, between quotes where it holds the delimiter, the quote, CR or LF, or begins with a byte order
 * mark. With quote 0 it goes out as it stands. The caller writes delimiters and line ends, and quotes an empty
 * field that is alone on its line, which would be a blank line otherwise (csv_put_alone).
 */
void csv_put(struct buf *out, const void *text, size_t n, char delimiter, char quote);

/* The same for the only field of a line: the empty text is a pair of quotes. */
void csv_put_alone(struct buf *out, const void *text, size_t n, char delimiter, char quote);

#endif

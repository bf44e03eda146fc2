/*
 * CSV text in and out: RFC 4180 with padding about quotes and, where the format has one, an escape. Rows are split by
 * vector instructions wherever all their quotes are plainly well placed, and with care, byte by byte, where one is not;
 * fields are written quoted only where they must be.
 */
#ifndef CSV_CSV_H
#define CSV_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

enum csv_multiline {		/* may quoted fields cross line ends? */
	CSV_MULTILINE_ANY,	/* not declared: they may; a rejected line is rejected alone */
	CSV_MULTILINE_NO,	/* they never do: a quote open at a line end rejects its line */
	CSV_MULTILINE_YES	/* they do: a rejected line may take lines with it that may be its text */
};

struct csv_format {
	uint8_t delimiter;	/* any byte but LF and CR */
	uint8_t quote;		/* any other byte but LF and CR; 0: there are no quotes */
	uint8_t escape;		/* in quoted fields, before a quote or itself; no blank, tab, delimiter; 0 or the quote: none */
	uint8_t multiline;	/* enum csv_multiline */
};

/* ---- reader.c ---- */

enum {
	CSV_BATCH = 256,		/* a batch is full with so many rows */
	CSV_BATCH_MAX = CSV_BATCH + 63,	/* though it may have some more */
	CSV_MAX_RECORD = 16 << 20,	/* longest record unless raised */
	CSV_MAX_FIELDS = 4096,		/* fields kept of a row that needs care; more are counted only */
	CSV_PAD = 64			/* bytes after every row that may be read, whatever they hold */
};

enum csv_row_flags {
	CSV_EMPTY = 1,		/* an unquoted field is empty */
	CSV_CONTROL = 2,	/* a field may hold bytes below 0x20; without it and CSV_SPANS none does */
	CSV_QUOTED = 4,		/* has quotes, all well placed: no padding, no escape, none in unquoted fields */
	CSV_SPANS = 8,		/* split with care: its fields are in the batch's spans */
	CSV_REJECT = 16		/* no row but a line rejected for its quotes: no fields */
};

struct csv_row {
	uint32_t off, len;	/* its source text in the batch, without the line end */
	uint32_t line;		/* physical lines from the batch's first to the one where it starts */
	uint32_t lines;		/* CSV_QUOTED, CSV_SPANS: physical lines it spans, at least 1: csv_row_lines */
	uint32_t nfields;	/* at least 1, but 0 with CSV_REJECT */
	uint32_t flags;
	uint32_t spans;		/* CSV_SPANS: index of its first field in the batch's spans */
};

/* The physical lines that a row spans: one where it has no quotes. */
static inline uint32_t
csv_row_lines(const struct csv_row *row)
{
	return (row->flags & (CSV_QUOTED | CSV_SPANS)) != 0 ? row->lines : 1;
}

struct csv_span {		/* a field in the text of its row: what is between its quotes, where it has any */
	uint32_t off, n;
	bool quoted;
};

struct csv_batch {		/* rows of one block, views until the next csv_next on the reader */
	size_t n;		/* rows, at least 1 */
	uint64_t line;		/* number of the batch's first physical line, from 1 */
	const uint8_t *base;
	const struct csv_row *rows;
	const struct csv_span *spans;
};

struct csv_field {		/* a view like its batch; CSV_PAD bytes may be read after it */
	const uint8_t *p;
	size_t n;
	bool quoted;		/* it had quotes; doubled and escaped ones within are still two bytes: csv_unquote */
};

struct csv_doubt {		/* what makes the rows after it doubtful */
	uint64_t n, first;	/* how many; the physical line of the first */
};

struct csv_reader {
	struct msg err;
	const char *name;		/* for messages; must live as long */
	struct csv_format format;
	size_t max_record;		/* bytes; may be set after csv_open, below 1 GiB */
	bool by_care;			/* every row with a quote is split with care; may be set after csv_open */
	uint64_t lines, blank, bytes;	/* physical lines and blank lines passed, bytes of text read */
	struct csv_doubt spanning;	/* rows of more than one line */
	struct csv_doubt open_quotes;	/* rejects whose lines hold an odd number of quotes */
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
 * Reads the next rows: 1, or 0 at the end, or -1. Blank lines are passed over and counted. An LF ends a line, and so do
 * the CRs directly before it; a CR elsewhere is text. A byte order mark at the beginning is taken off.
 *
 * A field is quoted where its first byte other than padding (blanks, and tabs unless they delimit) is a quote. It ends
 * with the quote that, after padding, a delimiter or the end of a line follows; a doubled quote is one, and so is an
 * escaped one. Any other quote in it is stray. A stray quote, a quoted field open at the end of the file, at the end of
 * a line where the format has CSV_MULTILINE_NO, or beyond max_record rejects the lines of its record up to the one
 * where the field begins, each as a row with CSV_REJECT; reading goes on at the next line. With CSV_MULTILINE_YES
 * rejects that hold an odd number of quotes take with them the lines up to the next that does. A record longer than
 * the limit whose last field across a line end has closed is rejected up to the line where that begins.
 *
 * EX_DATAERR where a single line is longer than the limit.
 */
int csv_next(struct csv_reader *r, struct csv_batch *b);

void csv_close(struct csv_reader *r);	/* frees; valid after a failed csv_open too */

/* ---- split.c ---- */

/* Splits a row that has at most CSV_MAX_FIELDS: room for nfields of them in `fields`. */
void csv_split(const struct csv_batch *b, const struct csv_row *row, struct csv_format format,
    struct csv_field *fields);

/* Writes a field's text, with doubled and escaped quotes resolved, at out: at most f->n bytes. Returns how many. */
size_t csv_unquote(const struct csv_field *f, struct csv_format format, uint8_t *out);

/*
 * Splits one record given as text into its fields, each an owned string, in an owned array; NULL where it is not
 * one record of text without NUL. csv_words_free frees both.
 */
char **csv_words(const char *text, struct csv_format format, size_t *n);
void csv_words_free(char **words, size_t n);

/* ---- put.c ---- */

/*
 * Appends one field, between quotes where a reader of the format would otherwise take it for another: where it holds
 * the delimiter, the quote, CR or LF, or begins with a byte order mark. Without a quote it goes out as it is. The
 * caller writes delimiters and line ends.
 */
void csv_put(struct buf *out, const void *text, size_t n, struct csv_format format);

/* The same, but the empty text is a pair of quotes: an empty string where the other is null, no blank line. */
void csv_put_text(struct buf *out, const void *text, size_t n, struct csv_format format);

#endif

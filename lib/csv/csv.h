/*
 * Reads and writes CSV: RFC 4180 with padding around quotes and an optional escape. Vector instructions split rows
 * whose quotes are all well placed; the others are split byte by byte. Fields are written quoted only if necessary.
 */
#ifndef CSV_CSV_H
#define CSV_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

enum csv_multiline {		/* may quoted fields cross line ends? */
	CSV_MULTILINE_ANY,	/* not declared: they may; an invalid line is rejected alone */
	CSV_MULTILINE_NO,	/* they never do: a quote open at a line end rejects its line */
	CSV_MULTILINE_YES	/* they do: rejecting a line may reject following lines that may belong to its text */
};

struct csv_format {
	uint8_t delimiter;	/* any byte but LF and CR */
	uint8_t quote;		/* any other byte except LF and CR; 0: no quotes */
	uint8_t escape;		/* not a blank, tab or the delimiter; 0 or the quote: no escape */
	uint8_t multiline;	/* enum csv_multiline */
};

struct csv_decoder;
struct regex;

struct csv_layout {		/* lines of a file that are not rows: skipped and counted; all views */
	struct csv_decoder *decoder;	/* of the file's encoding (csv/decode.h); NULL: UTF-8 */
	uint64_t before;		/* lines before the first row */
	size_t footer;			/* lines at the end of the file */
	const struct regex *footer_from;	/* matches the first line of a footer of any length; or NULL */
	const char *comment;		/* begins lines between rows that are skipped; or NULL */
};

/* ---- reader.c ---- */

enum {
	CSV_BATCH = 256,		/* a batch is full at so many rows */
	CSV_BATCH_MAX = CSV_BATCH + 4096,	/* but may have more: a chunk of 8 KiB holds so many of two bytes */
	CSV_MAX_RECORD = 16 << 20,	/* default limit of a record in bytes */
	CSV_FOOTER_MAX = 1000,		/* most lines of a footer */
	CSV_MAX_FIELDS = 4096,		/* most fields kept of a row split by care; more are only counted */
	CSV_PAD = 64			/* bytes after every row and its text that may be read, whatever they hold */
};

enum csv_row_flags {
	CSV_EMPTY = 1,		/* some unquoted field is empty */
	CSV_CONTROL = 2,	/* a field may contain bytes below 0x20; without this and CSV_SPANS no field does */
	CSV_QUOTED = 4,		/* has quotes, all well placed: no padding, no escape */
	CSV_SPANS = 8,		/* split by care: its fields are in the batch's spans */
	CSV_REJECT = 16		/* not a row but a line rejected for its quotes: no fields */
};

struct csv_row {
	uint32_t off, len;	/* source text in the batch, without the line end */
	uint32_t line;		/* physical lines between the batch's first and the row's first */
	uint32_t lines;		/* CSV_QUOTED, CSV_SPANS: number of physical lines, at least 1: csv_row_lines */
	uint32_t nfields;	/* at least 1; 0 with CSV_REJECT */
	uint32_t flags;
	uint32_t spans;		/* with CSV_SPANS: index of its first field in the batch's spans */
	uint32_t text, text_len;	/* its fields in the batch's text; with CSV_NO_TEXT they are not there */
};

#define CSV_NO_TEXT UINT32_MAX		/* and text_len is what they may need: each byte may become two */

/* Returns the number of physical lines of a row: 1 if it has no quotes. */
static inline uint32_t
csv_row_lines(const struct csv_row *row)
{
	return (row->flags & (CSV_QUOTED | CSV_SPANS)) != 0 ? row->lines : 1;
}

struct csv_span {		/* a field within the text of its row, without its quotes */
	uint32_t off, n;
	bool quoted;
};

struct csv_batch {		/* rows of one block, views until the next csv_next on the reader */
	size_t n;		/* rows, at least 1 */
	uint64_t line;		/* number of the batch's first physical line, from 1 */
	const uint8_t *base;
	const struct csv_row *rows;
	const struct csv_span *spans;
	/*
	 * Fields as those of a raw record, with a TAB between them, except that an empty unquoted field has no byte.
	 * CSV_PAD bytes may be read after each row's.
	 */
	const uint8_t *text;
};

struct csv_field {		/* a view like its batch; CSV_PAD bytes may be read after it */
	const uint8_t *p;
	size_t n;
	bool quoted;		/* quoted; doubled and escaped quotes are not resolved: csv_unquote */
};

struct csv_doubt {		/* rows that cast doubt on those after them */
	uint64_t n, first;	/* their number; physical line of the first */
};

struct csv_mark {		/* a place in a file, where a record begins, and what was counted before it */
	uint64_t offset, lines;		/* bytes and physical lines */
	uint64_t blank, skipped;
	struct csv_doubt spanning, open_quotes;
};

struct csv_reader {
	struct msg err;
	const char *name;		/* for messages; must outlive the reader */
	struct csv_format format;
	size_t max_record;		/* bytes; may be set after csv_open, below 1 GiB */
	struct csv_layout layout;	/* may be set after csv_open; the reader begins its decoder */
	bool by_care;			/* split every row with a quote by care; may be set after csv_open */
	uint64_t lines, blank, bytes;	/* physical lines, blank lines and bytes of UTF-8 text read so far */
	uint64_t skipped;		/* lines skipped by the layout so far; they are lines, but not blank ones */
	struct csv_doubt spanning;	/* rows of more than one line */
	struct csv_doubt open_quotes;	/* rejects whose lines hold an odd number of quotes */
	/*
	 * marked: the rows from here on, or at the end of the file those to come, depend on where the file ends: were
	 * it longer, they might read otherwise. csv_next sets it before it returns the first of them.
	 */
	bool marked;
	struct csv_mark mark;
	struct csv_reader_state *state;
};

/*
 * Opens path ("-" or NULL: standard input). -1 fills err. Decompresses gzip and zstd data while reading (csv/source.h).
 */
int csv_open(struct csv_reader *r, const char *path, struct csv_format format);

/* Like csv_open for a descriptor, which the reader then owns. */
int csv_open_fd(struct csv_reader *r, int fd, const char *name, struct csv_format format);

/* Like csv_open for a file that is cut into n consecutive pieces; it has the first one's name. */
int csv_open_pieces(struct csv_reader *r, char *const *paths, size_t n, struct csv_format format);

/*
 * Goes on at a mark of the same file, which may have grown since; what csv_next has returned is lost. EX_DATAERR if
 * the file is shorter or compressed.
 */
int csv_resume(struct csv_reader *r, const struct csv_mark *m);

/*
 * Can reading go on at r->mark once the file has grown? Call after the end. Not if it is compressed, decoded, has a
 * footer, or ends within lines that a reject takes with it.
 */
bool csv_can_resume(const struct csv_reader *r);

/*
 * Reads the next rows. Returns 1, 0 at the end, or -1. Skips and counts blank lines. An LF ends a line, together with
 * the CRs directly before it; a CR elsewhere is text. Skips a byte order mark at the beginning.
 *
 * A field is quoted if its first byte other than padding (blanks, and tabs unless they delimit) is a quote. It ends
 * with a quote that is followed, after padding, by a delimiter or the end of a line; a doubled quote is one quote, and
 * so is an escaped one. Any other quote in it is stray. A record is rejected for a stray quote or for a quoted field
 * that is open at the end of the file, at the end of a line with CSV_MULTILINE_NO, or beyond max_record: its lines
 * through the one where the field begins each become a row with CSV_REJECT, and reading resumes at the next line. With
 * CSV_MULTILINE_YES a reject that holds an odd number of quotes includes the lines through the next one with an odd
 * number. A record over the limit whose last field that spans lines is closed is rejected through the line where that
 * field begins.
 *
 * Skips the lines that the layout names: those before the first row as they are, comments where a row could begin, a
 * footer from the first line where a row could begin that matches, or as many lines as the layout says.
 *
 * Fails with EX_DATAERR if a single line is over the limit, or a footer that a pattern begins is longer than
 * CSV_FOOTER_MAX lines, since then it was a row that matched.
 */
int csv_next(struct csv_reader *r, struct csv_batch *b);

void csv_close(struct csv_reader *r);	/* frees; also valid after a failed csv_open */

/* ---- split.c ---- */

/* Splits a row of at most CSV_MAX_FIELDS fields into `fields`, which has room for row->nfields. */
void csv_split(const struct csv_batch *b, const struct csv_row *row, struct csv_format format,
    struct csv_field *fields);

/* Writes a field's text with doubled and escaped quotes resolved to out, at most f->n bytes. Returns the length. */
size_t csv_unquote(const struct csv_field *f, struct csv_format format, uint8_t *out);

/*
 * Splits one record given as text into an owned array of owned strings. Returns NULL if it is not exactly one record of
 * text without NUL. Release with csv_words_free.
 */
char **csv_words(const char *text, struct csv_format format, size_t *n);
void csv_words_free(char **words, size_t n);

/* ---- put.c ---- */

/*
 * Appends one field, quoted if it contains the delimiter, the quote, CR or LF, or begins with a byte order mark.
 * Without a quote in the format it is written unchanged. The caller writes delimiters and line ends.
 */
void csv_put(struct buf *out, const void *text, size_t n, struct csv_format format);

/* Like csv_put, but writes empty text as a pair of quotes: an empty string as opposed to null, and not a blank line. */
void csv_put_text(struct buf *out, const void *text, size_t n, struct csv_format format);

#endif

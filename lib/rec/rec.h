/*
 * The record stream: what every program reads and writes. acct-record(5) is the contract, this its implementation.
 *
 *	rec_open(&in, path)  ...  while ((got = rec_next(&in, &batch)) > 0)  ...  rec_close(&in)
 *	rec_create(&out, path, &header)  ...  rec_begin, rec_end  ...  rec_finish(&out)
 *
 * Functions that fail fill the err of their reader or writer and return -1. The x... forms print it and exit.
 */
#ifndef REC_REC_H
#define REC_REC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/near.h"
#include "val/val.h"

/* ---- header.c ---- */

struct rec_column {
	char *name;
	struct val_type type;
	bool key;		/* '*': part of the key */
	bool required;		/* '!': never null */
};

struct rec_word {		/* @key=value */
	char *key, *value;
};

struct rec_header {		/* all owned; all zero is empty */
	char *table;
	struct rec_column *columns;
	size_t ncolumns;
	struct rec_word *words;
	size_t nwords;
};

enum {
	REC_MAX_COLUMNS = 4096,
	REC_MAX_RECORD = 16 << 20,	/* default limit of a record in bytes */
	REC_MOST_RECORD = 1 << 30	/* the most it can be raised to */
};

void rec_header_init(struct rec_header *h, const char *table);
void rec_header_copy(struct rec_header *to, const struct rec_header *from);
void rec_header_free(struct rec_header *h);
struct rec_column *rec_header_add(struct rec_header *h, const char *name, struct val_type type, bool key,
    bool required);
void rec_header_set_word(struct rec_header *h, const char *key, const char *value);
void rec_header_drop_word(struct rec_header *h, const char *key);
const char *rec_header_word(const struct rec_header *h, const char *key);	/* NULL if absent */
int rec_header_find(const struct rec_header *h, const char *name);		/* the column's index, or -1 */
bool rec_header_is_raw(const struct rec_header *h);				/* first _line, last _malformed */
bool rec_header_has_lines(const struct rec_header *h);				/* raw, with _lines before _malformed */
/* raw or @raw=1: strings of any bytes */
bool rec_header_is_bytes(const struct rec_header *h);
bool rec_header_is_change(const struct rec_header *h);				/* @change=1 */

/* Do both have the same table, column names and types? (Keys, nullability and words may differ.) */
bool rec_header_equal(const struct rec_header *a, const struct rec_header *b);

/* Do both have the same words in the same order? */
bool rec_header_same_words(const struct rec_header *a, const struct rec_header *b);

/* Appends the line without its LF to out; and parses it. Parsing fills err with the error, without the place. */
void rec_header_put(const struct rec_header *h, struct buf *out);
int rec_header_parse(struct rec_header *h, const uint8_t *line, size_t n, struct msg *err);

/* ---- reader.c ---- */

struct rec_field {		/* view until the next rec_next on the reader; VAL_PAD bytes may be read after it */
	const uint8_t *p;
	size_t n;
};

struct rec {			/* one record: a view like its fields */
	const uint8_t *base;
	const uint32_t *off;	/* field f is base[off[f]] to base[off[f + 1] - 1]; that byte is its TAB or LF */
};

enum { REC_BATCH_MAX = 8192 };	/* most records of one batch */

struct rec_batch {		/* records of one block, views until the next rec_next on the reader */
	size_t n;		/* records, 1 to REC_BATCH_MAX */
	uint64_t first;		/* number of the first record in its stream, from 1 */
	const uint8_t *base;
	const uint32_t *off;	/* field offsets; a record ends where the next one starts; 32 more may be read */
	size_t stride;		/* offsets per record: the number of columns */
	const uint64_t *hash;	/* XXH3-64 of each record, for rec_copy */
	const struct rec_header *segment;	/* last header line before them; of a sorted stream, the last */
};

static inline struct rec
rec_at(const struct rec_batch *b, size_t i)
{
	return (struct rec){ b->base, b->off + i * b->stride };
}

static inline struct rec_field
rec_field(struct rec r, size_t f)
{
	return (struct rec_field){ r.base + r.off[f], (size_t)(r.off[f + 1] - r.off[f]) - 1 };
}

/* The sign of a value of _change_type: 1 for what is there afterwards, -1 for what was before, 0 if it is unknown. */
int rec_change_sign(struct rec_field type);

static inline bool
rec_is_null(struct rec r, size_t f)
{
	return r.base[r.off[f]] == VAL_NULL;	/* no other value begins with this byte */
}

enum rec_flags {
	REC_UNCHECKED = 1,	/* do not validate values: this process made the stream, or rec_check follows */
	REC_PARTIAL = 4,	/* the stream may lack its trailer */
	REC_BATCH_SMALL = 2	/* if many readers are open at once: buffers of 16 KiB instead of 256 */
};

struct rec_reader {
	struct rec_header header;	/* the stream's first header */
	struct msg err;
	const char *name;		/* for messages: "<stdin>" or the path, which must outlive the reader */
	size_t max_record;		/* bytes; may be set after rec_open, at most REC_MOST_RECORD */
	struct rec_reader_state *state;
};

/*
 * Opens path ("-" or NULL: standard input) and reads the header. Rejects a terminal. Verifies the trailers at the end
 * unless the stream is REC_PARTIAL.
 */
int rec_open(struct rec_reader *r, const char *path, unsigned flags);
int rec_open_fd(struct rec_reader *r, int fd, const char *name, unsigned flags);	/* the reader then owns fd */

/* Reads the next records. Returns 1, 0 at the end if every trailer matched, or -1. */
int rec_next(struct rec_reader *r, struct rec_batch *b);

/*
 * Validates the values of a batch, or of some of its records, against their types, as rec_next does unless the reader
 * is REC_UNCHECKED; skips columns whose `known` is set (NULL: none). Returns 0, or -1 with the first invalid value in
 * err.
 */
int rec_check(struct rec_reader *r, const struct rec_batch *b, const bool *known);

/* Were a column's values in the current batch validated while the block was split? */
bool rec_is_checked(const struct rec_reader *r, size_t column);

void rec_close(struct rec_reader *r);	/* frees; also valid after a failed rec_open */

/*
 * Fills err with "<stdin>: record 17: name: what: 'value'", EX_DATAERR, for a program that rejects a value; the value
 * is shown as text.
 */
int rec_fault(struct rec_reader *r, uint64_t number, size_t column, const char *what, struct rec_field value);

void xrec_open(struct rec_reader *r, const char *path, unsigned flags);
bool xrec_next(struct rec_reader *r, struct rec_batch *b);	/* false at the end */

/* ---- abort.c ---- */

/*
 * Names the program's record output, as passed to rec_create. If that is standard output and a pipe, a program that
 * exits with a failure by msg_leave ends its stream with an abort line that has its status: the next stage then exits
 * with the same status and without a message of its own. Call with NULL before options are parsed, and with the output
 * after that. rec_finish of standard output disables it.
 */
void rec_abort_line(const char *output);

/*
 * Parses an abort line of n bytes, for the reader: fills err with its status, and with a text only if the stream is not
 * a pipe, since in a pipeline the failed program has already reported the error. Returns -1.
 */
int rec_aborted(struct msg *err, int fd, const char *name, const uint8_t *line, size_t n);

/* Returns the column whose name is nearest to an unknown name. */
struct near rec_near(const struct rec_header *h, const char *name);

/* ---- writer.c ---- */

enum { REC_UNHASHED = 64 };	/* most records not yet hashed */

struct rec_writer {
	struct msg err;
	const char *name;
	struct io_out out;
	uint8_t *buf;			/* owned */
	size_t cap, len;
	uint64_t count, sum;		/* records and checksum of the trailer, the latter without those in `due` */
	size_t due[REC_UNHASHED], lengths[REC_UNHASHED];	/* records not yet in the checksum */
	size_t ndue;
	size_t max_record;		/* limit of a record that callers should respect; may be set after rec_create */
};

/*
 * Creates path ("-" or NULL: standard output; a file appears only in rec_finish) and writes the header at once, so that
 * the next stage fails early if it must. Rejects a terminal.
 */
int rec_create(struct rec_writer *w, const char *path, const struct rec_header *h);

/*
 * Returns room for one record of at most max bytes without its LF, plus 64 bytes of slack for the fast encoders; write
 * fields with a TAB after each but the last. rec_end takes the end of what was written. A record is lost only if
 * rec_begin, which flushes a full buffer, fails.
 */
uint8_t *rec_begin(struct rec_writer *w, size_t max);	/* NULL on a write error */
void rec_end(struct rec_writer *w, uint8_t *end);

/*
 * Like rec_end for many records written at once: `end` is the position after the last LF, `sum` the sum of their
 * hashes.
 */
void rec_end_many(struct rec_writer *w, uint8_t *end, uint64_t count, uint64_t sum);

/* Copies a record unchanged. */
int rec_copy(struct rec_writer *w, const struct rec_batch *b, size_t i);
int rec_copy_run(struct rec_writer *w, const struct rec_batch *b, size_t i, size_t n);	/* n records from i */

/* Ends this segment with its trailer and begins another, with a header that may differ only in its words. */
int rec_segment(struct rec_writer *w, const struct rec_header *h);

int rec_flush(struct rec_writer *w);	/* writes what is buffered, for a program that then waits for input */
int rec_finish(struct rec_writer *w);	/* trailer, flush, close, rename */
void rec_abandon(struct rec_writer *w);	/* no trailer, so that readers reject the stream; a file is removed */

void xrec_create(struct rec_writer *w, const char *path, const struct rec_header *h);
uint8_t *xrec_begin(struct rec_writer *w, size_t max);
void xrec_copy_run(struct rec_writer *w, const struct rec_batch *b, size_t i, size_t n);
void xrec_segment(struct rec_writer *w, const struct rec_header *h);
void xrec_finish(struct rec_writer *w);

/* ---- key.c ---- */

/*
 * Returns the key of a record as bytes that order as keys do: its fields joined by TAB. A single field is a view;
 * several are joined in scratch. VAL_PAD bytes may be read after it.
 */
struct rec_field rec_key(struct rec r, const size_t *idx, size_t n, struct buf *scratch);
bool rec_key_has_null(struct rec r, const size_t *idx, size_t n);

#endif

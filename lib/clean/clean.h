/* Rows: from a raw record to a typed one, or the reason why not; what is rejected; and the totals. */
#ifndef CLEAN_CLEAN_H
#define CLEAN_CLEAN_H

#include "clean/column.h"
#include "key/keylater.h"
#include "key/keyset.h"

/* ---- row.c ---- */

enum { CLEANER_PART = 4 };		/* most columns of codes side by side */

struct cleaner_part {			/* columns of codes, or one of text */
	size_t first, n;
	bool coded;
	const uint64_t *code[CLEANER_PART];	/* of each column */
	uint32_t valid[COLUMN_ROWS];	/* of the row's codes, 8 bytes each, those that count */
};

struct cleaner {
	const struct schema *schema;
	struct column *columns;		/* the schema's, in its order; owned */
	size_t ncolumns;
	size_t malformed;		/* the raw record's last field */
	size_t lines;			/* the field _lines, 0 where there is none */
	size_t room;			/* most bytes that a typed row is longer than its raw record */
	size_t *keys;			/* indexes of the key columns; owned */
	size_t nkeys;
	struct column *integer_key;	/* the key where it is one column of narrow integers, else NULL */
	/* of a row, for cleaner_put; owned; NULL where cleaner_take is not to be used */
	struct cleaner_part *parts;
	size_t nparts;
	/* of the fields that cleaner_take looks at, COLUMN_ROWS of each raw column; owned */
	uint32_t *start, *len;
};

struct clean_fault {
	enum clean_reason reason;
	size_t column;			/* index; where the reason is neither field-count, quote, duplicate nor conflict */
};

/*
 * Matches the raw stream's columns to the schema's by name: as the schema names them, or as the file did. EX_DATAERR
 * where the stream is not raw, EX_CONFIG where a column is missing, or there is one more than the schema allows. `name`
 * is the stream's, for messages.
 */
int cleaner_init(struct cleaner *k, const struct schema *s, const struct rec_header *raw, const char *name,
    struct msg *err);
void cleaner_free(struct cleaner *k);

/* The header of the typed stream; keeps the raw one's @source. */
void cleaner_header(const struct cleaner *k, const struct rec_header *raw, struct rec_header *out);

/*
 * Writes the typed row, without its LF, and returns its end; or NULL, and why. `out` has room for as many bytes as the
 * raw record and k->room more.
 */
uint8_t *cleaner_row(struct cleaner *k, struct rec raw, uint8_t *out, struct clean_fault *why);

/* ---- rows.c ---- */

void cleaner_find_parts(struct cleaner *k);	/* for cleaner_init */

/*
 * Prepares n records of the batch, at most COLUMN_ROWS, a column at a time. Returns a bit for each that makes a good
 * row, which cleaner_put then puts out as cleaner_row would; the others are for cleaner_row to judge.
 */
uint64_t cleaner_take(struct cleaner *k, const struct rec_batch *b, size_t from, size_t n);

/* Rows from to to - 1 of them, all good, each with its LF, whose place is ends[i]. Returns where the last ends. */
uint8_t *cleaner_put(const struct cleaner *k, size_t from, size_t to, uint8_t *out, uint8_t **ends);

/* ---- row.c ---- */

/* The row's key: a view of the row or, where it does not begin it, of scratch. */
struct rec_field cleaner_key(const struct cleaner *k, const uint8_t *row, size_t n, struct buf *scratch);

/*
 * Returns how many physical lines of the file the row of a raw record spans: as its reader counted them where the stream
 * has _lines, else by the line feeds in its fields, of which the reader has then dropped none.
 */
uint64_t cleaner_lines(const struct cleaner *k, struct rec raw);

/*
 * Returns the reason in the field _malformed, "REASON TEXT", and views its text, escaped as it is. What another program
 * wrote there without a reason is all text, of the reason field-count.
 */
enum clean_reason cleaner_malformed(struct rec_field f, struct rec_field *text);

/* Field i of a typed row of n bytes. */
struct rec_field cleaner_field(const uint8_t *row, size_t n, size_t i);

/* ---- reject.c ---- */

struct reject_source {			/* a segment of the raw stream: a file */
	struct rec_header raw;		/* its header; owned */
	struct rec_header header;	/* of the segment of rejects that its rows go to; owned */
	size_t *order;			/* raw fields in the order of the file; owned */
	size_t norder;
};

struct rejects {
	struct rec_writer out;
	bool open;			/* there is a stream to write to */
	const struct cleaner *cleaner;
	struct reject_source *sources;	/* owned, for rows that come back from disk */
	size_t nsources;
	size_t source, written;		/* indexes: of the rows to come, and of the segment that is open */
	struct buf value, text, raw;	/* scratch */
};

/* Opens the stream of rejects; path NULL: none is kept. `raw` is the raw stream's first header. */
int rejects_open(struct rejects *r, const char *path, const struct cleaner *k, const struct rec_header *raw);

/*
 * The rows to come are those of a segment of the raw stream with this header. Returns its index, by which
 * rejects_return comes back to it. A segment of rejects begins with its first row, and only where the words of `raw`
 * are others than before.
 */
size_t rejects_segment(struct rejects *r, const struct rec_header *raw);
void rejects_return(struct rejects *r, size_t source);

/* Adds a row. typed: the row as it would have been, for a duplicate or a conflict, else NULL. -1: r->out.err. */
int rejects_add(struct rejects *r, struct rec raw, const struct clean_fault *why, const uint8_t *typed, size_t ntyped);

int rejects_finish(struct rejects *r);
void rejects_abandon(struct rejects *r);
void rejects_free(struct rejects *r);

/* ---- total.c ---- */

struct clean_sum {			/* high * 10^19 + low: exact, whatever is added */
	i128 high, low;
};

struct clean_amount {			/* of a decimal column */
	size_t column;
	const int64_t *value;		/* narrow: where the column has it after cleaner_row, else NULL */
	struct clean_sum read, rejected;
};

struct clean_total {
	uint64_t rows[CLEAN_REASONS];	/* by reason; CLEAN_GOOD: clean */
	uint64_t clean_lines, rejected_lines;	/* physical lines of the files that those rows span */
	struct clean_amount *amounts;	/* owned */
	size_t namounts;
};

void clean_total_init(struct clean_total *t, const struct cleaner *k);
void clean_total_free(struct clean_total *t);

static inline void
clean_sum_add(struct clean_sum *s, i128 v)
{
	if (v == (int64_t)v) {
		s->low += v;
	} else {
		s->high += v / UINT64_C(10000000000000000000);
		s->low += v % UINT64_C(10000000000000000000);
	}
}

/* Adds the amounts of a row that cleaner_row has just passed to what was read. */
static inline void
clean_total_passed(struct clean_total *t, const struct cleaner *k)
{
	struct clean_amount *a, *end = t->amounts + t->namounts;
	const struct column *c;

	for (a = t->amounts; a < end; a++) {
		c = &k->columns[a->column];
		if (a->value != NULL)
			a->read.low += *a->value;
		else
			clean_sum_add(&a->read, column_number(c, c->typed.p));
	}
}

/* Adds the amounts of the rows of cleaner_take that `rows` has a bit for. */
static inline void
clean_total_taken(struct clean_total *t, const struct cleaner *k, uint64_t rows)
{
	struct clean_amount *a, *end = t->amounts + t->namounts;

	for (a = t->amounts; a < end; a++)
		a->read.low += column_sum(k->columns[a->column].rows, rows);
}

/*
 * Adds a rejected row, with its amounts where they are numbers of their types; to what was read too, unless
 * clean_total_passed did.
 */
void clean_total_rejected(struct clean_total *t, struct cleaner *k, struct rec raw, enum clean_reason reason);

uint64_t clean_total_read(const struct clean_total *t);

/* Appends the sum of the clean rows of amount i, as a decimal number. */
void clean_total_sum(const struct clean_total *t, const struct cleaner *k, size_t i, struct buf *out);

/* The totals as JSON; with the limits passed where e is not NULL. */
struct clean_expect;
void clean_total_json(const struct clean_total *t, const struct cleaner *k, const struct clean_expect *e,
    struct buf *out);

/* "1000 read, 990 clean, 10 rejected (missing 3, type 7)" */
void clean_total_text(const struct clean_total *t, struct buf *out);

/* ---- flow.c ---- */

/* Rows made at once, so that the memory their keys need is under way before it is asked for. */
enum { CLEAN_GROUP = COLUMN_ROWS };

struct clean_row {
	uint8_t *at, *end;		/* in the writer's buffer; at is NULL for one that is rejected */
	uint64_t print;			/* hash of its bytes */
	int64_t integer;		/* its key: an integer, */
	size_t key, nkey;		/* or bytes in the flow's keys, */
	uint64_t hash;			/* and their hash */
	enum keyset_answer answer;
	struct clean_fault why;
};

/*
 * Records in, typed rows and rejects out. Rows are answered for at once as long as the keys seen before them fit into
 * the memory given; from then on records wait on disk, in order, with their keys beside them (keylater.h), and
 * clean_flow_finish goes over them again. The output is the same.
 */
struct clean_flow {
	struct msg err;
	struct cleaner *cleaner;
	struct rec_writer *out;
	struct rejects *rejects;
	struct clean_total total;
	size_t stride;			/* fields of a raw record */
	struct keyset seen;
	struct buf keys, scratch, row;
	struct clean_row rows[CLEAN_GROUP];
	bool waiting;			/* records go to disk */
	struct keylater later;
	struct spill records;		/* each its length and its bytes; length 0: the index of a segment instead */
	size_t spilled;			/* the segment of those written last, by rejects_segment; SIZE_MAX before any */
};

/* memory: bytes for keys, 0 for as many as there are. Cleaner, writer and rejects live as long. */
void clean_flow_init(struct clean_flow *f, struct cleaner *k, struct rec_writer *out, struct rejects *rejects,
    size_t stride, size_t memory);
void clean_flow_free(struct clean_flow *f);

int clean_flow_batch(struct clean_flow *f, const struct rec_batch *b);	/* -1 fills err */
int clean_flow_finish(struct clean_flow *f);				/* what waits on disk */

#endif

/* Cleans rows: converts raw records to typed ones or gives the reason why not; writes rejects; counts totals. */
#ifndef CLEAN_CLEAN_H
#define CLEAN_CLEAN_H

#include "clean/column.h"
#include "map/later.h"
#include "map/set.h"

/* ---- row.c ---- */

enum { CLEANER_PART = 4 };		/* most columns of codes stored side by side */

struct cleaner_part {			/* up to CLEANER_PART columns of codes, or one of text */
	size_t first, n;
	bool coded;
	const uint64_t *code[CLEANER_PART];	/* of each column */
	uint32_t valid[COLUMN_ROWS];	/* bytes of the row's codes, 8 each, that count */
};

struct clean_derive;
struct clean_owners;

struct cleaner {
	const struct schema *schema;
	struct clean_derive *derive;	/* owned; NULL if the schema has none of its words */
	struct clean_owners *owners;	/* owned; NULL: references are not looked up */
	struct column *columns;		/* the schema's columns in order; owned */
	size_t ncolumns;
	size_t malformed;		/* index of the raw record's last field */
	size_t lines;			/* index of field _lines, 0 if absent */
	size_t room;			/* most bytes by which a typed row exceeds its raw record */
	size_t *keys;			/* indexes of the key columns; owned */
	size_t nkeys;
	struct column *integer_key;	/* the key column if it is a single one of narrow integers, else NULL */
	/* of a row, for cleaner_put; owned; NULL if cleaner_take is unavailable */
	struct cleaner_part *parts;
	size_t nparts;
	/* fields for cleaner_take, COLUMN_ROWS of each raw column; owned */
	uint32_t *start, *len;
};

struct clean_fault {
	enum clean_reason reason;
	/* index of the column, or of the rule; unset for field-count, quote, duplicate, conflict and a row left out */
	size_t column;
	/* of a computed column, see clean_derive_value; of an orphan, see clean_owners_columns; else 0 */
	size_t value;
};

/* Adds to a schema whose drift says so the columns of a raw stream that it does not name. Call before cleaner_init. */
void clean_drift(struct schema *s, const struct rec_header *raw);

/*
 * Matches the raw stream's columns to the schema's by name: the schema's name or the source name. Fails with EX_DATAERR
 * if the stream is not raw, with EX_CONFIG if a column is missing or is one that the schema does not allow. `name` is
 * the stream's, for messages.
 */
int cleaner_init(struct cleaner *k, const struct schema *s, const struct rec_header *raw, const char *name,
    struct msg *err);
void cleaner_free(struct cleaner *k);

/* Makes the header of the typed stream; keeps the raw one's @source. */
void cleaner_header(const struct cleaner *k, const struct rec_header *raw, struct rec_header *out);

/*
 * Writes the typed row without its LF and returns its end; or returns NULL and fills why. `out` has room for the raw
 * record's length plus k->room.
 */
uint8_t *cleaner_row(struct cleaner *k, struct rec raw, uint8_t *out, struct clean_fault *why);

/* Parses the schema's expressions; lib/schema has read all else. Errors are those of schema_read. */
int clean_schema_check(const struct schema *s, struct msg *err);

/* ---- rows.c ---- */

void cleaner_find_parts(struct cleaner *k);	/* for cleaner_init */

/*
 * Prepares n records of the batch, at most COLUMN_ROWS, column by column. Returns a mask of the valid rows, which
 * cleaner_put then writes as cleaner_row would; cleaner_row must judge the others.
 */
uint64_t cleaner_take(struct cleaner *k, const struct rec_batch *b, size_t from, size_t n);

/* Writes the prepared rows from to to - 1, all valid, each with its LF, whose position is ends[i]. Returns the end. */
uint8_t *cleaner_put(const struct cleaner *k, size_t from, size_t to, uint8_t *out, uint8_t **ends);

/* ---- row.c ---- */

/* Returns the row's key: a view of the row, or of scratch if the row does not begin with it. */
struct rec_field cleaner_key(const struct cleaner *k, const uint8_t *row, size_t n, struct buf *scratch);

/*
 * Returns how many physical lines of the file the row of a raw record spans: as counted by its reader if the stream has
 * _lines, else by the line feeds in its fields, none of which the reader has dropped then.
 */
uint64_t cleaner_lines(const struct cleaner *k, struct rec raw);

/*
 * Returns the reason in the field _malformed, "REASON TEXT", and sets *text to a view of its text, still escaped.
 * Without a reason, as other programs may write it, everything is text and the reason is field-count.
 */
enum clean_reason cleaner_malformed(struct rec_field f, struct rec_field *text);

/* Returns field i of a typed row of n bytes. */
struct rec_field cleaner_field(const uint8_t *row, size_t n, size_t i);

/* ---- reject.c ---- */

struct reject_source {			/* a segment of the raw stream, that is, a file */
	struct rec_header raw;		/* its header; owned */
	struct rec_header header;	/* header of the segment of rejects for its rows; owned */
};

struct rejects {
	struct rec_writer out;
	bool open;			/* rejects are written */
	const struct cleaner *cleaner;
	size_t *order;			/* raw fields of the columns in the schema's order; owned */
	size_t norder;
	struct buf names;		/* the line of their names */
	struct reject_source *sources;	/* owned, for rows that are read back from disk */
	size_t nsources;
	size_t source, written;		/* indexes: of the current segment, and of the one last written */
	struct buf value, text, raw;	/* scratch */
};

/* Opens the stream of rejects; path NULL: writes none. `raw` is the raw stream's first header. */
int rejects_open(struct rejects *r, const char *path, const struct cleaner *k, const struct rec_header *raw);

/*
 * Starts a segment of the raw stream with this header. Returns its index, for rejects_return. A segment of rejects
 * begins with its first row, and only if the words of `raw` have changed.
 */
size_t rejects_segment(struct rejects *r, const struct rec_header *raw);
void rejects_return(struct rejects *r, size_t source);

/* Adds a row. typed: the row for a duplicate or a conflict, else NULL. -1: see r->out.err. */
int rejects_add(struct rejects *r, struct rec raw, const struct clean_fault *why, const uint8_t *typed, size_t ntyped);

int rejects_finish(struct rejects *r);
void rejects_free(struct rejects *r);

/* ---- total.c ---- */

struct clean_sum {			/* high * 10^19 + low: exact for any number of additions */
	i128 high, low;
};

struct clean_amount {			/* of a decimal column */
	size_t column;
	const int64_t *value;		/* for narrow types: the column's value after cleaner_row, else NULL */
	bool derived;			/* of a computed column or one with a sign: counted in complete rows */
	struct clean_sum read, rejected;
};

struct clean_total {
	uint64_t rows[CLEAN_REASONS];	/* by reason; CLEAN_GOOD: clean */
	uint64_t *rules;		/* rows[CLEAN_RULE] by rule; owned */
	uint64_t clean_lines, rejected_lines, left_out_lines;	/* physical lines that those rows span */
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

/* Adds the amounts of a row that cleaner_row has just accepted to the total read. */
static inline void
clean_total_passed(struct clean_total *t, const struct cleaner *k)
{
	struct clean_amount *a, *end = t->amounts + t->namounts;
	const struct column *c;

	for (a = t->amounts; a < end; a++) {
		c = &k->columns[a->column];
		if (a->derived)
			continue;
		if (a->value != NULL)
			a->read.low += *a->value;
		else
			clean_sum_add(&a->read, column_number(c, c->typed.p));
	}
}

/* Adds the amounts of the rows of cleaner_take selected by `rows`. */
static inline void
clean_total_taken(struct clean_total *t, const struct cleaner *k, uint64_t rows)
{
	struct clean_amount *a, *end = t->amounts + t->namounts;

	for (a = t->amounts; a < end; a++)
		if (!a->derived)
			a->read.low += column_sum(k->columns[a->column].rows, rows);
}

/*
 * Adds a rejected row, with those amounts that are valid numbers; also to the total read, unless it was counted there
 * because it was clean but for its key. typed: the row then, else NULL.
 */
void clean_total_rejected(struct clean_total *t, struct cleaner *k, struct rec raw, const struct clean_fault *why,
    const uint8_t *typed, size_t n);

uint64_t clean_total_rejects(const struct clean_total *t);

/* Appends the sum of the clean rows for amount i, as a decimal number. */
void clean_total_sum(const struct clean_total *t, const struct cleaner *k, size_t i, struct buf *out);

/* Appends the totals as JSON, with the limits exceeded unless e is NULL. */
struct clean_expect;
void clean_total_json(const struct clean_total *t, const struct cleaner *k, const struct clean_expect *e,
    struct buf *out);

/* Do the statistics name the reason? Unique and orphan only if the schema has such columns or references. */
bool clean_reason_is_told(const struct schema *s, enum clean_reason reason);

/* "1000 read, 980 clean, 10 rejected (missing 3, type 7), 10 left out" */
void clean_total_text(const struct clean_total *t, const struct schema *s, struct buf *out);

/*
 * carry.c: adds the totals of statistics that clean_total_json wrote for this schema, times `sign`, 1 or -1. EX_DATAERR
 * if they are not such.
 */
int clean_total_carry(struct clean_total *t, const struct cleaner *k, const char *path, int sign, struct msg *err);

struct clean_unique;

/* ---- stamp.c ---- */

enum { CLEAN_STAMP = 32 };		/* most bytes by which the columns of a stamp lengthen a row */

struct clean_stamp {			/* columns _delivery and _line of each clean row; n 0: none */
	uint8_t bytes[CLEAN_STAMP];	/* from the TAB after the row to the one before its line */
	size_t n;
};

/* Adds the columns to the header of the typed stream. EX_CONFIG if the schema has one of the name. */
int clean_stamp_header(const struct schema *s, struct rec_header *h, struct msg *err);
void clean_stamp_init(struct clean_stamp *s, int64_t delivery);

/*
 * Appends the columns at the end of the row of a raw record, without its LF. Returns the new end, after which up to 16
 * bytes may be overwritten.
 */
uint8_t *clean_stamp_put(const struct clean_stamp *s, struct rec raw, uint8_t *end);

/* ---- flow.c ---- */

/* Rows converted at once, so that the memory for their keys can be prefetched. */
enum { CLEAN_GROUP = COLUMN_ROWS };

struct clean_row {
	uint8_t *at, *end;		/* in the writer's buffer; at is NULL for a rejected row */
	uint64_t print;			/* hash of its bytes */
	int64_t integer;		/* its key: an integer, */
	size_t key, nkey;		/* or bytes in the flow's keys */
	uint64_t hash;			/* and their hash */
	bool orphan;			/* without an owner: it takes no key */
	enum map_answer answer;
	struct clean_fault why;
};

/*
 * Converts records to typed rows and rejects. Rows are answered immediately while the keys seen so far fit the memory
 * limit; after that, records are stored on disk, in order, with their keys (map_later.h), and clean_flow_finish
 * processes them again. The output is the same.
 */
struct clean_flow {
	struct msg err;
	struct cleaner *cleaner;
	struct rec_writer *out;
	struct rejects *rejects;
	struct clean_total total;
	size_t stride;			/* fields of a raw record */
	struct clean_stamp stamp;	/* may be set before the first batch */
	struct map_set seen;
	struct buf keys, scratch, row;
	struct clean_row rows[CLEAN_GROUP];
	bool waiting;			/* records are stored on disk */
	struct map_later later;
	struct clean_unique *unique;	/* owned; NULL if no column is */
	struct spill records;		/* each: length, bytes; length 0: index of a segment */
	size_t spilled;			/* segment of the last stored record, of rejects_segment; SIZE_MAX at first */
};

/* memory: limit for keys in bytes, 0 for unlimited. Cleaner, writer and rejects must outlive f. */
void clean_flow_init(struct clean_flow *f, struct cleaner *k, struct rec_writer *out, struct rejects *rejects,
    size_t stride, size_t memory);
void clean_flow_free(struct clean_flow *f);

/*
 * Takes typed rows as ones that came before: a record with the key of one is a duplicate or a conflict. Call before the
 * first clean_flow_batch; not for a schema without a key.
 */
int clean_flow_known(struct clean_flow *f, const struct rec_batch *b);

int clean_flow_batch(struct clean_flow *f, const struct rec_batch *b);	/* -1 fills err */
int clean_flow_finish(struct clean_flow *f);				/* processes what is stored on disk */

#endif

/*
 * Cleans one column of a raw stream by its type, null words and constraints. The rules are those of acct-schema(5).
 *
 * Two paths give the same answer. `put`, chosen once per column, converts the raw field directly and gives up (NULL) on
 * anything unusual: blanks to trim, an escape, a null that is not allowed, a value out of bounds. Then column_judge,
 * which applies the rules step by step, decides.
 */
#ifndef CLEAN_COLUMN_H
#define CLEAN_COLUMN_H

#include "base/mem.h"
#include "clean/change.h"
#include "rec/rec.h"
#include "schema/schema.h"

enum clean_reason {
	CLEAN_GOOD, CLEAN_FIELD_COUNT, CLEAN_QUOTE, CLEAN_ENCODING, CLEAN_MISSING, CLEAN_TYPE, CLEAN_NOT_ALLOWED,
	CLEAN_DUPLICATE, CLEAN_CONFLICT,
	CLEAN_UNIQUE, CLEAN_ORPHAN,
	CLEAN_RULE,		/* under the rule's own name */
	CLEAN_LEFT_OUT,		/* by where: not rejected */
	CLEAN_REASONS
};
extern const char *const clean_reason_name[CLEAN_RULE];

struct column_text {		/* an allowed value, compared as whole words */
	uint8_t text[16];	/* padded with zeros */
	uint32_t n;		/* 0: free */
};

enum { COLUMN_TEXTS = 64 };	/* hash slots for allowed values, a power of 2 */

struct column_listed {		/* an allowed value with a TAB after it, and the mask of its bytes */
	uint64_t bytes[2], mask[2];
};

enum { COLUMN_ROWS = 64 };	/* most records per call of `take` */

struct column_rows {		/* input and output of `take` */
	const uint32_t *start, *n;	/* the fields; for text, the output, relative to base; each followed by a TAB */
	uint32_t own_start[COLUMN_ROWS], own_n[COLUMN_ROWS];
	const uint8_t *base;
	uint64_t nulls;			/* text: bit i set if field i becomes c->null */
	uint64_t code[COLUMN_ROWS];	/* numbers: the typed field and a TAB, */
	uint8_t valid[COLUMN_ROWS];	/* the mask of their bytes, */
	int64_t value[COLUMN_ROWS];	/* and the value; 0 if the number is not valid */
	struct buf store;
};

struct column {
	/*
	 * Writes the typed field and returns its end; NULL: ask column_judge. Reads up to VAL_PAD bytes after p[n],
	 * writes up to 32 bytes beyond the end.
	 */
	uint8_t *(*put)(struct column *c, const uint8_t *p, size_t n, uint8_t *out);
	size_t field;			/* index in the raw record */
	int64_t low, high;		/* narrow types: bounds of what `put` may accept */
	int64_t value;			/* narrow types: the last value accepted, 0 for null */
	uint8_t scale;
	uint8_t null_len;		/* length of the typed null or default; 0: absent, or too long for `put` */
	uint8_t null[VAL_PAD];
	int64_t null_value;
	uint64_t null_lengths;		/* strings: bit n set if a word of n < 64 bytes means null */
	struct column_text *texts;	/* hash table of COLUMN_TEXTS; owned; NULL if unused */
	uint64_t multiplier;		/* of their hash, which is free of collisions */

	/*
	 * `put` for n records at once; their fields are in rows->start and n, repeated up to a multiple of 8. Returns a
	 * mask of the valid ones. NULL if the processor lacks the instructions; then rows is NULL too.
	 */
	uint64_t (*take)(struct column *c, const uint8_t *base, size_t n);
	struct column_rows *rows;	/* owned */
	/* columns of a notation that plain.c rewrites: `put` and `take` of the type's own text */
	uint8_t *(*put_plain)(struct column *c, const uint8_t *p, size_t n, uint8_t *out);
	uint64_t (*take_plain)(struct column *c, const uint8_t *base, size_t n);
	/* `put` only needs to check bytes, bounds and null words */
	bool simple;
	bool coded;			/* `take` makes codes rather than text */
	/* numbers with a faster path: from the low one, this many */
	int64_t plain_low, plain_width;
	uint64_t null_code;		/* c->null with its TAB as a code; 0: nulls not allowed */
	struct column_listed *listed;	/* owned */
	size_t nlisted;

	const struct schema_column *schema;
	bool empty_keep;		/* keep an empty raw string as an empty string */
	char *const *nulls;		/* the column's or the schema's null words */
	size_t nnulls;
	struct buf fallback;		/* the default, typed; empty if there is none */
	struct buf minimum, maximum;	/* typed; empty if there is none */
	bool above, below;		/* values must be above the minimum, below the maximum, rather than equal */
	struct buf allowed;		/* typed values, each after its length of 4 bytes */
	bool changes;			/* values are changed before they are parsed */
	struct clean_change change;
	struct buf original;		/* scratch: the value before it was changed */
	struct buf text;		/* scratch: the value decoded and trimmed, NUL-terminated */
	struct buf typed;		/* scratch: the typed value */
	struct buf plain;		/* scratch: a number as its type has it, for columns with a notation */
};

/* Initializes c; s and its column must outlive it. Cannot fail: the schema has been validated. */
void column_init(struct column *c, const struct schema *s, const struct schema_column *column, size_t field);
void column_free(struct column *c);

/* Initializes only what limits the typed values of a column with sign or compute, for column_judge_typed. */
void column_limits_init(struct column *c, const struct schema_column *column);
enum clean_reason column_judge_typed(struct column *c, const uint8_t *p, size_t n);

/* Decodes and trims the raw field into c->text. */
void column_text(struct column *c, struct rec_field raw);

/*
 * Applies the rules to the raw field of a well-formed row: returns CLEAN_GOOD with the typed field in c->typed, or the
 * reason. In both cases c->text is the trimmed value, for messages.
 */
enum clean_reason column_judge(struct column *c, struct rec_field raw);

/* Parses a text that is no null, as the column's file writes its type, to c->typed. */
bool column_parse(struct column *c, const char *text, size_t n);

/* Returns the number in a typed field of an integer or decimal column; 0 for null. */
i128 column_number(const struct column *c, const uint8_t *typed);

/*
 * Like column_judge, but the typed field goes to `out`, and c->value is set; returns its end, or NULL if it is
 * rejected.
 */
uint8_t *column_put(struct column *c, const uint8_t *p, size_t n, uint8_t *out, enum clean_reason *reason);

/* Returns the most bytes by which a typed field exceeds its raw field. */
size_t column_room(const struct column *c);

/* ---- fast.c ---- */

/* Chooses `put`, and `take`. */
void column_choose(struct column *c);

/*
 * Is a raw text field that is not empty and has no blank at either end its own typed field: UTF-8, its escapes
 * canonical, no tab at an end? VAL_PAD bytes may be read after it.
 */
bool column_text_good(const uint8_t *p, size_t n);

/* Does such a field match the column's pattern, if it has one? False if column_judge must decode it first. */
bool column_text_matched(const struct column *c, const uint8_t *p, size_t n);

/* The same for a column to be computed, which is null until then. */
void column_choose_nothing(struct column *c);

/* ---- plain.c ---- */

/* Does the file write the column's values in a way of its own that can be rewritten as the type has it? */
bool column_has_plain(const struct column *c);

/* `put` and `take` of such a column: rewrite the fields and go on with put_plain and take_plain. */
uint8_t *column_put_plain(struct column *c, const uint8_t *p, size_t n, uint8_t *out);
uint64_t column_take_plain(struct column *c, const uint8_t *base, size_t n);

/* ---- take.c ---- */

/* Chooses `take` for a column whose `put` is known and does more than ask column_judge. */
void column_choose_take(struct column *c);

/* `take` of a column to be computed. */
void column_take_nothing(struct column *c);

/* Returns the sum of the numbers of the rows selected by `rows`. */
int64_t column_sum(const struct column_rows *r, uint64_t rows);

#endif

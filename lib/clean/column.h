/*
 * One column of a raw stream made ready to be cleaned: its type, its nulls, what is allowed. The rules are those of
 * acct-schema(5).
 *
 * Two ways lead to the same answer. `put`, chosen once for the column, goes straight from the raw field to the typed
 * one and gives up (NULL) on whatever is not plainly good: a blank to trim, an escape, a null that must not be, a value
 * out of bounds. Then column_judge, which follows the rules step by step, says what it is.
 */
#ifndef CLEAN_COLUMN_H
#define CLEAN_COLUMN_H

#include "base/mem.h"
#include "rec/rec.h"
#include "schema/schema.h"

enum clean_reason {
	CLEAN_GOOD, CLEAN_FIELD_COUNT, CLEAN_QUOTE, CLEAN_ENCODING, CLEAN_MISSING, CLEAN_TYPE, CLEAN_NOT_ALLOWED,
	CLEAN_DUPLICATE, CLEAN_CONFLICT, CLEAN_REASONS
};
extern const char *const clean_reason_name[CLEAN_REASONS];

struct column_text {		/* an allowed value, for a comparison of whole words */
	uint8_t text[16];	/* zeros behind */
	uint32_t n;		/* 0: none */
};

enum { COLUMN_TEXTS = 64 };	/* slots for allowed values, a power of 2 */

struct column_listed {		/* an allowed value with a TAB behind it, and which of the bytes count */
	uint64_t bytes[2], mask[2];
};

enum { COLUMN_ROWS = 64 };	/* most records that `take` takes */

struct column_rows {		/* what `take` works on and makes */
	const uint32_t *start, *n;	/* the fields; of text, what goes out, by base; a TAB behind each */
	uint32_t own_start[COLUMN_ROWS], own_n[COLUMN_ROWS];
	const uint8_t *base;
	uint64_t nulls;			/* text: bit i where field i becomes c->null */
	uint64_t code[COLUMN_ROWS];	/* numbers: the typed field and a TAB, */
	uint8_t valid[COLUMN_ROWS];	/* a bit for each of their bytes, */
	int64_t value[COLUMN_ROWS];	/* and what they are; 0 where a number is not good */
	struct buf store;
};

struct column {
	/*
	 * Writes the typed field and returns its end; NULL: ask column_judge. VAL_PAD bytes may be read behind p, 32
	 * written behind the end.
	 */
	uint8_t *(*put)(struct column *c, const uint8_t *p, size_t n, uint8_t *out);
	size_t field;			/* in the raw record */
	int64_t low, high;		/* narrow types: what `put` may let pass */
	int64_t value;			/* narrow types: the last that passed, 0 for null */
	uint8_t scale;
	uint8_t null_len;		/* typed form of a null or its default; 0: none, or too long for `put` */
	uint8_t null[VAL_PAD];
	int64_t null_value;
	uint64_t null_lengths;		/* strings: bit n where a word of n < 64 bytes means null */
	struct column_text *texts;	/* COLUMN_TEXTS of them by hash; owned; NULL where not in use */
	uint64_t multiplier;		/* of their hash: no two meet */

	/*
	 * `put` for n records at once, whose fields are in rows->start and n, repeated up to a multiple of 8. Returns
	 * a bit for each that is good. NULL where the processor has no such way; then there are no rows either.
	 */
	uint64_t (*take)(struct column *c, const uint8_t *base, size_t n);
	struct column_rows *rows;	/* owned */
	/* `put` has nothing to look at but the bytes, the bounds and the words for null */
	bool simple;
	bool coded;			/* `take` makes codes, not text */
	/* numbers that are taken with less ado: so many from the low one on, and that */
	int64_t plain_low, plain_width;
	uint64_t null_code;		/* c->null with its TAB as a code; 0: none */
	struct column_listed *listed;	/* owned */
	size_t nlisted;

	const struct schema_column *schema;
	bool empty_keep;		/* an empty raw string is an empty string */
	char *const *nulls;		/* the schema's words */
	size_t nnulls;
	struct buf fallback;		/* the default, typed; empty where there is none */
	struct buf minimum, maximum;	/* typed; empty where there is none */
	struct buf allowed;		/* typed values, a length of 4 bytes before each */
	struct buf text;		/* scratch: the value decoded and trimmed; with a NUL behind */
	struct buf typed;		/* scratch: the value typed */
};

/* Makes ready; s and its column live as long. Nothing fails: the schema has been checked. */
void column_init(struct column *c, const struct schema *s, const struct schema_column *column, size_t field);
void column_free(struct column *c);

/*
 * The rules, on the raw field of a well-formed row: CLEAN_GOOD with the typed field in c->typed, or the reason. Either
 * way c->text is the trimmed value, for messages.
 */
enum clean_reason column_judge(struct column *c, struct rec_field raw);

/* The number in a typed field of an integer or decimal column; 0 for null. */
i128 column_number(const struct column *c, const uint8_t *typed);

/* Most bytes that the column adds to a row beyond those of its raw field. */
size_t column_room(const struct column *c);

/* ---- fast.c ---- */

/* Chooses `put`, and `take`. */
void column_choose(struct column *c);

/*
 * Is a raw field of text, neither empty nor with a blank at an end, its own typed field: UTF-8, its escapes canonical, no tab
 * at an end? VAL_PAD bytes may be read after it.
 */
bool column_text_good(const uint8_t *p, size_t n);

/* Does such a field match the column's pattern, where it has one? False where column_judge has to decode it first. */
bool column_text_matched(const struct column *c, const uint8_t *p, size_t n);

/* ---- take.c ---- */

/* Chooses `take` for a column whose `put` is known, and does more than to ask column_judge. */
void column_choose_take(struct column *c);

/* The sum of the numbers of those rows that `rows` has a bit for. */
int64_t column_sum(const struct column_rows *r, uint64_t rows);

#endif

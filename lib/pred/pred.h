/*
 * Predicates over records: comparisons, null tests, IN, AND, OR, NOT, typed by the columns of a stream, evaluated many
 * records at a time. The logic is SQL's: a comparison with null is unknown, and a row is kept if the whole is true.
 *
 *	predicate = conjunction { OR conjunction }
 *	conjunction = negation { AND negation }
 *	negation = NOT negation | "(" predicate ")" | test
 *	test = operand ( "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" ) operand
 *	     | column IS [ NOT ] NULL
 *	     | column [ NOT ] IN "(" value { "," value } ")"
 *	operand = column | value			at least one of the two is a column
 *	column = bare name | "name"
 *	value = [ "-" | "+" ] number | 'text' | TRUE | FALSE
 */
#ifndef PRED_PRED_H
#define PRED_PRED_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"

enum {
	PRED_MAX_DEPTH = 200,	/* nesting of parentheses and NOTs */
	PRED_CHUNK = 1024	/* most records of one pred_eval */
};

/* AND is the minimum, OR the maximum, NOT is PRED_TRUE minus it. */
enum pred_truth { PRED_FALSE, PRED_UNKNOWN, PRED_TRUE };

enum pred_kind {
	PRED_AND, PRED_OR, PRED_NOT,	/* of the children */
	PRED_COMPARE,			/* column op values[0] */
	PRED_COLUMNS,			/* column op other */
	PRED_IN,			/* column is one of values, in ascending order */
	PRED_NULL			/* column is null */
};

enum pred_op { PRED_EQ, PRED_NE, PRED_LT, PRED_LE, PRED_GT, PRED_GE };

struct pred_value {		/* of the column's type, encoded as in a record; never null */
	const uint8_t *p;
	size_t n;
	uint64_t head;		/* first 8 bytes, big-endian, padded with zeros */
};

/*
 * Returns the first 8 bytes of an encoded value as a number; VAL_PAD bytes must be readable after it. No byte of a
 * value is 0, so different heads order as their values do, and equal heads of values of at most 8 bytes are equal
 * values.
 */
static inline uint64_t
pred_head(const uint8_t *p, size_t n)
{
	uint64_t head;

	memcpy(&head, p, sizeof head);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	head = __builtin_bswap64(head);
#endif
	return n < 8 ? head & ~(UINT64_MAX >> 8 * n) : head;
}

struct pred_node {		/* allocated in the predicate's pool */
	enum pred_kind kind;
	enum pred_op op;
	struct pred_node *child, *next;		/* first child; next child of the parent */
	size_t column, other;			/* indexes in the header */
	struct val_type type, other_type;	/* their types */
	struct pred_value *values;
	size_t nvalues;
};

struct pred {			/* all zero is empty */
	struct pool pool;
	struct pred_node *root;
	uint8_t *scratch;	/* in the pool: PRED_CHUNK results for each level of the tree */
};

/*
 * Parses n bytes of text against the columns of a stream. On failure fills err, with EX_USAGE, and sets *where to the
 * offset of the error in text; see pred_caret. Always release p with pred_free.
 */
int pred_parse(struct pred *p, const char *text, size_t n, const struct rec_header *h, size_t *where, struct msg *err);

/* Evaluates n records of a batch, from record `from`, n <= PRED_CHUNK. */
void pred_eval(const struct pred *p, const struct rec_batch *b, size_t from, size_t n, uint8_t *truth);

void pred_free(struct pred *p);

/*
 * Appends two lines: the text, or as much of it around the position as a terminal shows, and a caret under the
 * position.
 */
void pred_caret(const char *text, size_t n, size_t where, struct buf *out);

#endif

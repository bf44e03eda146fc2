/*
 * The expression language, acct-expr(7): one text, parsed and typed against the columns of a stream, then evaluated
 * many records at a time, a node of its tree after the other.
 *
 * Whole numbers and decimals are exact. What a type cannot hold, what a cast would lose and a division by zero are
 * faults that name the record; null is SQL's third truth. A condition is evaluated from left to right, and what an
 * `and`, an `or`, a case or a coalesce has decided without it is not evaluated for that record.
 */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"

enum {
	EXPR_MAX_DEPTH = 200,		/* nesting, and the height of the tree */
	EXPR_MAX_TEXT = 64 << 10,	/* bytes of a text */
	EXPR_CHUNK = 1024		/* most records of one evaluation */
};

/* AND is the minimum, OR the maximum, NOT is EXPR_TRUE minus it. */
enum expr_truth { EXPR_FALSE, EXPR_UNKNOWN, EXPR_TRUE };

struct expr_parameter {		/* views: `:name` is the value, a text that takes the type of what it meets */
	const char *name, *value;
};

struct expr_scope {		/* what names mean; views that outlive what is parsed with it */
	const struct rec_header *header;
	const struct expr_parameter *parameters;
	size_t nparameters;
	/* aggregates are allowed, by acct-balance: each one met outside another is passed here, see expr/aggregate.h */
	struct expr_aggregates *aggregates;
};

struct expr_encoded {		/* a value of a column's type as in a record, never null; a view */
	const uint8_t *p;
	size_t n;
	uint64_t head;		/* see expr_head */
};

struct expr_node;
struct expr_run;

struct expr {			/* all zero is empty */
	struct pool pool;
	struct expr_node *root;
	struct expr_node *releases;	/* nodes with data of their own */
	struct expr_run *run;	/* scratch of the evaluation */
	const char *text;	/* as given, in the pool: faults quote it */
	struct val_type type;	/* of the result */
	bool required;		/* the result is never null */
};

/*
 * Parses n bytes of text. expr_parse_where demands a truth value as the result. On failure fills err, with EX_USAGE,
 * and sets *where to the offset of the error in text; see expr_caret. Always release e with expr_free.
 */
int expr_parse(struct expr *e, const char *text, size_t n, const struct expr_scope *scope, size_t *where,
    struct msg *err);
int expr_parse_where(struct expr *e, const char *text, size_t n, const struct expr_scope *scope, size_t *where,
    struct msg *err);
void expr_free(struct expr *e);

/* Marks the columns that are read. used has one entry a column. */
void expr_mark_columns(const struct expr *e, bool *used);

/*
 * Calls `each` for every condition that holds for each record a condition keeps: the column is not null, and, unless
 * NULL, within low and high, both included.
 */
void expr_each_bound(const struct expr *e, void (*each)(void *context, size_t column, const struct expr_encoded *low,
    const struct expr_encoded *high), void *context);

/*
 * Tests n records of a batch, from record `from`, n <= EXPR_CHUNK. Returns 0, or -1 with a fault in err: EX_DATAERR,
 * "record 17: 'a / b': division by zero". Records whose `skip` is set (NULL: none) have no faults, and any truth.
 */
int expr_test(struct expr *e, const struct rec_batch *b, size_t from, size_t n, const uint8_t *skip, uint8_t *truth,
    struct msg *err);

/*
 * Evaluates those of n records whose truth is EXPR_TRUE; truth may be NULL. Fails as expr_test does. The values are
 * then encoded with expr_put, the i-th in at most expr_room(e, i) + 16 bytes; valid until the next call with e.
 */
int expr_eval(struct expr *e, const struct rec_batch *b, size_t from, size_t n, const uint8_t *truth, struct msg *err);
size_t expr_room(const struct expr *e, size_t i);
uint8_t *expr_put(const struct expr *e, size_t i, uint8_t *out);

/* The column whose fields the expression passes on unchanged, or SIZE_MAX. */
size_t expr_column(const struct expr *e);

/*
 * Appends two lines: the text, or as much of it around the position as a terminal shows, and a caret under the
 * position.
 */
void expr_caret(const char *text, size_t n, size_t where, struct buf *out);

#endif

/* The tree of an expression, its values and its functions. Private to lib/expr. */
#ifndef EXPR_NODE_H
#define EXPR_NODE_H

#include "expr/expr.h"
#include "expr/wide.h"

struct expr_text {		/* decoded bytes, a view */
	const uint8_t *p;
	size_t n;
};

struct expr_value {		/* one value; the member by the type's kind */
	bool null;
	i128 w;			/* whole numbers, decimals, days, microseconds, truth as 0 or 1 */
	double f;
	struct expr_text s;
};

/* A column of values. Where a record is not asked for, null is set and the value is undefined. */
struct expr_vector {
	uint8_t null[EXPR_CHUNK];
	union {
		i128 w[EXPR_CHUNK];
		double f[EXPR_CHUNK];
		struct expr_text s[EXPR_CHUNK];
	};
	struct expr_vector *next;	/* in the list of free ones */
};

enum expr_kind {
	EXPR_COLUMN,
	EXPR_CONSTANT,			/* value */
	EXPR_INTERVAL,			/* months, value.w microseconds; only beside a date or timestamp */
	EXPR_AND, EXPR_OR, EXPR_NOT,
	EXPR_COMPARE,			/* args[0] op args[1], of comparable types */
	EXPR_DISTINCT,			/* args[0] is distinct from args[1] */
	EXPR_IS_NULL, EXPR_IS,		/* args[0] is null; is the truth in value.w */
	EXPR_LIKE,			/* args[0] like args[1]; escape in value.w or -1; fold: any case */
	EXPR_CAST,			/* args[0] to type */
	EXPR_CASE,			/* args: condition, value, ...; if their number is odd, last the else */
	EXPR_COALESCE,
	EXPR_CALL,			/* function of args */
	/* Conditions tested on the encoded fields of a batch: */
	EXPR_TEST_VALUE,		/* column op values[0] */
	EXPR_TEST_COLUMNS,		/* column op other */
	EXPR_TEST_IN,			/* column is one of values, in ascending order */
	EXPR_TEST_NULL,			/* column is null */
	/* Only between parser and checker: */
	EXPR_BETWEEN, EXPR_IN
};

enum expr_op { EXPR_EQ, EXPR_NE, EXPR_LT, EXPR_LE, EXPR_GT, EXPR_GE };

enum expr_literal {		/* how freely a constant takes the type of what it meets */
	EXPR_TYPED,
	EXPR_TEXT,		/* 'text': dates, timestamps, decimals, float64 */
	EXPR_PARAMETER,		/* :name: any type */
	EXPR_NUMBER,		/* digits: decimals, float64; whole ones int64 beside an integer */
	EXPR_NULL		/* any type */
};

struct expr_node {		/* allocated in the expression's pool */
	enum expr_kind kind;
	enum expr_op op;
	struct val_type type;
	enum expr_literal literal;
	bool required;			/* never null */
	bool safe;			/* a condition that has no faults and decodes nothing */
	bool fold;			/* LIKE: ignore case. CASE: written with a value after CASE */
	bool try;			/* CAST: null instead of a fault */
	uint16_t height;
	enum expr_rounding rounding;	/* of a quotient or a rounding function */
	size_t from, to;		/* its place in the text */
	struct expr_node **args;
	size_t nargs;
	struct expr_value value;	/* of a constant */
	const char *digits;		/* EXPR_NUMBER: as written, with its sign, value.s.n bytes */
	int64_t months;			/* of an interval */
	const struct expr_function *function;
	int number;			/* of a call: what its checker notes for its kernel */
	void *data;			/* likewise, in the pool or owned by `release` */
	void (*release)(void *data);
	struct expr_node *releases;	/* the next node of the expression with a `release` */
	size_t column, other;
	struct val_type other_type;
	struct expr_encoded *values;
	size_t nvalues;
};

struct expr_run {		/* one evaluation: n records of a batch from `from` */
	const struct expr *e;
	const struct rec_batch *b;
	size_t from, n;
	struct expr_vector *spare;	/* free vectors, owned */
	struct expr_vector result;	/* of expr_eval */
	struct pool texts;		/* of this evaluation */
	size_t fault;			/* the first record at fault, or SIZE_MAX */
	const struct expr_node *culprit;
	const char *what;		/* static */
};

struct expr_check {		/* the state of the checker */
	const struct expr_scope *scope;
	struct expr *e;
	struct expr_node *releases;
	size_t *where;
	struct msg *err;
};

/*
 * A function. `check` has typed arguments; it converts them and sets the node's type, returning false after
 * expr_refuse. `row` computes one value of arguments that are not null, unless `nulls`; it returns NULL, or what is at
 * fault.
 */
struct expr_function {
	const char *name;
	uint8_t least, most;		/* arguments; EXPR_MANY: no limit */
	bool nulls;			/* `row` sees nulls too, and sets out->null */
	bool (*check)(struct expr_check *c, struct expr_node *n);
	const char *(*row)(struct expr_run *run, const struct expr_node *n, const struct expr_value *args,
	    struct expr_value *out);
	/* or all records at once; out->null is set where an argument's is */
	void (*all)(struct expr_run *run, const struct expr_node *n, struct expr_vector *const *args,
	    struct expr_vector *out);
};

enum { EXPR_MANY = UINT8_MAX, EXPR_FEW = 8 };	/* EXPR_FEW: most arguments without allocation */

extern const struct expr_function expr_average;	/* of a sum and a count */
extern const struct expr_function expr_between, expr_square, expr_spread, expr_pairs, expr_root;	/* spread.c */
extern const struct expr_function expr_numbers[], expr_texts[], expr_patterns[], expr_dates[];
extern const struct expr_function expr_operators[];

/* The function of this name, or NULL. */
const struct expr_function *expr_function_find(const char *name, size_t n);

/* Says what to write instead of a name of another dialect, or what is near to it; or NULL. */
const char *expr_function_hint(const char *name, size_t n);

/* ---- parse.c ---- */

/* Room for nodes and values in a pool. */
void *expr_alloc(struct pool *pool, size_t n);

struct expr_node *expr_node_new(struct pool *pool, enum expr_kind kind, size_t from, size_t to);
void expr_node_add(struct pool *pool, struct expr_node *n, struct expr_node *arg);

/* ---- types.c ---- */

extern const struct val_type expr_bool, expr_int64, expr_date, expr_timestamp, expr_string, expr_float64;

bool expr_is_int(struct val_type t);
bool expr_is_exact(struct val_type t);		/* an integer or a decimal */
struct val_type expr_as_decimal(struct val_type t);
struct val_type expr_decimal(unsigned digits, unsigned scale);	/* at most 38 digits are kept */
const char *expr_type_name(struct val_type t);	/* in one of four static buffers in turn */

/* Does a whole number or decimal of this type hold v? */
bool expr_holds(struct val_type t, i128 v);

/* ---- check.c ---- */

/* Types a node and all below. Returns the node, or another in its place, or NULL after expr_refuse. */
struct expr_node *expr_check(struct expr_check *c, struct expr_node *n);

/* Fails at a node, with EX_USAGE. Returns false. */
bool expr_refuse(struct expr_check *c, const struct expr_node *n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The node as written, quoted for a message. */
const char *expr_shown(const struct expr *e, const struct expr_node *n);

/* Converts an argument to a type where that loses nothing and needs no cast; else refuses. */
bool expr_take(struct expr_check *c, struct expr_node **arg, struct val_type t);

/* Converts arguments to their common type, which is left in *t; or refuses. */
bool expr_unify(struct expr_check *c, const struct expr_node *n, struct expr_node **args[], size_t nargs,
    struct val_type *t);
bool expr_unify_all(struct expr_check *c, struct expr_node *n, struct val_type *t);

/* Brings two arguments to types that compare. */
bool expr_comparable(struct expr_check *c, struct expr_node **a, struct expr_node **b);

/* Marks a node as required where all its arguments are. Returns true. */
bool expr_strict(struct expr_node *n, struct val_type t);

/* Replaces the type of an argument by a cast. */
struct expr_node *expr_cast_node(struct expr_check *c, struct expr_node *arg, struct val_type t);

/* Calls release(data) when the expression is freed. */
void expr_own(struct expr_check *c, struct expr_node *n, void *data, void (*release)(void *));

/* ---- of one folder's file for another's ---- */

/* Types + and - with a date, a timestamp or an interval. Returns false where there is none of them. */
bool expr_date_sum(struct expr_check *c, struct expr_node *n);

/* The day that current_date is: UTC's, or that of ACCT_NOW. */
int64_t expr_today(void);

/* || */
bool expr_check_join(struct expr_check *c, struct expr_node *n);
const char *expr_join_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a,
    struct expr_value *out);

/* ---- eval.c, test.c, cast.c ---- */

/* Evaluates a node for the records whose `asked` is set (NULL: all). */
void expr_node_eval(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out);
void expr_node_truth(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, uint8_t *truth);

struct expr_vector *expr_vector_take(struct expr_run *run);
void expr_vector_give(struct expr_run *run, struct expr_vector *v);

/* Notes a fault of record i of the run; the first record at fault is reported. Sets the value to null. */
void expr_fault(struct expr_run *run, const struct expr_node *n, size_t i, const char *what, struct expr_vector *out);

struct expr_value expr_vector_get(const struct expr_vector *v, struct val_type t, size_t i);
void expr_vector_set(struct expr_vector *v, struct val_type t, size_t i, const struct expr_value *value);

void expr_test_eval(const struct expr_node *n, const struct rec_batch *b, size_t from, size_t n_records,
    uint8_t *truth);

/* Turns a comparison, an IN or an IS NULL of columns and constants into a test of encoded fields, where it is one. */
void expr_test_make(struct expr *e, struct expr_node *n);

/* Truth of each comparison, by enum expr_op, if the left side is below, equal to, above the right one. */
extern const uint8_t expr_outcomes[][3];

/* -1, 0 or 1; types are of one kind, or both exact. NaN equals itself and is above all. */
int expr_order(struct val_type a, const struct expr_value *x, struct val_type b, const struct expr_value *y);

/* Encodes a value; returns its length. out has room for 2 * s.n + VAL_WIDE_MAX bytes. */
size_t expr_encode(struct val_type t, const struct expr_value *v, uint8_t *out);

/* Does a text match a LIKE pattern? escape is a byte, or -1. Both are UTF-8, or compared by bytes. */
bool expr_like(struct expr_text s, struct expr_text pattern, int escape, bool fold);

/* Converts one value that is not null; texts it makes are in the pool. Returns NULL, or what is at fault. */
const char *expr_convert(struct pool *pool, struct val_type from, struct val_type to, const struct expr_value *v,
    struct expr_value *out);

/* Can values of one type be cast to another? */
bool expr_castable(struct val_type from, struct val_type to);

/*
 * Returns the first 8 bytes of an encoded value as a number; VAL_PAD bytes must be readable after it. No byte of a
 * value is 0, so different heads order as their values do, and equal heads of values of at most 8 bytes are equal
 * values.
 */
static inline uint64_t
expr_head(const uint8_t *p, size_t n)
{
	uint64_t head;

	memcpy(&head, p, sizeof(head));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	head = __builtin_bswap64(head);
#endif
	return n < 8 ? head & ~(UINT64_MAX >> 8 * n) : head;
}

#endif

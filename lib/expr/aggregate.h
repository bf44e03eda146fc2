/*
 * Aggregates inside expressions, for acct-balance: each call is taken out of its expression, typed over the columns of
 * the input, and replaced by a column of what is computed from the groups.
 *
 *	aggregate = function "(" [ [ DISTINCT ] expression { "," expression } ] ")" [ FILTER "(" WHERE expression ")" ]
 */
#ifndef EXPR_AGGREGATE_H
#define EXPR_AGGREGATE_H

#include "expr/expr.h"

struct expr_aggregate {
	const char *function;	/* static: "sum" */
	const char *label;	/* static: what the column is named for, "avg" */
	const char *text;	/* as written, in the list's pool */
	struct expr args[2];	/* over the input's columns; the filter makes them null */
	const char *names[2];	/* their texts, in the list's pool */
	size_t nargs;
	struct val_type type;
	bool required;
	int64_t share;		/* of a quantile: share / 10^digits, 0 to 1 */
	unsigned digits;
	const char *separator;	/* of string_agg, nseparator bytes in the list's pool */
	size_t nseparator;
};

struct expr_aggregates {	/* all zero is empty */
	struct pool pool;
	struct expr_aggregate *list;
	size_t n;
	size_t first;		/* the column of the first of them, after those of the key */
	const size_t *keys;	/* `first` columns of the input that an expression may name outside of aggregates */
	bool inside;		/* while the arguments of one are parsed */
};

/* Releases the aggregates; the expressions that they were part of are released before. */
void expr_aggregates_free(struct expr_aggregates *a);

/* ---- a batch computed from another ---- */

struct expr_batch {		/* all zero is empty */
	struct buf bytes;
	uint32_t *off;
	struct rec_batch b;	/* views, until the next call */
};

/*
 * Makes n records, n <= EXPR_CHUNK, whose fields are those expressions of a batch's records, from `from` on. Fails as
 * expr_eval does.
 */
int expr_batch_make(struct expr_batch *eb, struct expr *const *exprs, size_t nexprs, const struct rec_batch *b,
    size_t from, size_t n, struct msg *err);
void expr_batch_free(struct expr_batch *eb);

#endif

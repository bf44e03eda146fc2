/* The parser: text to an untyped tree. Private to lib/expr. */
#ifndef EXPR_PARSE_H
#define EXPR_PARSE_H

#include "expr/lex.h"
#include "expr/node.h"

struct expr_parser {
	struct lex lex;
	struct pool *pool;
	const struct expr_scope *scope;
	unsigned depth;		/* nesting at the current token */
};

void expr_parser_start(struct expr_parser *ps, struct pool *pool, const char *text, size_t n,
    const struct expr_scope *scope, size_t *where, struct msg *err);

/* Parses an expression up to the first token that does not belong to it. Returns NULL on failure. */
struct expr_node *expr_parser_expression(struct expr_parser *ps);

/* Is a name that of an aggregate? Parses one after its "("; the scope has aggregates. */
bool expr_is_aggregate(const struct lex *name);
struct expr_node *expr_parser_aggregate(struct expr_parser *ps, const struct lex *name);

/* The name that an aggregate, or a column of the key, has of itself: sum_amount; NULL for what has none. */
const char *expr_aggregate_name(struct expr_aggregates *all, const struct expr_node *n, const struct rec_header *h);

/* Types a parsed tree as an expression of its own. Both fill *e, which has the tree's pool, or fail. */
int expr_finish(struct expr *e, struct expr_node *root, const struct expr_scope *scope, bool truth, size_t *where,
    struct msg *err);

#endif

/*
 * Lists of items: the columns of an output stream, their names and what they are computed from.
 *
 *	items = item { "," item }
 *	item = "*" [ EXCLUDE "(" name { "," name } ")" ] | column | name "=" expression
 *	     | name "=" "@" word				a word of the header, the same in every record
 */
#ifndef EXPR_ITEMS_H
#define EXPR_ITEMS_H

#include "expr/expr.h"

struct expr_item {
	const char *name;	/* in the list's pool */
	const char *word;	/* the header word that gives the text, null if the header lacks it; or NULL */
	struct expr expr;	/* without a word */
	struct val_type type;
	bool required;
};

struct expr_items {		/* all zero is empty */
	struct pool pool;
	struct expr_item *items;
	size_t n;
	bool without_first;	/* an exclude names the input's first column */
};

/*
 * Parses n bytes of text and adds what they list; fails as expr_parse does. Always release with expr_items_free.
 */
int expr_items_parse(struct expr_items *it, const char *text, size_t n, const struct expr_scope *scope, size_t *where,
    struct msg *err);

/* Makes the output stream's header: key columns stay flagged if all of them are present. */
void expr_items_header(const struct expr_items *it, const struct rec_header *in, struct rec_header *out);

/* The column that an item passes on unchanged, or SIZE_MAX. */
size_t expr_item_column(const struct expr_item *item);

void expr_items_free(struct expr_items *it);

#endif

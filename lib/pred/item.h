/*
 * Select items: which columns a stream is to have, under which names, and sums and differences of columns.
 *
 *	items = item { "," item }
 *	item = [ name "=" ] column { ( "+" | "-" ) column }		a sum has a name
 *	     | name "=" ( 'text' | "@" word )				the same in every record
 */
#ifndef PRED_ITEM_H
#define PRED_ITEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"

struct pred_term {
	size_t column;
	bool minus;
};

struct pred_item {
	const char *name;	/* in the pool */
	struct pred_term *terms;
	size_t nterms;		/* 1: the column as it is; 0: a text */
	const char *text;	/* of no term: the text, ntext bytes, in the pool; or NULL */
	size_t ntext;
	const char *word;	/* or the word of the header, whose value it is; null where the header has none */
	struct val_type type;	/* of texts string; of sums: int64 for integers; for decimals that of the widest term */
	bool required;		/* all terms are never null */
};

struct pred_items {		/* all zero is an empty one */
	struct pool pool;
	struct pred_item *items;
	size_t n;
};

/* Parses n bytes of text against a stream's columns; fails as pred_parse does. Either way it is to be freed. */
int pred_items_parse(struct pred_items *it, const char *text, size_t n, const struct rec_header *h, size_t *where,
    struct msg *err);

/* The header of a stream of the items: key columns stay flagged if all of them are there. */
void pred_items_header(const struct pred_items *it, const struct rec_header *in, struct rec_header *out);

/* The sum of a record's terms: 1, or 0 where one is null, or -1 where its type cannot hold it. */
int pred_item_sum(const struct pred_item *it, struct rec r, i128 *sum);

void pred_items_free(struct pred_items *it);

#endif

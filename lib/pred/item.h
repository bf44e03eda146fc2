/*
 * Select items: the columns of the output stream, their names, and sums and differences of columns.
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
	size_t nterms;		/* 1: a column unchanged; 0: a text */
	const char *text;	/* without terms: the text, ntext bytes, in the pool; or NULL */
	size_t ntext;
	const char *word;	/* or the header word that gives the text; null if the header lacks it */
	struct val_type type;	/* of texts: string; of integer sums: int64; of decimal sums: the widest term's */
	bool required;		/* no term is ever null */
};

struct pred_items {		/* all zero is empty */
	struct pool pool;
	struct pred_item *items;
	size_t n;
};

/* Parses n bytes of text against a stream's columns; fails as pred_parse does. Always release with pred_items_free. */
int pred_items_parse(struct pred_items *it, const char *text, size_t n, const struct rec_header *h, size_t *where,
    struct msg *err);

/* Makes the output stream's header: key columns stay flagged if all of them are present. */
void pred_items_header(const struct pred_items *it, const struct rec_header *in, struct rec_header *out);

/* Sums a record's terms: 1, or 0 if one is null, or -1 if its type cannot hold the sum. */
int pred_item_sum(const struct pred_item *it, struct rec r, i128 *sum);

void pred_items_free(struct pred_items *it);

#endif

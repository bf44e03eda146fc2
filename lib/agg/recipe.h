/*
 * What a stream of states was made by: the words of its header from which acct-balance plans the same again. They are
 * all called states.*: the columns that were read, the key and the aggregates as written, the sides, and parameters.
 */
#ifndef AGG_RECIPE_H
#define AGG_RECIPE_H

#include "base/msg.h"
#include "rec/rec.h"

struct agg_words_list {		/* texts, in the order given */
	char **list;
	size_t n;
};

struct agg_recipe {		/* owned; all zero is empty */
	struct rec_header input;	/* the columns that were read */
	char *key, *side;		/* or NULL */
	struct agg_words_list items, credit, debit, define;	/* define: NAME=VALUE */
};

void agg_recipe_add(struct agg_words_list *list, const char *text);
void agg_recipe_free(struct agg_recipe *r);

/* Sets the words of a recipe in a header. `partial`: the states are those of changes. */
void agg_recipe_put(const struct agg_recipe *r, bool partial, struct rec_header *out);

/* Reads them. Fills err with EX_DATAERR where the header has none, or they are invalid. */
int agg_recipe_get(struct agg_recipe *r, const struct rec_header *h, struct msg *err);

/* Has a header the words of another recipe than the first one? One without any, as of a table, has not. */
bool agg_recipe_differs(const struct rec_header *first, const struct rec_header *h);

/* Are the states those of changes alone? */
bool agg_recipe_is_partial(const struct rec_header *h);

#endif

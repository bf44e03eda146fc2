/* The words of a header that say what its states are made by. */
#include "agg/recipe.h"

#include <stdlib.h>
#include <string.h>

#define WORD "states."
#define INPUT WORD "input"
#define PARTIAL WORD "changes"

void
agg_recipe_add(struct agg_words_list *list, const char *text)
{
	list->list = xreallocarray(list->list, list->n + 1, sizeof(*list->list));
	list->list[list->n++] = xstrdup(text);
}

static void
free_list(struct agg_words_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->list[i]);
	free(list->list);
}

void
agg_recipe_free(struct agg_recipe *r)
{
	rec_header_free(&r->input);
	free(r->key);
	free(r->side);
	free_list(&r->items);
	free_list(&r->credit);
	free_list(&r->debit);
	free_list(&r->define);
	*r = (struct agg_recipe){ 0 };
}

static void
put_list(const struct agg_words_list *list, const char *word, struct rec_header *out)
{
	for (size_t i = 0; i < list->n; i++) {
		char *key = xasprintf(WORD "%s.%zu", word, i + 1);

		rec_header_set_word(out, key, list->list[i]);
		free(key);
	}
}

void
agg_recipe_put(const struct agg_recipe *r, bool partial, struct rec_header *out)
{
	struct buf line = { 0 };

	rec_header_put(&r->input, &line);
	rec_header_set_word(out, INPUT, buf_cstr(&line));
	buf_free(&line);
	if (r->key != NULL)
		rec_header_set_word(out, WORD "key", r->key);
	if (r->side != NULL)
		rec_header_set_word(out, WORD "side", r->side);
	put_list(&r->credit, "credit", out);
	put_list(&r->debit, "debit", out);
	put_list(&r->define, "define", out);
	put_list(&r->items, "item", out);
	if (partial)
		rec_header_set_word(out, PARTIAL, "1");
}

static void
get_list(struct agg_words_list *list, const char *word, const struct rec_header *h)
{
	const char *text;

	do {
		char *key = xasprintf(WORD "%s.%zu", word, list->n + 1);

		text = rec_header_word(h, key);
		free(key);
		if (text != NULL)
			agg_recipe_add(list, text);
	} while (text != NULL);
}

int
agg_recipe_get(struct agg_recipe *r, const struct rec_header *h, struct msg *err)
{
	const char *input = rec_header_word(h, INPUT), *word;

	*r = (struct agg_recipe){ 0 };
	if (input == NULL)
		return msg_set(err, EX_DATAERR, "not a stream of states, which acct-balance --states writes");
	if (rec_header_parse(&r->input, (const uint8_t *)input, strlen(input), err) < 0)
		return -1;
	if ((word = rec_header_word(h, WORD "key")) != NULL)
		r->key = xstrdup(word);
	if ((word = rec_header_word(h, WORD "side")) != NULL)
		r->side = xstrdup(word);
	get_list(&r->credit, "credit", h);
	get_list(&r->debit, "debit", h);
	get_list(&r->define, "define", h);
	get_list(&r->items, "item", h);
	return r->items.n > 0 ? 0 : msg_set(err, EX_DATAERR, "the header's words name no aggregate");
}

static bool
is_recipe(const struct rec_word *w)
{
	return strncmp(w->key, WORD, sizeof(WORD) - 1) == 0 && strcmp(w->key, PARTIAL) != 0;
}

/* Are all the recipe's words of one header the same in another? */
static bool
has_words(const struct rec_header *h, const struct rec_header *of)
{
	for (size_t i = 0; i < of->nwords; i++) {
		const char *word = is_recipe(&of->words[i]) ? rec_header_word(h, of->words[i].key) : NULL;

		if (is_recipe(&of->words[i]) && (word == NULL || strcmp(word, of->words[i].value) != 0))
			return false;
	}
	return true;
}

bool
agg_recipe_differs(const struct rec_header *first, const struct rec_header *h)
{
	return rec_header_word(h, INPUT) != NULL && (!has_words(first, h) || !has_words(h, first));
}

bool
agg_recipe_is_partial(const struct rec_header *h)
{
	return rec_header_word(h, PARTIAL) != NULL;
}

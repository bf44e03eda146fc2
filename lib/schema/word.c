/* Values that words of more than one kind have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/load.h"

int
schema_read_value(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)word;
	*(char **)to = xstrdup(schema_text(l));
	return 0;
}

int
schema_read_text(struct schema_loader *l, const struct schema_word *word, void *to)
{
	if (*schema_text(l) == '\0')
		return schema_fault(l, schema_here(l), "missing value for", word->name);
	return schema_read_value(l, word, to);
}

int
schema_read_yes(struct schema_loader *l, const struct schema_word *word, void *to)
{
	static const char *const words[] = { "no", "false", "yes", "true" };
	size_t i;

	(void)word;
	for (i = 0; i < 4; i++)
		if (strcmp(schema_text(l), words[i]) == 0 && schema_is_plain(l)) {
			*(bool *)to = i >= 2;
			return 0;
		}
	return schema_fault(l, schema_here(l), "expected yes or no", schema_text(l));
}

int
schema_either(struct schema_loader *l, const char *yes, const char *no, bool *to)
{
	char what[64];

	*to = strcmp(schema_text(l), yes) == 0;
	if (*to || strcmp(schema_text(l), no) == 0)
		return 0;
	snprintf(what, sizeof(what), "expected %s or %s", yes, no);
	return schema_fault(l, schema_here(l), what, schema_text(l));
}

/* Reads a list of the schema or of a column, whose items' places are kept for the checks. */
int
schema_read_list(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_texts t = { NULL, NULL, 0 };
	int status = schema_texts_read(l, word->name, word == &schema_column_words[SCHEMA_C_NULLS], &t);

	*(struct schema_list *)to = (struct schema_list){ t.word, t.n };
	if (l->column != NULL)
		l->list_at[word - schema_column_words] = t.place;
	else
		free(t.place);
	return status;
}

struct regex *
schema_pattern_compile(struct schema_loader *l, struct schema_place at, const char *pattern)
{
	struct regex_fault why;
	struct regex *regex = regex_compile(pattern, strlen(pattern), &why);
	char *piece;

	if (regex != NULL)
		return regex;
	piece = xstrndup(pattern + why.at, why.n);
	schema_fault(l, at, why.what, piece);
	free(piece);
	return NULL;
}

/* Adds the pair of a mapping whose word is the event. */
static int
read_pair(struct schema_loader *l, const struct schema_word *word, struct schema_pairs *to, struct schema_texts *t)
{
	struct schema_pair *p;
	size_t i;

	if (l->event.type != YAML_SCALAR_EVENT)
		return schema_fault(l, schema_here(l), "expected a text in", word->name);
	for (i = 0; i < to->n; i++)
		if (strcmp(to->pair[i].from, schema_text(l)) == 0)
			return schema_fault(l, schema_here(l), "given twice", schema_text(l));
	schema_texts_add(l, t);
	to->pair = xreallocarray(to->pair, to->n + 1, sizeof(*to->pair));
	p = &to->pair[to->n++];
	*p = (struct schema_pair){ .from = xstrdup(schema_text(l)) };
	if (schema_step(l) == -1 || schema_want_text(l, word->name) == -1)
		return -1;
	p->to = xstrdup(schema_text(l));
	return 0;
}

/* Reads map or replace, a mapping of texts to texts. */
int
schema_read_pairs(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_pairs *pairs = to;
	struct schema_texts t = { NULL, NULL, 0 };
	int status = l->event.type == YAML_MAPPING_START_EVENT ? 0 :
	    schema_fault(l, schema_here(l), "expected a mapping for", word->name);

	while (status == 0 && (status = schema_step(l)) == 0 && l->event.type != YAML_MAPPING_END_EVENT)
		status = read_pair(l, word, pairs, &t);
	if (status == 0 && pairs->n == 0)
		status = schema_fault(l, schema_here(l), "an empty mapping for", word->name);
	l->list_at[word - schema_column_words] = t.place;
	t.place = NULL;
	schema_texts_free(&t);
	return status;
}

int
schema_choice(struct schema_loader *l, const char *const *words, size_t n, const char *expected)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(schema_text(l), words[i]) == 0)
			return (int)i;
	return schema_fault(l, schema_here(l), expected, schema_text(l));
}

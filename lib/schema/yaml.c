/* Events of YAML, and the lists and mappings made of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "schema/load.h"

/* Words that a column no longer has, and those in their place. */
static const struct {
	const char *old, *now;
} renamed[] = {
	{ "allowed", "enum" },
	{ "date_format", "format" }
};

/* Returns the text of a scalar event. */
const char *
schema_text(const struct schema_loader *l)
{
	return (const char *)l->event.data.scalar.value;
}

/*
 * Advances to the next event. Rejects anchors, aliases and tags: a schema needs none, and aliases can make a document
 * grow without bound.
 */
int
schema_step(struct schema_loader *l)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	yaml_event_delete(&l->event);
	if (!yaml_parser_parse(&l->yaml, &l->event))
		return schema_yaml_fault(l);
	switch (l->event.type) {
	case YAML_ALIAS_EVENT:
		return schema_fault(l, schema_here(l), "aliases are not supported",
		    (const char *)l->event.data.alias.anchor);
	case YAML_SCALAR_EVENT:
		anchor = l->event.data.scalar.anchor;
		tag = l->event.data.scalar.tag;
		if (memchr(l->event.data.scalar.value, '\0', l->event.data.scalar.length) != NULL)
			return schema_fault(l, schema_here(l), "a NUL in a text", schema_text(l));
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = l->event.data.sequence_start.anchor;
		tag = l->event.data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = l->event.data.mapping_start.anchor;
		tag = l->event.data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor != NULL)
		return schema_fault(l, schema_here(l), "anchors are not supported", (const char *)anchor);
	if (tag != NULL)
		return schema_fault(l, schema_here(l), "tags are not supported", (const char *)tag);
	return 0;
}

bool
schema_is_plain(const struct schema_loader *l)
{
	return l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* Is the event a scalar? An empty scalar without quotes is a missing value. */
int
schema_want_text(struct schema_loader *l, const char *word)
{
	if (l->event.type != YAML_SCALAR_EVENT)
		return schema_fault(l, schema_here(l), "expected one value for", word);
	if (*schema_text(l) == '\0' && schema_is_plain(l))
		return schema_fault(l, schema_here(l), "missing value for", word);
	return 0;
}

void
schema_texts_add(struct schema_loader *l, struct schema_texts *t)
{
	if ((t->n & (t->n - 1)) == 0) {		/* full: a power of two, or still empty */
		size_t room = t->n == 0 ? 1 : 2 * t->n;

		t->word = xreallocarray(t->word, room, sizeof(*t->word));
		t->place = xreallocarray(t->place, room, sizeof(*t->place));
	}
	t->place[t->n] = schema_here(l);
	t->word[t->n++] = xstrdup(schema_text(l));
}

int
schema_items_read(struct schema_loader *l, const char *word,
    int (*item)(struct schema_loader *l, const char *word, void *to), void *to)
{
	if (l->event.type != YAML_SEQUENCE_START_EVENT)
		return schema_fault(l, schema_here(l), "expected a list for", word);
	for (;;) {
		if (schema_step(l) == -1)
			return -1;
		if (l->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (item(l, word, to) == -1)
			return -1;
	}
}

static int
read_text_item(struct schema_loader *l, const char *word, void *to)
{
	if (schema_want_text(l, word) == -1)
		return -1;
	schema_texts_add(l, to);
	return 0;
}

/* Reads a list of texts, or a single one. */
int
schema_texts_read(struct schema_loader *l, const char *word, bool may_be_empty, struct schema_texts *t)
{
	if (l->event.type == YAML_SCALAR_EVENT)
		return read_text_item(l, word, t);
	if (schema_items_read(l, word, read_text_item, t) == -1)
		return -1;
	return t->n > 0 || may_be_empty ? 0 : schema_fault(l, schema_here(l), "an empty list for", word);
}

void
schema_texts_free(struct schema_texts *t)
{
	while (t->n > 0)
		free(t->word[--t->n]);
	free(t->word);
	free(t->place);
	*t = (struct schema_texts){ NULL, NULL, 0 };
}

static int
unknown_word(struct schema_loader *l, const struct schema_word *words, size_t nwords, const char *of)
{
	struct near near;
	char what[64];
	size_t i;

	snprintf(what, sizeof(what), "unknown word of %s", of);
	for (i = 0; l->column != NULL && i < sizeof(renamed) / sizeof(*renamed); i++)
		if (strcmp(schema_text(l), renamed[i].old) == 0) {
			char hint[64];

			snprintf(hint, sizeof(hint), "; it is now '%s'", renamed[i].now);
			return schema_fault_near(l, schema_here(l), what, schema_text(l), hint);
		}
	near_start(&near, schema_text(l));
	for (i = 0; i < nwords; i++)
		near_try(&near, words[i].name);
	return schema_fault_near(l, schema_here(l), what, schema_text(l), near_hint(&near));
}

static int
read_value(struct schema_loader *l, const struct schema_word *word, void *base)
{
	if (!word->many && schema_want_text(l, word->name) == -1)
		return -1;
	return word->read(l, word, (char *)base + word->offset);
}

int
schema_words_read(struct schema_loader *l, const struct schema_word *words, size_t nwords, struct schema_place *at,
    void *base, const char *of)
{
	size_t i;

	for (;;) {
		if (schema_step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (l->event.type != YAML_SCALAR_EVENT)
			return schema_fault(l, schema_here(l), "expected a word", NULL);
		for (i = 0; i < nwords && strcmp(schema_text(l), words[i].name) != 0; i++)
			continue;
		if (i == nwords)
			return unknown_word(l, words, nwords, of);
		if (at[i].line != 0)
			return schema_fault(l, schema_here(l), "given twice", words[i].name);
		if (schema_step(l) == -1)
			return -1;
		at[i] = schema_here(l);
		if (read_value(l, &words[i], base) == -1)
			return -1;
	}
}

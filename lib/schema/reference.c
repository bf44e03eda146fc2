/* The word references of a schema: columns whose values together should be found in a row of another table. */
#include <stdlib.h>
#include <string.h>

#include "schema/load.h"

/* Reads the mapping of the table's columns to those of the other one. */
static int
read_columns(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_reference *r = to;

	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, schema_here(l), "expected a mapping for", word->name);
	for (;;) {
		if (schema_step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (schema_want_text(l, word->name) == -1)
			return -1;
		r->columns = xreallocarray(r->columns, r->n + 1, sizeof(*r->columns));
		r->columns[r->n++] = (struct schema_reference_column){ .own = xstrdup(schema_text(l)),
		    .at = schema_here(l) };
		if (schema_step(l) == -1 || schema_want_text(l, r->columns[r->n - 1].own) == -1)
			return -1;
		r->columns[r->n - 1].other = xstrdup(schema_text(l));
	}
	return r->n > 0 ? 0 : schema_fault(l, schema_here(l), "an empty mapping for", word->name);
}

int
schema_read_orphans(struct schema_loader *l, const struct schema_word *word, void *to)
{
	static const char *const words[] = { [SCHEMA_ORPHANS_KEEP] = "keep", [SCHEMA_ORPHANS_STOP] = "stop",
	    [SCHEMA_ORPHANS_REJECT] = "reject" };
	int chosen = schema_choice(l, words, sizeof(words) / sizeof(*words), "expected keep, stop or reject");

	(void)word;
	if (chosen < 0)
		return -1;
	*(enum schema_orphans *)to = (enum schema_orphans)chosen;
	return 0;
}

enum { TABLE, COLUMNS, ORPHANS, WORDS };

static const struct schema_word words[WORDS] = {
	[TABLE] = { "table", schema_read_text, offsetof(struct schema_reference, table), false },
	[COLUMNS] = { "columns", read_columns, 0, true },
	[ORPHANS] = { "orphans", schema_read_orphans, offsetof(struct schema_reference, orphans), false }
};

static int
read_reference(struct schema_loader *l, const char *of, void *to)
{
	struct schema *s = l->schema;
	struct schema_place at[WORDS] = { 0 }, here = schema_here(l);
	struct schema_reference *r;

	(void)to;
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, here, "expected table and columns for", of);
	s->references = xreallocarray(s->references, s->nreferences + 1, sizeof(*s->references));
	r = &s->references[s->nreferences++];
	*r = (struct schema_reference){ .at = here };
	if (schema_words_read(l, words, WORDS, at, r, "a reference") == -1)
		return -1;
	if (r->table == NULL || r->n == 0)
		return schema_fault(l, here, "missing word of a reference", r->table == NULL ? "table" : "columns");
	return 0;
}

int
schema_references_read(struct schema_loader *l, const struct schema_word *word, void *to)
{
	return schema_items_read(l, word->name, read_reference, to);
}

bool
schema_rejects_orphans(const struct schema *s)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].references_table != NULL && s->columns[i].orphans == SCHEMA_ORPHANS_REJECT)
			return true;
	for (i = 0; i < s->nreferences; i++)
		if (s->references[i].orphans == SCHEMA_ORPHANS_REJECT)
			return true;
	return false;
}

int
schema_references_check(struct schema_loader *l)
{
	const struct schema *s = l->schema;
	size_t i, k, c;

	for (i = 0; i < s->nreferences; i++)
		for (k = 0; k < s->references[i].n; k++) {
			const struct schema_reference_column *own = &s->references[i].columns[k];

			for (c = 0; c < s->ncolumns && strcmp(s->columns[c].name, own->own) != 0; c++)
				continue;
			if (c == s->ncolumns)
				return schema_no_column(l, own->at, "references: no such column", own->own);
		}
	return 0;
}

void
schema_references_free(struct schema *s)
{
	while (s->nreferences > 0) {
		struct schema_reference *r = &s->references[--s->nreferences];

		while (r->n > 0) {
			r->n--;
			free(r->columns[r->n].own);
			free(r->columns[r->n].other);
		}
		free(r->columns);
		free(r->table);
	}
	free(s->references);
}

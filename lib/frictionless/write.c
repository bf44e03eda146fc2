#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "frictionless/frictionless.h"

static void
leave(struct buf *left, const struct schema_column *c, const char *word)
{
	if (c != NULL)
		buf_addf(left, "column %s: %s\n", msg_quotes(c->name), word);
	else
		buf_addf(left, "%s\n", word);
}

static void
set_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(o, key, json_string(text));
}

static json_t *
list_of(const struct schema_list *list)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < list->n; i++)
		json_array_append_new(a, json_string(list->word[i]));
	return a;
}

/* ---- a column ---- */

static const char *
type_of(struct val_type t)
{
	static const char *const types[VAL_KINDS] = { "boolean", "integer", "integer", "number", "date", "datetime",
	    "number", "string" };

	return types[t.kind];
}

static json_t *
constraints_of(const struct schema_column *c, struct buf *left)
{
	json_t *o = json_object();

	if (c->required)
		json_object_set_new(o, "required", json_true());
	if (c->unique)
		json_object_set_new(o, "unique", json_true());
	set_text(o, "pattern", c->pattern);
	if (c->min_length > 0)
		json_object_set_new(o, "minLength", json_integer((json_int_t)c->min_length));
	if (c->max_length < SIZE_MAX)
		json_object_set_new(o, "maxLength", json_integer((json_int_t)c->max_length));
	if (c->nformats > 0 || c->notation != NULL) {
		if (c->minimum != NULL || c->maximum != NULL || c->exclusive_minimum != NULL ||
		    c->exclusive_maximum != NULL || c->allowed.n > 0)
			leave(left, c, "bounds and enum of a column with format or amounts of its own");
		return o;
	}
	set_text(o, "minimum", c->minimum);
	set_text(o, "maximum", c->maximum);
	set_text(o, "exclusiveMinimum", c->exclusive_minimum);
	set_text(o, "exclusiveMaximum", c->exclusive_maximum);
	if (c->allowed.n > 0)
		json_object_set_new(o, "enum", list_of(&c->allowed));
	return o;
}

static void
set_notation(json_t *o, const struct schema_column *c, struct buf *left)
{
	const struct val_notation *w = c->notation;

	if (w == NULL)
		return;
	if (w->point != '.')
		json_object_set_new(o, "decimalChar", json_string(","));
	if (w->ngroups > 0)
		json_object_set_new(o, "groupChar", json_string(w->groups[0]));
	if (w->ngroups > 1)
		leave(left, c, "group_char beyond the first");
	if (w->negative != 0)
		leave(left, c, "negative");
	if (w->ncurrencies > 0)
		leave(left, c, "currency");
	if (w->nsuffixes > 0)
		leave(left, c, "suffix");
}

/* Lists the words of a column that Frictionless does not have. */
static void
leave_words(const struct schema_column *c, struct buf *left)
{
	if (c->sources.n > 1)
		leave(left, c, "source beyond the first");
	if (c->nformats > 1)
		leave(left, c, "format beyond the first");
	if (c->default_text != NULL)
		leave(left, c, "default");
	if (c->replace.n > 0)
		leave(left, c, "replace");
	if (c->letters != SCHEMA_CASE_KEEP)
		leave(left, c, "case");
	if (c->map.n > 0)
		leave(left, c, "map");
	if (c->empty != SCHEMA_EMPTY_TABLE)
		leave(left, c, "empty");
	if (c->zone != NULL)
		leave(left, c, "zone");
	if (c->sign.column != NULL)
		leave(left, c, "sign");
	if (c->century != NUM_CENTURY)
		leave(left, c, "century");
	if (c->orphans != SCHEMA_ORPHANS_KEEP)
		leave(left, c, "orphans");
}

static json_t *
field_of(const struct schema_column *c, struct buf *left)
{
	json_t *o = json_object(), *constraints = constraints_of(c, left);
	char type[NUM_TEXT];

	type[val_type_put(type, c->type)] = '\0';
	set_text(o, "name", c->source);
	set_text(o, "type", type_of(c->type));
	set_text(o, "acct:type", type);
	if (strcmp(c->source, c->name) != 0)
		set_text(o, "acct:name", c->name);
	set_text(o, "format", c->nformats > 0 ? c->format_texts.word[0] : NULL);
	set_text(o, "title", c->title);
	set_text(o, "description", c->description);
	if (c->own_nulls)
		json_object_set_new(o, "missingValues", list_of(&c->nulls));
	if (c->true_values.n > 0)
		json_object_set_new(o, "trueValues", list_of(&c->true_values));
	if (c->false_values.n > 0)
		json_object_set_new(o, "falseValues", list_of(&c->false_values));
	set_notation(o, c, left);
	if (json_object_size(constraints) > 0)
		json_object_set(o, "constraints", constraints);
	json_decref(constraints);
	leave_words(c, left);
	return o;
}

/* ---- the table ---- */

static json_t *
keys_of(const struct schema *s)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].key)
			json_array_append_new(a, json_string(s->columns[i].source));
	return a;
}

static json_t *
references_of(const struct schema *s)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < s->ncolumns; i++) {
		const struct schema_column *c = &s->columns[i];

		if (c->references_table != NULL)
			json_array_append_new(a, json_pack("{s:s, s:{s:s, s:s}}", "fields", c->source, "reference",
			    "resource", c->references_table, "fields", c->references_column));
	}
	return a;
}

/* Sets a list, or drops it if it is empty. */
static void
set_list(json_t *o, const char *key, json_t *list)
{
	if (json_array_size(list) > 0)
		json_object_set(o, key, list);
	json_decref(list);
}

static json_t *
schema_of(const struct schema *s, struct buf *left)
{
	json_t *o = json_object(), *fields = json_array(), *missing = list_of(&s->nulls);
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (schema_is_computed(&s->columns[i]))
			leave(left, &s->columns[i], "compute, and the column with it");
		else
			json_array_append_new(fields, field_of(&s->columns[i], left));
	json_object_set_new(o, "fields", fields);
	if (s->extra_ignore)
		set_text(o, "fieldsMatch", "subset");
	json_array_insert_new(missing, 0, json_string(""));
	set_list(o, "missingValues", missing);
	set_list(o, "primaryKey", keys_of(s));
	set_list(o, "foreignKeys", references_of(s));
	return o;
}

static json_t *
dialect_of(const struct schema *s)
{
	json_t *o = json_object();

	if (s->delimiter != ',')
		json_object_set_new(o, "delimiter", json_stringn(&s->delimiter, 1));
	if (s->quote != '"')
		json_object_set_new(o, "quoteChar", json_stringn(&s->quote, s->quote != '\0'));
	if (s->escape != '\0')
		json_object_set_new(o, "escapeChar", json_stringn(&s->escape, 1));
	set_text(o, "commentChar", s->comment);
	if (!s->header)
		json_object_set_new(o, "header", json_false());
	else if (s->header_line > 1)
		json_object_set_new(o, "headerRows", json_pack("[I]", (json_int_t)s->header_line));
	if (s->names_ignore_case)
		json_object_set_new(o, "caseSensitiveHeader", json_false());
	return o;
}

static void
leave_file_words(const struct schema *s, struct buf *left)
{
	if (s->multiline != SCHEMA_MULTILINE_ANY)
		leave(left, NULL, "multiline");
	if (s->empty_keep)
		leave(left, NULL, "empty");
	if (s->footer > 0 || s->footer_pattern != NULL)
		leave(left, NULL, "footer");
	if (s->trailing_delimiter)
		leave(left, NULL, "trailing_delimiter");
	if (s->short_null)
		leave(left, NULL, "short_rows");
	if (s->drift == SCHEMA_DRIFT_ADD)
		leave(left, NULL, "drift");
	if (s->optional)
		leave(left, NULL, "optional");
	if (s->where.text != NULL)
		leave(left, NULL, "where");
	if (s->nrules > 0)
		leave(left, NULL, "rules");
	if (s->nreferences > 0)
		leave(left, NULL, "references");
	if (s->sequence != NULL)
		leave(left, NULL, "sequence");
	if (s->expect.rows_text != NULL || s->expect.rejected.text != NULL || s->expect.rows_change.text != NULL ||
	    s->expect.nsums > 0)
		leave(left, NULL, "expect");
}

void
frictionless_write(const struct schema *s, struct buf *json, struct buf *left)
{
	json_t *o = json_object(), *dialect = dialect_of(s);
	char *text;

	set_text(o, "name", s->name);
	set_text(o, "type", "table");
	json_object_set_new(o, "path", s->file != NULL ? json_string(s->file) : json_sprintf("%s.csv", s->name));
	set_text(o, "encoding", s->encoding);
	if (json_object_size(dialect) > 0)
		json_object_set(o, "dialect", dialect);
	json_decref(dialect);
	json_object_set_new(o, "schema", schema_of(s, left));
	leave_file_words(s, left);
	text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	buf_addf(json, "%s\n", text);
	free(text);
	json_decref(o);
}

/* The words of a column, and checks of its names. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "schema/load.h"

enum { MAX_COLUMNS = 4000 };	/* fewer than a record stream's, as raw streams add two columns */

static int
read_empty(struct schema_loader *l, const struct schema_word *word, void *to)
{
	bool keep;

	(void)word;
	if (schema_either(l, "keep", "null", &keep) == -1)
		return -1;
	*(enum schema_empty *)to = keep ? SCHEMA_EMPTY_KEEP : SCHEMA_EMPTY_NULL;
	return 0;
}

static int
read_other(struct schema_loader *l, const struct schema_word *word, void *to)
{
	static const char *const words[] = { "keep", "reject", "null" };
	int i = schema_choice(l, words, 3, "expected keep, reject or null");

	(void)word;
	*(enum schema_other *)to = (enum schema_other)(i > 0 ? i : 0);
	return i < 0 ? -1 : 0;
}

static int
read_case(struct schema_loader *l, const struct schema_word *word, void *to)
{
	static const char *const words[] = { "keep", "lower", "upper", "ignore" };
	int i = schema_choice(l, words, 4, "expected keep, lower, upper or ignore");

	(void)word;
	*(enum schema_case *)to = (enum schema_case)(i > 0 ? i : 0);
	return i < 0 ? -1 : 0;
}

static int
read_reference(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_column *c = to;
	const char *text = schema_text(l), *dot = strchr(text, '.');

	(void)word;
	if (dot == NULL || dot == text || dot[1] == '\0' || strchr(dot + 1, '.') != NULL)
		return schema_fault(l, schema_here(l), "expected table.column", text);
	c->references_table = xstrndup(text, (size_t)(dot - text));
	c->references_column = xstrdup(dot + 1);
	c->references_at = schema_here(l);
	return 0;
}

/* Reads the first of the 100 years that two digits can mean. */
static int
read_century(struct schema_loader *l, const struct schema_word *word, void *to)
{
	const char *text = schema_text(l);
	int64_t year;

	(void)word;
	if (!num_int64(text, strlen(text), &year) || year < 1 || year > NUM_CENTURY_MAX)
		return schema_fault(l, schema_here(l), "expected a year from 1 to 9900", text);
	*(unsigned *)to = (unsigned)year;
	return 0;
}

/* Reads a number of characters; more than a value can have is no limit. */
static int
read_length(struct schema_loader *l, const struct schema_word *word, void *to)
{
	const char *text = schema_text(l);
	int64_t n;

	(void)word;
	if (!num_int64(text, strlen(text), &n) || n < 0)
		return schema_fault(l, schema_here(l), "expected a number of characters", text);
	*(size_t *)to = (size_t)n;
	return 0;
}

/* Reads a mapping of words after a number to what they make of it. */
static int
read_suffixes(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)to;
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, schema_here(l), "expected words and their sign for", word->name);
	for (;;) {
		if (schema_step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (schema_want_text(l, word->name) == -1)
			return -1;
		schema_texts_add(l, &l->later[SCHEMA_LATER_SUFFIX]);
		if (schema_step(l) == -1 || schema_want_text(l, word->name) == -1)
			return -1;
		if (strcmp(schema_text(l), "negative") != 0 && strcmp(schema_text(l), "positive") != 0)
			return schema_fault(l, schema_here(l), "expected negative or positive", schema_text(l));
		schema_texts_add(l, &l->later[SCHEMA_LATER_SIGN]);
	}
	return l->later[SCHEMA_LATER_SUFFIX].n > 0 ? 0 : schema_fault(l, schema_here(l), "an empty mapping for",
	    word->name);
}

static int
read_later(struct schema_loader *l, const struct schema_word *word, void *to)
{
	static const unsigned char lists[SCHEMA_C_WORDS] = {
		[SCHEMA_C_FORMAT] = SCHEMA_LATER_FORMAT, [SCHEMA_C_POINT] = SCHEMA_LATER_POINT,
		[SCHEMA_C_GROUP] = SCHEMA_LATER_GROUP, [SCHEMA_C_NEGATIVE] = SCHEMA_LATER_NEGATIVE,
		[SCHEMA_C_CURRENCY] = SCHEMA_LATER_CURRENCY
	};

	(void)to;
	return schema_texts_read(l, word->name, false, &l->later[lists[word - schema_column_words]]);
}

static int
read_type(struct schema_loader *l, const struct schema_word *word, void *to)
{
	const char *text = schema_text(l);

	(void)word;
	return val_type_parse(text, strlen(text), to) ? 0 : schema_fault(l, schema_here(l), "invalid type", text);
}

static int
read_zone(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct val_zone *z = val_zone_read(schema_text(l));

	(void)word;
	if (z == NULL)
		return schema_fault_near(l, schema_here(l), "unknown time zone", schema_text(l),
		    val_zone_hint(schema_text(l)));
	*(struct val_zone **)to = z;
	return 0;
}

#define FIELD(name) offsetof(struct schema_column, name)

const struct schema_word schema_column_words[SCHEMA_C_WORDS] = {
	[SCHEMA_C_NAME] = { "name", schema_read_text, FIELD(name), false },
	[SCHEMA_C_SOURCE] = { "source", schema_read_list, FIELD(sources), true },
	[SCHEMA_C_NULLS] = { "nulls", schema_read_list, FIELD(nulls), true },
	[SCHEMA_C_EMPTY] = { "empty", read_empty, FIELD(empty), false },
	[SCHEMA_C_REPLACE] = { "replace", schema_read_pairs, FIELD(replace), true },
	[SCHEMA_C_CASE] = { "case", read_case, FIELD(letters), false },
	[SCHEMA_C_MAP] = { "map", schema_read_pairs, FIELD(map), true },
	[SCHEMA_C_OTHER] = { "other", read_other, FIELD(other), false },
	[SCHEMA_C_TRUE_VALUES] = { "true_values", schema_read_list, FIELD(true_values), true },
	[SCHEMA_C_FALSE_VALUES] = { "false_values", schema_read_list, FIELD(false_values), true },
	[SCHEMA_C_TYPE] = { "type", read_type, FIELD(type), false },
	[SCHEMA_C_KEY] = { "key", schema_read_yes, FIELD(key), false },
	[SCHEMA_C_REQUIRED] = { "required", schema_read_yes, FIELD(required), false },
	[SCHEMA_C_DEFAULT] = { "default", schema_read_value, FIELD(default_text), false },
	[SCHEMA_C_ENUM] = { "enum", schema_read_list, FIELD(allowed), true },
	[SCHEMA_C_MINIMUM] = { "minimum", schema_read_text, FIELD(minimum), false },
	[SCHEMA_C_MAXIMUM] = { "maximum", schema_read_text, FIELD(maximum), false },
	[SCHEMA_C_EXCLUSIVE_MINIMUM] = { "exclusive_minimum", schema_read_text, FIELD(exclusive_minimum), false },
	[SCHEMA_C_EXCLUSIVE_MAXIMUM] = { "exclusive_maximum", schema_read_text, FIELD(exclusive_maximum), false },
	[SCHEMA_C_MIN_LENGTH] = { "min_length", read_length, FIELD(min_length), false },
	[SCHEMA_C_MAX_LENGTH] = { "max_length", read_length, FIELD(max_length), false },
	[SCHEMA_C_PATTERN] = { "pattern", schema_read_text, FIELD(pattern), false },
	[SCHEMA_C_FORMAT] = { "format", read_later, 0, true },
	[SCHEMA_C_CENTURY] = { "century", read_century, FIELD(century), false },
	[SCHEMA_C_POINT] = { "decimal_char", read_later, 0, true },
	[SCHEMA_C_GROUP] = { "group_char", read_later, 0, true },
	[SCHEMA_C_NEGATIVE] = { "negative", read_later, 0, true },
	[SCHEMA_C_CURRENCY] = { "currency", read_later, 0, true },
	[SCHEMA_C_SUFFIX] = { "suffix", read_suffixes, 0, true },
	[SCHEMA_C_REFERENCES] = { "references", read_reference, 0, false },
	[SCHEMA_C_TITLE] = { "title", schema_read_text, FIELD(title), false },
	[SCHEMA_C_DESCRIPTION] = { "description", schema_read_text, FIELD(description), false },
	[SCHEMA_C_COMPUTE] = { "compute", schema_read_expr, FIELD(compute), false },
	[SCHEMA_C_SIGN] = { "sign", schema_read_sign, FIELD(sign), true },
	[SCHEMA_C_ZONE] = { "zone", read_zone, FIELD(zone), false },
	[SCHEMA_C_UNIQUE] = { "unique", schema_read_yes, FIELD(unique), false },
	[SCHEMA_C_ORPHANS] = { "orphans", schema_read_orphans, FIELD(orphans), false }
};

/* ---- checks ---- */

static int
check_column(struct schema_loader *l)
{
	return schema_row_check_column(l) == -1 || schema_formats_make(l) == -1 || schema_notation_make(l) == -1 ||
	    schema_values_check(l) == -1 ||
	    schema_changes_check(l) == -1 ? -1 : 0;
}

static bool
has_source(const struct schema_column *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->sources.n && strcmp(c->sources.word[i], name) != 0; i++)
		continue;
	return i < c->sources.n;
}

/* Checks the sources of a column against each other, and against an earlier column's name and sources. */
static int
check_sources(struct schema_loader *l, const struct schema_column *c, const struct schema_column *other)
{
	size_t i, k;

	for (i = 0; i < c->sources.n; i++) {
		const char *source = c->sources.word[i];
		const struct schema_place at = l->list_at[SCHEMA_C_SOURCE] != NULL ? l->list_at[SCHEMA_C_SOURCE][i] :
		    l->column_at[SCHEMA_C_NAME];

		for (k = 0; k < i; k++)
			if (strcmp(source, c->sources.word[k]) == 0)
				return schema_fault(l, at, "source given twice", source);
		if (other < c && has_source(other, source))
			return schema_fault(l, at, "source given twice", source);
		if (other < c && strcmp(source, other->name) == 0)
			return schema_fault(l, at, "source is another column's name", source);
	}
	return 0;
}

/*
 * Checks that a column's name is no other column's name or source, so that every name in a file or a raw stream denotes
 * one column.
 */
static int
check_names(struct schema_loader *l, const struct schema_column *c)
{
	static const char *const reserved[] = { "_line", "_lines", "_malformed", "_change_type" };
	const struct schema_column *other;
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcmp(c->name, reserved[i]) == 0)
			return schema_fault(l, l->column_at[SCHEMA_C_NAME], "reserved name", c->name);
	for (other = l->schema->columns; other < c; other++) {
		if (strcmp(c->name, other->name) == 0)
			return schema_fault(l, l->column_at[SCHEMA_C_NAME], "column given twice", c->name);
		if (has_source(other, c->name))
			return schema_fault(l, l->column_at[SCHEMA_C_NAME], "name is another column's source", c->name);
		if (check_sources(l, c, other) == -1)
			return -1;
	}
	return check_sources(l, c, c);
}

static void
free_lists(struct schema_loader *l)
{
	size_t i;

	for (i = 0; i < SCHEMA_C_WORDS; i++) {
		free(l->list_at[i]);
		l->list_at[i] = NULL;
	}
	for (i = 0; i < SCHEMA_LATER_LISTS; i++)
		schema_texts_free(&l->later[i]);
}

static void
set_sources(struct schema_column *c)
{
	if (c->sources.n == 0) {
		c->sources = (struct schema_list){ xcalloc(1, sizeof(*c->sources.word)), 1 };
		*c->sources.word = xstrdup(c->name);
	}
	c->source = *c->sources.word;
}

/* Appends a column without words. */
static struct schema_column *
append(struct schema *s)
{
	struct schema_column *c;

	if ((s->ncolumns & (s->ncolumns - 1)) == 0)
		s->columns = xreallocarray(s->columns, s->ncolumns == 0 ? 1 : 2 * s->ncolumns, sizeof(*s->columns));
	c = &s->columns[s->ncolumns++];
	memset(c, 0, sizeof(*c));
	c->century = NUM_CENTURY;
	c->max_length = SIZE_MAX;
	return c;
}

void
schema_add_text(struct schema *s, const char *name)
{
	struct schema_column *c = append(s);

	c->name = xstrdup(name);
	c->type = (struct val_type){ .kind = VAL_STRING };
	set_sources(c);
}

bool
schema_may_lack(const struct schema *s, const struct schema_column *c)
{
	return s->drift != SCHEMA_DRIFT_STOP && (!c->required || c->default_text != NULL) && !c->key;
}

static int
read_column(struct schema_loader *l, const char *word, void *to)
{
	struct schema *s = l->schema;
	struct schema_place at = schema_here(l);
	struct schema_column *c;
	int status;

	(void)word, (void)to;
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, at, "expected a column's words", NULL);
	if (s->ncolumns == MAX_COLUMNS)
		return schema_fault(l, at, "more than 4000 columns", NULL);
	c = append(s);
	l->column = c;
	memset(l->column_at, 0, sizeof(l->column_at));
	status = schema_words_read(l, schema_column_words, SCHEMA_C_WORDS, l->column_at, c, "a column");
	if (status == 0 && c->name == NULL)
		status = schema_fault(l, at, "missing word of a column", "name");
	if (status == 0 && l->column_at[SCHEMA_C_TYPE].line == 0)
		status = schema_fault(l, at, "missing word of a column", "type");
	if (status == 0 && l->column_at[SCHEMA_C_ORPHANS].line != 0 && c->references_table == NULL)
		status = schema_fault(l, l->column_at[SCHEMA_C_ORPHANS], "orphans: without references", NULL);
	if (status == 0) {
		set_sources(c);
		c->own_nulls = l->column_at[SCHEMA_C_NULLS].line != 0;
		status = check_names(l, c) == -1 || check_column(l) == -1 ? -1 : 0;
	}
	free_lists(l);
	l->column = NULL;
	return status;
}

int
schema_columns_read(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)to;
	if (schema_items_read(l, word->name, read_column, NULL) == -1)
		return -1;
	return l->schema->ncolumns > 0 ? 0 : schema_fault(l, schema_here(l), "an empty list for", word->name);
}


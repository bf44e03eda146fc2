#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yaml.h>

#include "base/io.h"
#include "base/letter.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/num.h"
#include "base/utf8.h"
#include "schema/schema.h"

enum {
	MAX_BYTES = 1 << 20,	/* limit of a schema file */
	MAX_COLUMNS = 4000	/* fewer than a record stream's, as raw streams add two columns */
};

struct place {			/* counted from 1; line 0: not given */
	size_t line, column;
};

enum kind { TEXT, VALUE, TEXTS, YES, DELIMITER, QUOTE, ESCAPE, MULTILINE, EMPTY, EXTRA, ENCODING, HEADER, FOOTER,
    COMMENT, SHORT_ROWS, NAMES, TYPE, REFERENCE, CENTURY, LATER, SUFFIX, LENGTH, MAP, REPLACE, OTHER, CASE, KEYS,
    COLUMNS, EXPECT, COUNT, PERCENT, SUMS };

struct word {			/* a word of the schema or of a column; offset: of its text field, if it has just one */
	const char *name;
	enum kind kind;
	size_t offset;
};

static const struct word schema_words[] = {
	{ "name", TEXT, offsetof(struct schema, name) },
	{ "file", TEXT, offsetof(struct schema, file) },
	{ "delimiter", DELIMITER, 0 },
	{ "quote", QUOTE, 0 },
	{ "escape", ESCAPE, 0 },
	{ "multiline", MULTILINE, 0 },
	{ "empty", EMPTY, 0 },
	{ "header", HEADER, 0 },
	{ "nulls", TEXTS, offsetof(struct schema, nulls) },
	{ "extra", EXTRA, 0 },
	{ "key", KEYS, 0 },
	{ "columns", COLUMNS, 0 },
	{ "expect", EXPECT, 0 },
	{ "encoding", ENCODING, 0 },
	{ "footer", FOOTER, 0 },
	{ "comment", COMMENT, 0 },
	{ "trailing_delimiter", YES, offsetof(struct schema, trailing_delimiter) },
	{ "short_rows", SHORT_ROWS, 0 },
	{ "names", NAMES, 0 }
};
enum { S_NAME, S_FILE, S_DELIMITER, S_QUOTE, S_ESCAPE, S_MULTILINE, S_EMPTY, S_HEADER, S_NULLS, S_EXTRA, S_KEY,
    S_COLUMNS,
    S_EXPECT, S_ENCODING, S_FOOTER, S_COMMENT, S_TRAILING_DELIMITER, S_SHORT_ROWS, S_NAMES, S_WORDS };

/* Lists of a column that are read as texts and judged when all words of the column are known. */
enum { LATER_FORMAT, LATER_POINT, LATER_GROUP, LATER_NEGATIVE, LATER_CURRENCY, LATER_SUFFIX, LATER_SIGN, LATER_LISTS };

static const struct word column_words[] = {
	{ "name", TEXT, offsetof(struct schema_column, name) },
	{ "source", TEXTS, offsetof(struct schema_column, sources) },
	{ "nulls", TEXTS, offsetof(struct schema_column, nulls) },
	{ "empty", EMPTY, 0 },
	{ "replace", REPLACE, offsetof(struct schema_column, replace) },
	{ "case", CASE, 0 },
	{ "map", MAP, offsetof(struct schema_column, map) },
	{ "other", OTHER, 0 },
	{ "true_values", TEXTS, offsetof(struct schema_column, true_values) },
	{ "false_values", TEXTS, offsetof(struct schema_column, false_values) },
	{ "type", TYPE, 0 },
	{ "key", YES, offsetof(struct schema_column, key) },
	{ "required", YES, offsetof(struct schema_column, required) },
	{ "default", VALUE, offsetof(struct schema_column, default_text) },
	{ "enum", TEXTS, offsetof(struct schema_column, allowed) },
	{ "minimum", TEXT, offsetof(struct schema_column, minimum) },
	{ "maximum", TEXT, offsetof(struct schema_column, maximum) },
	{ "exclusive_minimum", TEXT, offsetof(struct schema_column, exclusive_minimum) },
	{ "exclusive_maximum", TEXT, offsetof(struct schema_column, exclusive_maximum) },
	{ "min_length", LENGTH, offsetof(struct schema_column, min_length) },
	{ "max_length", LENGTH, offsetof(struct schema_column, max_length) },
	{ "pattern", TEXT, offsetof(struct schema_column, pattern) },
	{ "format", LATER, LATER_FORMAT },
	{ "century", CENTURY, 0 },
	{ "decimal_char", LATER, LATER_POINT },
	{ "group_char", LATER, LATER_GROUP },
	{ "negative", LATER, LATER_NEGATIVE },
	{ "currency", LATER, LATER_CURRENCY },
	{ "suffix", SUFFIX, LATER_SUFFIX },
	{ "references", REFERENCE, 0 },
	{ "title", TEXT, offsetof(struct schema_column, title) },
	{ "description", TEXT, offsetof(struct schema_column, description) }
};
enum { C_NAME, C_SOURCE, C_NULLS, C_EMPTY, C_REPLACE, C_CASE, C_MAP, C_OTHER, C_TRUE_VALUES, C_FALSE_VALUES, C_TYPE,
    C_KEY, C_REQUIRED, C_DEFAULT, C_ENUM, C_MINIMUM, C_MAXIMUM, C_EXCLUSIVE_MINIMUM, C_EXCLUSIVE_MAXIMUM, C_MIN_LENGTH,
    C_MAX_LENGTH, C_PATTERN, C_FORMAT, C_CENTURY, C_POINT, C_GROUP, C_NEGATIVE, C_CURRENCY, C_SUFFIX, C_REFERENCES,
    C_TITLE, C_DESCRIPTION, C_WORDS };

/* Words that a schema no longer has, and those in their place. */
static const struct {
	const char *old, *now;
} renamed[] = {
	{ "allowed", "enum" },
	{ "date_format", "format" }
};

static const struct word expect_words[] = {
	{ "rows", COUNT, 0 },
	{ "rejected", PERCENT, offsetof(struct schema, expect.rejected) },
	{ "rows_change", PERCENT, offsetof(struct schema, expect.rows_change) },
	{ "sum_change", SUMS, 0 }
};
enum { E_ROWS, E_REJECTED, E_ROWS_CHANGE, E_SUM_CHANGE, E_WORDS };

struct texts {			/* a growing list */
	char **word;
	struct place *place;
	size_t n;
};

struct loader {
	yaml_parser_t yaml;
	yaml_event_t event;	/* the current one */
	const char *name;
	struct schema *schema;
	struct msg *err;
	struct place schema_at[S_WORDS];
	struct place column_at[C_WORDS];	/* of the current column */
	struct place expect_at[E_WORDS];
	struct texts keys;			/* of the schema's word "key" */
	struct texts sums;			/* the columns named by sum_change */
	struct texts later[LATER_LISTS];	/* of the current column */
	struct place *list_at[C_WORDS];		/* of the items of the current column's lists; owned */
};

/* ---- places and errors ---- */

static int
fault(struct loader *l, struct place at, const char *what, const char *word)
{
	if (word == NULL)
		return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s", l->name, at.line, at.column, what);
	return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s: %s", l->name, at.line, at.column, what, msg_quotes(word));
}

static int
no_column(struct loader *l, struct place at, const char *what, const char *word)
{
	struct near near;
	size_t i;

	near_start(&near, word);
	for (i = 0; i < l->schema->ncolumns; i++)
		near_try(&near, l->schema->columns[i].name);
	return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s: %s%s", l->name, at.line, at.column, what, msg_quotes(word),
	    near_hint(&near));
}

static struct place
here(const struct loader *l)
{
	return (struct place){ l->event.start_mark.line + 1, l->event.start_mark.column + 1 };
}

/* Returns the place of a byte, for errors before libyaml counts lines. */
static struct place
place_of(const uint8_t *text, size_t at)
{
	struct place p = { 1, 1 };
	size_t i;

	for (i = 0; i < at; i++)
		if (text[i] == '\n')
			p = (struct place){ p.line + 1, 1 };
		else
			p.column += (text[i] & 0xc0) != 0x80;
	return p;
}

/* ---- events ---- */

/* Returns the text of a scalar event. */
static const char *
text_of(const struct loader *l)
{
	return (const char *)l->event.data.scalar.value;
}

static int
yaml_fault(struct loader *l)
{
	struct place at = { l->yaml.problem_mark.line + 1, l->yaml.problem_mark.column + 1 };

	if (l->yaml.error == YAML_MEMORY_ERROR)
		return msg_set(l->err, EX_OSERR, "%s: out of memory", l->name);
	if (l->yaml.error == YAML_READER_ERROR)
		at = place_of(l->yaml.input.string.start, l->yaml.problem_offset);
	return fault(l, at, l->yaml.problem != NULL ? l->yaml.problem : "not YAML", NULL);
}

/*
 * Advances to the next event. Rejects anchors, aliases and tags: a schema needs none, and aliases can make a document
 * grow without bound.
 */
static int
step(struct loader *l)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	yaml_event_delete(&l->event);
	if (!yaml_parser_parse(&l->yaml, &l->event))
		return yaml_fault(l);
	switch (l->event.type) {
	case YAML_ALIAS_EVENT:
		return fault(l, here(l), "aliases are not supported", (const char *)l->event.data.alias.anchor);
	case YAML_SCALAR_EVENT:
		anchor = l->event.data.scalar.anchor;
		tag = l->event.data.scalar.tag;
		if (memchr(l->event.data.scalar.value, '\0', l->event.data.scalar.length) != NULL)
			return fault(l, here(l), "a NUL in a text", text_of(l));
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
		return fault(l, here(l), "anchors are not supported", (const char *)anchor);
	if (tag != NULL)
		return fault(l, here(l), "tags are not supported", (const char *)tag);
	return 0;
}

/* Is the event a scalar? An empty scalar without quotes is a missing value. */
static int
want_text(struct loader *l, const char *word)
{
	if (l->event.type != YAML_SCALAR_EVENT)
		return fault(l, here(l), "expected one value for", word);
	if (*text_of(l) == '\0' && l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return fault(l, here(l), "missing value for", word);
	return 0;
}

/* ---- values of words ---- */

static int
read_yes(struct loader *l, bool *to)
{
	static const char *const words[] = { "no", "false", "yes", "true" };
	size_t i;

	for (i = 0; i < 4; i++)
		if (strcmp(text_of(l), words[i]) == 0 && l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
			*to = i >= 2;
			return 0;
		}
	return fault(l, here(l), "expected yes or no", text_of(l));
}

/*
 * Reads a delimiter, a quote or an escape: one byte of ASCII that is not a line end and, for an escape, not padding; \t
 * is a tab; an empty quote or escape disables it.
 */
static int
read_byte(struct loader *l, const struct word *word, char *to)
{
	const char *text = text_of(l), *what = word->kind == QUOTE ? "quote must be one byte" :
	    word->kind == ESCAPE ? "escape must be one byte" : "delimiter must be one byte";

	if (strcmp(text, "\\t") == 0)
		text = "\t";
	if (word->kind != DELIMITER && *text == '\0') {
		*to = '\0';
		return 0;
	}
	if (strlen(text) != 1 || (*text & 0x80) != 0 || *text == '\n' || *text == '\r')
		return fault(l, here(l), what, text_of(l));
	if (word->kind == ESCAPE && (*text == ' ' || *text == '\t'))
		return fault(l, here(l), "escape must not be a blank", text_of(l));
	*to = *text;
	return 0;
}

static int
read_multiline(struct loader *l)
{
	bool yes = false;

	if (read_yes(l, &yes) == -1)
		return -1;
	l->schema->multiline = yes ? SCHEMA_MULTILINE_YES : SCHEMA_MULTILINE_NO;
	return 0;
}

/* Reads one of two words, of which yes sets *to. */
static int
read_either(struct loader *l, const char *yes, const char *no, bool *to)
{
	char what[64];

	*to = strcmp(text_of(l), yes) == 0;
	if (*to || strcmp(text_of(l), no) == 0)
		return 0;
	snprintf(what, sizeof(what), "expected %s or %s", yes, no);
	return fault(l, here(l), what, text_of(l));
}

static int
read_empty(struct loader *l, struct schema_column *c)
{
	bool keep;

	if (read_either(l, "keep", "null", &keep) == -1)
		return -1;
	if (c != NULL)
		c->empty = keep ? SCHEMA_EMPTY_KEEP : SCHEMA_EMPTY_NULL;
	else
		l->schema->empty_keep = keep;
	return 0;
}

/* Returns which of n words the value is, or -1 after a fault. */
static int
read_choice(struct loader *l, const char *const *words, size_t n, const char *expected)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(text_of(l), words[i]) == 0)
			return (int)i;
	return fault(l, here(l), expected, text_of(l));
}

static int
read_other(struct loader *l, struct schema_column *c)
{
	static const char *const words[] = { "keep", "reject", "null" };
	int i = read_choice(l, words, 3, "expected keep, reject or null");

	c->other = (enum schema_other)(i > 0 ? i : 0);
	return i < 0 ? -1 : 0;
}

static int
read_case(struct loader *l, struct schema_column *c)
{
	static const char *const words[] = { "keep", "lower", "upper", "ignore" };
	int i = read_choice(l, words, 4, "expected keep, lower, upper or ignore");

	c->letters = (enum schema_case)(i > 0 ? i : 0);
	return i < 0 ? -1 : 0;
}

static int
read_encoding(struct loader *l)
{
	struct place at = here(l);

	if (!schema_encoding_ok(text_of(l)))
		return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: unknown encoding: %s%s", l->name, at.line, at.column,
		    msg_quotes(text_of(l)), schema_encoding_hint(text_of(l)));
	l->schema->encoding = xstrdup(text_of(l));
	return 0;
}

/* Reads a number written without quotes. Returns false for anything else. */
static bool
read_number(const struct loader *l, int64_t *n)
{
	const char *text = text_of(l);

	return l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && text[strspn(text, "0123456789")] == '\0' &&
	    num_int64(text, strlen(text), n);
}

/* Reads yes, no, or the number of the line that has the names. */
static int
read_header(struct loader *l)
{
	const char *text = text_of(l);
	int64_t line;

	if (strspn(text, "0123456789") == 0)
		return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0 || strcmp(text, "true") == 0 ||
		    strcmp(text, "false") == 0 ? read_yes(l, &l->schema->header) :
		    fault(l, here(l), "expected yes, no or the number of a line", text);
	if (!read_number(l, &line) || line < 1 || line > SCHEMA_HEADER_MAX)
		return fault(l, here(l), "expected a line from 1 to 1000000", text);
	l->schema->header_line = (uint64_t)line;
	return 0;
}

/* Compiles the pattern at a place. Returns NULL if it is invalid. */
static struct regex *
compile(struct loader *l, struct place at, const char *pattern)
{
	struct regex_fault why;
	struct regex *regex = regex_compile(pattern, strlen(pattern), &why);
	char *piece;

	if (regex != NULL)
		return regex;
	piece = xstrndup(pattern + why.at, why.n);
	fault(l, at, why.what, piece);
	free(piece);
	return NULL;
}

/* Reads a number of lines, or a pattern for the first of them. */
static int
read_footer(struct loader *l)
{
	struct schema *s = l->schema;
	const char *text = text_of(l);
	int64_t lines;

	if (l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && text[strspn(text, "0123456789")] == '\0') {
		if (!read_number(l, &lines) || lines < 1 || lines > SCHEMA_FOOTER_MAX)
			return fault(l, here(l), "expected 1 to 1000 lines or a pattern", text);
		s->footer = (size_t)lines;
		return 0;
	}
	if (*text == '\0')
		return fault(l, here(l), "missing value for", "footer");
	s->footer_pattern = xstrdup(text);
	s->footer_regex = compile(l, here(l), text);
	return s->footer_regex != NULL ? 0 : -1;
}

static int
read_comment(struct loader *l)
{
	const char *text = text_of(l);

	if (*text == '\0')
		return fault(l, here(l), "missing value for", "comment");
	if (strpbrk(text, "\r\n") != NULL)
		return fault(l, here(l), "comment must not have a line end", text);
	l->schema->comment = xstrdup(text);
	return 0;
}

static int
read_reference(struct loader *l, struct schema_column *c)
{
	const char *text = text_of(l), *dot = strchr(text, '.');

	if (dot == NULL || dot == text || dot[1] == '\0' || strchr(dot + 1, '.') != NULL)
		return fault(l, here(l), "expected table.column", text);
	c->references_table = xstrndup(text, (size_t)(dot - text));
	c->references_column = xstrdup(dot + 1);
	return 0;
}

/* Reads the first of the 100 years that two digits can mean. */
static int
read_century(struct loader *l, struct schema_column *c)
{
	const char *text = text_of(l);
	int64_t year;

	if (!num_int64(text, strlen(text), &year) || year < 1 || year > NUM_CENTURY_MAX)
		return fault(l, here(l), "expected a year from 1 to 9900", text);
	c->century = (unsigned)year;
	return 0;
}

/* Reads a number of characters; more than a value can have is no limit. */
static int
read_length(struct loader *l, size_t *to)
{
	const char *text = text_of(l);
	int64_t n;

	if (!num_int64(text, strlen(text), &n) || n < 0)
		return fault(l, here(l), "expected a number of characters", text);
	*to = (size_t)n;
	return 0;
}

static void
add_text(struct loader *l, struct texts *t)
{
	if ((t->n & (t->n - 1)) == 0) {		/* full: a power of two, or still empty */
		size_t room = t->n == 0 ? 1 : 2 * t->n;

		t->word = xreallocarray(t->word, room, sizeof(*t->word));
		t->place = xreallocarray(t->place, room, sizeof(*t->place));
	}
	t->place[t->n] = here(l);
	t->word[t->n++] = xstrdup(text_of(l));
}

/* Reads a list of texts, or a single one. */
static int
read_texts(struct loader *l, const char *word, bool may_be_empty, struct texts *t)
{
	if (l->event.type == YAML_SCALAR_EVENT) {
		if (want_text(l, word) == -1)
			return -1;
		add_text(l, t);
		return 0;
	}
	if (l->event.type != YAML_SEQUENCE_START_EVENT)
		return fault(l, here(l), "expected a list for", word);
	for (;;) {
		if (step(l) == -1)
			return -1;
		if (l->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (want_text(l, word) == -1)
			return -1;
		add_text(l, t);
	}
	return t->n > 0 || may_be_empty ? 0 : fault(l, here(l), "an empty list for", word);
}

static void
free_texts(struct texts *t)
{
	while (t->n > 0)
		free(t->word[--t->n]);
	free(t->word);
	free(t->place);
	*t = (struct texts){ NULL, NULL, 0 };
}

/* Reads a list of the schema or of a column, whose items' places are kept for the checks. */
static int
read_list(struct loader *l, const struct word *word, struct schema_column *c)
{
	struct schema_list *list = (void *)((char *)(c != NULL ? (void *)c : (void *)l->schema) + word->offset);
	struct texts t = { NULL, NULL, 0 };
	int status = read_texts(l, word->name, c != NULL && word == &column_words[C_NULLS], &t);

	*list = (struct schema_list){ t.word, t.n };
	if (c != NULL)
		l->list_at[word - column_words] = t.place;
	else
		free(t.place);
	return status;
}

/* Adds the pair of a mapping whose word is the event. */
static int
read_pair(struct loader *l, const struct word *word, struct schema_pairs *to, struct texts *t)
{
	struct schema_pair *p;
	size_t i;

	if (l->event.type != YAML_SCALAR_EVENT)
		return fault(l, here(l), "expected a text in", word->name);
	for (i = 0; i < to->n; i++)
		if (strcmp(to->pair[i].from, text_of(l)) == 0)
			return fault(l, here(l), "given twice", text_of(l));
	add_text(l, t);
	to->pair = xreallocarray(to->pair, to->n + 1, sizeof(*to->pair));
	p = &to->pair[to->n++];
	*p = (struct schema_pair){ .from = xstrdup(text_of(l)) };
	if (step(l) == -1 || want_text(l, word->name) == -1)
		return -1;
	p->to = xstrdup(text_of(l));
	return 0;
}

/* Reads map or replace, a mapping of texts to texts. */
static int
read_pairs(struct loader *l, const struct word *word, struct schema_column *c)
{
	struct schema_pairs *to = (void *)((char *)c + word->offset);
	struct texts t = { NULL, NULL, 0 };
	int status = l->event.type == YAML_MAPPING_START_EVENT ? 0 :
	    fault(l, here(l), "expected a mapping for", word->name);

	while (status == 0 && (status = step(l)) == 0 && l->event.type != YAML_MAPPING_END_EVENT)
		status = read_pair(l, word, to, &t);
	if (status == 0 && to->n == 0)
		status = fault(l, here(l), "an empty mapping for", word->name);
	l->list_at[word - column_words] = t.place;
	t.place = NULL;
	free_texts(&t);
	return status;
}

/* Reads a mapping of words after a number to what they make of it. */
static int
read_suffixes(struct loader *l)
{
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return fault(l, here(l), "expected words and their sign for", "suffix");
	for (;;) {
		if (step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (want_text(l, "suffix") == -1)
			return -1;
		add_text(l, &l->later[LATER_SUFFIX]);
		if (step(l) == -1 || want_text(l, "suffix") == -1)
			return -1;
		if (strcmp(text_of(l), "negative") != 0 && strcmp(text_of(l), "positive") != 0)
			return fault(l, here(l), "expected negative or positive", text_of(l));
		add_text(l, &l->later[LATER_SIGN]);
	}
	return l->later[LATER_SUFFIX].n > 0 ? 0 : fault(l, here(l), "an empty mapping for", "suffix");
}

/* ---- expect ---- */

static int
read_percent(struct loader *l, struct schema_limit *limit)
{
	if (!schema_percent_parse(text_of(l), &limit->n))
		return fault(l, here(l), "expected a percentage such as 50% or 0.5%", text_of(l));
	limit->text = xstrdup(text_of(l));
	return 0;
}

static int
read_count(struct loader *l)
{
	struct schema_expect *e = &l->schema->expect;
	const char *text = text_of(l), *p;

	for (p = text; *p >= '0' && *p <= '9' && p - text < 18; p++)
		e->rows = 10 * e->rows + (uint64_t)(*p - '0');
	if (*p != '\0' || p == text)
		return fault(l, here(l), "expected a number of rows", text);
	e->rows_text = xstrdup(text);
	return 0;
}

/* Reads sum_change, a mapping of columns to percentages. The columns are checked when all are known. */
static int
read_sums(struct loader *l)
{
	struct schema_expect *e = &l->schema->expect;
	struct schema_sum_limit *sum;

	if (l->event.type != YAML_MAPPING_START_EVENT)
		return fault(l, here(l), "expected columns and percentages for", "sum_change");
	for (;;) {
		if (step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (want_text(l, "sum_change") == -1)
			return -1;
		add_text(l, &l->sums);
		e->sums = xreallocarray(e->sums, e->nsums + 1, sizeof(*e->sums));
		sum = &e->sums[e->nsums++];
		*sum = (struct schema_sum_limit){ 0 };
		if (step(l) == -1 || want_text(l, l->sums.word[l->sums.n - 1]) == -1 ||
		    read_percent(l, &sum->limit) == -1)
			return -1;
	}
}

static int read_words(struct loader *l, const struct word *words, size_t nwords, struct place *at,
    struct schema_column *c);

static int
read_expect(struct loader *l)
{
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return fault(l, here(l), "expected limits for", "expect");
	return read_words(l, expect_words, E_WORDS, l->expect_at, NULL);
}

/* Finds the columns named by sum_change; they must be decimals, the type that is summed exactly. */
static int
check_sums(struct loader *l)
{
	const struct schema *s = l->schema;
	size_t i, k, earlier;

	for (i = 0; i < l->sums.n; i++) {
		for (k = 0; k < s->ncolumns && strcmp(s->columns[k].name, l->sums.word[i]) != 0; k++)
			continue;
		if (k == s->ncolumns)
			return no_column(l, l->sums.place[i], "sum_change: no such column", l->sums.word[i]);
		if (s->columns[k].type.kind != VAL_DECIMAL)
			return fault(l, l->sums.place[i], "sum_change is for decimal columns", l->sums.word[i]);
		for (earlier = 0; earlier < i; earlier++)
			if (s->expect.sums[earlier].column == k)
				return fault(l, l->sums.place[i], "given twice", l->sums.word[i]);
		s->expect.sums[i].column = k;
	}
	return 0;
}

/* Rejects a limit over 100 %, which could never be exceeded. */
static int
check_expect(struct loader *l)
{
	const struct schema_limit *rejected = &l->schema->expect.rejected;

	if (rejected->text != NULL && rejected->n > SCHEMA_WHOLE)
		return fault(l, l->expect_at[E_REJECTED], "more than 100%", rejected->text);
	return check_sums(l);
}

static int read_columns(struct loader *l);

/* Reads the value of a word; c is NULL for the schema's own words. */
static int
read_value(struct loader *l, const struct word *word, struct schema_column *c)
{
	char *base = c != NULL ? (char *)c : (char *)l->schema;

	if (word->kind == COLUMNS)
		return read_columns(l);
	if (word->kind == TEXTS)
		return read_list(l, word, c);
	if (word->kind == MAP || word->kind == REPLACE)
		return read_pairs(l, word, c);
	if (word->kind == LATER)
		return read_texts(l, word->name, false, &l->later[word->offset]);
	if (word->kind == SUFFIX)
		return read_suffixes(l);
	if (word->kind == KEYS)
		return read_texts(l, word->name, false, &l->keys);
	if (word->kind == EXPECT)
		return read_expect(l);
	if (word->kind == SUMS)
		return read_sums(l);
	if (want_text(l, word->name) == -1)
		return -1;
	switch (word->kind) {
	case TEXT:
		if (*text_of(l) == '\0')
			return fault(l, here(l), "missing value for", word->name);
		/* FALLTHROUGH */
	case VALUE:
		*(char **)(base + word->offset) = xstrdup(text_of(l));
		return 0;
	case YES:
		return read_yes(l, (bool *)(base + word->offset));
	case DELIMITER:
		return read_byte(l, word, &l->schema->delimiter);
	case QUOTE:
		return read_byte(l, word, &l->schema->quote);
	case ESCAPE:
		return read_byte(l, word, &l->schema->escape);
	case MULTILINE:
		return read_multiline(l);
	case EMPTY:
		return read_empty(l, c);
	case OTHER:
		return read_other(l, c);
	case CASE:
		return read_case(l, c);
	case EXTRA:
		return read_either(l, "ignore", "error", &l->schema->extra_ignore);
	case SHORT_ROWS:
		return read_either(l, "null", "reject", &l->schema->short_null);
	case NAMES:
		return read_either(l, "ignore_case", "exact", &l->schema->names_ignore_case);
	case ENCODING:
		return read_encoding(l);
	case HEADER:
		return read_header(l);
	case FOOTER:
		return read_footer(l);
	case COMMENT:
		return read_comment(l);
	case REFERENCE:
		return read_reference(l, c);
	case COUNT:
		return read_count(l);
	case PERCENT:
		return read_percent(l, (struct schema_limit *)(base + word->offset));
	case CENTURY:
		return read_century(l, c);
	case LENGTH:
		return read_length(l, (size_t *)(base + word->offset));
	default:
		if (val_type_parse(text_of(l), strlen(text_of(l)), &c->type))
			return 0;
		return fault(l, here(l), "invalid type", text_of(l));
	}
}

static int
unknown_word(struct loader *l, const struct word *words, size_t nwords, const char *what)
{
	struct place at = here(l);
	struct near near;
	size_t i;

	for (i = 0; words == column_words && i < sizeof(renamed) / sizeof(*renamed); i++)
		if (strcmp(text_of(l), renamed[i].old) == 0)
			return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s: %s; it is now '%s'", l->name, at.line,
			    at.column, what, msg_quotes(text_of(l)), renamed[i].now);
	near_start(&near, text_of(l));
	for (i = 0; i < nwords; i++)
		near_try(&near, words[i].name);
	return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s: %s%s", l->name, at.line, at.column, what,
	    msg_quotes(text_of(l)),
	    near_hint(&near));
}

/* Reads the words of a mapping, from the event after its start to its end; stores their places in at[]. */
static int
read_words(struct loader *l, const struct word *words, size_t nwords, struct place *at, struct schema_column *c)
{
	const char *unknown = c != NULL ? "unknown word of a column" :
	    words == expect_words ? "unknown word of expect" : "unknown word of a schema";
	size_t i;

	for (;;) {
		if (step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (l->event.type != YAML_SCALAR_EVENT)
			return fault(l, here(l), "expected a word", NULL);
		for (i = 0; i < nwords && strcmp(text_of(l), words[i].name) != 0; i++)
			continue;
		if (i == nwords)
			return unknown_word(l, words, nwords, unknown);
		if (at[i].line != 0)
			return fault(l, here(l), "given twice", words[i].name);
		if (step(l) == -1)
			return -1;
		at[i] = here(l);
		if (read_value(l, &words[i], c) == -1)
			return -1;
	}
}

/* ---- checks of a column ---- */

/* Encodes a text of the schema that must be a value of the column's type. */
static int
encode(struct loader *l, const struct schema_column *c, struct place at, const char *text, struct buf *out)
{
	char what[NUM_TEXT + 24] = "invalid value of type ";

	out->len = 0;
	if (val_parse(c->type, text, strlen(text), out))
		return 0;
	val_type_put(what + strlen(what), c->type);
	return fault(l, at, what, text);
}

static int
compare(const struct buf *a, const struct buf *b)
{
	int order = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int
check_pattern(struct loader *l, struct schema_column *c)
{
	struct place at = l->column_at[C_PATTERN];

	if (c->pattern == NULL)
		return 0;
	if (c->type.kind != VAL_STRING)
		return fault(l, at, "a pattern is for strings only", c->pattern);
	return (c->regex = compile(l, at, c->pattern)) != NULL ? 0 : -1;
}

/* ---- bounds, allowed values and the default ---- */

struct bound {			/* a column's minimum or maximum, inclusive or not */
	const char *text;	/* NULL if not given */
	struct place at;
	bool exclusive;
	struct buf typed;
};

static int
read_bound(struct loader *l, const struct schema_column *c, int inclusive, struct bound *b)
{
	const bool is_low = inclusive == C_MINIMUM;
	const char *text = is_low ? c->minimum : c->maximum;
	const char *other = is_low ? c->exclusive_minimum : c->exclusive_maximum;
	const int exclusive = is_low ? C_EXCLUSIVE_MINIMUM : C_EXCLUSIVE_MAXIMUM;

	if (text != NULL && other != NULL)
		return fault(l, l->column_at[exclusive], is_low ? "given besides minimum" : "given besides maximum",
		    column_words[exclusive].name);
	b->exclusive = other != NULL;
	b->text = b->exclusive ? other : text;
	b->at = l->column_at[b->exclusive ? exclusive : inclusive];
	return b->text == NULL ? 0 : encode(l, c, b->at, b->text, &b->typed);
}

static bool
is_within(const struct buf *value, const struct bound *low, const struct bound *high)
{
	return (low->text == NULL || compare(value, &low->typed) >= (low->exclusive ? 1 : 0)) &&
	    (high->text == NULL || compare(value, &high->typed) <= (high->exclusive ? -1 : 0));
}

static int
check_bounds(struct loader *l, const struct bound *low, const struct bound *high)
{
	int order;

	if (low->text == NULL || high->text == NULL)
		return 0;
	order = compare(&low->typed, &high->typed);
	if (order > 0)
		return fault(l, high->at, "less than the minimum", high->text);
	if (order == 0 && (low->exclusive || high->exclusive))
		return fault(l, high->at, "no value between minimum and maximum", high->text);
	return 0;
}

static size_t
letters_of(const char *text)
{
	return utf8_count(text, strlen(text));
}

static bool
is_long_enough(const struct schema_column *c, const char *text)
{
	return letters_of(text) >= c->min_length && letters_of(text) <= c->max_length;
}

static int
check_lengths(struct loader *l, const struct schema_column *c)
{
	const int first = l->column_at[C_MIN_LENGTH].line != 0 ? C_MIN_LENGTH : C_MAX_LENGTH;

	if (l->column_at[first].line != 0 && c->type.kind != VAL_STRING)
		return fault(l, l->column_at[first], "a length is for strings only", NULL);
	if (c->min_length > c->max_length)
		return fault(l, l->column_at[C_MAX_LENGTH], "max_length is less than min_length", NULL);
	return 0;
}

/* Checks the default, typed, against all that limits the column's values. */
static int
check_default(struct loader *l, const struct schema_column *c, bool listed, bool within)
{
	struct place at = l->column_at[C_DEFAULT];
	const char *text = c->default_text;

	if (!within)
		return fault(l, at, "default outside minimum and maximum", text);
	if (!listed)
		return fault(l, at, "default is not an allowed value", text);
	if (c->regex != NULL && !regex_matches(c->regex, text, strlen(text)))
		return fault(l, at, "default does not match the pattern", text);
	if (!is_long_enough(c, text))
		return fault(l, at, "default is too short or too long", text);
	return 0;
}

/* Checks that the bounds, the allowed values and the default are values of the type and consistent. */
static int
check_values(struct loader *l, struct schema_column *c, struct bound *low, struct bound *high, struct buf *fallback,
    struct buf *one)
{
	const char *text = c->default_text;
	bool found = c->allowed.n == 0;
	size_t i;

	if (read_bound(l, c, C_MINIMUM, low) == -1 || read_bound(l, c, C_MAXIMUM, high) == -1 ||
	    (text != NULL && encode(l, c, l->column_at[C_DEFAULT], text, fallback) == -1) ||
	    check_bounds(l, low, high) == -1)
		return -1;
	for (i = 0; i < c->allowed.n; i++) {
		const struct place at = l->list_at[C_ENUM][i];

		if (encode(l, c, at, c->allowed.word[i], one) == -1)
			return -1;
		if (!is_within(one, low, high))
			return fault(l, at, "outside minimum and maximum", c->allowed.word[i]);
		if (!is_long_enough(c, c->allowed.word[i]))
			return fault(l, at, "too short or too long", c->allowed.word[i]);
		found |= text != NULL && compare(one, fallback) == 0;
	}
	return text == NULL ? 0 : check_default(l, c, found, is_within(fallback, low, high));
}

/* ---- formats of dates and times ---- */

/* Checks that no two formats read a text as different values, as %d/%m/%Y and %m/%d/%Y do. */
static int
check_formats_agree(struct loader *l, const struct schema_column *c)
{
	const struct texts *t = &l->later[LATER_FORMAT];
	size_t i, k;

	for (i = 1; i < c->nformats; i++)
		for (k = 0; k < i; k++)
			if (strcmp(t->word[i], t->word[k]) == 0)
				return fault(l, t->place[i], "format given twice", t->word[i]);
			else if (val_moment_differ(&c->formats[k], &c->formats[i], c->century) ||
			    val_moment_differ(&c->formats[i], &c->formats[k], c->century))
				return fault(l, t->place[i], "format reads dates of an earlier one as other dates",
				    t->word[i]);
	return 0;
}

/* Compiles the formats of a column; a century is for two-digit years only. */
static int
make_formats(struct loader *l, struct schema_column *c)
{
	const struct texts *t = &l->later[LATER_FORMAT];
	bool two_digits = false;
	const char *wrong;
	size_t i;

	if (t->n > 0 && c->type.kind != VAL_DATE && c->type.kind != VAL_TIMESTAMP)
		return fault(l, t->place[0], "a format is for dates and timestamps only", t->word[0]);
	c->formats = t->n > 0 ? xcalloc(t->n, sizeof(*c->formats)) : NULL;
	for (i = 0; i < t->n; i++) {
		if ((wrong = val_moment_compile(&c->formats[i], c->type.kind, t->word[i])) != NULL)
			return fault(l, t->place[i], wrong, t->word[i]);
		two_digits |= c->formats[i].two_digits;
		c->nformats++;
	}
	if (l->column_at[C_CENTURY].line != 0 && !two_digits)
		return fault(l, l->column_at[C_CENTURY], "a century is for a format with %y only", NULL);
	return check_formats_agree(l, c);
}

/* ---- notation of amounts ---- */

/* Moves the words of a list to the notation; the list keeps their places. */
static char **
move_words(struct texts *t, size_t *n)
{
	char **words = t->word;

	*n = t->n;
	t->word = NULL;
	t->n = 0;
	return words;
}

static int
check_twice(struct loader *l, const struct texts *t)
{
	size_t i, k;

	for (i = 1; i < t->n; i++)
		for (k = 0; k < i; k++)
			if (strcmp(t->word[i], t->word[k]) == 0)
				return fault(l, t->place[i], "given twice", t->word[i]);
	return 0;
}

static int
make_point(struct loader *l, struct val_notation *w)
{
	const struct texts *t = &l->later[LATER_POINT];

	w->point = '.';
	if (t->n == 0)
		return 0;
	if (t->n > 1)
		return fault(l, t->place[1], "expected one value for", "decimal_char");
	if (strcmp(t->word[0], ".") != 0 && strcmp(t->word[0], ",") != 0)
		return fault(l, t->place[0], "expected a point or a comma", t->word[0]);
	w->point = t->word[0][0];
	return 0;
}

static int
make_groups(struct loader *l, struct val_notation *w)
{
	struct texts *t = &l->later[LATER_GROUP];
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!val_notation_is_group(t->word[i]))
			return fault(l, t->place[i], "expected a point, a comma, a blank or an apostrophe", t->word[i]);
		if (t->word[i][0] == w->point)
			return fault(l, t->place[i], "group_char is the decimal_char", t->word[i]);
	}
	if (check_twice(l, t) == -1)
		return -1;
	w->groups = move_words(t, &w->ngroups);
	return 0;
}

static int
make_negative(struct loader *l, struct val_notation *w)
{
	static const char *const forms[] = { "leading", "trailing", "parentheses", "U+2212" };
	const struct texts *t = &l->later[LATER_NEGATIVE];
	struct near near;
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		near_start(&near, t->word[i]);
		for (k = 0; k < 4 && strcmp(t->word[i], forms[k]) != 0; k++)
			near_try(&near, forms[k]);
		if (k == 4)
			return msg_set(l->err, EX_CONFIG,
			    "%s:%zu:%zu: expected leading, trailing, parentheses or U+2212: %s%s", l->name,
			    t->place[i].line, t->place[i].column, msg_quotes(t->word[i]), near_hint(&near));
		w->negative |= 1u << k;		/* in the order of VAL_NEGATIVE_LEADING and so on */
	}
	return check_twice(l, t);
}

/* Checks words that stand beside a number: they must not look like a part of it. */
static int
check_beside(struct loader *l, const struct texts *t)
{
	const char *word;
	size_t i;

	for (i = 0; i < t->n; i++) {
		word = t->word[i];
		if (!val_notation_is_word(word))
			return fault(l, t->place[i], "digits, signs of a number, or a blank at an end", word);
	}
	return check_twice(l, t);
}

static int
make_beside(struct loader *l, struct val_notation *w)
{
	struct texts *currency = &l->later[LATER_CURRENCY], *suffix = &l->later[LATER_SUFFIX];
	size_t i, k;

	if (check_beside(l, currency) == -1 || check_beside(l, suffix) == -1)
		return -1;
	for (i = 0; i < suffix->n; i++)
		for (k = 0; k < currency->n; k++)
			if (strcmp(suffix->word[i], currency->word[k]) == 0)
				return fault(l, suffix->place[i], "suffix is a currency too", suffix->word[i]);
	w->suffix_negative = suffix->n > 0 ? xcalloc(suffix->n, sizeof(*w->suffix_negative)) : NULL;
	for (i = 0; i < suffix->n; i++)
		w->suffix_negative[i] = strcmp(l->later[LATER_SIGN].word[i], "negative") == 0;
	w->currencies = move_words(currency, &w->ncurrencies);
	w->suffixes = move_words(suffix, &w->nsuffixes);
	return 0;
}

/* Makes the notation of a column that has words for it. */
static int
make_notation(struct loader *l, struct schema_column *c)
{
	size_t word;

	for (word = C_POINT; word <= C_SUFFIX && l->column_at[word].line == 0; word++)
		continue;
	if (word > C_SUFFIX)
		return 0;
	if (!val_is_exact(c->type))
		return fault(l, l->column_at[word], "for integers and decimals only", column_words[word].name);
	c->notation = xcalloc(1, sizeof(*c->notation));
	if (make_point(l, c->notation) == -1 || make_groups(l, c->notation) == -1 ||
	    make_negative(l, c->notation) == -1 || make_beside(l, c->notation) == -1)
		return -1;
	val_notation_prepare(c->notation);
	return 0;
}

/* ---- words that change values ---- */

static bool
is_same(enum schema_case letters, const char *a, const char *b)
{
	return letters == SCHEMA_CASE_IGNORE ? letter_same(a, strlen(a), b, strlen(b)) : strcmp(a, b) == 0;
}

/* Compiles the patterns of replace. */
static int
check_replace(struct loader *l, struct schema_column *c)
{
	struct regex_fault why;
	char *piece;
	size_t i;

	for (i = 0; i < c->replace.n; i++) {
		struct schema_pair *p = &c->replace.pair[i];
		const struct place at = l->list_at[C_REPLACE][i];

		if ((p->regex = regex_compile(p->from, strlen(p->from), &why)) == NULL) {
			piece = xstrndup(p->from + why.at, why.n);
			fault(l, at, why.what, piece);
			free(piece);
			return -1;
		}
		if (!regex_can_find(p->regex))
			return fault(l, at, "too many repetitions in a pattern", p->from);
	}
	return 0;
}

/* Checks that a text in the place of another is a value of the column, if its type is written in one way only. */
static int
check_mapped(struct loader *l, struct schema_column *c, struct place at, const char *text)
{
	const bool is_string = c->type.kind == VAL_STRING;
	struct buf typed = { 0 };
	size_t i;
	int status = 0;

	if (*text == '\0' || (!is_string && c->type.kind != VAL_INT32 && c->type.kind != VAL_INT64))
		return 0;
	status = encode(l, c, at, text, &typed);
	buf_free(&typed);
	if (status == -1 || !is_string)
		return status;
	for (i = 0; i < c->allowed.n && !is_same(c->letters, text, c->allowed.word[i]); i++)
		continue;
	if (c->allowed.n > 0 && i == c->allowed.n)
		return fault(l, at, "maps to a value that is not in enum", text);
	if (c->regex != NULL && !regex_matches(c->regex, text, strlen(text)))
		return fault(l, at, "maps to a value that does not match the pattern", text);
	return is_long_enough(c, text) ? 0 : fault(l, at, "maps to a value that is too short or too long", text);
}

static int
check_map(struct loader *l, struct schema_column *c)
{
	size_t i, k;

	if (c->map.n == 0 && l->column_at[C_OTHER].line != 0)
		return fault(l, l->column_at[C_OTHER], "other is for a column with map", NULL);
	for (i = 0; i < c->map.n; i++) {
		const struct place at = l->list_at[C_MAP][i];
		const struct schema_pair *p = &c->map.pair[i];

		for (k = 0; k < i; k++)
			if (is_same(c->letters, c->map.pair[k].from, p->from))
				return fault(l, at, "given twice but for case", p->from);
		if ((c->letters == SCHEMA_CASE_LOWER || c->letters == SCHEMA_CASE_UPPER) &&
		    !letter_is_case(p->from, strlen(p->from), c->letters == SCHEMA_CASE_UPPER))
			return fault(l, at, "never found, as case changes the value first", p->from);
		if (check_mapped(l, c, at, p->to) == -1)
			return -1;
	}
	return 0;
}

static int
check_case(struct loader *l, const struct schema_column *c)
{
	const struct place at = l->column_at[C_CASE];
	size_t i, k;

	if ((c->letters == SCHEMA_CASE_LOWER || c->letters == SCHEMA_CASE_UPPER) && c->type.kind != VAL_STRING)
		return fault(l, at, "case lower and upper are for strings only", NULL);
	if (c->letters != SCHEMA_CASE_IGNORE)
		return 0;
	if (c->map.n == 0 && c->allowed.n == 0 && c->true_values.n == 0 && c->false_values.n == 0)
		return fault(l, at, "case ignore is for a column with map, enum, true_values or false_values", NULL);
	for (i = 0; i < c->allowed.n; i++)
		for (k = 0; k < i; k++)
			if (is_same(c->letters, c->allowed.word[k], c->allowed.word[i]))
				return fault(l, l->list_at[C_ENUM][i], "given twice but for case", c->allowed.word[i]);
	return 0;
}

/* Checks true_values and false_values, of which none is in both. */
static int
check_truths(struct loader *l, const struct schema_column *c)
{
	const int first = c->true_values.n > 0 ? C_TRUE_VALUES : C_FALSE_VALUES;
	size_t i, k;

	if (l->column_at[first].line != 0 && c->type.kind != VAL_BOOL)
		return fault(l, l->column_at[first], "true_values and false_values are for bool only", NULL);
	for (i = 0; i < c->false_values.n; i++)
		for (k = 0; k < c->true_values.n; k++)
			if (is_same(c->letters, c->true_values.word[k], c->false_values.word[i]))
				return fault(l, l->list_at[C_FALSE_VALUES][i], "both true and false",
				    c->false_values.word[i]);
	return 0;
}

static int
check_changes(struct loader *l, struct schema_column *c)
{
	if (c->empty == SCHEMA_EMPTY_KEEP && c->type.kind != VAL_STRING)
		return fault(l, l->column_at[C_EMPTY], "empty keep is for strings only", NULL);
	return check_replace(l, c) == -1 || check_case(l, c) == -1 || check_map(l, c) == -1 ||
	    check_truths(l, c) == -1 ? -1 : 0;
}

static int
check_column(struct loader *l, struct schema_column *c)
{
	struct bound low = { 0 }, high = { 0 };
	struct buf fallback = { 0 }, one = { 0 };
	int status;

	if (make_formats(l, c) == -1 || make_notation(l, c) == -1 || check_pattern(l, c) == -1 ||
	    check_lengths(l, c) == -1)
		return -1;
	status = check_values(l, c, &low, &high, &fallback, &one) == -1 ? -1 : check_changes(l, c);
	buf_free(&low.typed);
	buf_free(&high.typed);
	buf_free(&fallback);
	buf_free(&one);
	return status;
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
check_sources(struct loader *l, const struct schema_column *c, const struct schema_column *other)
{
	size_t i, k;

	for (i = 0; i < c->sources.n; i++) {
		const char *source = c->sources.word[i];
		const struct place at = l->list_at[C_SOURCE] != NULL ? l->list_at[C_SOURCE][i] : l->column_at[C_NAME];

		for (k = 0; k < i; k++)
			if (strcmp(source, c->sources.word[k]) == 0)
				return fault(l, at, "source given twice", source);
		if (other < c && has_source(other, source))
			return fault(l, at, "source given twice", source);
		if (other < c && strcmp(source, other->name) == 0)
			return fault(l, at, "source is another column's name", source);
	}
	return 0;
}

/*
 * Checks that a column's name is no other column's name or source, so that every name in a file or a raw stream denotes
 * one column.
 */
static int
check_names(struct loader *l, const struct schema_column *c)
{
	static const char *const reserved[] = { "_line", "_lines", "_malformed", "_change_type" };
	const struct schema_column *other;
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcmp(c->name, reserved[i]) == 0)
			return fault(l, l->column_at[C_NAME], "reserved name", c->name);
	for (other = l->schema->columns; other < c; other++) {
		if (strcmp(c->name, other->name) == 0)
			return fault(l, l->column_at[C_NAME], "column given twice", c->name);
		if (has_source(other, c->name))
			return fault(l, l->column_at[C_NAME], "name is another column's source", c->name);
		if (check_sources(l, c, other) == -1)
			return -1;
	}
	return check_sources(l, c, c);
}

static void
free_lists(struct loader *l)
{
	size_t i;

	for (i = 0; i < C_WORDS; i++) {
		free(l->list_at[i]);
		l->list_at[i] = NULL;
	}
	for (i = 0; i < LATER_LISTS; i++)
		free_texts(&l->later[i]);
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

static int
read_column(struct loader *l)
{
	struct schema *s = l->schema;
	struct place at = here(l);
	struct schema_column *c;
	int status;

	if (l->event.type != YAML_MAPPING_START_EVENT)
		return fault(l, at, "expected a column's words", NULL);
	if (s->ncolumns == MAX_COLUMNS)
		return fault(l, at, "more than 4000 columns", NULL);
	if ((s->ncolumns & (s->ncolumns - 1)) == 0)
		s->columns = xreallocarray(s->columns, s->ncolumns == 0 ? 1 : 2 * s->ncolumns, sizeof(*s->columns));
	c = &s->columns[s->ncolumns++];
	memset(c, 0, sizeof(*c));
	c->century = NUM_CENTURY;
	c->max_length = SIZE_MAX;
	memset(l->column_at, 0, sizeof(l->column_at));
	status = read_words(l, column_words, C_WORDS, l->column_at, c);
	if (status == 0 && c->name == NULL)
		status = fault(l, at, "missing word of a column", "name");
	if (status == 0 && l->column_at[C_TYPE].line == 0)
		status = fault(l, at, "missing word of a column", "type");
	if (status == 0) {
		set_sources(c);
		c->own_nulls = l->column_at[C_NULLS].line != 0;
		status = check_names(l, c) == -1 || check_column(l, c) == -1 ? -1 : 0;
	}
	free_lists(l);
	return status;
}

static int
read_columns(struct loader *l)
{
	if (l->event.type != YAML_SEQUENCE_START_EVENT)
		return fault(l, here(l), "expected a list for", "columns");
	for (;;) {
		if (step(l) == -1)
			return -1;
		if (l->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (read_column(l) == -1)
			return -1;
	}
	return l->schema->ncolumns > 0 ? 0 : fault(l, here(l), "an empty list for", "columns");
}

/* ---- the schema ---- */

/* Have two columns a source that is the same without case? */
static bool
share_source(const struct schema *s, const struct schema_column *a, const struct schema_column *b)
{
	size_t i, k;

	for (i = 0; i < a->sources.n; i++)
		for (k = 0; k < b->sources.n; k++)
			if (schema_same_name(s, a->sources.word[i], b->sources.word[k]))
				return true;
	return false;
}

/* Checks that no two columns share a source for a comparison without case; check_names compares them as they are. */
static int
check_letters(struct loader *l)
{
	const struct schema *s = l->schema;
	size_t i, k;

	for (i = 0; s->names_ignore_case && i < s->ncolumns; i++)
		for (k = 0; k < i; k++)
			if (share_source(s, &s->columns[i], &s->columns[k]))
				return fault(l, l->schema_at[S_NAMES], "ignore_case: two columns of one source",
				    s->columns[i].source);
	return 0;
}

/* Checks that the comment's text cannot begin a row with an empty or a quoted first field. */
static int
check_comment(struct loader *l)
{
	const struct schema *s = l->schema;

	if (s->comment == NULL)
		return 0;
	if (*s->comment == s->delimiter || (*s->comment == s->quote && s->quote != '\0'))
		return fault(l, l->schema_at[S_COMMENT], "comment begins with the delimiter or the quote", s->comment);
	return 0;
}

/* Marks the columns named by the word "key", which makes them required. */
static int
mark_keys(struct loader *l)
{
	struct schema *s = l->schema;
	size_t i, k;

	for (k = 0; k < l->keys.n; k++) {
		for (i = 0; i < s->ncolumns && strcmp(s->columns[i].name, l->keys.word[k]) != 0; i++)
			continue;
		if (i == s->ncolumns)
			return no_column(l, l->keys.place[k], "key: no such column", l->keys.word[k]);
		if (s->columns[i].key)
			return fault(l, l->keys.place[k], "key given twice", l->keys.word[k]);
		s->columns[i].key = true;
	}
	for (i = 0; i < s->ncolumns; i++)
		s->columns[i].required |= s->columns[i].key;
	return 0;
}

static int
read_schema(struct loader *l)
{
	struct schema *s = l->schema;
	struct place top;

	if (step(l) == -1 || step(l) == -1)		/* start of the stream, then of the document */
		return -1;
	if (l->event.type == YAML_STREAM_END_EVENT)
		return fault(l, here(l), "empty file", NULL);
	if (step(l) == -1)
		return -1;
	top = here(l);
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return fault(l, top, "expected a schema's words", NULL);
	if (read_words(l, schema_words, S_WORDS, l->schema_at, NULL) == -1)
		return -1;
	if (s->name == NULL)
		return fault(l, top, "missing word of a schema", "name");
	if (s->ncolumns == 0)
		return fault(l, top, "missing word of a schema", "columns");
	if (s->delimiter == s->quote)
		return fault(l, l->schema_at[S_DELIMITER].line ? l->schema_at[S_DELIMITER] : l->schema_at[S_QUOTE],
		    "delimiter and quote are the same", (char [2]){ s->quote, '\0' });
	if (s->escape != '\0' && s->escape == s->delimiter)
		return fault(l, l->schema_at[S_ESCAPE], "delimiter and escape are the same",
		    (char [2]){ s->escape, '\0' });
	/* end of document and stream */
	if (mark_keys(l) == -1 || check_letters(l) == -1 || check_comment(l) == -1 || check_expect(l) == -1 ||
	    step(l) == -1 || step(l) == -1)
		return -1;
	if (l->event.type != YAML_STREAM_END_EVENT)
		return fault(l, here(l), "more than one document", NULL);
	return 0;
}

int
schema_parse(struct schema *s, const void *text, size_t n, const char *name, struct msg *err)
{
	struct loader l = { .name = name, .schema = s, .err = err };
	const uint8_t *p = text;
	size_t at, len;
	int status;

	*s = (struct schema){ .delimiter = ',', .quote = '"', .header = true, .header_line = 1 };
	if (n > MAX_BYTES)
		return msg_set(err, EX_CONFIG, "%s: larger than 1 MiB: not a schema", name);
	for (at = 0; at < n && (len = utf8_len(p + at, n - at)) > 0; at += len)
		continue;
	if (at < n)
		return fault(&l, place_of(p, at), "not UTF-8", NULL);
	if (!yaml_parser_initialize(&l.yaml))
		return msg_set(err, EX_OSERR, "%s: out of memory", name);
	yaml_parser_set_encoding(&l.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.yaml, p, n);
	status = read_schema(&l);
	yaml_event_delete(&l.event);
	yaml_parser_delete(&l.yaml);
	free_texts(&l.keys);
	free_texts(&l.sums);
	return status;
}

int
schema_read(struct schema *s, const char *path, struct msg *err)
{
	struct buf text = { 0 };
	ssize_t got = -1;
	int fd, status = -1;

	*s = (struct schema){ .delimiter = ',', .quote = '"', .header = true, .header_line = 1 };
	if ((fd = io_open(path, err)) == -1)
		return -1;
	while (text.len <= MAX_BYTES &&
	    (got = io_read(fd, buf_room(&text, 65536), 65536, io_in_name(path), err)) > 0)
		text.len += (size_t)got;
	if (got != -1)
		status = schema_parse(s, buf_cstr(&text), text.len, io_in_name(path), err);
	if (fd != 0)
		close(fd);
	buf_free(&text);
	return status;
}

static void
free_list(struct schema_list *list)
{
	while (list->n > 0)
		free(list->word[--list->n]);
	free(list->word);
}

static void
free_pairs(struct schema_pairs *p)
{
	while (p->n > 0) {
		struct schema_pair *last = &p->pair[--p->n];

		regex_free(last->regex);
		free(last->from);
		free(last->to);
	}
	free(p->pair);
}

static void
free_column(struct schema_column *c)
{
	regex_free(c->regex);
	free_list(&c->sources);
	free_list(&c->nulls);
	free_list(&c->true_values);
	free_list(&c->false_values);
	free_list(&c->allowed);
	free_pairs(&c->replace);
	free_pairs(&c->map);
	free(c->name);
	free(c->default_text);
	free(c->minimum);
	free(c->maximum);
	free(c->exclusive_minimum);
	free(c->exclusive_maximum);
	free(c->title);
	free(c->description);
	free(c->pattern);
	free(c->formats);
	val_notation_free(c->notation);
	free(c->references_table);
	free(c->references_column);
}

static void
free_expect(struct schema_expect *e)
{
	while (e->nsums > 0)
		free(e->sums[--e->nsums].limit.text);
	free(e->sums);
	free(e->rows_text);
	free(e->rejected.text);
	free(e->rows_change.text);
}

void
schema_free(struct schema *s)
{
	free_expect(&s->expect);
	while (s->ncolumns > 0)
		free_column(&s->columns[--s->ncolumns]);
	free(s->columns);
	free_list(&s->nulls);
	regex_free(s->footer_regex);
	free(s->footer_pattern);
	free(s->comment);
	free(s->encoding);
	free(s->name);
	free(s->file);
	memset(s, 0, sizeof(*s));
}

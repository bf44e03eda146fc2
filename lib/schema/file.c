/* The words of a schema that say what its file is like. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "schema/load.h"

static const struct schema_word words[SCHEMA_F_WORDS];

/*
 * Reads a delimiter, a quote or an escape: one byte of ASCII that is not a line end and, for an escape, not padding; \t
 * is a tab; an empty quote or escape disables it.
 */
static int
read_byte(struct schema_loader *l, const struct schema_word *word, void *to)
{
	const char *text = schema_text(l);
	const bool is_escape = word == &words[SCHEMA_F_ESCAPE];
	char what[64];

	snprintf(what, sizeof(what), "%s must be one byte", word->name);
	if (strcmp(text, "\\t") == 0)
		text = "\t";
	if (word != &words[SCHEMA_F_DELIMITER] && *text == '\0') {
		*(char *)to = '\0';
		return 0;
	}
	if (strlen(text) != 1 || (*text & 0x80) != 0 || *text == '\n' || *text == '\r')
		return schema_fault(l, schema_here(l), what, schema_text(l));
	if (is_escape && (*text == ' ' || *text == '\t'))
		return schema_fault(l, schema_here(l), "escape must not be a blank", schema_text(l));
	*(char *)to = *text;
	return 0;
}

static int
read_multiline(struct schema_loader *l, const struct schema_word *word, void *to)
{
	bool yes = false;

	if (schema_read_yes(l, word, &yes) == -1)
		return -1;
	*(enum schema_multiline *)to = yes ? SCHEMA_MULTILINE_YES : SCHEMA_MULTILINE_NO;
	return 0;
}

static int
read_encoding(struct schema_loader *l, const struct schema_word *word, void *to)
{
	if (!schema_encoding_ok(schema_text(l)))
		return schema_fault_near(l, schema_here(l), "unknown encoding", schema_text(l),
		    schema_encoding_hint(schema_text(l)));
	return schema_read_value(l, word, to);
}

/* Reads a number written without quotes. Returns false for anything else. */
static bool
read_number(const struct schema_loader *l, int64_t *n)
{
	const char *text = schema_text(l);

	return schema_is_plain(l) && text[strspn(text, "0123456789")] == '\0' &&
	    num_int64(text, strlen(text), n);
}

/* Reads yes, no, or the number of the line that has the names. */
static int
read_header(struct schema_loader *l, const struct schema_word *word, void *to)
{
	const char *text = schema_text(l);
	int64_t line;

	if (strspn(text, "0123456789") == 0)
		return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0 || strcmp(text, "true") == 0 ||
		    strcmp(text, "false") == 0 ? schema_read_yes(l, word, to) :
		    schema_fault(l, schema_here(l), "expected yes, no or the number of a line", text);
	if (!read_number(l, &line) || line < 1 || line > SCHEMA_HEADER_MAX)
		return schema_fault(l, schema_here(l), "expected a line from 1 to 1000000", text);
	l->schema->header_line = (uint64_t)line;
	return 0;
}

/* Reads a number of lines, or a pattern for the first of them. */
static int
read_footer(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema *s = to;
	const char *text = schema_text(l);
	int64_t lines;

	if (schema_is_plain(l) && text[strspn(text, "0123456789")] == '\0') {
		if (!read_number(l, &lines) || lines < 1 || lines > SCHEMA_FOOTER_MAX)
			return schema_fault(l, schema_here(l), "expected 1 to 1000 lines or a pattern", text);
		s->footer = (size_t)lines;
		return 0;
	}
	if (*text == '\0')
		return schema_fault(l, schema_here(l), "missing value for", word->name);
	s->footer_pattern = xstrdup(text);
	s->footer_regex = schema_pattern_compile(l, schema_here(l), text);
	return s->footer_regex != NULL ? 0 : -1;
}

static int
read_comment(struct schema_loader *l, const struct schema_word *word, void *to)
{
	const char *text = schema_text(l);

	if (strpbrk(text, "\r\n") != NULL)
		return schema_fault(l, schema_here(l), "comment must not have a line end", text);
	return schema_read_text(l, word, to);
}

/* ---- the words ---- */

static int
read_empty(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)word;
	return schema_either(l, "keep", "null", to);
}

static int
read_extra(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)word;
	return schema_either(l, "ignore", "error", to);
}

static int
read_drift(struct schema_loader *l, const struct schema_word *word, void *to)
{
	static const char *const choices[] = { "stop", "ignore", "add" };	/* by enum schema_drift */
	size_t i;

	(void)word;
	for (i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		if (strcmp(schema_text(l), choices[i]) == 0) {
			*(enum schema_drift *)to = (enum schema_drift)i;
			return 0;
		}
	return schema_fault(l, schema_here(l), "expected stop, ignore or add", schema_text(l));
}

static int
read_short_rows(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)word;
	return schema_either(l, "null", "reject", to);
}

static int
read_names(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)word;
	return schema_either(l, "ignore_case", "exact", to);
}

static int
read_keys(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)to;
	return schema_texts_read(l, word->name, false, &l->keys);
}

#define FIELD(name) offsetof(struct schema, name)

static const struct schema_word words[SCHEMA_F_WORDS] = {
	[SCHEMA_F_NAME] = { "name", schema_read_text, FIELD(name), false },
	[SCHEMA_F_FILE] = { "file", schema_read_text, FIELD(file), false },
	[SCHEMA_F_DELIMITER] = { "delimiter", read_byte, FIELD(delimiter), false },
	[SCHEMA_F_QUOTE] = { "quote", read_byte, FIELD(quote), false },
	[SCHEMA_F_ESCAPE] = { "escape", read_byte, FIELD(escape), false },
	[SCHEMA_F_MULTILINE] = { "multiline", read_multiline, FIELD(multiline), false },
	[SCHEMA_F_EMPTY] = { "empty", read_empty, FIELD(empty_keep), false },
	[SCHEMA_F_HEADER] = { "header", read_header, FIELD(header), false },
	[SCHEMA_F_NULLS] = { "nulls", schema_read_list, FIELD(nulls), true },
	[SCHEMA_F_EXTRA] = { "extra", read_extra, FIELD(extra_ignore), false },
	[SCHEMA_F_DRIFT] = { "drift", read_drift, FIELD(drift), false },
	[SCHEMA_F_KEY] = { "key", read_keys, 0, true },
	[SCHEMA_F_COLUMNS] = { "columns", schema_columns_read, 0, true },
	[SCHEMA_F_EXPECT] = { "expect", schema_expect_read, FIELD(expect), true },
	[SCHEMA_F_ENCODING] = { "encoding", read_encoding, FIELD(encoding), false },
	[SCHEMA_F_FOOTER] = { "footer", read_footer, 0, false },
	[SCHEMA_F_COMMENT] = { "comment", read_comment, FIELD(comment), false },
	[SCHEMA_F_TRAILING] = { "trailing_delimiter", schema_read_yes, FIELD(trailing_delimiter), false },
	[SCHEMA_F_SHORT_ROWS] = { "short_rows", read_short_rows, FIELD(short_null), false },
	[SCHEMA_F_NAMES] = { "names", read_names, FIELD(names_ignore_case), false },
	[SCHEMA_F_OPTIONAL] = { "optional", schema_read_yes, FIELD(optional), false },
	[SCHEMA_F_WHERE] = { "where", schema_read_expr, FIELD(where), false },
	[SCHEMA_F_RULES] = { "rules", schema_read_rules, 0, true },
	[SCHEMA_F_REFERENCES] = { "references", schema_references_read, 0, true },
	[SCHEMA_F_SEQUENCE] = { "sequence", schema_read_text, FIELD(sequence), false }
};

int
schema_file_read(struct schema_loader *l)
{
	return schema_words_read(l, words, SCHEMA_F_WORDS, l->file_at, l->schema, "a schema");
}

/* ---- checks ---- */

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
check_letters(struct schema_loader *l)
{
	const struct schema *s = l->schema;
	size_t i, k;

	for (i = 0; s->names_ignore_case && i < s->ncolumns; i++)
		for (k = 0; k < i; k++)
			if (share_source(s, &s->columns[i], &s->columns[k]))
				return schema_fault(l, l->file_at[SCHEMA_F_NAMES],
				    "ignore_case: two columns of one source",
				    s->columns[i].source);
	return 0;
}

/* Checks that the comment's text cannot begin a row with an empty or a quoted first field. */
static int
check_comment(struct schema_loader *l)
{
	const struct schema *s = l->schema;

	if (s->comment == NULL)
		return 0;
	if (*s->comment == s->delimiter || (*s->comment == s->quote && s->quote != '\0'))
		return schema_fault(l, l->file_at[SCHEMA_F_COMMENT], "comment begins with the delimiter or the quote",
		    s->comment);
	return 0;
}

static int
check_drift(struct schema_loader *l)
{
	struct schema *s = l->schema;

	if (s->drift != SCHEMA_DRIFT_STOP && !s->header)
		return schema_fault(l, l->file_at[SCHEMA_F_DRIFT], "drift needs names in the file; header is no", NULL);
	if (s->drift == SCHEMA_DRIFT_ADD && s->extra_ignore)
		return schema_fault(l, l->file_at[SCHEMA_F_DRIFT], "drift: add and extra: ignore exclude each other",
		    NULL);
	s->extra_ignore |= s->drift == SCHEMA_DRIFT_IGNORE;
	return 0;
}

static int
check_bytes(struct schema_loader *l)
{
	const struct schema *s = l->schema;

	if (s->delimiter == s->quote)
		return schema_fault(l, l->file_at[SCHEMA_F_DELIMITER].line ? l->file_at[SCHEMA_F_DELIMITER] :
		    l->file_at[SCHEMA_F_QUOTE], "delimiter and quote are the same", (char [2]){ s->quote, '\0' });
	if (s->escape != '\0' && s->escape == s->delimiter)
		return schema_fault(l, l->file_at[SCHEMA_F_ESCAPE], "delimiter and escape are the same",
		    (char [2]){ s->escape, '\0' });
	return 0;
}

/* Marks the columns named by the word "key", which makes them required. */
static int
mark_keys(struct schema_loader *l)
{
	struct schema *s = l->schema;
	size_t i, k;

	for (k = 0; k < l->keys.n; k++) {
		for (i = 0; i < s->ncolumns && strcmp(s->columns[i].name, l->keys.word[k]) != 0; i++)
			continue;
		if (i == s->ncolumns)
			return schema_no_column(l, l->keys.place[k], "key: no such column", l->keys.word[k]);
		if (s->columns[i].key)
			return schema_fault(l, l->keys.place[k], "key given twice", l->keys.word[k]);
		s->columns[i].key = true;
	}
	for (i = 0; i < s->ncolumns; i++)
		s->columns[i].required |= s->columns[i].key;
	return 0;
}

/* Makes the column of the sequence required, and checks that it has an order. */
static int
mark_sequence(struct schema_loader *l)
{
	struct schema *s = l->schema;
	struct schema_place at = l->file_at[SCHEMA_F_SEQUENCE];
	struct schema_column *c;
	size_t i;

	if (s->sequence == NULL)
		return 0;
	for (i = 0; i < s->ncolumns && strcmp(s->columns[i].name, s->sequence) != 0; i++)
		continue;
	if (i == s->ncolumns)
		return schema_no_column(l, at, "sequence: no such column", s->sequence);
	c = &s->columns[i];
	if (c->key)
		return schema_fault(l, at, "sequence: a key column", s->sequence);
	if (c->type.kind == VAL_BOOL || c->type.kind == VAL_FLOAT64)
		return schema_fault(l, at, "sequence: the type of the column has no exact order", s->sequence);
	c->required = true;
	return 0;
}

/* Checks that the file has a column of its own. */
static int
check_columns(struct schema_loader *l)
{
	const struct schema *s = l->schema;
	size_t i;

	for (i = 0; i < s->ncolumns && schema_is_computed(&s->columns[i]); i++)
		continue;
	return i < s->ncolumns ? 0 : schema_fault(l, l->file_at[SCHEMA_F_COLUMNS], "all columns are computed", NULL);
}

int
schema_file_check(struct schema_loader *l)
{
	return check_bytes(l) == -1 || check_drift(l) == -1 ||
	    check_columns(l) == -1 || mark_keys(l) == -1 || mark_sequence(l) == -1 ||
	    check_letters(l) == -1 ||
	    check_comment(l) == -1 ||
	    schema_signs_check(l) == -1 || schema_references_check(l) == -1 ? -1 : 0;
}

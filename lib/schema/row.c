/* The words over the whole row: where, rules, compute and sign. Their expressions are parsed by lib/clean. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "schema/load.h"

/* Do the characters of the scalar follow each other in the file, after `before` others? */
static bool
is_exact(const struct schema_loader *l, size_t before)
{
	const yaml_mark_t *a = &l->event.start_mark, *b = &l->event.end_mark;
	const char *text = schema_text(l);

	return a->line == b->line && b->column - a->column == utf8_count(text, strlen(text)) + 2 * before;
}

static int
read_expr(struct schema_loader *l, const char *word, struct schema_expr *e)
{
	const struct schema_place at = schema_here(l);
	const size_t before = schema_is_plain(l) ? 0 : 1;

	if (schema_text(l)[strspn(schema_text(l), " \t\n")] == '\0')
		return schema_fault(l, at, "missing value for", word);
	e->text = xstrdup(schema_text(l));
	e->exact = is_exact(l, before);
	e->line = at.line;
	e->column = at.column + (e->exact ? before : 0);
	return 0;
}

int
schema_read_expr(struct schema_loader *l, const struct schema_word *word, void *to)
{
	return read_expr(l, word->name, to);
}

/* ---- rules ---- */

/* Reasons of acct-clean(1), which no rule can have as its name. */
static const char *const reasons[] = { "field-count", "quote", "encoding", "missing", "type", "not-allowed",
    "duplicate", "conflict", "unique", "orphan" };

static int
check_rule_name(struct schema_loader *l, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t i;

	if (*name == '\0' || name[strspn(name, letters)] != '\0')
		return schema_fault(l, schema_here(l), "a rule's name must be letters, digits, '_' and '-'", name);
	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (strcmp(name, reasons[i]) == 0)
			return schema_fault(l, schema_here(l), "name of another reason to reject a row", name);
	for (i = 0; i < l->schema->nrules; i++)
		if (strcmp(name, l->schema->rules[i].name) == 0)
			return schema_fault(l, schema_here(l), "given twice", name);
	return 0;
}

static int
read_rule(struct schema_loader *l)
{
	struct schema *s = l->schema;
	struct schema_rule *r;

	if (l->event.type != YAML_SCALAR_EVENT)
		return schema_fault(l, schema_here(l), "expected a name in", "rules");
	if (check_rule_name(l, schema_text(l)) == -1)
		return -1;
	s->rules = xreallocarray(s->rules, s->nrules + 1, sizeof(*s->rules));
	r = &s->rules[s->nrules++];
	*r = (struct schema_rule){ .name = xstrdup(schema_text(l)) };
	return schema_step(l) == -1 || schema_want_text(l, r->name) == -1 ? -1 : read_expr(l, r->name, &r->expr);
}

int
schema_read_rules(struct schema_loader *l, const struct schema_word *word, void *to)
{
	(void)to;
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, schema_here(l), "expected names and predicates for", word->name);
	for (;;) {
		if (schema_step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (read_rule(l) == -1)
			return -1;
	}
	return l->schema->nrules > 0 ? 0 : schema_fault(l, schema_here(l), "an empty mapping for", word->name);
}

/* ---- sign ---- */

static int
read_sign_column(struct schema_loader *l, const struct schema_word *word, void *to)
{
	if (schema_read_text(l, word, to) == -1)
		return -1;
	schema_texts_add(l, &l->signs);
	return 0;
}

static int
read_sign_values(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_texts t = { NULL, NULL, 0 };
	int status = schema_texts_read(l, word->name, false, &t);

	*(struct schema_list *)to = (struct schema_list){ t.word, t.n };
	free(t.place);
	return status;
}

int
schema_read_sign(struct schema_loader *l, const struct schema_word *word, void *to)
{
	static const struct schema_word words[] = {
		{ "column", read_sign_column, offsetof(struct schema_sign, column), false },
		{ "negative", read_sign_values, offsetof(struct schema_sign, negative), true },
		{ "positive", read_sign_values, offsetof(struct schema_sign, positive), true }
	};
	struct schema_place top = schema_here(l), at[3] = { 0 };
	const struct schema_sign *s = to;
	size_t i, k;

	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, top, "expected {column: ..., negative: [...]} for", word->name);
	if (schema_words_read(l, words, 3, at, to, "sign") == -1)
		return -1;
	if (s->column == NULL || s->negative.n == 0)
		return schema_fault(l, top, "missing word of sign", s->column == NULL ? "column" : "negative");
	for (i = 0; i < s->positive.n; i++)
		for (k = 0; k < s->negative.n; k++)
			if (strcmp(s->positive.word[i], s->negative.word[k]) == 0)
				return schema_fault(l, at[2], "both negative and positive", s->positive.word[i]);
	return 0;
}

static int
check_sign_values(struct schema_loader *l, struct schema_place at, const struct schema_column *side,
    const struct schema_list *values)
{
	size_t i, k;

	for (i = 0; i < values->n && side->allowed.n > 0; i++) {
		for (k = 0; k < side->allowed.n && strcmp(side->allowed.word[k], values->word[i]) != 0; k++)
			continue;
		if (k == side->allowed.n)
			return schema_fault(l, at, "sign: a value that is not in the column's enum", values->word[i]);
	}
	return 0;
}

static int
check_sign(struct schema_loader *l, struct schema_place at, struct schema_column *c)
{
	struct schema *s = l->schema;
	const struct schema_column *side;
	size_t i;

	for (i = 0; i < s->ncolumns && strcmp(s->columns[i].name, c->sign.column) != 0; i++)
		continue;
	if (i == s->ncolumns)
		return schema_no_column(l, at, "sign: no such column", c->sign.column);
	side = &s->columns[i];
	if (side->type.kind != VAL_STRING || schema_is_computed(side))
		return schema_fault(l, at, "sign: its column must be a string of the file", c->sign.column);
	c->sign.index = i;
	return check_sign_values(l, at, side, &c->sign.negative) == -1 ||
	    check_sign_values(l, at, side, &c->sign.positive) == -1 ? -1 : 0;
}

int
schema_signs_check(struct schema_loader *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->schema->ncolumns; i++)
		if (l->schema->columns[i].sign.column != NULL &&
		    check_sign(l, l->signs.place[n++], &l->schema->columns[i]) == -1)
			return -1;
	return 0;
}

/* ---- beside the other words of a column ---- */

/* Words about a value in the file, which a computed column does not have. */
static const enum schema_column_word of_file[] = { SCHEMA_C_SOURCE, SCHEMA_C_NULLS, SCHEMA_C_EMPTY, SCHEMA_C_REPLACE,
    SCHEMA_C_CASE, SCHEMA_C_MAP, SCHEMA_C_OTHER, SCHEMA_C_TRUE_VALUES, SCHEMA_C_FALSE_VALUES, SCHEMA_C_FORMAT,
    SCHEMA_C_CENTURY, SCHEMA_C_POINT, SCHEMA_C_GROUP, SCHEMA_C_NEGATIVE, SCHEMA_C_CURRENCY, SCHEMA_C_SUFFIX,
    SCHEMA_C_SIGN, SCHEMA_C_ZONE };

int
schema_row_check_column(struct schema_loader *l)
{
	const struct schema_column *c = l->column;
	const struct schema_place sign = l->column_at[SCHEMA_C_SIGN];
	size_t i;

	for (i = 0; schema_is_computed(c) && i < sizeof(of_file) / sizeof(*of_file); i++)
		if (l->column_at[of_file[i]].line != 0)
			return schema_fault(l, l->column_at[of_file[i]], "not for a column with compute",
			    schema_column_words[of_file[i]].name);
	if (sign.line != 0 && !val_is_exact(c->type))
		return schema_fault(l, sign, "for integers and decimals only", "sign");
	if (sign.line != 0 && c->default_text != NULL)
		return schema_fault(l, l->column_at[SCHEMA_C_DEFAULT], "not for a column with sign", "default");
	return 0;
}

/* The words that change values: replace, case, map, true_values and false_values. */
#include <string.h>

#include "base/letter.h"
#include "schema/load.h"

static bool
is_same(enum schema_case letters, const char *a, const char *b)
{
	return letters == SCHEMA_CASE_IGNORE ? letter_same(a, strlen(a), b, strlen(b)) : strcmp(a, b) == 0;
}

/* Compiles the patterns of replace. */
static int
check_replace(struct schema_loader *l, struct schema_column *c)
{
	size_t i;

	for (i = 0; i < c->replace.n; i++) {
		struct schema_pair *p = &c->replace.pair[i];
		const struct schema_place at = l->list_at[SCHEMA_C_REPLACE][i];

		if ((p->regex = schema_pattern_compile(l, at, p->from)) == NULL)
			return -1;
		if (!regex_can_find(p->regex))
			return schema_fault(l, at, "too many repetitions in a pattern", p->from);
	}
	return 0;
}

/* Checks that a text in the place of another is a value of the column, if its type is written in one way only. */
static int
check_mapped(struct schema_loader *l, struct schema_column *c, struct schema_place at, const char *text)
{
	const bool is_string = c->type.kind == VAL_STRING;
	struct buf typed = { 0 };
	size_t i;
	int status = 0;

	if (*text == '\0' || (!is_string && c->type.kind != VAL_INT32 && c->type.kind != VAL_INT64))
		return 0;
	status = schema_encode(l, at, text, &typed);
	buf_free(&typed);
	if (status == -1 || !is_string)
		return status;
	for (i = 0; i < c->allowed.n && !is_same(c->letters, text, c->allowed.word[i]); i++)
		continue;
	if (c->allowed.n > 0 && i == c->allowed.n)
		return schema_fault(l, at, "maps to a value that is not in enum", text);
	if (c->regex != NULL && !regex_matches(c->regex, text, strlen(text)))
		return schema_fault(l, at, "maps to a value that does not match the pattern", text);
	return schema_is_long_enough(c, text) ? 0 : schema_fault(l, at, "maps to a value that is too short or too long",
	    text);
}

static int
check_map(struct schema_loader *l, struct schema_column *c)
{
	size_t i, k;

	if (c->map.n == 0 && l->column_at[SCHEMA_C_OTHER].line != 0)
		return schema_fault(l, l->column_at[SCHEMA_C_OTHER], "other is for a column with map", NULL);
	for (i = 0; i < c->map.n; i++) {
		const struct schema_place at = l->list_at[SCHEMA_C_MAP][i];
		const struct schema_pair *p = &c->map.pair[i];

		for (k = 0; k < i; k++)
			if (is_same(c->letters, c->map.pair[k].from, p->from))
				return schema_fault(l, at, "given twice but for case", p->from);
		if ((c->letters == SCHEMA_CASE_LOWER || c->letters == SCHEMA_CASE_UPPER) &&
		    !letter_is_case(p->from, strlen(p->from), c->letters == SCHEMA_CASE_UPPER))
			return schema_fault(l, at, "never found, as case changes the value first", p->from);
		if (check_mapped(l, c, at, p->to) == -1)
			return -1;
	}
	return 0;
}

static int
check_case(struct schema_loader *l, const struct schema_column *c)
{
	const struct schema_place at = l->column_at[SCHEMA_C_CASE];
	size_t i, k;

	if ((c->letters == SCHEMA_CASE_LOWER || c->letters == SCHEMA_CASE_UPPER) && c->type.kind != VAL_STRING)
		return schema_fault(l, at, "case lower and upper are for strings only", NULL);
	if (c->letters != SCHEMA_CASE_IGNORE)
		return 0;
	if (c->map.n == 0 && c->allowed.n == 0 && c->true_values.n == 0 && c->false_values.n == 0)
		return schema_fault(l, at, "case ignore is for a column with map, enum, true_values or false_values",
		    NULL);
	for (i = 0; i < c->allowed.n; i++)
		for (k = 0; k < i; k++)
			if (is_same(c->letters, c->allowed.word[k], c->allowed.word[i]))
				return schema_fault(l, l->list_at[SCHEMA_C_ENUM][i], "given twice but for case",
				    c->allowed.word[i]);
	return 0;
}

/* Checks true_values and false_values, of which none is in both. */
static int
check_truths(struct schema_loader *l, const struct schema_column *c)
{
	const int first = c->true_values.n > 0 ? SCHEMA_C_TRUE_VALUES : SCHEMA_C_FALSE_VALUES;
	size_t i, k;

	if (l->column_at[first].line != 0 && c->type.kind != VAL_BOOL)
		return schema_fault(l, l->column_at[first], "true_values and false_values are for bool only", NULL);
	for (i = 0; i < c->false_values.n; i++)
		for (k = 0; k < c->true_values.n; k++)
			if (is_same(c->letters, c->true_values.word[k], c->false_values.word[i]))
				return schema_fault(l, l->list_at[SCHEMA_C_FALSE_VALUES][i], "both true and false",
				    c->false_values.word[i]);
	return 0;
}

int
schema_changes_check(struct schema_loader *l)
{
	struct schema_column *c = l->column;

	if (c->empty == SCHEMA_EMPTY_KEEP && c->type.kind != VAL_STRING)
		return schema_fault(l, l->column_at[SCHEMA_C_EMPTY], "empty keep is for strings only", NULL);
	return check_replace(l, c) == -1 || check_case(l, c) == -1 || check_map(l, c) == -1 ||
	    check_truths(l, c) == -1 ? -1 : 0;
}

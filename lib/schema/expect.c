/* The word expect: limits of a day's file. */
#include <string.h>

#include "schema/load.h"

static int
read_percent(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_limit *limit = to;

	(void)word;
	if (!schema_percent_parse(schema_text(l), &limit->n))
		return schema_fault(l, schema_here(l), "expected a percentage such as 50% or 0.5%", schema_text(l));
	limit->text = xstrdup(schema_text(l));
	return 0;
}

static int
read_count(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_expect *e = to;
	const char *text = schema_text(l), *p;

	(void)word;
	for (p = text; *p >= '0' && *p <= '9' && p - text < 18; p++)
		e->rows = 10 * e->rows + (uint64_t)(*p - '0');
	if (*p != '\0' || p == text)
		return schema_fault(l, schema_here(l), "expected a number of rows", text);
	e->rows_text = xstrdup(text);
	return 0;
}

/* Reads sum_change, a mapping of columns to percentages. The columns are checked when all are known. */
static int
read_sums(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_expect *e = to;
	struct schema_sum_limit *sum;

	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, schema_here(l), "expected columns and percentages for", word->name);
	for (;;) {
		if (schema_step(l) == -1)
			return -1;
		if (l->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (schema_want_text(l, word->name) == -1)
			return -1;
		schema_texts_add(l, &l->sums);
		e->sums = xreallocarray(e->sums, e->nsums + 1, sizeof(*e->sums));
		sum = &e->sums[e->nsums++];
		*sum = (struct schema_sum_limit){ 0 };
		if (schema_step(l) == -1 || schema_want_text(l, l->sums.word[l->sums.n - 1]) == -1 ||
		    read_percent(l, word, &sum->limit) == -1)
			return -1;
	}
}

enum { ROWS, REJECTED, ROWS_CHANGE, SUM_CHANGE, WORDS };

static const struct schema_word words[WORDS] = {
	[ROWS] = { "rows", read_count, 0, false },
	[REJECTED] = { "rejected", read_percent, offsetof(struct schema_expect, rejected), false },
	[ROWS_CHANGE] = { "rows_change", read_percent, offsetof(struct schema_expect, rows_change), false },
	[SUM_CHANGE] = { "sum_change", read_sums, 0, true }
};

int
schema_expect_read(struct schema_loader *l, const struct schema_word *word, void *to)
{
	struct schema_place at[WORDS] = { 0 };

	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, schema_here(l), "expected limits for", word->name);
	if (schema_words_read(l, words, WORDS, at, to, "expect") == -1)
		return -1;
	l->rejected_at = at[REJECTED];
	return 0;
}

/* Finds the columns named by sum_change; they must be decimals, the type that is summed exactly. */
static int
check_sums(struct schema_loader *l)
{
	const struct schema *s = l->schema;
	size_t i, k, earlier;

	for (i = 0; i < l->sums.n; i++) {
		for (k = 0; k < s->ncolumns && strcmp(s->columns[k].name, l->sums.word[i]) != 0; k++)
			continue;
		if (k == s->ncolumns)
			return schema_no_column(l, l->sums.place[i], "sum_change: no such column", l->sums.word[i]);
		if (s->columns[k].type.kind != VAL_DECIMAL)
			return schema_fault(l, l->sums.place[i], "sum_change is for decimal columns", l->sums.word[i]);
		for (earlier = 0; earlier < i; earlier++)
			if (s->expect.sums[earlier].column == k)
				return schema_fault(l, l->sums.place[i], "given twice", l->sums.word[i]);
		s->expect.sums[i].column = k;
	}
	return 0;
}

/* Rejects a limit over 100 %, which could never be exceeded. */
int
schema_expect_check(struct schema_loader *l)
{
	const struct schema_limit *rejected = &l->schema->expect.rejected;

	if (rejected->text != NULL && rejected->n > SCHEMA_WHOLE)
		return schema_fault(l, l->rejected_at, "more than 100%", rejected->text);
	return check_sums(l);
}

/* How a file writes dates and numbers: the words format and century, and those of amounts. */
#include <string.h>

#include "base/near.h"
#include "schema/load.h"

/* Checks that no two formats read a text as different values, as %d/%m/%Y and %m/%d/%Y do. */
static int
check_formats_agree(struct schema_loader *l, const struct schema_column *c)
{
	const struct schema_texts *t = &l->later[SCHEMA_LATER_FORMAT];
	size_t i, k;

	for (i = 1; i < c->nformats; i++)
		for (k = 0; k < i; k++)
			if (strcmp(t->word[i], t->word[k]) == 0)
				return schema_fault(l, t->place[i], "format given twice", t->word[i]);
			else if (val_moment_differ(&c->formats[k], &c->formats[i], c->century) ||
			    val_moment_differ(&c->formats[i], &c->formats[k], c->century))
				return schema_fault(l, t->place[i],
				    "format reads dates of an earlier one as other dates",
				    t->word[i]);
	return 0;
}

/* Moves the words out of a list, which keeps their places. */
static char **
move_words(struct schema_texts *t, size_t *n)
{
	char **words = t->word;

	*n = t->n;
	t->word = NULL;
	t->n = 0;
	return words;
}

/* Compiles the formats of a column; a century is for two-digit years only. */
int
schema_formats_make(struct schema_loader *l)
{
	struct schema_column *c = l->column;
	const struct schema_texts *t = &l->later[SCHEMA_LATER_FORMAT];
	bool two_digits = false;
	const char *wrong;
	size_t i;

	if (t->n > 0 && c->type.kind != VAL_DATE && c->type.kind != VAL_TIMESTAMP)
		return schema_fault(l, t->place[0], "a format is for dates and timestamps only", t->word[0]);
	if (c->zone != NULL && c->type.kind != VAL_TIMESTAMP)
		return schema_fault(l, l->column_at[SCHEMA_C_ZONE], "a time zone is for timestamps only", NULL);
	c->formats = t->n > 0 ? xcalloc(t->n, sizeof(*c->formats)) : NULL;
	for (i = 0; i < t->n; i++) {
		if ((wrong = val_moment_compile(&c->formats[i], c->type.kind, t->word[i])) != NULL)
			return schema_fault(l, t->place[i], wrong, t->word[i]);
		two_digits |= c->formats[i].two_digits;
		c->nformats++;
	}
	if (l->column_at[SCHEMA_C_CENTURY].line != 0 && !two_digits)
		return schema_fault(l, l->column_at[SCHEMA_C_CENTURY], "a century is for a format with %y only", NULL);
	if (check_formats_agree(l, c) == -1)
		return -1;
	c->format_texts.word = move_words(&l->later[SCHEMA_LATER_FORMAT], &c->format_texts.n);
	return 0;
}

static int
check_twice(struct schema_loader *l, const struct schema_texts *t)
{
	size_t i, k;

	for (i = 1; i < t->n; i++)
		for (k = 0; k < i; k++)
			if (strcmp(t->word[i], t->word[k]) == 0)
				return schema_fault(l, t->place[i], "given twice", t->word[i]);
	return 0;
}

static int
make_point(struct schema_loader *l, struct val_notation *w)
{
	const struct schema_texts *t = &l->later[SCHEMA_LATER_POINT];

	w->point = '.';
	if (t->n == 0)
		return 0;
	if (t->n > 1)
		return schema_fault(l, t->place[1], "expected one value for", "decimal_char");
	if (strcmp(t->word[0], ".") != 0 && strcmp(t->word[0], ",") != 0)
		return schema_fault(l, t->place[0], "expected a point or a comma", t->word[0]);
	w->point = t->word[0][0];
	return 0;
}

static int
make_groups(struct schema_loader *l, struct val_notation *w)
{
	struct schema_texts *t = &l->later[SCHEMA_LATER_GROUP];
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!val_notation_is_group(t->word[i]))
			return schema_fault(l, t->place[i], "expected a point, a comma, a blank or an apostrophe",
			    t->word[i]);
		if (t->word[i][0] == w->point)
			return schema_fault(l, t->place[i], "group_char is the decimal_char", t->word[i]);
	}
	if (check_twice(l, t) == -1)
		return -1;
	w->groups = move_words(t, &w->ngroups);
	return 0;
}

static int
make_negative(struct schema_loader *l, struct val_notation *w)
{
	static const char *const forms[] = { "leading", "trailing", "parentheses", "U+2212" };
	const struct schema_texts *t = &l->later[SCHEMA_LATER_NEGATIVE];
	struct near near;
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		near_start(&near, t->word[i]);
		for (k = 0; k < 4 && strcmp(t->word[i], forms[k]) != 0; k++)
			near_try(&near, forms[k]);
		if (k == 4)
			return schema_fault_near(l, t->place[i], "expected leading, trailing, parentheses or U+2212",
			    t->word[i], near_hint(&near));
		w->negative |= 1u << k;		/* in the order of VAL_NEGATIVE_LEADING and so on */
	}
	return check_twice(l, t);
}

/* Checks words that stand beside a number: they must not look like a part of it. */
static int
check_beside(struct schema_loader *l, const struct schema_texts *t)
{
	const char *word;
	size_t i;

	for (i = 0; i < t->n; i++) {
		word = t->word[i];
		if (!val_notation_is_word(word))
			return schema_fault(l, t->place[i], "digits, signs of a number, or a blank at an end", word);
	}
	return check_twice(l, t);
}

static int
make_beside(struct schema_loader *l, struct val_notation *w)
{
	struct schema_texts *currency = &l->later[SCHEMA_LATER_CURRENCY], *suffix = &l->later[SCHEMA_LATER_SUFFIX];
	size_t i, k;

	if (check_beside(l, currency) == -1 || check_beside(l, suffix) == -1)
		return -1;
	for (i = 0; i < suffix->n; i++)
		for (k = 0; k < currency->n; k++)
			if (strcmp(suffix->word[i], currency->word[k]) == 0)
				return schema_fault(l, suffix->place[i], "suffix is a currency too", suffix->word[i]);
	w->suffix_negative = suffix->n > 0 ? xcalloc(suffix->n, sizeof(*w->suffix_negative)) : NULL;
	for (i = 0; i < suffix->n; i++)
		w->suffix_negative[i] = strcmp(l->later[SCHEMA_LATER_SIGN].word[i], "negative") == 0;
	w->currencies = move_words(currency, &w->ncurrencies);
	w->suffixes = move_words(suffix, &w->nsuffixes);
	return 0;
}

/* Makes the notation of a column that has words for it. */
int
schema_notation_make(struct schema_loader *l)
{
	struct schema_column *c = l->column;
	size_t word;

	for (word = SCHEMA_C_POINT; word <= SCHEMA_C_SUFFIX && l->column_at[word].line == 0; word++)
		continue;
	if (word > SCHEMA_C_SUFFIX)
		return 0;
	if (!val_is_exact(c->type))
		return schema_fault(l, l->column_at[word], "for integers and decimals only",
		    schema_column_words[word].name);
	c->notation = xcalloc(1, sizeof(*c->notation));
	if (make_point(l, c->notation) == -1 || make_groups(l, c->notation) == -1 ||
	    make_negative(l, c->notation) == -1 || make_beside(l, c->notation) == -1)
		return -1;
	val_notation_prepare(c->notation);
	return 0;
}

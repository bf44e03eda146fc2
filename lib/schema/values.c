/* What limits the values of a column: bounds, enum, lengths and pattern; and its default. */
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "schema/load.h"

int
schema_encode(struct schema_loader *l, struct schema_place at, const char *text, struct buf *out)
{
	const struct val_type type = l->column->type;
	char what[NUM_TEXT + 24] = "invalid value of type ";

	out->len = 0;
	if (val_parse(type, text, strlen(text), out))
		return 0;
	val_type_put(what + strlen(what), type);
	return schema_fault(l, at, what, text);
}

static int
compare(const struct buf *a, const struct buf *b)
{
	int order = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

struct bound {			/* a column's minimum or maximum, inclusive or not */
	const char *text;	/* NULL if not given */
	struct schema_place at;
	bool exclusive;
	struct buf typed;
};

static int
read_bound(struct schema_loader *l, int inclusive, struct bound *b)
{
	const struct schema_column *c = l->column;
	const bool is_low = inclusive == SCHEMA_C_MINIMUM;
	const char *text = is_low ? c->minimum : c->maximum;
	const char *other = is_low ? c->exclusive_minimum : c->exclusive_maximum;
	const int exclusive = is_low ? SCHEMA_C_EXCLUSIVE_MINIMUM : SCHEMA_C_EXCLUSIVE_MAXIMUM;

	if (text != NULL && other != NULL)
		return schema_fault(l, l->column_at[exclusive], is_low ? "given besides minimum" :
		    "given besides maximum",
		    schema_column_words[exclusive].name);
	b->exclusive = other != NULL;
	b->text = b->exclusive ? other : text;
	b->at = l->column_at[b->exclusive ? exclusive : inclusive];
	return b->text == NULL ? 0 : schema_encode(l, b->at, b->text, &b->typed);
}

static bool
is_within(const struct buf *value, const struct bound *low, const struct bound *high)
{
	return (low->text == NULL || compare(value, &low->typed) >= (low->exclusive ? 1 : 0)) &&
	    (high->text == NULL || compare(value, &high->typed) <= (high->exclusive ? -1 : 0));
}

static int
check_bounds(struct schema_loader *l, const struct bound *low, const struct bound *high)
{
	int order;

	if (low->text == NULL || high->text == NULL)
		return 0;
	order = compare(&low->typed, &high->typed);
	if (order > 0)
		return schema_fault(l, high->at, "less than the minimum", high->text);
	if (order == 0 && (low->exclusive || high->exclusive))
		return schema_fault(l, high->at, "no value between minimum and maximum", high->text);
	return 0;
}

static size_t
letters_of(const char *text)
{
	return utf8_count(text, strlen(text));
}

bool
schema_is_long_enough(const struct schema_column *c, const char *text)
{
	return letters_of(text) >= c->min_length && letters_of(text) <= c->max_length;
}

static int
check_lengths(struct schema_loader *l)
{
	const struct schema_column *c = l->column;
	const int first = l->column_at[SCHEMA_C_MIN_LENGTH].line != 0 ? SCHEMA_C_MIN_LENGTH : SCHEMA_C_MAX_LENGTH;

	if (l->column_at[first].line != 0 && c->type.kind != VAL_STRING)
		return schema_fault(l, l->column_at[first], "a length is for strings only", NULL);
	if (c->min_length > c->max_length)
		return schema_fault(l, l->column_at[SCHEMA_C_MAX_LENGTH], "max_length is less than min_length", NULL);
	return 0;
}

/* Checks the default, typed, against all that limits the column's values. */
static int
check_default(struct schema_loader *l, const struct schema_column *c, bool listed, bool within)
{
	struct schema_place at = l->column_at[SCHEMA_C_DEFAULT];
	const char *text = c->default_text;

	if (!within)
		return schema_fault(l, at, "default outside minimum and maximum", text);
	if (!listed)
		return schema_fault(l, at, "default is not an allowed value", text);
	if (c->regex != NULL && !regex_matches(c->regex, text, strlen(text)))
		return schema_fault(l, at, "default does not match the pattern", text);
	if (!schema_is_long_enough(c, text))
		return schema_fault(l, at, "default is too short or too long", text);
	return 0;
}

/* Checks that the bounds, the allowed values and the default are values of the type and consistent. */
static int
check_values(struct schema_loader *l, struct bound *low, struct bound *high, struct buf *fallback, struct buf *one)
{
	const struct schema_column *c = l->column;
	const char *text = c->default_text;
	bool found = c->allowed.n == 0;
	size_t i;

	if (read_bound(l, SCHEMA_C_MINIMUM, low) == -1 || read_bound(l, SCHEMA_C_MAXIMUM, high) == -1 ||
	    (text != NULL && schema_encode(l, l->column_at[SCHEMA_C_DEFAULT], text, fallback) == -1) ||
	    check_bounds(l, low, high) == -1)
		return -1;
	for (i = 0; i < c->allowed.n; i++) {
		const struct schema_place at = l->list_at[SCHEMA_C_ENUM][i];

		if (schema_encode(l, at, c->allowed.word[i], one) == -1)
			return -1;
		if (!is_within(one, low, high))
			return schema_fault(l, at, "outside minimum and maximum", c->allowed.word[i]);
		if (!schema_is_long_enough(c, c->allowed.word[i]))
			return schema_fault(l, at, "too short or too long", c->allowed.word[i]);
		found |= text != NULL && compare(one, fallback) == 0;
	}
	return text == NULL ? 0 : check_default(l, c, found, is_within(fallback, low, high));
}

static int
check_pattern(struct schema_loader *l)
{
	struct schema_column *c = l->column;
	struct schema_place at = l->column_at[SCHEMA_C_PATTERN];

	if (c->pattern == NULL)
		return 0;
	if (c->type.kind != VAL_STRING)
		return schema_fault(l, at, "a pattern is for strings only", c->pattern);
	return (c->regex = schema_pattern_compile(l, at, c->pattern)) != NULL ? 0 : -1;
}

int
schema_values_check(struct schema_loader *l)
{
	struct bound low = { 0 }, high = { 0 };
	struct buf fallback = { 0 }, one = { 0 };
	int status;

	if (check_pattern(l) == -1 || check_lengths(l) == -1)
		return -1;
	status = check_values(l, &low, &high, &fallback, &one);
	buf_free(&low.typed);
	buf_free(&high.typed);
	buf_free(&fallback);
	buf_free(&one);
	return status;
}

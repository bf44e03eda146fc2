/*
 * Outputs the values of many groups, an aggregate at a time: first as integers, then encoded as 8-byte words from
 * which records are assembled. Leaves all but short integers to agg_put.
 */
#include <string.h>

#include "agg/agg.h"

/* The loop is a load from each group's state; everything constant is decided outside of it. */
#define EACH(type, name, value) \
	do { \
		for (i = 0; i < n; i++) { \
			type name; \
\
			memcpy(&name, states + (size_t)groups[i] * size, sizeof(name)); \
			v[i] = (value); \
		} \
	} while (0)

static bool
has_carry(const struct agg *a, const struct agg_cell *c)
{
	bool sides = c->kind == CELL_SIDES || c->kind == CELL_SIDES_WIDE;

	return a->carries[c->carry] != NULL || (sides && a->carries[c->carry + 1] != NULL);
}

/* Takes a sum of each group, or one of its sides; false if a 128-bit sum does not fit. */
static bool
take_side(const struct agg *a, const struct agg_cell *c, unsigned side, const uint32_t *groups, size_t n, int64_t *v)
{
	bool wide = c->kind == CELL_SUM_WIDE || c->kind == CELL_SIDES_WIDE, over = false;
	const uint8_t *states = a->states + c->at + (wide ? 16 : 8) * side;
	size_t size = a->size, i;
	i128 sum;

	if (!wide)
		EACH(int64_t, low, low);
	for (i = 0; i < n && wide; i++) {
		sum = agg_load_wide(states + (size_t)groups[i] * size);
		v[i] = (int64_t)sum;
		over |= sum != v[i];
	}
	return !over;
}

static bool
take_sums(const struct agg *a, const struct agg_item *item, const uint32_t *groups, size_t n, int64_t *v)
{
	const struct agg_cell *c = &a->cells[item->cell];
	bool sides = c->kind == CELL_SIDES || c->kind == CELL_SIDES_WIDE, over = false;
	int64_t debit[AGG_BLOCK];
	size_t i;

	if (!take_side(a, c, item->function == AGG_DEBIT, groups, n, v))
		return false;
	if (!sides || item->function == AGG_CREDIT || item->function == AGG_DEBIT)
		return true;
	if (!take_side(a, c, 1, groups, n, debit))
		return false;
	for (i = 0; i < n; i++)
		over |= item->function == AGG_NET ? __builtin_sub_overflow(v[i], debit[i], &v[i])
		    : __builtin_add_overflow(v[i], debit[i], &v[i]);
	return !over;
}

/* Returns true if every sum has at most so many digits. */
static bool
are_within(struct val_type t, const int64_t *v, size_t n)
{
	int64_t limit, most = 0, least = 0;
	size_t i;

	if (t.kind != VAL_DECIMAL || t.precision > 18)
		return true;
	limit = (int64_t)num_pow10(t.precision);
	for (i = 0; i < n; i++) {
		most = v[i] > most ? v[i] : most;
		least = v[i] < least ? v[i] : least;
	}
	return most < limit && least > -limit;
}

static bool
take_extremes(const struct agg *a, const struct agg_item *item, const uint32_t *groups, size_t n, int64_t *v)
{
	const struct agg_cell *c = &a->cells[item->cell];
	const uint8_t *states = a->states + c->at;
	size_t size = a->size, i;

	if (val_of(item->type)->form != VAL_AS_INT)
		return false;
	for (i = 0; i < n && item->seen != AGG_NONE; i++) {
		if (agg_count_of(a, &a->cells[item->seen], groups[i]) == 0)
			return false;
	}
	if (c->kind == CELL_MIN32 || c->kind == CELL_MAX32)
		EACH(int32_t, x, x);
	else
		EACH(int64_t, x, x);
	return true;
}

static bool
take(const struct agg *a, const struct agg_item *item, const uint32_t *groups, size_t n, int64_t *v)
{
	const struct agg_cell *c = &a->cells[item->cell];
	const uint8_t *states = a->states + c->at;
	size_t size = a->size, i;

	if (agg_is_of_values(item->function))
		return false;
	switch (c->kind) {
	case CELL_COUNT:
		EACH(uint32_t, count, count);
		return !has_carry(a, c);
	case CELL_SUM:
	case CELL_SIDES:
	case CELL_SUM_WIDE:
	case CELL_SIDES_WIDE:
		return !has_carry(a, c) && take_sums(a, item, groups, n, v) && are_within(item->type, v, n);
	case CELL_MIN32:
	case CELL_MAX32:
	case CELL_MIN64:
	case CELL_MAX64:
		return take_extremes(a, item, groups, n, v);
	default:
		return false;
	}
}

bool
agg_take_words(struct agg *a, const uint32_t *groups, size_t n)
{
	int64_t v[AGG_BLOCK];
	size_t i;

	for (i = 0; i < a->nitems; i++) {
		if (!take(a, &a->items[i], groups, n, v) || !val_put_words(v, n, a->words[i].word, a->words[i].length))
			return false;
	}
	return true;
}

uint8_t *
agg_put_words(const struct agg *a, size_t i, uint8_t *out)
{
	const struct agg_words *w, *end = a->words + a->nitems;

	for (w = a->words; w < end; w++) {
		memcpy(out, &w->word[i], sizeof(w->word[i]));
		out += w->length[i];
		*out++ = '\t';
	}
	return out - 1;
}

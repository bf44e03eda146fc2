/* Partial states as fields of records. */
#include "agg/states.h"

#include <stdlib.h>
#include <string.h>

#include "val/int.h"

/* ---- columns ---- */

/* Is a name made of letters, digits and _ alone, so that any table can have it? */
static bool
is_word(const char *name)
{
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* Adds a column of a name that is not taken: "sum_amount", or "sum_3" of cell 3 for an expression. */
static void
add(struct rec_header *out, const char *function, const char *of, size_t cell, const char *suffix,
    struct val_type type, bool required)
{
	char *name = is_word(of) ? xasprintf("%s_%s%s", function, of, suffix) :
	    xasprintf("%s_%zu%s", function, cell, suffix), *longer;

	while (rec_header_find(out, name) >= 0) {
		longer = xasprintf("%s_", name);
		free(name);
		name = longer;
	}
	rec_header_add(out, name, type, false, required);
	free(name);
}

static struct val_type
sum_type(struct val_type t)
{
	return (struct val_type){ VAL_DECIMAL, NUM_DIGITS, t.kind == VAL_DECIMAL ? t.scale : 0 };
}

static void
add_copy(const struct agg_cell *c, size_t cell, const struct rec_header *h, struct rec_header *out)
{
	const struct rec_column *by = &h->columns[c->by];
	const struct rec_column *value = c->column != AGG_NONE ? &h->columns[c->column] : NULL;
	bool last = c->kind == CELL_LAST;

	if (value == NULL) {
		add(out, last ? "max" : "min", by->name, cell, c->is_gone ? "_gone" : "", by->type, false);
		return;
	}
	add(out, last ? "last" : "first", value->name, cell, "_by", by->type, false);
	add(out, last ? "last" : "first", value->name, cell, "", value->type, false);
}

void
agg_states_header(const struct agg *a, const struct rec_header *h, struct rec_header *out)
{
	const struct val_type count = { VAL_INT64, 0, 0 };

	for (size_t i = 0; i < a->ncells; i++) {
		const struct agg_cell *c = &a->cells[i];
		const struct rec_column *of = c->column != AGG_NONE ? &h->columns[c->column] : NULL;

		switch (c->kind) {
		case CELL_COUNT:
			if (of == NULL)
				add(out, "", "rows", i, "", count, true);
			else
				add(out, "count", of->name, i, "", count, true);
			break;
		case CELL_SUM:
		case CELL_SUM_WIDE:
			add(out, "sum", of->name, i, "", sum_type(of->type), true);
			break;
		case CELL_SIDES:
		case CELL_SIDES_WIDE:
			add(out, "credit", of->name, i, "", sum_type(of->type), true);
			add(out, "debit", of->name, i, "", sum_type(of->type), true);
			break;
		default:
			add_copy(c, i, h, out);
			break;
		}
	}
}

/* ---- adding ---- */

static void
add_counts(struct agg *a, const struct agg_cell *c, const struct rec_batch *b, size_t from, size_t n, size_t column,
    const uint32_t *ids)
{
	for (size_t i = 0; i < n; i++) {
		int64_t v = val_int_inline(b->base + b->off[(from + i) * b->stride + column]);

		agg_set_count(a, c, ids[i], agg_count_of(a, c, ids[i]) + (uint64_t)v);
	}
}

static void
add_sums(struct agg *a, const struct agg_cell *c, const struct rec_batch *b, size_t from, size_t n, size_t column,
    unsigned side, const uint32_t *ids)
{
	for (size_t i = 0; i < n; i++) {
		struct agg_wide v = { val_wide(b->base + b->off[(from + i) * b->stride + column]), 0 };

		agg_set_sum(a, c, ids[i], side, agg_add(agg_sum_of(a, c, ids[i], side), v));
	}
}

/* Of equal ones, first keeps the earlier state's, last takes the later's. */
static void
add_copies(struct agg *a, const struct agg_cell *c, const struct rec_batch *b, size_t from, size_t n, size_t column,
    const uint32_t *ids)
{
	for (size_t i = 0; i < n; i++) {
		struct rec r = rec_at(b, from + i);
		struct rec_field by = rec_field(r, column), value = { NULL, 0 };
		uint8_t *at = agg_cell_at(a, c, ids[i]);
		const struct agg_copy *have = agg_copy_at(at);
		int order;

		if (*by.p == VAL_NULL)
			continue;
		order = have != NULL ? agg_compare(by.p, by.n, have->bytes, have->nby) : 0;
		if (have != NULL && (c->kind == CELL_LAST ? order < 0 : order >= 0))
			continue;
		if (c->column != AGG_NONE)
			value = rec_field(r, column + 1);
		agg_keep(a, at, by.p, by.n, value.p, value.n);
	}
}

void
agg_states_add(struct agg *a, const struct rec_batch *b, size_t from, size_t n, size_t column, const uint32_t *ids)
{
	for (const struct agg_cell *c = a->cells; c < a->cells + a->ncells; c++) {
		switch (c->kind) {
		case CELL_COUNT:
			add_counts(a, c, b, from, n, column++, ids);
			break;
		case CELL_SUM:
		case CELL_SUM_WIDE:
			add_sums(a, c, b, from, n, column++, 0, ids);
			break;
		case CELL_SIDES:
		case CELL_SIDES_WIDE:
			add_sums(a, c, b, from, n, column++, 0, ids);
			add_sums(a, c, b, from, n, column++, 1, ids);
			break;
		default:
			add_copies(a, c, b, from, n, column, ids);
			column += c->column != AGG_NONE ? 2 : 1;
			break;
		}
	}
}

/* ---- output ---- */

size_t
agg_states_max(const struct agg *a, uint32_t g)
{
	size_t n = 0;

	for (const struct agg_cell *c = a->cells; c < a->cells + a->ncells; c++) {
		bool is_copy = c->kind == CELL_FIRST || c->kind == CELL_LAST;
		const struct agg_copy *copy = is_copy ? agg_copy_at(agg_cell_at(a, c, g)) : NULL;

		n += 2 * (VAL_WIDE_MAX + 1) + (copy != NULL ? (size_t)copy->nby + copy->n : 0);
	}
	return n;
}

static uint8_t *
put_sum(const struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side, uint8_t *out)
{
	struct agg_wide sum = agg_sum_of(a, c, g, side);

	if (sum.carry != 0 || sum.low >= num_pow10(NUM_DIGITS) || sum.low <= -num_pow10(NUM_DIGITS))
		return NULL;
	out += val_put_wide(out, sum.low);
	*out++ = '\t';
	return out;
}

static uint8_t *
put_copy(const struct agg *a, const struct agg_cell *c, uint32_t g, uint8_t *out)
{
	const struct agg_copy *copy = agg_copy_at(agg_cell_at(a, c, g));

	if (copy == NULL) {
		*out++ = VAL_NULL;
		*out++ = '\t';
		if (c->column == AGG_NONE)
			return out;
		*out++ = VAL_NULL;
		*out++ = '\t';
		return out;
	}
	memcpy(out, copy->bytes, copy->nby);
	out += copy->nby;
	*out++ = '\t';
	if (c->column == AGG_NONE)
		return out;
	memcpy(out, copy->bytes + copy->nby, copy->n);
	out += copy->n;
	*out++ = '\t';
	return out;
}

uint8_t *
agg_states_put(const struct agg *a, uint32_t g, uint8_t *out)
{
	for (const struct agg_cell *c = a->cells; c < a->cells + a->ncells && out != NULL; c++) {
		switch (c->kind) {
		case CELL_COUNT:
			out += val_put_int_fast(out, (int64_t)agg_count_of(a, c, g));
			*out++ = '\t';
			break;
		case CELL_SUM:
		case CELL_SUM_WIDE:
			out = put_sum(a, c, g, 0, out);
			break;
		case CELL_SIDES:
		case CELL_SIDES_WIDE:
			out = put_sum(a, c, g, 0, out);
			if (out != NULL)
				out = put_sum(a, c, g, 1, out);
			break;
		default:
			out = put_copy(a, c, g, out);
			break;
		}
	}
	return out != NULL ? out - 1 : NULL;
}

/* ---- the end of changes ---- */

/* Was something taken away that is as far out as the extreme, or further? */
static bool
is_lost(const struct agg_cell *c, const struct agg_copy *have, const struct agg_copy *gone)
{
	int order;

	if (gone == NULL)
		return false;
	if (have == NULL)
		return true;
	order = agg_compare(gone->bytes, gone->nby, have->bytes, have->nby);
	return c->kind == CELL_LAST ? order >= 0 : order <= 0;
}

enum agg_fate
agg_states_settle(struct agg *a, uint32_t g)
{
	int64_t rows = (int64_t)agg_count_of(a, &a->cells[0], g);
	enum agg_fate fate = rows == 0 ? AGG_EMPTY : AGG_LIVE;

	for (const struct agg_cell *c = a->cells; c < a->cells + a->ncells; c++) {
		if (c->kind == CELL_COUNT) {
			int64_t count = (int64_t)agg_count_of(a, c, g);

			if (count < 0 || count > rows)
				return AGG_BROKEN;
		} else if (c->gone != AGG_NONE && fate == AGG_LIVE &&
		    is_lost(c, agg_copy_at(agg_cell_at(a, c, g)), agg_copy_at(agg_cell_at(a, &a->cells[c->gone], g)))) {
			fate = AGG_STALE;
		}
	}
	for (const struct agg_cell *c = a->cells; c < a->cells + a->ncells; c++)
		if (c->is_gone)
			memset(agg_cell_at(a, c, g), 0, sizeof(struct agg_copy *));
	return fate;
}

/* Sorts the values of groups, and works out what is asked of them. */
#include "agg/values.h"

#include <stdlib.h>
#include <string.h>

static struct agg_column *
find(const struct agg_values *v, size_t column, bool listed)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->columns[i].column == column && v->columns[i].listed == listed)
			return &v->columns[i];
	return NULL;
}

void
agg_values_init(struct agg_values *v, const struct agg *a, size_t memory)
{
	*v = (struct agg_values){ 0 };
	for (size_t i = 0; i < a->nitems; i++) {
		const struct agg_item *item = &a->items[i];
		bool listed = item->function == AGG_LIST;

		if (!agg_is_of_values(item->function) || find(v, item->column, listed) != NULL)
			continue;
		v->columns = xreallocarray(v->columns, v->n + 1, sizeof(*v->columns));
		v->columns[v->n++] = (struct agg_column){ item->column, listed, item->cell, NULL };
	}
	for (size_t i = 0; i < v->n; i++)
		v->columns[i].sorter = spill_sorter_new(memory / v->n);
}

void
agg_values_free(struct agg_values *v)
{
	for (size_t i = 0; i < v->n; i++)
		spill_sorter_free(v->columns[i].sorter);
	free(v->columns);
	buf_free(&v->key);
	buf_free(&v->last);
	*v = (struct agg_values){ 0 };
}

/* Adds a value under the group's key: as data, or after the key, a TAB between, where values are sorted. */
static int
add_value(struct agg_values *v, const struct agg_column *c, struct rec_field value, struct msg *err)
{
	size_t nkey = v->key.len;
	struct spill_item item;
	int failed;

	if (!c->listed) {
		buf_addc(&v->key, '\t');
		buf_add(&v->key, value.p, value.n);
	}
	item = (struct spill_item){ v->key.p, value.p, v->key.len, c->listed ? value.n : 0 };
	failed = spill_sorter_add(c->sorter, &item, err);
	v->key.len = nkey;
	return failed;
}

/* Sets the key of a record, its fields joined by TAB. */
static void
take_key(struct agg_values *v, struct rec r, const size_t *keys, size_t nkeys)
{
	v->key.len = 0;
	(void)buf_room(&v->key, 1);
	for (size_t k = 0; k < nkeys; k++) {
		struct rec_field f = rec_field(r, keys[k]);

		if (k > 0)
			buf_addc(&v->key, '\t');
		buf_add(&v->key, f.p, f.n);
	}
}

int
agg_values_add(struct agg_values *v, const struct rec_batch *b, size_t from, size_t n, const size_t *keys, size_t nkeys,
    struct msg *err)
{
	for (size_t i = 0; i < n; i++) {
		struct rec r = rec_at(b, from + i);

		take_key(v, r, keys, nkeys);
		for (size_t k = 0; k < v->n; k++) {
			struct rec_field value = rec_field(r, v->columns[k].column);

			if (*value.p != VAL_NULL && add_value(v, &v->columns[k], value, err) < 0)
				return -1;
		}
	}
	return 0;
}

int
agg_values_end(struct agg_values *v, struct msg *err)
{
	for (size_t i = 0; i < v->n; i++)
		if (spill_sorter_end(v->columns[i].sorter, err) < 0)
			return -1;
	return 0;
}

/* ---- a group ---- */

/* The place of a quantile among n values, from 0. */
static uint64_t
place(const struct agg_item *item, uint64_t n)
{
	u128 whole = (u128)num_pow10(item->digits), at;

	if (n == 0)
		return 0;
	switch (item->function) {
	case AGG_LOW:
		return (uint64_t)((u128)(n - 1) * (u128)item->share / whole);
	case AGG_HIGH:
		return (uint64_t)(((u128)(n - 1) * (u128)item->share + whole - 1) / whole);
	default:
		at = ((u128)n * (u128)item->share + whole - 1) / whole;
		return at > 0 ? (uint64_t)at - 1 : 0;
	}
}

/* Appends a value of a list. The empty text is a byte of its own in a record. */
static int
append(struct agg_item *item, const uint8_t *p, size_t n, bool first, struct msg *err)
{
	if (!first)
		buf_add(&item->result, item->separator.p, item->separator.len);
	if (n != 1 || *p != VAL_EMPTY)
		buf_add(&item->result, p, n);
	return item->result.len <= REC_MAX_RECORD ? 0 :
	    msg_set(err, EX_DATAERR, "%s: a text of more than %d MiB", item->text, REC_MAX_RECORD >> 20);
}

/* Passes the i-th value of a group to an item; `differs` from the one before it. */
static int
pass(struct agg_item *item, uint64_t i, struct rec_field value, bool differs, struct msg *err)
{
	if (item->function == AGG_LIST)
		return append(item, value.p, value.n, i == 0, err);
	if (item->function == AGG_DISTINCT) {
		item->ndistinct += differs;
	} else if (item->place == i) {
		item->result.len = 0;
		buf_add(&item->result, value.p, value.n);
	}
	return 0;
}

static int
take_column(struct agg_values *v, struct agg *a, const struct agg_column *c, uint32_t g, size_t nkey, struct msg *err)
{
	uint64_t n = agg_count_of(a, &a->cells[c->cell], g);
	struct spill_item item;
	bool differs;

	for (uint64_t i = 0; i < n; i++) {
		struct rec_field value;

		if (spill_sorter_next(c->sorter, &item, err) <= 0)
			return err->status != 0 ? -1 : msg_set(err, EX_SOFTWARE, "temporary file: values are missing");
		value = c->listed ? (struct rec_field){ item.data, item.n } :
		    (struct rec_field){ item.key + nkey + 1, item.nkey - nkey - 1 };
		differs = i == 0 || v->last.len != value.n || memcmp(v->last.p, value.p, value.n) != 0;
		for (size_t k = 0; k < a->nitems; k++)
			if (agg_is_of_values(a->items[k].function) && a->items[k].column == c->column &&
			    (a->items[k].function == AGG_LIST) == c->listed &&
			    pass(&a->items[k], i, value, differs, err) < 0)
				return -1;
		v->last.len = 0;
		buf_add(&v->last, value.p, value.n);
	}
	return 0;
}

/* Turns what was found into a field. */
static void
settle(struct agg_item *item, uint64_t n)
{
	uint8_t field[VAL_INT_MAX + VAL_PAD];

	if (item->function == AGG_DISTINCT)
		buf_add(&item->result, field, val_put_int(field, (int64_t)item->ndistinct));
	else if (n == 0)
		buf_addc(&item->result, VAL_NULL);
	else if (item->result.len == 0)
		buf_addc(&item->result, VAL_EMPTY);
}

int
agg_values_take(struct agg_values *v, struct agg *a, uint32_t g, size_t nkey, struct msg *err)
{
	for (size_t k = 0; k < a->nitems; k++) {
		struct agg_item *item = &a->items[k];

		item->result.len = 0;
		item->ndistinct = 0;
		item->place = agg_is_of_values(item->function) && item->function != AGG_LIST ?
		    place(item, agg_count_of(a, &a->cells[item->cell], g)) : 0;
	}
	for (size_t i = 0; i < v->n; i++)
		if (take_column(v, a, &v->columns[i], g, nkey, err) < 0)
			return -1;
	for (size_t k = 0; k < a->nitems; k++)
		if (agg_is_of_values(a->items[k].function))
			settle(&a->items[k], agg_count_of(a, &a->cells[a->items[k].cell], g));
	return 0;
}

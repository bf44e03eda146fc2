/*
 * Writes rows that are added and removed as a change stream. Equal rows that are added and removed cancel: all are
 * sorted by key and row, unless they are of one kind.
 */
#include <stdlib.h>
#include <string.h>

#include "spill/sort.h"
#include "table/table.h"

struct list {				/* rows of one key, with one sign: each its length and its bytes */
	struct buf bytes;
	size_t at;
};

struct table_changes {
	struct rec_writer *out;
	size_t *keys;			/* owned: columns of the rows */
	size_t nkeys;
	struct spill_sorter *sorter;	/* NULL: rows of one kind */
	struct buf item, key;		/* scratch */
	uint8_t *drop;			/* owned: scratch of `room` bytes */
	size_t room;
	struct list added, removed;	/* of the current key */
};

struct tag {				/* an item's data; its key is the row's key, TAB, and the row */
	int sign;
	uint32_t nkey;
};

struct table_changes *
table_changes_new(struct rec_writer *out, const size_t *keys, size_t nkeys, bool both, size_t memory)
{
	struct table_changes *c = xcalloc(1, sizeof(*c));

	c->out = out;
	c->keys = xcalloc(nkeys, sizeof(*c->keys));
	if (nkeys > 0)
		memcpy(c->keys, keys, nkeys * sizeof(*keys));
	c->nkeys = nkeys;
	c->sorter = both ? spill_sorter_new(memory) : NULL;
	return c;
}

void
table_changes_free(struct table_changes *c)
{
	if (c == NULL)
		return;
	spill_sorter_free(c->sorter);
	buf_free(&c->item);
	buf_free(&c->key);
	buf_free(&c->added.bytes);
	buf_free(&c->removed.bytes);
	free(c->drop);
	free(c->keys);
	free(c);
}

int
table_changes_header(struct rec_header *h, const struct rec_header *rows, struct msg *err)
{
	size_t i;

	rec_header_init(h, rows->table);
	rec_header_set_word(h, "change", "1");
	rec_header_add(h, TABLE_CHANGE, (struct val_type){ .kind = VAL_STRING }, false, true);
	if (rows->ncolumns == REC_MAX_COLUMNS)
		return msg_set(err, EX_UNAVAILABLE, "too many columns for a change stream");
	for (i = 0; i < rows->ncolumns; i++) {
		const struct rec_column *c = &rows->columns[i];

		if (strcmp(c->name, TABLE_CHANGE) == 0)
			return msg_set(err, EX_UNAVAILABLE, "column " TABLE_CHANGE
			    ": a change stream has one of its own");
		rec_header_add(h, c->name, c->type, c->key, c->required);
	}
	return 0;
}

static void
put(struct table_changes *c, const char *word, const uint8_t *row, size_t n)
{
	size_t length = strlen(word);
	uint8_t *p = xrec_begin(c->out, length + 1 + n);

	memcpy(p, word, length);
	p[length] = '\t';
	memcpy(p + length + 1, row, n);
	rec_end(c->out, p + length + 1 + n);
}

/* ---- sorting ---- */

static int
sort_row(struct table_changes *c, struct rec r, const uint8_t *row, size_t n, int sign, struct msg *err)
{
	struct tag tag = { .sign = sign };
	struct spill_item item;

	c->item.len = 0;
	if (c->nkeys > 0) {
		struct rec_field key = rec_key(r, c->keys, c->nkeys, &c->key);

		tag.nkey = (uint32_t)key.n;
		buf_add(&c->item, key.p, key.n);
	}
	buf_addc(&c->item, '\t');
	buf_add(&c->item, row, n);
	item = (struct spill_item){ c->item.p, (const uint8_t *)&tag, c->item.len, sizeof(tag) };
	return spill_sorter_add(c->sorter, &item, err);
}

static int
add_records(struct table_changes *c, const struct rec_batch *b, int sign, struct msg *err)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		const uint32_t *off = b->off + i * b->stride;
		const uint8_t *row = b->base + off[0];
		size_t n = off[b->stride] - off[0] - 1;

		if (c->sorter == NULL)
			put(c, sign > 0 ? "insert" : "delete", row, n);
		else if (sort_row(c, rec_at(b, i), row, n, sign, err) < 0)
			return -1;
	}
	return 0;
}

/* Adds the rows that count `times` times or more in the direction of sign. Returns 1, 0 if there is none, or -1. */
static int
add_rows(struct table_changes *c, struct table_from *from, const struct pq_vector *vectors, size_t rows,
    const int *weights, const uint8_t *drop, int sign, int times, struct msg *err)
{
	struct rec_batch b;
	bool any = false;
	size_t row = 0, i;

	for (i = 0; i < rows; i++) {
		c->drop[i] = weights[i] * sign < times || (drop != NULL && drop[i]);
		any = any || !c->drop[i];
	}
	while (any && row < rows)
		if ((row = table_to_records(from, vectors, row, rows, c->drop, &b, err)) == 0 ||
		    add_records(c, &b, sign, err) < 0)
			return -1;
	return any;
}

int
table_changes_weighed(struct table_changes *c, struct table_from *from, const struct pq_vector *vectors,
    size_t rows, const int *weights, const uint8_t *drop, struct msg *err)
{
	int got = 1, times;

	if (rows > c->room)
		c->drop = xreallocarray(c->drop, c->room = rows, 1);
	for (times = 1; got > 0; times++)
		got = add_rows(c, from, vectors, rows, weights, drop, -1, times, err);
	for (times = 1, got = got < 0 ? got : 1; got > 0; times++)
		got = add_rows(c, from, vectors, rows, weights, drop, 1, times, err);
	return got;
}

/* ---- pairing ---- */

static void
keep(struct list *l, const uint8_t *row, size_t n)
{
	buf_add(&l->bytes, &n, sizeof(n));
	buf_add(&l->bytes, row, n);
}

/* Takes the next row of a list. Returns false at the end. */
static bool
take(struct list *l, const uint8_t **row, size_t *n)
{
	if (l->at == l->bytes.len)
		return false;
	memcpy(n, l->bytes.p + l->at, sizeof(*n));
	*row = l->bytes.p + l->at + sizeof(*n);
	l->at += sizeof(*n) + *n;
	return true;
}

/* Writes the rows of a key that are left: as many updates as possible. */
static void
put_key(struct table_changes *c)
{
	const uint8_t *old, *row;
	size_t nold, n;
	bool was, is;

	for (;;) {
		was = take(&c->removed, &old, &nold);
		is = take(&c->added, &row, &n);
		if (!was && !is)
			break;
		if (was)
			put(c, is ? "update_preimage" : "delete", old, nold);
		if (is)
			put(c, was ? "update_postimage" : "insert", row, n);
	}
	c->added.bytes.len = c->removed.bytes.len = c->added.at = c->removed.at = 0;
}

/* Keeps a row, times its weight, for put_key. */
static void
keep_row(struct table_changes *c, const uint8_t *row, size_t n, int weight)
{
	for (; weight > 0; weight--)
		keep(&c->added, row, n);
	for (; weight < 0; weight++)
		keep(&c->removed, row, n);
}

/* Adds up equal rows; c->item is the last one, whose weight is *weight. */
static void
next_row(struct table_changes *c, const struct spill_item *item, struct tag *last, int *weight)
{
	struct tag tag;
	bool same_key;

	memcpy(&tag, item->data, sizeof(tag));
	if (item->nkey == c->item.len && memcmp(item->key, c->item.p, item->nkey) == 0) {
		*weight += tag.sign;
		return;
	}
	if (c->item.len > 0)
		keep_row(c, c->item.p + last->nkey + 1, c->item.len - last->nkey - 1, *weight);
	same_key = c->nkeys > 0 && c->item.len > 0 && tag.nkey == last->nkey &&
	    memcmp(item->key, c->item.p, tag.nkey) == 0;
	if (!same_key)
		put_key(c);
	c->item.len = 0;
	buf_add(&c->item, item->key, item->nkey);
	*last = tag;
	*weight = tag.sign;
}

int
table_changes_finish(struct table_changes *c, struct msg *err)
{
	struct spill_item item;
	struct tag last = { 0 };
	int weight = 0, got;

	if (c->sorter == NULL)
		return 0;
	c->item.len = 0;
	if (spill_sorter_end(c->sorter, err) < 0)
		return -1;
	while ((got = spill_sorter_next(c->sorter, &item, err)) > 0)
		next_row(c, &item, &last, &weight);
	if (got < 0)
		return -1;
	if (c->item.len > 0)
		keep_row(c, c->item.p + last.nkey + 1, c->item.len - last.nkey - 1, weight);
	put_key(c);
	return 0;
}

#include "spill/sort.h"

#include <endian.h>
#include <stdlib.h>

struct piece {				/* an item in the pool; key and data follow */
	uint64_t nkey, n, serial;
};

struct sort_entry {
	uint64_t prefix;		/* the key's first bytes as a number, zero-padded */
	const struct piece *piece;
};

struct spill_sorter {
	size_t memory;
	struct pool pool;
	struct sort_entry *entries;
	size_t n, cap, next;
	uint64_t serial;
	struct spill_runs runs;
	struct spill_merge merge;	/* after spill_sorter_end, if there are runs */
};

struct spill_sorter *
spill_sorter_new(size_t memory)
{
	struct spill_sorter *s = xcalloc(1, sizeof(*s));

	s->memory = memory < SPILL_SORT_LEAST ? SPILL_SORT_LEAST : memory;
	return s;
}

void
spill_sorter_free(struct spill_sorter *s)
{
	if (s == NULL)
		return;
	spill_merge_close(&s->merge);
	spill_runs_free(&s->runs);
	free(s->entries);
	pool_free(&s->pool);
	free(s);
}

static struct spill_item
item_of(const struct piece *p)
{
	const uint8_t *key = (const uint8_t *)(p + 1);

	return (struct spill_item){ key, key + p->nkey, p->nkey, p->n };
}

static int
by_key(const void *a, const void *b)
{
	const struct sort_entry *x = a, *y = b;
	const struct piece *p = x->piece, *q = y->piece;
	int c;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	c = memcmp(p + 1, q + 1, p->nkey < q->nkey ? p->nkey : q->nkey);
	if (c != 0)
		return c;
	if (p->nkey != q->nkey)
		return p->nkey < q->nkey ? -1 : 1;
	return p->serial < q->serial ? -1 : p->serial > q->serial;
}

static void
sort_entries(struct spill_sorter *s)
{
	if (s->n > 1)
		qsort(s->entries, s->n, sizeof(*s->entries), by_key);
}

/* Sorts what is in memory and writes it as a run. */
static int
write_run(struct spill_sorter *s, struct msg *err)
{
	struct spill *run = spill_runs_begin(&s->runs);
	struct spill_item item;
	size_t i;
	int failed = 0;

	sort_entries(s);
	for (i = 0; i < s->n && !failed; i++) {
		item = item_of(s->entries[i].piece);
		failed = spill_put(run, &item, err);
	}
	pool_free(&s->pool);
	s->n = 0;
	return failed ? -1 : spill_runs_end(&s->runs, NULL, NULL, err);
}

int
spill_sorter_add(struct spill_sorter *s, const struct spill_item *item, struct msg *err)
{
	size_t n = item->nkey + item->n;
	uint64_t prefix = 0;
	struct piece *p;
	uint8_t *bytes;

	if (s->n > 0 && s->pool.used + n + 2 * s->cap * sizeof(*s->entries) > s->memory && write_run(s, err) < 0)
		return -1;
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 1024 : s->cap * 3 / 2;
		s->entries = xreallocarray(s->entries, s->cap, sizeof(*s->entries));
	}
	p = pool_alloc(&s->pool, sizeof(*p) + n);
	*p = (struct piece){ item->nkey, item->n, s->serial++ };
	bytes = (uint8_t *)(p + 1);
	if (item->nkey > 0)		/* an empty key may be NULL */
		memcpy(bytes, item->key, item->nkey);
	if (item->n > 0)
		memcpy(bytes + item->nkey, item->data, item->n);
	memcpy(&prefix, bytes, item->nkey < sizeof(prefix) ? item->nkey : sizeof(prefix));
	s->entries[s->n++] = (struct sort_entry){ be64toh(prefix), p };
	return 0;
}

int
spill_sorter_end(struct spill_sorter *s, struct msg *err)
{
	if (s->runs.n == 0) {
		sort_entries(s);
		return 0;
	}
	if (s->n > 0 && write_run(s, err) < 0)
		return -1;
	return spill_merge_open(&s->merge, s->runs.files, s->runs.n, err);
}

int
spill_sorter_next(struct spill_sorter *s, struct spill_item *item, struct msg *err)
{
	if (s->runs.n > 0)
		return spill_merge_next(&s->merge, item, err);
	if (s->next == s->n)
		return 0;
	*item = item_of(s->entries[s->next++].piece);
	return 1;
}

#include "optimize/sort.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"

struct head {				/* header of an item; key and data follow */
	uint64_t nkey, n, serial;
};

struct entry {
	uint64_t prefix;		/* the key's first bytes as a number, zero-padded */
	const struct head *piece;	/* in the pool */
};

struct run {
	struct spill spill;
	unsigned level;			/* merges the items went through */
};

struct cursor {				/* position of a merge in a run */
	struct spill *spill;
	struct head head;
	struct buf bytes;		/* key and data */
};

struct heap {
	struct cursor **cursors;	/* smallest key first */
	size_t n;
	struct cursor *all;
};

struct sorter {
	size_t memory;
	struct pool pool;
	struct entry *entries;
	size_t n, cap, next;
	uint64_t serial;
	struct run *runs;		/* oldest first */
	size_t nruns;
	struct heap heap;
	bool merging, taken;		/* taken: the heap's first item was returned */
};

struct sorter *
sorter_new(size_t memory)
{
	struct sorter *s = xcalloc(1, sizeof(*s));

	s->memory = memory < SORT_LEAST ? SORT_LEAST : memory;
	return s;
}

static void
heap_free(struct heap *h, size_t n)
{
	while (h->all != NULL && n > 0)
		buf_free(&h->all[--n].bytes);
	free(h->all);
	free(h->cursors);
	memset(h, 0, sizeof(*h));
}

void
sorter_free(struct sorter *s)
{
	if (s == NULL)
		return;
	heap_free(&s->heap, s->nruns);
	while (s->nruns > 0)
		spill_close(&s->runs[--s->nruns].spill);
	free(s->runs);
	free(s->entries);
	pool_free(&s->pool);
	free(s);
}

/* ---- in memory ---- */

static int
compare_keys(const uint8_t *a, uint64_t na, uint64_t sa, const uint8_t *b, uint64_t nb, uint64_t sb)
{
	size_t n = na < nb ? na : nb;
	int c = n > 0 ? memcmp(a, b, n) : 0;	/* an empty key may be NULL */

	if (c != 0)
		return c;
	if (na != nb)
		return na < nb ? -1 : 1;
	return sa < sb ? -1 : sa > sb;
}

static int
by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	const struct head *p = x->piece, *q = y->piece;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return compare_keys((const uint8_t *)(p + 1), p->nkey, p->serial, (const uint8_t *)(q + 1), q->nkey, q->serial);
}

static void
sort_entries(struct sorter *s)
{
	if (s->n > 1)
		qsort(s->entries, s->n, sizeof(*s->entries), by_key);
}

static void
add_run(struct sorter *s, const struct spill *spill, unsigned level)
{
	s->runs = xreallocarray(s->runs, s->nruns + 1, sizeof(*s->runs));
	s->runs[s->nruns++] = (struct run){ *spill, level };
}

static int merge_last(struct sorter *s, size_t n, struct msg *err);

/* Merges the last runs while enough of them have the same level. */
static int
settle_runs(struct sorter *s, struct msg *err)
{
	const struct run *last;
	size_t n;

	for (;;) {
		last = &s->runs[s->nruns - 1];
		for (n = 1; n < SORT_FAN && n < s->nruns && (last - n)->level == last->level; n++)
			;
		if (n < SORT_FAN)
			return 0;
		if (merge_last(s, n, err) < 0)
			return -1;
	}
}

/* Sorts what is in memory and writes it as a run. */
static int
write_run(struct sorter *s, struct msg *err)
{
	struct spill spill;
	size_t i;
	int failed = 0;

	sort_entries(s);
	spill_init(&spill);
	for (i = 0; i < s->n && !failed; i++) {
		const struct head *h = s->entries[i].piece;

		failed = spill_write(&spill, h, sizeof(*h) + h->nkey + h->n, err);
	}
	failed = failed || spill_park(&spill, err) < 0 ? -1 : 0;
	add_run(s, &spill, 0);
	pool_free(&s->pool);
	s->n = 0;
	return failed ? -1 : settle_runs(s, err);
}

int
sorter_add(struct sorter *s, const void *key, size_t nkey, const void *data, size_t n, struct msg *err)
{
	uint64_t prefix = 0;
	struct head *h;

	if (s->n > 0 && s->pool.used + nkey + n + 2 * s->cap * sizeof(*s->entries) > s->memory && write_run(s, err) < 0)
		return -1;
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 1024 : s->cap * 3 / 2;
		s->entries = xreallocarray(s->entries, s->cap, sizeof(*s->entries));
	}
	h = pool_alloc(&s->pool, sizeof(*h) + nkey + n);
	*h = (struct head){ nkey, n, s->serial++ };
	memcpy(h + 1, key, nkey);
	if (n > 0)
		memcpy((uint8_t *)(h + 1) + nkey, data, n);
	memcpy(&prefix, key, nkey < sizeof(prefix) ? nkey : sizeof(prefix));
	s->entries[s->n++] = (struct entry){ be64toh(prefix), h };
	return 0;
}

/* ---- merging ---- */

/* Reads the run's next item. Returns 1, or 0 at its end. */
static int
advance(struct cursor *c, struct msg *err)
{
	int got = spill_read(c->spill, &c->head, sizeof(c->head), err);

	c->bytes.len = 0;
	if (got <= 0 || c->head.nkey + c->head.n == 0)
		return got;
	got = spill_read(c->spill, buf_room(&c->bytes, c->head.nkey + c->head.n), c->head.nkey + c->head.n, err);
	return got == 0 ? msg_set(err, EX_IOERR, "temporary file: truncated") : got;
}

static bool
before(const struct cursor *a, const struct cursor *b)
{
	return compare_keys(a->bytes.p, a->head.nkey, a->head.serial, b->bytes.p, b->head.nkey, b->head.serial) < 0;
}

static void
sink_down(struct heap *h, size_t i)
{
	struct cursor *c = h->cursors[i];
	size_t child;

	for (; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && before(h->cursors[child + 1], h->cursors[child]))
			child++;
		if (!before(h->cursors[child], c))
			break;
		h->cursors[i] = h->cursors[child];
	}
	h->cursors[i] = c;
}

static int
heap_open(struct heap *h, struct run *runs, size_t n, struct msg *err)
{
	size_t i;
	int got;

	h->all = xcalloc(n, sizeof(*h->all));
	h->cursors = xcalloc(n, sizeof(*h->cursors));
	for (i = 0, h->n = 0; i < n; i++) {
		h->all[i].spill = &runs[i].spill;
		if (spill_rewind(&runs[i].spill, err) < 0 || (got = advance(&h->all[i], err)) < 0)
			return -1;
		if (got > 0)
			h->cursors[h->n++] = &h->all[i];
	}
	for (i = h->n / 2; i-- > 0; )
		sink_down(h, i);
	return 0;
}

/* Removes the first item. */
static int
heap_step(struct heap *h, struct msg *err)
{
	int got = advance(h->cursors[0], err);

	if (got < 0)
		return -1;
	if (got == 0)
		h->cursors[0] = h->cursors[--h->n];
	if (h->n > 0)
		sink_down(h, 0);
	return 0;
}

/* Merges the last n runs into one. */
static int
merge_last(struct sorter *s, size_t n, struct msg *err)
{
	struct run *from = &s->runs[s->nruns - n];
	unsigned level = from->level + 1;
	struct heap h = { 0 };
	struct spill spill;
	int failed = heap_open(&h, from, n, err);

	spill_init(&spill);
	while (!failed && h.n > 0) {
		const struct cursor *c = h.cursors[0];

		failed = spill_write(&spill, &c->head, sizeof(c->head), err) < 0 ||
		    spill_write(&spill, c->bytes.p, c->head.nkey + c->head.n, err) < 0 || heap_step(&h, err) < 0;
	}
	failed = failed || spill_park(&spill, err) < 0 ? -1 : 0;
	heap_free(&h, n);
	while (n-- > 0)
		spill_close(&s->runs[--s->nruns].spill);
	add_run(s, &spill, level);
	return failed;
}

/* ---- output ---- */

int
sorter_end(struct sorter *s, struct msg *err)
{
	if (s->nruns == 0) {
		sort_entries(s);
		return 0;
	}
	if (s->n > 0 && write_run(s, err) < 0)
		return -1;
	s->merging = true;
	return heap_open(&s->heap, s->runs, s->nruns, err);
}

int
sorter_next(struct sorter *s, const uint8_t **data, size_t *n, struct msg *err)
{
	const struct head *h;

	if (!s->merging) {
		if (s->next == s->n)
			return 0;
		h = s->entries[s->next++].piece;
		*data = (const uint8_t *)(h + 1) + h->nkey;
		*n = h->n;
		return 1;
	}
	if (s->taken && heap_step(&s->heap, err) < 0)
		return -1;
	s->taken = s->heap.n > 0;
	if (!s->taken)
		return 0;
	*data = s->heap.cursors[0]->bytes.p + s->heap.cursors[0]->head.nkey;
	*n = s->heap.cursors[0]->head.n;
	return 1;
}

#include "spill/merge.h"

#include <endian.h>
#include <stdlib.h>

/* ---- Items ---- */

struct head {
	uint32_t nkey, low, high;	/* length of the key; of the data, in two halves */
};

int
spill_put_head(struct spill *s, size_t nkey, size_t n, struct msg *err)
{
	struct head h = { (uint32_t)nkey, (uint32_t)n, (uint32_t)((uint64_t)n >> 32) };

	return spill_write(s, &h, sizeof(h), err);
}

int
spill_put(struct spill *s, const struct spill_item *item, struct msg *err)
{
	return spill_put_head(s, item->nkey, item->n, err) < 0 || spill_write(s, item->key, item->nkey, err) < 0 ||
	    spill_write(s, item->data, item->n, err) < 0 ? -1 : 0;
}

int
spill_get(struct spill *s, struct buf *scratch, struct spill_item *item, struct msg *err)
{
	struct head h;
	int got = spill_read(s, &h, sizeof(h), err);

	if (got <= 0)
		return got;
	item->nkey = h.nkey;
	item->n = (size_t)((uint64_t)h.high << 32 | h.low);
	got = spill_view(s, item->nkey + item->n, scratch, &item->key, err);
	if (got == 0)
		return msg_set(err, EX_IOERR, "temporary file: truncated");
	item->data = item->key + item->nkey;
	return got;
}

/* ---- Merge ---- */

static int
advance(struct spill_cursor *c, struct msg *err)
{
	int got = spill_get(c->spill, &c->scratch, &c->item, err);
	uint64_t prefix = 0;

	if (got <= 0)
		return got;
	memcpy(&prefix, c->item.key, c->item.nkey < sizeof(prefix) ? c->item.nkey : sizeof(prefix));
	c->prefix = be64toh(prefix);
	return 1;
}

/* Compares keys whose prefixes are equal; of equal keys the older run's is first. */
static bool
before_slow(const struct spill_cursor *a, const struct spill_cursor *b)
{
	size_t n = a->item.nkey < b->item.nkey ? a->item.nkey : b->item.nkey;
	int c = memcmp(a->item.key, b->item.key, n);

	if (c != 0)
		return c < 0;
	return a->item.nkey != b->item.nkey ? a->item.nkey < b->item.nkey : a < b;
}

static inline bool
before(const struct spill_cursor *a, const struct spill_cursor *b)
{
	return a->prefix != b->prefix ? a->prefix < b->prefix : before_slow(a, b);
}

static void
sink_down(struct spill_merge *m, size_t i)
{
	struct spill_cursor *c = m->heap[i];
	size_t child;

	for (; (child = 2 * i + 1) < m->n; i = child) {
		if (child + 1 < m->n && before(m->heap[child + 1], m->heap[child]))
			child++;
		if (!before(m->heap[child], c))
			break;
		m->heap[i] = m->heap[child];
	}
	m->heap[i] = c;
}

int
spill_merge_open(struct spill_merge *m, struct spill *runs, size_t n, struct msg *err)
{
	size_t i;
	int got;

	memset(m, 0, sizeof(*m));
	m->all = xcalloc(n, sizeof(*m->all));
	m->heap = xcalloc(n, sizeof(struct spill_cursor *));
	for (m->nall = n, i = 0; i < n; i++) {
		m->all[i].spill = &runs[i];
		if (spill_rewind(&runs[i], err) < 0 || (got = advance(&m->all[i], err)) < 0)
			return -1;
		if (got > 0)
			m->heap[m->n++] = &m->all[i];
	}
	for (i = m->n / 2; i-- > 0; )
		sink_down(m, i);
	return 0;
}

int
spill_merge_next(struct spill_merge *m, struct spill_item *item, struct msg *err)
{
	int got;

	if (m->taken) {
		if ((got = advance(m->heap[0], err)) < 0)
			return -1;
		if (got == 0)
			m->heap[0] = m->heap[--m->n];
		if (m->n > 0)
			sink_down(m, 0);
	}
	m->taken = m->n > 0;
	if (m->taken)
		*item = m->heap[0]->item;
	return m->taken;
}

void
spill_merge_close(struct spill_merge *m)
{
	size_t i;

	for (i = 0; i < m->nall; i++)
		buf_free(&m->all[i].scratch);
	free(m->all);
	free(m->heap);
	memset(m, 0, sizeof(*m));
}

/* ---- Runs ---- */

void
spill_runs_free(struct spill_runs *r)
{
	while (r->n > 0)
		spill_close(&r->files[--r->n]);
	free(r->files);
	free(r->levels);
	memset(r, 0, sizeof(*r));
}

static struct spill *
add_run(struct spill_runs *r, unsigned level)
{
	if (r->n == r->cap) {
		r->cap = r->cap * 2 + 8;
		r->files = xreallocarray(r->files, r->cap, sizeof(*r->files));
		r->levels = xreallocarray(r->levels, r->cap, sizeof(*r->levels));
	}
	spill_init(&r->files[r->n]);
	r->levels[r->n] = level;
	return &r->files[r->n++];
}

struct spill *
spill_runs_begin(struct spill_runs *r)
{
	return add_run(r, 0);
}

static int
copy_items(void *context, struct spill_merge *from, struct spill *to, struct msg *err)
{
	struct spill_item item;
	int got;

	(void)context;
	while ((got = spill_merge_next(from, &item, err)) > 0)
		if (spill_put(to, &item, err) < 0)
			return -1;
	return got;
}

/* Merges the last n runs into one. */
static int
merge_last(struct spill_runs *r, size_t n, spill_fold *fold, void *context, struct msg *err)
{
	unsigned level = r->levels[r->n - n] + 1;
	struct spill_merge m;
	struct spill to;
	int failed = spill_merge_open(&m, &r->files[r->n - n], n, err);

	spill_init(&to);
	failed = failed < 0 || fold(context, &m, &to, err) < 0 || spill_park(&to, err) < 0;
	spill_merge_close(&m);
	while (n-- > 0)
		spill_close(&r->files[--r->n]);
	*add_run(r, level) = to;
	return failed ? -1 : 0;
}

int
spill_runs_end(struct spill_runs *r, spill_fold *fold, void *context, struct msg *err)
{
	size_t n;

	if (spill_park(&r->files[r->n - 1], err) < 0)
		return -1;
	for (;;) {
		for (n = 1; n < SPILL_FAN && n < r->n && r->levels[r->n - 1 - n] == r->levels[r->n - 1]; n++)
			continue;
		if (n < SPILL_FAN)
			return 0;
		if (merge_last(r, n, fold != NULL ? fold : copy_items, context, err) < 0)
			return -1;
	}
}

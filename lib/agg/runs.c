/* Runs of groups on disk and their k-way merge. */
#include <stdlib.h>
#include <string.h>

#include "agg/runs.h"

void
runs_free(struct runs *r)
{
	while (r->n > 0)
		spill_close(&r->runs[--r->n].spill);
	free(r->runs);
	buf_free(&r->line);
	memset(r, 0, sizeof(*r));
}

void
runs_begin(struct runs *r)
{
	if (r->n == r->cap) {
		r->cap = r->cap * 2 + 8;
		r->runs = xreallocarray(r->runs, r->cap, sizeof(*r->runs));
	}
	spill_init(&r->runs[r->n].spill);
	r->runs[r->n++].level = 0;
}

static int
write_group(struct spill *s, const uint8_t *key, size_t nkey, const uint8_t *state, size_t nstate, struct msg *err)
{
	uint32_t head[2] = { (uint32_t)nkey, (uint32_t)nstate };

	if (spill_write(s, head, sizeof(head), err) == -1 || spill_write(s, key, nkey, err) == -1)
		return -1;
	return spill_write(s, state, nstate, err);
}

int
runs_add(struct runs *r, const uint8_t *key, size_t n, const struct agg *a, uint32_t g, struct msg *err)
{
	r->line.len = 0;
	agg_save(a, g, &r->line);
	return write_group(&r->runs[r->n - 1].spill, key, n, r->line.p, r->line.len, err);
}

/* ---- Merge ---- */

struct cursor {			/* position of the merge in a run */
	struct spill *spill;
	size_t age;		/* 0 is the oldest */
	size_t nkey, nstate;
	struct buf group;	/* current key and state */
};

struct merge {
	struct cursor *cursors;	/* a heap: smallest key first; of equal keys, the oldest run */
	size_t n;
};

/* Returns 1, 0 at the end of the run, or -1. */
static int
advance(struct cursor *c, struct msg *err)
{
	uint32_t head[2];
	int got = spill_read(c->spill, head, sizeof(head), err);

	if (got <= 0)
		return got;
	c->nkey = head[0];
	c->nstate = head[1];
	c->group.len = 0;
	if (c->nkey + c->nstate == 0)
		return 1;
	got = spill_read(c->spill, buf_room(&c->group, c->nkey + c->nstate), c->nkey + c->nstate, err);
	return got == 0 ? msg_set(err, EX_IOERR, "temporary file: truncated") : got;
}

static bool
before(const struct cursor *a, const struct cursor *b)
{
	int c = agg_compare(a->group.p, a->nkey, b->group.p, b->nkey);

	return c != 0 ? c < 0 : a->age < b->age;
}

static void
sink_down(struct merge *m, size_t i)
{
	struct cursor t;
	size_t least, child;

	for (;; i = least) {
		least = i;
		for (child = 2 * i + 1; child <= 2 * i + 2 && child < m->n; child++) {
			if (before(&m->cursors[child], &m->cursors[least]))
				least = child;
		}
		if (least == i)
			return;
		t = m->cursors[i];
		m->cursors[i] = m->cursors[least];
		m->cursors[least] = t;
	}
}

/* Advances the first cursor to its next group, or removes it from the heap. */
static int
step(struct merge *m, struct msg *err)
{
	int got = advance(&m->cursors[0], err);

	if (got == -1)
		return -1;
	if (got == 0) {
		buf_free(&m->cursors[0].group);
		m->cursors[0] = m->cursors[--m->n];
	}
	sink_down(m, 0);
	return 0;
}

static int
open_merge(struct merge *m, struct run *runs, size_t n, struct msg *err)
{
	struct cursor *c;
	size_t i;
	int got;

	m->cursors = xcalloc(n, sizeof(*m->cursors));
	m->n = 0;
	for (i = 0; i < n; i++) {
		c = &m->cursors[m->n];
		memset(c, 0, sizeof(*c));
		c->spill = &runs[i].spill;
		c->age = i;
		if (spill_rewind(c->spill, err) == -1 || (got = advance(c, err)) == -1)
			return -1;
		m->n += got > 0;
	}
	for (i = m->n / 2; i-- > 0; )
		sink_down(m, i);
	return 0;
}

static void
close_merge(struct merge *m)
{
	while (m->n > 0)
		buf_free(&m->cursors[--m->n].group);
	free(m->cursors);
}

static int
merge_all(struct merge *m, struct agg *a, runs_sink *sink, void *context, struct msg *err)
{
	struct buf key = { 0 };
	struct cursor *c;
	int failed = 0;

	while (m->n > 0 && !failed) {
		key.len = 0;
		buf_add(&key, m->cursors[0].group.p, m->cursors[0].nkey);
		agg_clear(a);
		agg_extend(a, 1);
		do {
			c = &m->cursors[0];
			if (!agg_load(a, 0, c->group.p + c->nkey, c->nstate))
				failed = msg_set(err, EX_SOFTWARE, "temporary file: not a group");
			else
				failed = step(m, err);
		} while (!failed && m->n > 0 &&
		    agg_compare(m->cursors[0].group.p, m->cursors[0].nkey, key.p, key.len) == 0);
		if (!failed)
			failed = sink(context, key.p, key.len, a, 0);
	}
	buf_free(&key);
	return failed;
}

static int
merge_runs(struct run *runs, size_t n, struct agg *a, runs_sink *sink, void *context, struct msg *err)
{
	struct merge m;
	int failed = open_merge(&m, runs, n, err);

	if (!failed)
		failed = merge_all(&m, a, sink, context, err);
	close_merge(&m);
	return failed;
}

int
runs_merge(struct runs *r, struct agg *a, runs_sink *sink, void *context, struct msg *err)
{
	return merge_runs(r->runs, r->n, a, sink, context, err);
}

/* ---- From many runs to one ---- */

struct rewrite {
	struct spill spill;
	struct buf line;
	struct msg *err;
};

static int
rewrite_group(void *context, const uint8_t *key, size_t n, const struct agg *a, uint32_t g)
{
	struct rewrite *w = context;

	w->line.len = 0;
	agg_save(a, g, &w->line);
	return write_group(&w->spill, key, n, w->line.p, w->line.len, w->err);
}

/* Merges the last n runs into one. */
static int
merge_last(struct runs *r, size_t n, struct agg *a, struct msg *err)
{
	struct run *from = &r->runs[r->n - n];
	struct rewrite w = { .err = err };
	unsigned level = from->level + 1;
	int failed;

	spill_init(&w.spill);
	failed = merge_runs(from, n, a, rewrite_group, &w, err);
	buf_free(&w.line);
	while (n-- > 0)
		spill_close(&r->runs[--r->n].spill);
	r->runs[r->n++] = (struct run){ w.spill, level };
	return failed;
}

int
runs_end(struct runs *r, struct agg *a, struct msg *err)
{
	size_t n;

	for (;;) {
		for (n = 1; n < RUNS_FAN && n < r->n && r->runs[r->n - 1 - n].level == r->runs[r->n - 1].level; n++)
			continue;
		if (n < RUNS_FAN)
			return 0;
		if (merge_last(r, n, a, err) == -1)
			return -1;
	}
}

/* Groups records by key. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agg/groups.h"
#include "base/cpu.h"
#include "val/int.h"

enum { ORDER_BYTES = 16 };	/* memory per key of keymap_order */

/* With a limit of DENSE_MEMORY and more the dense map may be used; sparse keys may waste 1/DENSE_PART of it. */
enum { DENSE_MEMORY = 16 << 20, DENSE_PART = 16, DENSE_GROWTH = 4 << 20 };

void
groups_init(struct groups *g, const struct rec_header *h, const size_t *keys, size_t nkeys, size_t limit)
{
	size_t i;

	memset(&g->dense, 0, sizeof(g->dense));
	g->is_dense = nkeys == 1 && (limit == 0 || limit >= DENSE_MEMORY) && h->columns[keys[0]].required &&
	    val_is_narrow(h->columns[keys[0]].type);
	if (limit != 0 && limit < (size_t)1 << 30)
		g->dense.free_pages = limit / DENSE_PART / DENSEMAP_PAGE / sizeof(uint32_t);
	g->keys = keys;
	g->nkeys = nkeys;
	g->limit = limit;
	g->adjacent = true;
	for (i = 1; i < nkeys; i++)
		g->adjacent = g->adjacent && keys[i] == keys[i - 1] + 1;
	keymap_init(&g->map);
	memset(&g->runs, 0, sizeof(g->runs));
	memset(&g->joined, 0, sizeof(g->joined));
	memset(g->ids, 0, sizeof(g->ids));
	if (nkeys == 0)
		agg_extend(&g->agg, 1);
}

void
groups_free(struct groups *g)
{
	keymap_free(&g->map);
	densemap_free(&g->dense);
	agg_runs_free(&g->runs);
	buf_free(&g->joined);
	agg_free(&g->agg);
}

/* ---- In order ---- */

/* Outputs all groups from memory, keys ascending; each step prefetches for the next. */
static int
put_ordered(struct groups *g, groups_sink *sink, void *context)
{
	enum { AHEAD = 24 };
	const struct keymap_slot *slots = g->map.slots, *s;
	uint32_t *order = keymap_order(&g->map), ids[AGG_BLOCK];
	struct rec_field keys[AGG_BLOCK];
	size_t i, n = g->map.n, some = 0;
	int failed = 0;

	for (i = 0; i < n && !failed; i++) {
		if (i + 2 * AHEAD < n)
			cpu_prefetch(&slots[order[i + 2 * AHEAD]]);
		if (i + AHEAD < n)
			cpu_prefetch(g->agg.states + (slots[order[i + AHEAD]].number - 1) * g->agg.size);
		s = &slots[order[i]];
		ids[some] = s->number - 1;
		keys[some].p = keymap_slot_key(s, &keys[some].n);
		if (++some == AGG_BLOCK || i + 1 == n) {
			failed = sink(context, keys, ids, some);
			some = 0;
		}
	}
	free(order);
	return failed;
}

/* Outputs groups whose keys are integers. */
static int
put_close(const int64_t *v, const uint32_t *ids, size_t n, groups_sink *sink, void *context)
{
	uint64_t words[AGG_BLOCK];
	uint8_t lengths[AGG_BLOCK], longer[AGG_BLOCK][VAL_INT_MAX + VAL_PAD];
	struct rec_field keys[AGG_BLOCK];
	bool is_short = val_put_words(v, n, words, lengths);
	size_t i;

	for (i = 0; i < n; i++)
		keys[i] = is_short ? (struct rec_field){ (const uint8_t *)&words[i], lengths[i] }
		    : (struct rec_field){ longer[i], val_put_int_fast(longer[i], v[i]) };
	return sink(context, keys, ids, n);
}

/* Outputs the groups of the dense map, whose pages are in key order. */
static int
put_dense(struct groups *g, groups_sink *sink, void *context)
{
	int64_t keys[AGG_BLOCK];
	uint32_t ids[AGG_BLOCK];
	const uint32_t *page;
	size_t i, k, some = 0;
	int failed = 0;

	for (i = 0; i < g->dense.npages && !failed; i++) {
		if ((page = g->dense.pages[i]) == NULL)
			continue;
		for (k = 0; k < DENSEMAP_PAGE; k++)
			if (page[k] != 0)
				cpu_prefetch(g->agg.states + (page[k] - 1) * g->agg.size);
		for (k = 0; k < DENSEMAP_PAGE && !failed; k++) {
			keys[some] = (g->dense.first + (int64_t)i) * DENSEMAP_PAGE + (int64_t)k;
			ids[some] = page[k] - 1;
			some += page[k] != 0;
			if (some == AGG_BLOCK) {
				failed = put_close(keys, ids, some, sink, context);
				some = 0;
			}
		}
	}
	return failed || some == 0 ? failed : put_close(keys, ids, some, sink, context);
}

/* ---- To disk ---- */

struct run_sink {
	struct groups *groups;
	struct msg *err;
};

static int
add_to_run(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n)
{
	struct run_sink *s = context;
	size_t i;

	for (i = 0; i < n; i++) {
		if (agg_runs_add(&s->groups->runs, keys[i].p, keys[i].n, &s->groups->agg, groups[i], s->err) == -1)
			return -1;
	}
	return 0;
}

static int
write_run(struct groups *g, struct msg *err)
{
	struct run_sink s = { g, err };
	int failed;

	agg_runs_begin(&g->runs);
	failed = g->is_dense ? put_dense(g, add_to_run, &s) : put_ordered(g, add_to_run, &s);
	keymap_clear(&g->map);
	densemap_clear(&g->dense);
	agg_clear(&g->agg);
	if (!failed)
		failed = agg_runs_end(&g->runs, &g->agg, err);
	agg_clear(&g->agg);
	return failed;
}

/* Returns true if n more groups would exceed the limit. */
static bool
is_full(const struct groups *g, size_t n)
{
	size_t after = g->map.n + n;

	return g->limit != 0 && g->map.n > 0 &&
	    keymap_memory_after(&g->map, n) + agg_memory_after(&g->agg, after) + after * ORDER_BYTES > g->limit;
}

static bool
is_full_dense(const struct groups *g, size_t n)
{
	return g->limit != 0 && g->dense.n > 0 &&
	    densemap_memory(&g->dense) + DENSE_GROWTH + agg_memory_after(&g->agg, g->dense.n + n) > g->limit;
}

/* Returns true if memory cannot hold the other map in addition to the dense one while keys move. */
static bool
is_full_between(const struct groups *g, size_t n)
{
	size_t after = g->dense.n + n;

	return g->limit != 0 && densemap_memory(&g->dense) + g->dense.n * sizeof(int64_t) +
	    keymap_memory_after(&g->map, after) + agg_memory_after(&g->agg, after) + after * ORDER_BYTES > g->limit;
}

/* ---- Records ---- */

static void
adjacent_keys(struct groups *g, const struct rec_batch *b, size_t from, size_t n)
{
	const uint32_t *off = b->off + from * b->stride + g->keys[0];
	size_t i, stride = b->stride, columns = g->nkeys, longest = 0;

	for (i = 0; i < n; i++, off += stride) {
		g->key[i] = (struct rec_field){ b->base + off[0], (size_t)(off[columns] - off[0]) - 1 };
		g->hash[i] = keymap_hash(g->key[i].p, g->key[i].n);
		longest = g->key[i].n > longest ? g->key[i].n : longest;
	}
	g->long_keys = longest > KEYMAP_INLINE;
}

static void
joined_keys(struct groups *g, const struct rec_batch *b, size_t from, size_t n)
{
	size_t i, k;

	g->joined.len = 0;
	for (i = 0; i < n; i++) {
		g->key[i].n = g->joined.len;	/* begin only: the buffer may still move */
		for (k = 0; k < g->nkeys; k++) {
			struct rec_field f = rec_field(rec_at(b, from + i), g->keys[k]);

			buf_add(&g->joined, f.p, f.n);
			buf_addc(&g->joined, '\t');
		}
	}
	for (i = 0; i < n; i++) {
		size_t start = g->key[i].n, end = i + 1 < n ? g->key[i + 1].n : g->joined.len;

		g->key[i] = (struct rec_field){ g->joined.p + start, end - start - 1 };
		g->hash[i] = keymap_hash(g->key[i].p, g->key[i].n);
	}
	g->long_keys = true;
}

/* Maps keys to groups and prefetches their states. */
static int
find_groups(struct groups *g, size_t n, struct msg *err)
{
	bool added;
	size_t i;

	for (i = 0; i < n; i++)
		keymap_prefetch(&g->map, g->hash[i]);
	for (i = 0; i < n; i++)
		g->ids[i] = keymap_glance(&g->map, g->key[i].p, g->key[i].n, g->hash[i]);
	for (i = 0; i < n; i++) {
		if (g->ids[i] != KEYMAP_ABSENT)
			cpu_prefetch(g->agg.states + g->ids[i] * g->agg.size);
	}
	for (i = 0; i < n; i++) {
		if (g->ids[i] != KEYMAP_ABSENT)
			continue;
		g->ids[i] = keymap_add(&g->map, g->key[i].p, g->key[i].n, g->hash[i], &added);
		if (g->ids[i] == KEYMAP_ABSENT)
			return msg_set(err, EX_SOFTWARE, "too many keys: give a limit with --memory");
		if (g->ids[i] < g->agg.n)	/* a group that begins here has no state yet */
			cpu_prefetch(g->agg.states + g->ids[i] * g->agg.size);
	}
	agg_extend(&g->agg, g->map.n);
	return 0;
}

/* Moves dense keys to the hash map; keys keep their numbers. */
static void
move_to_map(struct groups *g)
{
	uint8_t key[VAL_INT_MAX + VAL_PAD];
	int64_t *keys = densemap_keys(&g->dense);
	uint32_t i;
	size_t n;
	bool added;

	for (i = 0; i < g->dense.n; i++) {
		n = val_put_int_fast(key, keys[i]);
		assert(n <= KEYMAP_INLINE);
		keymap_add(&g->map, key, n, keymap_hash(key, n), &added);
	}
	free(keys);
}

/*
 * Switches to the hash map as keys are too sparse: for all groups so far or, if memory does not hold both maps, for
 * those to come.
 */
static int
leave_dense(struct groups *g, size_t n, struct msg *err)
{
	int failed = 0;

	agg_extend(&g->agg, g->dense.n);	/* some keys may have been added without their records */
	if (is_full_between(g, n))
		failed = write_run(g, err);
	else
		move_to_map(g);
	densemap_free(&g->dense);
	g->is_dense = false;
	return failed;
}

/* Like find_groups, for the dense map; false if a key does not fit. */
static bool
find_dense(struct groups *g, const struct rec_batch *b, size_t from, size_t n)
{
	int64_t key[AGG_CHUNK];
	size_t i;

	val_ints(b->base, b->off + from * b->stride + g->keys[0], b->stride, n, key);
	if (densemap_add_all(&g->dense, key, n, g->ids) < n)
		return false;
	for (i = 0; i < n; i++)
		cpu_prefetch(g->agg.states + g->ids[i] * g->agg.size);
	agg_extend(&g->agg, g->dense.n);
	return true;
}

/* Like groups_add, for n records of the batch. */
static size_t
add_chunk(struct groups *g, const struct rec_batch *b, size_t from, size_t n, struct msg *err)
{
	if (g->nkeys == 0)
		return agg_update(&g->agg, b, from, n, g->ids);
	if ((g->is_dense ? is_full_dense(g, n) : is_full(g, n)) && write_run(g, err) == -1)
		return SIZE_MAX;
	if (g->is_dense && find_dense(g, b, from, n))
		return agg_update(&g->agg, b, from, n, g->ids);
	if (g->is_dense && leave_dense(g, n, err) == -1)
		return SIZE_MAX;
	if (g->adjacent)
		adjacent_keys(g, b, from, n);
	else
		joined_keys(g, b, from, n);
	if (find_groups(g, n, err) == -1)
		return SIZE_MAX;
	return agg_update(&g->agg, b, from, n, g->ids);
}

size_t
groups_add(struct groups *g, const struct rec_batch *b, struct msg *err)
{
	size_t from, n, taken;

	for (from = 0; from < b->n; from += n) {
		n = b->n - from < AGG_CHUNK ? b->n - from : AGG_CHUNK;
		taken = add_chunk(g, b, from, n, err);
		if (taken == SIZE_MAX)
			return SIZE_MAX;
		if (taken < n)
			return from + taken;
	}
	return b->n;
}

/* ---- Output ---- */

struct one_sink {		/* for groups that arrive one by one */
	groups_sink *sink;
	void *context;
};

static int
put_one(void *context, const uint8_t *key, size_t n, const struct agg *a, uint32_t group)
{
	struct one_sink *s = context;

	(void)a;
	return s->sink(s->context, &(struct rec_field){ key, n }, &group, 1);
}

int
groups_put(struct groups *g, groups_sink *sink, void *context, struct msg *err)
{
	static const uint8_t none[VAL_PAD];
	struct one_sink one = { sink, context };

	if (g->nkeys == 0)
		return put_one(&one, none, 0, &g->agg, 0);
	if (g->runs.runs.n == 0)
		return g->is_dense ? put_dense(g, sink, context) : put_ordered(g, sink, context);
	if ((g->map.n > 0 || g->dense.n > 0) && write_run(g, err) == -1)
		return -1;
	return agg_runs_merge(&g->runs, &g->agg, put_one, &one, err);
}

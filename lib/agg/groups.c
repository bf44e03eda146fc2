/* Groups records by key. */
#include <stdlib.h>
#include <string.h>

#include "agg/groups.h"
#include "agg/states.h"
#include "base/cpu.h"
#include "val/int.h"

enum { ORDER_BYTES = 16 };	/* memory per key while the groups are put in order */

void
groups_init(struct groups *g, const struct rec_header *h, const size_t *keys, size_t nkeys, size_t limit)
{
	size_t i;

	g->keys = keys;
	g->nkeys = nkeys;
	g->limit = limit;
	agg_values_init(&g->values, &g->agg, limit != 0 ? limit / 2 : SIZE_MAX);
	if (g->values.n > 0)
		g->limit = limit / 2;
	g->states = AGG_NONE;
	g->adjacent = true;
	for (i = 1; i < nkeys; i++)
		g->adjacent = g->adjacent && keys[i] == keys[i - 1] + 1;
	map_init(&g->map, nkeys == 1 && h->columns[keys[0]].required && val_is_narrow(h->columns[keys[0]].type), limit);
	memset(&g->runs, 0, sizeof(g->runs));
	memset(&g->joined, 0, sizeof(g->joined));
	memset(g->ids, 0, sizeof(g->ids));
	if (nkeys == 0)
		agg_extend(&g->agg, 1);
}

void
groups_free(struct groups *g)
{
	map_free(&g->map);
	agg_runs_free(&g->runs);
	agg_values_free(&g->values);
	buf_free(&g->joined);
	agg_free(&g->agg);
}

/* ---- In order ---- */

/* Always inlined: gcc takes a function that only prefetches for one without effect and drops its calls. */
__attribute__((always_inline)) static inline void
fetch_states(const struct groups *g, const uint32_t *ids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		cpu_prefetch(g->agg.states + ids[i] * g->agg.size);
}

static int
put_bytes(struct groups *g, struct map_walk *w, groups_sink *sink, void *context)
{
	const struct map_key *found[AGG_BLOCK];
	struct rec_field keys[AGG_BLOCK];
	uint32_t ids[AGG_BLOCK];
	size_t i, n;

	while ((n = map_walk_bytes(w, found, AGG_BLOCK)) > 0) {
		for (i = 0; i < n; i++) {
			keys[i] = (struct rec_field){ found[i]->bytes, found[i]->n };
			ids[i] = found[i]->number;
		}
		fetch_states(g, ids, n);
		if (sink(context, keys, ids, n) < 0)
			return -1;
	}
	return 0;
}

static int
put_ints(struct groups *g, struct map_walk *w, groups_sink *sink, void *context)
{
	uint8_t lengths[AGG_BLOCK], longer[AGG_BLOCK][VAL_INT_MAX + VAL_PAD];
	uint64_t words[AGG_BLOCK];
	struct rec_field keys[AGG_BLOCK];
	uint32_t ids[AGG_BLOCK];
	int64_t v[AGG_BLOCK];
	bool is_short;
	size_t i, n;

	while ((n = map_walk_ints(w, v, ids, AGG_BLOCK)) > 0) {
		fetch_states(g, ids, n);
		is_short = val_put_words(v, n, words, lengths);
		for (i = 0; i < n; i++)
			keys[i] = is_short ? (struct rec_field){ (const uint8_t *)&words[i], lengths[i] }
			    : (struct rec_field){ longer[i], val_put_int_fast(longer[i], v[i]) };
		if (sink(context, keys, ids, n) < 0)
			return -1;
	}
	return 0;
}

/* Outputs all groups from memory, keys ascending. */
static int
put_ordered(struct groups *g, groups_sink *sink, void *context)
{
	struct map_walk w;
	int failed;

	map_walk_begin(&w, &g->map);
	failed = g->map.integers ? put_ints(g, &w, sink, context) : put_bytes(g, &w, sink, context);
	map_walk_end(&w);
	return failed;
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
	failed = put_ordered(g, add_to_run, &s);
	map_clear(&g->map);
	agg_clear(&g->agg);
	if (!failed)
		failed = agg_runs_end(&g->runs, &g->agg, err);
	agg_clear(&g->agg);
	return failed;
}

/* Returns true if n more groups, their keys of `bytes` bytes in all, would exceed the limit. */
static bool
is_full(const struct groups *g, size_t n, size_t bytes)
{
	size_t after = map_count(&g->map) + n;

	return g->limit != 0 && after > n &&
	    map_memory_after(&g->map, n, bytes) + agg_memory_after(&g->agg, after) + after * ORDER_BYTES > g->limit;
}

/* ---- Records ---- */

static void
adjacent_keys(struct groups *g, const struct rec_batch *b, size_t from, size_t n)
{
	const uint32_t *off = b->off + from * b->stride + g->keys[0];
	size_t i, stride = b->stride, columns = g->nkeys;

	for (i = 0; i < n; i++, off += stride) {
		g->key[i] = (struct rec_field){ b->base + off[0], (size_t)(off[columns] - off[0]) - 1 };
		g->hash[i] = map_hash(g->key[i].p, g->key[i].n);
	}
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
		g->hash[i] = map_hash(g->key[i].p, g->key[i].n);
	}
}

/* Extracts the keys of n records. Returns their bytes in all. */
static size_t
take_keys(struct groups *g, const struct rec_batch *b, size_t from, size_t n)
{
	size_t i, bytes = 0;

	if (g->adjacent)
		adjacent_keys(g, b, from, n);
	else
		joined_keys(g, b, from, n);
	for (i = 0; i < n; i++)
		bytes += g->key[i].n;
	return bytes;
}

static bool
find_bytes(struct groups *g, size_t n)
{
	bool added;
	size_t i;

	for (i = 0; i < n; i++)
		map_bytes_prefetch(&g->map.bytes, g->hash[i]);
	for (i = 0; i < n; i++)
		map_bytes_prefetch_key(&g->map.bytes, g->hash[i], g->key[i].n);
	for (i = 0; i < n; i++) {
		g->ids[i] = map_bytes_add(&g->map.bytes, g->key[i].p, g->key[i].n, g->hash[i], &added);
		if (g->ids[i] == MAP_ABSENT)
			return false;
	}
	return true;
}

static int
too_many(struct msg *err)
{
	return msg_set(err, EX_SOFTWARE, "too many keys: give a limit with --memory");
}

/* Maps the keys of n records to groups and prefetches their states. */
static int
find_groups(struct groups *g, const struct rec_batch *b, size_t from, size_t n, struct msg *err)
{
	int64_t key[AGG_CHUNK];
	size_t bytes = 0;

	if (!g->map.integers)
		bytes = take_keys(g, b, from, n);
	if (is_full(g, n, bytes) && write_run(g, err) == -1)
		return -1;
	if (g->map.integers) {
		val_ints(b->base, b->off + from * b->stride + g->keys[0], b->stride, n, key);
		if (!map_add_ints(&g->map, key, n, g->ids))
			return too_many(err);
	} else if (!find_bytes(g, n)) {
		return too_many(err);
	}
	agg_extend(&g->agg, (uint32_t)map_count(&g->map));
	fetch_states(g, g->ids, n);
	return 0;
}

/* Like groups_add, for n records of the batch. */
static size_t
add_chunk(struct groups *g, const struct rec_batch *b, size_t from, size_t n, struct msg *err)
{
	if (g->nkeys > 0 && find_groups(g, b, from, n, err) == -1)
		return SIZE_MAX;
	if (g->values.n > 0 && agg_values_add(&g->values, b, from, n, g->keys, g->nkeys, err) == -1)
		return SIZE_MAX;
	if (g->states == AGG_NONE)
		return agg_update(&g->agg, b, from, n, g->ids);
	agg_states_add(&g->agg, b, from, n, g->states, g->ids);
	return n;
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

	if (agg_values_end(&g->values, err) == -1)
		return -1;
	if (g->nkeys == 0)
		return put_one(&one, none, 0, &g->agg, 0);
	if (g->runs.runs.n == 0)
		return put_ordered(g, sink, context);
	if (map_count(&g->map) > 0 && write_run(g, err) == -1)
		return -1;
	return agg_runs_merge(&g->runs, &g->agg, put_one, &one, err);
}

/*
 * The in-memory hash join. Every loop makes several passes over a block of records, each prefetching what the next
 * needs: otherwise random look-ups in a large table would stall on memory one by one.
 */
#include "join/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

static size_t
block_size(const struct rec_batch *b, size_t i)
{
	return b->n - i < JOIN_BLOCK ? b->n - i : JOIN_BLOCK;
}

/* Always inlined: gcc takes a function that only prefetches for one without effect and drops its calls. */
__attribute__((always_inline)) static inline void
fetch_keys(const struct hash_join *j, size_t n)
{
	const struct map_bytes *m = &j->table.map.bytes;

	for (size_t i = 0; i < n; i++)
		map_bytes_prefetch(m, j->block.hash[i]);
	for (size_t i = 0; i < n; i++)
		map_bytes_prefetch_key(m, j->block.hash[i], j->block.key[i].n);
}

/* Decodes the keys of n records. */
static void
take_ints(struct hash_join *j, const struct join_keys *keys, const struct rec_batch *b, size_t first, size_t n)
{
	val_ints(b->base, b->off + first * b->stride + keys->idx[0], b->stride, n, j->ints);
}

/* ---- Build side ---- */

static void
add_row(struct hash_join *j, struct rec r, struct join_row *row)
{
	join_table_end(&j->table, row, (size_t)(join_build_part(j->plan, r, row->bytes) - row->bytes));
}

static void
add_ints(struct hash_join *j, size_t n)
{
	const struct rec_batch *b = &j->batch;
	uint32_t *id = j->block.id;

	take_ints(j, &j->plan->build, b, j->taken, n);
	(void)map_add_ints(&j->table.map, j->ints, n, id);	/* has room: see join_table_full */
	for (size_t i = 0; i < n && !j->table.keyed; i++) {
		struct rec r = rec_at(b, j->taken + i);

		add_row(j, r, join_table_add_row(&j->table, id[i], join_build_max(j->plan, r, b->stride)));
	}
}

static void
add_bytes(struct hash_join *j, size_t n)
{
	const struct rec_batch *b = &j->batch;
	const struct join_block *k = &j->block;
	struct join_table *t = &j->table;
	struct join_row *row;
	bool nulls = j->plan->type == JOIN_OUTER;	/* an outer join outputs them, though they match nothing */

	join_block_fill(&j->block, &j->plan->build, b, j->taken, n);
	fetch_keys(j, n);
	for (size_t i = 0; i < n; i++) {
		struct rec r = rec_at(b, j->taken + i);

		if (k->null[i] && !nulls)
			continue;
		row = join_table_add(t, k->key[i].p, k->key[i].n, k->hash[i], join_build_max(j->plan, r, b->stride));
		if (row != NULL)
			add_row(j, r, row);
	}
}

static void
add_block(struct hash_join *j, size_t n)
{
	if (j->table.map.integers)
		add_ints(j, n);
	else
		add_bytes(j, n);
	j->taken += n;
}

/* Loads the build side into the table. Returns 1, 0 if the table is full before the end, or -1. */
static int
load(struct hash_join *j)
{
	int got;

	while ((got = rec_next(j->build, &j->batch)) > 0) {
		j->stats->build += j->batch.n;
		for (j->taken = 0; j->taken < j->batch.n; add_block(j, block_size(&j->batch, j->taken)))
			if (join_table_full(&j->table, j->memory))
				return 0;
	}
	if (got < 0)
		*j->err = j->build->err;
	return got < 0 ? -1 : 1;
}

/* ---- Probe side ---- */

static void
find_ints(struct hash_join *j, const struct rec_batch *b, size_t first, size_t n)
{
	take_ints(j, &j->plan->probe, b, first, n);
	map_find_ints(&j->table.map, j->ints, n, j->block.id);
	for (size_t i = 0; i < n; i++)
		j->stats->matched += j->block.id[i] != MAP_ABSENT;
}

/* Looks up the keys of n probe records; a null is absent, as it equals nothing. */
static void
find_block(struct hash_join *j, const struct rec_batch *b, size_t first, size_t n)
{
	struct join_block *k = &j->block;

	if (j->table.map.integers) {
		find_ints(j, b, first, n);
		return;
	}
	join_block_fill(k, &j->plan->probe, b, first, n);
	fetch_keys(j, n);
	for (size_t i = 0; i < n; i++) {
		k->id[i] = k->null[i] ? MAP_ABSENT :
		    map_bytes_find(&j->table.map.bytes, k->key[i].p, k->key[i].n, k->hash[i]);
		j->stats->matched += k->id[i] != MAP_ABSENT;
	}
}

/* Semi and anti joins: passes a record or drops it. */
static int
pass_block(struct hash_join *j, const struct rec_batch *b, size_t first, size_t n)
{
	bool wanted = j->plan->type == JOIN_SEMI;

	for (size_t i = 0; i < n; i++)
		if ((j->block.id[i] != MAP_ABSENT) == wanted && join_pass(j->out, b, first + i, j->err) < 0)
			return -1;
	return 0;
}

/* Prefetches the average row length of each key's last row. */
static void
fetch_rows(const struct hash_join *j, size_t n)
{
	const struct join_table *t = &j->table;
	const uint32_t *id = j->block.id;
	size_t mean = t->nrows > 0 ? t->used / t->nrows : 0, size = mean < 64 * JOIN_ROW_LINES ? mean :
	    64 * JOIN_ROW_LINES;

	for (size_t i = 0; i < n; i++)
		if (id[i] != MAP_ABSENT)
			cpu_fetch(&t->last[id[i]]);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *row;

		if (id[i] == MAP_ABSENT)
			continue;
		row = (const uint8_t *)t->last[id[i]];
		for (size_t at = 0; at < size; at += 64)
			cpu_fetch(row + at);
		cpu_fetch(row + size - 1);
	}
}

/* Writes a probe record paired with each row of a key. */
static int
put_pairs(struct hash_join *j, struct rec_field line, uint32_t id)
{
	const struct join_row *last = j->table.last[id], *row = last;

	do {
		row = row->next;
		if (join_put(j->out, line, join_row_field(row), j->err) < 0)
			return -1;
	} while (row != last);
	return 0;
}

/*
 * Inner, left and outer joins: writes each record paired with every row of its key, or with the fill values if there
 * is none.
 */
static int
pair_block(struct hash_join *j, const struct rec_batch *b, size_t first, size_t n)
{
	const struct join_table *t = &j->table;
	struct rec_field absent = { j->plan->absent.p, j->plan->absent.len }, line;
	bool lone = join_keeps_lone(j->plan->type);

	fetch_rows(j, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t id = j->block.id[i];

		line = join_line(rec_at(b, first + i), b->stride);
		if (id == MAP_ABSENT) {
			if (lone && join_put(j->out, line, absent, j->err) < 0)
				return -1;
			continue;
		}
		if (t->matched != NULL)
			t->matched[id] = 1;
		if (put_pairs(j, line, id) < 0)
			return -1;
	}
	return 0;
}

static int
probe(struct hash_join *j)
{
	int (*put)(struct hash_join *, const struct rec_batch *, size_t, size_t) =
	    join_pairs(j->plan->type) ? pair_block : pass_block;
	struct rec_batch b;
	int got;

	while ((got = rec_next(j->probe, &b)) > 0) {
		j->stats->probe += b.n;
		for (size_t i = 0, n; i < b.n; i += n) {
			n = block_size(&b, i);
			find_block(j, &b, i, n);
			if (put(j, &b, i, n) < 0)
				return -1;
		}
	}
	if (got < 0)
		*j->err = j->probe->err;
	return got;
}

/* Outer join: writes the rows whose key no probe record had. */
static int
put_lone_rows(struct hash_join *j)
{
	const struct join_table *t = &j->table;
	uint8_t key[VAL_INT_MAX + VAL_PAD];
	const struct join_row *row = NULL;
	struct join_chunk *at;
	struct buf part = { 0 };
	int failed = 0;

	join_table_complete(&j->table);
	while ((row = join_table_next(t, row, &at)) != NULL && !failed) {
		if (t->matched[row->id])
			continue;
		j->stats->lone++;
		part.len = 0;
		join_probe_part(j->plan, join_table_key(t, row->id, key), &part);
		failed = join_put(j->out, (struct rec_field){ part.p, part.len }, join_row_field(row), j->err);
	}
	buf_free(&part);
	return failed;
}

static int
join_in_memory(struct hash_join *j)
{
	bool outer = j->plan->type == JOIN_OUTER;

	if (outer)
		join_table_mark(&j->table);
	if (probe(j) < 0)
		return -1;
	return outer ? put_lone_rows(j) : 0;
}

/* Returns true if the key is one integer that is never null. */
static bool
has_int_key(const struct hash_join *j)
{
	const struct join_keys *build = &j->plan->build, *probe = &j->plan->probe;
	const struct rec_column *b = &j->build->header.columns[build->idx[0]];

	return build->n == 1 && val_is_narrow(b->type) && b->required &&
	    j->probe->header.columns[probe->idx[0]].required;
}

int
join_hash(struct join *join)
{
	struct join_out out = { .writer = join->out, .plan = join->plan };
	struct hash_join j = { .plan = join->plan, .build = join->build, .probe = join->probe, .out = &out,
	    .memory = join->memory, .stats = &join->stats, .err = &join->err };
	int ret;

	memset(j.stats, 0, sizeof(*j.stats));
	join_table_init(&j.table, !join_pairs(j.plan->type), has_int_key(&j), j.memory);
	ret = load(&j);
	if (ret >= 0)
		ret = ret == 1 ? join_in_memory(&j) : join_partitioned(&j);
	join_table_free(&j.table);
	join_block_free(&j.block);
	buf_free(&out.line);
	return ret;
}

/*
 * The Grace hash join, for a build side larger than memory. Partitions both sides on disk by a hash of the key and
 * joins one partition at a time: records of one key are in the same partition of both sides. A partition still too
 * large is split again by other bits of the hash. One whose keys all have the same hash cannot be split and is most
 * likely a single key with very many rows: its rows stay on disk and are read again for every probe record with the
 * key, which costs no more than writing the pairs.
 *
 * Each record carries its number in its stream. Each partition's output is sorted by these numbers, so that a merge
 * of all restores the order of an in-memory join.
 */
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "join/hash.h"
#include "join/runs.h"
#include "join/sink.h"
#include "spill/parts.h"

enum { FEW_BITS = 2, MANY_BITS = 4, MANY_BITS_MEMORY = 8 << 20, MAX_PARTS = 1 << MANY_BITS };

struct part {			/* what is known about a partition's build records */
	uint64_t hash;		/* hash of the first one */
	bool filled;		/* there are any */
	bool mixed;		/* there are different hashes */
};

struct parts {
	struct spill_parts build, probe;
	struct part part[MAX_PARTS];
};

struct head {			/* header of a record in a partition; key and rest follow */
	uint64_t number, hash;
	uint32_t key;		/* key length; 0 for a probe key with a null */
	uint32_t rest;		/* bytes after the key: the output part of a build record, or all of a probe record */
};

struct piece {			/* a record of a partition */
	struct head head;
	struct buf bytes;
};

enum { AHEAD = 16 };

struct ahead {			/* read-ahead of a partition's records, to prefetch what their keys need */
	struct spill *spill;
	struct piece pieces[AHEAD];	/* ring buffer */
	uint64_t read, taken;
	bool end;
};

struct grace {
	struct hash_join *j;
	unsigned bits;		/* a split into 2^bits partitions */
	struct piece build, probe;
	struct ahead ahead;
};

static int join_parts(struct grace *g, struct parts *parts, unsigned level, struct join_sink *out,
    struct join_sink *lone);

/* ---- Records on disk ---- */

static int
write_piece(struct spill *s, struct head h, const uint8_t *key, const uint8_t *rest, struct msg *err)
{
	return spill_write(s, &h, sizeof(h), err) < 0 || spill_write(s, key, h.key, err) < 0 ||
	    spill_write(s, rest, h.rest, err) < 0 ? -1 : 0;
}

/* Reads the next record. Returns 1, 0 at the end, or -1. */
static int
read_piece(struct spill *s, struct piece *p, struct msg *err)
{
	int got = spill_read(s, &p->head, sizeof(p->head), err);
	size_t n = (size_t)p->head.key + p->head.rest;

	p->bytes.len = 0;
	if (got <= 0 || n == 0)
		return got;
	got = spill_read(s, buf_room(&p->bytes, n), n, err);
	p->bytes.len = n;
	return got == 0 ? msg_set(err, EX_IOERR, "temporary file: truncated") : got;
}

static int
ahead_open(struct ahead *a, struct spill *s, struct msg *err)
{
	a->spill = s;
	a->read = a->taken = 0;
	a->end = false;
	return spill_rewind(s, err);
}

/*
 * Reads until the ring is full or the partition ends. Prefetches a key's line at once, and the key in it half a ring
 * later.
 */
static int
ahead_fill(struct ahead *a, const struct map_bytes *keys, struct msg *err)
{
	struct piece *p;
	int got;

	while (!a->end && a->read < a->taken + AHEAD) {
		p = &a->pieces[a->read % AHEAD];
		if ((got = read_piece(a->spill, p, err)) < 0)
			return -1;
		a->end = got == 0;
		a->read += got > 0;
		if (got > 0)
			map_bytes_prefetch(keys, p->head.hash);
		if (got > 0 && a->read > AHEAD / 2) {
			const struct head *h = &a->pieces[(a->read - 1 - AHEAD / 2) % AHEAD].head;

			map_bytes_prefetch_key(keys, h->hash, h->key);
		}
	}
	return 0;
}

/* Returns the next record, a view until the next call: 1, 0 at the end, or -1. */
static int
ahead_next(struct ahead *a, const struct map_bytes *keys, const struct piece **p, struct msg *err)
{
	if (ahead_fill(a, keys, err) < 0)
		return -1;
	if (a->taken == a->read)
		return 0;
	*p = &a->pieces[a->taken++ % AHEAD];
	return 1;
}

static struct rec_field
piece_key(const struct piece *p)
{
	return (struct rec_field){ p->bytes.p, p->head.key };
}

static struct rec_field
piece_rest(const struct piece *p)
{
	return (struct rec_field){ p->bytes.p + p->head.key, p->head.rest };
}

/* ---- Splitting ---- */

static void
init_parts(const struct grace *g, struct parts *p, unsigned level)
{
	spill_parts_init(&p->build, g->bits, hash_level(level));
	spill_parts_init(&p->probe, g->bits, hash_level(level));
	memset(p->part, 0, sizeof(p->part));
}

static void
close_parts(struct parts *p)
{
	spill_parts_close(&p->build);
	spill_parts_close(&p->probe);
}

static int
to_build(const struct grace *g, struct parts *parts, struct head h, const uint8_t *key, const uint8_t *rest)
{
	size_t i = spill_part_of_hash(h.hash, parts->build.seed, g->bits);
	struct part *p = &parts->part[i];

	if (!p->filled)
		p->hash = h.hash;
	p->mixed |= p->hash != h.hash;
	p->filled = true;
	return write_piece(&parts->build.file[i], h, key, rest, g->j->err);
}

static int
to_probe(const struct grace *g, struct parts *parts, struct head h, const uint8_t *key, const uint8_t *rest)
{
	size_t i = spill_part_of_hash(h.hash, parts->probe.seed, g->bits);

	return write_piece(&parts->probe.file[i], h, key, rest, g->j->err);
}

static int
split_keys(const struct grace *g, struct parts *parts)
{
	uint8_t scratch[VAL_INT_MAX + VAL_PAD];

	for (uint32_t id = 0; id < map_count(&g->j->table.map); id++) {
		struct rec_field key = join_table_key(&g->j->table, id, scratch);
		struct head h = { id, map_hash(key.p, key.n), (uint32_t)key.n, 0 };

		if (to_build(g, parts, h, key.p, key.p + key.n) < 0)
			return -1;
	}
	return 0;
}

static int
split_rows(const struct grace *g, struct parts *parts)
{
	uint8_t scratch[VAL_INT_MAX + VAL_PAD];
	const struct join_row *row = NULL;
	struct join_chunk *at;
	uint64_t number = 0;

	while ((row = join_table_next(&g->j->table, row, &at)) != NULL) {
		struct rec_field key = join_table_key(&g->j->table, row->id, scratch);
		struct head h = { number++, map_hash(key.p, key.n), (uint32_t)key.n, row->n };

		if (to_build(g, parts, h, key.p, row->bytes) < 0)
			return -1;
	}
	return 0;
}

/* Moves the full table's rows to partitions. */
static int
split_table(const struct grace *g, struct parts *parts)
{
	struct join_table *t = &g->j->table;
	int failed;

	join_table_complete(t);
	failed = t->keyed ? split_keys(g, parts) : split_rows(g, parts);
	join_table_free(t);
	return failed;
}

static int
split_build_block(struct grace *g, struct parts *parts, size_t n)
{
	struct hash_join *j = g->j;
	const struct join_block *k = &j->block;

	join_block_fill(&j->block, &j->plan->build, &j->batch, j->taken, n);
	for (size_t i = 0; i < n; i++) {
		struct head h = { j->batch.first + j->taken + i, k->hash[i], (uint32_t)k->key[i].n, 0 };
		struct rec r = rec_at(&j->batch, j->taken + i);
		struct buf *rest = &g->build.bytes;

		if (k->null[i] && j->plan->type != JOIN_OUTER)
			continue;
		rest->len = 0;
		if (join_pairs(j->plan->type))
			h.rest = (uint32_t)(join_build_part(j->plan, r, buf_room(rest, join_build_max(j->plan, r,
			    j->batch.stride))) - rest->p);
		if (to_build(g, parts, h, k->key[i].p, rest->p) < 0)
			return -1;
	}
	j->taken += n;
	return 0;
}

/* Partitions the rest of the batch that did not fit the table, and of the stream. */
static int
split_build(struct grace *g, struct parts *parts)
{
	struct hash_join *j = g->j;
	int got;

	do {
		while (j->taken < j->batch.n) {
			size_t left = j->batch.n - j->taken;

			if (split_build_block(g, parts, left < JOIN_BLOCK ? left : JOIN_BLOCK) < 0)
				return -1;
		}
		got = rec_next(j->build, &j->batch);
		j->taken = 0;
		j->stats->build += got > 0 ? j->batch.n : 0;
	} while (got > 0);
	if (got < 0)
		*j->err = j->build->err;
	return got;
}

static int
split_probe_block(const struct grace *g, struct parts *parts, const struct rec_batch *b, size_t first, size_t n)
{
	struct hash_join *j = g->j;
	const struct join_block *k = &j->block;
	bool lone = join_keeps_lone(j->plan->type);

	join_block_fill(&j->block, &j->plan->probe, b, first, n);
	for (size_t i = 0; i < n; i++) {
		struct rec_field line = join_line(rec_at(b, first + i), b->stride);
		struct head h = { b->first + first + i, k->hash[i], (uint32_t)k->key[i].n, (uint32_t)line.n };

		if (k->null[i] && !lone)
			continue;
		if (k->null[i]) {
			h.hash = h.number;	/* any partition will do: it matches nothing */
			h.key = 0;
		}
		if (to_probe(g, parts, h, k->key[i].p, line.p) < 0)
			return -1;
	}
	return 0;
}

static int
split_probe(const struct grace *g, struct parts *parts)
{
	struct hash_join *j = g->j;
	struct rec_batch b;
	int got;

	while ((got = rec_next(j->probe, &b)) > 0) {
		j->stats->probe += b.n;
		for (size_t i = 0, n; i < b.n; i += n) {
			n = b.n - i < JOIN_BLOCK ? b.n - i : JOIN_BLOCK;
			if (split_probe_block(g, parts, &b, i, n) < 0)
				return -1;
		}
	}
	if (got < 0)
		*j->err = j->probe->err;
	return got;
}

/* Splits partition i of `from` again and frees its files. */
static int
split_part(struct grace *g, struct parts *from, size_t i, struct parts *to)
{
	struct spill *build = &from->build.file[i], *probe = &from->probe.file[i];
	struct msg *err = g->j->err;
	int got = spill_rewind(build, err);

	while (got >= 0 && (got = read_piece(build, &g->build, err)) > 0)
		got = to_build(g, to, g->build.head, g->build.bytes.p, piece_rest(&g->build).p);
	spill_close(build);
	if (got < 0 || spill_parts_park(&to->build, err) < 0 || spill_rewind(probe, err) < 0)
		return -1;
	while (got >= 0 && (got = read_piece(probe, &g->probe, err)) > 0)
		got = to_probe(g, to, g->probe.head, g->probe.bytes.p, piece_rest(&g->probe).p);
	spill_close(probe);
	return got < 0 ? -1 : spill_parts_park(&to->probe, err);
}

/* ---- One part ---- */

/* Loads a partition's build side into the table. Returns 1, 0 if it does not fit, or -1. */
static int
load_part(struct grace *g, struct spill *rows, size_t memory)
{
	struct join_table *t = &g->j->table;
	const struct piece *build;
	struct join_row *row;
	int got;

	if (ahead_open(&g->ahead, rows, g->j->err) < 0)
		return -1;
	while ((got = ahead_next(&g->ahead, &t->map.bytes, &build, g->j->err)) > 0) {
		struct rec_field rest = piece_rest(build);

		row = join_table_add(t, build->bytes.p, build->head.key, build->head.hash, rest.n);
		if (row != NULL) {
			memcpy(row->bytes, rest.p, rest.n);
			join_table_end(t, row, rest.n);
		}
		if (join_table_full(t, memory))
			return 0;
	}
	return got < 0 ? -1 : 1;
}

/* Pairs a probe record with rows that stay on disk. */
static int
pair_on_disk(struct grace *g, struct spill *rows, const struct piece *probe, const struct join_sink *out)
{
	struct rec_field line = piece_rest(probe), key = piece_key(probe);
	int got = spill_rewind(rows, g->j->err);

	while (got >= 0 && (got = read_piece(rows, &g->build, g->j->err)) > 0)
		if (g->build.head.key == key.n && memcmp(g->build.bytes.p, key.p, key.n) == 0)
			got = join_sink_put(out, probe->head.number, line, piece_rest(&g->build), g->j->err);
	return got;
}

static int
pair_in_memory(const struct grace *g, uint32_t id, const struct piece *probe, const struct join_sink *out)
{
	const struct join_row *last = g->j->table.last[id], *row = last;
	struct rec_field line = piece_rest(probe);

	do {
		row = row->next;
		if (join_sink_put(out, probe->head.number, line, join_row_field(row), g->j->err) < 0)
			return -1;
	} while (row != last);
	return 0;
}

/* Writes the output of a probe record. */
static int
probe_piece(struct grace *g, struct spill *rows, const struct piece *probe, const struct join_sink *out)
{
	struct join_table *t = &g->j->table;
	const struct join_plan *plan = g->j->plan;
	struct rec_field absent = { plan->absent.p, plan->absent.len }, none = { 0 };
	uint32_t id = MAP_ABSENT;

	if (probe->head.key > 0)
		id = map_bytes_find(&t->map.bytes, probe->bytes.p, probe->head.key, probe->head.hash);
	if (id == MAP_ABSENT)
		return join_keeps_lone(plan->type) ? join_sink_put(out, probe->head.number, piece_rest(probe),
		    plan->type == JOIN_ANTI ? none : absent, g->j->err) : 0;
	g->j->stats->matched++;
	if (plan->type == JOIN_ANTI)
		return 0;
	if (plan->type == JOIN_SEMI)
		return join_sink_put(out, probe->head.number, piece_rest(probe), none, g->j->err);
	if (t->matched != NULL)
		t->matched[id] = 1;
	return t->keyed ? pair_on_disk(g, rows, probe, out) : pair_in_memory(g, id, probe, out);
}

/* Outer join: writes the build records whose key no probe record had. */
static int
put_lone(struct grace *g, struct spill *rows, const struct join_sink *lone)
{
	const struct join_table *t = &g->j->table;
	struct buf *part = &g->probe.bytes;
	const struct piece *build;
	int got = ahead_open(&g->ahead, rows, g->j->err);

	while (got >= 0 && (got = ahead_next(&g->ahead, &t->map.bytes, &build, g->j->err)) > 0) {
		struct rec_field key = piece_key(build), line;

		if (t->matched[map_bytes_find(&t->map.bytes, key.p, key.n, build->head.hash)])
			continue;
		g->j->stats->lone++;
		part->len = 0;
		join_probe_part(g->j->plan, key, part);
		line = (struct rec_field){ part->p, part->len };
		got = join_sink_put(lone, build->head.number, line, piece_rest(build), g->j->err);
	}
	return got;
}

static int
probe_part(struct grace *g, struct spill *rows, struct spill *records, const struct join_sink *out,
    const struct join_sink *lone)
{
	bool outer = g->j->plan->type == JOIN_OUTER;
	const struct piece *probe;
	int got;

	g->j->stats->partitions++;
	if (outer)
		join_table_mark(&g->j->table);
	if (ahead_open(&g->ahead, records, g->j->err) < 0)
		return -1;
	while ((got = ahead_next(&g->ahead, &g->j->table.map.bytes, &probe, g->j->err)) > 0)
		if (probe_piece(g, rows, probe, out) < 0)
			return -1;
	return got == 0 && outer ? put_lone(g, rows, lone) : got;
}

static int
join_split_part(struct grace *g, struct parts *from, size_t i, unsigned level, struct join_sink *out,
    struct join_sink *lone)
{
	struct parts parts;
	int ret;

	init_parts(g, &parts, level);
	ret = split_part(g, from, i, &parts);
	if (ret == 0)
		ret = join_parts(g, &parts, level, out, lone);
	close_parts(&parts);
	return ret;
}

static int
join_part(struct grace *g, struct parts *parts, size_t i, unsigned level, struct join_sink *out, struct join_sink *lone)
{
	struct spill *rows = &parts->build.file[i];
	struct join_table *t = &g->j->table;
	bool keyed = !join_pairs(g->j->plan->type);
	int got;

	progress_poll();
	join_table_init(t, keyed, false, g->j->memory);
	got = load_part(g, rows, g->j->memory);
	if (got == 0 && !parts->part[i].mixed) {
		join_table_free(t);
		join_table_init(t, true, false, g->j->memory);
		got = load_part(g, rows, SIZE_MAX);
	}
	if (got == 1)
		got = probe_part(g, rows, &parts->probe.file[i], out, lone);
	else if (got == 0) {
		join_table_free(t);
		return join_split_part(g, parts, i, level + 1, out, lone);
	}
	join_table_free(t);
	return got;
}

/* ---- All parts ---- */

/* Joins all partitions and merges their outputs. */
static int
join_parts(struct grace *g, struct parts *parts, unsigned level, struct join_sink *out, struct join_sink *lone)
{
	struct spill pairs[MAX_PARTS], lones[MAX_PARTS];
	size_t n = (size_t)1 << g->bits;
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		spill_init(&pairs[i]);
		spill_init(&lones[i]);
	}
	for (size_t i = 0; i < n && ret == 0; i++) {
		struct join_sink to_pairs = { NULL, &pairs[i] }, to_lones = { NULL, &lones[i] };

		ret = join_part(g, parts, i, level, &to_pairs, &to_lones);
		spill_close(&parts->build.file[i]);
		spill_close(&parts->probe.file[i]);
		if (ret == 0)
			ret = spill_park(&pairs[i], g->j->err) < 0 ? -1 : spill_park(&lones[i], g->j->err);
	}
	if (ret == 0)
		ret = join_merge(pairs, n, out, g->j->err) < 0 ? -1 : join_merge(lones, n, lone, g->j->err);
	for (size_t i = 0; i < n; i++) {
		spill_close(&pairs[i]);
		spill_close(&lones[i]);
	}
	return ret;
}

int
join_partitioned(struct hash_join *j)
{
	struct grace g = { .j = j, .bits = j->memory >= MANY_BITS_MEMORY ? MANY_BITS : FEW_BITS };
	struct parts parts;
	struct join_sink out = { j->out, NULL };
	int ret = -1;

	init_parts(&g, &parts, 0);
	if (split_table(&g, &parts) == 0 && split_build(&g, &parts) == 0 &&
	    spill_parts_park(&parts.build, j->err) == 0 && split_probe(&g, &parts) == 0 &&
	    spill_parts_park(&parts.probe, j->err) == 0)
		ret = join_parts(&g, &parts, 0, &out, &out);
	close_parts(&parts);
	for (size_t i = 0; i < AHEAD; i++)
		buf_free(&g.ahead.pieces[i].bytes);
	buf_free(&g.build.bytes);
	buf_free(&g.probe.bytes);
	return ret;
}

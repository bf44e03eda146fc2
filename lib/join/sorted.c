/*
 * The merge join of two sorted streams: reads both in step and holds only the build rows of the current key. Keys
 * are compared as their fields joined by TAB, which compares field by field because every byte of a value is above
 * TAB.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "join/join.h"
#include "join/runs.h"
#include "join/sink.h"

struct side {
	struct rec_reader *r;
	const struct join_keys *keys;
	struct rec_batch b;
	size_t i;			/* the current record; valid before the end */
	bool started, end;
	struct rec_field key, last;	/* key of the current record and of the previous one */
	struct buf scratch, copy;	/* copy: of the previous key once its record is gone */
};

struct group {			/* the build rows of one key, each with length and bytes */
	bool filled;
	struct buf key, rows;	/* rows in memory, or all in the spill once that is used */
	bool spilled;
	struct spill spill;
};

struct sorted_join {
	const struct join_plan *plan;
	struct side build, probe;
	struct group group;
	struct join_out *out;
	size_t memory;
	struct join_stats *stats;
	struct msg *err;
	struct buf scratch;
};

/* ---- One side ---- */

enum { SHORT_KEY = 8 };

/* Returns a short key's bytes as a number of the same order, zero-padded; keys have no zero bytes. */
static inline uint64_t
short_key(struct rec_field key)
{
	uint64_t v;

	memcpy(&v, key.p, sizeof(v));
	return be64toh(v) & ~(key.n < SHORT_KEY ? UINT64_MAX >> 8 * key.n : 0);
}

/* Compares keys; may read VAL_PAD bytes past each, or up to the end of its buffer. */
static inline int
compare(struct rec_field a, struct rec_field b)
{
	uint64_t x, y;
	int c;

	if (a.n <= SHORT_KEY && b.n <= SHORT_KEY) {
		x = short_key(a);
		y = short_key(b);
		return (x > y) - (x < y);
	}
	c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static struct rec
at_hand(const struct side *s)
{
	return rec_at(&s->b, s->i);
}

/* Formats a field for a message. */
static const char *
shown(struct val_type type, struct rec_field f)
{
	struct buf text = { 0 };
	const char *quoted = "null";

	if (!val_is_null(f.p, f.n)) {
		val_text(type, f.p, f.n, &text);
		quoted = msg_quote(text.p, text.len);
	}
	buf_free(&text);
	return quoted;
}

/* Reports which column's value is out of order. */
static int
out_of_order(const struct side *s, struct msg *err)
{
	const uint8_t *p = s->last.p, *end = p + s->last.n;

	for (size_t i = 0; i < s->keys->n; i++) {
		const struct rec_column *c = &s->r->header.columns[s->keys->idx[i]];
		const uint8_t *tab = memchr(p, '\t', (size_t)(end - p));
		struct rec_field before = { p, (size_t)((tab != NULL ? tab : end) - p) };
		struct rec_field now = rec_field(at_hand(s), s->keys->idx[i]);

		if (compare(now, before) != 0)
			return msg_set(err, EX_DATAERR, "%s: record %llu: %s: %s follows %s: "
			    "--sorted needs key order (LC_ALL=C sort)", s->r->name,
			    (unsigned long long)(s->b.first + s->i), c->name, shown(c->type, now),
			    shown(c->type, before));
		p = tab != NULL ? tab + 1 : end;
	}
	return msg_set(err, EX_SOFTWARE, "equal keys out of order");
}

/* Makes the current key the previous one; copies it if its record is about to go. */
static void
leave_key(struct side *s)
{
	s->last = s->key;
	if (s->keys->n > 1 || s->i + 1 >= s->b.n) {
		s->copy.len = 0;
		buf_add(&s->copy, s->key.p, s->key.n);
		s->last.p = s->copy.p;
	}
}

/* Moves to the next record. Returns 1, 0 at the end, or -1. */
static int
next(struct side *s, uint64_t *count, struct msg *err)
{
	int got = 1;

	if (s->started)
		leave_key(s);
	if (++s->i >= s->b.n || !s->started) {
		s->i = 0;
		got = rec_next(s->r, &s->b);
		if (got <= 0) {
			s->end = true;
			if (got < 0)
				*err = s->r->err;
			return got;
		}
		*count += s->b.n;
	}
	s->key = rec_key(at_hand(s), s->keys->idx, s->keys->n, &s->scratch);
	if (s->started && compare(s->key, s->last) < 0)
		return out_of_order(s, err);
	s->started = true;
	return got;
}

static int
next_build(struct sorted_join *j)
{
	return next(&j->build, &j->stats->build, j->err);
}

/* ---- The build rows of a key ---- */

static int
add_row(struct sorted_join *j)
{
	struct group *g = &j->group;
	struct rec r = at_hand(&j->build);
	uint32_t n;
	uint8_t *out;

	if (g->spilled || g->rows.len > j->memory) {
		if (spill_write(&g->spill, g->rows.p, g->rows.len, j->err) < 0)
			return -1;
		g->spilled = true;
		g->rows.len = 0;
	}
	out = buf_room(&g->rows, sizeof(n) + join_build_max(j->plan, r, j->build.b.stride)) + sizeof(n);
	n = (uint32_t)(join_build_part(j->plan, r, out) - out);
	memcpy(out - sizeof(n), &n, sizeof(n));
	g->rows.len += sizeof(n) + n;
	return 0;
}

/* Collects all build records of the current key. */
static int
take_group(struct sorted_join *j)
{
	struct group *g = &j->group;
	int got = 1;

	spill_close(&g->spill);
	g->spilled = false;
	g->filled = true;
	g->rows.len = g->key.len = 0;
	buf_add(&g->key, j->build.key.p, j->build.key.n);
	while (got > 0 && compare(j->build.key, (struct rec_field){ g->key.p, g->key.len }) == 0) {
		if (join_pairs(j->plan->type) && add_row(j) < 0)
			return -1;
		got = next_build(j);
	}
	if (got >= 0 && g->spilled) {
		got = spill_write(&g->spill, g->rows.p, g->rows.len, j->err);
		g->rows.len = 0;
	}
	return got < 0 ? -1 : 0;
}

static int
pair_in_memory(struct sorted_join *j, struct rec_field line)
{
	const struct buf *rows = &j->group.rows;
	uint32_t n;

	for (size_t i = 0; i < rows->len; i += sizeof(n) + n) {
		memcpy(&n, rows->p + i, sizeof(n));
		if (join_put(j->out, line, (struct rec_field){ rows->p + i + sizeof(n), n }, j->err) < 0)
			return -1;
	}
	return 0;
}

static int
pair_on_disk(struct sorted_join *j, struct rec_field line)
{
	struct spill *s = &j->group.spill;
	const uint8_t *row;
	uint32_t n;
	int got = spill_rewind(s, j->err);

	while (got >= 0 && (got = spill_read(s, &n, sizeof(n), j->err)) > 0) {
		got = spill_view(s, n, &j->scratch, &row, j->err);
		if (got == 0)
			got = msg_set(j->err, EX_IOERR, "temporary file: truncated");
		if (got > 0)
			got = join_put(j->out, line, (struct rec_field){ row, n }, j->err);
	}
	return got;
}

/* ---- Both sides ---- */

/* Outer join: writes a build record whose key no probe record has. */
static int
put_lone(struct sorted_join *j)
{
	struct rec r = at_hand(&j->build);
	struct buf *b = &j->scratch;

	j->stats->lone++;
	b->len = 0;
	join_probe_part(j->plan, j->build.key, b);
	buf_room(b, join_build_max(j->plan, r, j->build.b.stride));
	return join_put(j->out, (struct rec_field){ b->p, (size_t)(join_build_part(j->plan, r, b->p + b->len) - b->p) },
	    (struct rec_field){ 0 }, j->err);
}

/* Advances the build side to the key, or to its end if key is NULL. */
static int
pass_build(struct sorted_join *j, const struct rec_field *key)
{
	while (!j->build.end && (key == NULL || compare(j->build.key, *key) < 0))
		if ((j->plan->type == JOIN_OUTER && put_lone(j) < 0) || next_build(j) < 0)
			return -1;
	return 0;
}

/* Collects the group of the probe record's key; empty if the build side lacks the key or the key has a null. */
static int
find_group(struct sorted_join *j)
{
	const struct side *s = &j->probe;
	struct group *g = &j->group;

	if (g->filled && compare(s->key, (struct rec_field){ g->key.p, g->key.len }) == 0)
		return 0;
	g->filled = false;
	if (pass_build(j, &s->key) < 0)
		return -1;
	if (j->build.end || compare(j->build.key, s->key) != 0 ||
	    rec_key_has_null(at_hand(s), s->keys->idx, s->keys->n))
		return 0;
	return take_group(j);
}

static int
put_probe(struct sorted_join *j)
{
	struct rec_field line = join_line(at_hand(&j->probe), j->probe.b.stride);
	struct rec_field absent = { j->plan->absent.p, j->plan->absent.len };
	bool found = j->group.filled;

	j->stats->matched += found;
	if (!join_pairs(j->plan->type))
		return found == (j->plan->type == JOIN_SEMI) ? join_pass(j->out, &j->probe.b, j->probe.i, j->err) : 0;
	if (!found)
		return join_keeps_lone(j->plan->type) ? join_put(j->out, line, absent, j->err) : 0;
	return j->group.spilled ? pair_on_disk(j, line) : pair_in_memory(j, line);
}

static int
run(struct sorted_join *j)
{
	int got = next_build(j);

	if (got < 0)
		return -1;
	while ((got = next(&j->probe, &j->stats->probe, j->err)) > 0)
		if (find_group(j) < 0 || put_probe(j) < 0)
			return -1;
	return got < 0 ? -1 : pass_build(j, NULL);
}

int
join_sorted(struct join *join)
{
	struct join_out out = { .writer = join->out, .plan = join->plan };
	struct sorted_join j = { .plan = join->plan, .out = &out, .memory = join->memory, .stats = &join->stats,
	    .err = &join->err };
	int ret;

	j.build.r = join->build;
	j.build.keys = &join->plan->build;
	j.probe.r = join->probe;
	j.probe.keys = &join->plan->probe;
	memset(j.stats, 0, sizeof(*j.stats));
	spill_init(&j.group.spill);
	ret = run(&j);
	spill_close(&j.group.spill);
	buf_free(&j.group.key);
	buf_free(&j.group.rows);
	buf_free(&j.build.scratch);
	buf_free(&j.build.copy);
	buf_free(&j.probe.scratch);
	buf_free(&j.probe.copy);
	buf_free(&j.scratch);
	buf_free(&out.line);
	return ret;
}

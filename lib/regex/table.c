/*
 * Trees to a table of states: Thompson's automaton, with all repetitions written out, made deterministic by the subset
 * construction. Its alphabet is not of bytes but of classes of code points that no set of the pattern tells apart.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "regex/ast.h"

enum {
	ENTRIES_MAX = 1 << 18,	/* of the table: 1 MiB */
	STATES_MAX = 1 << 15,
	WORK_MAX = 1 << 22,	/* steps of the construction: some 20 ms */
	DEAD = 0		/* the state that nothing leaves */
};

struct regex_table {
	/* owned: rows of states: by class the next row's index, then whether it accepts at the end, and anywhere */
	uint32_t *next;
	uint32_t *cuts;		/* owned: where classes begin; the first is 0 */
	uint32_t nclasses, width;
	uint32_t start, later;	/* indexes of rows: at the beginning of the text, and after it */
	uint8_t ascii[128];	/* classes; at most 128 + 1 begin there */
};

/* ---- the automaton with choices ---- */

enum step { SET, SPLIT, BEGIN, END, ACCEPT };

struct point {
	enum step step;
	uint32_t out, other;	/* points; SPLIT: both */
	uint32_t node;		/* SET: of the tree */
};

struct builder {
	const struct regex_ast *t;
	struct regex_table *d;
	struct point *points;
	size_t npoints, points_cap;
	uint32_t *set_of;	/* by node: its set's number */
	uint8_t *in_set;	/* by set and class */
	size_t nsets;
	/* sets of points: state i has those from pool[from[i]] to pool[from[i + 1]] */
	uint32_t *pool, *from, *slots;
	size_t pool_len, pool_cap, nstates, states_cap, nslots;
	uint32_t *seen, stamp;	/* by point: the last set that has it */
	uint32_t *todo;
	size_t work;
};

static uint32_t
add_point(struct builder *b, enum step step, uint32_t out, uint32_t other, uint32_t node)
{
	if (b->npoints == b->points_cap) {
		b->points_cap = b->points_cap == 0 ? 256 : 2 * b->points_cap;
		b->points = xreallocarray(b->points, b->points_cap, sizeof(*b->points));
	}
	b->points[b->npoints] = (struct point){ step, out, other, node };
	return (uint32_t)b->npoints++;
}

static uint32_t expand(struct builder *b, uint32_t node, uint32_t next);

/* Every copy adds a point, so that the limit ends what repeats nothing, too. */
static uint32_t
expand_repeat(struct builder *b, const struct regex_node *n, uint32_t next)
{
	uint32_t at = next, loop;
	unsigned i;

	if (n->max == REGEX_NO_LIMIT) {
		loop = add_point(b, SPLIT, next, next, 0);
		at = expand(b, n->a, loop);
		b->points[loop].out = at;
		at = loop;
	}
	for (i = n->min; n->max != REGEX_NO_LIMIT && i < n->max && b->npoints <= REGEX_SIZE_MAX; i++) {
		at = expand(b, n->a, at);
		at = add_point(b, SPLIT, at, next, 0);
	}
	for (i = 0; i < n->min && b->npoints <= REGEX_SIZE_MAX; i++) {
		at = expand(b, n->a, at);
		at = add_point(b, SPLIT, at, at, 0);
	}
	return at;
}

/* The points of a node before `next`. Returns the first. */
static uint32_t
expand(struct builder *b, uint32_t node, uint32_t next)
{
	const struct regex_node *n = &b->t->nodes[node];

	if (b->npoints > REGEX_SIZE_MAX)
		return next;
	switch (n->kind) {
	case REGEX_EMPTY:
		return next;
	case REGEX_SET:
		return add_point(b, SET, next, next, node);
	case REGEX_BEGIN:
		return add_point(b, BEGIN, next, next, 0);
	case REGEX_END:
		return add_point(b, END, next, next, 0);
	case REGEX_CAT:
		return expand(b, n->a, expand(b, n->b, next));
	case REGEX_ALT:
		return add_point(b, SPLIT, expand(b, n->a, next), expand(b, n->b, next), 0);
	case REGEX_REPEAT:
		return expand_repeat(b, n, next);
	}
	return next;
}

/* ---- classes of code points ---- */

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* A class begins where a range does, and after one ends. */
static void
find_classes(struct builder *b)
{
	struct regex_table *d = b->d;
	size_t i, k = 1;

	d->cuts = xcalloc(2 * b->t->nranges + 1, sizeof(*d->cuts));
	for (i = 0; i < b->t->nranges; i++) {
		d->cuts[k++] = b->t->ranges[i].first;
		d->cuts[k++] = b->t->ranges[i].last + 1;
	}
	qsort(d->cuts, k, sizeof(*d->cuts), compare);
	for (i = 0; i < k; i++)
		if (d->nclasses == 0 || d->cuts[i] != d->cuts[d->nclasses - 1])
			d->cuts[d->nclasses++] = d->cuts[i];
	d->width = d->nclasses + 2;
}

static uint32_t
class_of(const struct regex_table *d, uint32_t c)
{
	uint32_t low = 0, high = d->nclasses, middle;

	while (high - low > 1) {
		middle = (low + high) / 2;
		if (c < d->cuts[middle])
			high = middle;
		else
			low = middle;
	}
	return low;
}

/* Which classes each set of the tree has. */
static void
fill_sets(struct builder *b)
{
	const struct regex_node *n, *end = b->t->nodes + b->t->nnodes;
	uint8_t *row;
	uint32_t c, i;

	b->set_of = xcalloc(b->t->nnodes, sizeof(*b->set_of));
	b->in_set = xcalloc(b->t->nnodes + 1, b->d->nclasses);
	for (n = b->t->nodes; n < end; n++) {
		if (n->kind != REGEX_SET)
			continue;
		b->set_of[n - b->t->nodes] = (uint32_t)b->nsets;
		row = b->in_set + b->nsets++ * b->d->nclasses;
		for (i = 0; i < n->n; i++)
			for (c = class_of(b->d, b->t->ranges[n->a + i].first);
			    c < b->d->nclasses && b->d->cuts[c] <= b->t->ranges[n->a + i].last; c++)
				row[c] = 1;
	}
	for (c = 0; c < 128; c++)
		b->d->ascii[c] = (uint8_t)class_of(b->d, c);
}

/* ---- sets of points ---- */

/*
 * Adds a point to the set in work and, through it, those that are reached without a character. at_end: past the ends
 * too. Returns whether it accepts then.
 */
static bool
reach(struct builder *b, uint32_t point, bool at_begin, bool at_end)
{
	bool accepts = false;
	size_t n = 0;

	b->todo[n++] = point;
	while (n > 0) {
		const struct point *p = &b->points[point = b->todo[--n]];

		b->work++;
		if (b->seen[point] == b->stamp)
			continue;
		b->seen[point] = b->stamp;
		accepts |= p->step == ACCEPT;
		if (p->step == SPLIT || (p->step == BEGIN && at_begin) || (p->step == END && at_end))
			b->todo[n++] = p->out;
		if (p->step == SPLIT)
			b->todo[n++] = p->other;
		if (p->step == SET || p->step == END || p->step == ACCEPT)
			b->pool[b->pool_len++] = point;
	}
	return accepts;
}

/* Room for another set, which begins. */
static void
begin_set(struct builder *b)
{
	if (b->pool_cap - b->pool_len < b->npoints) {
		b->pool_cap = 2 * b->pool_cap + b->npoints;
		b->pool = xreallocarray(b->pool, b->pool_cap, sizeof(*b->pool));
	}
	b->stamp++;
}

/* Does state i accept where the text ends? Its set is not changed. */
static bool
accepts(struct builder *b, size_t i, bool at_begin)
{
	uint32_t k;
	bool yes = false;

	begin_set(b);
	for (k = b->from[i]; k < b->from[i + 1]; k++)
		yes |= reach(b, b->pool[k], at_begin, true);
	b->pool_len = b->from[b->nstates];
	return yes;
}

/* Does state i accept wherever it is reached? */
static bool
accepts_anywhere(const struct builder *b, size_t i)
{
	uint32_t k;

	for (k = b->from[i]; k < b->from[i + 1]; k++)
		if (b->points[b->pool[k]].step == ACCEPT)
			return true;
	return false;
}

static uint64_t
hash_set(const struct builder *b, size_t i)
{
	return hash_bytes(b->pool + b->from[i], (b->from[i + 1] - b->from[i]) * sizeof(*b->pool));
}

static bool
is_equal(const struct builder *b, size_t i, size_t k)
{
	size_t n = b->from[i + 1] - b->from[i];

	return b->from[k + 1] - b->from[k] == n &&
	    memcmp(b->pool + b->from[i], b->pool + b->from[k], n * sizeof(*b->pool)) == 0;
}

/* The set in work as a state. The start is not among those that are found again: only there a begin is passed. */
static uint32_t
end_set(struct builder *b, bool is_start)
{
	struct regex_table *d = b->d;
	size_t i = b->nstates, slot;

	b->from[i + 1] = (uint32_t)b->pool_len;
	qsort(b->pool + b->from[i], b->pool_len - b->from[i], sizeof(*b->pool), compare);
	slot = hash_set(b, i) % b->nslots;
	for (; !is_start && b->slots[slot] != 0; slot = (slot + 1) % b->nslots)
		if (is_equal(b, i, b->slots[slot])) {
			b->pool_len = b->from[i];
			return b->slots[slot];
		}
	if (!is_start)
		b->slots[slot] = (uint32_t)i;
	b->nstates++;
	if (b->nstates == b->states_cap) {
		b->states_cap *= 2;
		d->next = xreallocarray(d->next, b->states_cap * d->width, sizeof(*d->next));
	}
	memset(d->next + i * d->width, 0, d->width * sizeof(*d->next));
	d->next[i * d->width + d->nclasses] = accepts(b, i, is_start);
	d->next[i * d->width + d->nclasses + 1] = accepts_anywhere(b, i);
	return (uint32_t)i;
}

/* Where a class leads from state i. */
static uint32_t
follow(struct builder *b, size_t i, uint32_t class)
{
	uint32_t k;

	begin_set(b);
	for (k = b->from[i]; k < b->from[i + 1]; k++) {
		const struct point *p = &b->points[b->pool[k]];

		b->work++;
		if (p->step == SET && b->in_set[(size_t)b->set_of[p->node] * b->d->nclasses + class])
			reach(b, p->out, false, false);
	}
	return b->pool_len == b->from[b->nstates] ? DEAD : end_set(b, false);
}

static bool
is_small(const struct builder *b)
{
	return b->nstates < STATES_MAX && b->nstates * b->d->width <= ENTRIES_MAX && b->work <= WORK_MAX;
}

static bool
has_begin(const struct regex_ast *t)
{
	size_t i;

	for (i = 0; i < t->nnodes && t->nodes[i].kind != REGEX_BEGIN; i++)
		continue;
	return i < t->nnodes;
}

/* All states, from the start on. False where they are too many. */
static bool
find_states(struct builder *b, uint32_t first)
{
	struct regex_table *d = b->d;
	uint32_t c, next;
	size_t i;

	b->states_cap = 16;
	d->next = xcalloc(b->states_cap * d->width, sizeof(*d->next));
	b->from = xcalloc(STATES_MAX + 2, sizeof(*b->from));
	b->nslots = 2 * STATES_MAX;
	b->slots = xcalloc(b->nslots, sizeof(*b->slots));
	b->seen = xcalloc(b->npoints, sizeof(*b->seen));
	b->todo = xcalloc(2 * b->npoints + 2, sizeof(*b->todo));
	b->nstates = 1;				/* DEAD, which has no points */
	begin_set(b);
	reach(b, first, true, false);
	i = end_set(b, true);
	d->start = d->later = (uint32_t)i * d->width;
	if (has_begin(b->t)) {
		begin_set(b);
		reach(b, first, false, false);
		d->later = end_set(b, false) * d->width;
	}
	for (; i < b->nstates && is_small(b); i++)
		for (c = 0; c < d->nclasses && is_small(b); c++) {
			next = follow(b, i, c);
			d->next[i * d->width + c] = next * d->width;
		}
	return is_small(b);
}

static void
free_builder(struct builder *b)
{
	free(b->points);
	free(b->set_of);
	free(b->in_set);
	free(b->pool);
	free(b->from);
	free(b->slots);
	free(b->seen);
	free(b->todo);
}

/* Frees what the states found last have no need of. */
static void
shrink(struct builder *b)
{
	b->d->next = xreallocarray(b->d->next, b->nstates * b->d->width, sizeof(*b->d->next));
}

struct regex_table *
regex_table(const struct regex_ast *t, size_t *size)
{
	struct regex_table *d = xcalloc(1, sizeof(*d));
	struct builder b = { .t = t, .d = d };
	uint32_t first = expand(&b, t->root, add_point(&b, ACCEPT, 0, 0, 0));
	bool ok = b.npoints <= REGEX_SIZE_MAX;

	*size = b.npoints;
	if (ok) {
		find_classes(&b);
		fill_sets(&b);
		ok = find_states(&b, first);
	}
	if (ok)
		shrink(&b);
	free_builder(&b);
	if (ok)
		return d;
	regex_table_free(d);
	return NULL;
}

void
regex_table_free(struct regex_table *d)
{
	if (d == NULL)
		return;
	free(d->next);
	free(d->cuts);
	free(d);
}

bool
regex_table_matches(const struct regex_table *d, const uint8_t *p, size_t n)
{
	uint32_t state = d->start, c;
	size_t i, len;

	for (i = 0; i < n && state != DEAD; i += len) {
		len = 1;
		if (p[i] < 0x80) {
			state = d->next[state + d->ascii[p[i]]];
			continue;
		}
		c = regex_code_point(p + i, n - i, &len);
		if (len == 0)
			return false;
		state = d->next[state + class_of(d, c)];
	}
	return d->next[state + d->nclasses] != 0;
}

/* Returns the length of the longest match that begins at p + from; 0 for none. */
static size_t
longest(const struct regex_table *d, const uint8_t *p, size_t n, size_t from)
{
	uint32_t state = from == 0 ? d->start : d->later;
	size_t i, len, found = 0;

	for (i = from; i < n && state != DEAD; i += len) {
		uint32_t c = regex_code_point(p + i, n - i, &len);

		if (len == 0)
			return found;
		state = d->next[state + class_of(d, c)];
		if (d->next[state + d->nclasses + (i + len < n)] != 0)
			found = i + len - from;
	}
	return found;
}

bool
regex_table_find(const struct regex_table *d, const uint8_t *p, size_t n, size_t from, size_t *at, size_t *len)
{
	size_t step;

	for (*at = from; *at < n; *at += step) {
		if ((*len = longest(d, p, n, *at)) > 0)
			return true;
		(void)regex_code_point(p + *at, n - *at, &step);
		step += step == 0;
	}
	return false;
}

#include "join/table.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 64 << 10, LAST_CHUNK = 32 << 20 };

struct join_chunk {
	struct join_chunk *next;
	size_t used, cap;	/* bytes of data */
	uint8_t data[];
};

void
join_table_init(struct join_table *t, bool keyed, bool integers, size_t memory)
{
	memset(t, 0, sizeof(*t));
	t->keyed = keyed;
	map_init(&t->map, integers, memory);
}

void
join_table_free(struct join_table *t)
{
	struct join_chunk *c, *next;

	for (c = t->first; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	map_free(&t->map);
	free(t->last);
	free(t->matched);
	memset(t, 0, sizeof(*t));
}

/* Adds a chunk; sizes grow with the table, and unused memory is never touched. */
static void
add_chunk(struct join_table *t, size_t least)
{
	size_t cap = t->used < FIRST_CHUNK ? FIRST_CHUNK : t->used < LAST_CHUNK ? t->used : LAST_CHUNK;
	struct join_chunk *c;

	if (cap < least)
		cap = least;
	c = xhuge(sizeof(*c) + cap + 64 * JOIN_ROW_LINES);
	*c = (struct join_chunk){ NULL, 0, cap };
	if (t->chunk == NULL)
		t->first = c;
	else
		t->chunk->next = c;
	t->chunk = c;
}

static size_t
row_size(size_t n)
{
	return (sizeof(struct join_row) + n + 7) & ~(size_t)7;
}

static void
grow_last(struct join_table *t)
{
	size_t cap = t->last_cap < 256 ? 256 : 2 * (size_t)t->last_cap;
	struct join_row **last = xhuge(cap * sizeof(*last));

	if (t->last_cap > 0)
		memcpy(last, t->last, t->last_cap * sizeof(*last));
	free(t->last);
	t->last = last;
	t->last_cap = cap < UINT32_MAX ? (uint32_t)cap : UINT32_MAX;
}

struct join_row *
join_table_add(struct join_table *t, const uint8_t *key, size_t n, uint64_t hash, size_t max)
{
	bool added;

	return join_table_add_row(t, map_bytes_add(&t->map.bytes, key, n, hash, &added), max);
}

struct join_row *
join_table_add_row(struct join_table *t, uint32_t id, size_t max)
{
	struct join_row *row;
	bool first = id == t->nlast;	/* key numbers follow the order of their first rows */

	if (t->keyed)
		return NULL;
	if (t->chunk == NULL || t->chunk->cap - t->chunk->used < row_size(max))
		add_chunk(t, row_size(max));
	if (id >= t->last_cap)
		grow_last(t);
	row = (struct join_row *)(void *)(t->chunk->data + t->chunk->used);
	row->id = id;
	row->next = first ? row : t->last[id]->next;
	if (!first)
		t->last[id]->next = row;
	t->last[id] = row;
	t->nlast += first;
	return row;
}

void
join_table_end(struct join_table *t, struct join_row *row, size_t n)
{
	row->n = (uint32_t)n;
	t->chunk->used += row_size(n);
	t->used += row_size(n);
	t->nrows++;
}

struct join_row *
join_table_next(const struct join_table *t, const struct join_row *row, struct join_chunk **at)
{
	const uint8_t *p;

	if (row == NULL) {
		*at = t->first;
		return *at == NULL ? NULL : (struct join_row *)(void *)(*at)->data;
	}
	p = (const uint8_t *)row + row_size(row->n);
	if (p == (*at)->data + (*at)->used) {
		*at = (*at)->next;
		return *at == NULL ? NULL : (struct join_row *)(void *)(*at)->data;
	}
	return (struct join_row *)(void *)((*at)->data + (p - (*at)->data));
}

bool
join_table_full(const struct join_table *t, size_t memory)
{
	size_t n = map_count(&t->map), held = map_memory_after(&t->map, JOIN_BLOCK, 0) + t->used;

	held += n * (sizeof(*t->last) + 1 + (t->map.integers ? sizeof(*t->ints) : 0));
	return held > memory || map_may_fill(&t->map, JOIN_BLOCK);
}

void
join_table_mark(struct join_table *t)
{
	t->matched = xcalloc(map_count(&t->map) + 1, 1);
}

void
join_table_complete(struct join_table *t)
{
	if (t->map.integers)
		t->ints = map_int_keys(&t->map);
}

#include "join/table.h"

#include <stdlib.h>
#include <string.h>

void
join_table_init(struct join_table *t, bool keyed)
{
	memset(t, 0, sizeof(*t));
	t->keyed = keyed;
	keymap_init(&t->keys);
	buf_room(&t->payload, 1);	/* rows without bytes have an address too */
}

void
join_table_free(struct join_table *t)
{
	keymap_free(&t->keys);
	free(t->heads);
	free(t->rows);
	free(t->matched);
	buf_free(&t->payload);
	memset(t, 0, sizeof(*t));
}

static size_t
grown(size_t cap)
{
	return cap < 256 ? 256 : cap + cap / 2;
}

void
join_table_add(struct join_table *t, const uint8_t *key, size_t n, uint64_t hash)
{
	bool added;
	uint32_t id = keymap_add(&t->keys, key, n, hash, &added), row = (uint32_t)t->nrows;

	if (t->keyed)
		return;
	if (t->nrows == t->rows_cap) {
		t->rows_cap = grown(t->rows_cap);
		t->rows = xreallocarray(t->rows, t->rows_cap, sizeof(*t->rows));
	}
	if (id >= t->heads_cap) {
		t->heads_cap = grown(t->heads_cap);
		t->heads = xreallocarray(t->heads, t->heads_cap, sizeof(*t->heads));
	}
	t->rows[t->nrows++] = (struct join_row){ t->payload.len, JOIN_NO_ROW, id };
	if (added) {
		t->heads[id] = (struct join_head){ row, row };
	} else {
		t->rows[t->heads[id].last].next = row;
		t->heads[id].last = row;
	}
}

bool
join_table_full(const struct join_table *t, size_t memory)
{
	/* Room beyond what is used costs nothing until it is touched; only the key table touches all of its own. */
	size_t held = keymap_memory_after(&t->keys, JOIN_BLOCK) + t->nrows * sizeof(*t->rows) +
	    t->keys.n * (sizeof(*t->heads) + 1) + t->payload.len;

	return held > memory || t->keys.n > KEYMAP_ABSENT - 2 * JOIN_BLOCK || t->nrows > JOIN_NO_ROW - 2 * JOIN_BLOCK;
}

void
join_table_mark(struct join_table *t)
{
	t->matched = xcalloc(t->keys.n + 1, 1);
}

/* The build side in memory: keys, and under each key its rows in build order. For lib/join alone. */
#ifndef JOIN_TABLE_H
#define JOIN_TABLE_H

#include "join/join.h"
#include "key/keymap.h"

#define JOIN_NO_ROW UINT32_MAX

struct join_row {
	uint64_t off;		/* where its bytes begin in payload; they end where the next row's begin */
	uint32_t next;		/* the next row of the key, or JOIN_NO_ROW */
	uint32_t id;		/* its key */
};

struct join_head {		/* of a key */
	uint32_t first, last;	/* rows */
};

struct join_table {		/* owned */
	bool keyed;		/* keys alone: semi and anti joins, and keys too frequent to hold their rows */
	struct keymap keys;
	struct join_head *heads;	/* by key */
	size_t heads_cap;
	struct join_row *rows;
	size_t nrows, rows_cap;
	struct buf payload;
	uint8_t *matched;	/* by key, once join_table_mark was called */
};

void join_table_init(struct join_table *t, bool keyed);
void join_table_free(struct join_table *t);

/* Adds a row under the key. Its bytes are what the caller then appends to payload, nothing where the table is keyed. */
void join_table_add(struct join_table *t, const uint8_t *key, size_t n, uint64_t hash);

/* Would it hold more than `memory` bytes, or more rows than have numbers, with JOIN_BLOCK further ones? To be asked before they are added. */
bool join_table_full(const struct join_table *t, size_t memory);

/* Begins to note which keys are matched. */
void join_table_mark(struct join_table *t);

static inline struct rec_field
join_table_row(const struct join_table *t, size_t row)
{
	uint64_t end = row + 1 < t->nrows ? t->rows[row + 1].off : t->payload.len;

	return (struct rec_field){ t->payload.p + t->rows[row].off, (size_t)(end - t->rows[row].off) };
}

static inline struct rec_field
join_table_key(const struct join_table *t, uint32_t id)
{
	struct rec_field key;

	key.p = keymap_key(&t->keys, id, &key.n);
	return key;
}

#endif

/* The build side in memory: a hash table of keys, and each key's rows in build order. Private to lib/join. */
#ifndef JOIN_TABLE_H
#define JOIN_TABLE_H

#include "join/join.h"
#include "key/densemap.h"
#include "key/keymap.h"

struct join_row {
	struct join_row *next;	/* next row of the same key; the last one's is the first (circular) */
	uint32_t id;		/* number of its key */
	uint32_t n;		/* its length in bytes */
	uint8_t bytes[];
};

enum { JOIN_ROW_LINES = 3 };	/* cache lines from a row's start that may be read, whatever they hold */

struct join_table {		/* owns all it points to */
	bool keyed;		/* holds keys only: for semi and anti joins, and for keys with too many rows */
	bool is_dense;		/* keys are integers of a narrow range: they are in `dense`, and `keys` is empty */
	struct densemap dense;
	struct keymap keys;
	struct join_row **last;	/* per key */
	uint32_t nlast, last_cap;
	/* memory of the rows, which never move: list of chunks, and the current one */
	struct join_chunk *first, *chunk;
	size_t nrows, used;	/* number of rows and their bytes */
	uint8_t *matched;	/* per key, after join_table_mark */
};

void join_table_init(struct join_table *t, bool keyed);
void join_table_free(struct join_table *t);

/* Moves the table from `dense` to `keys`; keys keep their numbers. */
void join_table_leave_dense(struct join_table *t);

/*
 * Adds a row under a key and returns it with room for max bytes; join_table_end says how many are used. Returns NULL
 * if the table is keyed: only the key is added.
 */
struct join_row *join_table_add(struct join_table *t, const uint8_t *key, size_t n, uint64_t hash, size_t max);
/* the same under a key's number */
struct join_row *join_table_add_row(struct join_table *t, uint32_t id, size_t max);
void join_table_end(struct join_table *t, struct join_row *row, size_t n);

/* Returns the next row in build order, across all keys; the first for NULL; NULL at the end. */
struct join_row *join_table_next(const struct join_table *t, const struct join_row *row, struct join_chunk **at);

/*
 * Returns true if JOIN_BLOCK more rows could exceed `memory` bytes or the maximum row number. Call before adding
 * them.
 */
bool join_table_full(const struct join_table *t, size_t memory);

/* Starts to record which keys are matched. */
void join_table_mark(struct join_table *t);

static inline struct rec_field
join_row_field(const struct join_row *row)
{
	return (struct rec_field){ row->bytes, row->n };
}

static inline struct rec_field
join_table_key(const struct join_table *t, uint32_t id)
{
	struct rec_field key;

	key.p = keymap_key(&t->keys, id, &key.n);
	return key;
}

#endif

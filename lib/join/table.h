/* The build side in memory: keys, and under each key its rows in build order. For lib/join alone. */
#ifndef JOIN_TABLE_H
#define JOIN_TABLE_H

#include "join/join.h"
#include "key/densemap.h"
#include "key/keymap.h"

struct join_row {
	struct join_row *next;	/* of the same key; the last one's is the first */
	uint32_t id;		/* its key */
	uint32_t n;		/* its length */
	uint8_t bytes[];
};

enum { JOIN_ROW_LINES = 3 };	/* so many cache lines from a row's beginning on may be read, whatever they hold */

struct join_table {		/* owned */
	bool keyed;		/* keys alone: semi and anti joins, and keys too frequent to hold their rows */
	bool is_dense;		/* the keys are integers close together: `dense` has their numbers, `keys` is empty */
	struct densemap dense;
	struct keymap keys;
	struct join_row **last;	/* by key */
	uint32_t nlast, last_cap;
	struct join_chunk *first, *chunk;	/* of the rows, which never move: all, and where the next row goes */
	size_t nrows, used;	/* rows and the bytes they take */
	uint8_t *matched;	/* by key, once join_table_mark was called */
};

void join_table_init(struct join_table *t, bool keyed);
void join_table_free(struct join_table *t);

/* Numbers the keys in `keys` from now on, those that `dense` has as it has them. */
void join_table_leave_dense(struct join_table *t);

/*
 * Adds a row under the key and returns it with room for max bytes, of which join_table_end says how many were used.
 * NULL where the table is keyed: the key alone has been added then.
 */
struct join_row *join_table_add(struct join_table *t, const uint8_t *key, size_t n, uint64_t hash, size_t max);
struct join_row *join_table_add_row(struct join_table *t, uint32_t id, size_t max);	/* under a key that has a number */
void join_table_end(struct join_table *t, struct join_row *row, size_t n);

/* The row after this one in build order, of all keys; the first for NULL. NULL at the end. */
struct join_row *join_table_next(const struct join_table *t, const struct join_row *row, struct join_chunk **at);

/*
 * Would it hold more than `memory` bytes, or more rows than have numbers, with JOIN_BLOCK further ones? To be asked
 * before they are added.
 */
bool join_table_full(const struct join_table *t, size_t memory);

/* Begins to note which keys are matched. */
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

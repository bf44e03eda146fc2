/* The build side in memory: a hash table of keys, and each key's rows in build order. Private to lib/join. */
#ifndef JOIN_TABLE_H
#define JOIN_TABLE_H

#include "join/join.h"
#include "map/map.h"
#include "val/int.h"

struct join_row {
	struct join_row *next;	/* next row of the same key; the last one's is the first (circular) */
	uint32_t id;		/* number of its key */
	uint32_t n;		/* its length in bytes */
	uint8_t bytes[];
};

enum { JOIN_ROW_LINES = 3 };	/* cache lines from a row's start that may be read, whatever they hold */

struct join_table {		/* owns all it points to */
	bool keyed;		/* holds keys only: for semi and anti joins, and for keys with too many rows */
	struct map map;		/* keys: decoded integers, or encoded bytes */
	const int64_t *ints;	/* integer keys by number, after join_table_complete */
	struct join_row **last;	/* per key */
	uint32_t nlast, last_cap;
	/* memory of the rows, which never move: list of chunks, and the current one */
	struct join_chunk *first, *chunk;
	size_t nrows, used;	/* number of rows and their bytes */
	uint8_t *matched;	/* per key, after join_table_mark */
};

/* integers: the keys are single integers without nulls. memory: bytes, of which sparse integers may waste a part. */
void join_table_init(struct join_table *t, bool keyed, bool integers, size_t memory);
void join_table_free(struct join_table *t);

/*
 * Adds a row under an encoded key and returns it with room for max bytes; join_table_end says how many are used.
 * Returns NULL if the table is keyed: only the key is added. hash is map_hash of the key.
 */
struct join_row *join_table_add(struct join_table *t, const uint8_t *key, size_t n, uint64_t hash, size_t max);

/* Like join_table_add, under a key's number. */
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

/* Makes join_table_key possible; call after the last key. */
void join_table_complete(struct join_table *t);

static inline struct rec_field
join_row_field(const struct join_row *row)
{
	return (struct rec_field){ row->bytes, row->n };
}

/* Returns an encoded key: a view of the map, or of scratch. */
static inline struct rec_field
join_table_key(const struct join_table *t, uint32_t id, uint8_t scratch[VAL_INT_MAX + VAL_PAD])
{
	struct rec_field key = { scratch, 0 };

	if (t->map.integers)
		key.n = val_put_int_fast(scratch, t->ints[id]);
	else
		key.p = map_bytes_key(&t->map.bytes, id, &key.n);
	return key;
}

#endif

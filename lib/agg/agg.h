/*
 * Aggregates of groups of records: sums, counts, extremes, firsts and lasts.
 *
 * What is kept of a group is its state, a few fixed cells side by side; group g's state stands at states + g * size.
 * Aggregates share cells: credit, debit, net and sum of one column need the two side sums and nothing else. Records are
 * taken a batch at a time and a column at a time, by functions chosen when the plan is made.
 *
 * Sums are exact whatever the order: a sum is kept modulo 2^64 (or 2^128), and what runs over in a carry beside it, an
 * array that is there only once something has. Whether the total fits its type is judged when it is put out, never
 * before.
 */
#ifndef AGG_AGG_H
#define AGG_AGG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"
#include "val/val.h"

enum agg_function {
	AGG_ROWS,		/* count(): records */
	AGG_COUNT,		/* count(c): those where c is not null */
	AGG_SUM, AGG_MIN, AGG_MAX,
	AGG_FIRST, AGG_LAST,	/* first(c,by): c of the first record with the least `by`; of the last with the greatest */
	AGG_CREDIT, AGG_DEBIT, AGG_NET
};

#define AGG_NONE SIZE_MAX

struct agg_item {		/* one aggregate as it was asked for */
	enum agg_function function;
	char *name;		/* owned: the output column's */
	char *text;		/* owned: "sum(amount)", for messages */
	char *column_name;	/* owned; NULL for count() */
	char *by_name;		/* owned; NULL but for first and last */
	size_t column, by;	/* from here on set by agg_plan: the columns' indexes */
	struct val_type type;	/* of the output column */
	bool required;
	size_t cell;		/* where its value is */
	size_t seen;		/* the count that says whether there is a value; AGG_NONE: there always is */
};

/*
 * "[name=]function(column)", "count()", "first(column,by)". Fills item, to be freed by agg_item_free; or fills err with
 * EX_USAGE.
 */
int agg_parse(struct agg_item *item, const char *text, struct msg *err);
void agg_item_free(struct agg_item *item);

enum { AGG_SIDE_WORDS = 32 };	/* values of a side at most */

struct agg_sides {		/* whose value tells credit from debit */
	const char *column;	/* NULL where not given */
	const char *words[2][AGG_SIDE_WORDS];	/* values of credits and of debits */
	size_t nwords[2];
};

struct agg;
struct agg_cell;

struct agg_source {		/* a column of the records at hand, decoded once for all its cells */
	size_t column;
	bool nullable;
	bool decoded;		/* into v or w; otherwise only `at` and `ids` are filled */
	struct val_type type;
	size_t n;		/* of the following: records whose value is not null */
	const uint32_t *ids;	/* their groups */
	const uint32_t *at;	/* their places in the batch */
	const uint8_t *side;	/* 0 credit, 1 debit; where there are sides */
	int64_t *v;		/* values of 64 bits; floats in the order of their values */
	i128 *w;		/* wider decimals */
	uint32_t *own_ids, *own_at;
	uint8_t *own_side;
};

enum { AGG_CHUNK = 256, AGG_BLOCK = 64 };	/* most records that agg_update takes, groups that agg_take_words does */

struct agg_words {		/* the fields of an item for a block of groups */
	uint64_t word[AGG_BLOCK];
	uint8_t length[AGG_BLOCK];
};

struct agg {			/* all owned but items */
	struct agg_item *items;
	size_t nitems;
	struct agg_cell *cells;
	size_t ncells;
	struct agg_source *sources;
	size_t nsources;

	size_t side_column;	/* AGG_NONE where there are no sides */
	struct buf side[2][AGG_SIDE_WORDS];	/* encoded values of credit and debit, VAL_PAD bytes after each */
	size_t nside[2];
	uint8_t *sides;		/* of the records at hand */
	uint32_t *each;		/* 0, 1, 2, ... */

	size_t size;		/* bytes of a state */
	uint8_t *start;		/* the state of a group without records */
	uint8_t *states;
	uint32_t n, cap;	/* groups there are, and that there is room for */
	int64_t **carries;	/* per sum: of each group, or NULL as long as all are 0 */
	size_t ncarries;
	struct pool pool;	/* values of cells that hold a copy */
	size_t put_max;		/* most bytes that the fixed values take in a record */
	struct agg_words *words;	/* of each item */
};

/*
 * Looks up the columns, fills the items' types and lays out the state. `keyed`: groups have at least one record each.
 * Fills err (EX_USAGE) where a column is unknown, a type cannot be summed, or sides are missing or not needed. agg_free
 * is due either way.
 */
int agg_plan(struct agg *a, const struct rec_header *h, struct agg_item *items, size_t nitems,
    const struct agg_sides *sides, bool keyed, struct msg *err);
void agg_free(struct agg *a);

/* Makes room for groups up to n, the new ones without records; forgets all groups. */
void agg_extend(struct agg *a, uint32_t n);
void agg_clear(struct agg *a);

/* Bytes held; and the most that will be once there are n groups. */
size_t agg_memory(const struct agg *a);
size_t agg_memory_after(const struct agg *a, size_t n);

/*
 * Takes records from to from + n - 1 of the batch, n <= AGG_CHUNK, into groups ids[0] to ids[n - 1]. Returns n; or,
 * where a record's side is neither credit nor debit, the place of the first such record counted from `from`: then
 * nothing has been taken.
 */
size_t agg_update(struct agg *a, const struct rec_batch *b, size_t from, size_t n, const uint32_t *ids);

/*
 * A group's state as bytes, appended to out; and added to group g. First and last need the states in the order of their
 * records. Loading is true when the n bytes are a state of this plan.
 */
void agg_save(const struct agg *a, uint32_t g, struct buf *out);
bool agg_load(struct agg *a, uint32_t g, const uint8_t *p, size_t n);

/*
 * The group's values as fields joined by TAB, into agg_put_max bytes and 32 more. Returns the end; or NULL, and the
 * item in *bad, where a sum is beyond its type.
 */
size_t agg_put_max(const struct agg *a, uint32_t g);
uint8_t *agg_put(const struct agg *a, uint32_t g, uint8_t *out, size_t *bad);

/*
 * The same for n groups, at most AGG_BLOCK: agg_take_words encodes their values, agg_put_words puts those of the i-th, in
 * as much room, until the next agg_take_words. False where a value is not an integer of up to seven groups of bits, or
 * beyond its type: then agg_put is for all of them.
 */
bool agg_take_words(struct agg *a, const uint32_t *groups, size_t n);
uint8_t *agg_put_words(const struct agg *a, size_t i, uint8_t *out);

/* ---- Shared by the files of this module ---- */

enum agg_kind {
	CELL_COUNT,		/* uint32_t */
	CELL_SUM, CELL_SIDES,	/* int64_t; credit and debit as two of them */
	CELL_SUM_WIDE, CELL_SIDES_WIDE,
	CELL_MIN32, CELL_MAX32, CELL_MIN64, CELL_MAX64, CELL_MIN_WIDE, CELL_MAX_WIDE,
	CELL_FIRST, CELL_LAST	/* struct agg_copy *, NULL while there is none */
};

/* Takes records from place `from` of a batch into the cells of their groups. */
typedef void agg_updater(struct agg *a, const struct agg_cell *c, const struct agg_source *s, const struct rec_batch *b,
    size_t from);

struct agg_cell {
	enum agg_kind kind;
	size_t column, by;	/* by: of CELL_FIRST and CELL_LAST; column AGG_NONE there: `by` is the value */
	size_t source;		/* AGG_NONE: every record counts */
	size_t at;		/* offset in the state */
	size_t carry;		/* the first of its carries */
	agg_updater *update;
};

struct agg_copy {		/* fields kept by a group, in the pool */
	uint32_t nby, n, cap;	/* bytes of `by` and of the value behind it, and room for both */
	uint8_t bytes[];
};

struct agg_wide { i128 low; int64_t carry; };	/* low + carry * 2^128 */

/* What a sum stands at: of a plain cell with side 0, of sides with 0 or 1. */
struct agg_wide agg_sum_of(const struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side);
void agg_set_sum(struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side, struct agg_wide sum);
uint64_t agg_count_of(const struct agg *a, const struct agg_cell *c, uint32_t g);
void agg_set_count(struct agg *a, const struct agg_cell *c, uint32_t g, uint64_t count);
struct agg_wide agg_add(struct agg_wide x, struct agg_wide y);
struct agg_wide agg_subtract(struct agg_wide x, struct agg_wide y);

/* Puts a `by` and its value in the place of what a CELL_FIRST or CELL_LAST holds. */
void agg_keep(struct agg *a, uint8_t *at, const uint8_t *by, size_t nby, const uint8_t *p, size_t n);

/* What a field says under memcmp, a shorter one before those it begins. */
int agg_compare(const uint8_t *p, size_t n, const uint8_t *q, size_t k);

agg_updater *agg_updater_of(enum agg_kind kind);

static inline uint8_t *
agg_cell_at(const struct agg *a, const struct agg_cell *c, uint32_t g)
{
	return a->states + (size_t)g * a->size + c->at;
}

static inline struct agg_copy *
agg_copy_at(const uint8_t *at)
{
	struct agg_copy *c;

	memcpy(&c, at, sizeof(c));
	return c;
}

static inline i128
agg_load_wide(const uint8_t *at)
{
	i128 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline void
agg_store_wide(uint8_t *at, i128 v)
{
	memcpy(at, &v, sizeof(v));
}

/* A float's bits as an integer of the same order, and back. */
static inline int64_t
agg_float_order(int64_t bits)
{
	return bits >= 0 ? bits : bits ^ INT64_MAX;
}

#endif

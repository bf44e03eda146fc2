/*
 * Aggregates over groups of records: sums, counts, minima, maxima, firsts and lasts.
 *
 * A group's state is a few fixed-size cells; the state of group g is at states + g * size. Aggregates share cells:
 * credit, debit, net and sum of one column need only the two side sums. Records are processed a batch and a column
 * at a time, by functions chosen when the plan is made.
 *
 * Sums are exact in any order: a sum is kept modulo 2^64 (or 2^128), with its carries in a separate array that is
 * allocated on the first overflow. Overflow of the result type is checked only on output.
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
	AGG_COUNT,		/* count(c): records where c is not null */
	AGG_SUM, AGG_MIN, AGG_MAX,
	/* first(c,by): c of the first record with the minimum `by`; last: of the last record with the maximum */
	AGG_FIRST, AGG_LAST,
	AGG_CREDIT, AGG_DEBIT, AGG_NET,
	/* of all the values of a group, see agg/values.h; from here on */
	AGG_DISTINCT,		/* how many there are */
	AGG_LOW, AGG_HIGH,	/* those beside the place (n - 1) * share, which may be the same */
	AGG_DISC,		/* the first with at least n * share values up to it */
	AGG_LIST		/* texts in the order of the records, a separator between */
};

#define AGG_NONE SIZE_MAX

struct agg_item {		/* one requested aggregate */
	enum agg_function function;
	char *name;		/* owned: name of the output column */
	char *text;		/* owned: "sum(amount)", for messages */
	char *column_name;	/* owned; NULL for count() */
	char *by_name;		/* owned; NULL except for first and last */
	size_t column, by;	/* agg_plan sets the rest: column indexes */
	struct val_type type;	/* of the output column */
	bool required;
	size_t cell;		/* cell that holds the value */
	size_t seen;		/* cell that counts non-null values; AGG_NONE: the result is never null */

	/* of AGG_DISTINCT and after, where `cell` is the count of values */
	int64_t share;		/* over 10^digits: which quantile, from 0 to 1; set by the caller */
	unsigned digits;
	struct buf separator;	/* owned, encoded; set by the caller */
	uint64_t place, ndistinct;	/* of the current group: the quantile's place; different values */
	struct buf result;	/* owned: the field of the current group */
};

static inline bool
agg_is_of_values(enum agg_function function)
{
	return function >= AGG_DISTINCT;
}

/*
 * Parses "[name=]function(column)", "count()" or "first(column,by)". Fills item, which agg_item_free frees, or fills
 * err with EX_USAGE.
 */
int agg_parse(struct agg_item *item, const char *text, struct msg *err);
void agg_item_free(struct agg_item *item);

/* Fills an item from its parts: a function's name, a column or NULL, what to order by or NULL, all copied. */
void agg_item_set(struct agg_item *item, const char *function, const char *column, const char *by, const char *text);

enum { AGG_SIDE_WORDS = 32 };	/* maximum values per side */

struct agg_sides {		/* the column that distinguishes credit from debit */
	const char *column;	/* NULL if absent */
	const char *words[2][AGG_SIDE_WORDS];	/* values for credit and for debit */
	size_t nwords[2];
};

struct agg;
struct agg_cell;

struct agg_source {		/* one input column, decoded once for all cells that use it */
	size_t column;
	bool nullable;
	bool decoded;		/* values are decoded into v or w; otherwise only `at` and `ids` are set */
	struct val_type type;
	size_t n;		/* number of records with a value */
	const uint32_t *ids;	/* their groups */
	const uint32_t *at;	/* their indexes in the batch */
	const uint8_t *side;	/* 0 credit, 1 debit; set if the plan has sides */
	int64_t *v;		/* 64-bit values; floats mapped to integers of the same order */
	i128 *w;		/* 128-bit decimals */
	uint32_t *own_ids, *own_at;
	uint8_t *own_side;
};

enum { AGG_CHUNK = 256, AGG_BLOCK = 64 };	/* maximum records per agg_update; maximum groups per agg_take_words */

struct agg_words {		/* an item's output fields for a block of groups */
	uint64_t word[AGG_BLOCK];
	uint8_t length[AGG_BLOCK];
};

struct agg {			/* owns all but items */
	struct agg_item *items;
	size_t nitems;
	struct agg_cell *cells;
	size_t ncells;
	struct agg_source *sources;
	size_t nsources;

	bool has_states;	/* planned for states: every extreme is a copy, and has a cell of what was taken away */
	size_t change_column;	/* of a change stream's _change_type, set by the caller; AGG_NONE: records are added */
	uint8_t *minus;		/* per current record of a change stream: is it taken away? */
	struct agg_source half;	/* the records of a source that are added, or those that are taken away */

	size_t side_column;	/* AGG_NONE without sides */
	struct buf side[2][AGG_SIDE_WORDS];	/* encoded values of credit and debit, VAL_PAD bytes after each */
	size_t nside[2];
	uint8_t *sides;		/* the side of each current record */
	uint32_t *each;		/* 0, 1, 2, ... */

	size_t size;		/* bytes per state */
	uint8_t *start;		/* initial state of a group */
	uint8_t *states;
	uint32_t n, cap;	/* number of groups, and capacity */
	int64_t **carries;	/* per sum: the carry of each group, or NULL while all are 0 */
	size_t ncarries;
	struct pool pool;	/* copied values of cells */
	size_t put_max;		/* maximum bytes of a record's fixed-size values */
	struct agg_words *words;	/* of each item */
};

enum agg_how {
	AGG_KEYED = 1,		/* every group has at least one record */
	AGG_STATES = 2		/* states are output or read, see agg/states.h */
};

/*
 * Looks up the columns, sets the items' types and lays out the state. EX_USAGE for an unknown column, a type that
 * cannot be summed, or sides that are missing or unused. Call agg_free in any case.
 */
int agg_plan(struct agg *a, const struct rec_header *h, struct agg_item *items, size_t nitems,
    const struct agg_sides *sides, unsigned how, struct msg *err);
void agg_free(struct agg *a);

/* agg_extend grows to n groups, the new ones empty; agg_clear drops all groups. */
void agg_extend(struct agg *a, uint32_t n);
void agg_clear(struct agg *a);

/* Returns the bytes held; and the maximum once there are n groups. */
size_t agg_memory(const struct agg *a);
size_t agg_memory_after(const struct agg *a, size_t n);

/*
 * Adds n <= AGG_CHUNK records of the batch, starting at `from`, to groups ids[0] to ids[n - 1]. Returns n. If a
 * record's side is neither credit nor debit, or its change type is unknown, adds nothing and returns that record's
 * offset from `from`.
 */
size_t agg_update(struct agg *a, const struct rec_batch *b, size_t from, size_t n, const uint32_t *ids);

/*
 * agg_save appends a group's state as bytes; agg_load adds a saved state to group g. First and last require states
 * to be loaded in record order. agg_load returns false if the n bytes are not a valid state of this plan.
 */
void agg_save(const struct agg *a, uint32_t g, struct buf *out);
bool agg_load(struct agg *a, uint32_t g, const uint8_t *p, size_t n);

/*
 * Writes the group's values as fields joined by TAB; needs agg_put_max + 32 bytes. Returns the end, or NULL with the
 * item in *bad if a sum overflows its type.
 */
size_t agg_put_max(const struct agg *a, uint32_t g);
uint8_t *agg_put(const struct agg *a, uint32_t g, uint8_t *out, size_t *bad);

/*
 * Fast path for n <= AGG_BLOCK groups: agg_take_words encodes their values, then agg_put_words writes those of the
 * i-th group, with the same room as agg_put. Returns false if a value is not an integer of at most seven digit
 * groups or overflows its type; use agg_put for all of them then.
 */
bool agg_take_words(struct agg *a, const uint32_t *groups, size_t n);
uint8_t *agg_put_words(const struct agg *a, size_t i, uint8_t *out);

/* ---- Shared by the files of this module ---- */

enum agg_kind {
	CELL_COUNT,		/* uint32_t */
	CELL_SUM, CELL_SIDES,	/* int64_t; two of them for credit and debit */
	CELL_SUM_WIDE, CELL_SIDES_WIDE,
	CELL_MIN32, CELL_MAX32, CELL_MIN64, CELL_MAX64, CELL_MIN_WIDE, CELL_MAX_WIDE,
	CELL_FIRST, CELL_LAST	/* struct agg_copy *; NULL while empty */
};

/* Adds records of a batch, starting at `from`, to the cells of their groups. */
typedef void agg_updater(struct agg *a, const struct agg_cell *c, const struct agg_source *s, const struct rec_batch *b,
    size_t from);

struct agg_cell {
	enum agg_kind kind;
	size_t column, by;	/* of CELL_FIRST and CELL_LAST; if column is AGG_NONE, `by` is the value too */
	size_t source;		/* AGG_NONE: counts every record */
	size_t at;		/* offset in the state */
	size_t carry;		/* index of its first carry */
	size_t gone;		/* of an extreme, with states: the cell of what was taken away; else AGG_NONE */
	bool is_gone;		/* this is such a cell; its `column` is AGG_NONE */
	agg_updater *update;
};

struct agg_copy {		/* fields stored for a group, in the pool */
	uint32_t nby, n, cap;	/* bytes of `by`, bytes of the value that follows it, and capacity */
	uint8_t bytes[];
};

struct agg_wide { i128 low; int64_t carry; };	/* low + carry * 2^128 */

/* Returns the current sum: side 0 of a plain cell, side 0 or 1 of a cell with sides. */
struct agg_wide agg_sum_of(const struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side);
void agg_set_sum(struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side, struct agg_wide sum);
uint64_t agg_count_of(const struct agg *a, const struct agg_cell *c, uint32_t g);
void agg_set_count(struct agg *a, const struct agg_cell *c, uint32_t g, uint64_t count);
struct agg_wide agg_add(struct agg_wide x, struct agg_wide y);
struct agg_wide agg_subtract(struct agg_wide x, struct agg_wide y);

/* Replaces the stored `by` and value of a CELL_FIRST or CELL_LAST cell. */
void agg_keep(struct agg *a, uint8_t *at, const uint8_t *by, size_t nby, const uint8_t *p, size_t n);

/* Compares like memcmp; a proper prefix sorts first. */
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

/* Maps a float's bits to an integer of the same order, and back. */
static inline int64_t
agg_float_order(int64_t bits)
{
	return bits >= 0 ? bits : bits ^ INT64_MAX;
}

#endif

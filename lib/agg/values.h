/*
 * Aggregates of all the values of a group: distinct counts, quantiles, lists. The values are sorted by key, in
 * temporary files beyond a limit of memory, and read again while the groups are output in the order of their keys: a
 * group has as many as its count says.
 */
#ifndef AGG_VALUES_H
#define AGG_VALUES_H

#include "agg/agg.h"
#include "spill/sort.h"

struct agg_column {		/* the values of a column */
	size_t column;
	bool listed;		/* in the order of the records; else in their own */
	size_t cell;		/* that counts them */
	struct spill_sorter *sorter;	/* owned */
};

struct agg_values {		/* owned; all zero is empty */
	struct agg_column *columns;
	size_t n;
	struct buf key, last;
};

/* Finds the columns of a plan's items. Each has an equal part of the memory, in bytes. */
void agg_values_init(struct agg_values *v, const struct agg *a, size_t memory);
void agg_values_free(struct agg_values *v);

/* Adds the values of n records of the batch, from `from` on; `keys` are those of the groups. */
int agg_values_add(struct agg_values *v, const struct rec_batch *b, size_t from, size_t n, const size_t *keys,
    size_t nkeys, struct msg *err);

/* Ends the input. */
int agg_values_end(struct agg_values *v, struct msg *err);

/*
 * Works out the items of group g for agg_put, which has that key; the groups are asked for once each, keys ascending.
 */
int agg_values_take(struct agg_values *v, struct agg *a, uint32_t g, size_t nkey, struct msg *err);

#endif

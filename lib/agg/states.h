/*
 * Closed partial states: a group's state as fields of a record, which have the same types however many states were
 * added up. Those of a change stream are signed: what it takes away is subtracted.
 *
 * A state has the number of records, then for each count, sum and side one field; for a minimum, or a first, what it
 * orders by (and the value), and the least that was taken away. An extreme is known as long as nothing was taken away
 * that is as far out; then its group has to be made anew from its records.
 */
#ifndef AGG_STATES_H
#define AGG_STATES_H

#include "agg/agg.h"

/* Adds the columns of a plan's states to a header; `h` is the one that was planned for. */
void agg_states_header(const struct agg *a, const struct rec_header *h, struct rec_header *out);

/*
 * Adds the states of n <= AGG_CHUNK records, starting at `from`, whose columns from `column` on are those of
 * agg_states_header, to groups ids[0] to ids[n - 1].
 */
void agg_states_add(struct agg *a, const struct rec_batch *b, size_t from, size_t n, size_t column,
    const uint32_t *ids);

/*
 * Writes the state of a group; needs agg_states_max + 32 bytes. Returns the end, or NULL if a sum has more than 38
 * digits.
 */
size_t agg_states_max(const struct agg *a, uint32_t g);
uint8_t *agg_states_put(const struct agg *a, uint32_t g, uint8_t *out);

enum agg_fate {
	AGG_LIVE,
	AGG_EMPTY,		/* no records are left */
	AGG_STALE,		/* an extreme was taken away */
	AGG_BROKEN		/* more records were taken away than there were */
};

/* Decides about a group to whose state all changes have been added, and forgets what they took away. */
enum agg_fate agg_states_settle(struct agg *a, uint32_t g);

#endif

/* The nearest of the names that there are to one that is not among them, for a message's "did you mean". */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

struct near {
	const char *word;	/* as it was given; views, all of them */
	const char *best;	/* NULL while no candidate is near enough */
	size_t distance;	/* of best */
};

void near_start(struct near *n, const char *word);
void near_try(struct near *n, const char *candidate);

/* Returns "; did you mean 'account_id'?" for the nearest of those tried, or "". One of four static buffers in turn. */
const char *near_hint(const struct near *n);

/* The same before a list of what there is: ";" where nothing is near. */
const char *near_hint_before(const struct near *n);

/*
 * The least number of letters inserted, deleted, replaced or swapped with their neighbour that makes a of b, whatever their
 * case. Names longer than 64 bytes are far from any other: SIZE_MAX.
 */
size_t near_distance(const char *a, const char *b);

#endif

/* Finds the candidate nearest to an unknown name, for "did you mean" in messages. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

struct near {
	const char *word;	/* the unknown name; all pointers are views */
	const char *best;	/* NULL until a candidate is near enough */
	size_t distance;	/* of best */
};

void near_start(struct near *n, const char *word);
void near_try(struct near *n, const char *candidate);

/* Returns "; did you mean 'account_id'?" for the nearest candidate, or "". One of four static buffers in turn. */
const char *near_hint(const struct near *n);

/* Like near_hint, for use before a list of valid names: returns ";" if no candidate is near. */
const char *near_hint_before(const struct near *n);

#endif

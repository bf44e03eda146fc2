/*
 * Runs: groups on disk in key order, each with its key and saved state; and their merge, which combines states of
 * equal keys in the order their runs were written.
 */
#ifndef AGG_RUNS_H
#define AGG_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "agg/agg.h"
#include "base/io.h"
#include "base/msg.h"

enum { RUNS_FAN = 32 };		/* runs of one level per merge; a few times as many may be open */

struct run {
	struct spill spill;
	unsigned level;		/* merges its groups went through */
};

struct runs {			/* owned; all zero is empty; oldest first */
	struct run *runs;
	size_t n, cap;
	struct buf line;
};

/* Receives a group's key, and its state as group g of a. Returns -1 to stop the merge. */
typedef int runs_sink(void *context, const uint8_t *key, size_t n, const struct agg *a, uint32_t g);

/*
 * runs_begin starts a run; runs_add adds groups, keys ascending; runs_end ends it and merges runs if there are many
 * (using `a`, whose groups are dropped).
 */
void runs_begin(struct runs *r);
int runs_add(struct runs *r, const uint8_t *key, size_t n, const struct agg *a, uint32_t g, struct msg *err);
int runs_end(struct runs *r, struct agg *a, struct msg *err);

/* Merges all runs into sink in key order; drops a's groups. Returns -1 with err filled, or because sink stopped it. */
int runs_merge(struct runs *r, struct agg *a, runs_sink *sink, void *context, struct msg *err);

void runs_free(struct runs *r);

#endif

/*
 * Runs: groups in the order of their keys on disk, each with its key and its saved state; and their merge, where states
 * of one key come together in the order in which their runs were written.
 */
#ifndef AGG_RUNS_H
#define AGG_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "agg/agg.h"
#include "base/io.h"
#include "base/msg.h"

enum { RUNS_FAN = 32 };		/* so many runs of one level are merged into one; a few times that many are ever open */

struct run {
	struct spill spill;
	unsigned level;		/* merges that its groups went through */
};

struct runs {			/* owned; all zero is none. Oldest first */
	struct run *runs;
	size_t n, cap;
	struct buf line;
};

/* A group to be put out: its key, and its state as group g of a. Returns -1 to end the merge. */
typedef int runs_sink(void *context, const uint8_t *key, size_t n, const struct agg *a, uint32_t g);

/*
 * Begins a run; adds groups to it, keys ascending; ends it, merging runs where there are many (with `a`, whose groups
 * are forgotten).
 */
void runs_begin(struct runs *r);
int runs_add(struct runs *r, const uint8_t *key, size_t n, const struct agg *a, uint32_t g, struct msg *err);
int runs_end(struct runs *r, struct agg *a, struct msg *err);

/*
 * All groups of all runs in the order of their keys, into sink; a's groups are forgotten. -1: err is filled, unless it
 * was sink that ended it.
 */
int runs_merge(struct runs *r, struct agg *a, runs_sink *sink, void *context, struct msg *err);

void runs_free(struct runs *r);

#endif

/*
 * Runs: groups on disk in key order, each with its key and saved state; and their merge, which combines states of
 * equal keys in the order their runs were written.
 */
#ifndef AGG_RUNS_H
#define AGG_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "agg/agg.h"
#include "spill/merge.h"

struct agg_runs {		/* owned; all zero is empty */
	struct spill_runs runs;
	struct spill *run;	/* the one being written */
	struct buf line;
};

/* Receives a group's key, and its state as group g of a. Returns -1 to stop the merge. */
typedef int agg_runs_sink(void *context, const uint8_t *key, size_t n, const struct agg *a, uint32_t g);

/*
 * agg_runs_begin starts a run; agg_runs_add adds groups, keys ascending; agg_runs_end ends it and merges runs if there
 * are many (using `a`, whose groups are dropped).
 */
void agg_runs_begin(struct agg_runs *r);
int agg_runs_add(struct agg_runs *r, const uint8_t *key, size_t n, const struct agg *a, uint32_t g, struct msg *err);
int agg_runs_end(struct agg_runs *r, struct agg *a, struct msg *err);

/* Merges all runs into sink in key order; drops a's groups. Returns -1 with err filled, or because sink stopped it. */
int agg_runs_merge(struct agg_runs *r, struct agg *a, agg_runs_sink *sink, void *context, struct msg *err);

void agg_runs_free(struct agg_runs *r);

#endif

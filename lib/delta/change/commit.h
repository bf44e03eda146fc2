/* A commit in the making, for the files that write its text, weigh it against others and put it into the log. */
#ifndef DELTA_CHANGE_COMMIT_H
#define DELTA_CHANGE_COMMIT_H

#include "delta/change/change.h"
#include "delta/log/fresh.h"

struct delta_draft {
	struct delta_table *table;	/* NULL for a text alone */
	const struct delta_snapshot *base;
	const struct delta_change *change;	/* the first of those that become one version */
	bool whole;			/* put protocol and metadata even if they are the base's */
	char txn_id[DELTA_UUID];
	struct buf metadata, protocol;	/* JSON of the table's metadata and protocol after the change, with a NUL */
};

/* commit_text.c: free also after a failure. */
int delta_draft_init(struct delta_draft *d, struct delta_table *t, const struct delta_snapshot *base,
    const struct delta_change *change, struct msg *err);
void delta_draft_free(struct delta_draft *d);

/* Appends the commit as one that has seen version `read_version`. */
void delta_draft_put(struct buf *out, const struct delta_draft *d, int64_t read_version);

/* Appends the commit that follows base, always with protocol and metadata. */
int delta_commit_text(struct buf *out, const struct delta_snapshot *base, const struct delta_change *c,
    struct msg *err);

/*
 * conflict.c: checks all actions of a concurrent commit. Returns 0 for no conflict; 1 if our application's transaction
 * is already in it; DELTA_CONFLICT_OURS if the commit is our own, whose success the store did not report; -1 for a
 * conflict.
 */
enum { DELTA_CONFLICT_OURS = 2 };
int delta_conflict_weigh(const struct delta_draft *d, int64_t version, struct msg *err);

/*
 * conflict.c: checks the change against the versions after base up to `newest`, as delta_commit does. EX_TEMPFAIL for a
 * conflict.
 */
int delta_commit_check(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c,
    int64_t newest, struct msg *err);

#endif

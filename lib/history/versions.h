/*
 * The versions of one key's row: half-open intervals of a sequence, which never overlap. A row or a deletion at some
 * time changes the interval it falls into; what was known before is kept, as known until now.
 */
#ifndef HISTORY_VERSIONS_H
#define HISTORY_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "rec/rec.h"

struct history_version {	/* fields are encoded values, which order as bytes; in the pool */
	struct rec_field from, to;	/* to.n 0: holds still */
	struct rec_field row;		/* the tracked columns, joined by TAB */
	struct rec_field run;		/* that made it known; of a known version */
	bool known;			/* of an earlier run */
	bool dropped;			/* no longer what is known */
};

struct history_versions {	/* all zero is empty */
	struct history_version *list;
	size_t n, cap;
	struct pool pool;
};

void history_free(struct history_versions *v);
void history_clear(struct history_versions *v);

/* Adds a version known before, copied; an empty `to` if it holds still. */
void history_add_known(struct history_versions *v, struct rec_field from, struct rec_field to, struct rec_field row,
    struct rec_field run);

/*
 * A row at a time: opens a version there, unless the one that holds then has the same row. It ends where the version
 * that it splits ended, or where the next begins.
 */
void history_put(struct history_versions *v, struct rec_field at, struct rec_field row);

/* A deletion at a time ends the version that holds then, and takes away the rest of it. */
void history_delete(struct history_versions *v, struct rec_field at);

/* Forgets changes that gave what was known already. Then versions that are not known, or are dropped, are new. */
void history_settle(struct history_versions *v);

#endif

/*
 * Prepared versions of a table: committing all that was prepared for it as one version, or removing the data files
 * again. Each function may be stopped at any instant and repeated.
 */
#ifndef TABLE_PIECES_H
#define TABLE_PIECES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/msg.h"

struct table_piece {
	const char *name;		/* for messages */
	const struct buf *text;		/* as delta_prepared_put wrote it */
};

struct table_pieces {
	const char *table;		/* its address */
	const struct table_piece *list;
	size_t n;
	unsigned retry;			/* seconds */
	bool verbose;			/* report versions and numbers of files on standard error */
};

/* Commits them as one version. Returns 0 also if they are in the table already; fails as delta_joint_make does. */
int table_pieces_commit(const struct table_pieces *p, struct msg *err);

/* Removes their data files, unless they are in a version, and the marker of a table that has no version yet. */
int table_pieces_abandon(const struct table_pieces *p, struct msg *err);

/* Removes the data files of writers of a table that were stopped. */
int table_recover(const char *address, bool verbose, struct msg *err);

#endif

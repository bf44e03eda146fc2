/*
 * A change to a Delta table, from loading it to its version: the session loads the table, a callback plans the change
 * and writes its data files, and the session commits it. After a conflict with another writer it waits, loads the
 * table again and repeats the callback, until the time for retries is over. Data files of a change that does not
 * become a version are removed.
 *
 * The session can also prepare: it then writes the commit to a file instead (struct delta_prepared).
 */
#ifndef TABLE_SESSION_H
#define TABLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "delta/delta.h"

enum { TABLE_NEXT = -1 };

enum table_files {			/* data files that a task writes */
	TABLE_FILES_EACH,		/* new ones in each attempt */
	TABLE_FILES_ONCE,		/* in the first attempt, which serve later ones */
	TABLE_FILES_NONE
};

struct table_session;

struct table_task {			/* what a program does to a table */
	bool creates;			/* a table that is missing is an empty one of version -1 */
	bool rewrites;			/* updates or deletes rows instead of only adding: for delta_may_write */
	/* checks if the table may be changed, instead of delta_may_write; may be NULL */
	int (*may)(const struct delta_snapshot *s, struct msg *err);
	enum table_files files;
	const char *idle;		/* text for -v if there is no change: "nothing to write" */
	/*
	 * Plans the change against s->base and writes data files with s->intent. Fills the change, to which the
	 * session adds its application, and s->summary for -v. Called again after a conflict, with the newer s->base.
	 * Returns 1, 0 if there is nothing to change, or -1: EX_TEMPFAIL is retried like a conflict, unless
	 * s->hopeless is set.
	 */
	int (*work)(struct table_session *s, struct delta_change *c, struct msg *err);
	/* Releases what the change points to, after each call of `work` that did not return -1; may be NULL. */
	void (*release)(struct table_session *s);
	const void *to;			/* the program's own */
};

struct table_session {
	/* to be set before table_session_open; zero the rest */
	const struct table_task *task;
	struct delta_app app;		/* id NULL: none. Version TABLE_NEXT: the one after its last in the table */
	const struct delta_app *consumed;	/* the versions of sources that the change is made from */
	size_t nconsumed;
	const char *prepare;		/* file to write the commit to; NULL: commit */
	char *prepare_copy;		/* address of an object that gets it too, before the intent ends. Owned */
	unsigned retry;			/* seconds */
	bool outside;			/* as store_read_outside */
	bool verbose;			/* report the version on standard error */
	/* set by table_session_open; first is the table as it was then, until table_session_close */
	struct delta_table table;
	struct delta_snapshot first;
	/* set for `work` */
	const struct delta_snapshot *base;	/* the newest version: &first in the first attempt */
	struct delta_intent intent;
	struct buf summary;
	bool hopeless;			/* set by `work` with a failure that no other attempt can mend */
	/* set by table_session_run; the version, or -1 if nothing was committed */
	int64_t version;
	/* the session's own */
	struct delta_snapshot later;
	struct delta_turn turn;
};

/* Opens and loads the table. EX_UNAVAILABLE if the task may not change it. */
int table_session_open(struct table_session *s, const char *address, struct msg *err);

/*
 * Returns 1 if the application's version is in the table already, which -v reports, else 0. Returns -1 with
 * EX_DATAERR if it then cannot be prepared, or if there is no next one.
 */
int table_session_done(struct table_session *s, struct msg *err);

/*
 * Makes the change; if the session has made one before, on the version that is the newest now. Returns 0 also if there
 * was nothing to change: then s->version is -1. EX_TEMPFAIL for a conflict
 * when the time is over.
 */
int table_session_run(struct table_session *s, struct msg *err);
void table_session_close(struct table_session *s);

/* Returns true if a version is needed for its transactions alone: the application's, or of sources not recorded so. */
bool table_session_marks(const struct table_session *s);

#endif

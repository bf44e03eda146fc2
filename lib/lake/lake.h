/*
 * The transaction of a lake, over the operations of a store alone (store/store.h), so that a lake may lie on any kind
 * of store. A run changes several tables and files of a lake, all of it or nothing:
 *
 *	runs/open/RUN/prepared/TABLE	a prepared version of the table at this path (acct-write --prepare)
 *	runs/open/RUN/stage/NAME	a small file that will appear under this name
 *	runs/open/RUN/late/NAME		a large object that will be copied to this name
 *	runs/open/RUN/new/NAME		empty: the object of this name is the run's, and goes if that comes to nothing
 *	runs/open/RUN/gone/NAME		empty: the object of this name goes when the run takes effect
 *	runs/open/RUN/aside/TABLE/...	the log of a damaged table, which comes back where the run comes to nothing
 *	runs/open/RUN/work/		the run's own, never looked at
 *
 * A lake on a store that programs cannot write to by path has only a part of this there: what whoever recovers the lake
 * must find, which is begun, new, aside, late (from just before the point of commit) and a copy of each prepared
 * version, put before the writer's intent ends. The rest, and the prepared versions themselves, are in a folder of the
 * run's machine that has the same layout and is lost with it.
 *
 * A run takes effect by one put-if-absent: the record runs/commits/NUMBER contains the texts of all that is prepared
 * and staged, and the names of what goes. What the record says is then carried out, by this process or by the next one
 * that holds the lock, as often as it takes; runs/current then names the record. A run that was killed before that is
 * refused its number: whoever recovers the lake puts a record of its own in the number's place, before anything of the
 * run is removed.
 *
 * Functions return -1 on failure and fill err.
 */
#ifndef LAKE_LAKE_H
#define LAKE_LAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "store/store.h"

enum { LAKE_FORMAT = 1 };		/* the layout that this library reads and writes: the number in LAKE/format */

struct lake {
	/* the caller sets these and zeroes the rest */
	unsigned retry;			/* seconds to try to commit a table against other writers */
	bool verbose;			/* report versions on standard error */
	/* set by lake_open */
	struct store *store;
	char *folder;			/* where the run's files are on this machine, owned; NULL: in the lake */
	struct store *files;		/* the run's folder; opened when it is needed */
	struct store_lock lock, shared;	/* shared: held by another process of the run too */
	int64_t newest;			/* number of the newest record, 0: none; set by lake_recover */
};

/* Opens the lake at an address, which need not exist. lake_close releases it, and its lock. */
int lake_open(struct lake *l, const char *address, struct msg *err);
void lake_close(struct lake *l);

/*
 * Checks LAKE/format. EX_CONFIG for another number, or for a lake without one, unless its tables are to be rebuilt:
 * then the run that does so changes the number.
 */
int lake_check_format(struct lake *l, bool rebuild, struct msg *err);

/* Takes the lock: 1, or 0 if another holds it. */
int lake_lock(struct lake *l, struct msg *err);

/*
 * With the lock held: carries through what a run was killed in, and removes what others have left. Reports both on
 * standard error.
 */
int lake_recover(struct lake *l, struct msg *err);

/*
 * Makes a folder for the files of a run in TMPDIR, whose last part is the run's name, and sets l->folder to it.
 * lake_remove_folder removes it with all it has; other processes of the run set l->folder themselves.
 */
int lake_make_folder(struct lake *l, const char *run, struct msg *err);
int lake_remove_folder(struct lake *l, struct msg *err);

/* Begins a run of this name: its folder is durable. */
int lake_begin(struct lake *l, const char *run, struct msg *err);

/*
 * In another process of a run: holds the lock too, from what the process that has it has shared (store_lock_share).
 * EX_TEMPFAIL if it was lost.
 */
int lake_join(struct lake *l, struct msg *err);

/* Has the number been taken from the run? EX_TEMPFAIL if so: the lock was lost. */
int lake_check_number(struct lake *l, const char *run, int64_t number, struct msg *err);

/* Has a run of this name begun, and not ended? 1, 0 or -1. */
int lake_has_begun(struct lake *l, const char *run, struct msg *err);

/*
 * Makes what the run has prepared and staged take effect, as the record of this number, and ends the run. Returns 1,
 * or 0 if there was nothing. EX_TEMPFAIL if another has taken the number: then the lock was lost, and the run is for
 * others to remove. After a failure lake_end decides what becomes of the run.
 */
int lake_commit(struct lake *l, const char *run, int64_t number, struct msg *err);

/* Ends a run that has begun: removes what it has made, or carries it through if it has taken effect. */
int lake_end(struct lake *l, const char *run, int64_t number, struct msg *err);

/*
 * Moves the log of a damaged table out of the way, so that the table can be made anew. Its data files go when the run
 * takes effect. EX_NOINPUT if the run has not begun.
 */
int lake_set_aside(struct lake *l, const char *run, const char *table, struct msg *err);

struct lake_put {			/* a file of this system, and the object that it becomes */
	const char *file, *name;
};

/*
 * Puts objects in place at once, durable, which go if the run comes to nothing. An object of the same contents that is
 * there already stays, one that this run has put is replaced; EX_CANTCREAT if there is another. A file may become the
 * object without a copy, so it must not be changed afterwards. EX_NOINPUT if the run has not begun.
 */
int lake_put(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err);

/* Stages small files, which take the places of the objects when the run takes effect. */
int lake_stage(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err);

/* Lets objects go when the run takes effect; the files of the list are of no account. */
int lake_remove(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err);

/* Opens an object as it will be when the run has taken effect: 1, or 0 if there will be none. */
int lake_read(struct lake *l, const char *run, const char *name, struct store_in *in, struct msg *err);

struct lake_status {			/* owned: lake_status_free */
	int64_t format;			/* 0: none */
	int64_t number;			/* of the newest record, 0: none */
	bool is_pending;		/* the record has not been carried through */
	char *run;			/* that made it; NULL: none */
	char *last;			/* the last whole run, of runs/last; NULL: none */
	struct store_list open;		/* runs that have begun and not ended */
};
int lake_get_status(struct lake *l, struct lake_status *s, struct msg *err);
void lake_status_free(struct lake_status *s);

#endif

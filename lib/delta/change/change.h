/* Changes of a table: intents, commits, prepared versions, and the removal of what no version needs. */
#ifndef DELTA_CHANGE_CHANGE_H
#define DELTA_CHANGE_CHANGE_H

#include "delta/data/data.h"

/* ---- intent.c: writer intents ---- */

/*
 * A writer's intent: a file in the table's log that names the data files about to be created before the first of
 * them exists. Files of uncommitted versions can so be found and removed however the writer ended. The intent is
 * removed on exit, or, if the writer was killed, by the next writer.
 */
struct delta_intent {
	struct delta_namer namer;	/* names the data files; writes the intent to disk before the first */
	struct delta_table *table;
	int64_t first;			/* first version that may name the files */
	char uuid[37];
	unsigned part;			/* number of the next file */
	char *name;			/* owned; NULL before the intent is on disk */
	struct store_lock lock;
	struct delta_intent *next;
};

/*
 * Begins an intent for work on base's table and first cleans up after killed writers. Nothing is on disk before the
 * first delta_out_write.
 */
void delta_intent_init(struct delta_intent *in, struct delta_table *t, const struct delta_snapshot *base);

/* Ends the intent once its files are in a version or named by a prepared one. May be called twice. */
void delta_intent_end(struct delta_intent *in);

/* Ends the intent and removes its files, except those that a version names after all. */
void delta_intent_undo(struct delta_intent *in);

/* Removes the data files of killed writers, except those a version names. Returns how many, or -1. */
int delta_recover(struct delta_table *t, struct msg *err);

/* ---- commit.c: commits ---- */

struct delta_metric {
	const char *name;
	uint64_t value;
};

enum delta_scope {
	/* blind append, independent of the table's rows: never conflicts with other appends */
	DELTA_BLIND,
	/*
	 * depends on the rows that meet the bounds (no bounds: all rows); conflicts with concurrent changes to such
	 * rows
	 */
	DELTA_READ_TABLE,
	/* same rows in other files (dataChange false); conflicts only over the files removed here */
	DELTA_REARRANGE
};

/* the content of a commit; all zero except operation is an empty one; the caller owns everything */
struct delta_change {
	const char *operation;		/* "WRITE", "MERGE", "OPTIMIZE", ...: Spark's names */
	const struct delta_pair *parameters;	/* operationParameters; values are JSON text */
	size_t nparameters;
	const struct delta_metric *metrics;	/* operationMetrics */
	size_t nmetrics;
	enum delta_scope scope;
	const struct delta_bound *bounds;	/* for DELTA_READ_TABLE; a row matters if it satisfies all */
	size_t nbounds;
	const struct delta_file *adds;
	size_t nadds;
	const size_t *removes;		/* indexes in the snapshot's files */
	size_t nremoves;
	/* schema of a new table, or the old one with nullable columns appended; NULL: unchanged */
	const struct delta_column *columns;
	size_t ncolumns;
	/* columns replace the schema; every file must be among the removes */
	bool replaces_schema;
	/* properties of a new table; if the schema is replaced, added to the existing ones */
	const struct delta_pair *configuration;
	size_t nconfiguration;
	struct delta_app app;		/* id NULL: no application transaction */
	const struct delta_app *consumed;	/* further transactions: the versions of sources, DELTA_CONSUMED */
	size_t nconsumed;
	/*
	 * replaces all rows, whichever they are: the removes are all files of the snapshot, and of a prepared version
	 * all files at the time of its commit
	 */
	bool replaces_rows;
	/*
	 * another change that becomes part of the same version, with scope, bounds, adds, removes and transactions of
	 * its own;
	 * its other members are ignored. NULL: none
	 */
	const struct delta_change *also;
};

/*
 * Commits the change as the version after `base` (version -1 without files: creates the table), or as a later
 * version if other writers committed first and the conflict rules allow it. Also writes the version's checksum file,
 * and a checkpoint with _last_checkpoint if the version is a multiple of the interval (10). The version does not
 * depend on these: their failure is only reported through `warn`, with the table and the version. Returns 0 and the
 * version, or -1 with EX_TEMPFAIL for a conflict. If the application has already written this version or a later
 * one, returns 0 with *version -1 and writes nothing. After a failure *version is -1 only if the commit certainly
 * does not exist, so that the new files can be removed.
 */
int delta_commit(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c,
    int64_t *version,
    struct msg *warn, struct msg *err);

/* ---- prepared.c: prepared versions ---- */

/*
 * A prepared version: data files exist but are in no version; a text names them for a later commit. The text is the
 * commit as it would follow the base version, with protocol and metadata, preceded by a line that says on what it
 * depends and followed by a checksum line.
 */
struct delta_prepared {
	/*
	 * files are the adds, tombstones the removes; columns, metadata and protocol are the table's after the commit;
	 * one application transaction, followed by those of sources
	 */
	struct delta_snapshot rows;
	const char *name;		/* of the text's file; this and all below are in the pool of rows */
	const char *root;		/* real path of the table when prepared; NULL if not recorded */
	const char *table;		/* id of the table when prepared; NULL: there was no table */
	int64_t base;			/* version of the table when prepared, or -1 */
	bool replaces_rows, adds_columns, replaces_schema;
	enum delta_scope scope;
	struct delta_bound *bounds;	/* owned; over the columns of rows */
	size_t nbounds;
	const char *operation;		/* NULL if not recorded; parameters and metrics likewise */
	struct delta_pair *parameters;
	size_t nparameters;
	struct delta_metric *metrics;
	size_t nmetrics;
};

/* Appends the text for a change of base's table. */
int delta_prepared_put(struct buf *out, const struct delta_table *t, const struct delta_snapshot *base,
    const struct delta_change *c, struct msg *err);

/*
 * Marks a folder as a table whose first version is not committed yet, before its data files are written, so that no
 * reader takes the files for a folder of plain Parquet; and removes the marker once a version exists or the write
 * was abandoned.
 */
int delta_prepared_mark(struct delta_table *t, struct msg *err);
int delta_prepared_unmark(struct delta_table *t, struct msg *err);
int delta_prepared_is_marked(struct delta_table *t, struct msg *err);	/* returns 1, 0 or -1 */

/*
 * Reads a prepared version from its text, whose name is for messages; or appends the text of a file; or both.
 * EX_DATAERR if it is truncated or malformed.
 */
int delta_prepared_parse(struct delta_prepared *p, const struct delta_table *t, const char *name,
    const struct buf *text, struct msg *err);
int delta_prepared_get(struct buf *text, const char *path, struct msg *err);
int delta_prepared_load(struct delta_prepared *p, const struct delta_table *t, const char *path, struct msg *err);
void delta_prepared_free(struct delta_prepared *p);

/* Checks that all its data files are present and complete. EX_NOINPUT or EX_DATAERR if not. */
int delta_prepared_check(const struct delta_prepared *p, struct delta_table *t, struct msg *err);

/* ---- joint.c: prepared versions as one version ---- */

/*
 * Checks a prepared version against the table's snapshot s (version -1: no table). Returns 1 if it can be committed,
 * 0 if it is committed already, or -1 with EX_DATAERR if it is another table's, EX_NOINPUT if its table is gone.
 */
int delta_prepared_suits(const struct delta_prepared *p, const struct delta_snapshot *s, struct msg *err);

/* The change that makes prepared versions of a table one version. */
struct delta_joint {
	struct delta_change *changes;	/* one for each prepared version, linked by `also`; owned, like the rest */
	size_t n;
	size_t *removes;		/* of all changes */
	size_t nremoves;
	struct delta_metric *metrics;	/* sums of those prepared */
	uint64_t rows;			/* records in the added files */
	size_t nadds;
};

/*
 * Joins n prepared versions to a change of s, the table's newest snapshot; all of them must live as long as the joint.
 * Those that append or replace all rows do so to the rows of s; where some replace them, the version consists of the
 * rows of all n. Those that depend on the version they were prepared on (merges, rewrites) are checked against the
 * versions since. Returns 1, or 0 if all are committed already. EX_TEMPFAIL for a conflict with another writer: the
 * version must be prepared anew. EX_DATAERR if the n cannot be one version: some of them are committed, or their
 * operations or columns differ, or one changes rows on which another depends.
 */
int delta_joint_make(struct delta_joint *j, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_prepared *p, size_t n, struct msg *err);
void delta_joint_free(struct delta_joint *j);

struct delta_with {			/* prepared versions of a table that is read as after their commit */
	struct delta_prepared *p;	/* owned */
	size_t n;
};

/*
 * Loads the table as it will be after the commit of the prepared versions in n files as one version, possibly the
 * table's first. If `found`, the files are of any tables: leaves out those of others, by the path recorded in them, and
 * what is committed already; returns 0, and loads no snapshot, if none is left. Returns 1, or -1. *w must live as long
 * as s, and is freed with delta_with_free.
 */
int delta_load_with(struct delta_table *t, char *const *paths, size_t n, bool found, struct delta_with *w,
    struct delta_snapshot *s, struct msg *err);
void delta_with_free(struct delta_with *w);

/* ---- turn.c ---- */

/*
 * Backs off after an attempt that ended with EX_TEMPFAIL, before the table is loaded again. Sleeps for a
 * random time; its limit grows with each attempt up to half a second. Returns false without sleeping if `seconds`
 * have passed since the first call.
 */
enum { DELTA_TURN_SECONDS = 600 };	/* default time limit of retries */
struct delta_turn {			/* set seconds and zero the rest before the first call */
	unsigned seconds;
	unsigned lost;			/* attempts so far */
	int64_t end, longest;		/* milliseconds: the deadline; the limit of the next pause */
};
bool delta_turn_wait(struct delta_turn *t);

/* ---- vacuum.c: files that no version needs ---- */

/*
 * Lists the table's own files, last modified before `cutoff` (milliseconds), that no version current at the cutoff
 * or later needs: data files, deletion vector files, change data files, sidecars of no checkpoint, and files of
 * killed writers. Names are as store_walk_own returns them; delete with store_delete_own. Considers only files whose
 * names are of these kinds; ignores links, folders whose names begin with '.' or '_', and tables inside the table.
 * *s is the newest snapshot, loaded after the files were listed. EX_UNAVAILABLE if delta_may_vacuum refuses the
 * table.
 */
int delta_vacuum_find(struct delta_table *t, int64_t cutoff, struct delta_snapshot *s, struct store_list *garbage,
    struct msg *err);

/*
 * expire.c: lists the log files before a checkpoint up to which every commit is older than
 * delta.logRetentionDuration (30 days) at the time `now`, oldest first, for store_delete_own. Lists nothing if
 * delta.enableExpiredLogCleanup is false. EX_CONFIG for an invalid duration, EX_UNAVAILABLE if a feature protects
 * the log.
 */
int delta_expire_find(struct delta_table *t, const struct delta_snapshot *s, int64_t now, struct store_list *expired,
    struct msg *err);

#endif

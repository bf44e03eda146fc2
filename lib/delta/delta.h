/*
 * Delta tables: versions of a set of Parquet files, defined by a log of actions. PROTOCOL.md of the Delta project is
 * the specification; "clause" in comments is a section of it.
 *
 * Reading: delta_open, delta_load for a snapshot, delta_scan for its rows. Writing: delta_out creates data files, a
 * struct delta_change describes the commit, delta_commit makes it the next version by optimistic concurrency.
 * Functions that fail fill a struct msg and return -1: EX_NOINPUT for a missing table or version, EX_DATAERR for a
 * log that violates the specification, EX_UNAVAILABLE for an unsupported feature (named in the message), EX_TEMPFAIL
 * for a conflict with another writer: load the table again and retry.
 */
#ifndef DELTA_DELTA_H
#define DELTA_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "delta/dv.h"
#include "parquet/parquet.h"
#include "store/store.h"

/* ---- state of the log ---- */

struct delta_pair {
	const char *key, *value;	/* value NULL means null */
};

struct delta_metric {
	const char *name;
	uint64_t value;
};

struct delta_protocol {			/* clause Protocol Evolution */
	int reader, writer;
	const char **reader_features, **writer_features;
	size_t nreader_features, nwriter_features;
};

struct delta_metadata {			/* clause Change Metadata */
	const char *id, *name, *description;	/* name and description are NULL if absent */
	const char *provider;
	const char *schema;		/* schemaString: JSON as in the log */
	const char **partition_columns;
	size_t npartition_columns;
	struct delta_pair *configuration;
	size_t nconfiguration;
	int64_t created;		/* milliseconds since 1970; -1 if absent */
};

struct delta_column {			/* a top-level column of the table's schema */
	const char *name;
	/* name in data files, partition values and statistics; equals name unless the table uses column mapping */
	const char *physical;
	int32_t id;			/* field_id in the data files with column mapping by id, else PQ_NO_ID */
	enum pq_type type;
	uint8_t precision, scale;
	bool nullable;
	int partition;			/* index among the partition columns; -1 for a column stored in the files */
	/* name of the type if unsupported (nested, void, ...), else NULL */
	const char *refused;
};

struct delta_file {			/* clause Add File and Remove File */
	const char *uri;		/* as written in the log; a remove repeats it */
	const char *name;		/* decoded; an object name for lib/store */
	const char **partition;		/* partition values by partition column; NULL is null */
	int64_t size, mtime;		/* size in bytes; mtime in milliseconds since 1970 */
	const char *stats;		/* JSON, or NULL */
	const char *tags;		/* JSON object, or NULL */
	const struct delta_dv *dv;	/* NULL: no deletion vector */
	int64_t base_row_id, row_commit_version;	/* -1 if absent */
};

struct delta_tombstone {
	const char *uri;
	int64_t deleted;		/* deletionTimestamp, milliseconds; 0 if absent */
	const struct delta_dv *dv;
	const char *name;
};

struct delta_app {			/* clause Transaction Identifiers */
	const char *id;
	int64_t version, updated;	/* updated: milliseconds, -1 if absent */
};

/* Parses "APP:VERSION", UTF-8, version >= 0. Returns false for malformed text. The id is owned. */
bool delta_app_parse(const char *text, struct delta_app *app);

struct delta_domain {			/* clause Domain Metadata */
	const char *name, *configuration;
};

struct delta_table {
	struct store *store;
	char *address;			/* as the caller gave it, for messages */
	char *root;			/* store_real_path, to recognize its own files by absolute URIs */
	bool warned;			/* already warned of an unreadable checkpoint */
};

struct delta_snapshot {			/* owns all it points to until delta_snapshot_free */
	int64_t version;
	/* milliseconds: the commit file's mtime, or inCommitTimestamp if the table enables it */
	int64_t timestamp;
	struct delta_protocol protocol;
	struct delta_metadata metadata;
	struct delta_column *columns;
	size_t ncolumns;
	struct delta_file *files;	/* live files in the order of their adds */
	size_t nfiles;
	struct delta_tombstone *tombstones;
	size_t ntombstones;
	struct delta_app *apps;
	size_t napps;
	struct delta_domain *domains;	/* domains not removed */
	size_t ndomains;
	bool intents;			/* the log contains writer intents, of running or killed writers */
	struct pool pool;
};

enum { DELTA_NEWEST = -1 };

/* Opens a path that may be a table; delta_load checks that it is. */
int delta_open(struct delta_table *t, const char *address, struct msg *err);
void delta_close(struct delta_table *t);

/*
 * Loads the snapshot of a version, or of the newest for -1 (clause Action Reconciliation). Checks the protocol
 * before anything else. EX_NOINPUT if the table or the version is missing. An unreadable checkpoint is skipped with
 * a warning if the log still has the earlier commits.
 */
int delta_load(struct delta_table *t, int64_t version, struct delta_snapshot *s, struct msg *err);
void delta_snapshot_free(struct delta_snapshot *s);

/* Returns 1 if there is a table, 0 if not, or -1. */
int delta_exists(struct delta_table *t, struct msg *err);

/* Loads the newest snapshot. If there is no table, *s describes an empty one of version -1. */
int delta_load_any(struct delta_table *t, struct delta_snapshot *s, struct msg *err);

/* Finds the newest version committed at or before a time (milliseconds). EX_NOINPUT if all are later. */
int delta_version_at(struct delta_table *t, int64_t time, int64_t *version, struct msg *err);

/* Returns a table property, or NULL if it is not set. */
const char *delta_property(const struct delta_snapshot *s, const char *key);
int delta_column_find(const struct delta_snapshot *s, const char *name);	/* index, or -1 */
/* near_hint (base/near.h) over the columns' names */
const char *delta_column_hint(const struct delta_snapshot *s, const char *name);
/* Returns the application's last version (clause Transaction Identifiers), or -1. */
int64_t delta_app_version(const struct delta_snapshot *s, const char *id);

/* ---- skip.c ---- */

/* Returns numRecords, including rows deleted by the deletion vector, or -1 if the statistics lack it. */
int64_t delta_file_rows(const struct delta_file *f);

/* ---- duration.c ---- */

#define DELTA_RETENTION "delta.deletedFileRetentionDuration"
#define DELTA_LOG_RETENTION "delta.logRetentionDuration"
#define DELTA_DAY (INT64_C(24) * 60 * 60 * 1000)
#define DELTA_WEEK (7 * DELTA_DAY)

/*
 * Parses a property such as "interval 2 weeks" (one or more units from microseconds to weeks) to milliseconds.
 * Returns `absent` for NULL, -1 for malformed text.
 */
int64_t delta_duration(const char *text, int64_t absent);

/* ---- protocol.c ---- */

/*
 * Returns 0 if this library may write the table, or -1 with the feature or property that forbids it in err
 * (EX_UNAVAILABLE). `rewrites`: the write updates or deletes rows instead of only adding.
 */
int delta_may_write(const struct delta_snapshot *s, bool rewrites, struct msg *err);

/* Like delta_may_write, for moving rows to other files and for removing files that no version needs. */
int delta_may_rearrange(const struct delta_snapshot *s, struct msg *err);
int delta_may_vacuum(const struct delta_snapshot *s, struct msg *err);

/* ---- history.c ---- */

struct delta_commit_info {		/* strings belong to the list */
	/* timestamp: milliseconds, made to increase with the version even if clocks did not */
	int64_t version, timestamp;
	const char *operation, *parameters, *metrics, *engine;	/* JSON text; NULL if absent */
	int64_t read_version;		/* -1 if absent */
	bool blind_append;
	/* adds or removes files with dataChange: rows may differ from the version before */
	bool data_change;
	const char *applications;	/* JSON array of the appIds of its txn actions */
};
struct delta_history {
	struct delta_commit_info *commits;	/* newest first */
	size_t n;
	struct pool pool;
};

/* Returns the newest `most` commits whose files still exist (0: all); empty if only a checkpoint is left. */
int delta_history(struct delta_table *t, size_t most, struct delta_history *h, struct msg *err);
void delta_history_free(struct delta_history *h);

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

/* ---- scan.c: the rows of a snapshot ---- */

/*
 * A range condition, used to skip files and row groups whose statistics rule out a match. A NULL value means no
 * bound on that side.
 */
struct delta_bound {
	size_t column;			/* index in the snapshot's columns */
	bool has_low, has_high;		/* low <= value, value <= high; values have the column's type */
	union pq_value low, high;
	bool no_null;			/* the value is not null (every range implies this) */
};

struct delta_scan_options {
	const size_t *columns;		/* snapshot columns in the order of the vectors; NULL: all */
	const unsigned *flags;		/* per column, 0 or PQ_INDEX; NULL: 0 */
	size_t ncolumns;
	const struct delta_bound *bounds;	/* a row must satisfy all of them */
	size_t nbounds;
	const size_t *files;		/* indexes in the snapshot's files, ascending; NULL: all */
	size_t nfiles;
};

struct delta_batch {
	size_t file;			/* index in the snapshot's files */
	uint64_t first_row;		/* row number in the file of the batch's first row, as deletion vectors count */
	size_t rows;			/* at least 1 */
	/* one per column, with the snapshot's shapes and types; def is validity or NULL */
	const struct pq_vector *columns;
	const uint8_t *deleted;		/* 1 for rows in the deletion vector; NULL if no row is deleted */
};

struct delta_scan;
int delta_scan_open(struct delta_scan **sp, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_scan_options *o,
    struct msg *err);
/* Returns 1, 0 at the end, or -1. Views are valid until the next call. */
int delta_scan_next(struct delta_scan *sc, struct delta_batch *b, struct msg *err);
void delta_scan_close(struct delta_scan *sc);

/* ---- intent.c: writer intents ---- */

/*
 * A writer's intent: a file in the table's log that names the data files about to be created before the first of
 * them exists. Files of uncommitted versions can so be found and removed however the writer ended. The intent is
 * removed on exit, or, if the writer was killed, by the next writer.
 */
struct delta_intent {
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

/* ---- out.c: data files ---- */

struct delta_out_options {
	enum pq_codec codec;
	bool delta_encodings;
	uint64_t file_bytes;		/* the writer starts a new file beyond this size; 0 is 128 MiB */
	/* as in struct pq_options: a row group is buffered in memory until it is full */
	uint64_t row_group_rows;
	bool beside;
	const char *folder;		/* folder of the files, relative to the table; NULL: the table's root */
	struct delta_intent *intent;	/* names the files; must live until they are committed or removed */
};

/*
 * New data files of a table, written and synced but not committed: they have fresh names, so no reader sees them
 * before delta_commit.
 */
struct delta_out;
struct delta_out *delta_out_open(struct delta_table *t, const struct delta_column *columns, size_t ncolumns,
    const struct delta_out_options *o);
int delta_out_write(struct delta_out *o, size_t rows, const struct pq_vector *columns, struct msg *err);
void *delta_out_room(struct delta_out *o, size_t column, size_t rows);	/* as pq_room */

/* Ends the current file; further rows go to a new one. */
int delta_out_cut(struct delta_out *o, struct msg *err);

/* Finishes the last file and returns one add per file, with statistics; strings are in the pool. */
int delta_out_finish(struct delta_out *o, struct pool *pool, struct delta_file **files, size_t *nfiles,
    struct msg *err);
void delta_out_free(struct delta_out *o);	/* accepts NULL; finished files stay with the intent */

/* ---- commit.c: commits ---- */

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
	/*
	 * replaces all rows, whichever they are: the removes are all files of the snapshot, and of a prepared version
	 * all files at the time of its commit
	 */
	bool replaces_rows;
	/*
	 * another change that becomes part of the same version, with scope, bounds, adds, removes and app of its own;
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
	 * one application transaction
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

/* Reads a prepared version from a file. EX_DATAERR if it is truncated or malformed. */
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

/*
 * turn.c: backs off after an attempt that ended with EX_TEMPFAIL, before the table is loaded again. Sleeps for a
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

/*
 * checkpoint_write.c: writes a snapshot as a classic single-file checkpoint, in Spark's schema, and its
 * _last_checkpoint.
 */
int delta_checkpoint_write(struct delta_table *t, const struct delta_snapshot *s, struct msg *err);

/*
 * schema_write.c: validates column names for a table. EX_CONFIG for an invalid name or for two that differ only in
 * case.
 */
int delta_schema_check(const struct delta_column *columns, size_t n, struct msg *err);

/* Validates the columns and appends them as a schemaString. */
int delta_schema_put(struct buf *out, const struct delta_column *columns, size_t n, struct msg *err);

#endif

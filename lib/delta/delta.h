/*
 * Delta tables: versions of a set of Parquet files, told by a log of actions. PROTOCOL.md of the Delta project is the
 * specification; "clause" in comments is a section of it.
 *
 * Reading: delta_open, delta_load a snapshot, delta_scan its rows. Writing: delta_out makes data files, a struct
 * delta_change collects what is to happen, delta_commit makes it the next version or says why it cannot be. Functions
 * that fail fill a struct msg and return -1: EX_NOINPUT where there is no such table or version, EX_DATAERR for a log
 * that breaks the specification, EX_UNAVAILABLE for a feature this library does not have, by its name, EX_TEMPFAIL
 * where another writer was first and the work must be done anew.
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

/* ---- state: what the log says ---- */

struct delta_pair {
	const char *key, *value;	/* value NULL: null */
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
	const char *id, *name, *description;	/* name, description: NULL where not given */
	const char *provider;
	const char *schema;		/* JSON, as it stands in the log */
	const char **partition_columns;
	size_t npartition_columns;
	struct delta_pair *configuration;
	size_t nconfiguration;
	int64_t created;		/* milliseconds, -1 where not given */
};

struct delta_column {			/* a top-level column of the schema */
	const char *name;
	/* its name in files, partition values and statistics: the name unless the table maps columns */
	const char *physical;
	int32_t id;			/* field_id in the files of a table mapped by id, else PQ_NO_ID */
	enum pq_type type;
	uint8_t precision, scale;
	bool nullable;
	int partition;			/* its place among the partition columns, -1 for one that stands in the files */
	/* the type, where this library has none for it (nested, void, ...); NULL for all others */
	const char *refused;
};

struct delta_file {			/* clause Add File and Remove File */
	const char *uri;		/* as the log has it, for the remove that ends it */
	const char *name;		/* decoded, for lib/store */
	const char **partition;		/* by partition column; NULL is null */
	int64_t size, mtime;		/* bytes; milliseconds */
	const char *stats;		/* JSON, or NULL */
	const char *tags;		/* JSON object, or NULL */
	const struct delta_dv *dv;	/* NULL: every row is there */
	int64_t base_row_id, row_commit_version;	/* -1 where not given */
};

struct delta_tombstone {
	const char *uri;
	int64_t deleted;		/* milliseconds, 0 where not given */
	const struct delta_dv *dv;
	const char *name;
};

struct delta_app {			/* clause Transaction Identifiers */
	const char *id;
	int64_t version, updated;	/* updated: milliseconds, -1 where not given */
};

/* "APP:VERSION" in UTF-8, the version from 0; false for other text. The id is owned. */
bool delta_app_parse(const char *text, struct delta_app *app);

struct delta_domain {			/* clause Domain Metadata */
	const char *name, *configuration;
};

struct delta_table {
	struct store *store;
	char *address;			/* as it was given, for messages */
	char *root;			/* its real path, to know its own files by absolute ones */
	bool warned;			/* of a torn checkpoint */
};

struct delta_snapshot {			/* everything is owned and lives until delta_snapshot_free */
	int64_t version;
	int64_t timestamp;		/* milliseconds: of the commit file, or in-commit where the table has that */
	struct delta_protocol protocol;
	struct delta_metadata metadata;
	struct delta_column *columns;
	size_t ncolumns;
	struct delta_file *files;	/* alive, in the order they were added */
	size_t nfiles;
	struct delta_tombstone *tombstones;
	size_t ntombstones;
	struct delta_app *apps;
	size_t napps;
	struct delta_domain *domains;	/* those not removed */
	size_t ndomains;
	bool intents;			/* the log has intents of writers, at work or stopped */
	struct pool pool;
};

enum { DELTA_NEWEST = -1 };

/* Opens what may be a table; delta_load tells. */
int delta_open(struct delta_table *t, const char *address, struct msg *err);
void delta_close(struct delta_table *t);

/*
 * The state at a version, or at the newest (clause Action Reconciliation). The protocol is checked before anything
 * else. EX_NOINPUT where there is no table or no such version. A checkpoint that cannot be read is passed over with a
 * warning where the log still has what is before it.
 */
int delta_load(struct delta_table *t, int64_t version, struct delta_snapshot *s, struct msg *err);
void delta_snapshot_free(struct delta_snapshot *s);

/* 1 a table is there, 0 none. */
int delta_exists(struct delta_table *t, struct msg *err);

/* The newest version committed at or before a time (milliseconds); EX_NOINPUT where all are later. */
int delta_version_at(struct delta_table *t, int64_t time, int64_t *version, struct msg *err);

/* of the configuration; NULL where it is not set */
const char *delta_property(const struct delta_snapshot *s, const char *key);
int delta_column_find(const struct delta_snapshot *s, const char *name);	/* index, or -1 */
const char *delta_column_hint(const struct delta_snapshot *s, const char *name);	/* near_hint (base/near.h) of its columns */
/* -1 where the application has written nothing */
int64_t delta_app_version(const struct delta_snapshot *s, const char *id);

/* ---- skip.c ---- */

/* the rows of a file, with those its deletion vector has, by its statistics; -1 where they do not say */
int64_t delta_file_rows(const struct delta_file *f);

/* ---- duration.c ---- */

#define DELTA_RETENTION "delta.deletedFileRetentionDuration"
#define DELTA_LOG_RETENTION "delta.logRetentionDuration"
#define DELTA_DAY (INT64_C(24) * 60 * 60 * 1000)
#define DELTA_WEEK (7 * DELTA_DAY)

/*
 * Milliseconds of a property's "interval 2 weeks" (units of microseconds to weeks, one or more of them); `absent` for
 * NULL, -1 where the text is none.
 */
int64_t delta_duration(const char *text, int64_t absent);

/* ---- protocol.c ---- */

/*
 * May this library write the table: 0, or -1 with the feature or property that forbids it in err (EX_UNAVAILABLE).
 * `rewrites`: rows are to be updated or deleted, not only added.
 */
int delta_may_write(const struct delta_snapshot *s, bool rewrites, struct msg *err);

/* The same where rows only move to other files, and where only files that no version needs are removed. */
int delta_may_rearrange(const struct delta_snapshot *s, struct msg *err);
int delta_may_vacuum(const struct delta_snapshot *s, struct msg *err);

/* The newest state, for writing to it; where there is no table, that of one to be made (version -1, all else empty). */
int delta_load_for_writing(struct delta_table *t, bool rewrites, struct delta_snapshot *s, struct msg *err);

/* ---- history.c ---- */

struct delta_commit_info {		/* strings belong to the list */
	/* timestamp: milliseconds, made to grow with the versions where clocks did not */
	int64_t version, timestamp;
	const char *operation, *parameters, *metrics, *engine;	/* as JSON text; NULL where not told */
	int64_t read_version;		/* -1 where not told */
	bool blind_append;
};
struct delta_history {
	struct delta_commit_info *commits;	/* newest first */
	size_t n;
	struct pool pool;
};

/* The newest `most` commits that still have their files (0: all); none where only a checkpoint is left. */
int delta_history(struct delta_table *t, size_t most, struct delta_history *h, struct msg *err);
void delta_history_free(struct delta_history *h);

/* ---- vacuum.c: files that no version needs ---- */

/*
 * Lists the table's own files last modified before `cutoff` (milliseconds) that no version needs which stood then or
 * later: data files, files of deletion vectors and of the change feed, sidecars of no checkpoint, and what killed
 * writers left. Names are as store_walk_own gives them; store_delete_own removes one. Only files that are of these
 * kinds by their names are looked at; links, folders whose names begin with '.' or '_' and tables within the table are
 * left alone. *s is the newest snapshot, loaded after the files were seen. EX_UNAVAILABLE where delta_may_vacuum
 * refuses it.
 */
int delta_vacuum_find(struct delta_table *t, int64_t cutoff, struct delta_snapshot *s, struct store_list *garbage,
    struct msg *err);

/*
 * expire.c: lists the files of the log that stand before a checkpoint, where every commit up to it is older than
 * delta.logRetentionDuration (30 days) at the time `now`: the oldest first, for store_delete_own. None where the
 * table's delta.enableExpiredLogCleanup is false; EX_CONFIG where the duration is none, EX_UNAVAILABLE where a feature
 * protects the log.
 */
int delta_expire_find(struct delta_table *t, const struct delta_snapshot *s, int64_t now, struct store_list *expired,
    struct msg *err);

/* ---- scan.c: the rows of a snapshot ---- */

/*
 * A condition every wanted row meets, for leaving out files and row groups whose statistics say that none of theirs
 * can; NULL value: no such bound.
 */
struct delta_bound {
	size_t column;			/* of the snapshot */
	bool has_low, has_high;		/* low <= value, value <= high, in the column's type */
	union pq_value low, high;
	bool no_null;			/* the value is not null (every bound implies it) */
};

struct delta_scan_options {
	const size_t *columns;		/* of the snapshot, in the order of the vectors; NULL: all */
	const unsigned *flags;		/* per column, 0 or PQ_INDEX; NULL: 0 */
	size_t ncolumns;
	const struct delta_bound *bounds;	/* all of them hold for a wanted row */
	size_t nbounds;
	const size_t *files;		/* indexes in the snapshot's files, in order; NULL: all */
	size_t nfiles;
};

struct delta_batch {
	size_t file;			/* index in the snapshot's files */
	uint64_t first_row;		/* physical number in the file of the batch's first row */
	size_t rows;			/* at least 1 */
	/* one per column, shapes and types of the snapshot's columns; def is validity or NULL */
	const struct pq_vector *columns;
	const uint8_t *deleted;		/* 1 where the deletion vector has the row, or NULL where none is */
};

struct delta_scan;
int delta_scan_open(struct delta_scan **sp, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_scan_options *o,
    struct msg *err);
/* 1, 0 at the end, -1; views until the next */
int delta_scan_next(struct delta_scan *sc, struct delta_batch *b, struct msg *err);
void delta_scan_close(struct delta_scan *sc);

/* ---- intent.c: what a writer is about to make ---- */

/*
 * Intention before effect: something in the table's log says which data files are to come before the first of them is
 * there, so that files of no version are found and removed, however their writer ended. The last of them is removed by
 * exit, or, of a writer that was stopped, by the next that begins.
 */
struct delta_intent {
	struct delta_table *table;
	int64_t first;			/* version that may name the files */
	char uuid[37];
	unsigned part;			/* of the next file */
	char *name;			/* owned; NULL while nothing is on the disk */
	struct store_lock lock;
	struct delta_intent *next;
};

/*
 * Begins an intent for work on base's table, after clearing up behind writers that were stopped. Nothing is on the disk
 * before the first delta_out_write.
 */
void delta_intent_init(struct delta_intent *in, struct delta_table *t, const struct delta_snapshot *base);

/* Ends it where the files are in a version, or named by a prepared one. May be called twice. */
void delta_intent_end(struct delta_intent *in);

/* Ends it where they are to be gone: removes them, unless a version names them after all. */
void delta_intent_undo(struct delta_intent *in);

/* Removes the data files of writers that were stopped, but for those that a version names. Returns how many, or -1. */
int delta_recover(struct delta_table *t, struct msg *err);

/* ---- out.c: data files ---- */

struct delta_out_options {
	enum pq_codec codec;
	bool delta_encodings;
	uint64_t file_bytes;		/* a file is closed beyond this; 0 is 128 MiB */
	/* as in struct pq_options: what is written stays in memory until a row group is whole */
	uint64_t row_group_rows;
	bool beside;
	const char *folder;		/* of the table, where the files go; NULL: the table's own */
	struct delta_intent *intent;	/* names the files, and lives until they are in a version or gone */
};

/*
 * New data files of a table, written and synced but in no version yet: their names are new, so nobody sees them before
 * delta_commit.
 */
struct delta_out;
struct delta_out *delta_out_open(struct delta_table *t, const struct delta_column *columns, size_t ncolumns,
    const struct delta_out_options *o);
int delta_out_write(struct delta_out *o, size_t rows, const struct pq_vector *columns, struct msg *err);
void *delta_out_room(struct delta_out *o, size_t column, size_t rows);	/* as pq_room */

/* Ends the file at hand: what is written next goes to another. */
int delta_out_cut(struct delta_out *o, struct msg *err);

/* Finishes the last file and hands over what was written: an add each, with statistics, strings in the pool. */
int delta_out_finish(struct delta_out *o, struct pool *pool, struct delta_file **files, size_t *nfiles,
    struct msg *err);
void delta_out_free(struct delta_out *o);	/* NULL is allowed; what is finished is the intent's */

/* ---- commit.c: making a version ---- */

enum delta_scope {
	/* only adds, nothing of the table was looked at: never in conflict with other adds */
	DELTA_BLIND,
	/*
	 * what is done depends on the rows that meet the bounds, without bounds on all: any other change since that may
	 * be of such rows is a conflict
	 */
	DELTA_READ_TABLE,
	/* the same rows in other files (dataChange false): a conflict only over files removed here */
	DELTA_REARRANGE
};

/* what a commit says; all zero but operation is an empty one; the caller owns everything */
struct delta_change {
	const char *operation;		/* "WRITE", "MERGE", "OPTIMIZE", ... (the words Spark has) */
	const struct delta_pair *parameters;	/* operationParameters; values are JSON text */
	size_t nparameters;
	const struct delta_metric *metrics;	/* operationMetrics */
	size_t nmetrics;
	enum delta_scope scope;
	const struct delta_bound *bounds;	/* of DELTA_READ_TABLE: all of them hold for a row that matters */
	size_t nbounds;
	const struct delta_file *adds;
	size_t nadds;
	const size_t *removes;		/* indexes in the snapshot's files */
	size_t nremoves;
	/* a new schema: of a new table, or with nullable columns added behind; NULL: as it is */
	const struct delta_column *columns;
	size_t ncolumns;
	/* the columns take the place of those that are: every file is among the removes */
	bool replaces_schema;
	/* properties of a new table; with a schema that is replaced, they are set beside those that are */
	const struct delta_pair *configuration;
	size_t nconfiguration;
	struct delta_app app;		/* id NULL: none */
};

/*
 * Makes the change the version after `base` (version -1 and no files: a new table), or a later one where other writers
 * came first and the rules of conflict allow. Writes the version's checksum, and a checkpoint with _last_checkpoint
 * where the version is a multiple of the interval (10); these are not needed for the version to stand: of their
 * failure only `warn` tells, for people, with the table and the version. Returns 0 and the version; -1 with EX_TEMPFAIL for a conflict. An
 * application that already wrote this version or a later one: 0 with *version -1, and nothing is written. A failure
 * leaves *version -1 where there is surely no such version, so that the new files can be removed.
 */
int delta_commit(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c,
    int64_t *version,
    struct msg *warn, struct msg *err);

/* ---- prepared.c: a version that waits in a file ---- */

/*
 * What is needed to commit rows later: the data files are there, in no version; the text names them. It is the commit
 * that would make a table of these rows alone, between a line that says what it was prepared on and one with a
 * checksum.
 */
struct delta_prepared {
	/* the table they would make: its files, columns, properties, and one application */
	struct delta_snapshot rows;
	char *table;			/* the id of the table as it was, NULL: none was there; owned */
	int64_t base;			/* its version then, or -1 */
	bool overwrite;			/* they take the place of all rows, else they are added */
	bool adds_columns;
	bool replaces_schema;
};

/* The text for a change of base's table; `columns` are all those of the files. Appended. */
int delta_prepared_put(struct buf *out, const struct delta_snapshot *base, const struct delta_change *c,
    bool overwrite, struct msg *err);

/*
 * Before the data files of a table that is to be made are written: says in its folder that it is a table, though
 * without a version, so that nobody takes the files for a folder of plain ones; and takes that back, where a version
 * is there or none will be.
 */
int delta_prepared_mark(struct delta_table *t, struct msg *err);
int delta_prepared_unmark(struct delta_table *t, struct msg *err);
int delta_prepared_is_marked(struct delta_table *t, struct msg *err);	/* 1, 0 */

/* Reads a file that holds such a text. EX_DATAERR where it is torn or none. */
int delta_prepared_load(struct delta_prepared *p, const struct delta_table *t, const char *path, struct msg *err);
void delta_prepared_free(struct delta_prepared *p);

/*
 * Is it for this table, which is as in s (version -1: not there)? 1 it is, 0 it is a version already; -1 with
 * EX_DATAERR for another table's.
 */
int delta_prepared_suits(const struct delta_prepared *p, const struct delta_snapshot *s, struct msg *err);

/* Are all its data files there, whole? EX_NOINPUT or EX_DATAERR where not. */
int delta_prepared_check(const struct delta_prepared *p, struct delta_table *t, struct msg *err);

/*
 * Makes of s, a table's newest state, what it will be after the commit; p must live as long as s. EX_TEMPFAIL where the
 * table's columns have become others.
 */
int delta_prepared_apply(struct delta_prepared *p, struct delta_snapshot *s, struct msg *err);

/* The table as it will be with the version that waits in the file at `path`, which may be its first. p as above. */
int delta_load_with(struct delta_table *t, const char *path, struct delta_prepared *p, struct delta_snapshot *s,
    struct msg *err);

/*
 * turn.c: after a try that ended with EX_TEMPFAIL, before the table is loaded and tried anew. Waits for a random time,
 * which grows from try to try up to half a second, so that writers get out of each other's way. False, without
 * waiting, where `seconds` have passed since the first call.
 */
enum { DELTA_TURN_SECONDS = 600 };	/* where the user says nothing else */
struct delta_turn {			/* all zero but seconds before the first call */
	unsigned seconds;
	unsigned lost;			/* tries so far */
	int64_t end, longest;		/* milliseconds: when the time is up, of the next pause at most */
};
bool delta_turn_wait(struct delta_turn *t);

/*
 * checkpoint_write.c: a classic checkpoint of a snapshot in one file, in the schema Spark writes, and the hint for it.
 */
int delta_checkpoint_write(struct delta_table *t, const struct delta_snapshot *s, struct msg *err);

/*
 * schema_write.c: may a table have columns of these names? EX_CONFIG where one is not allowed or two differ only in
 * case.
 */
int delta_schema_check(const struct delta_column *columns, size_t n, struct msg *err);

/* Columns as schemaString, checked. Appended. */
int delta_schema_put(struct buf *out, const struct delta_column *columns, size_t n, struct msg *err);

#endif

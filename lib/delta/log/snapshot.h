/* Snapshots: what the log of a table says of a version. */
#ifndef DELTA_LOG_SNAPSHOT_H
#define DELTA_LOG_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "delta/log/vector.h"
#include "parquet/parquet.h"
#include "store/store.h"

struct delta_pair {
	const char *key, *value;	/* value NULL means null */
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
	bool hidden;			/* marked DELTA_HIDDEN in its metadata */
	const char *comment;		/* for people; NULL if it has none */
};

/*
 * Key of a column's metadata. A hidden column says where a row comes from, not what it is: it is read only by name,
 * and rows that differ in hidden columns alone are equal. Other readers see an ordinary column.
 */
#define DELTA_HIDDEN "acct.hidden"

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

/*
 * What the id of an application begins with that says which version of a source the table has consumed; the source's
 * name follows.
 */
#define DELTA_CONSUMED "acct.consumed:"

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

/* Sets the table's root by its address, again once its folder exists. */
void delta_set_root(struct delta_table *t);

/* ---- duration.c ---- */

/* How long the tombstones of merges by a sequence stay, at least; see delta_file_is_dead. */
#define DELTA_TOMBS "acct.tombstoneRetentionDuration"
#define DELTA_TOMBS_DEFAULT (30 * DELTA_DAY)

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

/*
 * Checks a property that a new table is to have: one of its own, or a delta.* one that this library follows. EX_USAGE
 * for others and for invalid values.
 */
int delta_property_check(const char *key, const char *value, struct msg *err);

/* Property that lets rows be deleted by deletion vectors instead of rewriting their files. */
#define DELTA_VECTORS "delta.enableDeletionVectors"

/* Returns true if property and protocol allow new deletion vectors. */
bool delta_may_vector(const struct delta_snapshot *s);

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

/* Sets *moves if a version has the rows of the one before it, in other files; false also if its commit is gone. */
int delta_commit_moves(struct delta_table *t, int64_t version, bool *moves, struct msg *err);

/* ---- checkpoint_write.c ---- */

/*
 * Writes a snapshot as a classic single-file checkpoint, in Spark's schema, and its
 * _last_checkpoint.
 */
int delta_checkpoint_write(struct delta_table *t, const struct delta_snapshot *s, struct msg *err);

/* ---- json.c ---- */

/* Appends a text as a JSON string, NULL as null. Replaces invalid UTF-8 by U+FFFD. */
void delta_json_text(struct buf *out, const char *text);

/* ---- schema_write.c ---- */

/*
 * Validates column names for a table. EX_CONFIG for an invalid name or for two that differ only in
 * case.
 */
int delta_schema_check(const struct delta_column *columns, size_t n, struct msg *err);

/* Validates the columns and appends them as a schemaString. */
int delta_schema_put(struct buf *out, const struct delta_column *columns, size_t n, struct msg *err);

/* Appends the snapshot's schema with additional columns; keeps everything else the schema says. */
int delta_schema_extend(struct buf *out, const struct delta_snapshot *s, const struct delta_column *columns, size_t n,
    struct msg *err);

#endif

/*
 * Delta tables: versions of a set of Parquet files, told by a log of actions. PROTOCOL.md of the Delta project is the specification; "clause"
 * in comments is a section of it.
 *
 * Reading: delta_open, delta_load a snapshot, delta_scan its rows. Writing: delta_out makes data files, a struct delta_change collects what is
 * to happen, delta_commit makes it the next version or says why it cannot be. Functions that fail fill a struct msg and return -1: EX_NOINPUT where there is no
 * such table or version, EX_DATAERR for a log that breaks the specification, EX_UNAVAILABLE for a feature this library does not have, by
 * its name, EX_TEMPFAIL where another writer was first and the work must be done anew.
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
	const char *physical;		/* its name in files, partition values and statistics: the name unless the table maps columns */
	int32_t id;			/* field_id in the files of a table mapped by id, else PQ_NO_ID */
	enum pq_type type;
	uint8_t precision, scale;
	bool nullable;
	int partition;			/* its place among the partition columns, -1 for one that stands in the files */
	const char *refused;		/* the type, where this library has none for it (nested, void, ...); NULL for all others */
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

struct delta_domain {			/* clause Domain Metadata */
	const char *name, *configuration;
};

struct delta_table {
	struct store *store;
	char *address;			/* for messages */
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
	struct pool pool;
};

enum { DELTA_NEWEST = -1 };

/* Opens what may be a table; delta_load tells. */
int delta_open(struct delta_table *t, const char *address, struct msg *err);
void delta_close(struct delta_table *t);

/*
 * The state at a version, or at the newest (clause Action Reconciliation). The protocol is checked before anything else. EX_NOINPUT
 * where there is no table or no such version.
 */
int delta_load(struct delta_table *t, int64_t version, struct delta_snapshot *s, struct msg *err);
void delta_snapshot_free(struct delta_snapshot *s);

/* 1 a table is there, 0 none. */
int delta_exists(struct delta_table *t, struct msg *err);

/* The newest version committed at or before a time (milliseconds); EX_NOINPUT where all are later. */
int delta_version_at(struct delta_table *t, int64_t time, int64_t *version, struct msg *err);

const char *delta_property(const struct delta_snapshot *s, const char *key);	/* of the configuration; NULL where it is not set */
int delta_column_find(const struct delta_snapshot *s, const char *name);	/* index, or -1 */
int64_t delta_app_version(const struct delta_snapshot *s, const char *id);	/* -1 where the application has written nothing */

/*
 * May this library write the table: 0, or -1 with the feature or property that forbids it in err (EX_UNAVAILABLE). `rewrites`: rows are to be
 * updated or deleted, not only added.
 */
int delta_may_write(const struct delta_snapshot *s, bool rewrites, struct msg *err);

#endif

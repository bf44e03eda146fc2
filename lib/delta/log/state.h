/* A table's state during log replay, action by action, oldest first. Clause Action Reconciliation. */
#ifndef DELTA_STATE_H
#define DELTA_STATE_H

#include "delta/log/snapshot.h"
#include "map/bytes.h"

struct delta_raw_file {			/* an add or a remove as read; strings are in the snapshot's pool */
	const char *uri;
	const struct delta_pair *partition;	/* by physical name */
	size_t npartition;
	int64_t size, time;		/* time: modificationTime or deletionTimestamp */
	const char *stats, *tags;
	const struct delta_dv *dv;
	int64_t base_row_id, row_commit_version;
};

struct delta_state {
	struct delta_snapshot *s;	/* its pool, protocol, metadata, apps and domains are filled during replay */
	const char *root;		/* real path of the table, to recognize its own files by absolute paths */
	struct map_bytes keys;		/* (name, deletion vector) of every file seen */
	struct delta_entry *entries;	/* indexed by key */
	size_t entries_cap;
	uint64_t serial;
	bool has_protocol, has_metadata;
	struct buf scratch;
};

void delta_state_init(struct delta_state *st, struct delta_snapshot *s, const char *root);
void delta_state_free(struct delta_state *st);

/* Applies an action; the newest of each kind wins. Copies the struct, not its strings. */
void delta_state_protocol(struct delta_state *st, const struct delta_protocol *p);
void delta_state_metadata(struct delta_state *st, const struct delta_metadata *m);
void delta_state_app(struct delta_state *st, const struct delta_app *a);
void delta_state_domain(struct delta_state *st, const struct delta_domain *d, bool removed);
int delta_state_add(struct delta_state *st, const struct delta_raw_file *f, struct msg *err);
int delta_state_remove(struct delta_state *st, const struct delta_raw_file *f, struct msg *err);

/*
 * Ends the replay: fills the snapshot's files, tombstones and columns. EX_DATAERR if protocol or metadata is
 * missing.
 */
int delta_state_finish(struct delta_state *st, struct msg *err);

/*
 * action.c: applies the actions of a commit, or of a JSON checkpoint manifest; appends the names of its sidecars to
 * `sidecars` (NULL: sidecars are not allowed).
 */
struct delta_names {
	const char **p;
	size_t n;
};
int delta_actions(struct delta_state *st, const char *name, const struct buf *text, struct delta_names *sidecars,
    struct msg *err);
void delta_names_add(struct delta_names *names, const char *name);

/* checkpoint_read.c: applies the actions of a Parquet checkpoint, manifest or sidecar. */
int delta_checkpoint_read(struct delta_state *st, struct store *store, const char *name, struct delta_names *sidecars,
    struct msg *err);

/* snapshot.c: like delta_load, but fails if the checkpoint is unreadable. */
int delta_load_whole(struct delta_table *t, int64_t version, struct delta_snapshot *s, struct msg *err);

/* schema.c: fills in the columns of a schemaString, with their physical names. */
int delta_schema_columns(struct delta_snapshot *s, struct msg *err);

/* protocol.c: checks that this library can read the table. EX_UNAVAILABLE with the feature's name if not. */
int delta_may_read(const struct delta_snapshot *s, struct msg *err);
/* in readerFeatures or writerFeatures */
bool delta_has_feature(const struct delta_snapshot *s, const char *name);
bool delta_is_true(const struct delta_snapshot *s, const char *key);	/* a table property */

/* history.c: sets *time to a commit's inCommitTimestamp if it has one. */
int delta_commit_timestamp(struct delta_table *t, int64_t version, int64_t *time, struct msg *err);

#endif

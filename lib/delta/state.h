/*
 * A table's state while its log is replayed, action by action from the oldest to the newest. Clause Action
 * Reconciliation.
 */
#ifndef DELTA_STATE_H
#define DELTA_STATE_H

#include "delta/delta.h"
#include "key/keymap.h"

struct delta_raw_file {			/* an add or a remove as it was read; strings lie in the snapshot's pool */
	const char *uri;
	const struct delta_pair *partition;	/* by physical name */
	size_t npartition;
	int64_t size, time;		/* time: modification or deletion */
	const char *stats, *tags;
	const struct delta_dv *dv;
	int64_t base_row_id, row_commit_version;
};

struct delta_state {
	struct delta_snapshot *s;	/* pool, protocol, metadata, apps and domains are filled as they come */
	const char *root;		/* real path of the table, to know its own files by absolute paths */
	struct keymap keys;		/* (name, deletion vector) of every file ever named */
	struct delta_entry *entries;	/* by key */
	size_t entries_cap;
	uint64_t serial;
	bool has_protocol, has_metadata;
	struct buf scratch;
};

void delta_state_init(struct delta_state *st, struct delta_snapshot *s, const char *root);
void delta_state_free(struct delta_state *st);

/* The newest of each wins; the struct is copied, its strings are not. */
void delta_state_protocol(struct delta_state *st, const struct delta_protocol *p);
void delta_state_metadata(struct delta_state *st, const struct delta_metadata *m);
void delta_state_app(struct delta_state *st, const struct delta_app *a);
void delta_state_domain(struct delta_state *st, const struct delta_domain *d, bool removed);
int delta_state_add(struct delta_state *st, const struct delta_raw_file *f, struct msg *err);
int delta_state_remove(struct delta_state *st, const struct delta_raw_file *f, struct msg *err);

/* At the end: fills the snapshot's files, tombstones and columns. EX_DATAERR where protocol or metadata never came. */
int delta_state_finish(struct delta_state *st, struct msg *err);

/*
 * action.c: the actions of one commit, or of a JSON manifest, whose sidecars' names are appended to `sidecars` (NULL:
 * there must be none).
 */
struct delta_names {
	const char **p;
	size_t n;
};
int delta_actions(struct delta_state *st, const char *name, const struct buf *text, struct delta_names *sidecars,
    struct msg *err);
void delta_names_add(struct delta_names *names, const char *name);

/* checkpoint_read.c: the actions of a checkpoint file, a manifest or a sidecar in Parquet. */
int delta_checkpoint_read(struct delta_state *st, struct store *store, const char *name, struct delta_names *sidecars,
    struct msg *err);

/* json.c: a text as a JSON string, NULL as null. Appended. What is not UTF-8 becomes U+FFFD. */
void delta_json_text(struct buf *out, const char *text);

/* snapshot.c: as delta_load, but a checkpoint that cannot be read is an error. */
int delta_load_whole(struct delta_table *t, int64_t version, struct delta_snapshot *s, struct msg *err);

/* schema.c: the columns of a schemaString, with their names in files. */
int delta_schema_columns(struct delta_snapshot *s, struct msg *err);

/* protocol.c: can this library read the table? EX_UNAVAILABLE with the feature's name. */
int delta_may_read(const struct delta_snapshot *s, struct msg *err);
bool delta_has_feature(const struct delta_snapshot *s, const char *name);	/* in either list */
bool delta_is_true(const struct delta_snapshot *s, const char *key);	/* a property */

/* history.c: the time that a commit has within, where it has one; else *time stays. */
int delta_commit_timestamp(struct delta_table *t, int64_t version, int64_t *time, struct msg *err);

#endif

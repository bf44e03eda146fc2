/* Shared by the files that write. */
#ifndef DELTA_WRITE_H
#define DELTA_WRITE_H

#include "delta/delta.h"

/* Writes a random UUID (version 4) as 36 characters and a NUL. */
enum { DELTA_UUID = 37 };
int delta_uuid(char out[DELTA_UUID], struct msg *err);

/*
 * intent.c: writes the intent to disk if needed, then appends "part-<number>-<uuid>-c000", the name of a new data
 * file.
 */
int delta_intent_name(struct delta_intent *in, struct buf *out, struct msg *err);

/* Returns the current time in milliseconds since 1970-01-01T00:00:00Z. */
int64_t delta_now(void);

/* snapshot.c: sets the table's root by its address, again once its folder exists. */
void delta_set_root(struct delta_table *t);

/* commit.c: appends the commit that follows base, always with protocol and metadata. */
int delta_commit_text(struct buf *out, const struct delta_snapshot *base, const struct delta_change *c,
    struct msg *err);

/*
 * commit.c: checks the change against the versions after base up to `newest`, as delta_commit does. EX_TEMPFAIL for a
 * conflict.
 */
int delta_commit_check(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c,
    int64_t newest, struct msg *err);

/* stats_write.c: appends a file's statistics; st has one entry per column. */
void delta_stats_put(struct buf *out, uint64_t rows, const struct delta_column *columns, size_t n,
    const struct pq_stats *st);

/* schema_write.c: appends the snapshot's schema with additional columns; keeps everything else the schema says. */
int delta_schema_extend(struct buf *out, const struct delta_snapshot *s, const struct delta_column *columns, size_t n,
    struct msg *err);

#endif

/* What the writing side shares within the library. */
#ifndef DELTA_WRITE_H
#define DELTA_WRITE_H

#include "delta/delta.h"

/* A random UUID (version 4) as 36 characters and a NUL. */
enum { DELTA_UUID = 37 };
int delta_uuid(char out[DELTA_UUID], struct msg *err);

/* intent.c: "part-<number>-<uuid>-c000" for a new data file, once the intent is on the disk. Appended. */
int delta_intent_name(struct delta_intent *in, struct buf *out, struct msg *err);

/* Now, in milliseconds since 1970-01-01T00:00:00Z. */
int64_t delta_now(void);

/* commit.c: the text of the first version of a table that the change alone makes. Appended. */
int delta_commit_text(struct buf *out, const struct delta_change *c, struct msg *err);

/* stats_write.c: appended. st has one entry a column. */
void delta_stats_put(struct buf *out, uint64_t rows, const struct delta_column *columns, size_t n,
    const struct pq_stats *st);

/*
 * schema_write.c: the snapshot's schema with the columns behind its own added; what else it says of its columns stays.
 * Appended.
 */
int delta_schema_extend(struct buf *out, const struct delta_snapshot *s, const struct delta_column *columns, size_t n,
    struct msg *err);

#endif

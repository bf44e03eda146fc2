/*
 * Checksums in a table's log. The commitInfo of this library's commits, their first line, ends with the member
 * "acctChecksum": the XXH3-64 of the whole commit with the checksum's digits as zeros. Readers verify it where present;
 * commits of other writers have none.
 */
#ifndef DELTA_SUM_H
#define DELTA_SUM_H

#include "delta/log/snapshot.h"

/*
 * delta_sum_room appends the member with zeros; delta_sum_put fills in its digits once the commit that begins at
 * `start` is complete.
 */
void delta_sum_room(struct buf *out);
void delta_sum_put(struct buf *out, size_t start);

/* Verifies a commit's text and leaves it unchanged. Returns 1, 0 if it has no checksum, or -1 with EX_DATAERR. */
int delta_sum_check(const char *path, struct buf *text, struct msg *err);

/* Reads and verifies a commit, appending its text. Returns 1, 0 if it is missing, or -1. */
int delta_sum_get(struct delta_table *t, int64_t version, struct buf *text, struct msg *err);

#endif

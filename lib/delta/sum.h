/*
 * Checksums in a table's log. Each commit of this library has in its commitInfo, which is its first line, as the last
 * member "acctChecksum": XXH3-64 of the whole commit with the checksum's digits as zeros. Each of its adds has among
 * its tags "acct.footer": that of the data file's footer (pq_footer_sum). Where they are, whoever reads checks them;
 * commits and files of other writers have none.
 */
#ifndef DELTA_SUM_H
#define DELTA_SUM_H

#include "delta/delta.h"

#define DELTA_SUM_FOOTER "acct.footer"

/*
 * Appends the member to a commitInfo; and, when the commit is whole, its digits to the commit that begins at `start`.
 */
void delta_sum_room(struct buf *out);
void delta_sum_put(struct buf *out, size_t start);

/* Checks a commit's text, which is as it was afterwards. Returns 1, 0 where it has no checksum, -1 with EX_DATAERR. */
int delta_sum_check(const char *path, struct buf *text, struct msg *err);

/* Reads a commit and checks it: 1, 0 where it is not there, -1. Appended. */
int delta_sum_get(struct delta_table *t, int64_t version, struct buf *text, struct msg *err);

/* The tags of a data file with this footer, as a JSON object in the pool. */
const char *delta_sum_tags(struct pool *pool, uint64_t footer);

/* Checks an open data file against the size and the footer's checksum in its add, where that has one: 1, 0, -1. */
int delta_sum_check_file(const struct delta_file *f, const struct store_in *in, const struct pq_reader *r,
    struct msg *err);

#endif

/*
 * Checksums of data files: each add of this library's commits has the tag "acct.footer", the checksum of the data
 * file's footer (pq_footer_sum). Readers verify it where present; files of other writers have none.
 */
#ifndef DELTA_DATA_FOOTER_H
#define DELTA_DATA_FOOTER_H

#include "delta/log/snapshot.h"

/* Returns the tags of a data file with this footer, as a JSON object in the pool. */
const char *delta_footer_tags(struct pool *pool, uint64_t footer);

/*
 * Verifies an open data file against the size and the footer checksum in its add. Returns 1, 0 if the add has no
 * checksum, or -1.
 */
int delta_footer_check(const struct delta_file *f, const struct store_in *in, const struct pq_reader *r,
    struct msg *err);

#endif

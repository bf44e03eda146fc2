/*
 * A source beyond its memory: the first records stay in memory, the others go to temporary files by a hash of their
 * key. A file is read as a source of its own, which may again have parts.
 */
#ifndef MERGE_PARTS_H
#define MERGE_PARTS_H

#include "merge/source.h"

struct merge_parts;
struct merge_parts *merge_parts_new(const struct merge_source *s);
void merge_parts_free(struct merge_parts *p);		/* accepts NULL */

/* Adds the records of a batch whose byte in drop is not set. */
int merge_parts_add(struct merge_parts *p, const struct rec_batch *b, const uint8_t *drop, struct msg *err);
int merge_parts_end(struct merge_parts *p, struct msg *err);

/*
 * Calls `each` for what the source has in memory and for each of its parts, until it returns -1. May be called again.
 * EX_DATAERR, listing the first such keys, if keys of a part are duplicate.
 */
int merge_parts_each(struct merge_source *s, int (*each)(void *to, struct merge_source *part, struct msg *err),
    void *to, struct msg *err);

#endif

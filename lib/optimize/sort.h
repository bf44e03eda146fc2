/* External merge sort of byte strings: sorted runs in temporary files, merged. Private to lib/optimize. */
#ifndef OPTIMIZE_SORT_H
#define OPTIMIZE_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

enum { SORT_FAN = 32, SORT_LEAST = 1 << 20 };	/* maximum runs per merge; minimum memory */

struct sorter;
struct sorter *sorter_new(size_t memory);
void sorter_free(struct sorter *s);		/* accepts NULL */

/* Adds an item. Keys sort by memcmp, a prefix first; equal keys keep their order (stable). */
int sorter_add(struct sorter *s, const void *key, size_t nkey, const void *data, size_t n, struct msg *err);

/*
 * sorter_end is called after the last item and returns 0 or -1. sorter_next returns the items' data in order: 1, or
 * 0 at the end; a view until the next call.
 */
int sorter_end(struct sorter *s, struct msg *err);
int sorter_next(struct sorter *s, const uint8_t **data, size_t *n, struct msg *err);

#endif

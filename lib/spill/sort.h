/* External merge sort of byte strings: sorted runs in temporary files, merged. */
#ifndef SPILL_SORT_H
#define SPILL_SORT_H

#include "spill/merge.h"

enum { SPILL_SORT_LEAST = 1 << 20 };		/* minimum memory */

struct spill_sorter;
struct spill_sorter *spill_sorter_new(size_t memory);
void spill_sorter_free(struct spill_sorter *s);		/* accepts NULL */

/* Adds an item. Keys sort by memcmp, a prefix first; equal keys keep their order (stable). */
int spill_sorter_add(struct spill_sorter *s, const struct spill_item *item, struct msg *err);

/*
 * spill_sorter_end is called after the last item. spill_sorter_next returns the items in order: 1, 0 at the end, or
 * -1; a view until the next call.
 */
int spill_sorter_end(struct spill_sorter *s, struct msg *err);
int spill_sorter_next(struct spill_sorter *s, struct spill_item *item, struct msg *err);

#endif

/* Which values of a column occur again. Internal to lib/draft. */
#ifndef DRAFT_SEEN_H
#define DRAFT_SEEN_H

#include "draft/column.h"

/* Remembers a value by its hash, until there are too many or too many repeats. */
void draft_seen_add(struct draft_seen *s, uint64_t hash);

/* Were few values or none repeated? False, too, if there were too many to remember. */
bool draft_seen_unique(struct draft_seen *s);

#endif

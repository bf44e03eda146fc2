/*
 * Pieces of bytes in the order of their keys, more of them than memory holds: sorted runs in temporary files, merged.
 * For lib/optimize alone.
 */
#ifndef OPTIMIZE_SORT_H
#define OPTIMIZE_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

enum { SORT_FAN = 32, SORT_LEAST = 1 << 20 };	/* runs merged into one; least memory */

struct sorter;
struct sorter *sorter_new(size_t memory);
void sorter_free(struct sorter *s);		/* NULL is allowed */

/* Keys order as memcmp has them, one before those it begins; equal ones in the order in which they came. */
int sorter_add(struct sorter *s, const void *key, size_t nkey, const void *data, size_t n, struct msg *err);

/* After the last piece: 0. Then each piece's data in order: 1, or 0 at the end; a view until the next call. */
int sorter_end(struct sorter *s, struct msg *err);
int sorter_next(struct sorter *s, const uint8_t **data, size_t *n, struct msg *err);

#endif

/* The word unique: a value that a clean row has, no later row can have. Nulls are no values. */
#ifndef CLEAN_UNIQUE_H
#define CLEAN_UNIQUE_H

#include "clean/clean.h"

/* Returns NULL if no column is unique. limit: bytes of memory, 0 for unlimited; beyond it rows fail. */
struct clean_unique *clean_unique_new(const struct schema *s, size_t limit);
void clean_unique_free(struct clean_unique *u);

/*
 * Remembers the values of a typed row of n bytes that is clean but for these. Returns 0; 1 if an earlier row has the
 * value of a column, of which the first is set; or -1 and fills err, with EX_OSERR, if memory does not suffice.
 */
int clean_unique_add(struct clean_unique *u, const uint8_t *row, size_t n, size_t *column, struct msg *err);

#endif

/*
 * The word orphans: reject. A reference's columns are looked up in the rows of the other table, its owners; a row whose
 * values are in none of them is an orphan. A reference with a null refers to nothing.
 */
#ifndef CLEAN_OWNERS_H
#define CLEAN_OWNERS_H

#include "clean/clean.h"

/* limit: bytes for the values of all owners. */
struct clean_owners *clean_owners_new(const struct schema *s, size_t limit);
void clean_owners_free(struct clean_owners *o);

/*
 * Reads the rows of a table for the references to it that reject orphans. Those to tables that are not read are not
 * looked up. -1 fills err: EX_USAGE if there is no such reference or the table was read before, EX_DATAERR if the
 * stream lacks a column or has it with another type, EX_OSERR if memory does not suffice, or the reader's error.
 */
int clean_owners_read(struct clean_owners *o, const char *table, struct rec_reader *in, struct msg *err);

/* Is a typed row of n bytes an orphan? Sets *which to the first reference by which it is. */
bool clean_owners_lack(struct clean_owners *o, const uint8_t *row, size_t n, size_t *which);

/* The columns of a reference, by their index in the schema. */
const size_t *clean_owners_columns(const struct clean_owners *o, size_t which, size_t *n);

#endif

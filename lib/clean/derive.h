/*
 * The words over the whole row, in the language of acct-expr(7): where, sign, compute and rules. Rows are first made
 * from the columns of the file alone, with nulls for those to be computed; then a group of them goes through the
 * signs and computed columns, a pass for those that need no other of the same pass, and the rules.
 */
#ifndef CLEAN_DERIVE_H
#define CLEAN_DERIVE_H

#include "clean/clean.h"

/* Parses the schema's expressions. Returns -1 after an error with file, line and column in err; *d may be NULL. */
int clean_derive_new(struct clean_derive **d, const struct schema *s, struct msg *err);
void clean_derive_free(struct clean_derive *d);

/*
 * Tests n raw records from `from`, at most CLEAN_GROUP, by `where`: sets the bits of those that are kept, and of those
 * among them at which it fails. Malformed records are kept.
 */
void clean_derive_where(struct clean_derive *d, struct cleaner *k, const struct rec_batch *b, size_t from, size_t n,
    uint64_t *kept, uint64_t *faulty);

/* The column at which such a row is rejected: the first that `where` names. */
size_t clean_derive_where_column(const struct clean_derive *d);

/*
 * Completes n rows, of which those that are not rejected follow each other in memory, and rejects those that a column
 * or a rule does not allow. The rows are then in memory of d, again one after the other, until the next call. Amounts
 * of the file's columns that were counted are taken back for rejected rows, those of signs and computed columns are
 * counted for the others, unless total is NULL. Returns the number of rejected rows.
 */
size_t clean_derive_rows(struct clean_derive *d, const struct cleaner *k, struct clean_row *rows, size_t n,
    struct clean_total *total);

/* Returns the text of a computed value that was rejected in the last call, or NULL if it has none. */
const char *clean_derive_value(const struct clean_derive *d, const struct clean_fault *why);

#endif

/* Formats one value as text; private to lib/text. */
#ifndef TEXT_CELL_H
#define TEXT_CELL_H

#include "text/text.h"

/* Returns the bytes of a string that is not null: a view of the field, or of scratch. */
struct rec_field cell_string(struct rec_field f, struct buf *scratch);

/* Appends text escaped for a TSV field. */
void cell_tsv(struct buf *out, const void *text, size_t n);

/* table.c */
void table_batch(struct text *t, const struct rec_batch *b);
void table_end(struct text *t);

#endif

/* Formats one value as text; private to lib/text. */
#ifndef TEXT_CELL_H
#define TEXT_CELL_H

#include "text/text.h"

/* Appends a number, date, timestamp or bool that is not null: ASCII, without blanks and quotes. */
void cell_plain(struct val_type t, const uint8_t *p, size_t n, struct buf *out);

/* Returns the bytes of a string that is not null: a view of the field, or of scratch. */
struct rec_field cell_string(struct rec_field f, struct buf *scratch);

/* Appends text escaped for a TSV field. */
void cell_tsv(struct buf *out, const void *text, size_t n);

/* table.c */
void table_batch(struct text *t, const struct rec_batch *b);
void table_end(struct text *t);

#endif

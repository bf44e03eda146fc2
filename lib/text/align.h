/* Aligns words in columns, for reports. */
#ifndef TEXT_ALIGN_H
#define TEXT_ALIGN_H

#include "base/mem.h"

/*
 * Appends lines of words that tabs separate as a table: two blanks before each column, none at the end of a line. sides
 * has an 'l' for each column that is aligned to the left; all others are aligned to the right.
 */
void text_align(struct buf *out, const struct buf *lines, const char *sides);

#endif

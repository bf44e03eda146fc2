/* Which lines of a file are not rows: those before the names, comments, totals at the end. Internal to lib/draft. */
#ifndef DRAFT_LAYOUT_H
#define DRAFT_LAYOUT_H

#include "csv/csv.h"
#include "draft/draft.h"

/* Finds comments and the lines before the row of names, by the number of fields of the first rows. -1 fills err. */
int draft_layout_find(const char *path, struct csv_decoder *decoder, struct csv_format format, struct draft_skip *s,
    struct msg *err);

/* Remembers a row that may be one of the last: its first field, trimmed, and whether its width is that of rows. */
void draft_tail_add(struct draft_tail *t, const char *p, size_t n, bool wide, uint64_t line);

/* Sets the lines of the footer, of a file of so many: rows at its end that are totals, or no rows of this kind. */
void draft_tail_end(const struct draft_tail *t, const struct draft_column *first, uint64_t lines, struct draft_skip *s);

#endif

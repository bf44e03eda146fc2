/* Finds the lines of a file that are not rows, struct csv_layout, in a buffer that begins with a line. */
#ifndef CSV_LAYOUT_H
#define CSV_LAYOUT_H

#include "csv/csv.h"

/* Must lines be looked at one by one? */
static inline bool
csv_layout_skips(const struct csv_layout *l)
{
	return l->comment != NULL || l->footer_from != NULL;
}

bool csv_layout_is_comment(const struct csv_layout *l, const uint8_t *line, size_t n);

/*
 * Returns the offset of the first line that is a comment or begins a footer by its pattern, or n. A last line without a
 * line feed counts only with eof.
 */
size_t csv_layout_next(const struct csv_layout *l, const uint8_t *p, size_t n, bool eof);

/*
 * Returns the number of bytes before the last `lines` lines; 0 if there are no more than that. Unless eof, the last of
 * them must end with a line feed, since more bytes may follow.
 */
size_t csv_layout_rows(const uint8_t *p, size_t n, size_t lines, bool eof);

#endif

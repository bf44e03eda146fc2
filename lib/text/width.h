/* How many columns of a terminal text takes, whatever the locale, and text made fit to be seen. */
#ifndef TEXT_WIDTH_H
#define TEXT_WIDTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/*
 * Columns of a code point that is no control character: 0 for what combines with the one before, 2 for wide ones, else
 * 1.
 */
unsigned text_width(uint32_t c);

/*
 * Appends n bytes of text with what would disturb a terminal made visible: control characters as \n, \r, \t, \xHH,
 * bytes that are no UTF-8 as \xHH, and C1 controls and marks of direction as \u{HHHH}. Returns the columns it takes.
 */
size_t text_show(struct buf *out, const void *text, size_t n);

#endif

/* How many columns of a terminal text takes, whatever the locale, and text made fit to be seen. */
#ifndef TEXT_WIDTH_H
#define TEXT_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/*
 * Columns of a code point that is no control character: 0 for what combines with the one before, 2 for wide ones, else
 * 1.
 */
unsigned text_width(uint32_t c);

/* Appends n bytes of text, with what would hide made visible (base/visible.h). Returns the columns it takes. */
size_t text_show(struct buf *out, const void *text, size_t n);

/*
 * The same for whole lines of CSV, TSV, JSON or bare text that go to a terminal: line feeds and tabs stay. In JSON a character becomes
 * an escape of JSON, so that the value is the same.
 */
void text_terminal(struct buf *out, const void *text, size_t n, bool json);

#endif

/* Computes the terminal width of text, independent of the locale, and escapes invisible characters. */
#ifndef TEXT_WIDTH_H
#define TEXT_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* Appends n bytes of text with invisible characters escaped (base/visible.h). Returns its width in columns. */
size_t text_show(struct buf *out, const void *text, size_t n);

/*
 * Appends complete lines of CSV, TSV, JSON or raw text for a terminal, escaped the same way except line feeds and tabs.
 * In JSON a character becomes a JSON escape, which leaves the value unchanged.
 */
void text_terminal(struct buf *out, const void *text, size_t n, bool json);

#endif

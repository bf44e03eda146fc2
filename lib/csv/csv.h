/*
 * CSV text (RFC 4180) in and out: fields split by vector instructions or, where a quote is about, by libcsv; and written, quoted only
 * where they must be.
 */
#ifndef CSV_CSV_H
#define CSV_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* ---- put.c ---- */

/*
 * Appends one field, between quotes where it holds the delimiter, the quote, CR or LF, or begins with a byte order mark. With quote 0 it
 * goes out as it stands. The caller writes delimiters and line ends, and quotes an empty field that is alone on its line, which
 * would be a blank line otherwise (csv_put_alone).
 */
void csv_put(struct buf *out, const void *text, size_t n, char delimiter, char quote);

/* The same for the only field of a line: the empty text is a pair of quotes. */
void csv_put_alone(struct buf *out, const void *text, size_t n, char delimiter, char quote);

#endif

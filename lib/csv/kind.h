/*
 * Recognizes a file's format by its first bytes: CSV text, compressed text, or a format that must be converted first.
 */
#ifndef CSV_KIND_H
#define CSV_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

enum { CSV_KIND_BYTES = 32 };	/* bytes that decide the format, except a workbook's in a zip archive */

enum csv_kind { CSV_KIND_TEXT, CSV_KIND_GZIP, CSV_KIND_ZSTD, CSV_KIND_FOREIGN };

/*
 * Returns the format of a file that begins with the n bytes at p; n is below CSV_KIND_BYTES only if the file is that
 * short.
 */
enum csv_kind csv_kind(const uint8_t *p, size_t n);

/* Is a file with these first bytes UTF-16 or UTF-32, which is CSV_KIND_FOREIGN unless it is decoded? */
bool csv_kind_is_unicode(const uint8_t *p, size_t n);

/*
 * Fills err (EX_DATAERR) with the file's format and the command that converts it to CSV, and returns -1. `outer` is the
 * compression around these bytes, CSV_KIND_TEXT if there is none.
 */
int csv_kind_refuse(const uint8_t *p, size_t n, enum csv_kind outer, const char *name, struct msg *err);

/*
 * Checks text whose n bytes contain no LF: fills err and returns -1 if a CR outside quotes ends lines in it, else
 * returns 0. quote 0: no quotes.
 */
int csv_kind_check_ends(const uint8_t *p, size_t n, uint8_t quote, enum csv_kind outer, const char *name,
    struct msg *err);

#endif

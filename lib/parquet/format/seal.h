/*
 * Checksums that this library's files carry of what no page checksum covers: the footer and the page indexes. They are
 * in the file's key-value metadata, as 16 hexadecimal digits of XXH3-64:
 *
 *   acct.index    of the bytes between the last page and the footer
 *   acct.footer   of the bytes from the footer to the end of the file, with these digits as zeros
 *
 * Programs that rewrite a file may copy its metadata, so the keys are honoured only if created_by names this library.
 * The footer's digits are located by their bytes, not by parsing, to detect bit flips that change how it parses.
 */
#ifndef PARQUET_SEAL_H
#define PARQUET_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_FOOTER "acct.footer"
#define SEAL_INDEX "acct.index"
#define SEAL_CREATED_BY "acct version "

enum { SEAL_DIGITS = 16 };

/* Formats a checksum as digits with a NUL; parses them, returning false if they are not 16 lower-case digits. */
void seal_digits(char out[SEAL_DIGITS + 1], uint64_t sum);
bool seal_parse(const char *p, size_t n, uint64_t *sum);

/* Writes the checksum into a footer of n bytes, with length and magic, that has zeros for its digits. */
void seal_put(uint8_t *p, size_t n);

/* Returns 1 if the footer's checksum matches, 0 if it has none, -1 if the footer is damaged. */
int seal_check(uint8_t *p, size_t n);

#endif

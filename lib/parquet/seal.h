/*
 * Checksums that a file of ours carries of what no page checksum covers: its footer and its page indexes. They are in
 * the file's key-value metadata, as 16 hexadecimal digits of XXH3-64:
 *
 *   acct.index    of the bytes between the last page and the footer
 *   acct.footer   of the bytes from the footer to the end of the file, with these digits as zeros
 *
 * Programs that rewrite a file may copy its metadata, so the keys count only beside a created_by of ours. The footer's
 * is looked for by its bytes, not by parsing: a footer that a flipped bit makes parse in another way is found out.
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

/* The digits of a checksum with a NUL; and their value, false where they are not 16 lower-case digits. */
void seal_digits(char out[SEAL_DIGITS + 1], uint64_t sum);
bool seal_parse(const char *p, size_t n, uint64_t *sum);

/* Puts the checksum into a footer of n bytes, with length and magic, that was made with zeros for its digits. */
void seal_put(uint8_t *p, size_t n);

/* Returns 1 where such a footer has its checksum, 0 where it carries none, -1 where it is not what was written. */
int seal_check(uint8_t *p, size_t n);

#endif

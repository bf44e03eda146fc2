/*
 * Converts a file's text to UTF-8 while it is read, in bounded memory, from any encoding that iconv(3) knows.
 *
 * An invalid sequence does not end the file: one byte FF, which is in no valid UTF-8, takes the place of each unit that
 * cannot be converted (a byte; two for UTF-16, four for UTF-32), so that its line alone is rejected with `encoding`.
 */
#ifndef CSV_DECODE_H
#define CSV_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/msg.h"
#include "csv/source.h"

struct csv_decoder;

/*
 * Makes a decoder for files of an encoding, one after another, into *d; NULL for UTF-8, which needs none. "auto" takes
 * UTF-8, UTF-16 or UTF-32 by the byte order mark of each file, UTF-8 without one. -1 fills err with EX_CONFIG: an
 * unknown encoding. Call before sandbox_enter, as iconv_open loads tables. Release with csv_decoder_free.
 */
int csv_decoder_new(struct csv_decoder **d, const char *encoding, struct msg *err);
void csv_decoder_free(struct csv_decoder *d);	/* NULL is allowed */

/* Prepares for the next file. */
void csv_decoder_begin(struct csv_decoder *d);

/* Can text of this encoding begin like a file of UTF-16 or UTF-32? */
bool csv_decoder_is_wide(const struct csv_decoder *d);

/* Returns the encoding of the file being read, NULL for UTF-8; a view. With "auto" it is known after the first read. */
const char *csv_decoder_encoding(const struct csv_decoder *d);

/* Like csv_source_read, for the converted text. */
ssize_t csv_decoder_read(struct csv_decoder *d, struct csv_source *source, void *p, size_t n, const char *name,
    struct msg *err);

#endif

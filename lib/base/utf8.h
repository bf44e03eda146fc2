/* UTF-8 as Unicode defines it (table 3-7): no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_ok(const void *p, size_t n);

/* Returns a copy in which invalid UTF-8 is replaced by question marks. Owned by the caller. */
char *utf8_shown(const char *s);

/* Returns the length of the sequence at p, 1 to 4, or 0 if it is invalid. n > 0. */
size_t utf8_len(const void *p, size_t n);

size_t utf8_count(const void *p, size_t n);	/* code points of valid UTF-8 */

/*
 * Converts arbitrary bytes to UTF-8 and back. Each byte b of an invalid sequence becomes the private-use character
 * U+F700 + b, and so does each byte of such a character itself: the mapping is reversible, and changes almost no valid
 * text. Both return the length; out needs 3 * n bytes, for the way back n.
 */
size_t utf8_from_bytes(void *out, const void *p, size_t n);
size_t utf8_to_bytes(void *out, const void *p, size_t n);

#endif

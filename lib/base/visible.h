/* Escapes characters that are invisible or would control a terminal. */
#ifndef BASE_VISIBLE_H
#define BASE_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VISIBLE_MAX = 12 };	/* bytes of an escape with its NUL; at most 4 for each byte of the character */

/*
 * Is the character at p to be escaped? True for control characters (general category Cc), format characters (Cf:
 * direction marks, byte order mark, joiners), line and paragraph separators, other default-ignorable characters (except
 * variation selectors), noncharacters, and bytes of invalid UTF-8. Then `out` gets \n, \r, \t, \xHH for a byte, or
 * \u{HHHH}. *len: length of the character in bytes. n > 0.
 */
bool visible_escape(const void *p, size_t n, size_t *len, char *out);

/* Returns the code point of a valid sequence of `len` bytes. */
uint32_t visible_code_point(const void *p, size_t len);

#endif

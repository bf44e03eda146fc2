/* Characters that a reader would not see, or that would steer a terminal: made visible, in one way for all. */
#ifndef BASE_VISIBLE_H
#define BASE_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VISIBLE_MAX = 12 };	/* bytes of an escape with its NUL; no more than 4 for each byte of the character */

/*
 * Does what stands at p hide? Control characters (general category Cc), format characters (Cf: marks of direction, a byte order mark,
 * joiners), separators of lines and paragraphs, other characters that are ignored by default (but for the selectors of a variant),
 * noncharacters, and bytes that are not UTF-8 do. Then `out` gets \n, \r, \t, \xHH for a byte, or \u{HHHH}. *len: its bytes. n > 0.
 */
bool visible_escape(const void *p, size_t n, size_t *len, char *out);

/* The code point that `len` bytes of UTF-8 are. */
uint32_t visible_code_point(const void *p, size_t len);

#endif

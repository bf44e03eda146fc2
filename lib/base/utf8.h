/* UTF-8 as Unicode defines it (table 3-7): no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_ok(const void *p, size_t n);

/* A copy in which what is not UTF-8 is a question mark. Owned. */
char *utf8_shown(const char *s);

/* Length of the sequence at p, 1 to 4, or 0 where it is none. n > 0. */
size_t utf8_len(const void *p, size_t n);

/*
 * Any bytes as UTF-8 and back. Each byte b that is part of no sequence becomes the private character U+F700 + b, and so
 * does each byte of such a character itself: so every text has one original, and valid text is almost always itself.
 * Both return the length; out has room for 3 * n bytes, for n going back.
 */
size_t utf8_from_bytes(void *out, const void *p, size_t n);
size_t utf8_to_bytes(void *out, const void *p, size_t n);

#endif

/* UTF-8 as Unicode defines it (table 3-7): no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_ok(const void *p, size_t n);

/* Length of the sequence at p, 1 to 4, or 0 where it is none. n > 0. */
size_t utf8_len(const void *p, size_t n);

#endif

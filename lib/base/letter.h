/* Code points: case by the simple mappings of Unicode, letters without their marks. Never the user's locale. */
#ifndef BASE_LETTER_H
#define BASE_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes a code point, at most 4 bytes; and 0x110000 + b, for a byte of invalid UTF-8, as b. Returns the length. */
size_t letter_put(uint8_t *out, uint32_t c);

uint32_t letter_lower(uint32_t c);
uint32_t letter_upper(uint32_t c);
bool letter_is_mark(uint32_t c);		/* a combining diacritical mark */
uint32_t letter_base(uint32_t c);		/* without its marks */

/* Texts in UTF-8: are they equal but for case, and is one as letter_upper or letter_lower would have it? */
bool letter_same(const void *a, size_t na, const void *b, size_t nb);
bool letter_is_case(const void *p, size_t n, bool upper);

/* Changes n bytes of UTF-8. `out` needs 2 * n bytes, as few letters' counterparts are longer. Returns the length. */
enum letter_case { LETTER_LOWER, LETTER_UPPER, LETTER_FOLD };	/* FOLD: equal for texts that letter_same says are */
size_t letter_change(void *out, const void *p, size_t n, enum letter_case how);

#endif

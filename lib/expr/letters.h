/* Code points of texts. A byte that is part of none is one by itself, so that texts of raw streams keep theirs. */
#ifndef EXPR_LETTERS_H
#define EXPR_LETTERS_H

#include "expr/node.h"

/* The code point at an offset below s.n, and its length in bytes; and the way back, at most 4 bytes. */
uint32_t expr_letter(struct expr_text s, size_t at, size_t *len);
size_t expr_letter_put(uint8_t *out, uint32_t c);

uint32_t expr_letter_lower(uint32_t c);
uint32_t expr_letter_upper(uint32_t c);
bool expr_letter_is_mark(uint32_t c);		/* a combining diacritical mark */
uint32_t expr_letter_base(uint32_t c);		/* without its marks */

size_t expr_letters(struct expr_text s);	/* how many code points */
size_t expr_letters_skip(struct expr_text s, size_t count);	/* the offset after so many of them */

#endif

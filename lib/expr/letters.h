/* Code points of texts. A byte that is part of none is one by itself, so that texts of raw streams keep theirs. */
#ifndef EXPR_LETTERS_H
#define EXPR_LETTERS_H

#include "expr/node.h"

/* The code point at an offset below s.n, and its length in bytes; base/letter.h has the way back. */
uint32_t expr_letter(struct expr_text s, size_t at, size_t *len);

size_t expr_letters(struct expr_text s);	/* how many code points */
size_t expr_letters_skip(struct expr_text s, size_t count);	/* the offset after so many of them */

#endif

/*
 * Exact quotients of numbers of 38 digits: products of 256 bits, divided and rounded once. Private to lib/expr.
 */
#ifndef EXPR_WIDE_H
#define EXPR_WIDE_H

#include <stdbool.h>

#include "base/num.h"

enum expr_rounding { EXPR_HALF_AWAY, EXPR_HALF_EVEN, EXPR_TOWARD_ZERO, EXPR_DOWN, EXPR_UP };

/*
 * *q = a * 10^up / b, rounded once, as asked; up is -114 to 76, b not 0. Returns false where the quotient exceeds 38
 * digits.
 */
bool expr_quotient(i128 a, int up, i128 b, enum expr_rounding rounding, i128 *q);

/* *r = a * 10^up modulo b, with the sign of a; up is 0 to 38, b not 0. */
i128 expr_remainder(i128 a, unsigned up, i128 b);

/* *out = v * 10^up, up 0 to 38. Returns false where that exceeds 38 digits. */
bool expr_raise(i128 v, unsigned up, i128 *out);

/* Returns v / 10^down, rounded; down may be any number. */
i128 expr_lower(i128 v, unsigned down, enum expr_rounding rounding);

/* Compares a / 10^a_scale with b / 10^b_scale: -1, 0 or 1. */
int expr_order_scaled(i128 a, unsigned a_scale, i128 b, unsigned b_scale);

#endif

/* Exact decimal numbers without a limit of size, and sums of table values. */
#ifndef RECONCILE_EXACT_H
#define RECONCILE_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/num.h"

struct reconcile_sum {		/* of up to 2^64 numbers of 128 bits: a number of 192 bits in two's complement */
	unsigned __int128 low;
	int64_t high;
};

static inline void
reconcile_sum_add(struct reconcile_sum *s, i128 v)
{
	unsigned __int128 before = s->low;

	s->low += (unsigned __int128)v;
	s->high += (v < 0 ? -1 : 0) + (s->low < before);
}

/* Returns the sum with `scale` digits after the point; owned. */
char *reconcile_sum_text(struct reconcile_sum s, unsigned scale);

struct reconcile_exact {	/* an integer times 10^-scale; owned; all zero but scale is 0 */
	bool negative;
	uint32_t *limbs;	/* of nine digits, the lowest first */
	size_t n;
	size_t scale;
};

/* Returns the number of digits after the point. */
size_t reconcile_scale(const char *number);

/* Adds or subtracts a decimal number of at most e->scale digits after the point: "-12.50". */
void reconcile_exact_add(struct reconcile_exact *e, const char *number, bool minus);
int reconcile_exact_sign(const struct reconcile_exact *e);	/* -1, 0 or 1 */
void reconcile_exact_free(struct reconcile_exact *e);

#endif

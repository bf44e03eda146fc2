#include "reconcile/exact.h"

#include <stdlib.h>
#include <string.h>

enum { BASE = 1000000000, DIGITS = 9, WORDS = 3, SUM_DIGITS = 58 };	/* 2^191 has 58 digits */

/* ---- sums of values ---- */

/* Divides a number of three words, the lowest first, by BASE. Returns the remainder. */
static uint32_t
divide(uint64_t *words)
{
	unsigned __int128 rest = 0;
	size_t i;

	for (i = WORDS; i-- > 0;) {
		rest = rest << 64 | words[i];
		words[i] = (uint64_t)(rest / BASE);
		rest %= BASE;
	}
	return (uint32_t)rest;
}

/* Negates a number of three words in two's complement. */
static void
negate(uint64_t *words)
{
	bool carry = true;
	size_t i;

	for (i = 0; i < WORDS; i++) {
		words[i] = ~words[i] + carry;
		carry = carry && words[i] == 0;
	}
}

char *
reconcile_sum_text(struct reconcile_sum s, unsigned scale)
{
	char text[1 + SUM_DIGITS + DIGITS + NUM_TEXT + 2], *p = text + sizeof(text);
	bool minus = s.high < 0;
	uint64_t words[WORDS] = { (uint64_t)s.low, (uint64_t)(s.low >> 64), (uint64_t)s.high };
	size_t i, n = 0;
	uint32_t limb;

	if (minus)
		negate(words);
	*--p = '\0';
	do {
		limb = divide(words);
		for (i = 0; i < DIGITS; i++, limb /= 10) {
			if (n > 0 && n == scale)
				*--p = '.';
			*--p = (char)('0' + limb % 10);
			n++;
		}
	} while (words[0] != 0 || words[1] != 0 || words[2] != 0 || n <= scale);
	while (*p == '0' && p[1] != '.' && p[1] != '\0')
		p++;
	if (minus)
		*--p = '-';
	return xstrdup(p);
}

/* ---- numbers of any size ---- */

size_t
reconcile_scale(const char *number)
{
	const char *point = strchr(number, '.');

	return point != NULL ? strlen(point + 1) : 0;
}

/* Sets the limbs to the digits of a number, its point aside, with zeros up to the scale. */
static void
parse(struct reconcile_exact *e, const char *number)
{
	const char *p = number + (*number == '-');
	size_t digits = strlen(p) - (strchr(p, '.') != NULL) + e->scale - reconcile_scale(number), i;

	e->negative = *number == '-';
	e->n = (digits + DIGITS - 1) / DIGITS;
	e->limbs = xcalloc(e->n + 1, sizeof(*e->limbs));
	for (i = digits; i-- > 0; p += *p != '\0') {
		uint32_t *limb = &e->limbs[i / DIGITS];

		p += *p == '.';
		*limb = *limb * 10 + (*p != '\0' ? (uint32_t)(*p - '0') : 0);
	}
}

static uint32_t
limb_of(const struct reconcile_exact *e, size_t i)
{
	return i < e->n ? e->limbs[i] : 0;
}

/* Compares two numbers whatever their signs. */
static int
compare(const struct reconcile_exact *a, const struct reconcile_exact *b)
{
	size_t i;

	for (i = a->n > b->n ? a->n : b->n; i-- > 0;)
		if (limb_of(a, i) != limb_of(b, i))
			return limb_of(a, i) < limb_of(b, i) ? -1 : 1;
	return 0;
}

/* Makes `to` a + b, or a - b where a is not the smaller, whatever their signs. */
static void
combine(struct reconcile_exact *to, const struct reconcile_exact *a, const struct reconcile_exact *b, bool subtract)
{
	int64_t v, carry = 0;
	size_t i;

	to->n = (a->n > b->n ? a->n : b->n) + 1;
	to->limbs = xcalloc(to->n, sizeof(*to->limbs));
	for (i = 0; i < to->n; i++) {
		v = limb_of(a, i) + carry + (subtract ? -(int64_t)limb_of(b, i) : (int64_t)limb_of(b, i));
		carry = v < 0 ? -1 : v >= BASE;
		to->limbs[i] = (uint32_t)(v - carry * BASE);
	}
}

void
reconcile_exact_add(struct reconcile_exact *e, const char *number, bool minus)
{
	struct reconcile_exact b = { .scale = e->scale }, sum = { .scale = e->scale };
	bool first;

	parse(&b, number);
	b.negative ^= minus;
	first = compare(e, &b) >= 0;
	sum.negative = first ? e->negative : b.negative;
	if (first)
		combine(&sum, e, &b, e->negative != b.negative);
	else
		combine(&sum, &b, e, e->negative != b.negative);
	free(b.limbs);
	free(e->limbs);
	*e = sum;
}

int
reconcile_exact_sign(const struct reconcile_exact *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (e->limbs[i] != 0)
			return e->negative ? -1 : 1;
	return 0;
}

void
reconcile_exact_free(struct reconcile_exact *e)
{
	free(e->limbs);
	*e = (struct reconcile_exact){ 0 };
}

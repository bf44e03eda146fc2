/* Compares decimal numbers given as text exactly, whatever their length: fixed-size natural numbers in base 10^9. */
#include <string.h>

#include "clean/expect.h"

enum {
	BASE = 1000000000,
	DIGITS = 9,		/* decimal digits of a limb */
	LIMBS = 16,		/* 144 digits: 57 of a sum, 38 after the point, 18 of a factor, and spare ones */
	DECIMALS = 38
};

struct natural {
	uint32_t limb[LIMBS];	/* lowest first */
};

static void
multiply(struct natural *n, uint64_t factor)
{
	unsigned __int128 carry = 0;
	size_t i;

	for (i = 0; i < LIMBS; i++) {
		carry += (unsigned __int128)n->limb[i] * factor;
		n->limb[i] = (uint32_t)(carry % BASE);
		carry /= BASE;
	}
}

static void
add_digit(struct natural *n, unsigned digit)
{
	size_t i;

	multiply(n, 10);
	n->limb[0] += digit;
	for (i = 0; n->limb[i] >= BASE; i++) {
		n->limb[i] -= BASE;
		n->limb[i + 1]++;
	}
}

static int
compare(const struct natural *a, const struct natural *b)
{
	size_t i = LIMBS;

	while (i-- > 0)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

static void
add(struct natural *a, const struct natural *b)
{
	uint32_t carry = 0;
	size_t i;

	for (i = 0; i < LIMBS; i++) {
		carry += a->limb[i] + b->limb[i];
		a->limb[i] = carry % BASE;
		carry /= BASE;
	}
}

/* Computes a -= b, for b <= a. */
static void
subtract(struct natural *a, const struct natural *b)
{
	uint32_t borrow = 0, take;
	size_t i;

	for (i = 0; i < LIMBS; i++) {
		take = b->limb[i] + borrow;
		borrow = a->limb[i] < take;
		a->limb[i] += borrow * BASE - take;
	}
}

/* Parses "-12.50" into its magnitude times 10^38 and its sign. Returns false if it is malformed. */
static bool
parse(const char *text, struct natural *n, bool *minus)
{
	size_t whole, part = 0, i;

	*minus = *text == '-';
	text += *minus;
	whole = strspn(text, "0123456789");
	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	if (whole == 0 || whole > CLEAN_SUM_DIGITS || part > DECIMALS || text[whole + (part > 0) + part] != '\0')
		return false;
	*n = (struct natural){ { 0 } };
	for (i = 0; i < whole; i++)
		add_digit(n, (unsigned)(text[i] - '0'));
	for (i = 0; i < DECIMALS; i++)
		add_digit(n, i < part ? (unsigned)(text[whole + 1 + i] - '0') : 0);
	return true;
}

bool
clean_decimal_ok(const char *text)
{
	struct natural n;
	bool minus;

	return parse(text, &n, &minus);
}

bool
clean_decimal_changed(const char *from, const char *to, uint64_t limit)
{
	struct natural a = { { 0 } }, b = { { 0 } }, change;
	bool minus_a = false, minus_b = false;

	(void)parse(from, &a, &minus_a);
	(void)parse(to, &b, &minus_b);
	if (minus_a != minus_b) {
		change = a;
		add(&change, &b);
	} else if (compare(&a, &b) >= 0) {
		change = a;
		subtract(&change, &b);
	} else {
		change = b;
		subtract(&change, &a);
	}
	multiply(&change, SCHEMA_WHOLE);
	multiply(&a, limit);
	return compare(&change, &a) > 0;
}

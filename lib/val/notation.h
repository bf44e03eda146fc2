/*
 * Numbers as files write them: decimal and group signs, forms of negative numbers, currencies. acct-schema(5), Amounts.
 */
#ifndef VAL_NOTATION_H
#define VAL_NOTATION_H

#include "simd/simd.h"
#include "val/val.h"

enum {				/* forms of negative numbers, as bits */
	VAL_NEGATIVE_LEADING = 1, VAL_NEGATIVE_TRAILING = 2, VAL_NEGATIVE_PARENTHESES = 4,
	VAL_NEGATIVE_U2212 = 8	/* U+2212 in place of the hyphen */
};

enum { VAL_NOTATION_QUICK = 16 };	/* most bytes of a short number */

struct val_notation {
	char point;			/* '.' or ',' */
	unsigned negative;		/* the forms that a file may have; 0: leading */
	char **groups;			/* signs between groups of three digits, each a character in UTF-8; owned */
	size_t ngroups;
	char **currencies;		/* signs or words before or after a number; owned */
	size_t ncurrencies;
	char **suffixes;		/* words after a number; owned */
	bool *suffix_negative;		/* of each; owned */
	size_t nsuffixes;
	bool quick;			/* short numbers need no look at their ends: simd.amounts rewrites them */
	struct simd_amounts form;	/* for it */
};

/* Is it a sign that may stand between groups of digits? */
bool val_notation_is_group(const char *sign);

/* May it stand beside a number, as a currency or suffix? It has no digits, signs, or blanks at its ends. */
bool val_notation_is_word(const char *word);

/*
 * Rewrites a number of n bytes as the types of numbers write theirs: digits, at most one point, and before them '-' if
 * it is negative. `out` has room for n + 1 bytes. Returns false if the text is no number in this notation; whether
 * there is a digit at all, and range and scale, remain to be checked by the type.
 */
bool val_notation_plain(const struct val_notation *w, const char *s, size_t n, char *out, size_t *len);

/*
 * The same where VAL_PAD bytes may be read after s[n] and written after out[n]: faster for short numbers without
 * currency and suffix. It may pass on bytes that are neither digits nor points, which the type then rejects.
 */
bool val_notation_plain_padded(const struct val_notation *w, const char *s, size_t n, char *out, size_t *len);

/* Sets quick and form; call once when all else is set. */
void val_notation_prepare(struct val_notation *w);

void val_notation_free(struct val_notation *w);		/* w itself too */

#endif

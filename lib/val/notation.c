/* Numbers as files write them, to the text of a number. */
#include <stdlib.h>
#include <string.h>

#include "val/notation.h"

#define MINUS "\xe2\x88\x92"		/* U+2212 */

static const char *const group_signs[] = {
	".", ",", " ", "\xc2\xa0", "\xe2\x80\xaf", "'", "\xe2\x80\x99"
};
static const char *const blanks[] = { " ", "\xc2\xa0", "\xe2\x80\xaf" };

struct amount {			/* what is left of a text, and what has been taken off its ends */
	const char *s;
	size_t n;
	bool has_sign, negative, has_currency, has_suffix;
};

bool
val_notation_is_group(const char *sign)
{
	size_t i;

	for (i = 0; i < sizeof(group_signs) / sizeof(*group_signs); i++)
		if (strcmp(sign, group_signs[i]) == 0)
			return true;
	return false;
}

bool
val_notation_is_word(const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; i < n; i++)
		if ((unsigned char)word[i] < ' ')
			return false;
	return n > 0 && strpbrk(word, "0123456789+-()") == NULL && strstr(word, MINUS) == NULL &&
	    strchr(" .,'", word[0]) == NULL && word[n - 1] != ' ';
}

/* ---- the ends ---- */

static bool
is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool
begins(const struct amount *a, const char *word)
{
	size_t n = strlen(word);

	return a->n >= n && memcmp(a->s, word, n) == 0 &&
	    !(a->n > n && is_letter(word[n - 1]) && is_letter(a->s[n]));
}

static bool
ends(const struct amount *a, const char *word)
{
	size_t n = strlen(word);

	return a->n >= n && memcmp(a->s + a->n - n, word, n) == 0 &&
	    !(a->n > n && is_letter(word[0]) && is_letter(a->s[a->n - n - 1]));
}

static void
drop_first(struct amount *a, size_t n)
{
	a->s += n;
	a->n -= n;
}

static void
drop_blanks(struct amount *a)
{
	size_t i;

	for (i = 0; i < sizeof(blanks) / sizeof(*blanks); i++) {
		if (begins(a, blanks[i]))
			drop_first(a, strlen(blanks[i]));
		else if (ends(a, blanks[i]))
			a->n -= strlen(blanks[i]);
		else
			continue;
		i = SIZE_MAX;		/* from the first again */
	}
}

/* Returns the longest of the words at one end of the text, or n. */
static size_t
longest(const struct amount *a, char *const *words, size_t n, bool (*at)(const struct amount *, const char *))
{
	size_t i, best = n;

	for (i = 0; i < n; i++)
		if (at(a, words[i]) && (best == n || strlen(words[i]) > strlen(words[best])))
			best = i;
	return best;
}

static bool
drop_suffix(const struct val_notation *w, struct amount *a)
{
	size_t i = longest(a, w->suffixes, w->nsuffixes, ends);

	if (i == w->nsuffixes || a->has_suffix)
		return false;
	a->n -= strlen(w->suffixes[i]);
	a->has_suffix = true;
	a->negative = w->suffix_negative[i];
	return true;
}

static bool
drop_currency(const struct val_notation *w, struct amount *a)
{
	size_t i;

	if (a->has_currency)
		return false;
	if ((i = longest(a, w->currencies, w->ncurrencies, begins)) < w->ncurrencies)
		drop_first(a, strlen(w->currencies[i]));
	else if ((i = longest(a, w->currencies, w->ncurrencies, ends)) < w->ncurrencies)
		a->n -= strlen(w->currencies[i]);
	a->has_currency = i < w->ncurrencies;
	return a->has_currency;
}

/* Takes a sign off one end; length: of the sign, 0 for none. */
static bool
drop_sign(struct amount *a, size_t length, bool first, bool negative)
{
	if (length == 0)
		return false;
	a->has_sign = true;
	a->negative = negative;
	a->n -= length;
	if (first)
		a->s += length;
	return true;
}

static bool
drop_signs(const struct val_notation *w, struct amount *a)
{
	unsigned forms = w->negative == 0 ? VAL_NEGATIVE_LEADING : w->negative;
	bool u2212 = (forms & VAL_NEGATIVE_U2212) != 0;
	bool hyphen = (forms & (VAL_NEGATIVE_LEADING | VAL_NEGATIVE_TRAILING)) != 0;

	if (a->has_sign || a->n == 0)
		return false;
	if (u2212 && !hyphen)
		forms |= VAL_NEGATIVE_LEADING;
	if ((forms & VAL_NEGATIVE_LEADING) != 0 && (drop_sign(a, *a->s == '+', true, false) ||
	    drop_sign(a, hyphen && *a->s == '-', true, true) ||
	    drop_sign(a, u2212 && begins(a, MINUS) ? strlen(MINUS) : 0, true, true)))
		return true;
	if ((forms & VAL_NEGATIVE_TRAILING) != 0 && (drop_sign(a, ends(a, "+"), false, false) ||
	    drop_sign(a, hyphen && ends(a, "-"), false, true) ||
	    drop_sign(a, u2212 && ends(a, MINUS) ? strlen(MINUS) : 0, false, true)))
		return true;
	return (forms & VAL_NEGATIVE_PARENTHESES) != 0 && a->n >= 2 && *a->s == '(' && ends(a, ")") &&
	    drop_sign(a, 1, true, true) && drop_sign(a, 1, false, true);
}

/* Is a number valid that has no suffix? Not if words for both signs could have followed it. */
static bool
may_lack_suffix(const struct val_notation *w)
{
	size_t i;

	for (i = 1; i < w->nsuffixes; i++)
		if (w->suffix_negative[i] != w->suffix_negative[0])
			return false;
	return true;
}

/* ---- the digits ---- */

/* Returns the length of the group sign at s, which is *sign if one has been seen; 0 if there is none. */
static size_t
group_at(const struct val_notation *w, const char *s, size_t n, const char **sign)
{
	size_t i, len;

	for (i = 0; i < w->ngroups; i++) {
		len = strlen(w->groups[i]);
		if (n >= len && memcmp(s, w->groups[i], len) == 0 && (*sign == NULL || *sign == w->groups[i])) {
			*sign = w->groups[i];
			return len;
		}
	}
	return 0;
}

/*
 * Copies the digits before the point. Groups have three digits, the first one to three and no zero before the others:
 * so "0.500" is not five hundred where the point groups. Returns how many bytes it took, SIZE_MAX if a group is wrong.
 */
static size_t
copy_whole(const struct val_notation *w, const char *s, size_t n, char *out, size_t *len)
{
	const char *sign = NULL;
	size_t at, run = 0, skip;

	for (at = 0; at < n; at += skip) {
		if (s[at] >= '0' && s[at] <= '9') {
			out[(*len)++] = s[at];
			run++;
			skip = 1;
			continue;
		}
		if (s[at] == w->point)
			break;
		if (run == 0 || run > 3 || (sign != NULL && run != 3) || s[0] == '0' ||
		    (skip = group_at(w, s + at, n - at, &sign)) == 0)
			return SIZE_MAX;
		run = 0;
	}
	return sign != NULL && run != 3 ? SIZE_MAX : at;
}

static bool
copy_digits(const struct val_notation *w, const char *s, size_t n, char *out, size_t *len)
{
	size_t at = copy_whole(w, s, n, out, len);

	if (at == SIZE_MAX)
		return false;
	if (at < n) {
		out[(*len)++] = '.';
		for (at++; at < n && s[at] >= '0' && s[at] <= '9'; at++)
			out[(*len)++] = s[at];
	}
	return at == n;
}

bool
val_notation_plain(const struct val_notation *w, const char *s, size_t n, char *out, size_t *len)
{
	struct amount a = { .s = s, .n = n };

	do
		drop_blanks(&a);
	while (drop_suffix(w, &a) || drop_currency(w, &a) || drop_signs(w, &a));
	if ((a.has_suffix && a.has_sign) || (!a.has_suffix && !may_lack_suffix(w)))
		return false;
	*len = 0;
	if (a.negative)
		out[(*len)++] = '-';
	return copy_digits(w, a.s, a.n, out, len);
}

/* ---- short numbers ---- */

void
val_notation_prepare(struct val_notation *w)
{
	w->quick = w->ncurrencies == 0 && w->nsuffixes == 0 && w->ngroups <= 1 &&
	    (w->ngroups == 0 || strlen(w->groups[0]) == 1) &&
	    (w->negative == 0 || (w->negative & VAL_NEGATIVE_LEADING) != 0);
	w->form = (struct simd_amounts){ .point = (uint8_t)w->point };
	if (w->quick && w->ngroups > 0)
		w->form.group = (uint8_t)*w->groups[0];
	w->form.no_dots = w->point != '.' && w->form.group != '.';
}

bool
val_notation_plain_padded(const struct val_notation *w, const char *s, size_t n, char *out, size_t *len)
{
	const uint32_t start = 0, length = (uint32_t)n;
	uint32_t plain;

	if (!w->quick || n - 1 >= VAL_NOTATION_QUICK)
		return val_notation_plain(w, s, n, out, len);
	simd.amounts(&w->form, (const uint8_t *)s, &start, &length, 1, (uint8_t *)out, 0, &plain);
	*len = plain;
	return plain > 0;
}

/* ---- release ---- */

static void
free_words(char **words, size_t n)
{
	while (n > 0)
		free(words[--n]);
	free(words);
}

void
val_notation_free(struct val_notation *w)
{
	if (w == NULL)
		return;
	free_words(w->groups, w->ngroups);
	free_words(w->currencies, w->ncurrencies);
	free_words(w->suffixes, w->nsuffixes);
	free(w->suffix_negative);
	free(w);
}

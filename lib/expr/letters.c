/* The code points of texts, and LIKE. */
#include "expr/letters.h"

#include "base/letter.h"
#include "base/utf8.h"

uint32_t
expr_letter(struct expr_text s, size_t at, size_t *len)
{
	const uint8_t *p = s.p + at;

	*len = utf8_len(p, s.n - at);
	switch (*len) {
	case 2:
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	case 3:
		return (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
	case 4:
		return (p[0] & 0x07U) << 18 | (p[1] & 0x3fU) << 12 | (p[2] & 0x3fU) << 6 | (p[3] & 0x3fU);
	case 1:
		return *p;
	default:	/* a byte of its own, which is no code point */
		*len = 1;
		return 0x110000U + *p;
	}
}

size_t
expr_letters(struct expr_text s)
{
	size_t n = 0, len;

	for (size_t i = 0; i < s.n; i += len, n++)
		(void)expr_letter(s, i, &len);
	return n;
}

size_t
expr_letters_skip(struct expr_text s, size_t count)
{
	size_t i = 0, len;

	for (; count > 0 && i < s.n; count--, i += len)
		(void)expr_letter(s, i, &len);
	return i;
}

/* ---- LIKE ---- */

/* The pattern's next piece: a code point, or one of these. */
enum { ANY = 0x200000, MANY };

static uint32_t
piece(struct expr_text pattern, size_t at, int escape, size_t *len)
{
	uint32_t c = expr_letter(pattern, at, len);

	if (escape >= 0 && c == (uint32_t)escape && at + 1 < pattern.n) {
		c = expr_letter(pattern, at + 1, len);
		++*len;
		return c;
	}
	return c == '%' ? MANY : c == '_' ? ANY : c;
}

static bool
same(uint32_t c, uint32_t p, bool fold)
{
	return p == ANY || c == p ||
	    (fold && letter_lower(letter_upper(c)) == letter_lower(letter_upper(p)));
}

/* After a mismatch only the last % is tried again, one code point further on: the time is at most |s| * |pattern|. */
bool
expr_like(struct expr_text s, struct expr_text pattern, int escape, bool fold)
{
	size_t i = 0, p = 0, star = SIZE_MAX, resume = 0, len, plen;

	while (i < s.n) {
		uint32_t c = expr_letter(s, i, &len), want = 0;

		if (p < pattern.n)
			want = piece(pattern, p, escape, &plen);
		if (p < pattern.n && want == MANY) {
			star = p += plen;
			resume = i;
		} else if (p < pattern.n && same(c, want, fold)) {
			p += plen;
			i += len;
		} else if (star != SIZE_MAX) {
			(void)expr_letter(s, resume, &len);
			i = resume += len;
			p = star;
		} else
			return false;
	}
	while (p < pattern.n && piece(pattern, p, escape, &plen) == MANY)
		p += plen;
	return p == pattern.n;
}

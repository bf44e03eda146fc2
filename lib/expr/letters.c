/* Code points: case by the simple mappings, letters without their marks, LIKE. Never the user's locale. */
#include "expr/letters.h"

#include "base/utf8.h"
#include "expr/case_table.h"

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
expr_letter_put(uint8_t *out, uint32_t c)
{
	if (c >= 0x110000) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static uint32_t
mapped(const struct case_range *r, size_t n, uint32_t c)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c < r[middle].first)
			high = middle;
		else if (c > r[middle].last)
			low = middle + 1;
		else
			return (c - r[middle].first) % r[middle].step == 0 ? c + (uint32_t)r[middle].delta : c;
	}
	return c;
}

uint32_t
expr_letter_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	return mapped(to_lower, sizeof(to_lower) / sizeof(*to_lower), c);
}

uint32_t
expr_letter_upper(uint32_t c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c & ~0x20U : c;
	return mapped(to_upper, sizeof(to_upper) / sizeof(*to_upper), c);
}

bool
expr_letter_is_mark(uint32_t c)
{
	return c >= 0x300 && c <= 0x36f;
}

uint32_t
expr_letter_base(uint32_t c)
{
	size_t low = 0, high = sizeof(accents) / sizeof(*accents);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (accents[middle].letter == c)
			return accents[middle].base;
		if (c < accents[middle].letter)
			high = middle;
		else
			low = middle + 1;
	}
	return c;
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
	    (fold && expr_letter_lower(expr_letter_upper(c)) == expr_letter_lower(expr_letter_upper(p)));
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

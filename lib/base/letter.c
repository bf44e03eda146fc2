#include "base/letter.h"

#include "base/letter_table.h"
#include "base/utf8.h"
#include "base/visible.h"

size_t
letter_put(uint8_t *out, uint32_t c)
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
letter_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	return mapped(to_lower, sizeof(to_lower) / sizeof(*to_lower), c);
}

uint32_t
letter_upper(uint32_t c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c & ~0x20U : c;
	return mapped(to_upper, sizeof(to_upper) / sizeof(*to_upper), c);
}

bool
letter_is_mark(uint32_t c)
{
	return c >= 0x300 && c <= 0x36f;
}

uint32_t
letter_base(uint32_t c)
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

/* ---- texts ---- */

static uint32_t
changed(uint32_t c, enum letter_case how)
{
	return how == LETTER_LOWER ? letter_lower(c) : how == LETTER_UPPER ? letter_upper(c) :
	    letter_lower(letter_upper(c));
}

/* Returns the code point at p and moves p after it; a byte of invalid UTF-8 is 0x110000 and more. */
static uint32_t
next(const uint8_t **p, const uint8_t *end)
{
	size_t len = utf8_len(*p, (size_t)(end - *p));
	uint32_t c = len > 0 ? visible_code_point(*p, len) : 0x110000U + **p;

	*p += len + (len == 0);
	return c;
}

bool
letter_same(const void *a, size_t na, const void *b, size_t nb)
{
	const uint8_t *p = a, *pend = p + na, *q = b, *qend = q + nb;

	while (p < pend && q < qend)
		if (changed(next(&p, pend), LETTER_FOLD) != changed(next(&q, qend), LETTER_FOLD))
			return false;
	return p == pend && q == qend;
}

bool
letter_is_case(const void *p, size_t n, bool upper)
{
	const uint8_t *at = p, *end = at + n;

	while (at < end) {
		uint32_t c = next(&at, end);

		if (changed(c, upper ? LETTER_UPPER : LETTER_LOWER) != c)
			return false;
	}
	return true;
}

size_t
letter_change(void *out, const void *p, size_t n, enum letter_case how)
{
	const uint8_t *at = p, *end = at + n;
	uint8_t *to = out;

	while (at < end)
		to += letter_put(to, changed(next(&at, end), how));
	return (size_t)(to - (uint8_t *)out);
}

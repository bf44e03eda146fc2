/* UTF-8 against a decoder written the slow way: decode, then ask whether encoding gives the same bytes. */
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "unit.h"

static size_t
encode(uint32_t c, uint8_t *p)
{
	if (c < 0x80) {
		p[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (uint8_t)(0xc0 | c >> 6);
		p[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (uint8_t)(0xe0 | c >> 12);
		p[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		p[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	p[0] = (uint8_t)(0xf0 | c >> 18);
	p[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	p[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	p[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

static size_t
slow_len(const uint8_t *p, size_t n)
{
	static const uint8_t lead_mask[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint8_t again[4];
	uint32_t c;
	size_t len, i;

	for (len = 1; len <= 4 && len <= n; len++) {
		c = p[0] & lead_mask[len];
		for (i = 1; i < len; i++)
			c = c << 6 | (p[i] & 63);
		if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			continue;
		if (encode(c, again) == len && memcmp(again, p, len) == 0)
			return len;
	}
	return 0;
}

static void
every_code_point(void)
{
	uint8_t p[4];
	uint32_t c;
	size_t n;

	for (c = 0; c < 0x110000; c++) {
		n = encode(c, p);
		if (c >= 0xd800 && c < 0xe000)
			CHECK(utf8_len(p, n) == 0 && !utf8_ok(p, n), "surrogate %" PRIx32, c);
		else
			CHECK(utf8_len(p, n) == n && utf8_ok(p, n) && utf8_ok(p, n - 1) == (n == 1),
			    "U+%" PRIX32, c);
	}
	OK("utf8", "every code point, and its sequence cut short");
}

static void
random_bytes(void)
{
	static const uint8_t edges[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
	    0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	uint8_t p[4];
	size_t round, i, n;

	for (round = 0; round < 2000000; round++) {
		n = 1 + unit_below(4);
		for (i = 0; i < n; i++)
			p[i] = unit_below(2) ? edges[unit_below(sizeof(edges))] : (uint8_t)unit_random();
		CHECK(utf8_len(p, n) == slow_len(p, n), "%02x %02x %02x %02x of %zu", p[0], p[1], p[2], p[3], n);
	}
	OK("utf8", "random bytes as the slow decoder has them");
}

/* Text of about n bytes: of ASCII mostly, of sequences of two bytes, or of all lengths alike. Returns its length. */
static size_t
random_text(uint8_t *p, size_t n, unsigned kind)
{
	static const uint32_t below[] = { 0x80, 0x800, 0xd800, 0x110000 };
	size_t at = 0;
	uint32_t c;

	while (at < n) {
		c = kind == 1 ? 0x800 : kind == 0 && unit_below(40) > 0 ? 0x80 : below[unit_below(4)];
		c = (uint32_t)unit_below(c);
		if (c < 0xd800 || c >= 0xe000)
			at += encode(c, p + at);
	}
	return at;
}

static bool
slow_ok(const uint8_t *p, size_t n)
{
	size_t i, len;

	for (i = 0; i < n && (len = slow_len(p + i, n - i)) > 0; i += len)
		continue;
	return i == n;
}

/*
 * Texts at either end of a page, beyond which nothing may be read; then with up to three bytes changed, or cut short.
 */
static void
long_texts(void)
{
	uint8_t text[300], *page = unit_edge(), *p;
	size_t round, n, changes;

	for (round = 0; round < 200000; round++) {
		n = random_text(text, unit_below(290), (unsigned)unit_below(3));
		p = unit_below(2) ? page : page + UNIT_PAGE - n;
		memcpy(p, text, n);
		CHECK(utf8_ok(p, n), "%zu bytes", n);
		if (n > 0 && unit_below(2) && p > page) {
			memmove(p + 1, p, --n);
			p++;
		}
		for (changes = unit_below(4); n > 0 && changes > 0; changes--)
			p[unit_below(n)] ^= (uint8_t)(unit_below(2) ? UINT64_C(1) << unit_below(8) : unit_random());
		CHECK(utf8_ok(p, n) == slow_ok(p, n), "%zu bytes", n);
	}
	OK("utf8", "long texts, some bytes changed, at the edge of a page");
}

/* Every pair and every triple of bytes that sets sequences apart, at every place in two vectors. */
static void
every_place(void)
{
	static const uint8_t edges[] = { 0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
	    0xef, 0xf0, 0xf1, 0xf4, 0xf5 };
	enum { EDGES = sizeof(edges), WIDTH = 130 };
	uint8_t p[WIDTH];
	size_t at, i, n = WIDTH;

	for (at = 0; at + 4 <= WIDTH; at++)
		for (i = 0; i < EDGES * EDGES * EDGES; i++) {
			memset(p, 'a', WIDTH);
			p[at] = edges[i % EDGES];
			p[at + 1] = edges[i / EDGES % EDGES];
			p[at + 2] = edges[i / EDGES / EDGES];
			p[at + 3] = edges[unit_below(EDGES)];
			n = unit_below(4) ? WIDTH : at + 1 + unit_below(4);
			CHECK(utf8_ok(p, n) == slow_ok(p + at, n - at < 4 ? n - at : 4),
			    "%02x %02x %02x %02x at %zu of %zu",
			    p[at], p[at + 1], p[at + 2], p[at + 3], at, n);
		}
	OK("utf8", "three odd bytes at every place");
}

static void
counts(void)
{
	CHECK(utf8_count("", 0) == 0 && utf8_count("a\0b", 3) == 3, "ASCII");
	CHECK(utf8_count("h\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xb6", 10) == 4, "one to four bytes");
	CHECK(utf8_count("\xc3\xa9\xc3\xa9", 2) == 1, "no further than the end");
	OK("utf8", "code points are counted");
}

int
main(void)
{
	unit_start();
	every_code_point();
	random_bytes();
	long_texts();
	every_place();
	counts();
	return 0;
}

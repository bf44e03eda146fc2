/* UTF-8 against a decoder written the slow way: decode, then ask whether encoding gives the same bytes. */
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

static void
long_texts(void)
{
	uint8_t p[300];
	size_t round, i, n, len, bad;

	for (round = 0; round < 200000; round++) {
		for (n = 0; n < unit_below(290);)
			n += encode(unit_below(20) ? (uint32_t)unit_below(128) : (uint32_t)(0x80 + unit_below(0x700)),
			    p + n);
		CHECK(utf8_ok(p, n), "%zu bytes", n);
		if (n == 0)
			continue;
		bad = unit_below(n);
		p[bad] = (uint8_t)unit_random();
		for (i = 0; i < n && (len = slow_len(p + i, n - i)) > 0; i += len)
			continue;
		CHECK(utf8_ok(p, n) == (i == n), "%zu bytes, byte %zu is %02x", n, bad, p[bad]);
	}
	OK("utf8", "long texts, one byte changed");
}

int
main(void)
{
	unit_start();
	every_code_point();
	random_bytes();
	long_texts();
	return 0;
}

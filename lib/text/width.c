/* Display width by the tables of Unicode, without a locale. */
#include <stdbool.h>

#include "base/utf8.h"
#include "text/width.h"
#include "text/width_table.h"

static bool
is_in(const struct range *r, size_t n, uint32_t c)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c > r[middle].last)
			low = middle + 1;
		else if (c < r[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

unsigned
text_width(uint32_t c)
{
	if (c < zero[0].first)
		return 1;
	if (is_in(zero, sizeof zero / sizeof *zero, c))
		return 0;
	return is_in(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

static uint32_t
code_point(const uint8_t *p, size_t len)
{
	switch (len) {
	case 1:
		return p[0];
	case 2:
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	case 3:
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	default:
		return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
	}
}

/* Would it turn the direction of what follows, or steer the terminal? */
static bool
steers(uint32_t c)
{
	return (c >= 0x80 && c <= 0x9f) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

static size_t
show_byte(struct buf *out, uint8_t c)
{
	size_t before = out->len;

	if (c == '\n')
		buf_adds(out, "\\n");
	else if (c == '\r')
		buf_adds(out, "\\r");
	else if (c == '\t')
		buf_adds(out, "\\t");
	else
		buf_addf(out, "\\x%02X", c);
	return out->len - before;
}

size_t
text_show(struct buf *out, const void *text, size_t n)
{
	const uint8_t *p = text, *end = p + n;
	size_t columns = 0;

	while (p < end) {
		const uint8_t *start = p;
		size_t len, before = out->len;
		uint32_t c;

		while (p < end && *p >= 0x20 && *p < 0x7f)
			p++;
		if (p > start) {
			buf_add(out, start, (size_t)(p - start));
			columns += (size_t)(p - start);
			continue;
		}
		len = *p < 0x80 ? 0 : utf8_len(p, (size_t)(end - p));
		if (len == 0) {
			columns += show_byte(out, *p++);
			continue;
		}
		c = code_point(p, len);
		if (steers(c)) {
			buf_addf(out, "\\u{%04X}", (unsigned)c);
			columns += out->len - before;
		} else {
			buf_add(out, p, len);
			columns += text_width(c);
		}
		p += len;
	}
	return columns;
}

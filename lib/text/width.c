/* Display width from Unicode tables, independent of the locale. */
#include <string.h>

#include "base/utf8.h"
#include "base/visible.h"
#include "text/width.h"
#include "text/width_table.h"

static bool
is_in(const struct width_range *r, size_t n, uint32_t c)
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

/*
 * Returns the columns of a code point that is not a control character: 0 for combining ones, 2 for wide ones, else 1.
 */
static unsigned
width_of(uint32_t c)
{
	if (c < zero[0].first)
		return 1;
	if (is_in(zero, sizeof(zero) / sizeof(*zero), c))
		return 0;
	return is_in(wide, sizeof(wide) / sizeof(*wide), c) ? 2 : 1;
}

size_t
text_show(struct buf *out, const void *text, size_t n)
{
	const uint8_t *p = text, *end = p + n;
	char escape[VISIBLE_MAX];
	size_t columns = 0, len;

	while (p < end) {
		const uint8_t *start = p;

		while (p < end && *p >= 0x20 && *p < 0x7f)
			p++;
		if (p > start) {
			buf_add(out, start, (size_t)(p - start));
			columns += (size_t)(p - start);
			continue;
		}
		if (visible_escape(p, (size_t)(end - p), &len, escape)) {
			buf_adds(out, escape);
			columns += strlen(escape);
		} else {
			buf_add(out, p, len);
			columns += width_of(visible_code_point(p, len));
		}
		p += len;
	}
	return columns;
}

/* Appends a JSON escape, in UTF-16 code units. */
static void
put_json_escape(struct buf *out, uint32_t c)
{
	if (c >= 0x10000) {
		buf_addf(out, "\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)));
		c = 0xdc00 + (c & 0x3ff);
	}
	buf_addf(out, "\\u%04x", (unsigned)c);
}

void
text_terminal(struct buf *out, const void *text, size_t n, bool json)
{
	const uint8_t *p = text, *end = p + n;
	char escape[VISIBLE_MAX];
	size_t len;

	for (; p < end; p += len) {
		len = 1;
		if (*p == '\n' || *p == '\t' || !visible_escape(p, (size_t)(end - p), &len, escape))
			buf_add(out, p, len);
		else if (json && *p >= 0x80 && utf8_len(p, (size_t)(end - p)) > 0)
			put_json_escape(out, visible_code_point(p, len));
		else
			buf_adds(out, escape);
	}
}

#include "base/visible.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Code points beyond ASCII: Cf and the default ignorables of Unicode 15; ranges may span unassigned ones. */
static const struct range {
	uint32_t first, last;
} hidden[] = {
	{ 0x80, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
	{ 0x70f, 0x70f },
	{ 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }
};

static bool
is_hidden(uint32_t c)
{
	size_t low = 0, high = sizeof(hidden) / sizeof(hidden[0]), middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (c > hidden[middle].last)
			low = middle + 1;
		else if (c < hidden[middle].first)
			high = middle;
		else
			return true;
	}
	return (c & 0xfffe) == 0xfffe;
}

uint32_t
visible_code_point(const void *text, size_t len)
{
	static const uint8_t lead[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const uint8_t *p = text;
	uint32_t c = p[0] & lead[len];
	size_t i;

	for (i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

static void
put_byte(char *out, uint8_t b)
{
	static const char controls[] = "\n\r\t", letters[] = "nrt";
	const char *at = b != '\0' ? strchr(controls, b) : NULL;

	if (at != NULL)
		snprintf(out, VISIBLE_MAX, "\\%c", letters[at - controls]);
	else
		snprintf(out, VISIBLE_MAX, "\\x%02X", b);
}

bool
visible_escape(const void *text, size_t n, size_t *len, char *out)
{
	const uint8_t *p = text;
	uint32_t c;

	*len = 1;
	if (*p >= 0x20 && *p < 0x7f)
		return false;
	if (*p < 0x80 || (*len = utf8_len(p, n)) == 0) {
		*len = 1;
		put_byte(out, *p);
		return true;
	}
	c = visible_code_point(p, *len);
	if (!is_hidden(c))
		return false;
	snprintf(out, VISIBLE_MAX, "\\u{%04X}", (unsigned)c);
	return true;
}

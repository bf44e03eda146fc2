#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

/* Returns the letter after the backslash in the short escape of an ASCII character, or 0 if it has no short escape. */
static char
letter_of(uint8_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = c != '\0' ? strchr(from, c) : NULL;

	return known != NULL ? to[known - from] : '\0';
}

static void
put_ascii(struct buf *out, uint8_t c)
{
	uint8_t escape[2] = { '\\', (uint8_t)letter_of(c) };

	if (escape[1] != '\0')
		buf_add(out, escape, 2);
	else
		buf_addf(out, "\\u%04x", c);
}

/* Can each of eight bytes that is ASCII appear unescaped in a JSON string? */
static bool
plain_word(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t quotes = w ^ '"' * ones, slashes = w ^ '\\' * ones, deletes = w ^ 0x7f * ones;

	return ((((w - 0x20 * ones) & ~w) | ((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes) |
	    ((deletes - ones) & ~deletes)) & high) == 0;
}

/*
 * Returns the length of the text at p that needs no escape: printable ASCII without quotes and backslashes, and valid
 * UTF-8 sequences. sound: the whole text is known to be valid UTF-8.
 */
static size_t
plain(const uint8_t *p, size_t n, bool sound)
{
	size_t i = 0, len;
	uint64_t w;

	while (i < n) {
		if (sound && n - i >= sizeof(w)) {
			memcpy(&w, p + i, sizeof(w));
			if (plain_word(w)) {
				i += sizeof(w);
				continue;
			}
		}
		if ((p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\') || (sound && p[i] >= 0x80))
			i++;
		else if (p[i] >= 0x80 && (len = utf8_len(p + i, n - i)) > 0)
			i += len;
		else
			break;
	}
	return i;
}

void
json_put(struct buf *out, const void *text, size_t n)
{
	const uint8_t *p = text;
	bool sound = n >= 16 && utf8_ok(text, n);	/* costs less than it saves */
	size_t i, len;

	buf_addc(out, '"');
	for (i = 0; i < n; i++) {
		len = plain(p + i, n - i, sound);
		buf_add(out, p + i, len);
		i += len;
		if (i == n)
			break;
		if (p[i] >= 0x80)
			buf_adds(out, "\xef\xbf\xbd");
		else
			put_ascii(out, p[i]);
	}
	buf_addc(out, '"');
}

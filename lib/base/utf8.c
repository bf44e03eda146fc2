#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "simd/simd.h"

bool
utf8_ok(const void *p, size_t n)
{
	return simd.utf8_ok(p, n);
}

size_t
utf8_len(const void *p, size_t n)
{
	return simd_utf8_len(p, n);
}

char *
utf8_shown(const char *s)
{
	char *copy = xstrdup(s);
	size_t i, n = strlen(copy), len;

	for (i = 0; i < n; i += len) {
		if ((len = utf8_len(copy + i, n - i)) == 0) {
			copy[i] = '?';
			len = 1;
		}
	}
	return copy;
}

/* Is the character at p U+F780 to U+F7FF? */
static bool
is_byte(const uint8_t *p, size_t n)
{
	return n >= 3 && p[0] == 0xef && (p[1] == 0x9e || p[1] == 0x9f) && (p[2] & 0xc0) == 0x80;
}

size_t
utf8_from_bytes(void *to, const void *from, size_t n)
{
	const uint8_t *p = from;
	uint8_t *out = to;
	size_t i = 0, len;

	while (i < n) {
		len = is_byte(p + i, n - i) ? 0 : utf8_len(p + i, n - i);
		if (len > 0) {
			memcpy(out, p + i, len);
			out += len;
			i += len;
			continue;
		}
		*out++ = 0xef;
		*out++ = 0x9c + (p[i] >> 6);
		*out++ = 0x80 | (p[i] & 0x3f);
		i++;
	}
	return (size_t)(out - (uint8_t *)to);
}

size_t
utf8_to_bytes(void *to, const void *from, size_t n)
{
	const uint8_t *p = from;
	uint8_t *out = to;
	size_t i = 0;

	while (i < n) {
		if (!is_byte(p + i, n - i)) {
			*out++ = p[i++];
			continue;
		}
		*out++ = (uint8_t)((p[i + 1] - 0x9c) << 6 | (p[i + 2] & 0x3f));
		i += 3;
	}
	return (size_t)(out - (uint8_t *)to);
}

size_t
utf8_count(const void *p, size_t n)
{
	const uint8_t *byte = p, *end = byte + n;
	size_t count = 0;

	for (; byte < end; byte++)
		count += (*byte & 0xc0) != 0x80;
	return count;
}

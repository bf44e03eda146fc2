#include "base/json.h"

#include <string.h>

#include "base/utf8.h"

static void
put_ascii(struct buf *out, uint8_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = c != '\0' ? strchr(from, c) : NULL;

	if (known != NULL)
		buf_addf(out, "\\%c", to[known - from]);
	else if (c < 0x20 || c == 0x7f)
		buf_addf(out, "\\u%04x", c);
	else
		buf_addc(out, c);
}

/* The length of what stands at p as it is: printable ASCII without quotes and backslashes, and whole UTF-8 sequences. */
static size_t
plain(const uint8_t *p, size_t n)
{
	size_t i = 0, len;

	while (i < n) {
		if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
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
	size_t i, len;

	buf_addc(out, '"');
	for (i = 0; i < n; i++) {
		len = plain(p + i, n - i);
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

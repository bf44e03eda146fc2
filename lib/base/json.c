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

void
json_string(struct buf *out, const void *text, size_t n)
{
	const uint8_t *p = text;
	size_t i, len;

	buf_addc(out, '"');
	for (i = 0; i < n; i += len) {
		len = utf8_len(p + i, n - i);
		if (len == 0) {
			buf_adds(out, "\xef\xbf\xbd");
			len = 1;
		} else if (len == 1) {
			put_ascii(out, p[i]);
		} else {
			buf_add(out, p + i, len);
		}
	}
	buf_addc(out, '"');
}

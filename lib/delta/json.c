#include <string.h>

#include "base/utf8.h"
#include "delta/state.h"

void
delta_json_text(struct buf *out, const char *text)
{
	size_t n, len;

	if (text == NULL) {
		buf_adds(out, "null");
		return;
	}
	buf_addc(out, '"');
	for (n = strlen(text); n > 0; text += len, n -= len) {
		unsigned char c = (unsigned char)*text;

		len = 1;
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < 0x20)
			buf_addf(out, "\\u%04x", c);
		else if ((len = utf8_len(text, n)) > 0)
			buf_add(out, text, len);
		else {
			buf_adds(out, "\\ufffd");
			len = 1;
		}
	}
	buf_addc(out, '"');
}

/* Writes fields of CSV. */
#include "csv/csv.h"

#include <string.h>

static bool
needs_quotes(const char *s, size_t n, char delimiter, char quote)
{
	enum { LONG = 64 };	/* texts that are better searched four times by memchr than once by bytes */
	size_t i;

	if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		return true;	/* at the beginning of a file it would be taken off */
	if (n >= LONG)
		return memchr(s, '\n', n) != NULL || memchr(s, delimiter, n) != NULL || memchr(s, quote, n) != NULL ||
		    memchr(s, '\r', n) != NULL;
	for (i = 0; i < n; i++)
		if (s[i] == delimiter || s[i] == quote || s[i] == '\n' || s[i] == '\r')
			return true;
	return false;
}

void
csv_put(struct buf *out, const void *text, size_t n, char delimiter, char quote)
{
	const char *s = text, *q;
	size_t part;

	if (quote == '\0' || !needs_quotes(s, n, delimiter, quote)) {
		buf_add(out, s, n);
		return;
	}
	buf_addc(out, (uint8_t)quote);
	while ((q = memchr(s, quote, n)) != NULL) {
		part = (size_t)(q - s) + 1;
		buf_add(out, s, part);
		buf_addc(out, (uint8_t)quote);
		s += part;
		n -= part;
	}
	buf_add(out, s, n);
	buf_addc(out, (uint8_t)quote);
}

void
csv_put_alone(struct buf *out, const void *text, size_t n, char delimiter, char quote)
{
	if (n > 0 || quote == '\0') {
		csv_put(out, text, n, delimiter, quote);
		return;
	}
	buf_addc(out, (uint8_t)quote);
	buf_addc(out, (uint8_t)quote);
}

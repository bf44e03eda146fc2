/* Writes CSV fields. */
#include "csv/csv.h"

#include <string.h>

static bool
needs_quotes(const uint8_t *s, size_t n, struct csv_format f)
{
	enum { LONG = 64 };	/* from this length on, four memchr calls are faster than one loop over bytes */
	size_t i;

	if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		return true;	/* readers skip a byte order mark at the beginning of a file */
	if (n >= LONG)
		return memchr(s, '\n', n) != NULL || memchr(s, f.delimiter, n) != NULL ||
		    memchr(s, f.quote, n) != NULL ||
		    memchr(s, '\r', n) != NULL;
	for (i = 0; i < n; i++)
		if (s[i] == f.delimiter || s[i] == f.quote || s[i] == '\n' || s[i] == '\r')
			return true;
	return false;
}

/* Returns the length of the text up to and including the first quote or escape, or n. */
static size_t
find_special(const uint8_t *s, size_t n, struct csv_format f)
{
	const uint8_t *q = memchr(s, f.quote, n), *e = NULL;

	if (q != NULL)
		n = (size_t)(q - s) + 1;
	if (f.escape != 0)
		e = memchr(s, f.escape, n);
	return e != NULL ? (size_t)(e - s) + 1 : n;
}

/* Writes text between quotes. Doubles quotes, and escapes too, as an escape before a quote would change its meaning. */
static void
put_quoted(struct buf *out, const uint8_t *s, size_t n, struct csv_format f)
{
	size_t part;

	buf_addc(out, f.quote);
	for (; n > 0; s += part, n -= part) {
		part = find_special(s, n, f);
		buf_add(out, s, part);
		if (s[part - 1] == f.quote || (s[part - 1] == f.escape && f.escape != 0))
			buf_addc(out, s[part - 1]);
	}
	buf_addc(out, f.quote);
}

void
csv_put(struct buf *out, const void *text, size_t n, struct csv_format format)
{
	if (format.quote == 0 || !needs_quotes(text, n, format))
		buf_add(out, text, n);
	else
		put_quoted(out, text, n, format);
}

void
csv_put_text(struct buf *out, const void *text, size_t n, struct csv_format format)
{
	if (n > 0 || format.quote == 0)
		csv_put(out, text, n, format);
	else
		put_quoted(out, text, n, format);
}

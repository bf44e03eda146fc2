#include "csv/layout.h"

#include <string.h>

#include "regex/regex.h"

bool
csv_layout_is_comment(const struct csv_layout *l, const uint8_t *line, size_t n)
{
	size_t want = l->comment != NULL ? strlen(l->comment) : SIZE_MAX;

	return n >= want && memcmp(line, l->comment, want) == 0;
}

/* Does the footer begin with this line of n bytes, without its line end? */
static bool
begins_footer(const struct csv_layout *l, const uint8_t *line, size_t n)
{
	while (n > 0 && line[n - 1] == '\r')
		n--;
	return l->footer_from != NULL && regex_matches(l->footer_from, line, n);
}

size_t
csv_layout_next(const struct csv_layout *l, const uint8_t *p, size_t n, bool eof)
{
	const uint8_t *lf;
	size_t at, len;

	for (at = 0; at < n; at += len + 1) {
		lf = memchr(p + at, '\n', n - at);
		if (lf == NULL && !eof)
			break;
		len = lf != NULL ? (size_t)(lf - p) - at : n - at;
		if (csv_layout_is_comment(l, p + at, len) || begins_footer(l, p + at, len))
			return at;
	}
	return n;
}

size_t
csv_layout_rows(const uint8_t *p, size_t n, size_t lines, bool eof)
{
	const uint8_t *lf = p + n - 1;
	size_t end = n;

	if (n == 0)
		return 0;
	if (*lf != '\n' && !eof && (lf = memrchr(p, '\n', n)) == NULL)
		return 0;
	if (*lf == '\n')
		end = (size_t)(lf - p);
	for (; lines > 0; lines--) {
		if ((lf = memrchr(p, '\n', end)) == NULL)
			return 0;
		end = (size_t)(lf - p);
	}
	return end + 1;
}

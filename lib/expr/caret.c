/* Shows the text of an expression with a caret under the position of an error. */
#include "base/utf8.h"
#include "expr/expr.h"
#include "text/width.h"

enum { AROUND = 60 };		/* bytes shown on either side of the position */

/* Does a character begin at offset i? */
static bool
is_start(const char *text, size_t i)
{
	return ((unsigned char)text[i] & 0xc0) != 0x80;
}

void
expr_caret(const char *text, size_t n, size_t where, struct buf *out)
{
	size_t from = where > AROUND ? where - AROUND : 0, to = n - where > AROUND ? where + AROUND : n;
	size_t columns;

	while (from > 0 && from < where && !is_start(text, from))
		from++;
	while (to < n && !is_start(text, to))
		to++;
	buf_adds(out, from > 0 ? "    ..." : "    ");
	columns = from > 0 ? 7 : 4;
	columns += text_show(out, text + from, where - from);
	text_show(out, text + where, to - where);
	buf_adds(out, to < n ? "...\n" : "\n");
	buf_addf(out, "%*s^\n", (int)columns, "");
}

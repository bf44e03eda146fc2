/* Formats one value as text. */
#include "text/cell.h"

struct rec_field
cell_string(struct rec_field f, struct buf *scratch)
{
	if (val_string_plain(f.p, f.n))
		return f;
	scratch->len = 0;
	buf_room(scratch, f.n + 1);
	f.n = val_get_string(scratch->p, f.p, f.n);
	f.p = scratch->p;
	return f;
}

void
cell_tsv(struct buf *out, const void *text, size_t n)
{
	const uint8_t *p = text, *end = p + n;

	while (p < end) {
		const uint8_t *start = p;

		while (p < end && *p >= 0x20 && *p != '\\')
			p++;
		buf_add(out, start, (size_t)(p - start));
		if (p == end)
			return;
		switch (*p) {
		case '\\':
			buf_adds(out, "\\\\");
			break;
		case '\t':
			buf_adds(out, "\\t");
			break;
		case '\n':
			buf_adds(out, "\\n");
			break;
		case '\r':
			buf_adds(out, "\\r");
			break;
		default:
			buf_addf(out, "\\x%02X", *p);
		}
		p++;
	}
}

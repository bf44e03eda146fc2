/* Formats one value as text. */
#include "base/num.h"
#include "text/cell.h"

void
cell_plain(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	char *room;

	switch (t.kind) {
	case VAL_INT32:
	case VAL_INT64:
		room = (char *)buf_room(out, NUM_TEXT);
		out->len += num_put_int64(room, val_int(p));
		break;
	case VAL_DATE:
		room = (char *)buf_room(out, NUM_TEXT);
		out->len += num_put_date(room, (int32_t)val_int(p));
		break;
	case VAL_DECIMAL:
		room = (char *)buf_room(out, NUM_TEXT);
		out->len += num_put_decimal(room, val_is_narrow(t) ? val_int(p) : val_wide(p), t.scale);
		break;
	default:
		val_text(t, p, n, out);
	}
}

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

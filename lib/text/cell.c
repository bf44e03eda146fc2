/* One value as text. */
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
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

/* A byte of a JSON string that cannot stand as it is. */
static void
json_escape(struct buf *out, uint8_t c)
{
	static const char letters[0x20] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

	if (c >= 0x20)
		buf_addf(out, "\\%c", c);
	else if (letters[c] != 0)
		buf_addf(out, "\\%c", letters[c]);
	else
		buf_addf(out, "\\u%04x", c);
}

void
cell_json(struct buf *out, const void *text, size_t n)
{
	const uint8_t *p = text, *end = p + n;

	buf_addc(out, '"');
	while (p < end) {
		const uint8_t *start = p;
		size_t len = 1;

		for (; p < end && len > 0 && *p >= 0x20 && *p != '"' && *p != '\\'; p += len)
			if (*p >= 0x80)
				len = utf8_len(p, (size_t)(end - p));
			else
				len = 1;
		buf_add(out, start, (size_t)(p - start));
		if (p == end)
			break;
		if (*p >= 0x80)
			buf_adds(out, "\\ufffd");
		else
			json_escape(out, *p);
		p++;
	}
	buf_addc(out, '"');
}

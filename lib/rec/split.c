#include "rec/split.h"

#include <string.h>

#include "val/check.h"

void
rec_form(struct simd_form *f, const struct rec_header *h)
{
	struct val_checker checker;
	const struct rec_column *c;
	bool number;
	size_t i, from;

	memset(f, 0, sizeof(*f));
	if (h->ncolumns > SIMD_FORM_COLUMNS)
		return;
	f->ncolumns = h->ncolumns;
	f->bytes = rec_header_is_bytes(h);
	for (i = 0; i <= 2 * SIMD_FORM_COLUMNS; i++)
		f->next[i] = (uint8_t)(i % h->ncolumns);
	for (i = 0; i < h->ncolumns + 16; i++) {
		val_checker(&checker, h->columns[i % h->ncolumns].type, f->bytes);
		f->groups[i] = (uint8_t)checker.range.safe_groups;
	}
	for (from = 0; from <= h->ncolumns; from++)
		for (i = 0; i < 64; i++) {
			c = &h->columns[(from + i) % h->ncolumns];
			number = val_is_narrow(c->type) || c->type.kind == VAL_DECIMAL;
			f->number[from] |= (uint64_t)number << i;
			f->last[from] |= (uint64_t)((from + i + 1) % h->ncolumns == 0) << i;
			if (i >= 16 || from == h->ncolumns)
				continue;
			f->numbers16[from] |= (uint16_t)(number << i);
			f->texts16[from] |= (uint16_t)((c->type.kind == VAL_STRING) << i);
			f->nullable16[from] |= (uint16_t)(!c->required << i);
		}
}

size_t
rec_split(const struct simd_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
    struct simd_seen *seen)
{
	*seen = (struct simd_seen){ .lines = false };
	if (form->ncolumns > 0 && simd.split != NULL)
		return simd.split(form, base, from, to, out, seen);
	return simd.separators(base, from, to, out, &seen->text);
}

#include <string.h>

#include "rec/rec.h"

struct rec_field
rec_key(struct rec r, const size_t *idx, size_t n, struct buf *scratch)
{
	struct rec_field f = rec_field(r, idx[0]);
	size_t i;

	if (n == 1)
		return f;
	scratch->len = 0;
	buf_add(scratch, f.p, f.n);
	for (i = 1; i < n; i++) {
		f = rec_field(r, idx[i]);
		buf_addc(scratch, '\t');
		buf_add(scratch, f.p, f.n);
	}
	memset(buf_room(scratch, VAL_PAD), 0, VAL_PAD);
	return (struct rec_field){ scratch->p, scratch->len };
}

bool
rec_key_has_null(struct rec r, const size_t *idx, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rec_is_null(r, idx[i]))
			return true;
	return false;
}

int
rec_change_sign(struct rec_field type)
{
	static const struct { const char *word; int sign; } types[] = {
		{ "insert", 1 }, { "update_postimage", 1 }, { "update_preimage", -1 }, { "delete", -1 }
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strlen(types[i].word) == type.n && memcmp(types[i].word, type.p, type.n) == 0)
			return types[i].sign;
	return 0;
}

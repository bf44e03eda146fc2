/* Two columns that say where a clean row comes from: the delivery and the line of its file. */
#include "base/hash.h"
#include "clean/clean.h"

static const char *const names[] = { "_delivery", "_line" };
enum { COLUMNS = 2, WORD = 16 };	/* WORD: more than the bytes of a number and two TABs */

int
clean_stamp_header(const struct schema *s, struct rec_header *h, struct msg *err)
{
	const struct val_type type = { .kind = VAL_INT64 };
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		if (rec_header_find(h, names[i]) >= 0)
			return msg_set(err, EX_CONFIG, "%s: has a column %s of its own", s->name, names[i]);
		rec_header_add(h, names[i], type, false, true);
	}
	return 0;
}

void
clean_stamp_init(struct clean_stamp *s, int64_t delivery)
{
	s->bytes[0] = '\t';
	s->n = 1 + val_put_int(s->bytes + 1, delivery);
	s->bytes[s->n++] = '\t';
}

uint8_t *
clean_stamp_put(const struct clean_stamp *s, struct rec raw, uint8_t *end)
{
	struct rec_field line = rec_field(raw, 0);

	memcpy(end, s->bytes, WORD);
	memcpy(end + s->n, line.p, WORD);
	return end + s->n + line.n;
}

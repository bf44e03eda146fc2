/*
 * Rewrites fields in a file's own notation as their type has them, so that the fast paths of plain columns take them.
 * What is not rewritten here is left to column_judge.
 */
#include "clean/column.h"

enum { MOST = 64, SLOT = MOST + VAL_PAD };	/* longest field rewritten; bytes for each */

/* Has the column a way of its own to write values, all of which can be rewritten? */
bool
column_has_plain(const struct column *c)
{
	const struct schema_column *s = c->schema;
	size_t i;

	for (i = 0; i < s->nformats; i++)
		if (s->formats[i].width == 0)
			return false;
	return s->notation != NULL || s->nformats > 0;
}

/* Returns the length of the text written, 0 if the field cannot be rewritten. `out` has SLOT bytes. */
static size_t
rewrite(const struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	const struct schema_column *s = c->schema;
	size_t i, len = 0;

	if (n > MOST)
		return 0;
	if (s->notation != NULL)
		return val_notation_plain_padded(s->notation, (const char *)p, n, (char *)out, &len) ? len : 0;
	for (i = 0; i < s->nformats; i++)
		if (val_moment_plain(&s->formats[i], s->century, (const char *)p, n, (char *)out))
			return VAL_MOMENT_PLAIN;
	return 0;
}

static bool
is_nothing(const uint8_t *p, size_t n)
{
	return n == 1 && (*p == VAL_NULL || *p == VAL_EMPTY);
}

uint8_t *
column_put_plain(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	uint8_t plain[SLOT];
	size_t len;

	if (is_nothing(p, n))
		return c->put_plain(c, p, n, out);
	len = rewrite(c, p, n, plain);
	return len == 0 ? NULL : c->put_plain(c, plain, len, out);
}

/* Rewrites fields to slots. Short numbers go together; a length of 0 is left for what cannot be rewritten. */
static void
rewrite_all(const struct column *c, const uint8_t *base, size_t n, uint8_t *slot, uint32_t *lengths)
{
	const struct val_notation *w = c->schema->notation;
	const struct column_rows *r = c->rows;
	size_t i;

	memset(lengths, 0, n * sizeof(*lengths));
	if (w != NULL && w->quick)
		simd.amounts(&w->form, base, r->start, r->n, n, slot, SLOT, lengths);
	for (i = 0; i < n; i++, slot += SLOT)
		if (lengths[i] == 0 && !is_nothing(base + r->start[i], r->n[i]))
			lengths[i] = (uint32_t)rewrite(c, base + r->start[i], r->n[i], slot);
}

uint64_t
column_take_plain(struct column *c, const uint8_t *base, size_t n)
{
	struct column_rows *r = c->rows;
	uint8_t *slot = buf_room(&r->store, COLUMN_ROWS * SLOT + VAL_PAD);
	const uint8_t *p;
	size_t i;

	rewrite_all(c, base, n, slot, r->own_n);
	for (i = 0; i < n; i++, slot += SLOT) {
		if (r->own_n[i] == 0) {
			p = base + r->start[i];
			slot[r->own_n[i]++] = is_nothing(p, r->n[i]) ? *p : '?';	/* valid for no type */
		}
		slot[r->own_n[i]] = '\t';
		r->own_start[i] = (uint32_t)(slot - r->store.p);
	}
	for (; i % 8 != 0; i++) {
		r->own_start[i] = r->own_start[n - 1];
		r->own_n[i] = r->own_n[n - 1];
	}
	r->start = r->own_start;
	r->n = r->own_n;
	return c->take_plain(c, r->store.p, n);
}

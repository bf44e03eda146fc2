/* Extracts the keys of many records at once. */
#include <string.h>

#include "join/join.h"
#include "map/bytes.h"

void
join_keys_set(struct join_keys *keys, const size_t *idx, size_t n)
{
	keys->n = n;
	keys->run = true;
	for (size_t i = 0; i < n; i++) {
		keys->idx[i] = idx[i];
		if (i > 0 && idx[i] != idx[i - 1] + 1)
			keys->run = false;
	}
}

/* Makes views of keys that are slices of their records. */
static void
fill_views(struct join_block *k, const struct join_keys *keys, const uint32_t *off, const struct rec_batch *b, size_t n)
{
	size_t from = keys->idx[0], to = from + keys->n;

	for (size_t i = 0; i < n; i++, off += b->stride)
		k->key[i] = (struct rec_field){ b->base + off[from], (size_t)(off[to] - off[from]) - 1 };
}

/* Copies keys to scratch, field by field. */
static void
fill_copies(struct join_block *k, const struct join_keys *keys, const uint32_t *off, const struct rec_batch *b,
    size_t n)
{
	const uint32_t *o = off;
	size_t total = VAL_PAD;
	uint8_t *p;

	for (size_t i = 0; i < n; i++, o += b->stride)
		for (size_t c = 0; c < keys->n; c++)
			total += o[keys->idx[c] + 1] - o[keys->idx[c]];
	k->scratch.len = 0;
	p = buf_room(&k->scratch, total);
	for (size_t i = 0; i < n; i++, off += b->stride) {
		k->key[i].p = p;
		for (size_t c = 0; c < keys->n; c++) {
			size_t len = (size_t)(off[keys->idx[c] + 1] - off[keys->idx[c]]) - 1;

			memcpy(p, b->base + off[keys->idx[c]], len);
			p += len;
			*p++ = '\t';
		}
		k->key[i].n = (size_t)(p - k->key[i].p) - 1;
	}
}

void
join_block_fill(struct join_block *k, const struct join_keys *keys, const struct rec_batch *b, size_t i, size_t n)
{
	const uint32_t *off = b->off + i * b->stride;

	if (keys->run)
		fill_views(k, keys, off, b, n);
	else
		fill_copies(k, keys, off, b, n);
	for (size_t j = 0; j < n; j++) {
		k->hash[j] = map_hash(k->key[j].p, k->key[j].n);
		k->null[j] = false;
	}
	for (size_t c = 0; c < keys->n; c++)
		for (size_t j = 0; j < n; j++)
			k->null[j] |= b->base[off[j * b->stride + keys->idx[c]]] == VAL_NULL;
}

void
join_block_free(struct join_block *k)
{
	buf_free(&k->scratch);
}

/* Dictionaries of byte values, for writing: a hash table. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "parquet/encode/dict.h"
#include "parquet/format/load.h"

enum { WAIT = 2048 };			/* values after which fewer than half may be distinct */

/*
 * Makes a key of four overlapping words, which cover all bytes of values of 4 to 16 bytes, so that it distinguishes
 * values of one length; branch-free in the length.
 */
static inline struct dict_entry
bytes_key(struct pq_bytes v)
{
	struct dict_entry e = { 0, 0, 0, (uint32_t)v.n };
	size_t half = v.n / 8 * 4;

	if (v.n > 16) {
		e.a = hash_key(v.p, v.n);
	} else if (v.n >= 4) {
		e.a = (uint64_t)load_u32(v.p) << 32 | load_u32(v.p + half);
		e.b = (uint64_t)load_u32(v.p + v.n - 4) << 32 | load_u32(v.p + v.n - 4 - half);
	} else if (v.n > 0) {
		e.a = (uint64_t)v.p[0] << 16 | (uint64_t)v.p[v.n / 2] << 8 | v.p[v.n - 1];
	}
	return e;
}

static inline uint64_t
bytes_hash(const struct dict_entry *e)
{
	uint64_t h = hash_words(e->a, e->b + e->len);

	return h ^ h >> 32;
}

static void
bytes_grow(struct dict_bytes *d)
{
	size_t slots = d->slots == NULL ? 1024 : (d->mask + 1) * 2, i, at;

	free(d->slots);
	d->slots = xcalloc(slots, sizeof(*d->slots));
	d->mask = slots - 1;
	d->cap = slots / 2;
	d->entries = xreallocarray(d->entries, d->cap, sizeof(*d->entries));
	for (i = 0; i < d->n; i++) {
		for (at = bytes_hash(&d->entries[i]) & d->mask; d->slots[at] != 0; at = (at + 1) & d->mask)
			;
		d->slots[at] = (uint32_t)i + 1;
	}
}

static inline bool
bytes_equal(const struct dict_bytes *d, const struct dict_entry *e, const struct dict_entry *key, struct pq_bytes v)
{
	return e->a == key->a && e->b == key->b && e->len == key->len &&
	    (v.n <= 16 || memcmp(d->data.p + e->off, v.p, v.n) == 0);
}

/* Adds an entry at a free slot. Returns false if the dictionary would no longer pay. */
static bool
bytes_insert(struct dict_bytes *d, struct pq_bytes v, const struct dict_entry *key, size_t at, size_t values)
{
	if (d->n == DICT_MAX || v.n > DICT_MAX_BYTES - d->data.len || (values > WAIT && d->n > values / 2))
		return false;
	d->entries[d->n] = *key;
	d->entries[d->n].off = (uint32_t)d->data.len;
	buf_add(&d->data, v.p, v.n);
	d->slots[at] = (uint32_t)++d->n;
	if (d->n == d->cap)
		bytes_grow(d);
	return true;
}

/*
 * Finds the indexes of values of 4 to 16 bytes, compared by their keys alone, while each is at its first slot.
 * Returns how many.
 */
static size_t
find_short(const struct dict_bytes *d, const struct pq_bytes *v, size_t n, uint32_t *restrict index)
{
	const struct dict_entry *entries = d->entries, *e;
	const uint32_t *slots = d->slots;
	size_t mask = d->mask, i;
	struct dict_entry key;
	uint32_t slot;

	for (i = 0; i < n && v[i].n - 4 <= 12; i++) {
		key = bytes_key(v[i]);
		slot = slots[bytes_hash(&key) & mask];
		e = &entries[slot - (slot > 0)];
		if (slot == 0 || e->a != key.a || e->b != key.b || e->len != key.len)
			break;
		index[i] = slot - 1;
	}
	return i;
}

size_t
dict_bytes_add(struct dict_bytes *d, const struct pq_bytes *v, size_t n)
{
	uint32_t *index = (uint32_t *)(void *)buf_room(&d->index, n * sizeof(*index)), e;
	struct dict_entry key;
	size_t i, at;

	if (d->slots == NULL)
		bytes_grow(d);
	for (i = find_short(d, v, n, index); i < n; i++, i += find_short(d, v + i, n - i, index + i)) {
		key = bytes_key(v[i]);
		for (at = bytes_hash(&key) & d->mask; (e = d->slots[at]) != 0; at = (at + 1) & d->mask)
			if (bytes_equal(d, &d->entries[e - 1], &key, v[i]))
				break;
		if (e == 0) {
			if (!bytes_insert(d, v[i], &key, at, d->nvalues + i + 1))
				break;
			e = (uint32_t)d->n;
				}
		index[i] = e - 1;
	}
	d->index.len += i * sizeof(*index);
	d->nvalues += i;
	return i;
}

void
dict_bytes_clear(struct dict_bytes *d)
{
	if (d->slots != NULL)
		memset(d->slots, 0, (d->mask + 1) * sizeof(*d->slots));
	d->n = d->nvalues = 0;
	d->data.len = d->index.len = 0;
}

void
dict_bytes_free(struct dict_bytes *d)
{
	free(d->slots);
	free(d->entries);
	buf_free(&d->data);
	buf_free(&d->index);
}

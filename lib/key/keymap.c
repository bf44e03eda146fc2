/* Growth and ordering of the map of keys. */
#include <stdlib.h>

#include "base/mem.h"
#include "key/keymap.h"

enum {
	FIRST_BITS = 8,		/* lines of an empty map: 2^8 */
	FIRST_PLACES = 256,
	SMALL_SORT = 24		/* from so few keys on, insertion sort */
};

/* Allocates slots, all free. */
static struct keymap_slot *
new_slots(size_t nslots)
{
	if (nslots > SIZE_MAX / sizeof(struct keymap_slot))
		return xcalloc(nslots, sizeof(struct keymap_slot));	/* reports the error */
	return memset(xhuge_grow(NULL, 0, nslots * sizeof(struct keymap_slot)), 0, nslots * sizeof(struct keymap_slot));
}

static size_t
limit_of(size_t nslots)
{
	return nslots / 4 * 3 < UINT32_MAX ? nslots / 4 * 3 : UINT32_MAX;
}

static void
set_size(struct keymap *m, size_t nslots, unsigned shift)
{
	m->slots = new_slots(nslots);
	m->nslots = nslots;
	m->shift = shift;
	m->limit = (uint32_t)limit_of(nslots);
}

void
keymap_init(struct keymap *m)
{
	memset(m, 0, sizeof(*m));
	set_size(m, (size_t)KEYMAP_LINE << FIRST_BITS, 32 - FIRST_BITS);
}

void
keymap_free(struct keymap *m)
{
	free(m->slots);
	free(m->places);
	pool_free(&m->pool);
	memset(m, 0, sizeof(*m));
}

void
keymap_clear(struct keymap *m)
{
	memset(m->slots, 0, m->nslots * sizeof(*m->slots));
	pool_free(&m->pool);
	memset(&m->pool, 0, sizeof(m->pool));
	m->n = 0;
}

/* ---- Look-ups and growth ---- */

uint32_t
keymap_find_long(const struct keymap *m, const uint8_t *key, size_t n, uint64_t hash)
{
	size_t i = keymap_home(m, hash);
	const struct keymap_slot *s;
	const struct keymap_long *k;

	for (;; i = (i + 1) & (m->nslots - 1)) {
		s = &m->slots[i];
		if (s->number == 0)	/* lines fill up from their first slot */
			return KEYMAP_ABSENT;
		if (s->hi != KEYMAP_LONG(hash))
			continue;
		k = keymap_long_at(s);
		if (k->hash == hash && k->n == n && memcmp(k->bytes, key, n) == 0)
			return s->number - 1;
	}
}

static void
place(struct keymap *m, struct keymap_slot e, uint64_t hash)
{
	size_t i = keymap_home(m, hash);

	while (m->slots[i].number != 0)
		i = (i + 1) & (m->nslots - 1);
	m->slots[i] = e;
	m->places[e.number - 1] = (uint32_t)i;
}

static uint64_t
hash_of(const struct keymap_slot *s)
{
	return keymap_is_long(s) ? keymap_long_at(s)->hash : hash_words(s->lo, s->hi);
}

/* Doubles the table. A search starts at the top bits of the hash, so both tables are traversed in the same order. */
static void
grow(struct keymap *m)
{
	struct keymap_slot *old = m->slots;
	size_t nold = m->nslots, i;

	set_size(m, nold * 2, m->shift - 1);
	for (i = 0; i < nold; i++) {
		if (old[i].number != 0)
			place(m, old[i], hash_of(&old[i]));
	}
	free(old);
}

static size_t
places_after(const struct keymap *m, size_t n)
{
	size_t cap = m->cap;

	while (cap < n)
		cap = cap < FIRST_PLACES ? FIRST_PLACES : 2 * cap;
	return cap < UINT32_MAX ? cap : UINT32_MAX;
}

uint32_t
keymap_append(struct keymap *m, const uint8_t *key, size_t n, uint64_t hash, struct keymap_slot e)
{
	struct keymap_long *k;

	if (m->n >= m->limit && m->nslots > UINT32_MAX / 2)	/* 2^32 slots: the most that `places` can index */
		return KEYMAP_ABSENT;
	if (m->n >= m->limit)
		grow(m);
	if (m->n == m->cap) {
		m->cap = (uint32_t)places_after(m, (size_t)m->n + 1);
		m->places = xhuge_grow(m->places, m->n * sizeof(*m->places), m->cap * sizeof(*m->places));
	}
	if (n > KEYMAP_INLINE) {
		k = pool_alloc(&m->pool, sizeof(*k) + n);
		k->hash = hash;
		k->n = (uint32_t)n;
		memcpy(k->bytes, key, n);
		e.lo = (uint64_t)(uintptr_t)k;
		e.hi = KEYMAP_LONG(hash);
	}
	e.number = m->n + 1;
	place(m, e, hash);
	return m->n++;
}

size_t
keymap_memory(const struct keymap *m)
{
	return m->nslots * sizeof(*m->slots) + m->cap * sizeof(*m->places) + m->pool.used;
}

size_t
keymap_memory_after(const struct keymap *m, size_t more)
{
	size_t n = m->n + more, slots = m->nslots, cap = places_after(m, n);

	while (n > limit_of(slots))
		slots *= 2;
	if (slots > m->nslots)
		slots += slots / 2;	/* during growth the old table is still allocated */
	if (cap > m->cap)
		cap += m->cap;
	return slots * sizeof(*m->slots) + cap * sizeof(*m->places) + m->pool.used;
}

/* ---- Order ---- */

struct item {
	uint64_t prefix;	/* eight bytes of the key at some depth, big-endian, padded with zeros */
	uint32_t slot;
};

static uint64_t
prefix_at(const struct keymap *m, uint32_t slot, size_t depth)
{
	uint64_t v = 0;
	size_t n;
	const uint8_t *p = keymap_slot_key(&m->slots[slot], &n);

	if (depth < n)
		memcpy(&v, p + depth, n - depth < 8 ? n - depth : 8);
	return be64toh(v);
}

static bool
item_less(const struct keymap *m, const struct item *a, const struct item *b, size_t depth)
{
	const uint8_t *p, *q;
	size_t n, k;
	int c;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	p = keymap_slot_key(&m->slots[a->slot], &n);
	q = keymap_slot_key(&m->slots[b->slot], &k);
	if (n <= depth + 8 || k <= depth + 8)
		return n < k;
	c = memcmp(p + depth + 8, q + depth + 8, (n < k ? n : k) - depth - 8);
	return c != 0 ? c < 0 : n < k;
}

static void
sort_few(const struct keymap *m, struct item *v, size_t n, size_t depth)
{
	struct item t;
	size_t i, j;

	for (i = 1; i < n; i++) {
		t = v[i];
		for (j = i; j > 0 && item_less(m, &t, &v[j - 1], depth); j--)
			v[j] = v[j - 1];
		v[j] = t;
	}
}

static unsigned
digit(const struct item *v, unsigned shift)
{
	return (unsigned)(v->prefix >> shift) & 255;
}

/* Moves the items into the buckets of one byte of their prefixes, in place; bucket b is start[b] to start[b + 1]. */
static void
sort_byte(struct item *v, size_t n, unsigned shift, size_t start[257])
{
	size_t next[256], i, b;
	struct item t, u;

	memset(start, 0, 257 * sizeof(*start));
	for (i = 0; i < n; i++)
		start[digit(&v[i], shift) + 1]++;
	for (b = 0; b < 256; b++) {
		start[b + 1] += start[b];
		next[b] = start[b];
	}
	for (b = 0; b < 256; b++) {
		while (next[b] < start[b + 1]) {
			for (t = v[next[b]]; digit(&t, shift) != b; t = u) {
				u = v[next[digit(&t, shift)]];
				v[next[digit(&t, shift)]++] = t;
			}
			v[next[b]++] = t;
		}
	}
}

/*
 * In-place radix sort from the most significant byte (the American flag sort of McIlroy, Bostic and McIlroy, 1993),
 * eight bytes of the keys at a time: v holds items equal in all bytes before depth, and in those of their prefix above
 * `shift`. Iterates over the largest bucket and recurses into the others, so that the recursion is at most as deep as n
 * has bits.
 */
static void
sort_items(const struct keymap *m, struct item *v, size_t n, size_t depth, unsigned shift)
{
	size_t start[257], i, b, largest;
	uint64_t differ;

	while (n > SMALL_SORT) {
		for (differ = 0, i = 1; i < n; i++)
			differ |= v[i].prefix ^ v[0].prefix;
		if (differ == 0) {	/* the keys are distinct, so they have more bytes */
			depth += 8;
			shift = 56;
			for (i = 0; i < n; i++)
				v[i].prefix = prefix_at(m, v[i].slot, depth);
			continue;
		}
		while ((differ >> shift & 255) == 0)
			shift -= 8;
		sort_byte(v, n, shift, start);
		shift = shift > 0 ? shift - 8 : 0;
		for (largest = 0, b = 1; b < 256; b++) {
			if (start[b + 1] - start[b] > start[largest + 1] - start[largest])
				largest = b;
		}
		for (b = 0; b < 256; b++) {
			if (b != largest && start[b + 1] - start[b] > 1)
				sort_items(m, v + start[b], start[b + 1] - start[b], depth, shift);
		}
		v += start[largest];
		n = start[largest + 1] - start[largest];
	}
	sort_few(m, v, n, depth);
}

static struct item
first_item(const struct keymap *m, size_t slot)
{
	const struct keymap_slot *s = &m->slots[slot];
	uint64_t v = s->lo;

	if (keymap_is_long(s))
		memcpy(&v, keymap_long_at(s)->bytes, sizeof(v));
	return (struct item){ be64toh(v), (uint32_t)slot };
}

uint32_t *
keymap_order(const struct keymap *m)
{
	struct item *v;
	uint32_t *order, slot;
	size_t i, n = 0;

	if (m->n == 0)
		return NULL;
	v = xreallocarray(NULL, m->n, sizeof(*v));
	for (i = 0; i < m->nslots; i++) {
		if (m->slots[i].number != 0)
			v[n++] = first_item(m, i);
	}
	sort_items(m, v, m->n, 0, 56);
	order = (uint32_t *)(void *)v;	/* keeps the slots only, overwriting what has been read */
	for (i = 0; i < m->n; i++) {
		slot = v[i].slot;
		memcpy(&order[i], &slot, sizeof(slot));
	}
	return xreallocarray(order, m->n, sizeof(*order));
}

/* The map of keys: its growth, and its keys in order. */
#include <stdlib.h>
#include <sys/mman.h>

#include "key/keymap.h"

enum {
	FIRST_BITS = 10,	/* slots of an empty map: 2^10 */
	FIRST_ENTRIES = 256,
	HUGE = 2 << 20,		/* from this size on a table asks for huge pages, as it is read all over */
	SMALL_SORT = 24		/* so few keys are sorted by insertion */
};

/* All free. */
static uint64_t *
new_slots(size_t nslots)
{
	size_t bytes = nslots * sizeof(uint64_t);
	void *p;

	if (bytes < HUGE)
		return xcalloc(nslots, sizeof(uint64_t));
	if (nslots > SIZE_MAX / sizeof(uint64_t) || posix_memalign(&p, HUGE, bytes) != 0)
		return xcalloc(nslots, sizeof(uint64_t));
#ifdef MADV_HUGEPAGE
	(void)madvise(p, bytes, MADV_HUGEPAGE);	/* a wish */
#endif
	return memset(p, 0, bytes);
}

static void
set_size(struct keymap *m, size_t nslots, unsigned shift)
{
	m->nslots = nslots;
	m->shift = shift;
	m->limit = (uint32_t)(nslots / 4 * 3 < UINT32_MAX ? nslots / 4 * 3 : UINT32_MAX);
}

void
keymap_init(struct keymap *m)
{
	memset(m, 0, sizeof(*m));
	set_size(m, (size_t)1 << FIRST_BITS, 32 - FIRST_BITS);
	m->slots = new_slots(m->nslots);
}

void
keymap_free(struct keymap *m)
{
	free(m->slots);
	free(m->entries);
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

/* Doubles the table. The start of a search is the top of the hash, so both tables are gone through from end to end. */
void
keymap_grow(struct keymap *m)
{
	uint64_t *old = m->slots;
	size_t nold = m->nslots, i, j;

	if (m->shift == 0) {	/* 2^32 slots: full is what keymap_append says */
		m->limit = UINT32_MAX;
		return;
	}
	set_size(m, nold * 2, m->shift - 1);
	m->slots = new_slots(m->nslots);
	for (i = 0; i < nold; i++) {
		if (old[i] == 0)
			continue;
		for (j = keymap_home(m, old[i]); m->slots[j] != 0; j = (j + 1) & (m->nslots - 1))
			continue;
		m->slots[j] = old[i];
	}
	free(old);
}

static size_t
entries_after(const struct keymap *m, size_t n)
{
	size_t cap = m->cap;

	while (cap < n)
		cap = cap < FIRST_ENTRIES ? FIRST_ENTRIES : cap + cap / 2;
	return cap;
}

uint32_t
keymap_append(struct keymap *m, const uint8_t *key, const struct keymap_entry *e)
{
	struct keymap_entry *to;
	size_t cap;

	if (m->n >= UINT32_MAX - 1)
		return KEYMAP_ABSENT;
	if (m->n == m->cap) {
		cap = entries_after(m, (size_t)m->n + 1);
		m->cap = (uint32_t)(cap < UINT32_MAX ? cap : UINT32_MAX);
		m->entries = xreallocarray(m->entries, m->cap, sizeof(*m->entries));
	}
	to = &m->entries[m->n];
	*to = *e;
	if (e->n > KEYMAP_INLINE)
		to->lo = (uint64_t)(uintptr_t)pool_copy(&m->pool, key, e->n);
	return m->n++;
}

size_t
keymap_memory(const struct keymap *m)
{
	return m->nslots * sizeof(*m->slots) + m->cap * sizeof(*m->entries) + m->pool.used;
}

size_t
keymap_memory_after(const struct keymap *m, size_t more)
{
	size_t n = m->n + more, slots = m->nslots;

	while (n > slots / 4 * 3)
		slots *= 2;
	if (slots > m->nslots)
		slots += slots / 2;	/* the table before stands beside it for a moment */
	return slots * sizeof(*m->slots) + entries_after(m, n) * sizeof(*m->entries) + m->pool.used;
}

/* ---- Order ---- */

struct item {
	uint64_t prefix;	/* eight bytes of the key from some depth on, most significant first, zeros behind its end */
	uint32_t id;
};

static uint64_t
prefix_at(const struct keymap *m, uint32_t id, size_t depth)
{
	uint64_t v = 0;
	size_t n;
	const uint8_t *p = keymap_key(m, id, &n);

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
	p = keymap_key(m, a->id, &n);
	q = keymap_key(m, b->id, &k);
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

/* Brings the items into the buckets of one byte of their prefixes, in place; start[b] to start[b + 1] is bucket b. */
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
 * Radix sort from the most significant byte, in place (the American flag sort of McIlroy, Bostic and McIlroy, 1993), eight bytes of the
 * keys at a time: v holds items equal in all bytes before depth, and in those of their prefix above `shift`. The largest bucket is next in
 * the loop and only the others are sorted by a call, so that calls nest no deeper than the bits of n, whatever the keys.
 */
static void
sort_items(const struct keymap *m, struct item *v, size_t n, size_t depth, unsigned shift)
{
	size_t start[257], i, b, largest;
	uint64_t differ;

	while (n > SMALL_SORT) {
		for (differ = 0, i = 1; i < n; i++)
			differ |= v[i].prefix ^ v[0].prefix;
		if (differ == 0) {	/* the keys differ, so they go on */
			depth += 8;
			shift = 56;
			for (i = 0; i < n; i++)
				v[i].prefix = prefix_at(m, v[i].id, depth);
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

uint32_t *
keymap_order(const struct keymap *m)
{
	struct item *v;
	uint32_t *order;
	size_t i;

	if (m->n == 0)
		return NULL;
	v = xreallocarray(NULL, m->n, sizeof(*v));
	for (i = 0; i < m->n; i++)
		v[i] = (struct item){ prefix_at(m, (uint32_t)i, 0), (uint32_t)i };
	sort_items(m, v, m->n, 0, 56);
	order = (uint32_t *)(void *)v;	/* the numbers alone, over what has been read */
	for (i = 0; i < m->n; i++) {
		uint32_t id = v[i].id;

		memcpy(&order[i], &id, sizeof(id));
	}
	return xreallocarray(order, m->n, sizeof(*order));
}

#include "map/bytes.h"

#include <stdlib.h>

#include "base/mem.h"
#include "map/sort.h"

enum {
	FIRST_BITS = 6,				/* lines of an empty map: 2^6 */
	FIRST_PLACES = 256,
	FIRST_BLOCK = 4096,
	BLOCK = 8 << MAP_PLACE_BITS,		/* size of a block, except of one longer key */
	MAX_BLOCKS = 1 << (32 - MAP_PLACE_BITS),
	PAD = 8					/* bytes that may be read after a block's last key */
};

/* Returns the most keys in so many lines: three quarters of the slots. */
static uint32_t
most_in(size_t nlines)
{
	return nlines < UINT32_MAX / 6 ? (uint32_t)nlines * 6 : UINT32_MAX - 1;
}

static void
set_lines(struct map_bytes *m, size_t nlines)
{
	m->lines = xhuge_zero(nlines * sizeof(*m->lines));
	m->nlines = nlines;
	m->shift = 32 - (unsigned)__builtin_ctzll(nlines);
	m->most = most_in(nlines);
}

void
map_bytes_init(struct map_bytes *m)
{
	memset(m, 0, sizeof(*m));
	set_lines(m, (size_t)1 << FIRST_BITS);
}

void
map_bytes_free(struct map_bytes *m)
{
	while (m->nblocks > 0)
		free(m->blocks[--m->nblocks].p);
	free(m->blocks);
	mem_huge_free(m->lines, m->nlines * sizeof(*m->lines));
	free(m->places);
	memset(m, 0, sizeof(*m));
}

void
map_bytes_clear(struct map_bytes *m)
{
	memset(m->lines, 0, m->nlines * sizeof(*m->lines));
	m->n = m->used = 0;
	m->next = 0;
}

size_t
map_bytes_memory(const struct map_bytes *m)
{
	return m->nlines * sizeof(*m->lines) + m->cap * sizeof(*m->places) + m->bytes;
}

/* ---- Memory for keys ---- */

static size_t
key_size(size_t n)
{
	return (sizeof(struct map_key) + n + 7) & ~(size_t)7;
}

/* Returns the size of the next new block, for a key of so many bytes: as large as all before it, up to BLOCK. */
static size_t
block_size(const struct map_bytes *m, size_t size)
{
	size_t n = m->bytes < FIRST_BLOCK ? FIRST_BLOCK : m->bytes < BLOCK ? m->bytes & ~(size_t)7 : BLOCK;

	return n < size + PAD ? size + PAD : n;
}

/* Returns true if a block in use or kept from before has room. */
static bool
has_room(const struct map_bytes *m, size_t size)
{
	return (m->used > 0 && m->next + size + PAD <= m->blocks[m->used - 1].size) ||
	    (m->used < m->nblocks && size + PAD <= m->blocks[m->used].size);
}

/* Starts the next block, one kept from before if it is large enough. */
static bool
next_block(struct map_bytes *m, size_t size)
{
	struct map_block *b;

	if (m->used == MAX_BLOCKS)
		return false;
	m->next = 0;
	if (m->used == m->nblocks) {
		m->blocks = xreallocarray(m->blocks, m->nblocks + (size_t)1, sizeof(*m->blocks));
		m->blocks[m->nblocks++] = (struct map_block){ NULL, 0 };
	}
	b = &m->blocks[m->used++];
	if (size + PAD <= b->size)
		return true;
	free(b->p);
	m->bytes -= b->size;
	b->size = block_size(m, size);
	b->p = xhuge(b->size);
	m->bytes += b->size;
	return true;
}

/* Copies a key. Returns its place, or MAP_ABSENT if there is no more room. */
static uint32_t
store_key(struct map_bytes *m, const uint8_t *key, size_t n)
{
	size_t size = key_size(n);
	struct map_key *k;
	uint32_t place;

	if ((m->used == 0 || m->next + size + PAD > m->blocks[m->used - 1].size) && !next_block(m, size))
		return MAP_ABSENT;
	place = (m->used - 1) << MAP_PLACE_BITS | (uint32_t)(m->next / 8);
	k = (struct map_key *)(void *)(m->blocks[m->used - 1].p + m->next);
	k->number = m->n;
	k->n = (uint32_t)n;
	if (n > 0)
		memcpy(k->bytes, key, n);
	m->next += size;
	return place;
}

/* ---- Look-ups and growth ---- */

static inline uint64_t
word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

enum { SHORT = 64 };

/* Returns true if both keys of n bytes are equal. Up to 64 bytes are compared as words, without a call. */
static inline bool
is_same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t differ;
	size_t i;

	if (n < 8 || n > SHORT)
		return memcmp(a, b, n) == 0;
	differ = word_at(a + n - 8) ^ word_at(b + n - 8);
	for (i = 0; i + 8 < n; i += 8)
		differ |= word_at(a + i) ^ word_at(b + i);
	return differ == 0;
}

uint32_t
map_bytes_find(const struct map_bytes *m, const uint8_t *key, size_t n, uint64_t hash)
{
	size_t i = map_bytes_home(m, hash);
	uint32_t tag = (uint32_t)(hash >> 32);
	const struct map_line *l;
	const struct map_key *at;
	unsigned hits, k;

	for (;; i = (i + 1) & (m->nlines - 1)) {
		l = &m->lines[i];
		for (hits = map_line_hits(l, tag); hits != 0; hits &= hits - 1) {
			k = (unsigned)__builtin_ctz(hits);
			if (l->place[k] == 0)
				break;
			at = map_bytes_at(m, l->place[k] - 1);
			if (at->n == n && is_same(at->bytes, key, n))
				return at->number;
		}
		if (l->place[MAP_LINE - 1] == 0)
			return MAP_ABSENT;
	}
}

static void
put_slot(struct map_bytes *m, uint32_t tag, uint32_t place)
{
	size_t i = tag >> m->shift;
	struct map_line *l;
	unsigned j, k = 0;

	while (m->lines[i].place[MAP_LINE - 1] != 0)
		i = (i + 1) & (m->nlines - 1);
	l = &m->lines[i];
	for (j = 0; j < MAP_LINE; j++)		/* no branch: the first free slot is unpredictable */
		k += l->place[j] != 0;
	l->tag[k] = tag;
	l->place[k] = place;
}

/* Doubles the table. Both tables are traversed in the same order. */
static void
grow(struct map_bytes *m)
{
	struct map_line *old = m->lines;
	size_t nold = m->nlines, i;
	unsigned k;

	set_lines(m, 2 * nold);
	for (i = 0; i < nold; i++)
		for (k = 0; k < MAP_LINE && old[i].place[k] != 0; k++)
			put_slot(m, old[i].tag[k], old[i].place[k]);
	mem_huge_free(old, nold * sizeof(*old));
}

static size_t
places_after(const struct map_bytes *m, size_t n)
{
	size_t cap = m->cap;

	while (cap < n)
		cap = cap < FIRST_PLACES ? FIRST_PLACES : 2 * cap;
	return cap < UINT32_MAX ? cap : UINT32_MAX;
}

uint32_t
map_bytes_add(struct map_bytes *m, const uint8_t *key, size_t n, uint64_t hash, bool *added)
{
	uint32_t number = map_bytes_find(m, key, n, hash), place;

	*added = false;
	if (number != MAP_ABSENT)
		return number;
	if (m->n == UINT32_MAX - 1 || (place = store_key(m, key, n)) == MAP_ABSENT)
		return MAP_ABSENT;
	if (m->n == m->most)
		grow(m);
	if (m->n == m->cap) {
		size_t cap = places_after(m, m->n + (size_t)1);

		m->places = xhuge_grow(m->places, m->n * sizeof(*m->places), cap * sizeof(*m->places));
		m->cap = (uint32_t)cap;
	}
	put_slot(m, (uint32_t)(hash >> 32), place + 1);
	m->places[m->n] = place;
	*added = true;
	return m->n++;
}

bool
map_bytes_may_grow(const struct map_bytes *m, size_t n)
{
	return m->n == m->most || m->n == m->cap || !has_room(m, key_size(n));
}

bool
map_bytes_may_fill(const struct map_bytes *m, size_t more)
{
	return more > MAX_BLOCKS - m->used;	/* each may start a block */
}

size_t
map_bytes_memory_after(const struct map_bytes *m, size_t more, size_t bytes)
{
	size_t n = m->n + more, nlines = m->nlines, cap = places_after(m, n);
	size_t after = map_bytes_memory(m), keys = bytes + more * (sizeof(struct map_key) + 7);

	while (most_in(nlines) < n && nlines < UINT32_MAX / 6)
		nlines *= 2;
	if (nlines > m->nlines)		/* during growth the old table is still allocated */
		after += nlines * sizeof(*m->lines);
	if (cap > m->cap)
		after += cap * sizeof(*m->places);
	return has_room(m, keys) ? after : after + block_size(m, keys);
}

/* ---- Order ---- */

static uint64_t
prefix_at(const void *m, uint32_t place, size_t depth)
{
	const struct map_key *k = map_bytes_at(m, place);
	uint64_t v = 0;

	if (depth < k->n)
		memcpy(&v, k->bytes + depth, k->n - depth < 8 ? k->n - depth : 8);
	return be64toh(v);
}

static bool
is_less(const void *m, uint32_t a, uint32_t b, size_t depth)
{
	const struct map_key *x = map_bytes_at(m, a), *y = map_bytes_at(m, b);
	int c;

	if (x->n <= depth || y->n <= depth)
		return x->n < y->n;
	c = memcmp(x->bytes + depth, y->bytes + depth, (x->n < y->n ? x->n : y->n) - depth);
	return c != 0 ? c < 0 : x->n < y->n;
}

uint32_t *
map_bytes_sorted(const struct map_bytes *m)
{
	struct map_sort s = { .keys = m, .prefix = prefix_at, .less = is_less };
	uint32_t i, *order;

	if (m->n == 0)
		return NULL;
	map_sort_begin(&s, m->n, 48);
	for (i = 0; i < m->n; i++)
		map_sort_count(&s, prefix_at(m, m->places[i], 0));
	for (i = 0; i < m->n; i++)
		map_sort_add(&s, (struct map_sort_item){ prefix_at(m, m->places[i], 0), m->places[i] });
	map_sort_end(&s);
	order = (uint32_t *)(void *)s.items;	/* keeps the places only, overwriting what has been read */
	for (i = 0; i < m->n; i++) {
		uint32_t place = s.items[i].id;

		memcpy(&order[i], &place, sizeof(place));
	}
	return order;
}

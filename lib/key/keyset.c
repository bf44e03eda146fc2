#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "key/keyset.h"

enum {
	PAGE_BYTES = KEYSET_PAGE * sizeof(uint32_t),
	SMALL_PAGES = 32,		/* first pages one by one, then many at a time */
	BLOCK_BYTES = 2 << 20,
	FREE_BYTES = 4 << 20,		/* of pages, allocated regardless of how full they are */
	FIRST_CELLS = 1024,
	FIRST_PRINTS = 256,
	LONG_KEY = 32			/* upper estimate of what the map stores beside a long key */
};

void
keyset_init(struct keyset *s, bool integers, size_t limit)
{
	memset(s, 0, sizeof(*s));
	s->integers = s->paged = integers;
	s->limit = limit;
	if (integers) {
		s->pages_cap = 64;
		s->pages = xcalloc(s->pages_cap, sizeof(*s->pages));
	} else {
		keymap_init(&s->map);
	}
}

/* ---- memory ---- */

/* Allocates zeroed memory; large pieces directly from the system, on huge pages if possible. */
static void *
big_alloc(size_t n)
{
	void *p;

	if (n < BLOCK_BYTES)
		return xcalloc(1, n);
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return xcalloc(1, n);		/* reports the error */
#ifdef MADV_HUGEPAGE
	madvise(p, n, MADV_HUGEPAGE);
#endif
	return p;
}

static void
big_free(void *p, size_t n)
{
	if (n < BLOCK_BYTES)
		free(p);
	else
		munmap(p, n);
}

static void
free_pages(struct keyset *s)
{
	struct keyset_block *b;

	while ((b = s->blocks) != NULL) {
		s->blocks = b->next;
		big_free(b->p, b->n);
		free(b);
	}
	free(s->pages);
	s->pages = NULL;
	s->npages = s->pages_cap = s->pages_left = s->page_bytes = 0;
	s->last.prints = NULL;
}

void
keyset_free(struct keyset *s)
{
	free_pages(s);
	if (s->cells != NULL)
		big_free(s->cells, s->cells_cap * sizeof(*s->cells));
	if (!s->integers)
		keymap_free(&s->map);
	free(s->prints);
	memset(s, 0, sizeof(*s));
}

size_t
keyset_memory(const struct keyset *s)
{
	size_t n = s->page_bytes + s->pages_cap * sizeof(*s->pages) + s->cells_cap * sizeof(*s->cells) +
	    s->prints_cap * sizeof(*s->prints);

	return s->integers ? n : n + keymap_memory(&s->map);
}

static bool
fits(const struct keyset *s, size_t more)
{
	return s->limit == 0 || keyset_memory(s) + more <= s->limit;
}

/* ---- integers in pages ---- */

static void
grow_pages(struct keyset *s)
{
	struct keyset_page *old = s->pages;
	size_t i, at, cap = s->pages_cap;

	s->pages_cap = 2 * cap;
	s->pages = xcalloc(s->pages_cap, sizeof(*s->pages));
	for (i = 0; i < cap; i++) {
		if (old[i].prints == NULL)
			continue;
		at = keyset_page_home(s, old[i].id);
		while (s->pages[at].prints != NULL)
			at = (at + 1) & (s->pages_cap - 1);
		s->pages[at] = old[i];
	}
	free(old);
}

static size_t
next_block(const struct keyset *s)
{
	return s->pages_left > 0 ? 0 : s->npages < SMALL_PAGES ? (size_t)PAGE_BYTES : (size_t)BLOCK_BYTES;
}

/* Returns the page of a key, allocating it if missing. */
static void
add_page(struct keyset *s, int64_t id)
{
	struct keyset_block *b;
	size_t i;

	if (s->pages_left == 0) {
		b = xmalloc(sizeof(*b));
		b->n = next_block(s);
		b->p = big_alloc(b->n);
		b->next = s->blocks;
		s->blocks = b;
		s->next_page = b->p;
		s->pages_left = b->n / PAGE_BYTES;
		s->page_bytes += b->n;
	}
	if (++s->npages > s->pages_cap / 2)
		grow_pages(s);
	for (i = keyset_page_home(s, id); s->pages[i].prints != NULL; i = (i + 1) & (s->pages_cap - 1))
		continue;
	s->pages[i] = (struct keyset_page){ id, s->next_page };
	s->last = s->pages[i];
	s->next_page += KEYSET_PAGE;
	s->pages_left--;
}

/* ---- integers in a table ---- */

static size_t
cells_for(size_t count)
{
	size_t cap = FIRST_CELLS;

	while (count > cap / 4 * 3)
		cap *= 2;
	return cap;
}

static struct keyset_cell *
find_cell(const struct keyset *s, int64_t key)
{
	size_t i = keyset_hash_int(key) & (s->cells_cap - 1);

	while (s->cells[i].print != 0 && s->cells[i].key != key)
		i = (i + 1) & (s->cells_cap - 1);
	return &s->cells[i];
}

static int
move_to_cells(void *to, const void *key, size_t n, uint64_t print)
{
	struct keyset_cell cell = { 0, (uint32_t)print };

	memcpy(&cell.key, key, n);
	*find_cell(to, cell.key) = cell;
	return 0;
}

static int
move_to_pages(void *to, const void *key, size_t n, uint64_t print)
{
	struct keyset *s = to;
	uint32_t *cell;
	int64_t v;

	memcpy(&v, key, n);
	if ((cell = keyset_cell(s, v)) == NULL) {
		add_page(s, v >> 12);
		cell = keyset_cell(s, v);
	}
	*cell = (uint32_t)print;
	return 0;
}

/* Moves all keys into a table of cap slots, from pages or from another table. */
static void
rehash(struct keyset *s, size_t cap)
{
	struct keyset to = { .integers = true, .limit = s->limit, .count = s->count };

	to.cells = big_alloc(cap * sizeof(*to.cells));
	to.cells_cap = cap;
	keyset_each(s, move_to_cells, &to);
	keyset_free(s);
	*s = to;
}

static void
make_pages(struct keyset *s)
{
	struct keyset to;

	keyset_init(&to, true, s->limit);
	to.count = s->count;
	keyset_each(s, move_to_pages, &to);
	keyset_free(s);
	*s = to;
}

/* Counts the pages that the table's keys would occupy, up to `most`. */
static size_t
count_pages(const struct keyset *s, size_t most)
{
	struct keyset seen;		/* page numbers, as keys of a table */
	struct keyset_cell *cell;
	size_t i, n = 0;

	memset(&seen, 0, sizeof(seen));
	seen.cells_cap = cells_for(most + 2);
	seen.cells = big_alloc(seen.cells_cap * sizeof(*seen.cells));
	seen.integers = true;
	for (i = 0; i < s->cells_cap && n <= most; i++) {
		if (s->cells[i].print == 0)
			continue;
		cell = find_cell(&seen, s->cells[i].key >> 12);
		n += cell->print == 0;
		*cell = (struct keyset_cell){ s->cells[i].key >> 12, 1 };
	}
	keyset_free(&seen);
	return n;
}

/*
 * Makes room for one more key in the table; switches to pages if they take no more memory than the larger table would.
 */
static bool
grow_cells(struct keyset *s)
{
	size_t cap = cells_for(s->count + 1), bytes = cap * sizeof(*s->cells);
	size_t pages = count_pages(s, 2 * bytes / PAGE_BYTES);

	if (pages * PAGE_BYTES <= 2 * bytes && fits(s, pages * PAGE_BYTES + BLOCK_BYTES)) {
		make_pages(s);
		return true;
	}
	if (!fits(s, bytes))
		return false;
	rehash(s, cap);
	return true;
}

static enum keyset_answer
add_cell(struct keyset *s, int64_t key, uint32_t print)
{
	struct keyset_cell *cell = find_cell(s, key);

	if (cell->print != 0)
		return cell->print == print ? KEYSET_SAME : KEYSET_OTHER;
	if (s->count + 1 > s->cells_cap / 4 * 3) {
		if (!grow_cells(s))
			return KEYSET_FULL;
		return keyset_add_int(s, key, print);
	}
	*cell = (struct keyset_cell){ key, print };
	s->count++;
	return KEYSET_NEW;
}

/* Adds a key whose page is missing: in a new page, or, if the pages are mostly empty, in a table. */
enum keyset_answer
keyset_add_int_slow(struct keyset *s, int64_t key, uint32_t print)
{
	size_t cap, cells, more;
	bool tight, empty;

	if (!s->paged)
		return add_cell(s, key, print);
	cap = cells_for(s->count + 1);
	cells = cap * sizeof(*s->cells);
	more = next_block(s) + (s->npages + 1 > s->pages_cap / 2 ? 2 * s->pages_cap * sizeof(*s->pages) : 0);
	tight = !fits(s, more + cells);		/* later both would not fit */
	empty = s->page_bytes + more > FREE_BYTES && s->page_bytes + more > 4 * cells;
	if (empty || (tight && (s->npages == 0 || s->page_bytes > cells))) {
		if (!fits(s, cells))
			return KEYSET_FULL;
		rehash(s, cap);
		return add_cell(s, key, print);
	}
	if (!fits(s, more))
		return KEYSET_FULL;
	add_page(s, key >> 12);
	return keyset_add_int(s, key, print);
}

/* ---- bytes ---- */

/* Returns the bytes a pool may allocate for n more: as much again as it has, up to 1 MiB. */
static size_t
pool_growth(const struct pool *p, size_t n)
{
	size_t block = p->used < 4096 ? 4096 : p->used < 1024 * 1024 ? p->used : 1024 * 1024;

	if ((size_t)(p->end - p->next) >= n)
		return 0;
	return block > n ? block : n;
}

/* Is there memory for one more key, including any growth it causes? */
static bool
fits_bytes(const struct keyset *s, size_t n)
{
	size_t more = keymap_memory_after(&s->map, 1) - keymap_memory(&s->map);

	if (n > KEYMAP_INLINE)
		more += pool_growth(&s->map.pool, n + LONG_KEY);
	if (s->map.n == s->prints_cap)
		more += (s->prints_cap > 0 ? s->prints_cap : FIRST_PRINTS) * sizeof(*s->prints);
	return fits(s, more);
}

/* Would one more key allocate memory? */
static bool
may_grow(const struct keyset *s, size_t n)
{
	const struct keymap *m = &s->map;

	return m->n >= m->limit || m->n == m->cap || m->n == s->prints_cap ||
	    (n > KEYMAP_INLINE && (size_t)(m->pool.end - m->pool.next) < n + LONG_KEY);
}

enum keyset_answer
keyset_add(struct keyset *s, const uint8_t *key, size_t n, uint64_t hash, uint64_t print)
{
	bool added;
	uint32_t id;

	if (s->limit != 0 && may_grow(s, n) && !fits_bytes(s, n)) {
		if ((id = keymap_find(&s->map, key, n, hash)) == KEYMAP_ABSENT)
			return KEYSET_FULL;
		return s->prints[id] == print ? KEYSET_SAME : KEYSET_OTHER;
	}
	id = keymap_add(&s->map, key, n, hash, &added);
	if (id == KEYMAP_ABSENT)
		return KEYSET_FULL;
	if (!added)
		return s->prints[id] == print ? KEYSET_SAME : KEYSET_OTHER;
	if (id == s->prints_cap) {
		s->prints_cap = id == 0 ? FIRST_PRINTS : 2 * (size_t)id;
		s->prints = xreallocarray(s->prints, s->prints_cap, sizeof(*s->prints));
	}
	s->prints[id] = print;
	s->count++;
	return KEYSET_NEW;
}

/* ---- all keys ---- */

static int
each_page(const struct keyset *s, int (*visit)(void *, const void *, size_t, uint64_t), void *to)
{
	size_t i, k;
	int64_t key;
	int status;

	for (i = 0; i < s->pages_cap; i++) {
		if (s->pages[i].prints == NULL)
			continue;
		for (k = 0; k < KEYSET_PAGE; k++) {
			if (s->pages[i].prints[k] == 0)
				continue;
			key = (int64_t)((uint64_t)s->pages[i].id << 12 | k);
			if ((status = visit(to, &key, sizeof(key), s->pages[i].prints[k])) != 0)
				return status;
		}
	}
	return 0;
}

int
keyset_each(const struct keyset *s, int (*visit)(void *to, const void *key, size_t n, uint64_t print), void *to)
{
	const uint8_t *key;
	size_t i, n;
	int status;

	if (s->paged)
		return each_page(s, visit, to);
	for (i = 0; i < s->cells_cap; i++)
		if (s->cells[i].print != 0 &&
		    (status = visit(to, &s->cells[i].key, sizeof(s->cells[i].key), s->cells[i].print)) != 0)
			return status;
	for (i = 0; !s->integers && i < s->map.n; i++) {
		key = keymap_key(&s->map, (uint32_t)i, &n);
		if ((status = visit(to, key, n, s->prints[i])) != 0)
			return status;
	}
	return 0;
}

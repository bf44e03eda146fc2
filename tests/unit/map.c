/* The map of keys against sorted arrays: numbers, look-ups, order, memory; integers and bytes. */
#include "unit.h"

#include "base/mem.h"
#include "map/map.h"

/* ---- integers ---- */

enum { MOST = 60000, BATCH = 500 };

static int64_t keys[MOST], sorted[MOST], found_keys[MOST];
static uint32_t numbers[MOST];

/* Close together around a place, far apart, or both; few bits and the ends of the range come too. */
static int64_t
random_key(int64_t middle, uint64_t width, unsigned far)
{
	if (far > 0 && unit_below(far) == 0)
		return unit_below(50) > 0 ? (int64_t)(unit_any() << unit_below(40)) :
		    unit_below(2) ? INT64_MIN : INT64_MAX;
	return (int64_t)((uint64_t)middle + unit_below(width) - width / 2);
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Checks that each key has the number that it got first, and that no number is left out. */
static size_t
check_numbers(struct map *m, size_t n)
{
	const int64_t *by_number;
	size_t i, next = 0;

	for (i = 0; i < n; i++) {
		CHECK(numbers[i] <= next, "number %u after %zu", numbers[i], next);
		if (numbers[i] == next)
			found_keys[next++] = keys[i];
		CHECK(found_keys[numbers[i]] == keys[i], "key %" PRId64 " has another's number", keys[i]);
	}
	CHECK(map_count(m) == next, "%zu keys, not %zu", map_count(m), next);
	by_number = map_int_keys(m);
	CHECK(unit_same(by_number, next * sizeof(*keys), found_keys, next * sizeof(*keys)), "keys by number");
	return next;
}

static void
check_int_order(const struct map *m, size_t n)
{
	int64_t got[64];
	uint32_t ids[64];
	struct map_walk w;
	size_t i = 0, k, some;

	memcpy(sorted, found_keys, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	map_walk_begin(&w, m);
	while ((some = map_walk_ints(&w, got, ids, 1 + unit_below(64))) > 0)
		for (k = 0; k < some; k++, i++)
			CHECK(i < n && got[k] == sorted[i] && found_keys[ids[k]] == got[k], "%zu of %zu", i, n);
	CHECK(i == n, "%zu keys in order, not %zu", i, n);
	map_walk_end(&w);
}

static void
check_ints(size_t limit, unsigned far)
{
	static const int64_t middles[] = { 0, 1000000, -5, INT64_MAX - 2000000, INT64_MIN + 2000000 };
	int64_t middle = middles[unit_below(5)], absent;
	uint64_t width = 1 + unit_any() % 3000000;
	size_t n = unit_below(MOST), i, some, next, after;
	uint32_t id;
	struct map m;

	map_init(&m, true, limit);
	for (i = 0; i < n; i++)
		keys[i] = random_key(middle, width, far);
	for (i = 0; i < n; i += some) {
		some = n - i < BATCH ? n - i : 1 + unit_below(BATCH);
		after = map_memory_after(&m, some, 0);
		CHECK(map_add_ints(&m, keys + i, some, numbers + i), "too many");
		CHECK(map_memory(&m) <= after, "%zu bytes, not %zu", map_memory(&m), after);
	}
	next = check_numbers(&m, n);
	check_int_order(&m, next);
	map_find_ints(&m, keys, n, numbers);
	(void)check_numbers(&m, n);
	for (i = 0; i < 1000; i++) {
		absent = random_key(middle, width * 2, 2);
		map_find_ints(&m, &absent, 1, &id);
		if (bsearch(&absent, sorted, next, sizeof(*sorted), by_value) == NULL)
			CHECK(id == MAP_ABSENT, "found %" PRId64, absent);
		else
			CHECK(found_keys[id] == absent, "key %" PRId64, absent);
	}
	map_clear(&m);
	CHECK(map_count(&m) == 0, "not empty");
	map_free(&m);
}

/* Keys whose first one lies far from all others still come to lie in pages. */
static void
check_outlier(void)
{
	enum { N = 1000000 };
	struct map_ints t;
	bool added;
	int64_t i;

	map_ints_init(&t, 0);
	(void)map_ints_add(&t, -1, 7, &added);
	for (i = 0; i < N; i++)
		(void)map_ints_add(&t, INT64_C(5000000000000000) + i, 8, &added);
	CHECK(map_ints_count(&t) == N + 1 && map_ints_find(&t, -1) == 7, "%zu keys", map_ints_count(&t));
	CHECK(t.pages.n >= N / 2 && map_ints_memory(&t) < (size_t)11 * N, "%zu bytes", map_ints_memory(&t));
	map_ints_free(&t);
}

/* ---- bytes ---- */

struct text {
	size_t n;
	uint8_t bytes[64];
};

static int
by_bytes(const void *a, const void *b)
{
	const struct text *p = a, *q = b;
	int c = memcmp(p->bytes, q->bytes, p->n < q->n ? p->n : q->n);

	return c != 0 ? c : (p->n > q->n) - (p->n < q->n);
}

/* Few letters, so that keys repeat, begin each other and share long beginnings. */
static void
make_text(struct text *k)
{
	size_t i, same = unit_below(3) == 0 ? unit_below(40) : 0;

	k->n = same + unit_below(17);
	for (i = 0; i < k->n; i++)
		k->bytes[i] = i < same ? 'x' : (uint8_t)("\x09\x41\xff"[unit_below(3)]);
}

static void
check_text_order(const struct map *m, struct text *in, size_t n)
{
	const struct map_key *got[64];
	struct map_walk w;
	size_t i = 0, k, some;

	qsort(in, n, sizeof(*in), by_bytes);
	map_walk_begin(&w, m);
	while ((some = map_walk_bytes(&w, got, 1 + unit_below(64))) > 0)
		for (k = 0; k < some; k++) {
			while (i > 0 && i < n && by_bytes(&in[i], &in[i - 1]) == 0)
				i++;
			CHECK(i < n && unit_same(got[k]->bytes, got[k]->n, in[i].bytes, in[i].n), "%zu of %zu", i, n);
			i++;
		}
	while (i > 0 && i < n && by_bytes(&in[i], &in[i - 1]) == 0)
		i++;
	CHECK(i == n, "%zu keys in order, not %zu", i, n);
	map_walk_end(&w);
}

static bool
has_key(const struct map *m, uint32_t number, const struct text *k)
{
	size_t n;
	const uint8_t *p = map_bytes_key(&m->bytes, number, &n);

	return unit_same(p, n, k->bytes, k->n);
}

/* collide: all hashes are one of a few, in one line. */
static void
check_bytes(struct map *m, size_t n, bool collide)
{
	struct text *in = xcalloc(n, sizeof(*in));
	uint32_t id, before, next = 0;
	uint64_t hash;
	size_t i, after, stays;
	bool added;

	for (i = 0; i < n; i++) {
		make_text(&in[i]);
		hash = collide ? in[i].n % 3 : map_hash(in[i].bytes, in[i].n);
		before = map_bytes_find(&m->bytes, in[i].bytes, in[i].n, hash);
		after = map_memory_after(m, 1, in[i].n);
		stays = map_bytes_may_grow(&m->bytes, in[i].n) ? SIZE_MAX : map_memory(m);
		id = map_bytes_add(&m->bytes, in[i].bytes, in[i].n, hash, &added);
		CHECK(id == (added ? next : before) && added == (before == MAP_ABSENT), "%u, before %u", id, before);
		CHECK(map_memory(m) <= after, "%zu bytes, not %zu", map_memory(m), after);
		CHECK(stays == SIZE_MAX || map_memory(m) == stays, "%zu bytes, not %zu", map_memory(m), stays);
		next += added;
		CHECK(has_key(m, id, &in[i]), "key %u", id);
	}
	CHECK(map_count(m) == next, "%zu keys, not %u", map_count(m), next);
	for (i = 0; i < n; i++) {
		hash = collide ? in[i].n % 3 : map_hash(in[i].bytes, in[i].n);
		map_bytes_prefetch(&m->bytes, hash);
		map_bytes_prefetch_key(&m->bytes, hash, in[i].n);
		id = map_bytes_find(&m->bytes, in[i].bytes, in[i].n, hash);
		CHECK(id < next && has_key(m, id, &in[i]), "%zu", i);
	}
	check_text_order(m, in, n);
	free(in);
}

/* Every key begins the next, some longer than a block: neither the stack nor the time for ordering may run out. */
static void
check_stairs(void)
{
	enum { N = 3000, LONG = 3 << 20 };
	uint8_t *k = xmalloc(LONG);
	const struct map_key *got;
	struct map_walk w;
	struct map m;
	size_t i;
	bool added;

	memset(k, 'a', LONG);
	map_init(&m, false, 0);
	(void)map_bytes_add(&m.bytes, k, LONG, map_hash(k, LONG), &added);
	for (i = N; i > 0; i--)
		(void)map_bytes_add(&m.bytes, k, i, map_hash(k, i), &added);
	CHECK(map_bytes_find(&m.bytes, k, LONG, map_hash(k, LONG)) == 0, "the long key");
	map_walk_begin(&w, &m);
	for (i = 1; i <= N; i++)
		CHECK(map_walk_bytes(&w, &got, 1) == 1 && got->n == i, "key %zu", i);
	CHECK(map_walk_bytes(&w, &got, 1) == 1 && got->n == LONG && map_walk_bytes(&w, &got, 1) == 0, "the end");
	map_walk_end(&w);
	map_free(&m);
	free(k);
}

/* A hash reads no byte outside its key and depends on each of its bytes and on its length. */
static void
check_hash(void)
{
	uint8_t *page = unit_edge(), *p;
	uint64_t hash;
	size_t n, i;

	for (n = 0; n <= 40; n++) {
		p = page + UNIT_PAGE - n;
		for (i = 0; i < n; i++)
			p[i] = (uint8_t)unit_random();
		hash = map_hash(p, n);
		for (i = 0; i < n; i++) {
			p[i] ^= (uint8_t)(1u << unit_below(8));
			CHECK(map_hash(p, n) != hash, "byte %zu of %zu", i, n);
		}
		memset(p, 0, n);
		CHECK(n == 0 || map_hash(p, n) != map_hash(p + 1, n - 1), "%zu zeros", n);
		memmove(page, p, n);
		CHECK(map_hash(page, n) == map_hash(p, n), "%zu bytes at a page's begin", n);
	}
}

/* Keys may be too many if each could start a block and there are not so many blocks. */
static void
check_fill(void)
{
	enum { BLOCKS = 1 << (32 - MAP_PLACE_BITS) };
	bool added;
	struct map m;

	map_init(&m, false, 0);
	CHECK(!map_may_fill(&m, BLOCKS) && map_may_fill(&m, BLOCKS + 1), "empty");
	(void)map_bytes_add(&m.bytes, (const uint8_t *)"key", 3, map_hash((const uint8_t *)"key", 3), &added);
	CHECK(!map_may_fill(&m, BLOCKS - 1) && map_may_fill(&m, BLOCKS), "one key");
	map_free(&m);
	map_init(&m, true, 0);
	CHECK(!map_may_fill(&m, MAP_ABSENT - 1) && map_may_fill(&m, MAP_ABSENT), "integers");
	map_free(&m);
}

int
main(void)
{
	static const unsigned fars[] = { 0, 1000, 2, 1 };
	struct map m;

	unit_start();
	for (int i = 0; i < 60; i++)
		check_ints(i % 3 == 0 ? 0 : i % 3 == 1 ? 1 << 20 : 1 << 24, fars[i % 4]);
	OK("map", "integers: numbers in turn, found again, no others; in order");
	check_outlier();
	OK("map", "integers: keys after an outlier take little memory");
	map_init(&m, false, 0);
	for (int i = 0; i < 20; i++) {
		check_bytes(&m, 1 + unit_below(i < 19 ? 3000 : 100000), i % 5 == 4);
		map_clear(&m);
	}
	map_free(&m);
	OK("map", "bytes: numbers, keys and order as in a sorted list, also where hashes collide");
	check_hash();
	OK("map", "hashes read their key alone, and all of it");
	check_fill();
	check_stairs();
	OK("map", "bytes: keys that begin each other, and one longer than a block");
	return 0;
}

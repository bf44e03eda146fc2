/*
 * Dictionaries of what a column chunk holds: every value's index leads back to it, no entry is there twice, whichever
 * way an index is found; and no byte is read of a page of memory in which no value lies.
 */
#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "parquet/encode/dict.h"
#include "parquet/format/stats.h"

enum { MOST = 40000 };

/* ---- integers and floats ---- */

static int64_t wide[MOST];
static int32_t narrow[MOST];

static int64_t
value_at(const void *v, enum pq_shape shape, size_t i)
{
	int64_t w;
	int32_t n;

	if (shape == PQ_I64 || shape == PQ_F64) {
		memcpy(&w, (const uint8_t *)v + 8 * i, 8);
		return w;
	}
	memcpy(&n, (const uint8_t *)v + 4 * i, 4);
	return n;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t
count_different(const void *v, enum pq_shape shape, size_t n)
{
	static int64_t sorted[MOST];
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		sorted[i] = value_at(v, shape, i);
	qsort(sorted, n, sizeof(*sorted), compare);
	for (i = 0; i < n; i++)
		k += i == 0 || sorted[i] != sorted[i - 1];
	return k;
}

/* All indexes, asked for in pieces as pages are. */
static void
check_fixed(struct dict_fixed *d, const void *v, enum pq_shape shape, size_t n)
{
	const uint32_t *index;
	size_t first, part, i;

	CHECK(d->n == count_different(v, shape, n), "%zu entries", d->n);
	for (first = 0; first < n; first += part) {
		part = 1 + unit_below(n - first);
		index = dict_fixed_index(d, v, first, part);
		for (i = 0; i < part; i++) {
			CHECK(index[i] < d->n, "value %zu: index %u of %zu", first + i, index[i], d->n);
			CHECK(value_at(d->values.p, shape, index[i]) == value_at(v, shape, first + i),
			    "value %zu of %zu", first + i, n);
		}
	}
}

/* Values of so many different ones, spread over a span, from a place that may be at the end of what there is. */
static void
make_values(size_t n, uint64_t different, uint64_t span)
{
	uint64_t base = unit_below(4) == 0 ? UINT64_C(0x8000000000000000) : (uint64_t)-(int64_t)(span / 2),
	    salt = unit_random();
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t z = (unit_below(different) + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ salt;

		wide[i] = (int64_t)(base + (z ^ z >> 29) % span);
		narrow[i] = (int32_t)((int64_t)((z ^ z >> 29) % span) - (int64_t)(span / 2));
	}
}

static void
test_fixed(void)
{
	static const enum pq_shape shapes[] = { PQ_I32, PQ_I64, PQ_F32, PQ_F64 };
	struct stats_range range;
	struct dict_fixed d = { .n = 0 };
	unsigned taken[3] = { 0 }, round, refused = 0;
	enum pq_shape shape;
	const void *v;
	size_t n, i;

	for (round = 0; round < 400; round++) {
		shape = shapes[unit_below(4)];
		v = shape == PQ_I64 || shape == PQ_F64 ? (const void *)wide : narrow;
		n = 2 + unit_any() % (MOST - 2);
		make_values(n, 1 + unit_any() % (2 * n), 1 + unit_any() % (UINT64_C(1) << 31));
		range = (struct stats_range){ .any = false };
		stats_add(&range, shape == PQ_I64 ? PQ_I64 : PQ_I32, v, n);
		if (dict_fixed_build(&d, shape, v, n, &range, unit_below(2) == 0 ? 1e9 : (double)n * 4,
		    unit_below(2) == 0)) {
			check_fixed(&d, v, shape, n);
			taken[d.how]++;
		} else {
			refused++;
		}
	}
	for (i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		CHECK(taken[i] > 0, "no dictionary found by way %zu", i);
	CHECK(refused > 0, "none refused");
	dict_fixed_free(&d);
	OK("dict", "integers and floats: all values, each once");
}

/* What has no two equal values gets none, wherever that is noticed. */
static void
test_different(void)
{
	struct dict_fixed d = { .n = 0 };
	struct stats_range range;
	size_t n, i, step;
	unsigned round;

	for (round = 0; round < 60; round++) {
		n = 3 + unit_any() % (MOST - 3);
		step = 1 + unit_any() % 100000;
		for (i = 0; i < n; i++)
			wide[i] = (int64_t)(i * step);
		range = (struct stats_range){ .any = false };
		stats_add(&range, PQ_I64, wide, n);
		CHECK(!dict_fixed_build(&d, PQ_I64, wide, n, &range, (double)n * 4, true), "%zu values, %zu apart", n,
		    step);
	}
	dict_fixed_free(&d);
	OK("dict", "none for values that ascend");
}

/* ---- bytes ---- */

enum { DIFFERENT = 64, LONGEST = 40, PAGES = 4 };

struct texts {
	unsigned n, length[DIFFERENT];
	const uint8_t *at[DIFFERENT][2];	/* each text lies in two places */
};

/* Pages of memory, the last of which cannot be read. Returns where that one begins. */
static uint8_t *
make_edge(size_t page)
{
	uint8_t *p = mmap(NULL, (PAGES + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && mprotect(p + PAGES * page, page, PROT_NONE) == 0, "mmap");
	return p + PAGES * page;
}

/*
 * Texts of up to `longest` bytes: all of them one after the other up to the edge, and again across the page before it.
 */
static void
make_texts(struct texts *t, unsigned n, unsigned longest, uint8_t *edge, size_t page)
{
	uint8_t *p = edge, *q = edge - page + DIFFERENT * LONGEST / 2;
	unsigned i, k;

	t->n = n;
	for (i = 0; i < n; i++) {
		t->length[i] = (unsigned)unit_below(longest + 1);
		p -= t->length[i];
		q -= t->length[i];
		for (k = 0; k < t->length[i]; k++)
			p[k] = q[k] = (uint8_t)(unit_below(3) == 0 ? 0 : 'a' + unit_below(2));
		t->at[i][0] = p;
		t->at[i][1] = q;
	}
}

static bool
equal(struct pq_bytes a, struct pq_bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void
check_bytes(const struct dict_bytes *d, const struct pq_bytes *v, size_t n)
{
	const uint32_t *index = (const uint32_t *)(const void *)d->index.p;
	size_t i, k;

	CHECK(d->nvalues == n && d->index.len == n * sizeof(*index), "%zu of %zu values", d->nvalues, n);
	for (i = 0; i < n; i++)
		CHECK(index[i] < d->n && equal(dict_bytes_at(d, index[i]), v[i]), "value %zu of %zu, of %zu bytes", i,
		    n, v[i].n);
	for (i = 0; i < d->n; i++)
		for (k = 0; k < i; k++)
			CHECK(!equal(dict_bytes_at(d, (uint32_t)i), dict_bytes_at(d, (uint32_t)k)),
			    "entries %zu and %zu", i, k);
}

static void
test_bytes(void)
{
	static struct pq_bytes v[MOST];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n, i, k, part;
	uint8_t *edge = make_edge(page);
	struct dict_bytes d = { .n = 0 };
	struct texts t;
	unsigned round;

	for (round = 0; round < 300; round++) {
		make_texts(&t, 1 + (unsigned)unit_below(unit_below(2) == 0 ? 8 : DIFFERENT),
		    unit_below(2) == 0 ? 15 : LONGEST, edge,
		    page);
		n = 1 + unit_any() % (MOST / 10);
		for (i = 0; i < n; i++) {
			k = unit_below(t.n);
			v[i] = (struct pq_bytes){ t.at[k][unit_below(2)], t.length[k] };
			if (v[i].n == 0 && unit_below(2) == 0)
				v[i].p = NULL;
		}
		for (i = 0; i < n; i += part) {
			part = 1 + unit_below(n - i);
			CHECK(dict_bytes_add(&d, v + i, part) == part, "%u texts", t.n);
		}
		check_bytes(&d, v, n);
		dict_bytes_clear(&d);
	}
	dict_bytes_free(&d);
	munmap(edge - PAGES * page, (PAGES + 1) * page);
	OK("dict", "strings: all values, each once, and no byte after the page they lie in");
}

int
main(void)
{
	unit_start();
	test_fixed();
	test_different();
	test_bytes();
	return 0;
}

/* Temporary files, the merge of runs, sorting and partitions against plain arrays and qsort; and a full disk. */
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>

#include "spill/parts.h"
#include "spill/sort.h"

/* ---- files ---- */

enum { FILE_BYTES = 400000 };

/* Writes random lengths, then reads others, as copies and as views, twice. */
static void
check_file(size_t n, bool park)
{
	static uint8_t bytes[FILE_BYTES], got[FILE_BYTES];
	struct buf scratch = { 0 };
	struct msg err = { 0 };
	const uint8_t *p;
	struct spill s;
	size_t at, len;

	for (at = 0; at < n; at++)
		bytes[at] = (uint8_t)unit_random();
	spill_init(&s);
	for (at = 0; at < n; at += len) {
		len = unit_any() % (n - at) + 1;
		CHECK(spill_write(&s, bytes + at, len, &err) == 0, "%s", err.text);
		CHECK(!park || unit_below(4) > 0 || spill_park(&s, &err) == 0, "%s", err.text);
	}
	CHECK(s.size == n, "%" PRIu64 " bytes, not %zu", s.size, n);
	for (int again = 0; again < 2; again++) {
		CHECK(spill_rewind(&s, &err) == 0, "%s", err.text);
		for (at = 0; at < n; at += len) {
			len = unit_any() % (n - at) + 1;
			if (unit_below(2) > 0) {
				CHECK(spill_view(&s, len, &scratch, &p, &err) == 1, "%s", err.text);
				memcpy(got + at, p, len);
			} else {
				CHECK(spill_read(&s, got + at, len, &err) == 1, "%s", err.text);
			}
		}
		CHECK(unit_same(bytes, n, got, n), "other bytes");
		CHECK(spill_read(&s, got, 1, &err) == 0 && spill_view(&s, 1, &scratch, &p, &err) == 0, "no end");
	}
	CHECK(spill_rewind(&s, &err) == 0 && spill_view(&s, n + 1, &scratch, &p, &err) == (n > 0 ? -1 : 0),
	    "more than there is");
	buf_free(&scratch);
	spill_close(&s);
}

/* A write that fails is reported with its cause; what came before is still closed. */
static void
check_full(void)
{
	struct rlimit old, small = { 100000, 100000 };
	static uint8_t bytes[FILE_BYTES];
	struct msg err = { 0 }, missing = { 0 };
	struct spill s;

	signal(SIGXFSZ, SIG_IGN);
	CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0, "getrlimit");
	small.rlim_max = old.rlim_max;
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0, "setrlimit");
	spill_init(&s);
	CHECK(spill_write(&s, bytes, sizeof(bytes), &err) == -1 && err.status == EX_IOERR &&
	    strstr(err.text, "temporary file") != NULL, "%d %s", err.status, err.text);
	spill_close(&s);
	CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0, "setrlimit");
	setenv("TMPDIR", "/nonexistent", 1);
	CHECK(spill_write(&s, bytes, sizeof(bytes), &missing) == -1 && missing.status == EX_CANTCREAT, "%d %s",
	    missing.status, missing.text);
	spill_close(&s);
	unsetenv("TMPDIR");
}

/* ---- sorting ---- */

struct piece {
	uint8_t key[12], data[40];
	size_t nkey, n;
	uint32_t serial;
};

static int
by_key(const void *a, const void *b)
{
	const struct piece *p = a, *q = b;
	int c = memcmp(p->key, q->key, p->nkey < q->nkey ? p->nkey : q->nkey);

	if (c == 0)
		c = (p->nkey > q->nkey) - (p->nkey < q->nkey);
	return c != 0 ? c : (p->serial > q->serial) - (p->serial < q->serial);
}

/* Makes items of which many have equal keys, or keys that begin each other. */
static struct piece *
make_pieces(size_t n)
{
	struct piece *pieces = xcalloc(n + 1, sizeof(*pieces)), *p;
	size_t i, k;

	for (i = 0; i < n; i++) {
		p = &pieces[i];
		p->serial = (uint32_t)i;
		p->nkey = unit_below(sizeof(p->key) + 1);
		for (k = 0; k < p->nkey; k++)
			p->key[k] = (uint8_t)unit_below(4);
		p->n = unit_below(sizeof(p->data) + 1);
		for (k = 0; k < p->n; k++)
			p->data[k] = (uint8_t)unit_random();
	}
	return pieces;
}

static struct spill_item
item_of(const struct piece *p)
{
	return (struct spill_item){ p->nkey > 0 ? p->key : NULL, p->n > 0 ? p->data : NULL, p->nkey, p->n };
}

static void
check_item(const struct spill_item *item, const struct piece *p, size_t i)
{
	CHECK(unit_same(item->key, item->nkey, p->key, p->nkey), "key %zu", i);
	CHECK(unit_same(item->data, item->n, p->data, p->n), "data %zu", i);
}

static void
check_sort(size_t n, size_t memory)
{
	struct piece *pieces = make_pieces(n);
	struct spill_sorter *s = spill_sorter_new(memory);
	struct msg err = { 0 };
	struct spill_item item;
	size_t i;

	for (i = 0; i < n; i++) {
		item = item_of(&pieces[i]);
		CHECK(spill_sorter_add(s, &item, &err) == 0, "%s", err.text);
	}
	qsort(pieces, n, sizeof(*pieces), by_key);
	CHECK(spill_sorter_end(s, &err) == 0, "%s", err.text);
	for (i = 0; i < n; i++) {
		CHECK(spill_sorter_next(s, &item, &err) == 1, "%zu of %zu: %s", i, n, err.text);
		check_item(&item, &pieces[i], i);
	}
	CHECK(spill_sorter_next(s, &item, &err) == 0 && spill_sorter_next(s, &item, &err) == 0, "more than %zu", n);
	spill_sorter_free(s);
	free(pieces);
}

/* ---- runs ---- */

/* Writes sorted runs of a few items each, so many that they are merged in between, and merges the rest. */
static void
check_runs(size_t runs)
{
	size_t n = unit_below(20) * runs, each = n / runs, i, r;
	struct piece *pieces = make_pieces(n);
	struct spill_runs to = { 0 };
	struct msg err = { 0 };
	struct spill_merge m;
	struct spill_item item;
	struct spill *run;

	for (r = 0; r < runs; r++) {
		qsort(pieces + r * each, each, sizeof(*pieces), by_key);
		run = spill_runs_begin(&to);
		for (i = r * each; i < (r + 1) * each; i++) {
			pieces[i].serial = (uint32_t)i;
			item = item_of(&pieces[i]);
			CHECK(spill_put(run, &item, &err) == 0, "%s", err.text);
		}
		CHECK(spill_runs_end(&to, NULL, NULL, &err) == 0, "%s", err.text);
		CHECK(to.n <= 3 * SPILL_FAN, "%zu runs", to.n);
	}
	qsort(pieces, n, sizeof(*pieces), by_key);
	CHECK(spill_merge_open(&m, to.files, to.n, &err) == 0, "%s", err.text);
	for (i = 0; i < n; i++) {
		CHECK(spill_merge_next(&m, &item, &err) == 1, "%zu of %zu: %s", i, n, err.text);
		check_item(&item, &pieces[i], i);
	}
	CHECK(spill_merge_next(&m, &item, &err) == 0, "more than %zu", n);
	spill_merge_close(&m);
	spill_runs_free(&to);
	free(pieces);
}

/* ---- partitions ---- */

/* Keys spread evenly, by any seed, and those of one partition over the partitions of another seed. */
static void
check_parts(void)
{
	enum { BITS = 4, KEYS = 1 << 16, FAIR = KEYS >> BITS };
	size_t count[1 << BITS] = { 0 }, below[1 << BITS] = { 0 }, i;
	uint64_t first = unit_random(), second = unit_random();

	for (i = 0; i < KEYS; i++)
		count[spill_part(&i, sizeof(i), first, BITS)]++;
	for (i = 0; i < KEYS * 16; i++)
		if (spill_part(&i, sizeof(i), first, BITS) == 3)
			below[spill_part(&i, sizeof(i), second, BITS)]++;
	for (i = 0; i < 1 << BITS; i++) {
		CHECK(count[i] > FAIR * 8 / 10 && count[i] < FAIR * 12 / 10, "%zu keys in %zu", count[i], i);
		CHECK(below[i] > FAIR * 8 / 10 && below[i] < FAIR * 12 / 10, "%zu keys in %zu", below[i], i);
	}
}

int
main(void)
{
	unit_start();
	for (int i = 0; i < 100; i++)
		check_file(1 + unit_any() % FILE_BYTES, i % 2 > 0);
	OK("spill", "what is written is read, as copies and as views");
	check_full();
	OK("spill", "a full disk and a missing folder are reported");
	for (int i = 0; i < 200; i++)
		check_sort(unit_below(30), 0);
	for (int i = 0; i < 20; i++)
		check_sort(unit_any() % 30000, SPILL_SORT_LEAST);
	check_sort(400000, SPILL_SORT_LEAST);
	OK("spill", "items sorted in memory and on disk, equal keys in their order");
	for (size_t runs = 1; runs < 1200; runs = runs * 3 + unit_below(3))
		check_runs(runs);
	OK("spill", "runs merged, equal keys in the order of their runs");
	check_parts();
	OK("spill", "partitions are even, at each level");
	return 0;
}

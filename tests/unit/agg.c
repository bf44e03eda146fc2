/*
 * Aggregates against a plain calculation: random columns, records, keys and functions; in memory and through runs on
 * disk.
 */
#include <math.h>
#include <string.h>

#include "agg/groups.h"
#include "unit.h"

enum { COLUMNS = 14, SIDE = 3, FIRST_VALUE = 4, MAX_RECORDS = 3000, MAX_ITEMS = 24 };

static const char *const type_names[COLUMNS] = { "int64", "string", "date", "string", "int32", "int64", "decimal(18,2)",
    "decimal(38,0)",
    "decimal(20,4)", "date", "timestamp", "bool", "float64", "string" };
static const char *const side_names[3][2] = { { "Deposit", "Withdrawal" }, { "D", "W" },
    { "a word longer than sixteen bytes: credit", "a word longer than sixteen bytes: debit" } };

struct table {			/* random records */
	struct rec_header h;
	struct buf bytes;
	uint32_t *off;
	uint64_t *hash;
	size_t n;
	int sides;
	bool extreme;		/* values near the ends of their types, so that sums run over */
};

/* ---- Making records ---- */

static int64_t
random_int(const struct table *t, unsigned bits)
{
	uint64_t u = t->extreme ? ~UINT64_C(0) - unit_below(5) : unit_any();

	u >>= 64 - (bits - 1);
	return unit_below(t->extreme ? 8 : 2) == 0 ? -1 - (int64_t)u : (int64_t)u;
}

static void
put_value(const struct table *t, struct buf *out, struct val_type type)
{
	static const double floats[] = { 0.0, -0.0, 1.5, -1.5, INFINITY, -INFINITY, NAN, 5e-324, 1e300 };
	uint8_t *o = buf_room(out, 64);
	char s[16];
	size_t i, n;
	i128 v;

	switch (type.kind) {
	case VAL_BOOL:
		out->len += val_put_bool(o, unit_below(2));
		break;
	case VAL_INT32:
	case VAL_DATE:
		out->len += val_put_int(o, random_int(t, 32));
		break;
	case VAL_INT64:
	case VAL_TIMESTAMP:
		out->len += val_put_int(o, random_int(t, 64));
		break;
	case VAL_DECIMAL:
		v = (i128)unit_any() * (i128)(unit_any() >> 1);
		if (t->extreme)
			v = num_pow10(type.precision) - 1 - (i128)unit_below(3);
		v %= num_pow10(type.precision);
		out->len += val_put_wide(o, unit_below(t->extreme ? 8 : 2) == 0 ? -v : v);
		break;
	case VAL_FLOAT64:
		out->len += val_put_float(o, unit_below(2) ? floats[unit_below(9)] : (double)random_int(t, 64) / 7);
		break;
	case VAL_STRING:
		for (i = 0, n = unit_below(15); i < n; i++)
			s[i] = "ab\t\n\033~"[unit_below(6)];
		out->len += val_put_string(o, s, n);
		break;
	}
}

/* Keys have few values, so that groups have several records. */
static void
put_key(const struct table *t, struct buf *out, size_t column, size_t spread)
{
	char s[40];
	int n;

	if (column == 1) {
		n = snprintf(s, sizeof(s), "%s%d", unit_below(2) ? "customer number " : "c", (int)unit_below(spread));
		out->len += val_put_string(buf_room(out, 90), s, (size_t)n);
	} else if (column == SIDE) {
		const char *side = side_names[t->sides][unit_below(2)];

		out->len += val_put_string(buf_room(out, 90), side, strlen(side));
	} else {
		out->len += val_put_int(buf_room(out, 16), (int64_t)unit_below(spread) - (int64_t)spread / 2);
	}
}

static void
make_table(struct table *t, size_t n, size_t spread, bool extreme)
{
	size_t i, f;
	char name[16];

	memset(t, 0, sizeof(*t));
	rec_header_init(&t->h, "t");
	t->sides = (int)unit_below(3);
	t->extreme = extreme;
	for (f = 0; f < COLUMNS; f++) {
		struct val_type type;

		snprintf(name, sizeof(name), "c%zu", f);
		CHECK(val_type_parse(type_names[f], strlen(type_names[f]), &type), "%s", type_names[f]);
		rec_header_add(&t->h, name, type, false, f == SIDE || unit_below(2) == 0);
	}
	t->n = n;
	t->off = xcalloc(n * COLUMNS + 1, sizeof(*t->off));
	t->hash = xcalloc(n + 1, sizeof(*t->hash));
	for (i = 0; i < n; i++) {
		for (f = 0; f < COLUMNS; f++) {
			t->off[i * COLUMNS + f] = (uint32_t)t->bytes.len;
			if (!t->h.columns[f].required && unit_below(4) == 0)
				buf_addc(&t->bytes, VAL_NULL);
			else if (f < FIRST_VALUE)
				put_key(t, &t->bytes, f, spread);
			else
				put_value(t, &t->bytes, t->h.columns[f].type);
			buf_addc(&t->bytes, f + 1 < COLUMNS ? '\t' : '\n');
		}
	}
	t->off[n * COLUMNS] = (uint32_t)t->bytes.len;
	memset(buf_room(&t->bytes, VAL_PAD), 0, VAL_PAD);
}

static void
free_table(struct table *t)
{
	rec_header_free(&t->h);
	buf_free(&t->bytes);
	free(t->off);
	free(t->hash);
}

static struct rec_field
field(const struct table *t, size_t i, size_t f)
{
	const uint32_t *off = t->off + i * COLUMNS + f;

	return (struct rec_field){ t->bytes.p + off[0], (size_t)(off[1] - off[0]) - 1 };
}

static bool
is_null(struct rec_field f)
{
	return val_is_null(f.p, f.n);
}

/* ---- The plain calculation ---- */

static int
compare(struct rec_field a, struct rec_field b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* A sum in two parts of 10^19 each, which hold any number of 38 digits a few thousand times. */
struct parts {
	i128 high, low;
};

static bool
put_parts(struct parts s, struct val_type type, struct buf *out)
{
	const i128 ten19 = num_pow10(19);
	i128 v;

	s.high += s.low / ten19;
	s.low %= ten19;
	if (s.high > ten19 || s.high < -ten19)
		return false;
	v = s.high * ten19 + s.low;
	if (type.kind == VAL_INT64 ? v > INT64_MAX || v < INT64_MIN : v >= num_pow10(type.precision) ||
	    v <= -num_pow10(type.precision))
		return false;
	out->len += val_put_wide(buf_room(out, 32), v);
	return true;
}

static bool
expect_sum(const struct table *t, const size_t *of, size_t n, const struct agg_item *item, struct buf *out)
{
	const char *debit = side_names[t->sides][1];
	struct parts s = { 0, 0 };
	size_t i;
	i128 v = 0;

	for (i = 0; i < n; i++) {
		struct rec_field f = field(t, of[i], item->column), side = field(t, of[i], SIDE);
		bool is_debit = side.n == strlen(debit) && memcmp(side.p, debit, side.n) == 0;

		if (is_null(f) || (item->function == AGG_CREDIT && is_debit) ||
		    (item->function == AGG_DEBIT && !is_debit))
			continue;
		CHECK(val_get_wide(f.p, f.n, &v), "column %zu", item->column);
		if (item->function == AGG_NET && is_debit)
			v = -v;
		s.high += v / num_pow10(19);
		s.low += v % num_pow10(19);
	}
	return put_parts(s, item->type, out);
}

/* The field that min, max, first or last is. */
static struct rec_field
expect_chosen(const struct table *t, const size_t *of, size_t n, const struct agg_item *item)
{
	static const uint8_t null = VAL_NULL;
	bool last = item->function == AGG_MAX || item->function == AGG_LAST;
	size_t by = item->by_name != NULL ? item->by : item->column, best = SIZE_MAX, i;

	for (i = 0; i < n; i++) {
		struct rec_field f = field(t, of[i], by);

		if (is_null(f))
			continue;
		if (best == SIZE_MAX || (last ? compare(f, field(t, best, by)) >= 0 :
		    compare(f, field(t, best, by)) < 0))
			best = of[i];
	}
	return best == SIZE_MAX ? (struct rec_field){ &null, 1 } : field(t, best, item->column);
}

/* One field of the expected record; false where the sum does not fit. */
static bool
expect_item(const struct table *t, const size_t *of, size_t n, const struct agg_item *item, struct buf *out)
{
	struct rec_field f;
	size_t i, count = 0;

	switch (item->function) {
	case AGG_ROWS:
	case AGG_COUNT:
		for (i = 0; i < n; i++)
			count += item->function == AGG_ROWS || !is_null(field(t, of[i], item->column));
		out->len += val_put_int(buf_room(out, 16), (int64_t)count);
		return true;
	case AGG_SUM:
	case AGG_CREDIT:
	case AGG_DEBIT:
	case AGG_NET:
		return expect_sum(t, of, n, item, out);
	default:
		f = expect_chosen(t, of, n, item);
		buf_add(out, f.p, f.n);
		return true;
	}
}

static const struct table *sorting;
static const size_t *sorting_keys;
static size_t sorting_n;

static int
by_key(const void *a, const void *b)
{
	const size_t *x = a, *y = b;
	size_t k;
	int c;

	for (k = 0; k < sorting_n; k++) {
		c = compare(field(sorting, *x, sorting_keys[k]), field(sorting, *y, sorting_keys[k]));
		if (c != 0)
			return c;
	}
	return 0;
}

static int
by_key_and_place(const void *a, const void *b)
{
	int c = by_key(a, b);
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return c != 0 ? c : (x > y) - (x < y);
}

static void
expect_group(const struct table *t, const size_t *of, size_t n, const struct agg_item *items, size_t nitems,
    struct buf *out)
{
	size_t k, i;

	for (k = 0; k < sorting_n; k++) {
		struct rec_field f = field(t, of[0], sorting_keys[k]);

		buf_add(out, f.p, f.n);
		buf_addc(out, '\t');
	}
	for (i = 0; i < nitems; i++) {
		if (!expect_item(t, of, n, &items[i], out)) {
			buf_addf(out, "beyond %zu", i);
			break;
		}
		buf_addc(out, '\t');
	}
	buf_addc(out, '\n');
}

static void
expect(const struct table *t, const size_t *keys, size_t nkeys, const struct agg_item *items, size_t nitems,
    struct buf *out)
{
	size_t *order = xcalloc(t->n + 1, sizeof(*order)), i, n;

	for (i = 0; i < t->n; i++)
		order[i] = i;
	sorting = t;
	sorting_keys = keys;
	sorting_n = nkeys;
	qsort(order, t->n, sizeof(*order), by_key_and_place);
	if (t->n == 0 && nkeys == 0)
		expect_group(t, order, 0, items, nitems, out);
	for (i = 0; i < t->n; i += n) {
		for (n = 1; i + n < t->n && by_key(&order[i], &order[i + n]) == 0; n++)
			continue;
		expect_group(t, order + i, n, items, nitems, out);
	}
	free(order);
}

/* ---- The same by the library ---- */

static void
collect_one(struct buf *out, const uint8_t *key, size_t n, const struct agg *a, uint32_t g)
{
	size_t max = agg_put_max(a, g), bad, i;
	uint8_t *p = xmalloc(max + 32), *end;

	buf_add(out, key, n);
	if (n > 0)
		buf_addc(out, '\t');
	end = agg_put(a, g, p, &bad);
	if (end != NULL) {
		CHECK((size_t)(end - p) <= max, "%zu > %zu", (size_t)(end - p), max);
		buf_add(out, p, (size_t)(end - p));
		buf_adds(out, "\t\n");
		free(p);
		return;
	}
	/* Those before the bad one are right: shown one at a time. */
	for (i = 0; i < bad; i++) {
		struct agg one = *a;
		size_t none;

		one.items = a->items + i;
		one.nitems = 1;
		end = agg_put(&one, g, p, &none);
		CHECK(end != NULL, "item %zu", i);
		buf_add(out, p, (size_t)(end - p));
		buf_addc(out, '\t');
	}
	buf_addf(out, "beyond %zu\n", bad);
	free(p);
}

static struct groups groups;
static size_t words_blocks;	/* blocks of groups that were put together */

/* Also: groups put together are as those put one by one. */
static int
collect(void *context, const struct rec_field *keys, const uint32_t *ids, size_t n)
{
	struct agg *a = &groups.agg;
	bool words = agg_take_words(a, ids, n);
	uint8_t *p = xmalloc(a->put_max + 32), *q = xmalloc(a->put_max + 32), *end;
	size_t i, bad;

	CHECK(n > 0 && n <= AGG_BLOCK, "%zu groups", n);
	words_blocks += words;
	for (i = 0; i < n; i++) {
		collect_one(context, keys[i].p, keys[i].n, a, ids[i]);
		if (!words)
			continue;
		end = agg_put(a, ids[i], p, &bad);
		CHECK(end != NULL, "group %zu", i);
		CHECK(agg_put_words(a, i, q) - q == end - p && memcmp(p, q, (size_t)(end - p)) == 0, "group %zu", i);
	}
	free(p);
	free(q);
	return 0;
}

static void
calculate(const struct table *t, const size_t *keys, size_t nkeys, struct agg_item *items, size_t nitems, size_t limit,
    struct buf *out,
    size_t *runs)
{
	struct agg_sides sides = { 0 };
	struct msg err = { 0 };
	size_t i, n;

	for (i = 0; i < nitems; i++) {
		if (items[i].function >= AGG_CREDIT)
			sides = (struct agg_sides){ "c3", { { side_names[t->sides][0] }, { side_names[t->sides][1] } },
			    { 1, 1 } };
	}
	memset(&groups, 0, sizeof(groups));
	CHECK(agg_plan(&groups.agg, &t->h, items, nitems, &sides, nkeys > 0, &err) == 0, "%s", err.text);
	groups_init(&groups, &t->h, keys, nkeys, limit);
	for (i = 0; i < t->n; i += n) {
		struct rec_batch b = { .first = i + 1, .base = t->bytes.p, .off = t->off + i * COLUMNS,
		    .stride = COLUMNS,
		    .hash = t->hash };

		n = 1 + unit_below(150);
		n = n < t->n - i ? n : t->n - i;
		b.n = n;
		CHECK(groups_add(&groups, &b, &err) == n, "%s", err.text);
		CHECK(limit != 0 || groups.runs.runs.n == 0, "a run without a limit");
	}
	*runs = groups.runs.runs.n;
	CHECK(groups_put(&groups, collect, out, &err) == 0, "%s", err.text);
	groups_free(&groups);
}

/* ---- Properties ---- */

static bool
is_summable(size_t f)
{
	return f >= 4 && f <= 8;
}

static size_t
make_items(struct agg_item *items)
{
	static const char *const functions[] = { "count", "sum", "min", "max", "first", "last", "credit", "debit",
	    "net" };
	size_t n = 1 + unit_below(MAX_ITEMS), i, f, c;
	struct msg err = { 0 };
	char text[64];

	for (i = 0; i < n; i++) {
		f = unit_below(9);
		c = f == 1 || f > 5 ? 4 + unit_below(5) : unit_below(COLUMNS);
		if (unit_below(10) == 0)
			snprintf(text, sizeof(text), "n=count()");
		else if (f == 4 || f == 5)
			snprintf(text, sizeof(text), "%s(c%zu,c%zu)", functions[f], c, (size_t)unit_below(COLUMNS));
		else
			snprintf(text, sizeof(text), "x%zu=%s(c%zu)", i, functions[f], c);
		CHECK(!(f == 1 || f > 5) || is_summable(c), "%s", text);
		CHECK(agg_parse(&items[i], text, &err) == 0, "%s", err.text);
	}
	return n;
}

static size_t
make_keys(size_t *keys)
{
	size_t n = unit_below(4), i, j;

	for (i = 0; i < n; i++) {
		do {
			keys[i] = unit_below(FIRST_VALUE);
			for (j = 0; j < i && keys[j] != keys[i]; j++)
				continue;
		} while (j < i);
	}
	return n;
}

static bool
equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

static size_t
test_random(size_t records, size_t spread, bool extreme)
{
	struct buf want = { 0 }, have = { 0 }, disk = { 0 };
	struct agg_item items[MAX_ITEMS];
	size_t keys[4], nkeys = make_keys(keys), nitems = make_items(items), i, runs;
	struct table t;

	make_table(&t, records, spread, extreme);
	calculate(&t, keys, nkeys, items, nitems, 0, &have, &runs);
	expect(&t, keys, nkeys, items, nitems, &want);
	CHECK(equal(&want, &have), "%zu records, %zu keys, %zu aggregates", records, nkeys, nitems);
	calculate(&t, keys, nkeys, items, nitems, 1 + unit_below(60000), &disk, &runs);
	CHECK(equal(&want, &disk), "%zu records, %zu keys, %zu aggregates, %zu runs", records, nkeys, nitems, runs);
	for (i = 0; i < nitems; i++)
		agg_item_free(&items[i]);
	buf_free(&want);
	buf_free(&have);
	buf_free(&disk);
	free_table(&t);
	return runs;
}

/* Counts and sums of 32-bit numbers are always put out together. */
static void
test_words(void)
{
	struct agg_item items[3];
	struct msg err = { 0 };
	struct buf want = { 0 }, have = { 0 };
	struct table t;
	size_t key = 0, before = words_blocks, runs, i;

	CHECK(agg_parse(&items[0], "count()", &err) == 0 && agg_parse(&items[1], "count(c1)", &err) == 0 &&
	    agg_parse(&items[2], "sum(c4)", &err) == 0, "%s", err.text);
	make_table(&t, MAX_RECORDS, 1 + unit_below(MAX_RECORDS), false);
	calculate(&t, &key, 1, items, 3, 0, &have, &runs);
	expect(&t, &key, 1, items, 3, &want);
	CHECK(equal(&want, &have), "%zu records", t.n);
	CHECK(words_blocks > before, "no block of groups together");
	for (i = 0; i < 3; i++)
		agg_item_free(&items[i]);
	buf_free(&want);
	buf_free(&have);
	free_table(&t);
}

/* So many runs that they are merged in passes. */
static void
test_passes(void)
{
	struct agg_item items[3];
	struct msg err = { 0 };
	struct buf have = { 0 }, disk = { 0 };
	struct table t;
	size_t key = 0, runs, i;

	CHECK(agg_parse(&items[0], "count()", &err) == 0 && agg_parse(&items[1], "first(c13,c9)", &err) == 0 &&
	    agg_parse(&items[2], "last(c13,c9)", &err) == 0, "%s", err.text);
	make_table(&t, (size_t)AGG_CHUNK * SPILL_FAN * 3, 50, false);
	calculate(&t, &key, 1, items, 3, 0, &have, &runs);
	calculate(&t, &key, 1, items, 3, 1, &disk, &runs);
	CHECK(equal(&have, &disk), "%zu runs", runs);
	CHECK(runs < 2 * SPILL_FAN, "%zu runs", runs);
	for (i = 0; i < 3; i++)
		agg_item_free(&items[i]);
	buf_free(&have);
	buf_free(&disk);
	free_table(&t);
}

/* Counts beyond 32 bits, as states from a run add up to. */
static void
test_large_counts(void)
{
	struct agg_sides sides = { 0 };
	struct agg_item item;
	struct msg err = { 0 };
	struct table t;
	struct agg a;
	uint64_t count = UINT32_MAX;
	uint8_t out[64];
	uint32_t ids[3] = { 0, 1, 0 };
	size_t bad;
	int64_t v;

	make_table(&t, 3, 3, false);
	CHECK(agg_parse(&item, "count()", &err) == 0, "%s", err.text);
	CHECK(agg_plan(&a, &t.h, &item, 1, &sides, true, &err) == 0, "%s", err.text);
	agg_extend(&a, 2);
	CHECK(agg_load(&a, 0, (const uint8_t *)&count, sizeof(count)), "first");
	CHECK(agg_update(&a, &(struct rec_batch){ .n = 3, .base = t.bytes.p, .off = t.off, .stride = COLUMNS }, 0, 3,
	    ids) == 3, "all");
	CHECK(agg_load(&a, 0, (const uint8_t *)&count, sizeof(count)), "second");
	CHECK(agg_put(&a, 0, out, &bad) != NULL && val_get_int(out, (size_t)(out[0] - 0x3f), &v), "put");
	CHECK(v == 2 * (int64_t)UINT32_MAX + 2, "%" PRId64, v);
	CHECK(agg_put(&a, 1, out, &bad) != NULL && val_int(out) == 1, "the other group");
	CHECK(!agg_load(&a, 0, (const uint8_t *)&count, sizeof(count) - 1), "a state cut short");
	agg_free(&a);
	agg_item_free(&item);
	free_table(&t);
}

static void
test_parse(void)
{
	static const char *const bad[] = { "", "count", "count(", "sum()", "sum( )", "=sum(a)", "avg(a)", "first(a)",
	    "first(a,)", "first(,a)",
	    "sum(a", "sum a)", "(a)", "SUM(a)", "a=b=sum(c)" };
	static const struct {
		const char *text, *name, *column, *by;
		enum agg_function function;
	} good[] = {
		{ "count()", "count", NULL, NULL, AGG_ROWS }, { "count( )", "count", NULL, NULL, AGG_ROWS },
		{ "count(a)", "count_a", "a", NULL, AGG_COUNT }, { "total=sum(a b)", "total", "a b", NULL, AGG_SUM },
		{ "sum(a=b)", "sum_a=b", "a=b", NULL, AGG_SUM }, { "min(a,b)", "min_a,b", "a,b", NULL, AGG_MIN },
		{ "max(f(x))", "max_f(x)", "f(x)", NULL, AGG_MAX }, { "first(a, b)", "first_a", "a", "b", AGG_FIRST },
		{ "z=last( a ,b c )", "z", "a", "b c", AGG_LAST }, { "net(a)", "net_a", "a", NULL, AGG_NET }
	};
	struct agg_item item;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct msg err = { 0 };

		CHECK(agg_parse(&item, bad[i], &err) == -1 && err.status == EX_USAGE, "%s", bad[i]);
		agg_item_free(&item);
	}
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct msg err = { 0 };

		CHECK(agg_parse(&item, good[i].text, &err) == 0, "%s", err.text);
		CHECK(strcmp(item.name, good[i].name) == 0 && item.function == good[i].function, "%s", good[i].text);
		CHECK((item.column_name == NULL) == (good[i].column == NULL) &&
		    (item.by_name == NULL) == (good[i].by == NULL), "%s",
		    good[i].text);
		CHECK(item.column_name == NULL || strcmp(item.column_name, good[i].column) == 0, "%s", good[i].text);
		CHECK(item.by_name == NULL || strcmp(item.by_name, good[i].by) == 0, "%s", good[i].text);
		agg_item_free(&item);
	}
}

int
main(void)
{
	size_t i, runs = 0;

	unit_start();
	test_parse();
	OK("agg", "what is an aggregate and what is not");
	for (i = 0; i < 150; i++)
		runs += test_random(unit_below(i < 140 ? 300 : MAX_RECORDS), 1 + unit_below(1 + i), false);
	OK("agg", "all functions, types and keys as by plain calculation, in memory and on disk");
	for (i = 0; i < 100; i++)
		runs += test_random(unit_below(200), 1 + unit_below(20), true);
	OK("agg", "sums near the ends of their types are exact or refused");
	CHECK(runs > 50, "%zu runs", runs);
	for (i = 0; i < 20; i++)
		test_words();
	OK("agg", "counts and sums of many groups together");
	test_passes();
	OK("agg", "many runs are merged in passes");
	test_large_counts();
	OK("agg", "counts beyond 32 bits");
	return 0;
}

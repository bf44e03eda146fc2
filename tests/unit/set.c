/*
 * Sets of keys, in memory and on disk, against a plain table: the answers are the same whatever the keys and the
 * memory.
 */
#include <string.h>

#include "map/later.h"
#include "unit.h"

enum { PLAIN = 1 << 18 };

struct plain {			/* an open table that is never full */
	int64_t key;
	uint64_t print;
	bool used;
};
static struct plain plain[PLAIN];

static int
plain_add(int64_t key, uint64_t print)
{
	size_t i = hash_bytes(&key, sizeof(key)) % PLAIN;

	while (plain[i].used && plain[i].key != key)
		i = (i + 1) % PLAIN;
	if (plain[i].used)
		return plain[i].print == print ? MAP_SAME : MAP_OTHER;
	plain[i] = (struct plain){ key, print, true };
	return MAP_NEW;
}

/* ---- ways in which keys come ---- */

enum way { IN_ORDER, SHUFFLED, FAR_APART, STEPS, CLUSTERS, FEW, WAYS };
static const char *const way_name[WAYS] = { "in order", "shuffled", "far apart", "in steps", "in clusters", "few" };

static int64_t
next_key(enum way way, size_t i, size_t n)
{
	static int64_t cluster;

	switch (way) {
	case IN_ORDER:
		return unit_below(50) ? (int64_t)i - 5000 : (int64_t)unit_below(i + 1) - 5000;
	case SHUFFLED:
		return (int64_t)(i * 7919 % n);
	case FAR_APART:
		return (int64_t)unit_random();
	case STEPS:
		return (int64_t)i * 1000003;
	case CLUSTERS:
		if (unit_below(1000) == 0)
			cluster = (int64_t)unit_random();
		return (int64_t)((uint64_t)cluster + unit_below(2000));
	default:
		return (int64_t)unit_below(100) - 50;
	}
}

/* The key as bytes for the sets of byte strings: from 1 to some 40 of them. */
static size_t
as_bytes(int64_t key, char *out)
{
	size_t n = (size_t)sprintf(out, "%" PRId64, key);

	if (key % 3 == 0) {
		memset(out + n, 'x', 20);
		n += 20;
	}
	return n;
}

static size_t
memory_of(const struct map_set *s)
{
	return s->integers ? map_ints_memory(&s->ints) : map_bytes_memory(&s->bytes) + s->cap * sizeof(*s->prints);
}

/* ---- a sequence of keys, through memory and then disk ---- */

struct pass {
	struct map_set set;
	struct map_later later;
	struct msg err;
	bool integers, waiting;
};

static int
move_key(void *to, const void *key, size_t n, uint64_t print)
{
	struct pass *p = to;

	return map_later_add(&p->later, key, n, print, true, &p->err);
}

/* The answer, or -1 where it comes later. */
static int
answer(struct pass *p, int64_t key, uint64_t print)
{
	char bytes[64];
	size_t n = as_bytes(key, bytes);
	int got = MAP_FULL;

	if (!p->waiting)
		got = p->integers ? (int)map_set_add_int(&p->set, key, print) :
		    (int)map_set_add(&p->set, (uint8_t *)bytes, n, map_hash((uint8_t *)bytes, n), print);
	if (got != MAP_FULL)
		return got;
	if (!p->waiting)
		CHECK(map_set_each(&p->set, move_key, p) == 0, "%s", p->err.text);
	p->waiting = true;
	CHECK((p->integers ? map_later_add(&p->later, &key, sizeof(key), print, false, &p->err) :
	    map_later_add(&p->later, bytes, n, print, false, &p->err)) == 0, "%s", p->err.text);
	return -1;
}

static void
check_pass(enum way way, bool integers, size_t n, size_t limit)
{
	static int64_t keys[100000];
	static int8_t want[100000], first[100000];
	struct pass p = { .integers = integers };
	char bytes[64];
	uint64_t print;
	size_t i;
	int got;

	memset(plain, 0, sizeof(plain));
	map_set_init(&p.set, integers, limit);
	map_later_init(&p.later, integers, limit);
	if (limit == 1)
		p.later.limit = 40000;		/* small enough that files are split again */
	for (i = 0; i < n; i++) {
		keys[i] = i > 0 && unit_below(20) == 0 ? keys[unit_below(i)] : next_key(way, i, n);
		print = (uint64_t)keys[i] % 1000003 * 31 + 1 + (unit_below(3) == 0);	/* in 32 bits, and never 0 */
		want[i] = (int8_t)plain_add(keys[i], print);
		if (integers && !p.waiting)
			map_ints_prefetch(&p.set.ints, keys[i]);
		first[i] = (int8_t)answer(&p, keys[i], print);
		CHECK(limit == 0 || p.waiting || memory_of(&p.set) <= limit + 40000, "%zu bytes",
		    memory_of(&p.set));
	}
	CHECK(map_later_resolve(&p.later, &p.err) == 0, "%s", p.err.text);
	for (i = 0; i < n; i++) {
		got = first[i];
		if (got == -1)
			got = integers ? map_later_next(&p.later, &keys[i], sizeof(keys[i]), &p.err) :
			    map_later_next(&p.later, bytes, as_bytes(keys[i], bytes), &p.err);
		CHECK(got == want[i], "keys %s, %s, limit %zu: number %zu: %d, not %d", way_name[way],
		    integers ? "integers" : "bytes", limit, i, got, want[i]);
	}
	map_set_free(&p.set);
	map_later_free(&p.later);
}

/* Keys that lie close may take pages, whatever the order; those far apart may not. */
static void
memory(void)
{
	struct map_set s;
	int64_t i, n = 1000000;

	map_set_init(&s, true, 0);
	for (i = 0; i < n; i++)
		map_set_add_int(&s, i, 7);
	CHECK(memory_of(&s) <= 11 * (size_t)n, "in order: %zu bytes", memory_of(&s));
	map_set_free(&s);
	map_set_init(&s, true, 0);
	for (i = 0; i < n; i++)
		map_set_add_int(&s, i * 600011 % n, 7);
	CHECK(map_ints_count(&s.ints) == (size_t)n && memory_of(&s) <= 11 * (size_t)n, "shuffled: %zu bytes",
	    memory_of(&s));
	map_set_free(&s);
	map_set_init(&s, true, 0);
	for (i = 0; i < n; i++)
		map_set_add_int(&s, i * 1000000, 7);
	CHECK(memory_of(&s) <= 64 * (size_t)n, "far apart: %zu bytes", memory_of(&s));
	for (i = 0; i < n; i++)
		CHECK(map_set_add_int(&s, i * 1000000, 8) == MAP_OTHER, "%d", (int)i);
	map_set_free(&s);
	OK("set", "no more memory than keys call for");
}

int
main(void)
{
	static const size_t limits[] = { 0, 1, 70000, 300000, 1000000 };
	int way;
	size_t k;

	unit_start();
	for (way = 0; way < WAYS; way++)
		for (k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
			check_pass(way, true, 5000 + unit_below(30000), limits[k]);
			check_pass(way, false, 5000 + unit_below(30000), limits[k]);
		}
	OK("set", "answers from memory and from disk");
	memory();
	return 0;
}

/*
 * Tables and partitions stay even whatever keys come: keys crafted against the hashes without a seed, and keys that lie
 * in one part of a split. What is counted is how far from its first place each key is found.
 */
#include <string.h>

#include "map/later.h"
#include "spill/parts.h"
#include "unit.h"

enum { KEYS = 20000, SEEDS = 8, LONGEST = 40 };

/* The mean distance of fair keys is below 2 places in all these tables, and that of keys in one slot is thousands. */
static const double MOST = 8;

struct key {
	uint8_t bytes[LONGEST];
	size_t n;
};
static struct key keys[KEYS];
static int64_t integers[KEYS];

/* ---- distances ---- */

/* As keys that lie far apart, whatever they are, so that they come into the table. */
static double
ints_distance(void)
{
	struct map_ints t;
	double sum = 0;
	bool added;

	map_ints_init(&t, 1 << 24);
	t.pages.spare = 0;
	for (size_t i = 0; i < KEYS; i++)
		(void)map_ints_add(&t, integers[i], 1, &added);
	for (size_t at = 0; at < t.nlines; at++)
		for (int k = 0; k < MAP_INTS_LINE && t.lines[at].word[k] != 0; k++)
			sum += (double)((at - map_ints_home(&t, t.lines[at].key[k])) & (t.nlines - 1));
	map_ints_free(&t);
	return sum / KEYS;
}

static double
bytes_distance(void)
{
	struct map_bytes m;
	double sum = 0;
	bool added;

	map_bytes_init(&m);
	for (size_t i = 0; i < KEYS; i++)
		(void)map_bytes_add(&m, keys[i].bytes, keys[i].n, map_hash(keys[i].bytes, keys[i].n), &added);
	for (size_t at = 0; at < m.nlines; at++)
		for (int k = 0; k < MAP_LINE && m.lines[at].place[k] != 0; k++)
			sum += (double)((at - (m.lines[at].tag[k] >> m.shift)) & (m.nlines - 1));
	map_bytes_free(&m);
	return sum / KEYS;
}

/* ---- keys for hashes without a seed ---- */

/* Undoes x ^= x >> shift. */
static uint64_t
unshift(uint64_t x, unsigned shift)
{
	uint64_t y = x;

	for (unsigned i = shift; i < 64; i += shift)
		y = x ^ y >> shift;
	return y;
}

static uint64_t
inverse(uint64_t odd)
{
	uint64_t x = odd;

	for (int i = 0; i < 6; i++)
		x *= 2 - odd * x;
	return x;
}

static uint64_t
unmix(uint64_t h)
{
	h = unshift(h, 33) * inverse(UINT64_C(0xc4ceb9fe1a85ec53));
	h = unshift(h, 33) * inverse(UINT64_C(0xff51afd7ed558ccd));
	return unshift(h, 33);
}

/* All in one slot of a table that goes by the low bits of the finalizer of MurmurHash3. */
static void
craft_integers(void)
{
	for (size_t i = 0; i < KEYS; i++)
		integers[i] = (int64_t)unmix((uint64_t)(i + 1) << 32);
}

/* Numbers of pages that Fibonacci hashing sends to one place, each page with as many keys as pages must have. */
static void
craft_pages(void)
{
	enum { PER_PAGE = 400 };

	for (size_t i = 0; i < KEYS; i++)
		integers[i] = (int64_t)((uint64_t)(i / PER_PAGE + 1) * inverse(UINT64_C(0x9e3779b97f4a7c15)) << 12 |
		    i % PER_PAGE);
}

/* Integers of which only the top bits differ. */
static void
craft_high(void)
{
	for (size_t i = 0; i < KEYS; i++)
		integers[i] = (int64_t)(i << 48 | 7);
}

static void
craft_steps(void)
{
	uint64_t step = unit_random() | 1;

	for (size_t i = 0; i < KEYS; i++)
		integers[i] = (int64_t)(i * step);
}

static void
as_text(size_t least)
{
	for (size_t i = 0; i < KEYS; i++) {
		keys[i].n = (size_t)snprintf((char *)keys[i].bytes, sizeof(keys[i].bytes), "%" PRIx64,
		    (uint64_t)integers[i]);
		for (; keys[i].n < least; keys[i].n++)
			keys[i].bytes[keys[i].n] = 'x';
	}
}

/* Short texts whose folded product with public constants has its top bits in common: one in 4096 that are tried. */
static void
craft_short(void)
{
	unsigned __int128 product;
	uint64_t word;

	for (size_t i = 0; i < KEYS; ) {
		word = unit_random() | UINT64_C(0x0101010101010101);
		product = (word ^ UINT64_C(0xa0761d6478bd642f)) * (unsigned __int128)UINT64_C(0xe7037ed1a0b428db);
		if (((uint64_t)product ^ (uint64_t)(product >> 64)) * UINT64_C(0x9e3779b97f4a7c15) >> 52 != 0)
			continue;
		memcpy(keys[i].bytes, &word, sizeof(word));
		keys[i++].n = sizeof(word);
	}
}

/*
 * Texts of 16 bytes whose XXH3-64 with seed 0 has 32 zero bits on top: their first half makes the product of both
 * vanish, and the rest of the function is undone step by step.
 */
static void
craft_long(void)
{
	enum { N = 16 };
	const uint8_t *secret = XXH3_kSecret;
	uint64_t w[4], h, hi, lo;

	memcpy(w, secret + 24, sizeof(w));
	for (size_t i = 0; i < KEYS; i++) {
		h = unshift(i + 1, 32) * inverse(UINT64_C(0x165667919E3779F9));
		h = unshift(h, 37);
		lo = w[0] ^ w[1];
		hi = (h - N) ^ w[2] ^ w[3];
		memcpy(keys[i].bytes, &lo, 8);
		memcpy(keys[i].bytes + 8, &hi, 8);
		keys[i].n = N;
		CHECK(hash_bytes(keys[i].bytes, N) == i + 1, "not crafted");
	}
}

static void
check_text(const char *what)
{
	CHECK(bytes_distance() < MOST, "%s: distance %g", what, bytes_distance());
}

static void
check_integers(const char *what)
{
	CHECK(ints_distance() < MOST, "%s: distance %g in the table", what, ints_distance());
	as_text(0);
	check_text(what);
	as_text(20);
	check_text(what);
}

static void
crafted(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} ways[] = { { "finalizer", craft_integers }, { "pages", craft_pages }, { "top bits", craft_high },
	    { "steps", craft_steps } };

	for (int seed = 0; seed < SEEDS; seed++) {
		hash_seed_set(unit_random());
		for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
			ways[i].make();
			check_integers(ways[i].name);
		}
		craft_long();
		check_text("XXH3");
	}
	craft_short();
	for (int seed = 0; seed < SEEDS; seed++) {
		hash_seed_set(unit_random());
		check_text("folded product");
	}
	OK("hash", "crafted keys spread as others do, with any seed");
}

/* ---- keys of one part ---- */

/*
 * Fills keys with texts of one part of a split, by their bytes or by their hash, and of one part of it at the next
 * level.
 */
static void
one_part(size_t length, bool by_hash)
{
	enum { BITS = 4 };
	uint64_t word[2];
	size_t i, part;
	uint8_t *p;
	unsigned level;

	for (i = 0; i < KEYS; ) {
		word[0] = unit_random() | UINT64_C(0x0101010101010101);
		word[1] = unit_random() | UINT64_C(0x0101010101010101);
		p = memset(keys[i].bytes, 'k', LONGEST);
		memcpy(p, word, length < sizeof(word) ? length : sizeof(word));
		for (level = part = 0; level < 2 && part == 0; level++)
			part = by_hash ? spill_part_of_hash(map_hash(p, length), hash_level(level), BITS) :
			    spill_part(p, length, hash_level(level), BITS);
		keys[i].n = length;
		i += part == 0;
	}
}

static void
parts(void)
{
	static const size_t lengths[] = { 8, 12, 16, 36 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		one_part(lengths[i], false);
		check_text("one part");
		one_part(lengths[i], true);
		check_text("one part by hash");
	}
	OK("hash", "keys of one part spread over a table");
}

/* The measure sees what it is for: keys crafted with the seed at hand, which nobody outside knows, lie in one place. */
static void
known_seed(void)
{
	uint64_t word;

	for (size_t i = 0; i < KEYS; ) {
		word = unit_random() | UINT64_C(0x0101010101010101);
		memcpy(keys[i].bytes, &word, sizeof(word));
		keys[i].n = sizeof(word);
		i += map_hash(keys[i].bytes, sizeof(word)) >> 54 == 0;
	}
	CHECK(bytes_distance() > 100 * MOST, "distance %g", bytes_distance());
}

/* ---- keys on disk ---- */

/* Every key is written once for each level of a split, and levels are few: those that the number of keys calls for. */
static void
spilled(const char *what, size_t n, bool text)
{
	enum { LEVELS = 3 };
	struct map_later l;
	struct msg err = { 0 };
	char key[LONGEST] = { 0 };
	int64_t v;
	size_t i;

	map_later_init(&l, !text, 1);
	for (i = 0; i < n; i++) {
		v = (int64_t)unmix((uint64_t)(i + 1) << 32);
		snprintf(key, sizeof(key), "%016" PRIx64 "%016" PRIx64, (uint64_t)v, unit_random());
		CHECK((text ? map_later_add(&l, key, 32, 1, false, &err) :
		    map_later_add(&l, &v, sizeof(v), 1, false, &err)) == 0,
		    "%s", err.text);
	}
	CHECK(map_later_resolve(&l, &err) == 0, "%s", err.text);
	CHECK(l.written >= n && l.written <= LEVELS * n, "%s: %zu keys written %" PRIu64 " times", what, n, l.written);
	map_later_free(&l);
}

int
main(void)
{
	unit_start();
	crafted();
	parts();
	known_seed();
	spilled("integers", 300000, false);
	spilled("text", 300000, true);
	OK("hash", "keys on disk are written a few times");
	return 0;
}

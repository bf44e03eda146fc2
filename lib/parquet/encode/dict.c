/* Dictionaries of values of 4 or 8 bytes, for writing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "parquet/encode/bits.h"
#include "parquet/encode/dict.h"
#include "parquet/format/load.h"
#include "simd/simd.h"

enum {
	SAMPLE = 2048,			/* values sampled first */
	/* a bitmap of up to so many 64-bit words is first built as bytes, which then fit the L1 cache */
	BYTE_WORDS = 1 << 9,
	TABLE_WORDS = 1 << 7,		/* up to so many words, indexes are looked up in a table */
	ESTIMATE_WORDS = 1 << 11,	/* from so many words on, the distinct values are estimated first */
	LEAST_ESTIMATED = 1 << 14,	/* minimum number of values for an estimate */
	ESTIMATE = 1 << 16,		/* values the estimate looks at, about */
	TOGETHER = 8			/* values taken together: those of a cache line */
};

static void *
fill(struct buf *b, size_t bytes)
{
	b->len = 0;
	buf_room(b, bytes + 8);
	b->len = bytes;
	return b->p;
}

/* ---- integers in a range: a bitmap of those present; an entry's rank is its index ---- */

static inline uint64_t
distance(const void *v, size_t i, bool wide, int64_t min)
{
	return (uint64_t)(wide ? ((const int64_t *)v)[i] : ((const int32_t *)v)[i]) - (uint64_t)min;
}

/*
 * Sets a byte per value where the range is small: stores to bytes do not wait for one another, as bit updates of one
 * word would.
 */
static inline __attribute__((always_inline)) void
mark(uint8_t *seen, const void *v, size_t n, bool wide, int64_t min)
{
	size_t i;

	for (i = 0; i < n; i++)
		seen[distance(v, i, wide, min)] = 1;
}

static inline __attribute__((always_inline)) void
mark_bits(uint64_t *bits, const void *v, size_t n, bool wide, int64_t min)
{
	size_t i;
	uint64_t d;

	for (i = 0; i < n; i++) {
		d = distance(v, i, wide, min);
		bits[d / 64] |= UINT64_C(1) << d % 64;
	}
}

/* Packs 64 bytes of 0 or 1 into bits. */
static uint64_t
bits_of_bytes(const uint8_t *seen)
{
	uint64_t bits = 0, eight;
	unsigned i;

	for (i = 0; i < 8; i++) {
		memcpy(&eight, seen + 8 * i, 8);
		bits |= (eight * UINT64_C(0x0102040810204080) >> 56) << 8 * i;
	}
	return bits;
}

static void
mark_words(struct simd_ranked *words, size_t nwords, struct buf *scratch, const void *v, size_t n, bool wide,
    int64_t min)
{
	bool bytes = nwords <= BYTE_WORDS;
	uint64_t *bits = fill(scratch, nwords * (bytes ? 64 : sizeof(*bits)));
	uint8_t *seen = (uint8_t *)bits;
	size_t w;

	memset(bits, 0, scratch->len);
	if (bytes && wide)
		mark(seen, v, n, true, min);
	else if (bytes)
		mark(seen, v, n, false, min);
	else if (wide)
		mark_bits(bits, v, n, true, min);
	else
		mark_bits(bits, v, n, false, min);
	for (w = 0; w < nwords; w++)
		words[w].bits = bytes ? bits_of_bytes(seen + w * 64) : bits[w];
}

/* Looks up indexes in a table by value, for a small range. */
static inline __attribute__((always_inline)) void
look_up(uint32_t *index, const uint32_t *table, const void *v, size_t n, bool wide, int64_t min)
{
	size_t i;

	for (i = 0; i < n; i++)
		index[i] = table[distance(v, i, wide, min)];
}

static void
look_up_all(uint32_t *index, const uint32_t *table, const void *v, size_t n, bool wide, int64_t min)
{
	if (wide)
		look_up(index, table, v, n, true, min);
	else
		look_up(index, table, v, n, false, min);
}

static void
make_table(uint32_t *table, const struct simd_ranked *words, size_t nwords)
{
	uint32_t k = 0;
	size_t d;

	for (d = 0; d < nwords * 64; d++) {
		table[d] = k;
		k += words[d / 64].bits >> d % 64 & 1;
	}
}

static void
list_marked(struct dict_fixed *d, const struct simd_ranked *words, size_t nwords, bool wide, int64_t min)
{
	void *out = fill(&d->values, d->n * (wide ? 8 : 4));
	size_t w, k = 0;
	uint64_t bits, value;

	for (w = 0; w < nwords; w++)
		for (bits = words[w].bits; bits != 0; bits &= bits - 1) {
			value = (uint64_t)min + w * 64 + (unsigned)__builtin_ctzll(bits);
			if (wide)
				((int64_t *)out)[k++] = (int64_t)value;
			else
				((int32_t *)out)[k++] = (int32_t)value;
		}
}

static bool
worth(size_t entries, size_t n, unsigned width, double plain, bool packs)
{
	double index = (double)n * bits_width(entries - 1) / 8;

	return entries <= DICT_MAX && entries * width <= DICT_MAX_BYTES &&
	    index + (double)entries * width * (packs ? 0.5 : 1) < plain;
}

/*
 * Estimates the number of distinct values among n, if `some` of them have `found`: assumes values drawn at random
 * from a set of the size that makes `found` the expected count.
 */
static double
expect(double found, double some, double n)
{
	double low = found, high = 1e12, of;
	int i;

	for (i = 0; i < 64 && high - low > 1; i++) {
		of = (low + high) / 2;
		if (of * -expm1(-some / of) < found)
			low = of;
		else
			high = of;
	}
	return low * -expm1(-n / low);
}

/* Estimates from a part of the values whether so many are distinct that a dictionary will not pay. */
static bool
is_hopeless(struct buf *scratch, size_t nwords, const void *v, size_t n, bool wide, int64_t min, double plain,
    bool packs)
{
	size_t step = TOGETHER * (n / ESTIMATE < 8 ? 8 : n / ESTIMATE), some = 0, found = 0, at, i;
	uint64_t *bits = fill(scratch, nwords * sizeof(*bits)), d, bit;
	double entries;

	if (n < LEAST_ESTIMATED)
		return false;
	memset(bits, 0, nwords * sizeof(*bits));
	for (at = 0; at + TOGETHER <= n; at += step, some += TOGETHER) {
		__builtin_prefetch((const uint8_t *)v + (at + 8 * step < n ? at + 8 * step : at) * (wide ? 8 : 4));
		for (i = at; i < at + TOGETHER; i++) {
			d = distance(v, i, wide, min);
			bit = UINT64_C(1) << d % 64;
			found += (bits[d / 64] & bit) == 0;
			bits[d / 64] |= bit;
		}
	}
	entries = expect((double)found, (double)some, (double)n);
	return !worth((size_t)(entries * 0.95), n, wide ? 8 : 4, plain, packs);
}

/* Returns true if values ascend strictly: then all differ. */
static bool
is_ascending(bool wide, const void *v, size_t n, int64_t min)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (distance(v, i, wide, min) <= distance(v, i - 1, wide, min))
			return false;
	return true;
}

static bool
build_ranked(struct dict_fixed *d, bool wide, const void *v, size_t n, int64_t min, uint64_t span, double plain,
    bool packs)
{
	size_t nwords = span / 64 + 1, w;
	struct simd_ranked *words;
	uint64_t before = 0;

	if (nwords > ESTIMATE_WORDS && is_hopeless(&d->scratch, nwords, v, n, wide, min, plain, packs))
		return false;
	if (n > 2 && is_ascending(wide, v, n, min))
		return false;
	words = fill(&d->scratch, nwords * sizeof(*words));
	mark_words(words, nwords, &d->values, v, n, wide, min);
	for (w = 0; w < nwords; w++) {
		words[w].before = before;
		before += (unsigned)__builtin_popcountll(words[w].bits);
	}
	d->n = before;
	if (!worth(d->n, n, wide ? 8 : 4, plain, packs))
		return false;
	list_marked(d, words, nwords, wide, min);
	d->min = min;
	d->how = nwords <= TABLE_WORDS ? DICT_TABLE : DICT_RANKS;
	if (d->how == DICT_TABLE)
		make_table(fill(&d->table, nwords * 64 * sizeof(uint32_t)), words, nwords);
	return true;
}

/* ---- other values: a hash table ---- */

static inline uint64_t
bits_of(const void *v, size_t i, bool wide)
{
	return wide ? load_u64((const uint8_t *)v + 8 * i) : load_u32((const uint8_t *)v + 4 * i);
}

struct table {
	uint64_t *keys;		/* keys of the entries */
	uint32_t *slots;	/* entry + 1; 0 is free */
	size_t n, most, mask;
};

/* Returns a key's entry, adding it if new; UINT32_MAX if the table is full. */
static inline uint32_t
table_find(struct table *t, uint64_t key)
{
	size_t at = hash_word(key) & t->mask;

	for (; t->slots[at] != 0; at = (at + 1) & t->mask)
		if (t->keys[t->slots[at] - 1] == key)
			return t->slots[at] - 1;
	if (t->n == t->most)
		return UINT32_MAX;
	t->keys[t->n++] = key;
	t->slots[at] = (uint32_t)t->n;
	return (uint32_t)t->n - 1;
}

/* Sets up a table of up to `most` entries in memory from b. */
static void
table_init(struct table *t, struct buf *b, size_t most)
{
	size_t slots = 4096;

	while (slots < most * 2)
		slots *= 2;
	t->keys = fill(b, most * sizeof(*t->keys) + slots * sizeof(*t->slots));
	t->slots = (uint32_t *)(t->keys + most);
	memset(t->slots, 0, slots * sizeof(*t->slots));
	t->mask = slots - 1;
	t->most = most;
	t->n = 0;
}

/* Returns true if most values of a sample differ. */
static bool
sample_differs(struct dict_fixed *d, bool wide, const void *v, size_t n)
{
	struct table t;
	size_t i, step = n / SAMPLE;

	if (n < 2 * SAMPLE)
		return false;
	table_init(&t, &d->scratch, SAMPLE / 2);
	for (i = 0; i < SAMPLE; i++)
		if (table_find(&t, bits_of(v, i * step, wide)) == UINT32_MAX)
			return true;
	return false;
}

static bool
build_hashed(struct dict_fixed *d, bool wide, const void *v, size_t n, double plain, bool packs)
{
	uint32_t *index = fill(&d->index, n * sizeof(*index));
	size_t most = n / 2 + 16 < DICT_MAX ? n / 2 + 16 : DICT_MAX, i;
	struct table t;
	void *out;

	if (sample_differs(d, wide, v, n))
		return false;
	table_init(&t, &d->scratch, most);
	for (i = 0; i < n; i++)
		if ((index[i] = table_find(&t, bits_of(v, i, wide))) == UINT32_MAX)
			return false;
	d->n = t.n;
	if (!worth(d->n, n, wide ? 8 : 4, plain, packs))
		return false;
	out = fill(&d->values, d->n * (wide ? 8 : 4));
	for (i = 0; i < d->n; i++)
		memcpy((uint8_t *)out + i * (wide ? 8 : 4), &t.keys[i], wide ? 8 : 4);
	d->how = DICT_HASHED;
	return true;
}

bool
dict_fixed_build(struct dict_fixed *d, enum pq_shape shape, const void *v, size_t n, const struct stats_range *range,
    double plain, bool packs)
{
	bool wide = d->wide = shape == PQ_I64 || shape == PQ_F64;
	uint64_t span, most = n < (1 << 10) ? 1 << 14 : n < (1 << 22) ? (uint64_t)n * 16 : 1 << 26;

	if (n < 2)
		return false;
	if (shape != PQ_I32 && shape != PQ_I64)
		return build_hashed(d, wide, v, n, plain, packs);
	span = (uint64_t)range->max.i - (uint64_t)range->min.i;
	if (span < most)
		return build_ranked(d, wide, v, n, range->min.i, span, plain, packs);
	if (n > 2 && n < 2 * SAMPLE && is_ascending(wide, v, n, range->min.i))	/* larger inputs are sampled */
		return false;
	return build_hashed(d, wide, v, n, plain, packs);
}

const uint32_t *
dict_fixed_index(struct dict_fixed *d, const void *v, size_t first, size_t n)
{
	const void *from = (const uint8_t *)v + first * (d->wide ? 8 : 4);
	uint32_t *index;

	if (d->how == DICT_HASHED)
		return (const uint32_t *)(const void *)d->index.p + first;
	index = fill(&d->index, n * sizeof(*index));
	if (d->how == DICT_TABLE)
		look_up_all(index, (const uint32_t *)(const void *)d->table.p, from, n, d->wide, d->min);
	else
		simd.rank(index, (const struct simd_ranked *)(const void *)d->scratch.p, from, n, d->wide, d->min);
	return index;
}

void
dict_fixed_free(struct dict_fixed *d)
{
	buf_free(&d->values);
	buf_free(&d->table);
	buf_free(&d->index);
	buf_free(&d->scratch);
}

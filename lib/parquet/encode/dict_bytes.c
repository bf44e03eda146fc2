/*
 * Dictionaries of byte values, for writing: a hash table, and a search of eight values at a time if entries are few
 * and short.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "parquet/encode/dict.h"
#include "parquet/format/load.h"

#if CPU_X86
#include <immintrin.h>
#endif

enum {
	WAIT = 2048,			/* values after which fewer than half may be distinct */
	FEW = 8,			/* maximum entries for the vector search */
	FEW_LENGTH = 15,		/* maximum bytes of their values: with the length, two words */
	PAGE = 4096			/* a lower bound of the memory page size, within which loads cannot fault */
};

/* ---- few short values ---- */

struct few {
	uint64_t low[FEW], high[FEW];	/* 15 bytes, zero-padded, and the length */
	unsigned n;			/* 0: too many entries, or one too long */
};

static void
few_begin(struct few *f, const struct dict_bytes *d)
{
	struct pq_bytes v;
	uint64_t words[2];
	uint32_t i;

	f->n = 0;
	if (d->n > FEW || !cpu_has_avx512())
		return;
	for (i = 0; i < d->n; i++) {
		v = dict_bytes_at(d, i);
		if (v.n > FEW_LENGTH)
			return;
		words[0] = words[1] = 0;
		if (v.n > 0)
			memcpy(words, v.p, v.n);
		f->low[i] = words[0];
		f->high[i] = words[1] | (uint64_t)v.n << 56;
	}
	f->n = (unsigned)d->n;
}

#if CPU_X86
/*
 * Finds the indexes of values, eight at a time, while all eight are among the few entries. Returns how many values.
 * Loads 16 bytes of each value, which may extend past its end but never into another memory page.
 */
CPU_AVX512 static size_t
few_find(const struct few *f, const struct pq_bytes *v, size_t n, uint32_t *index)
{
	const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), zero = _mm512_setzero_si512();
	const __m512i odd = _mm512_or_si512(even, _mm512_set1_epi64(1)), ones = _mm512_set1_epi64(-1);
	__m512i first, second, p, len, bits, low, high, found;
	__mmask8 bad, all, same;
	unsigned k;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		first = _mm512_loadu_si512(v + i);
		second = _mm512_loadu_si512(v + i + 4);
		p = _mm512_permutex2var_epi64(first, even, second);
		len = _mm512_permutex2var_epi64(first, odd, second);
		bad = _mm512_cmpgt_epu64_mask(len, _mm512_set1_epi64(FEW_LENGTH)) |
		    _mm512_cmpgt_epu64_mask(_mm512_and_si512(p, _mm512_set1_epi64(PAGE - 1)),
		    _mm512_set1_epi64(PAGE - 16));
		if (bad != 0)
			break;
		bits = _mm512_slli_epi64(len, 3);
		low = _mm512_mask_i64gather_epi64(zero, _mm512_test_epi64_mask(len, len), p, NULL, 1);
		low = _mm512_andnot_si512(_mm512_sllv_epi64(ones, bits), low);
		high = _mm512_mask_i64gather_epi64(zero, _mm512_cmpgt_epu64_mask(len, _mm512_set1_epi64(8)),
		    _mm512_add_epi64(p, _mm512_set1_epi64(8)), NULL, 1);
		high = _mm512_andnot_si512(_mm512_sllv_epi64(ones, _mm512_sub_epi64(bits, _mm512_set1_epi64(64))),
		    high);
		high = _mm512_or_si512(high, _mm512_slli_epi64(len, 56));
		for (k = 0, all = 0, found = zero; k < f->n; k++) {
			same = _mm512_cmpeq_epi64_mask(low, _mm512_set1_epi64((int64_t)f->low[k]));
			same = _mm512_mask_cmpeq_epi64_mask(same, high, _mm512_set1_epi64((int64_t)f->high[k]));
			found = _mm512_mask_mov_epi64(found, same, _mm512_set1_epi64(k));
			all |= same;
		}
		if (all != 0xff)
			break;
		_mm256_storeu_si256((void *)(index + i), _mm512_cvtepi64_epi32(found));
	}
	return i;
}
#else
static size_t
few_find(const struct few *f, const struct pq_bytes *v, size_t n, uint32_t *index)
{
	(void)f, (void)v, (void)n, (void)index;
	return 0;
}
#endif

/* ---- a hash table ---- */

/*
 * Makes a key of four overlapping words, which cover all bytes of values of 4 to 16 bytes, so that it distinguishes
 * values of one length; branch-free in the length.
 */
static inline struct dict_entry
bytes_key(struct pq_bytes v)
{
	struct dict_entry e = { 0, 0, 0, (uint32_t)v.n };
	size_t half = v.n / 8 * 4;

	if (v.n > 16) {
		e.a = hash_key(v.p, v.n);
	} else if (v.n >= 4) {
		e.a = (uint64_t)load_u32(v.p) << 32 | load_u32(v.p + half);
		e.b = (uint64_t)load_u32(v.p + v.n - 4) << 32 | load_u32(v.p + v.n - 4 - half);
	} else if (v.n > 0) {
		e.a = (uint64_t)v.p[0] << 16 | (uint64_t)v.p[v.n / 2] << 8 | v.p[v.n - 1];
	}
	return e;
}

static inline uint64_t
bytes_hash(const struct dict_entry *e)
{
	uint64_t h = hash_words(e->a, e->b + e->len);

	return h ^ h >> 32;
}

static void
bytes_grow(struct dict_bytes *d)
{
	size_t slots = d->slots == NULL ? 1024 : (d->mask + 1) * 2, i, at;

	free(d->slots);
	d->slots = xcalloc(slots, sizeof *d->slots);
	d->mask = slots - 1;
	d->cap = slots / 2;
	d->entries = xreallocarray(d->entries, d->cap, sizeof *d->entries);
	for (i = 0; i < d->n; i++) {
		for (at = bytes_hash(&d->entries[i]) & d->mask; d->slots[at] != 0; at = (at + 1) & d->mask)
			;
		d->slots[at] = (uint32_t)i + 1;
	}
}

static inline bool
bytes_equal(const struct dict_bytes *d, const struct dict_entry *e, const struct dict_entry *key, struct pq_bytes v)
{
	return e->a == key->a && e->b == key->b && e->len == key->len &&
	    (v.n <= 16 || memcmp(d->data.p + e->off, v.p, v.n) == 0);
}

/* Adds an entry at a free slot. Returns false if the dictionary would no longer pay. */
static bool
bytes_insert(struct dict_bytes *d, struct pq_bytes v, const struct dict_entry *key, size_t at, size_t values)
{
	if (d->n == DICT_MAX || v.n > DICT_MAX_BYTES - d->data.len || (values > WAIT && d->n > values / 2))
		return false;
	d->entries[d->n] = *key;
	d->entries[d->n].off = (uint32_t)d->data.len;
	buf_add(&d->data, v.p, v.n);
	d->slots[at] = (uint32_t)++d->n;
	if (d->n == d->cap)
		bytes_grow(d);
	return true;
}

/*
 * Finds the indexes of values of 4 to 16 bytes, compared by their keys alone, while each is at its first slot.
 * Returns how many.
 */
static size_t
find_short(const struct dict_bytes *d, const struct pq_bytes *v, size_t n, uint32_t *restrict index)
{
	const struct dict_entry *entries = d->entries, *e;
	const uint32_t *slots = d->slots;
	size_t mask = d->mask, i;
	struct dict_entry key;
	uint32_t slot;

	for (i = 0; i < n && v[i].n - 4 <= 12; i++) {
		key = bytes_key(v[i]);
		slot = slots[bytes_hash(&key) & mask];
		e = &entries[slot - (slot > 0)];
		if (slot == 0 || e->a != key.a || e->b != key.b || e->len != key.len)
			break;
		index[i] = slot - 1;
	}
	return i;
}

/* Finds the indexes of the leading values that already have entries. Returns how many. */
static size_t
find(const struct dict_bytes *d, const struct few *few, const struct pq_bytes *v, size_t n, uint32_t *index)
{
	size_t i, part, took;

	if (few->n == 0)
		return find_short(d, v, n, index);
	for (i = 0; i < n; i += took) {
		i += few_find(few, v + i, n - i, index + i);
		part = n - i < 8 ? n - i : 8;
		took = find_short(d, v + i, part, index + i);
		if (took < part)
			return i + took;
	}
	return i;
}

size_t
dict_bytes_add(struct dict_bytes *d, const struct pq_bytes *v, size_t n)
{
	uint32_t *index = (uint32_t *)(void *)buf_room(&d->index, n * sizeof *index), e;
	struct dict_entry key;
	struct few few;
	size_t i, at;

	if (d->slots == NULL)
		bytes_grow(d);
	few_begin(&few, d);
	for (i = find(d, &few, v, n, index); i < n; i++, i += find(d, &few, v + i, n - i, index + i)) {
		key = bytes_key(v[i]);
		for (at = bytes_hash(&key) & d->mask; (e = d->slots[at]) != 0; at = (at + 1) & d->mask)
			if (bytes_equal(d, &d->entries[e - 1], &key, v[i]))
				break;
		if (e == 0) {
			if (!bytes_insert(d, v[i], &key, at, d->nvalues + i + 1))
				break;
			e = (uint32_t)d->n;
			few_begin(&few, d);
		}
		index[i] = e - 1;
	}
	d->index.len += i * sizeof *index;
	d->nvalues += i;
	return i;
}

void
dict_bytes_clear(struct dict_bytes *d)
{
	if (d->slots != NULL)
		memset(d->slots, 0, (d->mask + 1) * sizeof *d->slots);
	d->n = d->nvalues = 0;
	d->data.len = d->index.len = 0;
}

void
dict_bytes_free(struct dict_bytes *d)
{
	free(d->slots);
	free(d->entries);
	buf_free(&d->data);
	buf_free(&d->index);
}

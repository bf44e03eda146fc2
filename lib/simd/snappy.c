/*
 * Snappy compression (format: its project's format_description.txt) by values of 8 bytes. Matches are searched, and
 * copies emitted, by whole values.
 */
#include "simd/level.h"

#include <string.h>

#include "simd/snappy.h"

enum {
	WIDTH = 8,
	SLOTS = 1024,		/* hash table from high bytes to the last value with them; slot_of yields this range */
	TOGETHER = 8		/* values looked up before any of them is stored */
};

#define SPREAD 0x9e3779b1		/* multiplier that hashes high bytes to slots */

/* ---- packing ---- */

/* Returns the number of bytes of v, from the lowest, up to the last that differs from w. */
static inline unsigned
differing(uint64_t v, uint64_t w)
{
	return v == w ? 0 : 8 - (unsigned)__builtin_clzll(v ^ w) / 8;
}

static inline size_t
slot_of(uint64_t v)
{
	return (uint32_t)(v >> 16 ^ v >> 48) * SPREAD >> 22;
}

struct packer {
	const uint8_t *values;			/* the first value */
	const uint8_t *waits;			/* start of the pending literal */
	uint8_t *out;
	uint64_t last;				/* the previous value */
	uint32_t places[SLOTS];			/* offset after `values` of the last value in each slot */
};

/* How many low bytes remain when a value is copied from `far` bytes back. */
struct match {
	unsigned low;
	size_t far;
};

/*
 * Finds a source for a value's high bytes: the previous value, or the last with the same six high bytes (looked up
 * before any of the current eight is stored), whichever leaves fewer low bytes.
 */
static SIMD_INLINE void
find_matches(struct packer *k, const uint8_t *at, const uint8_t *end, struct match *m)
{
	size_t slots[TOGETHER], nslots = 0, i;
	const uint8_t *from, *p = at;
	uint32_t places[TOGETHER];
	uint64_t v, last = k->last;
	unsigned other;

	for (; p < end; p += WIDTH, m++, last = v) {
		v = simd_load(p);
		*m = (struct match){ differing(v, last), WIDTH };
		if (m->low <= 1)
			continue;
		slots[nslots] = slot_of(v);
		places[nslots] = (uint32_t)(p - k->values);
		from = k->values + k->places[slots[nslots++]];
		other = differing(v, simd_load(from));
		if (other < m->low && p - from < SNAPPY_NEAR)
			*m = (struct match){ other, (size_t)(p - from) };
	}
	for (i = 0; i < nslots; i++)
		k->places[slots[i]] = places[i];
	k->last = last;
}

/*
 * Writes the low bytes of each value, then a copy of its high bytes. Values with fewer than four bytes to copy join
 * the pending literal.
 */
static SIMD_INLINE void
pack_together(struct packer *k, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *waits = k->waits;
	struct match found[TOGETHER], *m = found;
	uint8_t *out = k->out;
	uint64_t v, tag;

	find_matches(k, at, end, found);
	for (; at < end; at += WIDTH, m++) {
		if (m->low > WIDTH - SNAPPY_LEAST || at == k->values)
			continue;
		v = simd_load(at);
		tag = snappy_copy(WIDTH - m->low, m->far);
		if (waits == at && m->low > 0) {	/* in one store */
			v &= (UINT64_C(1) << 8 * m->low) - 1;
			simd_store(out, (uint64_t)(m->low - 1) << 2 | v << 8 | tag << 8 * (m->low + 1));
			out += 3 + m->low;
		} else {
			if (waits != at + m->low)
				out = snappy_put_literal(out, waits, (size_t)(at - waits) + m->low);
			*out++ = (uint8_t)tag;
			*out++ = (uint8_t)(tag >> 8);
		}
		waits = at + WIDTH;
	}
	k->waits = waits;
	k->out = out;
}

/* A literal of a value's lowest byte and a copy of the previous seven, with 0 for the byte. */
#define COUNTED (snappy_copy(WIDTH - 1, WIDTH) << 16)

/* Ends the eight values at p, after which no literal is pending. */
static SIMD_INLINE void
end_eight(struct packer *k, const uint8_t *p)
{
	k->out += TOGETHER * sizeof(uint32_t);
	k->waits = p + TOGETHER * WIDTH;
	k->last = simd_load(k->waits - WIDTH);
}

/*
 * Packs eight values that each differ from the one before in the lowest byte alone, as numbers that count up mostly
 * do. Returns false and does nothing if one does not. There is a value before p, and no literal pending.
 */
static SIMD_INLINE bool
pack_counted(struct packer *k, const uint8_t *p)
{
	uint64_t v, last = k->last, differs = 0;
	unsigned i, same = 0;
	uint32_t pair;

	for (i = 0; i < TOGETHER; i++, last = v) {
		v = simd_load(p + WIDTH * i);
		same |= v == last;
		differs |= v ^ last;
	}
	if (same || differs > 0xff)
		return false;
	for (i = 0; i < TOGETHER; i++) {
		pair = (uint32_t)(COUNTED | (uint64_t)p[WIDTH * i] << 8);
		memcpy(k->out + sizeof(pair) * i, &pair, sizeof(pair));
	}
	end_eight(k, p);
	return true;
}

#if SIMD_X86
SIMD_ON_AVX2 static SIMD_INLINE bool
pack_counted_avx2(struct packer *k, const uint8_t *p)
{
	const __m256i zero = _mm256_setzero_si256(), byte = _mm256_set1_epi64x(0xff);
	__m256i a = _mm256_loadu_si256((const void *)p), b = _mm256_loadu_si256((const void *)(p + 32)), bad, bytes;
	__m256i x = _mm256_xor_si256(a, _mm256_loadu_si256((const void *)(p - WIDTH)));
	__m256i y = _mm256_xor_si256(b, _mm256_loadu_si256((const void *)(p + 32 - WIDTH)));

	bad = _mm256_or_si256(_mm256_cmpeq_epi64(x, zero), _mm256_cmpeq_epi64(y, zero));
	bad = _mm256_or_si256(bad, _mm256_andnot_si256(byte, _mm256_or_si256(x, y)));
	if (!_mm256_testz_si256(bad, bad))
		return false;
	/* the lower halves of all eight, in the order 0 1 4 5 2 3 6 7 */
	bytes = _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
	bytes = _mm256_and_si256(_mm256_permute4x64_epi64(bytes, 0xd8), _mm256_set1_epi32(0xff));
	bytes = _mm256_or_si256(_mm256_slli_epi32(bytes, 8), _mm256_set1_epi32((int)COUNTED));
	_mm256_storeu_si256((void *)k->out, bytes);
	end_eight(k, p);
	return true;
}
#endif

static SIMD_INLINE void
pack_begin(struct packer *k, uint8_t *out, const uint8_t *p, size_t skip)
{
	k->waits = p;
	k->values = p + skip;
	k->last = 0;
	memset(k->places, 0, sizeof(k->places));
	k->out = out;
}

static SIMD_INLINE size_t
pack_end(struct packer *k, const uint8_t *out, const uint8_t *end)
{
	if (k->waits < end)
		k->out = snappy_put_literal(k->out, k->waits, (size_t)(end - k->waits));
	return (size_t)(k->out - out);
}

#define PACK(name, how, counted)									\
	how static size_t										\
	name(uint8_t *out, const uint8_t *p, size_t n, size_t skip)					\
	{												\
		const uint8_t *at = p + skip, *end = p + n - (n - skip) % WIDTH, *next;			\
		struct packer k;									\
													\
		pack_begin(&k, out, p, skip);								\
		for (; at < end; at = next) {								\
			next = end - at < TOGETHER * WIDTH ? end : at + TOGETHER * WIDTH;		\
			if (at != k.waits || at == k.values || next != at + TOGETHER * WIDTH ||		\
			    !counted(&k, at))								\
				pack_together(&k, at, next);						\
		}											\
		return pack_end(&k, out, p + n);							\
	}

PACK(pack_words, , pack_counted)
#if SIMD_X86
PACK(pack_avx2, SIMD_ON_AVX2, pack_counted_avx2)

/* ---- with AVX-512: eight values of any kind: 4 to 5 % of acct-write ---- */

/* Computes differing() of eight values. */
SIMD_ON_AVX512 static inline __m512i
differing_eight(__m512i v, __m512i w)
{
	return _mm512_sub_epi64(_mm512_set1_epi64(WIDTH), _mm512_srli_epi64(_mm512_lzcnt_epi64(_mm512_xor_si512(v, w)),
	    3));
}

/* Like find_matches, for values in a mask: returns their slots and the low bytes they leave. */
SIMD_ON_AVX512 static inline void
look_back(const struct packer *k, __m512i v, __m512i at, __mmask8 want, __m512i *slots, __m512i *low, __m512i *far)
{
	__m512i from, other, distance;
	__mmask8 take;

	*slots = _mm512_xor_si512(_mm512_srli_epi64(v, 16), _mm512_srli_epi64(v, 48));
	*slots = _mm512_mul_epu32(*slots, _mm512_set1_epi64(SPREAD));
	*slots = _mm512_srli_epi64(_mm512_slli_epi64(*slots, 32), 54);
	from = _mm512_cvtepu32_epi64(_mm512_mask_i64gather_epi32(_mm256_setzero_si256(), want, *slots, k->places, 4));
	other = differing_eight(v, _mm512_mask_i64gather_epi64(v, want, from, k->values, 1));
	distance = _mm512_sub_epi64(at, from);
	take = _mm512_mask_cmplt_epu64_mask(want, other, *low);
	take = _mm512_mask_cmplt_epi64_mask(take, distance, _mm512_set1_epi64(SNAPPY_NEAR));
	*low = _mm512_mask_mov_epi64(*low, take, other);
	*far = _mm512_mask_mov_epi64(*far, take, distance);
}

/*
 * Packs eight values, not the first ones, with no literal pending. Returns false and does nothing if one of them
 * would have to join a literal.
 */
SIMD_ON_AVX512 static inline bool
pack_eight(struct packer *k, const uint8_t *p)
{
	const __m512i one = _mm512_set1_epi64(1), bytes = _mm512_setr_epi64(0, 8, 16, 24, 32, 40, 48, 56);
	__m512i v = _mm512_loadu_si512(p), low, far = _mm512_set1_epi64(WIDTH), slots, at, tag, word, bits, length;
	__mmask64 taken;
	__mmask8 want;

	low = differing_eight(v, _mm512_alignr_epi64(v, _mm512_set1_epi64((int64_t)k->last), 7));
	if (_mm512_cmpeq_epi64_mask(low, one) == 0xff) {	/* consecutive numbers: one byte, and a copy of seven */
		word = _mm512_slli_epi64(_mm512_and_si512(v, _mm512_set1_epi64(0xff)), 8);
		word = _mm512_or_si512(word, _mm512_set1_epi64((int64_t)COUNTED));
		_mm256_storeu_si256((void *)k->out, _mm512_cvtepi64_epi32(word));
		k->out += 32;
	} else {
		want = _mm512_cmpgt_epi64_mask(low, one);
		at = _mm512_add_epi64(_mm512_set1_epi64(p - k->values), bytes);
		if (want != 0)
			look_back(k, v, at, want, &slots, &low, &far);
		if (_mm512_cmpgt_epi64_mask(low, _mm512_set1_epi64(WIDTH - SNAPPY_LEAST)) != 0)
			return false;
		if (want != 0)
			_mm512_mask_i64scatter_epi32(k->places, want, slots, _mm512_cvtepi64_epi32(at), 4);
		/* as snappy_copy, placed after the literal's tag and its bytes */
		tag = _mm512_slli_epi64(_mm512_sub_epi64(_mm512_set1_epi64(WIDTH - SNAPPY_LEAST), low), 2);
		tag = _mm512_or_si512(_mm512_or_si512(tag, one), _mm512_slli_epi64(_mm512_srli_epi64(far, 8), 5));
		tag = _mm512_or_si512(tag, _mm512_slli_epi64(_mm512_and_si512(far, _mm512_set1_epi64(0xff)), 8));
		bits = _mm512_slli_epi64(low, 3);
		word = _mm512_slli_epi64(_mm512_andnot_si512(_mm512_sllv_epi64(_mm512_set1_epi64(-1), bits), v), 8);
		word = _mm512_or_si512(word, _mm512_slli_epi64(_mm512_sub_epi64(low, one), 2));
		word = _mm512_or_si512(word, _mm512_sllv_epi64(tag, _mm512_add_epi64(bits, _mm512_set1_epi64(8))));
		want = _mm512_test_epi64_mask(low, low);
		word = _mm512_mask_mov_epi64(tag, want, word);
		length = _mm512_mask_add_epi64(_mm512_set1_epi64(2), want, low, _mm512_set1_epi64(3));
		/* compacts the used bytes of each word */
		length = _mm512_shuffle_epi8(length, _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0));
		taken = _mm512_cmplt_epu8_mask(_mm512_set1_epi64(INT64_C(0x0706050403020100)), length);
		_mm512_storeu_si512(k->out, _mm512_maskz_compress_epi8(taken, word));
		k->out += __builtin_popcountll(taken);
	}
	k->waits = p + 8 * WIDTH;
	k->last = simd_load(p + 7 * WIDTH);
	return true;
}

PACK(pack_avx512, SIMD_ON_AVX512, pack_eight)
#endif

/* ---- expanding consecutive numbers: a literal of the lowest byte, and a copy of the previous seven ---- */

/* Two at a time. */
static size_t
counted_words(uint8_t *out, const uint8_t *limit, const uint8_t *p, const uint8_t *end)
{
	uint64_t high = simd_load(out - WIDTH) & ~UINT64_C(0xff), w;
	const uint8_t *begin = out;

	for (; end - p >= 8 && limit - out >= 2 * WIDTH; p += 8, out += 2 * WIDTH) {
		w = simd_load(p);
		if ((w & ~UINT64_C(0x0000ff000000ff00)) != (COUNTED | COUNTED << 32))
			break;
		simd_store(out, high | (w >> 8 & 0xff));
		simd_store(out + WIDTH, high | (w >> 40 & 0xff));
	}
	return (size_t)(out - begin) / WIDTH;
}

#if SIMD_X86
/* Eight at a time. */
SIMD_ON_AVX2 static size_t
counted_avx2(uint8_t *out, const uint8_t *limit, const uint8_t *p, const uint8_t *end)
{
	const __m256i form = _mm256_set1_epi32((int)COUNTED),
	    byte = _mm256_set1_epi32(0xff00);
	const __m256i high = _mm256_set1_epi64x((int64_t)(simd_load(out - WIDTH) & ~UINT64_C(0xff)));
	const uint8_t *begin = out;
	__m256i v;

	for (; end - p >= 32 && limit - out >= 8 * WIDTH; p += 32, out += 8 * WIDTH) {
		v = _mm256_loadu_si256((const void *)p);
		if (_mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_andnot_si256(byte, v), form)) != -1)
			break;
		v = _mm256_srli_epi32(_mm256_and_si256(v, byte), 8);
		_mm256_storeu_si256((void *)out,
		    _mm256_or_si256(high, _mm256_cvtepu32_epi64(_mm256_castsi256_si128(v))));
		_mm256_storeu_si256((void *)(out + 32),
		    _mm256_or_si256(high, _mm256_cvtepu32_epi64(_mm256_extracti128_si256(v, 1))));
	}
	return (size_t)(out - begin) / WIDTH;
}
#endif

void
simd_fill_snappy(struct simd *t, enum simd_level level)
{
	t->snappy_pack = SIMD_PICK(level, pack_words, pack_avx2, pack_avx512);
	t->snappy_counted = SIMD_PICK(level, counted_words, counted_avx2, counted_avx2);
}

/*
 * Validates UTF-8. The vector forms check every byte with the three before it: three tables of sixteen entries, indexed
 * by the two halves of the previous byte and by the upper half of the byte itself, give the errors that each half
 * allows; an error that all three have in common is present. Bytes before and after the text count as zero, so that a
 * sequence cut off by the end lacks its continuation.
 */
#include "simd/level.h"

#include <string.h>

static bool
is_tail(uint8_t b)
{
	return (b & 0xc0) == 0x80;
}

/*
 * Unicode, table 3-7: the valid range of the second byte depends on the first, which excludes overlong forms and
 * surrogates.
 */
size_t
simd_utf8_len(const uint8_t *p, size_t n)
{
	uint8_t low = 0x80, high = 0xbf;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	if (p[0] < 0xe0)
		return n >= 2 && is_tail(p[1]) ? 2 : 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n < 3 || p[1] < low || p[1] > high || !is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0)
		return 3;
	return n >= 4 && is_tail(p[3]) ? 4 : 0;
}

/* Returns the number of leading bytes known to be ASCII: whole words. */
static size_t
ascii_words(const uint8_t *p, size_t n)
{
	uint64_t w;
	size_t i;

	for (i = 0; n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		if (w & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

static bool
ok_words(const uint8_t *p, size_t n)
{
	size_t i = 0, len;

	while (i < n) {
		if (p[i] < 0x80) {
			len = ascii_words(p + i, n - i);
			i += len > 0 ? len : 1;
		} else {
			if ((len = simd_utf8_len(p + i, n - i)) == 0)
				return false;
			i += len;
		}
	}
	return true;
}

#if SIMD_X86

enum {				/* errors of a byte and its predecessor */
	SHORT = 0x01,		/* a lead byte, then no continuation */
	LONG = 0x02,		/* ASCII, then a continuation */
	LOW2 = 0x04,		/* C0 and C1: overlong */
	LOW3 = 0x08,		/* E0, 80 to 9F: overlong */
	LOW4 = 0x10,		/* F0, 80 to 8F: overlong; and F5 to FF likewise: beyond Unicode */
	HIGH = 0x20,		/* F4 to FF, 90 to BF: beyond Unicode */
	SURROGATE = 0x40,	/* ED, A0 to BF */
	TAILS = 0x80		/* two continuations: valid where the lead of three or four bytes requires the second */
};

enum { LONG_ENOUGH = 16 };	/* from this length on vectors pay */

#define ALWAYS (SHORT | LONG | TAILS)

static const uint8_t before_upper[16] = {
	LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, TAILS, TAILS, TAILS, TAILS,
	SHORT | LOW2, SHORT, SHORT | LOW3 | SURROGATE, SHORT | LOW4 | HIGH
}, before_lower[16] = {
	ALWAYS | LOW2 | LOW3 | LOW4, ALWAYS | LOW2, ALWAYS, ALWAYS, ALWAYS | HIGH, ALWAYS | LOW4 | HIGH, ALWAYS | LOW4 |
	    HIGH,
	ALWAYS | LOW4 | HIGH, ALWAYS | LOW4 | HIGH, ALWAYS | LOW4 | HIGH, ALWAYS | LOW4 | HIGH, ALWAYS | LOW4 | HIGH,
	ALWAYS | LOW4 | HIGH, ALWAYS | LOW4 | HIGH | SURROGATE, ALWAYS | LOW4 | HIGH, ALWAYS | LOW4 | HIGH
}, upper[16] = {
	SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
	LONG | TAILS | LOW2 | LOW3 | LOW4, LONG | TAILS | LOW2 | LOW3 | HIGH, LONG | TAILS | LOW2 | SURROGATE | HIGH,
	LONG | TAILS | LOW2 | SURROGATE | HIGH, SHORT, SHORT, SHORT, SHORT
};

/* ---- 32 bytes ---- */

SIMD_ON_AVX2 static inline __m256i
look_up(const uint8_t *table, __m256i nibbles)
{
	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table)), nibbles);
}

SIMD_ON_AVX2 static inline __m256i
upper_halves(__m256i v)
{
	return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));
}

/* Returns the errors of 32 bytes; three bytes before them must be readable. */
SIMD_ON_AVX2 static inline __m256i
faults_avx2(const uint8_t *p)
{
	__m256i v = _mm256_loadu_si256((const void *)p), one = _mm256_loadu_si256((const void *)(p - 1));
	__m256i two = _mm256_loadu_si256((const void *)(p - 2)), three = _mm256_loadu_si256((const void *)(p - 3));
	__m256i pairs, due;

	if (_mm256_movemask_epi8(_mm256_or_si256(v, three)) == 0)
		return _mm256_setzero_si256();
	pairs = _mm256_and_si256(look_up(before_upper, upper_halves(one)),
	    look_up(before_lower, _mm256_and_si256(one, _mm256_set1_epi8(0x0f))));
	pairs = _mm256_and_si256(pairs, look_up(upper, upper_halves(v)));
	/* Sets the top bit if the byte two back is E0 or more, or the byte three back F0 or more. */
	due = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0x60)),
	    _mm256_subs_epu8(three, _mm256_set1_epi8(0x70)));
	return _mm256_xor_si256(pairs, _mm256_and_si256(due, _mm256_set1_epi8((char)TAILS)));
}

SIMD_ON_AVX2 static bool
ok_avx2(const uint8_t *p, size_t n)
{
	uint8_t edge[3 + 32] = { 0 };
	__m256i faults;
	size_t i;

	if (n < LONG_ENOUGH)
		return ok_words(p, n);
	memcpy(edge + 3, p, n < 32 ? n : 32);
	faults = faults_avx2(edge + 3);
	if (n >= 32) {
		for (i = 32; n - i >= 32; i += 32)
			faults = _mm256_or_si256(faults, faults_avx2(p + i));
		memset(edge, 0, sizeof(edge));
		memcpy(edge, p + i - 3, 3 + n - i);
		faults = _mm256_or_si256(faults, faults_avx2(edge + 3));
	}
	return _mm256_testz_si256(faults, faults) != 0;
}

/* ---- 64 bytes ---- */

SIMD_ON_AVX512 static inline __m512i
look_up_avx512(const uint8_t *table, __m512i nibbles)
{
	return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const void *)table)), nibbles);
}

SIMD_ON_AVX512 static inline __m512i
upper_halves_avx512(__m512i v)
{
	return _mm512_and_si512(_mm512_srli_epi16(v, 4), _mm512_set1_epi8(0x0f));
}

/* Returns the errors of 64 bytes, given the bytes one, two and three back of each. */
SIMD_ON_AVX512 static inline __m512i
faults_avx512(__m512i v, __m512i one, __m512i two, __m512i three)
{
	__m512i pairs, due;

	pairs = _mm512_ternarylogic_epi64(look_up_avx512(before_upper, upper_halves_avx512(one)),
	    look_up_avx512(before_lower, _mm512_and_si512(one, _mm512_set1_epi8(0x0f))),
	    look_up_avx512(upper, upper_halves_avx512(v)), 0x80);		/* a & b & c */
	due = _mm512_or_si512(_mm512_subs_epu8(two, _mm512_set1_epi8(0x60)),
	    _mm512_subs_epu8(three, _mm512_set1_epi8(0x70)));
	return _mm512_ternarylogic_epi64(pairs, due, _mm512_set1_epi8((char)TAILS), 0x78);	/* a ^ (b & c) */
}

/* Loads the 64 bytes at p[i - back], with zeros for those outside the text of n bytes. */
SIMD_ON_AVX512 static inline __m512i
load_edge(const uint8_t *p, size_t n, size_t i, unsigned back)
{
	size_t end = n - i + back;
	uint64_t there = end < 64 ? _bzhi_u64(UINT64_MAX, (unsigned)end) : UINT64_MAX;

	if (i == 0)
		there &= UINT64_MAX << back;
	return _mm512_maskz_loadu_epi8(there, p + i - back);
}

/* Checks the first or the last bytes of a text, with zeros around it. */
SIMD_ON_AVX512 static __m512i
edge_faults(const uint8_t *p, size_t n, size_t i)
{
	return faults_avx512(load_edge(p, n, i, 0), load_edge(p, n, i, 1), load_edge(p, n, i, 2),
	    load_edge(p, n, i, 3));
}

SIMD_ON_AVX512 static bool
ok_avx512(const uint8_t *p, size_t n)
{
	__m512i faults, v, three;
	size_t i;

	if (n < LONG_ENOUGH)
		return ok_words(p, n);
	faults = edge_faults(p, n, 0);
	if (n >= 64) {
		for (i = 64; n - i >= 64; i += 64) {
			v = _mm512_loadu_si512(p + i);
			three = _mm512_loadu_si512(p + i - 3);
			if (_mm512_movepi8_mask(_mm512_or_si512(v, three)) != 0)
				faults = _mm512_or_si512(faults,
				    faults_avx512(v, _mm512_loadu_si512(p + i - 1), _mm512_loadu_si512(p + i - 2),
				    three));
		}
		faults = _mm512_or_si512(faults, edge_faults(p, n, i));
	}
	return _mm512_test_epi64_mask(faults, faults) == 0;
}
#endif

void
simd_fill_utf8(struct simd *t, enum simd_level level)
{
	t->utf8_ok = SIMD_PICK(level, ok_words, ok_avx2, ok_avx512);
}

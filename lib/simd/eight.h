/* Encodes and decodes eight integers in a vector of 64 bytes, with AVX-512. The encoding is that of val/int.h. */
#ifndef SIMD_EIGHT_H
#define SIMD_EIGHT_H

#include "simd/level.h"

#if SIMD_X86

enum {
	SIMD_EIGHT_GROUPS = 6,		/* most groups of a number whose field and TAB fit 8 bytes */
	SIMD_EIGHT_BITS = 7 * SIMD_EIGHT_GROUPS
};

/*
 * Encodes numbers from -2^42 to 2^42 - 1 as fields, each with a TAB after it and zeros up to 8 bytes. *groups: number
 * of 7-bit groups of each, which is its length less two.
 */
SIMD_ON_AVX512 static SIMD_INLINE __m512i
simd_eight_put(__m512i v, __m512i *groups)
{
	/* bits 42, 35, ... 0 for bytes 1 to 7 */
	const __m512i pick = _mm512_set1_epi64(INT64_C(0x00070e151c232a00)),
	    keep = _mm512_setr_epi64(0, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff,
	    0xffffffffffffff, 0),
	    tabs = _mm512_setr_epi64(0, INT64_C(9) << 16, INT64_C(9) << 24, INT64_C(9) << 32, INT64_C(9) << 40,
	    INT64_C(9) << 48, INT64_C(9) << 56, 0), seven = _mm512_set1_epi64(7);
	__m512i sign = _mm512_srai_epi64(v, 63), u = _mm512_xor_si512(v, sign), bits, code, head;

	bits = _mm512_sub_epi64(_mm512_set1_epi64(64 + 6), _mm512_lzcnt_epi64(_mm512_or_si512(u,
	    _mm512_set1_epi64(1))));
	*groups = _mm512_srli_epi64(_mm512_mul_epu32(bits, _mm512_set1_epi64(37)), 8);	/* bits / 7, rounded down */
	u = _mm512_sllv_epi64(u, _mm512_mul_epu32(_mm512_sub_epi64(seven, *groups), seven));
	code = _mm512_or_si512(_mm512_multishift_epi64_epi8(pick, u), _mm512_set1_epi8((char)0x80));
	code = _mm512_xor_si512(code, _mm512_and_si512(sign, _mm512_set1_epi8(0x7f)));
	head = _mm512_add_epi64(_mm512_sub_epi64(_mm512_xor_si512(*groups, sign), sign), _mm512_set1_epi64(0x40));
	code = _mm512_ternarylogic_epi64(_mm512_set1_epi64(0xff), head, code, 0xca);
	return _mm512_or_si512(_mm512_and_si512(code, _mm512_permutexvar_epi64(*groups, keep)),
	    _mm512_permutexvar_epi64(*groups, tabs));
}

static SIMD_INLINE int64_t
simd_eight_word(const uint8_t *p)
{
	return (int64_t)simd_load(p);
}

/* Loads the first 8 bytes of eight fields, whose starts are every `stride`-th offset. */
SIMD_ON_AVX512 static SIMD_INLINE __m512i
simd_eight_load(const uint8_t *base, const uint32_t *off, size_t stride)
{
	return _mm512_set_epi64(simd_eight_word(base + off[7 * stride]), simd_eight_word(base + off[6 * stride]),
	    simd_eight_word(base + off[5 * stride]), simd_eight_word(base + off[4 * stride]),
	    simd_eight_word(base + off[3 * stride]), simd_eight_word(base + off[2 * stride]),
	    simd_eight_word(base + off[stride]), simd_eight_word(base + off[0]));
}

/*
 * Decodes eight valid fields; *groups: number of groups of each. A lane with more than 7 groups is wrong, and so is a
 * null's, which appears to have many. Right-aligns the groups so that the last is the highest byte, with zeros below,
 * then joins neighbours in three steps.
 */
SIMD_ON_AVX512 static SIMD_INLINE __m512i
simd_eight_get(__m512i w, __m512i *groups)
{
	__m512i d = _mm512_sub_epi64(_mm512_and_si512(w, _mm512_set1_epi64(0xff)), _mm512_set1_epi64(0x40));
	__m512i sign = _mm512_srai_epi64(d, 63);

	*groups = _mm512_abs_epi64(d);
	w = _mm512_xor_si512(_mm512_srli_epi64(w, 8), sign);
	w = _mm512_sllv_epi64(w, _mm512_sub_epi64(_mm512_set1_epi64(64), _mm512_slli_epi64(*groups, 3)));
	w = _mm512_and_si512(w, _mm512_set1_epi8(0x7f));
	/* 128 and 1; the first operand is unsigned */
	w = _mm512_maddubs_epi16(_mm512_set1_epi16(0x0180), w);
	w = _mm512_madd_epi16(w, _mm512_set1_epi32(0x00014000));
	w = _mm512_add_epi64(_mm512_srli_epi64(w, 32), _mm512_srli_epi64(_mm512_slli_epi64(w, 32), 4));
	return _mm512_xor_si512(w, sign);
}

#endif
#endif

/* The places of the bits that are set among 64. */
#ifndef SIMD_PLACES_H
#define SIMD_PLACES_H

#include "simd/level.h"

enum { SIMD_PLACES_SLACK = 64 };

/*
 * Writes base + i for each bit i that is set, in order. Returns the number of such bits. Up to SIMD_PLACES_SLACK
 * entries after the last may be overwritten.
 */
static SIMD_INLINE size_t
simd_places(uint64_t bits, uint32_t base, uint32_t *out, enum simd_level level)
{
	size_t n = simd_count(bits, level), k, j;

	for (k = 0; k < n; k += 4)	/* four at a time without checking the count: the slack takes the surplus */
		for (j = 0; j < 4; j++) {
			out[k + j] = base + (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
			bits &= bits - 1;
		}
	return n;
}

#if SIMD_X86
/* simd_places with AVX-512. */
SIMD_ON_AVX512 static SIMD_INLINE size_t
simd_places_avx512(uint64_t bits, uint32_t base, uint32_t *out)
{
	static const uint8_t all[64] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
		48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63
	};
	__m512i set = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(all));
	__m512i more = _mm512_set1_epi32((int)base), part;
	size_t n = (size_t)__builtin_popcountll(bits);

	_mm512_storeu_si512(out, _mm512_add_epi32(more, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(set))));
	if (__builtin_expect(n > 16, 0)) {
		part = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(set, 1));
		_mm512_storeu_si512(out + 16, _mm512_add_epi32(more, part));
		part = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(set, 2));
		_mm512_storeu_si512(out + 32, _mm512_add_epi32(more, part));
		part = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(set, 3));
		_mm512_storeu_si512(out + 48, _mm512_add_epi32(more, part));
	}
	return n;
}
#endif

#endif

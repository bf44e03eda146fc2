/*
 * CRC-32 by folding: Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction".
 * Four lanes of 128 bits are each multiplied by x^512 mod P and added to the next 512 bits; what is left at the end
 * goes through zlib, as does everything without that instruction.
 */
#include "simd/level.h"

#include <zlib.h>

enum { LONG_ENOUGH = 128, MOST = 1 << 30 };	/* bytes: from where folding pays; zlib counts in unsigned int */

static uint32_t
extend_words(uint32_t crc, const uint8_t *p, size_t n)
{
	for (; n > MOST; p += MOST, n -= MOST)
		crc = (uint32_t)crc32(crc, p, MOST);
	return (uint32_t)crc32(crc, p, (uInt)n);
}

static uint32_t
crc_words(const uint8_t *p, size_t n)
{
	return extend_words(0, p, n);
}

#if SIMD_X86

/* x^(512+64), x^512, x^(128+64), x^128 mod P, bit-reversed. */
static const uint64_t fold4[2] = { UINT64_C(0x154442bd4), UINT64_C(0x1c6e41596) };
static const uint64_t fold1[2] = { UINT64_C(0x1751997d0), UINT64_C(0x0ccaa009e) };

SIMD_ON_AVX2 static inline __m128i
fold(__m128i x, __m128i k, __m128i next)
{
	return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11)), next);
}

static inline __m128i
load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Folds all whole blocks of 64 bytes (at least one) to 16 bytes with the same remainder. */
SIMD_ON_AVX2 static size_t
fold_blocks(const uint8_t *p, size_t n, uint8_t rest[16])
{
	const __m128i k4 = _mm_set_epi64x((long long)fold4[1], (long long)fold4[0]);
	const __m128i k1 = _mm_set_epi64x((long long)fold1[1], (long long)fold1[0]);
	__m128i a = _mm_xor_si128(load(p), _mm_cvtsi32_si128(-1)), b = load(p + 16), c = load(p + 32), d = load(p + 48);
	size_t i;

	for (i = 64; i + 64 <= n; i += 64) {
		a = fold(a, k4, load(p + i));
		b = fold(b, k4, load(p + i + 16));
		c = fold(c, k4, load(p + i + 32));
		d = fold(d, k4, load(p + i + 48));
	}
	a = fold(fold(fold(a, k1, b), k1, c), k1, d);
	_mm_storeu_si128((__m128i *)(void *)rest, a);
	return i;
}

SIMD_ON_AVX2 static uint32_t
crc_avx2(const uint8_t *p, size_t n)
{
	uint8_t rest[16];
	size_t done;

	if (n < LONG_ENOUGH)
		return crc_words(p, n);
	done = fold_blocks(p, n, rest);
	/* start from a zero register: the folded bytes already include the initial ones */
	return extend_words((uint32_t)crc32(0xffffffff, rest, sizeof(rest)), p + done, n - done);
}
#endif

void
simd_fill_crc(struct simd *t, enum simd_level level)
{
	t->crc32 = SIMD_PICK(level, crc_words, crc_avx2, crc_avx2);
}

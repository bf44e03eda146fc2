/* Encodes numbers as fields in slots of 8 bytes, for joining to records. */
#include "simd/level.h"

#include "simd/eight.h"

#if SIMD_X86

enum { VAL_NULL = 0x19 };	/* as in val/val.h */

/* Loads the values of n rows, at most eight, of 4 or 8 bytes; zero-pads. */
SIMD_ON_AVX512 static SIMD_INLINE __m512i
load_eight(const struct simd_slots *s, const uint32_t *rows, size_t n)
{
	__mmask8 some = (__mmask8)((1u << n) - 1);
	const int32_t *narrow = s->values;
	const int64_t *whole = s->values;
	__m256i at;

	if (rows[n - 1] - rows[0] == n - 1)
		return s->size == 8 ? _mm512_maskz_loadu_epi64(some, whole + rows[0]) :
		    _mm512_cvtepi32_epi64(_mm256_maskz_loadu_epi32(some, narrow + rows[0]));
	at = _mm256_maskz_loadu_epi32(some, rows);
	return s->size == 8 ? _mm512_mask_i32gather_epi64(_mm512_setzero_si512(), some, at, whole, 8) :
	    _mm512_cvtepi32_epi64(_mm256_mmask_i32gather_epi32(_mm256_setzero_si256(), some, at, narrow, 4));
}

/* Loads values of 16 bytes; *wide marks those that do not fit their low half. */
SIMD_ON_AVX512 static SIMD_INLINE __m512i
load_eight_wide(const struct simd_slots *s, const uint32_t *rows, size_t n, __mmask8 *wide)
{
	const __m512i lows = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14),
	    highs = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	__mmask8 some = (__mmask8)((1u << n) - 1);
	__m512i at, low, high, four;
	const int64_t *p = s->values;

	if (rows[n - 1] - rows[0] == n - 1) {
		p += 2 * (size_t)rows[0];
		low = _mm512_maskz_loadu_epi64((__mmask8)((1u << 2 * n) - 1), p);
		four = _mm512_maskz_loadu_epi64((__mmask8)(((1u << 2 * n) - 1) >> 8), p + 8);
		high = _mm512_permutex2var_epi64(low, highs, four);
		low = _mm512_permutex2var_epi64(low, lows, four);
	} else {
		at = _mm512_slli_epi64(_mm512_cvtepu32_epi64(_mm256_maskz_loadu_epi32(some, rows)), 1);
		low = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), some, at, p, 8);
		high = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), some,
		    _mm512_add_epi64(at, _mm512_set1_epi64(1)), p, 8);
	}
	*wide = _mm512_cmpneq_epi64_mask(high, _mm512_srai_epi64(low, 63));
	return low;
}

static SIMD_INLINE __mmask8
present(const uint8_t *def, const uint32_t *rows, size_t n)
{
	unsigned there = 0;

	while (n-- > 0)
		there = there << 1 | (def[rows[n]] != 0);
	return (__mmask8)there;
}

SIMD_ON_AVX512 static bool
slots_avx512(const struct simd_slots *s, const uint32_t *rows, size_t n, uint8_t *slot, uint8_t *length)
{
	const int64_t most = INT64_C(1) << SIMD_EIGHT_BITS;
	__m512i high = _mm512_set1_epi64(s->most < most ? s->most : most - 1),
	    low = _mm512_set1_epi64(s->most < most ? -s->most : -most), x, code, groups;
	size_t k, some;

	for (k = 0; k < n; k += some) {
		__mmask8 there, all, wide = 0;

		some = n - k < 8 ? n - k : 8;
		all = there = (__mmask8)((1u << some) - 1);
		if (s->def != NULL)
			there = present(s->def, rows + k, some);
		if (there != all && s->required)
			return false;
		x = s->size == 16 ? load_eight_wide(s, rows + k, some, &wide) : load_eight(s, rows + k, some);
		x = _mm512_maskz_mov_epi64(there, x);
		if ((wide & there) != 0 || (_mm512_cmpgt_epi64_mask(x, high) | _mm512_cmplt_epi64_mask(x, low)) != 0)
			return false;
		code = simd_eight_put(x, &groups);
		code = _mm512_mask_mov_epi64(_mm512_set1_epi64(VAL_NULL | '\t' << 8), there, code);
		groups = _mm512_add_epi64(_mm512_maskz_mov_epi64(there, groups), _mm512_set1_epi64(2));
		_mm512_storeu_si512(slot + 8 * k, code);
		_mm_storel_epi64((void *)(length + k), _mm512_maskz_cvtepi64_epi8(all, groups));
	}
	return true;
}

#endif

void
simd_fill_slots(struct simd *t, enum simd_level level)
{
	t->slots = NULL;
#if SIMD_X86
	if (level == SIMD_AVX512)
		t->slots = slots_avx512;
#else
	(void)level;
#endif
}

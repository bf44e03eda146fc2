/* Ranks of numbers in a set that is given as a bitmap with the count of members before each word. */
#include "simd/level.h"

static SIMD_INLINE size_t
distance(const void *v, size_t i, bool wide, int64_t min)
{
	return (size_t)((uint64_t)(wide ? ((const int64_t *)v)[i] : ((const int32_t *)v)[i]) - (uint64_t)min);
}

/* Counts the bits of a word without an instruction for it, which older processors lack. */
static SIMD_INLINE unsigned
count_bits(uint64_t w)
{
	w -= w >> 1 & SIMD_EACH(0x55);
	w = (w & SIMD_EACH(0x33)) + (w >> 2 & SIMD_EACH(0x33));
	return (unsigned)(((w + (w >> 4)) & SIMD_EACH(0x0f)) * SIMD_EACH(1) >> 56);
}

#define RANK(name, how, count)										\
	how static SIMD_INLINE void									\
	name##_of(uint32_t *out, const struct simd_ranked *words, const void *v, size_t n, bool wide,	\
	    int64_t min)										\
	{												\
		size_t i, d;										\
													\
		for (i = 0; i < n; i++) {								\
			d = distance(v, i, wide, min);							\
			out[i] = (uint32_t)words[d / 64].before + (unsigned)count(words[d / 64].bits &	\
			    ((UINT64_C(1) << d % 64) - 1));						\
		}											\
	}												\
													\
	how static void											\
	name(uint32_t *out, const struct simd_ranked *words, const void *v, size_t n, bool wide, int64_t min)	\
	{												\
		if (wide)										\
			name##_of(out, words, v, n, true, min);						\
		else											\
			name##_of(out, words, v, n, false, min);					\
	}

RANK(rank_words, , count_bits)
#if SIMD_X86
RANK(rank_avx2, SIMD_ON_AVX2, __builtin_popcountll)
#endif

void
simd_fill_rank(struct simd *t, enum simd_level level)
{
	t->rank = SIMD_PICK(level, rank_words, rank_avx2, rank_avx2);
}

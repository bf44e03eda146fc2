/* Least and greatest of an array, for statistics. The loops are plain; compilers vectorize them for each level. */
#include "simd/level.h"

#define LEAST_GREATEST(name, type, how)									\
	how static void											\
	name(const type *p, size_t n, type *min, type *max)						\
	{												\
		type least = p[0], greatest = p[0];							\
		size_t i;										\
													\
		for (i = 1; i < n; i++) {								\
			least = p[i] < least ? p[i] : least;						\
			greatest = p[i] > greatest ? p[i] : greatest;					\
		}											\
		*min = least;										\
		*max = greatest;									\
	}

LEAST_GREATEST(bounds_i32_words, int32_t, )
LEAST_GREATEST(bounds_i64_words, int64_t, )
#if SIMD_X86
LEAST_GREATEST(bounds_i32_avx2, int32_t, SIMD_ON_AVX2)
LEAST_GREATEST(bounds_i64_avx2, int64_t, SIMD_ON_AVX2)
#endif

void
simd_fill_bounds(struct simd *t, enum simd_level level)
{
	t->bounds_i32 = SIMD_PICK(level, bounds_i32_words, bounds_i32_avx2, bounds_i32_avx2);
	t->bounds_i64 = SIMD_PICK(level, bounds_i64_words, bounds_i64_avx2, bounds_i64_avx2);
}

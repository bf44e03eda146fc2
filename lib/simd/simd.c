#include "simd/level.h"

#include <stdlib.h>
#include <string.h>

struct simd simd;

enum simd_level
simd_best(void)
{
#if SIMD_X86
	__builtin_cpu_init();		/* constructors may run before the compiler's own */
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
	    !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("popcnt"))
		return SIMD_WORDS;
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512cd") ||
	    !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
	    !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512vbmi") ||
	    !__builtin_cpu_supports("avx512vbmi2"))
		return SIMD_AVX2;
	return SIMD_AVX512;
#else
	return SIMD_WORDS;
#endif
}

void
simd_fill(struct simd *t, enum simd_level level)
{
	t->level = level;
	simd_fill_amounts(t, level);
	simd_fill_bounds(t, level);
	simd_fill_crc(t, level);
	simd_fill_rank(t, level);
	simd_fill_snappy(t, level);
	simd_fill_slots(t, level);
	simd_fill_unpack(t, level);
	simd_fill_csv(t, level);
	simd_fill_split(t, level);
	simd_fill_utf8(t, level);
}

/* Runs before the other constructors, so that the table is never empty. */
__attribute__((constructor(101))) static void
fill_table(void)
{
	const char *portable = getenv("ACCT_PORTABLE");
	enum simd_level best = simd_best(), most = SIMD_AVX512;

	if (portable != NULL && strcmp(portable, "1") == 0)
		most = SIMD_WORDS;
	else if (portable != NULL && strcmp(portable, "avx2") == 0)
		most = SIMD_AVX2;
	simd_fill(&simd, best < most ? best : most);
}

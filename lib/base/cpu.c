#include "base/cpu.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#if CPU_X86
enum level { UNKNOWN, PORTABLE, AVX2, AVX512 };

static enum level
find_level(void)
{
	const char *portable = getenv("ACCT_PORTABLE");

	if ((portable != NULL && strcmp(portable, "1") == 0) || !__builtin_cpu_supports("avx2") ||
	    !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("pclmul"))
		return PORTABLE;
	if ((portable != NULL && strcmp(portable, "avx2") == 0) || !__builtin_cpu_supports("avx512f") ||
	    !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
	    !__builtin_cpu_supports("avx512vbmi") || !__builtin_cpu_supports("avx512vbmi2"))
		return AVX2;
	return AVX512;
}

static enum level
level(void)
{
	static enum level known = UNKNOWN;

	if (known == UNKNOWN)
		known = find_level();
	return known;
}
#endif

bool
cpu_has_avx2(void)
{
#if CPU_X86
	return level() >= AVX2;
#else
	return false;
#endif
}

bool
cpu_has_avx512(void)
{
#if CPU_X86
	return level() == AVX512;
#else
	return false;
#endif
}

unsigned
cpu_count(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

#include "base/cpu.h"

#include <sched.h>

#include "simd/simd.h"

bool
cpu_has_avx2(void)
{
	return simd.level >= SIMD_AVX2;
}

bool
cpu_has_avx512(void)
{
	return simd.level == SIMD_AVX512;
}

unsigned
cpu_count(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

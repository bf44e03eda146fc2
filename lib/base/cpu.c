#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

bool
cpu_has_avx2(void)
{
#if CPU_X86
	static int known = -1;
	const char *portable;

	if (known < 0) {
		portable = getenv("ACCT_PORTABLE");
		known = !(portable != NULL && strcmp(portable, "1") == 0) && __builtin_cpu_supports("avx2") &&
		    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
	}
	return known == 1;
#else
	return false;
#endif
}

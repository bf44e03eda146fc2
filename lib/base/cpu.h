/*
 * Which instructions this processor has. ACCT_PORTABLE=1 in the environment answers no to all, so that tests can run the same program on
 * both paths.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>

bool cpu_has_avx2(void);	/* AVX2, BMI1, BMI2 */

#if defined(__x86_64__) && defined(__GNUC__)
#define CPU_X86 1
#define CPU_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt")))
#else
#define CPU_X86 0
#define CPU_AVX2
#endif

#endif

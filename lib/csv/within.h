/* Finds the bytes within quotes from the positions of the quotes. */
#ifndef CSV_WITHIN_H
#define CSV_WITHIN_H

#include <stdint.h>

#include "base/cpu.h"

#if CPU_X86
#include <immintrin.h>

/*
 * Returns the prefix parity: bit i is set if the number of bits up to and including i is odd. Carry-less product of m
 * and all ones.
 */
CPU_AVX2 static inline uint64_t
csv_within(uint64_t m)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)m), _mm_set1_epi8(-1), 0));
}

/* Returns all ones if bit 63 is set: the state for the next 64 bytes. */
static inline uint64_t
csv_within_next(uint64_t within)
{
	return (uint64_t)((int64_t)within >> 63);
}
#endif

#endif

/*
 * Kernels: small functions over bytes and arrays, each for three levels of processor. This is the only folder with
 * vector instructions. Every level of a kernel gives the same results; only the time differs.
 *
 * Callers use the table `simd`, which is filled before main for the processor at hand. ACCT_PORTABLE in the
 * environment lowers the level, so that tests run every path on one machine: "avx2" for at most AVX2, "1" for words.
 */
#ifndef SIMD_SIMD_H
#define SIMD_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum simd_level {
	SIMD_WORDS,	/* scalar code that handles 8 bytes in a 64-bit word; any little-endian processor */
	SIMD_AVX2,	/* AVX2, BMI1, BMI2, LZCNT, PCLMULQDQ */
	SIMD_AVX512	/* the above and AVX-512 F, CD, BW, DQ, VL, VBMI, VBMI2: Ice Lake, Zen 4 and later */
};

/* One row a kernel. No function reads or writes outside the ranges its comment names; all accept n = 0. */
struct simd {
	enum simd_level level;

	/* ---- utf8.c ---- */

	/* Returns true if p[0] to p[n - 1] are UTF-8. */
	bool (*utf8_ok)(const uint8_t *p, size_t n);
};

extern struct simd simd;

/* Fills a table for a level, which must not exceed simd_best. For tests, which compare the levels. */
void simd_fill(struct simd *t, enum simd_level level);

/* Returns the highest level that this processor has, whatever ACCT_PORTABLE says. */
enum simd_level simd_best(void);

/* Returns the length of the UTF-8 sequence at p, 1 to 4, or 0 if it is invalid. n > 0. */
size_t simd_utf8_len(const uint8_t *p, size_t n);

#endif

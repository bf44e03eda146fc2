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

struct simd_ranked {		/* 64 numbers of a range: which are in a set, and how many members are before them */
	uint64_t bits, before;
};

/* One row a kernel. No function reads or writes outside the ranges its comment names; all accept n = 0. */
struct simd {
	enum simd_level level;

	/* ---- utf8.c ---- */

	/* Returns true if p[0] to p[n - 1] are UTF-8. */
	bool (*utf8_ok)(const uint8_t *p, size_t n);

	/* ---- unpack.c ---- */

	/*
	 * Unpacks values first to first + n - 1 of those of `width` bits (1 to 32) packed at p, the first value in the
	 * lowest bits of the first byte. The values lie before end; nothing at or after end is read.
	 */
	void (*unpack32)(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width);

	/* ---- bounds.c: n is at least 1 ---- */

	void (*bounds_i32)(const int32_t *p, size_t n, int32_t *min, int32_t *max);
	void (*bounds_i64)(const int64_t *p, size_t n, int64_t *min, int64_t *max);

	/* ---- crc.c ---- */

	/* Returns the CRC-32 of RFC 1952, zlib's, of n bytes. */
	uint32_t (*crc32)(const uint8_t *p, size_t n);

	/* ---- rank.c ---- */

	/*
	 * Finds how many members of a set are less than each of n numbers, int64_t if wide, else int32_t. words[0]
	 * describes min to min + 63; no number is below min or beyond the words.
	 */
	void (*rank)(uint32_t *out, const struct simd_ranked *words, const void *v, size_t n, bool wide, int64_t min);

	/* ---- snappy.c ---- */

	/*
	 * Compresses n bytes, of which those after the first `skip` are values of 8 bytes, to elements of Snappy's
	 * format, without the length before them. out has room for n + n / 4 + 64 bytes. Returns the bytes written.
	 */
	size_t (*snappy_pack)(uint8_t *out, const uint8_t *p, size_t n, size_t skip);

	/*
	 * Expands pairs at p, of a literal of one byte and a copy of seven from 8 bytes back, to 8 bytes each, after
	 * the 8 bytes before out; stops at another element. Reads before end, writes before limit. Returns how many
	 * pairs it expanded, of 4 bytes each.
	 */
	size_t (*snappy_counted)(uint8_t *out, const uint8_t *limit, const uint8_t *p, const uint8_t *end);
};

extern struct simd simd;

/* Fills a table for a level, which must not exceed simd_best. For tests, which compare the levels. */
void simd_fill(struct simd *t, enum simd_level level);

/* Returns the highest level that this processor has, whatever ACCT_PORTABLE says. */
enum simd_level simd_best(void);

/* Returns the length of the UTF-8 sequence at p, 1 to 4, or 0 if it is invalid. n > 0. */
size_t simd_utf8_len(const uint8_t *p, size_t n);

#endif

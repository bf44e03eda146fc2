/* For the files of kernels: how a function is compiled for a level, and how a row of the table is chosen. */
#ifndef SIMD_LEVEL_H
#define SIMD_LEVEL_H

#include "simd/simd.h"

#define SIMD_INLINE inline __attribute__((always_inline))

#if defined(__x86_64__) && defined(__GNUC__)
#define SIMD_X86 1
#include <immintrin.h>
#define SIMD_ON_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,pclmul,popcnt")))
#define SIMD_ON_AVX512 __attribute__((target("avx2,bmi,bmi2,lzcnt,pclmul,popcnt,"	\
	"avx512f,avx512cd,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")))
/* Chooses among a kernel's functions. Name the AVX2 one twice where AVX-512 does not pay. */
#define SIMD_PICK(level, words, avx2, avx512)	\
	((level) == SIMD_AVX512 ? (avx512) : (level) == SIMD_AVX2 ? (avx2) : (words))
#else
#define SIMD_X86 0
#define SIMD_PICK(level, words, avx2, avx512) ((void)(level), (words))
#endif

/* ---- 64-bit words as 8 bytes, the first one lowest ---- */

#define SIMD_EACH(byte) ((byte) * UINT64_C(0x0101010101010101))

static SIMD_INLINE uint64_t
simd_load(const void *p)
{
	uint64_t w;

	__builtin_memcpy(&w, p, sizeof(w));
	return w;
}

static SIMD_INLINE void
simd_store(void *p, uint64_t w)
{
	__builtin_memcpy(p, &w, sizeof(w));
}

/* Sets the top bit of every byte that is zero, and no other bit. */
static SIMD_INLINE uint64_t
simd_zero_bytes(uint64_t w)
{
	return ~(((w & SIMD_EACH(0x7f)) + SIMD_EACH(0x7f)) | w | SIMD_EACH(0x7f));
}

/* Sets the top bit of every byte below 0x20, and no other bit. */
static SIMD_INLINE uint64_t
simd_low_bytes(uint64_t w)
{
	return simd_zero_bytes(w & SIMD_EACH(0xe0));
}

/* Gathers the top bits of the bytes, given in a word without other bits: bit i is that of byte i. */
static SIMD_INLINE uint64_t
simd_top_bits(uint64_t tops)
{
	return (tops >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* ---- 64 bits, one for each of 64 bytes ---- */

/* Returns the mask of the first n bytes, n <= 64. */
static SIMD_INLINE uint64_t
simd_first(size_t n)
{
	return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* Counts the bits that are set. Without an instruction for it the compiler would call a function. */
static SIMD_INLINE unsigned
simd_count(uint64_t bits, enum simd_level level)
{
	if (level != SIMD_WORDS)
		return (unsigned)__builtin_popcountll(bits);
	bits -= bits >> 1 & SIMD_EACH(0x55);
	bits = (bits & SIMD_EACH(0x33)) + (bits >> 2 & SIMD_EACH(0x33));
	return (unsigned)(((bits + (bits >> 4)) & SIMD_EACH(0x0f)) * SIMD_EACH(0x01) >> 56);
}

/* ---- the kernels' rows: one function a file ---- */

void simd_fill_amounts(struct simd *t, enum simd_level level);
void simd_fill_bounds(struct simd *t, enum simd_level level);
void simd_fill_crc(struct simd *t, enum simd_level level);
void simd_fill_rank(struct simd *t, enum simd_level level);
void simd_fill_snappy(struct simd *t, enum simd_level level);
void simd_fill_slots(struct simd *t, enum simd_level level);
void simd_fill_unpack(struct simd *t, enum simd_level level);
void simd_fill_csv(struct simd *t, enum simd_level level);
void simd_fill_split(struct simd *t, enum simd_level level);
void simd_fill_utf8(struct simd *t, enum simd_level level);

#endif

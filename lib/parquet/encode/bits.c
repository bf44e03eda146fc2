/* Bit packing and unpacking; with AVX2, widths up to 25 are unpacked eight values at a time. */
#include <stdbool.h>
#include <string.h>

#include "base/cpu.h"
#include "base/num.h"
#include "parquet/encode/bits.h"
#include "parquet/format/load.h"

#if CPU_X86
#include <immintrin.h>
#endif

/* Packs eight values into width bytes. Inlined with a constant width, so that the loop unrolls. */
static inline __attribute__((always_inline)) void
pack8(uint8_t *out, const uint32_t *v, unsigned width)
{
	uint64_t acc = 0;
	unsigned fill = 0, i;

	for (i = 0; i < 8; i++) {
		acc |= (uint64_t)v[i] << fill;
		fill += width;
		if (fill >= 32) {
			store_u32(out, (uint32_t)acc);
			out += 4;
			acc >>= 32;
			fill -= 32;
		}
	}
	store_u32(out, (uint32_t)acc);
}

static inline __attribute__((always_inline)) void
pack_loop(uint8_t *out, const uint32_t *v, size_t n, unsigned width)
{
	size_t i;

	for (i = 0; i < n; i += 8, out += width)
		pack8(out, v + i, width);
}

#define PACK(w) case w: pack_loop(out, v, n, w); break;
#define PACK4(w) PACK(w) PACK(w + 1) PACK(w + 2) PACK(w + 3)

void
bits_pack32(uint8_t *out, const uint32_t *v, size_t n, unsigned width)
{
	switch (width) {
	PACK4(1) PACK4(5) PACK4(9) PACK4(13) PACK4(17) PACK4(21) PACK4(25) PACK4(29)
	default:
		break;
	}
}

void
bits_pack64(uint8_t *out, const uint64_t *v, size_t n, unsigned width)
{
	u128 acc = 0;
	unsigned fill = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		acc |= (u128)v[i] << fill;
		fill += width;
		if (fill >= 64) {
			store_u64(out, (uint64_t)acc);
			out += 8;
			acc >>= 64;
			fill -= 64;
		}
	}
	memcpy(out, &acc, (fill + 7) / 8);
}

/* Loads up to eight bytes at p, fewer before end. */
static inline uint64_t
load_upto(const uint8_t *p, const uint8_t *end)
{
	uint64_t v = 0;

	if (end - p >= 8)
		return load_u64(p);
	if (p < end)
		memcpy(&v, p, (size_t)(end - p));
	return v;
}

static inline uint64_t
get_bits(const uint8_t *p, const uint8_t *end, size_t bit, unsigned width)
{
	const uint8_t *q = p + bit / 8;
	unsigned shift = bit % 8;
	uint64_t v = load_upto(q, end) >> shift;

	if (shift + width > 64 && end - q > 8)
		v |= (uint64_t)q[8] << (64 - shift);
	return width == 64 ? v : v & ((UINT64_C(1) << width) - 1);
}

static void
unpack32_portable(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width)
{
	uint32_t mask = width == 32 ? UINT32_MAX : (UINT32_C(1) << width) - 1;
	size_t i = 0, bit = first * width;

	for (; i < n && end - (p + bit / 8) >= 8; i++, bit += width)
		out[i] = (uint32_t)(load_u64(p + bit / 8) >> bit % 8) & mask;
	for (; i < n; i++, bit += width)
		out[i] = (uint32_t)get_bits(p, end, bit, width);
}

#if CPU_X86
/*
 * Unpacks groups of eight values in width bytes. The first four begin at bit 0, the others at bit 4 * width. A byte
 * shuffle spreads each half to four words whose value begins at a bit below 8, to be shifted and masked; this needs
 * width + 7 <= 32. Returns how many values were unpacked.
 */
CPU_AVX2 static size_t
unpack32_avx2(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t n, unsigned width)
{
	uint8_t sel[32];
	uint32_t shift[8];
	__m256i pick, by, mask = _mm256_set1_epi32((int)((UINT32_C(1) << width) - 1)), v;
	unsigned i, k, bit, half = width / 2;
	size_t done;

	for (i = 0; i < 8; i++) {
		bit = i < 4 ? i * width : i * width - half * 8;
		shift[i] = bit % 8;
		for (k = 0; k < 4; k++)
			sel[4 * i + k] = (uint8_t)(bit / 8 + k);
	}
	pick = _mm256_loadu_si256((const __m256i *)(const void *)sel);
	by = _mm256_loadu_si256((const __m256i *)(const void *)shift);
	for (done = 0; done + 8 <= n && end - p >= (long)half + 16; done += 8, p += width) {
		v = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p)),
		    _mm_loadu_si128((const __m128i *)(const void *)(p + half)), 1);
		v = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(v, pick), by), mask);
		_mm256_storeu_si256((__m256i *)(void *)(out + done), v);
	}
	return done;
}
#endif

void
bits_unpack32(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width)
{
	size_t head = (8 - first % 8) % 8, done = 0;

	if (width == 0) {
		memset(out, 0, n * sizeof *out);
		return;
	}
	if (head > n)
		head = n;
	unpack32_portable(out, p, end, first, head, width);
#if CPU_X86
	if (width <= 25 && n - head >= 8 && cpu_has_avx2())
		done = unpack32_avx2(out + head, p + (first + head) / 8 * width, end, n - head, width);
#endif
	unpack32_portable(out + head + done, p, end, first + head + done, n - head - done, width);
}

void
bits_unpack64(uint64_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width)
{
	uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	size_t i = 0, bit = first * width;

	if (width == 0) {
		memset(out, 0, n * sizeof *out);
		return;
	}
	if (width <= 57)
		for (; i < n && end - (p + bit / 8) >= 8; i++, bit += width)
			out[i] = load_u64(p + bit / 8) >> bit % 8 & mask;
	for (; i < n; i++, bit += width)
		out[i] = get_bits(p, end, bit, width);
}

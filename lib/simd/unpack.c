/* Unpacks bit-packed values: dictionary indexes and levels. */
#include "simd/level.h"

#include "simd/bits.h"

static void
unpack_words(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width)
{
	uint32_t mask = width == 32 ? UINT32_MAX : (UINT32_C(1) << width) - 1;
	size_t i = 0, bit = first * width;

	for (; i < n && end - (p + bit / 8) >= 8; i++, bit += width)
		out[i] = (uint32_t)(simd_load(p + bit / 8) >> bit % 8) & mask;
	for (; i < n; i++, bit += width)
		out[i] = (uint32_t)simd_bits_get(p, end, bit, width);
}

#if SIMD_X86

enum { WIDEST = 25 };		/* width + 7 bits fit a word of 32 */

/*
 * Unpacks groups of eight values in width bytes. The first four begin at bit 0, the others at bit 4 * width. A byte
 * shuffle spreads each half to four words whose value begins at a bit below 8, to be shifted and masked. Returns how
 * many values were unpacked.
 */
SIMD_ON_AVX2 static size_t
unpack_groups(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t n, unsigned width)
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
	pick = _mm256_loadu_si256((const void *)sel);
	by = _mm256_loadu_si256((const void *)shift);
	for (done = 0; done + 8 <= n && end - p >= (long)half + 16; done += 8, p += width) {
		v = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)p)),
		    _mm_loadu_si128((const void *)(p + half)), 1);
		v = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(v, pick), by), mask);
		_mm256_storeu_si256((void *)(out + done), v);
	}
	return done;
}

SIMD_ON_AVX2 static void
unpack_avx2(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width)
{
	size_t head = (8 - first % 8) % 8, done = 0;

	head = head < n ? head : n;
	unpack_words(out, p, end, first, head, width);
	if (width <= WIDEST && n - head >= 8)
		done = unpack_groups(out + head, p + (first + head) / 8 * width, end, n - head, width);
	done += head;
	unpack_words(out + done, p, end, first + done, n - done, width);
}
#endif

void
simd_fill_unpack(struct simd *t, enum simd_level level)
{
	t->unpack32 = SIMD_PICK(level, unpack_words, unpack_avx2, unpack_avx2);
}

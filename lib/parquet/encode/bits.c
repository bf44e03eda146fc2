/* Bit packing and unpacking. */
#include <string.h>

#include "base/num.h"
#include "parquet/encode/bits.h"
#include "parquet/format/load.h"
#include "simd/bits.h"
#include "simd/simd.h"

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

void
bits_unpack32(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width)
{
	if (width == 0)
		memset(out, 0, n * sizeof(*out));
	else
		simd.unpack32(out, p, end, first, n, width);
}

void
bits_unpack64(uint64_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width)
{
	uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	size_t i = 0, bit = first * width;

	if (width == 0) {
		memset(out, 0, n * sizeof(*out));
		return;
	}
	if (width <= 57)
		for (; i < n && end - (p + bit / 8) >= 8; i++, bit += width)
			out[i] = load_u64(p + bit / 8) >> bit % 8 & mask;
	for (; i < n; i++, bit += width)
		out[i] = simd_bits_get(p, end, bit, width);
}

/* A column of integers decoded: eight of them at once where the processor can. */
#include "base/cpu.h"
#include "val/int.h"

#if CPU_X86
#include <immintrin.h>

enum { EIGHT_GROUPS = 7 };	/* what a field may have so that it is 8 bytes at most */

/*
 * A field of each lane, its head lowest. The groups move up until the last is the highest byte, zeros below them; then
 * neighbours pair up three times.
 */
CPU_AVX512 static inline __m512i
decode_eight(__m512i w, __mmask8 *longer)
{
	__m512i d = _mm512_sub_epi64(_mm512_and_si512(w, _mm512_set1_epi64(0xff)), _mm512_set1_epi64(0x40));
	__m512i sign = _mm512_srai_epi64(d, 63), groups = _mm512_abs_epi64(d);

	*longer = _mm512_cmpgt_epu64_mask(groups, _mm512_set1_epi64(EIGHT_GROUPS));
	w = _mm512_xor_si512(_mm512_srli_epi64(w, 8), sign);
	w = _mm512_sllv_epi64(w, _mm512_sub_epi64(_mm512_set1_epi64(64), _mm512_slli_epi64(groups, 3)));
	w = _mm512_and_si512(w, _mm512_set1_epi8(0x7f));
	/* 128 and 1, of which the first counts as unsigned */
	w = _mm512_maddubs_epi16(_mm512_set1_epi16(0x0180), w);
	w = _mm512_madd_epi16(w, _mm512_set1_epi32(0x00014000));
	w = _mm512_add_epi64(_mm512_srli_epi64(w, 32), _mm512_srli_epi64(_mm512_slli_epi64(w, 32), 4));
	return _mm512_xor_si512(w, sign);
}

static inline int64_t
load(const uint8_t *p)
{
	int64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

CPU_AVX512 static size_t
ints_avx512(const uint8_t *base, const uint32_t *off, size_t stride, size_t n, int64_t *out)
{
	__mmask8 longer;
	size_t i, k;

	for (i = 0; i + 8 <= n; i += 8, off += 8 * stride) {
		__m512i w = _mm512_set_epi64(load(base + off[7 * stride]), load(base + off[6 * stride]),
		    load(base + off[5 * stride]), load(base + off[4 * stride]), load(base + off[3 * stride]),
		    load(base + off[2 * stride]), load(base + off[stride]), load(base + off[0]));

		_mm512_storeu_si512(out + i, decode_eight(w, &longer));
		for (; longer != 0; longer &= (__mmask8)(longer - 1)) {
			k = (size_t)__builtin_ctz(longer);
			out[i + k] = val_int(base + off[k * stride]);
		}
	}
	return i;
}
#endif

void
val_ints(const uint8_t *base, const uint32_t *off, size_t stride, size_t n, int64_t *out)
{
	size_t i = 0;

#if CPU_X86
	if (cpu_has_avx512())
		i = ints_avx512(base, off, stride, n, out);
#endif
	for (; i < n; i++)
		out[i] = val_int_inline(base + off[i * stride]);
}

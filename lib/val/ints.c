/* Decodes and encodes columns of integers, eight at a time with AVX-512. */
#include "base/cpu.h"
#include "simd/eight.h"
#include "val/int.h"

#if CPU_X86
#include <immintrin.h>

enum { EIGHT_GROUPS = 7 };	/* most groups of a field of at most 8 bytes */

/* The top bits of n groups: 0x80 in each byte after the head. */
#define TOPS(n) ((UINT64_C(0x8080808080808080) << 8) & (UINT64_MAX >> (56 - 8 * (n))))
/* For these bytes, in memory order, the bit of the number at which each group begins. */
#define BEGINS(n) (BEGIN(n, 1) | BEGIN(n, 2) | BEGIN(n, 3) | BEGIN(n, 4) | BEGIN(n, 5) | BEGIN(n, 6) | BEGIN(n, 7))
#define BEGIN(n, k) ((uint64_t)((n) > (k) ? 7 * ((n) - (k)) : 0) << 8 * (k))

/* Encodes eight numbers as words; *longer: mask of those that are too long. */
CPU_AVX512 static inline __m512i
encode_eight(__m512i v, __m512i *groups, __mmask8 *longer)
{
	const __m512i tops = _mm512_setr_epi64(0, TOPS(1), TOPS(2), TOPS(3), TOPS(4), TOPS(5), TOPS(6), TOPS(7));
	const __m512i begins = _mm512_setr_epi64(0, BEGINS(1), BEGINS(2), BEGINS(3), BEGINS(4), BEGINS(5), BEGINS(6),
	    BEGINS(7));
	__m512i sign = _mm512_srai_epi64(v, 63), u = _mm512_xor_si512(v, sign), top, w, head;
	__m512i bits = _mm512_sub_epi64(_mm512_set1_epi64(64 + 6), _mm512_lzcnt_epi64(_mm512_or_si512(u,
	    _mm512_set1_epi64(1))));

	*groups = _mm512_srli_epi64(_mm512_mullo_epi16(bits, _mm512_set1_epi64(37)), 8);	/* as in val_groups */
	*longer = _mm512_cmpgt_epu64_mask(*groups, _mm512_set1_epi64(EIGHT_GROUPS));
	top = _mm512_permutexvar_epi64(*groups, tops);
	w = _mm512_multishift_epi64_epi8(_mm512_permutexvar_epi64(*groups, begins), u);
	/* seven bits of each group, inverted for a negative number, below the top bit */
	w = _mm512_and_si512(_mm512_xor_si512(w, sign), _mm512_sub_epi64(top, _mm512_srli_epi64(top, 7)));
	head = _mm512_add_epi64(_mm512_set1_epi64(0x40), _mm512_sub_epi64(_mm512_xor_si512(*groups, sign), sign));
	return _mm512_or_si512(_mm512_or_si512(w, top), head);
}

CPU_AVX512 static size_t
words_avx512(const int64_t *v, size_t n, uint64_t *words, uint8_t *lengths, bool *good)
{
	__mmask8 longer, any = 0;
	__m512i groups;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		_mm512_storeu_si512(words + i, encode_eight(_mm512_loadu_si512(v + i), &groups, &longer));
		_mm_storel_epi64((void *)(lengths + i), _mm512_cvtepi64_epi8(_mm512_add_epi64(groups,
		    _mm512_set1_epi64(1))));
		any |= longer;
	}
	*good = any == 0;
	return i;
}

CPU_AVX512 static size_t
ints_avx512(const uint8_t *base, const uint32_t *off, size_t stride, size_t n, int64_t *out)
{
	__mmask8 longer;
	size_t i, k;

	for (i = 0; i + 8 <= n; i += 8, off += 8 * stride) {
		__m512i groups, v = simd_eight_get(simd_eight_load(base, off, stride), &groups);

		_mm512_storeu_si512(out + i, v);
		longer = _mm512_cmpgt_epu64_mask(groups, _mm512_set1_epi64(EIGHT_GROUPS));
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

bool
val_put_words(const int64_t *v, size_t n, uint64_t *words, uint8_t *lengths)
{
	enum { WORD_GROUPS = 7 };
	uint8_t field[16];
	bool good = true;
	size_t i = 0;

#if CPU_X86
	if (cpu_has_avx512())
		i = words_avx512(v, n, words, lengths, &good);
#endif
	for (; i < n; i++) {
		lengths[i] = (uint8_t)val_put_int_fast(field, v[i]);
		memcpy(&words[i], field, sizeof(words[i]));
		good = good && lengths[i] <= 1 + WORD_GROUPS;
	}
	return good;
}

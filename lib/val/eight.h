/* The integer encoding, eight numbers side by side in a vector of 64 bytes, where the processor has CPU_AVX512. */
#ifndef VAL_EIGHT_H
#define VAL_EIGHT_H

#include <stdint.h>

#include "base/cpu.h"

#if CPU_X86
#include <immintrin.h>

enum {
	VAL_EIGHT_GROUPS = 6,		/* most groups of a number whose field and TAB are 8 bytes at most */
	VAL_EIGHT_BITS = 7 * VAL_EIGHT_GROUPS
};

/*
 * Numbers from -2^42 to 2^42 - 1 to their fields, each with a TAB behind it, and zeros to 8 bytes. *groups says how many
 * groups of 7 bits each has: its bytes are two more.
 */
CPU_AVX512 static inline __attribute__((always_inline)) __m512i
val_eight(__m512i v, __m512i *groups)
{
	const __m512i pick = _mm512_set1_epi64(INT64_C(0x00070e151c232a00)),	/* bits 42, 35, ... 0 for bytes 1 to 7 */
	    keep = _mm512_setr_epi64(0, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff,
	    0xffffffffffffff, 0),
	    tabs = _mm512_setr_epi64(0, INT64_C(9) << 16, INT64_C(9) << 24, INT64_C(9) << 32, INT64_C(9) << 40,
	    INT64_C(9) << 48, INT64_C(9) << 56, 0), seven = _mm512_set1_epi64(7);
	__m512i sign = _mm512_srai_epi64(v, 63), u = _mm512_xor_si512(v, sign), bits, code, head;

	bits = _mm512_sub_epi64(_mm512_set1_epi64(64 + 6), _mm512_lzcnt_epi64(_mm512_or_si512(u, _mm512_set1_epi64(1))));
	*groups = _mm512_srli_epi64(_mm512_mul_epu32(bits, _mm512_set1_epi64(37)), 8);	/* bits / 7, as in val_groups */
	u = _mm512_sllv_epi64(u, _mm512_mul_epu32(_mm512_sub_epi64(seven, *groups), seven));
	code = _mm512_or_si512(_mm512_multishift_epi64_epi8(pick, u), _mm512_set1_epi8((char)0x80));
	code = _mm512_xor_si512(code, _mm512_and_si512(sign, _mm512_set1_epi8(0x7f)));
	head = _mm512_add_epi64(_mm512_sub_epi64(_mm512_xor_si512(*groups, sign), sign), _mm512_set1_epi64(0x40));
	code = _mm512_ternarylogic_epi64(_mm512_set1_epi64(0xff), head, code, 0xca);
	return _mm512_or_si512(_mm512_and_si512(code, _mm512_permutexvar_epi64(*groups, keep)),
	    _mm512_permutexvar_epi64(*groups, tabs));
}

#endif
#endif

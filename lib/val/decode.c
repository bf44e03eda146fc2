/*
 * Columns of integers checked and decoded in one pass, four fields at a time. val/int.h has the encoding. A field's
 * groups are shifted to the end of a word, so that they lie as those of a number of the greatest length, and then
 * joined in pairs: 7 bits to 14, to 28, to 56.
 */
#include "base/cpu.h"
#include "val/check.h"

#if CPU_X86
#include <immintrin.h>

enum { GROUPS = 7 };			/* that a word holds beside the head byte */

struct lanes {
	__m256i bad, null;
};

static inline int64_t
word(const void *p)
{
	int64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* The fields that begin at the offsets *at[0] to *at[3]. */
CPU_AVX2 static inline __attribute__((always_inline)) __m256i
decode4(const uint8_t *base, const uint32_t *const at[4], __m256i most, struct lanes *l)
{
	const __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi64x(1), plus = _mm256_set1_epi64x(0x40);
	__m256i pairs = _mm256_set_epi64x(word(at[3]), word(at[2]), word(at[1]), word(at[0]));
	__m256i x = _mm256_set_epi64x(word(base + *at[3]), word(base + *at[2]), word(base + *at[1]), word(base + *at[0]));
	__m256i start = _mm256_and_si256(pairs, _mm256_set1_epi64x(UINT32_MAX)), end = _mm256_srli_epi64(pairs, 32);
	__m256i groups = _mm256_sub_epi64(_mm256_sub_epi64(end, start), _mm256_set1_epi64x(2));
	__m256i head = _mm256_and_si256(x, _mm256_set1_epi64x(0xff)), sign = _mm256_cmpgt_epi64(plus, head);
	__m256i want = _mm256_add_epi64(plus, _mm256_sub_epi64(_mm256_xor_si256(groups, sign), sign));
	__m256i shift = _mm256_sub_epi64(_mm256_set1_epi64x(64), _mm256_slli_epi64(groups, 3));
	__m256i top = _mm256_set1_epi8((char)0x80), tops = _mm256_sllv_epi64(top, shift), rest, good, bare;

	x = _mm256_sllv_epi64(_mm256_srli_epi64(x, 8), shift);
	rest = _mm256_sub_epi64(tops, _mm256_srli_epi64(tops, 7));
	good = _mm256_and_si256(_mm256_cmpeq_epi64(head, want), _mm256_cmpeq_epi64(_mm256_and_si256(x, top), tops));
	x = _mm256_and_si256(_mm256_xor_si256(x, sign), rest);
	/* the first group of several must not be zero */
	bare = _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_srlv_epi64(x, shift), _mm256_set1_epi64x(0x7f)), zero);
	good = _mm256_andnot_si256(_mm256_and_si256(bare, _mm256_cmpgt_epi64(groups, one)), good);
	good = _mm256_and_si256(good, _mm256_and_si256(_mm256_cmpgt_epi64(groups, zero), _mm256_cmpgt_epi64(most, groups)));
	l->null = _mm256_and_si256(_mm256_cmpeq_epi64(head, _mm256_set1_epi64x(VAL_NULL)), _mm256_cmpeq_epi64(groups, zero));
	l->bad = _mm256_or_si256(l->bad, _mm256_andnot_si256(good, _mm256_set1_epi8(-1)));

	x = _mm256_maddubs_epi16(_mm256_set1_epi16(0x0180), x);
	x = _mm256_madd_epi16(x, _mm256_set1_epi32(0x00014000));
	x = _mm256_or_si256(_mm256_srli_epi64(_mm256_slli_epi64(x, 32), 4), _mm256_srli_epi64(x, 32));
	return _mm256_xor_si256(x, sign);
}

CPU_AVX2 static inline __attribute__((always_inline)) void
store4(void *out, bool wide, __m256i v)
{
	if (wide)
		_mm256_storeu_si256(out, v);
	else
		_mm_storeu_si128(out, _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 2, 4, 6, 0, 0,
		    0, 0))));
}

/* Four signs as four bytes of 0 or 1. */
static inline uint32_t
flags_of(unsigned signs)
{
	return ((signs & 0xf) * 0x00204081u) & 0x01010101u;
}

CPU_AVX2 static inline __attribute__((always_inline)) bool
decode(const uint8_t *base, const uint32_t *off, size_t stride, size_t n, unsigned most_groups, bool wide, bool nulls,
    void *out, uint8_t *there)
{
	__m256i most = _mm256_set1_epi64x((int64_t)most_groups + 1), v;
	struct lanes l = { .bad = _mm256_setzero_si256() };
	uint8_t last[32], *o = out;
	const uint32_t *at[4];
	size_t i, k, done;
	uint32_t flags;

	for (i = 0; i < n; i += done, o += done * (wide ? 8 : 4), off += done * stride) {
		done = n - i < 4 ? n - i : 4;
		for (k = 0; k < 4; k++)
			at[k] = off + (k < done ? k : done - 1) * stride;
		if (nulls) {
			struct lanes four = { .bad = _mm256_setzero_si256() };

			v = decode4(base, at, most, &four);
			l.bad = _mm256_or_si256(l.bad, _mm256_andnot_si256(four.null, four.bad));
			v = _mm256_andnot_si256(four.null, v);
			flags = flags_of(~(unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(four.null)));
			memcpy(there + i, &flags, done);
		} else {
			v = decode4(base, at, most, &l);
		}
		if (done == 4) {
			store4(o, wide, v);
		} else {
			store4(last, wide, v);
			memcpy(o, last, done * (wide ? 8 : 4));
		}
	}
	if (!nulls && there != NULL)
		memset(there, 1, n);
	return _mm256_testz_si256(l.bad, l.bad);
}

CPU_AVX2 static bool
decode64(const uint8_t *base, const uint32_t *off, size_t stride, size_t n, unsigned most, bool nulls, int64_t *out,
    uint8_t *there)
{
	return nulls ? decode(base, off, stride, n, most, true, true, out, there)
	    : decode(base, off, stride, n, most, true, false, out, there);
}

CPU_AVX2 static bool
decode32(const uint8_t *base, const uint32_t *off, size_t stride, size_t n, unsigned most, bool nulls, int32_t *out,
    uint8_t *there)
{
	return nulls ? decode(base, off, stride, n, most, false, true, out, there)
	    : decode(base, off, stride, n, most, false, false, out, there);
}
#endif

static unsigned
most_groups(const struct val_checker *c, unsigned limit)
{
	return c->range.safe_groups < limit ? c->range.safe_groups : limit;
}

bool
val_decode64(const struct val_checker *c, bool required, const uint8_t *base, const uint32_t *off, size_t stride, size_t n,
    int64_t *out, uint8_t *there)
{
#if CPU_X86
	if (cpu_has_avx2())
		return decode64(base, off, stride, n, most_groups(c, GROUPS), !required && there != NULL, out, there);
#endif
	return n == 0;
}

bool
val_decode32(const struct val_checker *c, bool required, const uint8_t *base, const uint32_t *off, size_t stride, size_t n,
    int32_t *out, uint8_t *there)
{
#if CPU_X86
	if (cpu_has_avx2())
		return decode32(base, off, stride, n, most_groups(c, 4), !required && there != NULL, out, there);
#endif
	return n == 0;
}

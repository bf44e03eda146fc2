/*
 * Checks and decodes columns of integers in one pass, four or eight fields at a time. val/int.h has the encoding. A
 * field's groups are right-aligned in a word, as those of a number of the greatest length, and then joined in pairs: 7
 * bits to 14, to 28, to 56.
 */
#include "base/cpu.h"
#include "simd/eight.h"
#include "val/check.h"

#if CPU_X86

enum { GROUPS = 7 };			/* groups a word holds beside the head byte */

struct lanes {
	__m256i bad, null;
};

/* Loads an offset and the next one. */
static inline int64_t
two(const uint32_t *off)
{
	int64_t w;

	memcpy(&w, off, sizeof(w));
	return w;
}

/* Decodes the fields at the offsets *at[0] to *at[3]; known: they are canonical, and only their length is checked. */
CPU_AVX2 static inline __attribute__((always_inline)) __m256i
decode4(const uint8_t *base, const uint32_t *const at[4], __m256i most, bool known, struct lanes *l)
{
	const __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi64x(1), plus = _mm256_set1_epi64x(0x40);
	__m256i x = _mm256_set_epi64x(simd_eight_word(base + *at[3]), simd_eight_word(base + *at[2]),
	    simd_eight_word(base + *at[1]), simd_eight_word(base + *at[0]));
	__m256i head = _mm256_and_si256(x, _mm256_set1_epi64x(0xff)), sign = _mm256_cmpgt_epi64(plus, head);
	__m256i groups, shift, rest, good, top = _mm256_set1_epi8((char)0x80), tops;

	l->null = _mm256_cmpeq_epi64(head, _mm256_set1_epi64x(VAL_NULL));
	if (known) {
		groups = _mm256_abs_epi32(_mm256_sub_epi32(head, _mm256_set1_epi64x(0x40)));
		good = _mm256_cmpgt_epi64(most, groups);
	} else {
		groups = _mm256_set_epi64x(two(at[3]), two(at[2]), two(at[1]), two(at[0]));
		groups = _mm256_sub_epi64(_mm256_srli_epi64(groups, 32),
		    _mm256_and_si256(groups, _mm256_set1_epi64x(UINT32_MAX)));
		groups = _mm256_sub_epi64(groups, _mm256_set1_epi64x(2));
		good = _mm256_cmpeq_epi64(head, _mm256_add_epi64(plus, _mm256_sub_epi64(_mm256_xor_si256(groups, sign),
		    sign)));
		good = _mm256_and_si256(good, _mm256_and_si256(_mm256_cmpgt_epi64(groups, zero),
		    _mm256_cmpgt_epi64(most, groups)));
		l->null = _mm256_and_si256(l->null, _mm256_cmpeq_epi64(groups, zero));
	}
	shift = _mm256_sub_epi64(_mm256_set1_epi64x(64), _mm256_slli_epi64(groups, 3));
	tops = _mm256_sllv_epi64(top, shift);
	rest = _mm256_sub_epi64(tops, _mm256_srli_epi64(tops, 7));
	x = _mm256_sllv_epi64(_mm256_srli_epi64(x, 8), shift);
	if (!known)
		good = _mm256_and_si256(good, _mm256_cmpeq_epi64(_mm256_and_si256(x, top), tops));
	x = _mm256_and_si256(_mm256_xor_si256(x, sign), rest);
	if (!known)	/* the first of several groups must not be zero */
		good = _mm256_andnot_si256(_mm256_and_si256(_mm256_cmpgt_epi64(groups, one), _mm256_cmpeq_epi64(
		    _mm256_and_si256(_mm256_srlv_epi64(x, shift), _mm256_set1_epi64x(0x7f)), zero)), good);
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
		_mm_storeu_si128(out, _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(v,
		    _mm256_setr_epi32(0, 2, 4, 6, 0, 0,
		    0, 0))));
}

/* Returns four signs as four bytes of 0 or 1. */
static inline uint32_t
flags_of(unsigned signs)
{
	return ((signs & 0xf) * 0x00204081u) & 0x01010101u;
}

/* The arguments of val_decode64. */
struct decoding {
	const uint8_t *base;
	const uint32_t *off;
	size_t stride, n;
	unsigned most;			/* limit in groups */
	void *out;
	uint8_t *there;
};

CPU_AVX2 static inline __attribute__((always_inline)) bool
decode(const struct decoding *j, bool wide, bool nulls, bool known)
{
	__m256i most = _mm256_set1_epi64x((int64_t)j->most + 1), v;
	struct lanes l = { .bad = _mm256_setzero_si256() };
	uint8_t last[32], *o = j->out;
	const uint32_t *at[4], *off = j->off;
	size_t i, k, done, width = wide ? 8 : 4;
	uint32_t flags;

	for (i = 0; i < j->n; i += done, o += done * width, off += done * j->stride) {
		done = j->n - i < 4 ? j->n - i : 4;
		for (k = 0; k < 4; k++)
			at[k] = off + (k < done ? k : done - 1) * j->stride;
		if (nulls) {
			struct lanes four = { .bad = _mm256_setzero_si256() };

			v = decode4(j->base, at, most, known, &four);
			l.bad = _mm256_or_si256(l.bad, _mm256_andnot_si256(four.null, four.bad));
			v = _mm256_andnot_si256(four.null, v);
			flags = flags_of(~(unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(four.null)));
			memcpy(j->there + i, &flags, done);
		} else {
			v = decode4(j->base, at, most, known, &l);
		}
		if (done == 4) {
			store4(o, wide, v);
		} else {
			store4(last, wide, v);
			memcpy(o, last, done * width);
		}
	}
	if (!nulls && j->there != NULL)
		memset(j->there, 1, j->n);
	return _mm256_testz_si256(l.bad, l.bad);
}

/* Decodes canonical fields, eight at a time; decode handles the remainder. */
CPU_AVX512 static inline __attribute__((always_inline)) bool
decode_known(struct decoding *j, bool wide, bool nulls)
{
	__m512i most = _mm512_set1_epi64((int64_t)j->most), w, v, groups;
	__mmask8 longer, bad = 0, there = 0xff;
	struct decoding k = *j;		/* local copy, which no store can alias */
	size_t i;

	for (i = 0; i + 8 <= k.n; i += 8, k.off += 8 * k.stride) {
		w = simd_eight_load(k.base, k.off, k.stride);
		v = simd_eight_get(w, &groups);
		longer = _mm512_cmpgt_epu64_mask(groups, most);
		if (nulls) {
			there = _mm512_cmpneq_epi64_mask(_mm512_and_si512(w, _mm512_set1_epi64(0xff)),
			    _mm512_set1_epi64(VAL_NULL));
			v = _mm512_maskz_mov_epi64(there, v);
			_mm_storel_epi64((void *)(k.there + i), _mm_maskz_set1_epi8(there, 1));
		}
		bad |= longer & there;
		if (wide)
			_mm512_storeu_si512((int64_t *)k.out + i, v);
		else
			_mm256_storeu_si256((void *)((int32_t *)k.out + i), _mm512_cvtepi64_epi32(v));
	}
	if (!nulls && k.there != NULL)
		memset(k.there, 1, i);
	j->off = k.off;
	j->out = (uint8_t *)j->out + i * (wide ? 8 : 4);
	j->there = j->there != NULL ? j->there + i : NULL;
	j->n -= i;
	return bad == 0;
}

CPU_AVX512 static bool
decode_known_any(struct decoding *j, bool wide, bool nulls)
{
	if (wide)
		return nulls ? decode_known(j, true, true) : decode_known(j, true, false);
	return nulls ? decode_known(j, false, true) : decode_known(j, false, false);
}

/* Specializes the loop for each case. */
CPU_AVX2 static bool
decode_any(struct decoding *j, bool wide, bool nulls, bool known)
{
	if (known && cpu_has_avx512() && !decode_known_any(j, wide, nulls))
		return false;
	if (wide)
		return nulls ? known ? decode(j, true, true, true) : decode(j, true, true, false)
		    : known ? decode(j, true, false, true) : decode(j, true, false, false);
	return nulls ? known ? decode(j, false, true, true) : decode(j, false, true, false)
	    : known ? decode(j, false, false, true) : decode(j, false, false, false);
}

static unsigned
most_groups(const struct val_checker *c, unsigned limit)
{
	return c->range.safe_groups < limit ? c->range.safe_groups : limit;
}

bool
val_decode64(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off,
    size_t stride,
    size_t n, int64_t *out, uint8_t *there)
{
	struct decoding j = { base, off, stride, n, most_groups(c, GROUPS), out, there };

	return cpu_has_avx2() ? decode_any(&j, true, !required && there != NULL, known) : n == 0;
}

bool
val_decode32(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off,
    size_t stride,
    size_t n, int32_t *out, uint8_t *there)
{
	struct decoding j = { base, off, stride, n, most_groups(c, 4), out, there };

	return cpu_has_avx2() ? decode_any(&j, false, !required && there != NULL, known) : n == 0;
}
#else
bool
val_decode64(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off,
    size_t stride,
    size_t n, int64_t *out, uint8_t *there)
{
	(void)c, (void)required, (void)known, (void)base, (void)off, (void)stride, (void)out, (void)there;
	return n == 0;
}

bool
val_decode32(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off,
    size_t stride,
    size_t n, int32_t *out, uint8_t *there)
{
	(void)c, (void)required, (void)known, (void)base, (void)off, (void)stride, (void)out, (void)there;
	return n == 0;
}
#endif

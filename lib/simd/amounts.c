/* Numbers as files write them, "-1.234.567,89", to digits and a point. */
#include "simd/level.h"

enum { MOST = 16 };		/* bytes of a number; longer ones are left to the caller */

/*
 * Are these the places of all groups of a number? Its digits begin at `begin`, where the first is not zero, and its
 * whole part ends at `end`.
 */
static SIMD_INLINE bool
are_groups(unsigned groups, const uint8_t *p, unsigned end)
{
	unsigned begin = *p == '-' || *p == '+';

	return p[begin] >= '1' && p[begin] <= '9' &&
	    groups == (((1u << end) - 1) & ~((1u << begin) - 1) & 0x11111111u << (end & 3));
}

/* Returns the place of the first point, or n. */
static SIMD_INLINE unsigned
whole_end(unsigned points, size_t n)
{
	return (unsigned)__builtin_ctz(points | 1u << n);
}

/* ---- words ---- */

/* Returns bit i for each of 16 bytes that is `byte`. */
static SIMD_INLINE unsigned
find_words(uint64_t low, uint64_t high, uint8_t byte)
{
	return (unsigned)simd_top_bits(simd_zero_bytes(low ^ SIMD_EACH(byte))) |
	    (unsigned)simd_top_bits(simd_zero_bytes(high ^ SIMD_EACH(byte))) << 8;
}

static SIMD_INLINE uint64_t
with_point(uint64_t v, uint8_t point)
{
	return v ^ (simd_zero_bytes(v ^ SIMD_EACH(point)) >> 7) * (point ^ '.');
}

/* Removes the bytes of the mask from 16. */
static unsigned __int128
without(unsigned __int128 text, unsigned mask)
{
	unsigned __int128 below;
	unsigned bit;

	for (; mask != 0; mask ^= 1u << bit) {		/* the last first, as it moves those after it */
		bit = 31 - (unsigned)__builtin_clz(mask);
		below = ((unsigned __int128)1 << 8 * bit) - 1;
		text = (text & below) | (text >> 8 & ~below);
	}
	return text;
}

static size_t
amount_words(const struct simd_amounts *a, const uint8_t *p, size_t n, uint8_t *out)
{
	unsigned within = (1u << n) - 1, groups = 0;
	uint64_t low = simd_load(p), high = simd_load(p + 8);
	unsigned points = find_words(low, high, a->point) & within;
	unsigned __int128 text = (unsigned __int128)with_point(high, a->point) << 64 | with_point(low, a->point);

	if (a->no_dots && (find_words(low, high, '.') & within) != 0)
		return 0;
	if (a->group != 0 && (groups = find_words(low, high, a->group) & within) != 0) {
		if (!are_groups(groups, p, whole_end(points, n)))
			return 0;
		text = without(text, groups);
	}
	simd_store(out, (uint64_t)text);
	simd_store(out + 8, (uint64_t)(text >> 64));
	return n - simd_count(groups, SIMD_WORDS);
}

static void
amounts_words(const struct simd_amounts *a, const uint8_t *base, const uint32_t *start, const uint32_t *n, size_t count,
    uint8_t *out, size_t stride, uint32_t *lengths)
{
	size_t i;

	for (i = 0; i < count; i++, out += stride)
		lengths[i] = n[i] - 1 < MOST ? (uint32_t)amount_words(a, base + start[i], n[i], out) : 0;
}

/* ---- AVX2 ---- */

#if SIMD_X86
enum { GROUPS = 3 };		/* most group signs that are well placed among 16 bytes */

/* By the end of the whole part and the number of group signs: the places of the other bytes. */
static uint8_t others[MOST + 1][GROUPS + 1][MOST];

static void
make_others(void)
{
	unsigned end, groups, i, to;

	for (end = 0; end <= MOST; end++)
		for (groups = 0; groups <= GROUPS; groups++)
			for (i = to = 0; i < MOST; i++)
				if (i >= end || (end - i) % 4 != 0 || (end - i) / 4 > groups)
					others[end][groups][to++] = (uint8_t)i;
}

SIMD_ON_AVX2 static SIMD_INLINE unsigned
find_avx2(__m128i v, __m128i byte)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, byte));
}

SIMD_ON_AVX2 static void
amounts_avx2(const struct simd_amounts *a, const uint8_t *base, const uint32_t *start, const uint32_t *n, size_t count,
    uint8_t *out, size_t stride, uint32_t *lengths)
{
	const __m128i point = _mm_set1_epi8((char)a->point), dot = _mm_set1_epi8('.');
	const __m128i group = _mm_set1_epi8((char)a->group);
	const unsigned dots = a->no_dots ? UINT32_MAX : 0, grouped = a->group != 0 ? UINT32_MAX : 0;
	unsigned within, points, groups, end;
	const uint8_t *p;
	__m128i v;
	size_t i;

	for (i = 0; i < count; i++, out += stride) {
		lengths[i] = 0;
		if (n[i] - 1 >= MOST)
			continue;
		p = base + start[i];
		within = (1u << n[i]) - 1;
		v = _mm_loadu_si128((const void *)p);
		points = find_avx2(v, point) & within;
		groups = find_avx2(v, group) & within & grouped;
		if ((find_avx2(v, dot) & within & dots) != 0)
			continue;
		v = _mm_blendv_epi8(v, dot, _mm_cmpeq_epi8(v, point));
		if (groups != 0) {
			end = whole_end(points, n[i]);
			if (!are_groups(groups, p, end))
				continue;
			v = _mm_shuffle_epi8(v, _mm_loadu_si128((const void *)
			    others[end][__builtin_popcount(groups)]));
		}
		_mm_storeu_si128((void *)out, v);
		lengths[i] = n[i] - (uint32_t)__builtin_popcount(groups);
	}
}
#endif

void
simd_fill_amounts(struct simd *t, enum simd_level level)
{
#if SIMD_X86
	make_others();
#endif
	t->amounts = SIMD_PICK(level, amounts_words, amounts_avx2, amounts_avx2);
}

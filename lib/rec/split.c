#include "rec/split.h"

#include <string.h>

#include "base/cpu.h"
#include "val/val.h"

#if CPU_X86
#include <immintrin.h>
#endif

static bool
is_separator(uint8_t c)
{
	return c == '\t' || c == '\n';
}

static size_t
split_portable(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain)
{
	uint32_t *o = out;
	bool before = true, separator, strange = false;
	size_t i;

	for (i = from; i < to; i++) {
		*o = (uint32_t)(i + 1);
		separator = is_separator(base[i]);
		o += separator;
		if (base[i] < 0x20)
			strange |= separator ? before : !(base[i] == VAL_NULL && before && i + 1 < to && is_separator(base[i + 1]));
		before = separator;
	}
	*plain = !strange;
	return (size_t)(o - out);
}

#if CPU_X86
struct masks {				/* a bit for each of 64 bytes */
	uint64_t separators, low, nulls;	/* low: below 0x20 */
};

CPU_AVX2 static inline void
classify(const uint8_t *p, unsigned shift, struct masks *m)
{
	__m256i v = _mm256_loadu_si256((const void *)p), top = _mm256_set1_epi8(0x1f);
	__m256i separators = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')), _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')));

	m->separators |= (uint64_t)(uint32_t)_mm256_movemask_epi8(separators) << shift;
	m->low |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, top), top)) << shift;
	m->nulls |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(VAL_NULL))) << shift;
}

CPU_AVX2 static size_t
split_avx2(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain)
{
	uint32_t *o = out;
	uint64_t strange = 0, before = 1, null_before = 0, mask, nulls, valid;
	size_t i, k, n;

	for (i = from; i < to; i += 64) {
		struct masks m = { 0 };

		classify(base + i, 0, &m);
		if (i + 32 < to)
			classify(base + i + 32, 32, &m);
		valid = to - i < 64 ? _bzhi_u64(UINT64_MAX, (uint32_t)(to - i)) : UINT64_MAX;
		mask = m.separators & valid;
		nulls = m.nulls & valid;
		/* Strange are: other low bytes; a separator behind another; a null behind anything else; anything else behind a null. */
		strange |= (m.low & valid & ~mask & ~nulls) | (mask & (mask << 1 | before)) | (nulls & ~(mask << 1 | before)) |
		    ((nulls << 1 | null_before) & valid & ~mask);
		before = mask >> 63;
		null_before = nulls >> 63;
		n = (size_t)__builtin_popcountll(mask);
		/* Four at a time without asking whether there are as many: the slack takes the surplus. */
		for (k = 0; k < n; k += 4) {
			for (size_t j = 0; j < 4; j++) {
				o[k + j] = (uint32_t)(i + 1 + _tzcnt_u64(mask));
				mask = _blsr_u64(mask);
			}
		}
		o += n;
	}
	*plain = strange == 0;
	return (size_t)(o - out);
}
#endif

size_t
rec_split(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain)
{
#if CPU_X86
	if (cpu_has_avx2())
		return split_avx2(base, from, to, out, plain);
#endif
	return split_portable(base, from, to, out, plain);
}

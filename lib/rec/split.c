#include "rec/split.h"

#include <string.h>

#include "base/cpu.h"

#if CPU_X86
#include <immintrin.h>
#endif

static size_t
split_portable(const uint8_t *base, size_t from, size_t to, uint32_t *out)
{
	uint32_t *o = out;
	size_t i;

	for (i = from; i < to; i++) {
		*o = (uint32_t)(i + 1);
		o += base[i] == '\t' || base[i] == '\n';
	}
	return (size_t)(o - out);
}

#if CPU_X86
CPU_AVX2 static inline uint32_t
separators(const uint8_t *p)
{
	__m256i v = _mm256_loadu_si256((const void *)p);

	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')),
	    _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n'))));
}

CPU_AVX2 static size_t
split_avx2(const uint8_t *base, size_t from, size_t to, uint32_t *out)
{
	uint32_t *o = out;
	size_t i, k, n;
	uint64_t mask;

	for (i = from; i < to; i += 64) {
		mask = separators(base + i) | (i + 32 < to ? (uint64_t)separators(base + i + 32) << 32 : 0);
		if (to - i < 64)
			mask = _bzhi_u64(mask, (uint32_t)(to - i));
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
	return (size_t)(o - out);
}
#endif

size_t
rec_split(const uint8_t *base, size_t from, size_t to, uint32_t *out)
{
#if CPU_X86
	if (cpu_has_avx2())
		return split_avx2(base, from, to, out);
#endif
	return split_portable(base, from, to, out);
}

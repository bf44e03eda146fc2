#include "base/cpu.h"
#include "base/utf8.h"
#include "val/check.h"

#if CPU_X86
#include <immintrin.h>
#endif

size_t
val_put_string(uint8_t *out, const void *s, size_t n)
{
	const uint8_t *p = s;
	uint8_t *o = out;

	if (n == 0) {
		*out = VAL_EMPTY;
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20) {
			*o++ = VAL_ESC;
			*o++ = (uint8_t)(0x40 + p[i]);
		} else {
			*o++ = p[i];
		}
	}
	return (size_t)(o - out);
}

size_t
val_get_string(void *out, const uint8_t *p, size_t n)
{
	uint8_t *o = out;

	if (n == 1 && *p == VAL_EMPTY)
		return 0;
	for (size_t i = 0; i < n; i++)
		*o++ = p[i] != VAL_ESC ? p[i] : (uint8_t)(p[++i] - 0x40);
	return (size_t)(o - (uint8_t *)out);
}

bool
val_string_plain(const uint8_t *p, size_t n)
{
	return !(n == 1 && *p == VAL_EMPTY) && memchr(p, VAL_ESC, n) == NULL;
}

/* Every byte below 0x20 is an ESC that a byte from 0x40 to 0x5F follows; the text is UTF-8 unless raw. */
static bool
check_bytes(const uint8_t *p, size_t n, bool raw)
{
	size_t len;

	if (n == 1 && *p == VAL_EMPTY)
		return true;
	for (size_t i = 0; i < n; i += len) {
		len = 1;
		if (p[i] < 0x20) {
			if (p[i] != VAL_ESC || i + 1 == n || p[i + 1] < 0x40 || p[i + 1] > 0x5f)
				return false;
			len = 2;
		} else if (p[i] >= 0x80 && !raw && (len = utf8_len(p + i, n - i)) == 0) {
			return false;
		}
	}
	return n > 0;
}

#if CPU_X86
/* True where all n bytes are printable ASCII, which most are; VAL_PAD bytes may be read behind them. */
CPU_AVX2 static bool
all_ascii_avx2(const uint8_t *p, size_t n)
{
	const __m256i low = _mm256_set1_epi8(0x1f);
	uint32_t bad;

	for (; n > 32; p += 32, n -= 32) {
		/* Signed: bytes from 0x80 up are negative, so one comparison finds both kinds. */
		if (_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_loadu_si256((const void *)p), low)) != -1)
			return false;
	}
	bad = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_loadu_si256((const void *)p), low));
	return (n == 32 ? bad : _bzhi_u32(bad, (uint32_t)n)) == 0;
}
#endif

bool
val_check_string(const uint8_t *p, size_t n, bool raw)
{
#if CPU_X86
	if (n > 0 && cpu_has_avx2() && all_ascii_avx2(p, n))
		return true;
#endif
	return check_bytes(p, n, raw);
}

#if CPU_X86
/* The number of leading fields that are printable ASCII. */
CPU_AVX2 static size_t
ascii_column_avx2(const uint8_t *base, const uint32_t *off, size_t stride, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++, off += stride)
		if (off[1] - off[0] == 1 || !all_ascii_avx2(base + off[0], (size_t)(off[1] - off[0]) - 1))
			break;
	return i;
}
#endif

size_t
val_check_string_column(bool raw, bool required, const uint8_t *base, const uint32_t *off, size_t stride, size_t n)
{
	bool vector = cpu_has_avx2();
	const uint8_t *p;
	size_t i = 0, len;

	while (i < n) {
#if CPU_X86
		if (vector && (i += ascii_column_avx2(base, off + i * stride, stride, n - i)) == n)
			break;
#else
		(void)vector;
#endif
		p = base + off[i * stride];
		len = (size_t)(off[i * stride + 1] - off[i * stride]) - 1;
		if (len == 0 || (val_is_null(p, len) ? required : !check_bytes(p, len, raw)))
			return i;
		i++;
	}
	return n;
}

/*
 * Strings and their encoding. The scalar forms process words of eight bytes while nothing needs escaping, the vector
 * forms 32 or 64 bytes. All of them read only within the text and write only within the room that val.h requires.
 */
#include "base/cpu.h"
#include "base/utf8.h"
#include "val/check.h"

#if CPU_X86
#include <immintrin.h>
#endif

#define EACH(byte) ((byte) * UINT64_C(0x0101010101010101))

static inline uint64_t
load_word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Returns nonzero if one of eight bytes is below 0x20. */
static inline uint64_t
low_bytes(uint64_t w)
{
	return (w - EACH(0x20)) & ~w & EACH(0x80);
}

/* Returns nonzero if one of eight bytes is zero. */
static inline uint64_t
zero_bytes(uint64_t w)
{
	return (w - EACH(0x01)) & ~w & EACH(0x80);
}

/* ---- text to field ---- */

/* Encodes n bytes. Returns the end. */
static uint8_t *
put_portable(uint8_t *o, const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (n - i >= 8 && low_bytes(load_word(p + i)) == 0) {
			memcpy(o, p + i, 8);
			o += 8;
			i += 8;
			continue;
		}
		if (p[i] < 0x20)
			*o++ = VAL_ESC;
		*o++ = (uint8_t)(p[i] + (p[i] < 0x20 ? 0x40 : 0));
		i++;
	}
	return o;
}

#if CPU_X86
CPU_AVX2 static uint8_t *
put_avx2(uint8_t *o, const uint8_t *p, size_t n)
{
	const __m256i top = _mm256_set1_epi8(0x1f);
	uint32_t low;
	size_t i = 0, k;

	while (n - i >= 32) {
		__m256i v = _mm256_loadu_si256((const void *)(p + i));

		_mm256_storeu_si256((void *)o, v);
		low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, top), top));
		k = _tzcnt_u32(low);
		o += k;
		i += k;
		if (k < 32) {
			*o++ = VAL_ESC;
			*o++ = (uint8_t)(0x40 + p[i++]);
		}
	}
	return put_portable(o, p + i, n - i);
}

/*
 * Encodes the bytes selected by `valid` out of 32: expands each to two, ESC and itself or its escape code, then
 * compresses the unneeded ESCs away. `whole`: 64 bytes can be stored.
 */
CPU_AVX512 static inline uint8_t *
put_escaped(uint8_t *o, __m256i v, uint32_t low, uint32_t valid, bool whole)
{
	__m512i pairs = _mm512_cvtepu8_epi16(_mm256_mask_add_epi8(v, low, v, _mm256_set1_epi8(0x40)));
	uint64_t keep = _pdep_u64(low, EACH(0x55)) | _pdep_u64(valid, EACH(0xaa));
	unsigned n = (unsigned)__builtin_popcountll(keep);

	pairs = _mm512_or_si512(_mm512_slli_epi16(pairs, 8), _mm512_set1_epi16(VAL_ESC));
	pairs = _mm512_maskz_compress_epi8(keep, pairs);
	if (whole)
		_mm512_storeu_si512(o, pairs);
	else
		_mm512_mask_storeu_epi8(o, _bzhi_u64(UINT64_MAX, n), pairs);
	return o + n;
}

CPU_AVX512 static uint8_t *
put_avx512(uint8_t *o, const uint8_t *p, size_t n)
{
	const __m256i top = _mm256_set1_epi8(0x1f);
	uint32_t valid;
	uint64_t low;
	__m512i v;
	__m256i w;
	size_t i;

	for (i = 0; n - i >= 64; i += 64) {
		v = _mm512_loadu_si512(p + i);
		low = _mm512_cmple_epu8_mask(v, _mm512_set1_epi8(0x1f));
		if (low == 0) {
			_mm512_storeu_si512(o, v);
			o += 64;
			continue;
		}
		o = put_escaped(o, _mm512_castsi512_si256(v), (uint32_t)low, UINT32_MAX, true);
		o = put_escaped(o, _mm512_extracti64x4_epi64(v, 1), (uint32_t)(low >> 32), UINT32_MAX, true);
	}
	for (; i < n; i += 32) {
		valid = n - i < 32 ? _bzhi_u32(UINT32_MAX, (unsigned)(n - i)) : UINT32_MAX;
		w = _mm256_maskz_loadu_epi8(valid, p + i);
		o = put_escaped(o, w, _mm256_cmple_epu8_mask(w, top) & valid, valid, false);
	}
	return o;
}
#endif

size_t
val_put_string(uint8_t *out, const void *s, size_t n)
{
	if (n == 0) {
		*out = VAL_EMPTY;
		return 1;
	}
#if CPU_X86
	if (n >= 16 && cpu_has_avx512())
		return (size_t)(put_avx512(out, s, n) - out);
	if (n >= 32 && cpu_has_avx2())
		return (size_t)(put_avx2(out, s, n) - out);
#endif
	return (size_t)(put_portable(out, s, n) - out);
}

/* ---- field to text ---- */

/* Decodes n bytes, which do not begin within an escape. Returns the end. */
static uint8_t *
get_portable(uint8_t *o, const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (n - i >= 8 && zero_bytes(load_word(p + i) ^ EACH(VAL_ESC)) == 0) {
			memcpy(o, p + i, 8);
			o += 8;
			i += 8;
			continue;
		}
		*o++ = p[i] != VAL_ESC ? p[i] : (uint8_t)(p[++i] - 0x40);
		i++;
	}
	return o;
}

#if CPU_X86
CPU_AVX2 static uint8_t *
get_avx2(uint8_t *o, const uint8_t *p, size_t n)
{
	const __m256i esc = _mm256_set1_epi8(VAL_ESC);
	size_t i = 0, k;

	while (i + 32 <= n) {
		__m256i v = _mm256_loadu_si256((const void *)(p + i));

		_mm256_storeu_si256((void *)o, v);
		k = _tzcnt_u32((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, esc)));
		o += k;
		i += k;
		if (k < 32) {
			*o++ = (uint8_t)(p[i + 1] - 0x40);
			i += 2;
		}
	}
	return i < n ? get_portable(o, p + i, n - i) : o;
}

CPU_AVX512 static uint8_t *
get_avx512(uint8_t *o, const uint8_t *p, size_t n)
{
	const __m512i esc = _mm512_set1_epi8(VAL_ESC), step = _mm512_set1_epi8(0x40);
	uint64_t escapes, after = 0, valid, keep;
	__m512i v;
	size_t i;

	for (i = 0; n - i >= 64; i += 64) {
		v = _mm512_loadu_si512(p + i);
		escapes = _mm512_cmpeq_epi8_mask(v, esc);
		if ((escapes | after) == 0) {
			_mm512_storeu_si512(o, v);
			o += 64;
			continue;
		}
		v = _mm512_mask_sub_epi8(v, escapes << 1 | after, v, step);
		_mm512_storeu_si512(o, _mm512_maskz_compress_epi8(~escapes, v));
		o += 64 - __builtin_popcountll(escapes);
		after = escapes >> 63;
	}
	valid = _bzhi_u64(UINT64_MAX, (unsigned)(n - i));
	v = _mm512_maskz_loadu_epi8(valid, p + i);
	escapes = _mm512_cmpeq_epi8_mask(v, esc);
	v = _mm512_mask_sub_epi8(v, escapes << 1 | after, v, step);
	keep = valid & ~escapes;
	_mm512_mask_storeu_epi8(o, _bzhi_u64(UINT64_MAX, (unsigned)__builtin_popcountll(keep)),
	    _mm512_maskz_compress_epi8(keep, v));
	return o + __builtin_popcountll(keep);
}
#endif

size_t
val_get_string(void *out, const uint8_t *p, size_t n)
{
	uint8_t *o = out;

	if (n == 1 && *p == VAL_EMPTY)
		return 0;
#if CPU_X86
	if (n >= 16 && cpu_has_avx512())
		return (size_t)(get_avx512(o, p, n) - o);
	if (n >= 32 && cpu_has_avx2())
		return (size_t)(get_avx2(o, p, n) - o);
#endif
	return (size_t)(get_portable(o, p, n) - o);
}

bool
val_string_plain(const uint8_t *p, size_t n)
{
	return !(n == 1 && *p == VAL_EMPTY) && memchr(p, VAL_ESC, n) == NULL;
}

/* ---- canonical fields ---- */

/* Is every byte below 0x20 an ESC followed by a byte from 0x40 to 0x5F? */
static bool
check_escapes_portable(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (n - i >= 8 && low_bytes(load_word(p + i)) == 0) {
			i += 8;
			continue;
		}
		if (p[i] < 0x20 && (p[i] != VAL_ESC || ++i == n || p[i] < 0x40 || p[i] > 0x5f))
			return false;
		i++;
	}
	return true;
}

#if CPU_X86
/* VAL_PAD bytes may be read after the field. */
CPU_AVX2 static bool
check_escapes_avx2(const uint8_t *p, size_t n)
{
	const __m256i top = _mm256_set1_epi8(0x1f), esc = _mm256_set1_epi8(VAL_ESC);
	uint32_t low, escapes, after = 0, follows, bad = 0;
	size_t i;
	__m256i v;

	for (i = 0; i < n; i += 32) {
		v = _mm256_loadu_si256((const void *)(p + i));
		low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, top), top));
		follows = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(
		    _mm256_and_si256(v, _mm256_set1_epi8((char)0xe0)), _mm256_set1_epi8(0x40)));
		escapes = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, esc));
		if (n - i < 32) {
			low = _bzhi_u32(low, (unsigned)(n - i));
			escapes = _bzhi_u32(escapes, (unsigned)(n - i));
			follows = _bzhi_u32(follows, (unsigned)(n - i));
		}
		bad |= (low ^ escapes) | ((escapes << 1 | after) & ~follows);
		after = escapes >> 31;
	}
	return (bad | after) == 0;
}

CPU_AVX512 static bool
check_escapes_avx512(const uint8_t *p, size_t n)
{
	const __m512i top = _mm512_set1_epi8(0x1f), esc = _mm512_set1_epi8(VAL_ESC);
	uint64_t low, escapes, after = 0, follows, bad = 0, valid;
	size_t i;
	__m512i v;

	for (i = 0; i < n; i += 64) {
		valid = n - i < 64 ? _bzhi_u64(UINT64_MAX, (unsigned)(n - i)) : UINT64_MAX;
		v = _mm512_maskz_loadu_epi8(valid, p + i);
		low = _mm512_cmple_epu8_mask(v, top) & valid;
		if ((low | after) == 0)
			continue;
		escapes = _mm512_cmpeq_epi8_mask(v, esc);
		follows = _mm512_cmpeq_epi8_mask(_mm512_and_si512(v, _mm512_set1_epi8((char)0xe0)),
		    _mm512_set1_epi8(0x40));
		bad |= (low ^ escapes) | ((escapes << 1 | after) & ~follows);
		after = escapes >> 63;
	}
	return (bad | after) == 0;
}
#endif

static bool
check_escapes(const uint8_t *p, size_t n)
{
#if CPU_X86
	if (cpu_has_avx512())
		return check_escapes_avx512(p, n);
	if (cpu_has_avx2())
		return check_escapes_avx2(p, n);
#endif
	return check_escapes_portable(p, n);
}

/* Escapes are ASCII, so the field is UTF-8 if and only if its text is. */
static bool
check_bytes(const uint8_t *p, size_t n, bool raw)
{
	return n > 0 && ((n == 1 && *p == VAL_EMPTY) || (check_escapes(p, n) && (raw || utf8_ok(p, n))));
}

#if CPU_X86
/* Returns true if all n bytes are printable ASCII, the common case; VAL_PAD bytes may be read after them. */
CPU_AVX2 static bool
all_ascii_avx2(const uint8_t *p, size_t n)
{
	const __m256i low = _mm256_set1_epi8(0x1f);
	uint32_t bad;

	for (; n > 32; p += 32, n -= 32) {
		/* Signed comparison: bytes from 0x80 up are negative, so one comparison finds both kinds. */
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
/* Returns the number of leading fields that are printable ASCII. */
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

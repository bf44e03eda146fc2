/* Snappy compression (format: its project's format_description.txt) by values of 8 bytes. */
#include <string.h>

#include "base/cpu.h"
#include "parquet/encode/snappy.h"
#include "parquet/encode/words.h"

#if CPU_X86
#include <immintrin.h>
#endif

enum {
	WIDTH = 8,
	SLOTS = 1024,		/* hash table from high bytes to the last value with them; slot_of yields this range */
	TOGETHER = 8,		/* values looked up before any of them is stored */
	SLOP = 16,		/* bytes that a fast copy may write past its end */
	LENGTH_MAX = 5		/* bytes of the uncompressed length, of 32 bits */
};

#define SPREAD 0x9e3779b1		/* multiplier that hashes high bytes to slots */

/* ---- packing ---- */

size_t
words_room(size_t n)
{
	return n + n / 4 + 64;
}

/* Returns the number of bytes of v, from the lowest, up to the last that differs from w. */
static inline unsigned
differing(uint64_t v, uint64_t w)
{
	return v == w ? 0 : 8 - (unsigned)__builtin_clzll(v ^ w) / 8;
}

static inline size_t
slot_of(uint64_t v)
{
	return (uint32_t)(v >> 16 ^ v >> 48) * SPREAD >> 22;
}

struct packer {
	const uint8_t *values;			/* the first value */
	const uint8_t *waits;			/* start of the pending literal */
	uint8_t *out;
	uint64_t last;				/* the previous value */
	uint32_t places[SLOTS];			/* offset after `values` of the last value in each slot */
};

/* How many low bytes remain when a value is copied from `far` bytes back. */
struct match {
	unsigned low;
	size_t far;
};

/*
 * Finds a source for a value's high bytes: the previous value, or the last with the same six high bytes (looked up
 * before any of the current eight is stored), whichever leaves fewer low bytes.
 */
static inline __attribute__((always_inline)) void
find_matches(struct packer *k, const uint8_t *at, const uint8_t *end, struct match *m)
{
	size_t slots[TOGETHER], nslots = 0, i;
	const uint8_t *from, *p = at;
	uint32_t places[TOGETHER];
	uint64_t v, last = k->last;
	unsigned other;

	for (; p < end; p += WIDTH, m++, last = v) {
		v = load_u64(p);
		*m = (struct match){ differing(v, last), WIDTH };
		if (m->low <= 1)
			continue;
		slots[nslots] = slot_of(v);
		places[nslots] = (uint32_t)(p - k->values);
		from = k->values + k->places[slots[nslots++]];
		other = differing(v, load_u64(from));
		if (other < m->low && p - from < SNAPPY_NEAR)
			*m = (struct match){ other, (size_t)(p - from) };
	}
	for (i = 0; i < nslots; i++)
		k->places[slots[i]] = places[i];
	k->last = last;
}

/*
 * Writes the low bytes of each value, then a copy of its high bytes. Values with fewer than four bytes to copy join
 * the pending literal.
 */
static inline __attribute__((always_inline)) void
pack_together(struct packer *k, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *waits = k->waits;
	struct match found[TOGETHER], *m = found;
	uint8_t *out = k->out;
	uint64_t v, tag;

	find_matches(k, at, end, found);
	for (; at < end; at += WIDTH, m++) {
		if (m->low > WIDTH - SNAPPY_LEAST || at == k->values)
			continue;
		v = load_u64(at);
		tag = snappy_copy(WIDTH - m->low, m->far);
		if (waits == at && m->low > 0) {	/* in one store */
			v &= (UINT64_C(1) << 8 * m->low) - 1;
			store_u64(out, (uint64_t)(m->low - 1) << 2 | v << 8 | tag << 8 * (m->low + 1));
			out += 3 + m->low;
		} else {
			if (waits != at + m->low)
				out = snappy_put_literal(out, waits, (size_t)(at - waits) + m->low);
			*out++ = (uint8_t)tag;
			*out++ = (uint8_t)(tag >> 8);
		}
		waits = at + WIDTH;
	}
	k->waits = waits;
	k->out = out;
}

static inline __attribute__((always_inline)) void
pack_values(struct packer *k, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *next;

	for (; at < end; at = next) {
		next = end - at < TOGETHER * WIDTH ? end : at + TOGETHER * WIDTH;
		pack_together(k, at, next);
	}
}

static inline __attribute__((always_inline)) void
pack_begin(struct packer *k, uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
	k->waits = p;
	k->values = p + skip;
	k->last = 0;
	memset(k->places, 0, sizeof k->places);
	k->out = varint_put(out, n);
}

static inline __attribute__((always_inline)) size_t
pack_end(struct packer *k, const uint8_t *out, const uint8_t *end)
{
	if (k->waits < end)
		k->out = snappy_put_literal(k->out, k->waits, (size_t)(end - k->waits));
	return (size_t)(k->out - out);
}

static inline __attribute__((always_inline)) size_t
pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
	struct packer k;

	pack_begin(&k, out, p, n, skip);
	pack_values(&k, k.values, p + n - (n - skip) % WIDTH);
	return pack_end(&k, out, p + n);
}

#if CPU_X86
CPU_AVX2 static size_t
pack_bmi(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
	return pack(out, p, n, skip);
}

/* Computes differing() of eight values. */
CPU_AVX512 static inline __m512i
differing_eight(__m512i v, __m512i w)
{
	return _mm512_sub_epi64(_mm512_set1_epi64(WIDTH), _mm512_srli_epi64(_mm512_lzcnt_epi64(_mm512_xor_si512(v, w)),
	    3));
}

/* Like find_matches, for values in a mask: returns their slots and the low bytes they leave. */
CPU_AVX512 static inline void
look_back(const struct packer *k, __m512i v, __m512i at, __mmask8 want, __m512i *slots, __m512i *low, __m512i *far)
{
	__m512i from, other, distance;
	__mmask8 take;

	*slots = _mm512_xor_si512(_mm512_srli_epi64(v, 16), _mm512_srli_epi64(v, 48));
	*slots = _mm512_mul_epu32(*slots, _mm512_set1_epi64(SPREAD));
	*slots = _mm512_srli_epi64(_mm512_slli_epi64(*slots, 32), 54);
	from = _mm512_cvtepu32_epi64(_mm512_mask_i64gather_epi32(_mm256_setzero_si256(), want, *slots, k->places, 4));
	other = differing_eight(v, _mm512_mask_i64gather_epi64(v, want, from, k->values, 1));
	distance = _mm512_sub_epi64(at, from);
	take = _mm512_mask_cmplt_epu64_mask(want, other, *low);
	take = _mm512_mask_cmplt_epi64_mask(take, distance, _mm512_set1_epi64(SNAPPY_NEAR));
	*low = _mm512_mask_mov_epi64(*low, take, other);
	*far = _mm512_mask_mov_epi64(*far, take, distance);
}

/*
 * Packs eight values, not the first ones, with no literal pending. Returns false and does nothing if one of them
 * would have to join a literal.
 */
CPU_AVX512 static inline bool
pack_eight(struct packer *k, const uint8_t *p)
{
	const __m512i one = _mm512_set1_epi64(1), bytes = _mm512_setr_epi64(0, 8, 16, 24, 32, 40, 48, 56);
	__m512i v = _mm512_loadu_si512(p), low, far = _mm512_set1_epi64(WIDTH), slots, at, tag, word, bits, length;
	__mmask64 taken;
	__mmask8 want;

	low = differing_eight(v, _mm512_alignr_epi64(v, _mm512_set1_epi64((int64_t)k->last), 7));
	if (_mm512_cmpeq_epi64_mask(low, one) == 0xff) {	/* consecutive numbers: one byte, and a copy of seven */
		word = _mm512_slli_epi64(_mm512_and_si512(v, _mm512_set1_epi64(0xff)), 8);
		word = _mm512_or_si512(word, _mm512_set1_epi64((int64_t)(snappy_copy(WIDTH - 1, WIDTH) << 16)));
		_mm256_storeu_si256((void *)k->out, _mm512_cvtepi64_epi32(word));
		k->out += 32;
	} else {
		want = _mm512_cmpgt_epi64_mask(low, one);
		at = _mm512_add_epi64(_mm512_set1_epi64(p - k->values), bytes);
		if (want != 0)
			look_back(k, v, at, want, &slots, &low, &far);
		if (_mm512_cmpgt_epi64_mask(low, _mm512_set1_epi64(WIDTH - SNAPPY_LEAST)) != 0)
			return false;
		if (want != 0)
			_mm512_mask_i64scatter_epi32(k->places, want, slots, _mm512_cvtepi64_epi32(at), 4);
		/* as snappy_copy, placed after the literal's tag and its bytes */
		tag = _mm512_slli_epi64(_mm512_sub_epi64(_mm512_set1_epi64(WIDTH - SNAPPY_LEAST), low), 2);
		tag = _mm512_or_si512(_mm512_or_si512(tag, one), _mm512_slli_epi64(_mm512_srli_epi64(far, 8), 5));
		tag = _mm512_or_si512(tag, _mm512_slli_epi64(_mm512_and_si512(far, _mm512_set1_epi64(0xff)), 8));
		bits = _mm512_slli_epi64(low, 3);
		word = _mm512_slli_epi64(_mm512_andnot_si512(_mm512_sllv_epi64(_mm512_set1_epi64(-1), bits), v), 8);
		word = _mm512_or_si512(word, _mm512_slli_epi64(_mm512_sub_epi64(low, one), 2));
		word = _mm512_or_si512(word, _mm512_sllv_epi64(tag, _mm512_add_epi64(bits, _mm512_set1_epi64(8))));
		want = _mm512_test_epi64_mask(low, low);
		word = _mm512_mask_mov_epi64(tag, want, word);
		length = _mm512_mask_add_epi64(_mm512_set1_epi64(2), want, low, _mm512_set1_epi64(3));
		/* compacts the used bytes of each word */
		length = _mm512_shuffle_epi8(length, _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0));
		taken = _mm512_cmplt_epu8_mask(_mm512_set1_epi64(INT64_C(0x0706050403020100)), length);
		_mm512_storeu_si512(k->out, _mm512_maskz_compress_epi8(taken, word));
		k->out += __builtin_popcountll(taken);
	}
	k->waits = p + 8 * WIDTH;
	k->last = load_u64(p + 7 * WIDTH);
	return true;
}

CPU_AVX512 static size_t
pack_avx512(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
	const uint8_t *at = p + skip, *end = p + n - (n - skip) % WIDTH, *next;
	struct packer k;

	pack_begin(&k, out, p, n, skip);
	for (; at < end; at = next) {
		next = end - at < TOGETHER * WIDTH ? end : at + TOGETHER * WIDTH;
		if (at != k.waits || at == k.values || next != at + TOGETHER * WIDTH || !pack_eight(&k, at))
			pack_together(&k, at, next);
	}
	return pack_end(&k, out, p + n);
}
#endif

size_t
words_pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
#if CPU_X86
	if (cpu_has_avx512())
		return pack_avx512(out, p, n, skip);
	if (cpu_has_avx2())
		return pack_bmi(out, p, n, skip);
#endif
	return pack(out, p, n, skip);
}

/* ---- expanding ---- */

/* Copies n bytes from `far` bytes back; may overlap its own output, which then repeats. */
static inline void
copy_back(uint8_t *out, size_t far, size_t n, const uint8_t *limit)
{
	const uint8_t *from = out - far;
	size_t i;

	if (far >= 8 && n <= 64 && limit - out >= 64 + SLOP) {
		for (i = 0; i < n; i += 8)
			store_u64(out + i, load_u64(from + i));
		return;
	}
	for (i = 0; i < n; i++)
		out[i] = from[i];
}

/* Returns the length of the literal whose tag is at p; moves p past the tag. */
static bool
literal_length(const uint8_t **p, const uint8_t *end, size_t *n)
{
	unsigned bytes, i;

	*n = (size_t)(*(*p)++ >> 2);
	if (*n >= 60) {
		bytes = (unsigned)*n - 59;
		if ((size_t)(end - *p) < bytes)
			return false;
		for (*n = i = 0; i < bytes; i++)
			*n |= (size_t)*(*p)++ << 8 * i;
	}
	++*n;
	return *n <= (size_t)(end - *p);
}

/* Returns distance and length of the copy whose tag is at p; moves p past it. */
static bool
copy_parameters(const uint8_t **p, const uint8_t *end, size_t *far, size_t *n)
{
	uint8_t tag = *(*p)++;
	unsigned bytes = (tag & 3) == 3 ? 4 : tag & 3, i;

	if ((size_t)(end - *p) < bytes)
		return false;
	for (*far = i = 0; i < bytes; i++)
		*far |= (size_t)*(*p)++ << 8 * i;
	*n = (size_t)(tag >> 2) + 1;
	if (bytes == 1) {
		*n = (size_t)(tag >> 2 & 7) + 4;
		*far |= (size_t)(tag >> 5) << 8;
	}
	return true;
}

#if CPU_X86
/*
 * Expands consecutive numbers after the value at out - WIDTH: one byte each, and a copy of the previous seven. Works
 * eight at a time; returns how many.
 */
CPU_AVX2 static size_t
expand_counted(uint8_t *out, const uint8_t *limit, const uint8_t *p, const uint8_t *end)
{
	const __m256i form = _mm256_set1_epi32((int)(snappy_copy(WIDTH - 1, WIDTH) << 16)),
	    byte = _mm256_set1_epi32(0xff00);
	const __m256i high = _mm256_set1_epi64x((int64_t)(load_u64(out - WIDTH) & ~UINT64_C(0xff)));
	uint8_t *begin = out;
	__m256i v;

	for (; end - p >= 32 && limit - out >= 8 * WIDTH; p += 32, out += 8 * WIDTH) {
		v = _mm256_loadu_si256((const void *)p);
		if (_mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_andnot_si256(byte, v), form)) != -1)
			break;
		v = _mm256_srli_epi32(_mm256_and_si256(v, byte), 8);
		_mm256_storeu_si256((void *)out,
		    _mm256_or_si256(high, _mm256_cvtepu32_epi64(_mm256_castsi256_si128(v))));
		_mm256_storeu_si256((void *)(out + 32),
		    _mm256_or_si256(high, _mm256_cvtepu32_epi64(_mm256_extracti128_si256(v, 1))));
	}
	return (size_t)(out - begin) / WIDTH;
}
#else
static size_t
expand_counted(uint8_t *out, const uint8_t *limit, const uint8_t *p, const uint8_t *end)
{
	(void)out, (void)limit, (void)p, (void)end;
	return 0;
}
#endif

/* Expands values in the form words_pack writes, while they follow one another with slack on both sides. */
static void
expand_values(uint8_t **outp, const uint8_t *begin, const uint8_t *limit, const uint8_t **pp, const uint8_t *end)
{
	uint8_t *out = *outp;
	const uint8_t *p = *pp;
	bool wide = cpu_has_avx2();
	unsigned low, tag;
	size_t far, n;
	uint64_t mask;

	while (end - p >= 16 && limit - out >= SLOP) {
		if ((p[0] & 3) == 0) {
			low = (p[0] >> 2) + 1u;
			if (low > WIDTH - SNAPPY_LEAST)
				break;
			tag = p[1 + low];
			far = (size_t)(tag >> 5) << 8 | p[2 + low];
			if ((tag & 3) != 1 || (tag >> 2 & 7) + SNAPPY_LEAST + low != WIDTH || far < WIDTH ||
			    far > (size_t)(out - begin))
				break;
			mask = UINT64_MAX << 8 * low;
			store_u64(out, (load_u64(p + 1) & ~mask) | (load_u64(out - far) & mask));
			p += 3 + low;
			out += WIDTH;
			if (low == 1 && far == WIDTH && wide) {
				n = expand_counted(out, limit, p, end);
				p += 4 * n;
				out += WIDTH * n;
			}
		} else {
			far = (size_t)(p[0] >> 5) << 8 | p[1];
			if ((p[0] & 0x1f) != (1 | (WIDTH - SNAPPY_LEAST) << 2) || far < WIDTH ||
			    far > (size_t)(out - begin))
				break;
			store_u64(out, load_u64(out - far));
			p += 2;
			out += WIDTH;
		}
	}
	*outp = out;
	*pp = p;
}

bool
words_expand(uint8_t *out, size_t size, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *begin = out, *limit = out + size;
	size_t len, far;
	uint64_t stored;

	if (varint_get(&p, end, LENGTH_MAX, &stored) != 1 || stored != size || stored > UINT32_MAX)
		return false;
	for (;;) {
		expand_values(&out, begin, limit, &p, end);
		if (p == end)
			break;
		if ((*p & 3) == 0) {
			if (!literal_length(&p, end, &len) || len > (size_t)(limit - out))
				return false;
			memcpy(out, p, len);
			p += len;
		} else {
			if (!copy_parameters(&p, end, &far, &len) || far == 0 || far > (size_t)(out - begin) ||
			    len > (size_t)(limit - out))
				return false;
			copy_back(out, far, len, limit);
		}
		out += len;
	}
	return out == limit;
}

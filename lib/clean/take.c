/*
 * Converts a column of up to 64 records, eight at a time in vectors of 64 bytes. Accepts only what is certainly valid
 * and leaves all other rows to cleaner_row, so that nothing is rejected here.
 */
#include <stdlib.h>

#include "base/cpu.h"
#include "clean/column.h"
#include "simd/eight.h"
#include "val/check.h"

#if CPU_X86

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Broadcasts a constant to every 64-bit lane. */
#define EVERY(x) _mm512_set1_epi64((int64_t)(x))
#define BYTES(x) _mm512_set1_epi8((char)(x))

/* ---- fields of eight rows ---- */

struct eight {
	__m512i first, second;		/* bytes 0 to 7 and 8 to 15 of each field, or what follows it */
	__m512i n;			/* its length */
};

static ALWAYS_INLINE int64_t
load(const uint8_t *p)
{
	int64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

CPU_AVX512 static ALWAYS_INLINE __m512i
load_four(const uint8_t *base, const uint32_t *start)
{
	__m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const void *)(base + start[0])));

	v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(base + start[2])), 1);
	v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(base + start[4])), 2);
	return _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(base + start[6])), 3);
}

CPU_AVX512 static ALWAYS_INLINE __m512i
load_lengths(const struct column_rows *r, size_t i)
{
	return _mm512_cvtepu32_epi64(_mm256_loadu_si256((const void *)(r->n + i)));
}

CPU_AVX512 static ALWAYS_INLINE struct eight
load_eight(const uint8_t *base, const struct column_rows *r, size_t i)
{
	__m512i even = load_four(base, r->start + i), odd = load_four(base, r->start + i + 1);

	return (struct eight){ _mm512_unpacklo_epi64(even, odd), _mm512_unpackhi_epi64(even, odd), load_lengths(r, i) };
}

/* Selects empty and null fields: both are one byte. */
CPU_AVX512 static ALWAYS_INLINE __mmask8
find_nothing(__m512i first, __m512i n)
{
	__m512i byte = _mm512_and_si512(first, EVERY(0xff));

	return _mm512_cmpeq_epi64_mask(n, EVERY(1)) &
	    (_mm512_cmpeq_epi64_mask(byte, EVERY(VAL_NULL)) | _mm512_cmpeq_epi64_mask(byte, EVERY(VAL_EMPTY)));
}

/* ---- numbers to fields ---- */

/*
 * Encodes v, from -2^42 to 2^42 - 1, as the typed field and a TAB: 8 bytes, of which *valid selects those that count.
 */
CPU_AVX512 static ALWAYS_INLINE __m512i
encode(__m512i v, __m512i *valid)
{
	__m512i groups, code = simd_eight_put(v, &groups);

	*valid = _mm512_srlv_epi64(EVERY(0xff), _mm512_sub_epi64(EVERY(6), groups));
	return code;
}

/*
 * The same for 0 to 2^42 - 1 at a third of the cost: all but the groups themselves come from tables, indexed by leading
 * zeros or by the number of groups.
 */
CPU_AVX512 static ALWAYS_INLINE void
encode_plain(struct column_rows *r, size_t i, __m512i v)
{
	/* By leading zeros, 0 meaning 64: the number of groups, and the shift that moves the first one up to bit 42. */
	static const uint8_t groups_of[64] = {
		1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6, 6, 5, 5, 5,
		5, 5, 5, 5, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3,
		3, 3, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1
	}, shift_of[64] = {
		42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 14, 14, 14,
		14, 14, 14, 14, 21, 21, 21, 21, 21, 21, 21, 28, 28, 28, 28, 28,
		28, 28, 35, 35, 35, 35, 35, 35, 35, 42, 42, 42, 42, 42, 42, 42
	};
	const __mmask64 lowest = UINT64_C(0x0101010101010101);
	const __m512i pick = EVERY(UINT64_C(0x00070e151c232a38)),	/* bits 56, which is 0, 42, 35, ... 0 */
	    frame = _mm512_setr_epi64(0, 0x098041, 0x09808042, 0x0980808043, 0x098080808044, INT64_C(0x09808080808045),
	    INT64_C(0x0980808080808046), 0), valid = _mm512_setr_epi64(0, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff, 0);
	__m512i zeros = _mm512_lzcnt_epi64(v), groups, code;

	groups = _mm512_maskz_permutexvar_epi8(lowest, zeros, _mm512_loadu_si512(groups_of));
	code = _mm512_sllv_epi64(v, _mm512_maskz_permutexvar_epi8(lowest, zeros, _mm512_loadu_si512(shift_of)));
	code = _mm512_ternarylogic_epi64(_mm512_multishift_epi64_epi8(pick, code), BYTES(0x7f),
	    _mm512_permutexvar_epi64(groups, frame), 0xea);			/* (a & b) | c */
	_mm512_storeu_si512(r->code + i, code);
	_mm512_storeu_si512(r->value + i, v);
	_mm_storel_epi64((void *)(r->valid + i), _mm512_cvtepi64_epi8(_mm512_permutexvar_epi64(groups, valid)));
}

/* Are all eight within the range of encode_plain and the column's bounds? */
CPU_AVX512 static ALWAYS_INLINE bool
all_plain(const struct column *c, __m512i v)
{
	return _mm512_cmpgt_epu64_mask(_mm512_sub_epi64(v, _mm512_set1_epi64(c->plain_low)),
	    _mm512_set1_epi64(c->plain_width)) == 0;
}

/* Stores numbers v of the rows from i selected by `good`; empty fields among the others become nulls if allowed. */
CPU_AVX512 static ALWAYS_INLINE uint64_t
put_eight(const struct column *c, struct column_rows *r, size_t i, __m512i v, __mmask8 good, __m512i first, __m512i n)
{
	__m512i high = _mm512_set1_epi64(c->high), low = _mm512_set1_epi64(c->low), code, valid;
	__mmask8 nothing = find_nothing(first, n);

	good &= _mm512_cmple_epi64_mask(v, high) & _mm512_cmpge_epi64_mask(v, low) &
	    _mm512_cmplt_epi64_mask(v, EVERY(INT64_C(1) << SIMD_EIGHT_BITS)) &
	    _mm512_cmpge_epi64_mask(v, EVERY(-(INT64_C(1) << SIMD_EIGHT_BITS)));
	v = _mm512_maskz_mov_epi64(good, v);
	code = encode(v, &valid);
	if (__builtin_expect((nothing & ~good) != 0, 0) && c->null_code != 0) {
		code = _mm512_mask_mov_epi64(code, nothing, _mm512_set1_epi64((int64_t)c->null_code));
		valid = _mm512_mask_mov_epi64(valid, nothing, _mm512_set1_epi64(0xff >> (7 - c->null_len)));
		v = _mm512_mask_mov_epi64(v, nothing, _mm512_set1_epi64(c->null_value));
		good |= nothing;
	}
	_mm512_storeu_si512(r->code + i, code);
	_mm512_storeu_si512(r->value + i, v);
	_mm_storel_epi64((void *)(r->valid + i), _mm512_cvtepi64_epi8(valid));
	return (uint64_t)good << i;
}

/* ---- text to numbers ---- */

/* Converts the eight digits of each lane, less '0', the first in the lowest byte, to numbers. */
CPU_AVX512 static ALWAYS_INLINE __m512i
value_of(__m512i w)
{
	w = _mm512_madd_epi16(_mm512_maddubs_epi16(w, _mm512_set1_epi16(0x010a)), _mm512_set1_epi32(0x00010064));
	return _mm512_add_epi64(_mm512_mul_epu32(w, EVERY(10000)), _mm512_srli_epi64(w, 32));
}

/* Texts of up to 16 bytes, less '0', right-aligned in two words, with zeros before them. */
struct text {
	__m512i high, low, n;
	__mmask8 minus, good;
};

CPU_AVX512 static ALWAYS_INLINE struct text
take_text(struct eight e)
{
	struct text t = { .good = _mm512_cmplt_epu64_mask(_mm512_sub_epi64(e.n, EVERY(1)), EVERY(16)) };
	__m512i bits;

	t.minus = _mm512_cmpeq_epi64_mask(_mm512_and_si512(e.first, EVERY(0xff)), EVERY('-'));
	if (__builtin_expect(t.minus != 0, 0)) {
		e.first = _mm512_mask_or_epi64(e.first, t.minus, _mm512_srli_epi64(e.first, 8),
		    _mm512_slli_epi64(e.second, 56));
		e.second = _mm512_mask_srli_epi64(e.second, t.minus, e.second, 8);
		e.n = _mm512_mask_sub_epi64(e.n, t.minus, e.n, EVERY(1));
		t.good &= _mm512_test_epi64_mask(e.n, e.n);
	}
	e.first = _mm512_xor_si512(e.first, BYTES('0'));
	e.second = _mm512_xor_si512(e.second, BYTES('0'));
	/* shifts by 64 bits or more, or by a negative count, give zeros */
	bits = _mm512_slli_epi64(e.n, 3);
	t.high = _mm512_sllv_epi64(e.first, _mm512_sub_epi64(EVERY(128), bits));
	t.low = _mm512_or_si512(_mm512_sllv_epi64(e.first, _mm512_sub_epi64(EVERY(64), bits)),
	    _mm512_srlv_epi64(e.first, _mm512_sub_epi64(bits, EVERY(64))));
	t.low = _mm512_or_si512(t.low, _mm512_sllv_epi64(e.second, _mm512_sub_epi64(EVERY(128), bits)));
	t.n = e.n;
	return t;
}

/* Converts such digits, before the sign is applied; clears `good` for lanes with other bytes. */
CPU_AVX512 static ALWAYS_INLINE __m512i
number_of(struct text *t)
{
	__m512i odd = _mm512_or_si512(_mm512_subs_epu8(t->low, BYTES(9)), _mm512_subs_epu8(t->high, BYTES(9)));

	t->good &= _mm512_testn_epi64_mask(odd, odd);
	return _mm512_add_epi64(value_of(t->low), _mm512_mul_epu32(value_of(t->high), EVERY(100000000)));
}

CPU_AVX512 static ALWAYS_INLINE __m512i
with_sign(const struct text *t, __m512i v)
{
	return _mm512_mask_sub_epi64(v, t->minus, _mm512_setzero_si512(), v);
}

/*
 * Loads eight fields of up to 8 bytes, less '0', right-aligned in a word, with zeros before them; returns false if one
 * is longer.
 */
CPU_AVX512 static ALWAYS_INLINE bool
load_short(const uint8_t *base, const struct column_rows *r, size_t i, __m512i *w)
{
	const uint32_t *at = r->start + i;
	__m512i n = load_lengths(r, i);

	*w = _mm512_set_epi64(load(base + at[7]), load(base + at[6]), load(base + at[5]), load(base + at[4]),
	    load(base + at[3]), load(base + at[2]), load(base + at[1]), load(base + at[0]));
	*w = _mm512_sllv_epi64(_mm512_xor_si512(*w, BYTES('0')), _mm512_sub_epi64(EVERY(64), _mm512_slli_epi64(n, 3)));
	return _mm512_cmpgt_epu64_mask(_mm512_sub_epi64(n, EVERY(1)), EVERY(7)) == 0;
}

CPU_AVX512 static ALWAYS_INLINE bool
all_digits(__m512i w)
{
	return _mm512_cmpgt_epu8_mask(w, BYTES(9)) == 0;
}

/* Converts eight valid, short, unsigned fields at once; all others one by one. */
CPU_AVX512 static uint64_t
take_integers(struct column *c, const uint8_t *base, size_t n)
{
	struct column_rows *r = c->rows;
	uint64_t good = 0;
	size_t i;

	for (i = 0; i < n; i += 8) {
		__m512i w, v;
		struct eight e;
		struct text t;

		if (load_short(base, r, i, &w) && all_digits(w) && all_plain(c, v = value_of(w))) {
			encode_plain(r, i, v);
			good |= (uint64_t)0xff << i;
			continue;
		}
		e = load_eight(base, r, i);
		t = take_text(e);
		v = number_of(&t);
		good |= put_eight(c, r, i, with_sign(&t, v), t.good, e.first, e.n);
	}
	return good;
}

/* Removes the point from the last eight bytes. Returns the number of digits after it. */
CPU_AVX512 static ALWAYS_INLINE __m512i
take_point(struct text *t)
{
	__m512i point = _mm512_maskz_mov_epi8(_mm512_cmpeq_epi8_mask(t->low, BYTES('.' ^ '0')), BYTES(0x80)), upto, up;
	__mmask8 has = _mm512_test_epi64_mask(point, point);

	t->good &= _mm512_testn_epi64_mask(point, _mm512_sub_epi64(point, EVERY(1)));	/* a second point is invalid */
	t->good &= ~(has & _mm512_cmpeq_epi64_mask(t->n, EVERY(1)));
	/* moves what precedes it up one byte over it */
	upto = _mm512_sub_epi64(_mm512_slli_epi64(point, 1), EVERY(1));
	up = _mm512_or_si512(_mm512_slli_epi64(t->low, 8), _mm512_srli_epi64(t->high, 56));
	t->low = _mm512_mask_ternarylogic_epi64(t->low, has, up, upto, 0xd8);	/* upto ? up : low */
	t->high = _mm512_mask_slli_epi64(t->high, has, t->high, 8);
	return _mm512_maskz_srli_epi64(has, _mm512_lzcnt_epi64(point), 3);
}

/* Removes a point that precedes `scale` digits in all eight; returns false if it does not. */
CPU_AVX512 static ALWAYS_INLINE bool
take_usual_point(unsigned scale, __m512i *w)
{
	unsigned at = 56 - 8 * scale;			/* its lowest bit */
	__m512i upto = EVERY((UINT64_C(0x100) << at) - 1), point = EVERY(UINT64_C(0xff) << at);
	bool there = _mm512_cmpneq_epi64_mask(_mm512_and_si512(*w, point), EVERY((uint64_t)('.' ^ '0') << at)) == 0;

	*w = _mm512_ternarylogic_epi64(upto, _mm512_slli_epi64(*w, 8), *w, 0xca);	/* a ? b : c */
	return there;
}

CPU_AVX512 static uint64_t
take_decimals(struct column *c, const uint8_t *base, size_t n)
{
	const __m512i ten_to = _mm512_setr_epi64(1, 10, 100, 1000, 10000, 100000, 1000000, 10000000);
	bool usual = c->scale >= 1 && c->scale <= 6;
	struct column_rows *r = c->rows;
	uint64_t good = 0;
	size_t i;

	for (i = 0; i < n; i += 8) {
		__m512i w, v, missing;
		struct eight e;
		struct text t;

		if (usual && load_short(base, r, i, &w) && take_usual_point(c->scale, &w) && all_digits(w) &&
		    all_plain(c, v = value_of(w))) {
			encode_plain(r, i, v);
			good |= (uint64_t)0xff << i;
			continue;
		}
		e = load_eight(base, r, i);
		t = take_text(e);
		missing = _mm512_sub_epi64(EVERY(c->scale), take_point(&t));
		v = number_of(&t);
		t.good &= _mm512_cmple_epu64_mask(missing, EVERY(7)) &
		    _mm512_cmple_epu64_mask(_mm512_add_epi64(t.n, missing), EVERY(18));	/* below 10^18 */
		v = _mm512_mullo_epi64(v, _mm512_permutexvar_epi64(missing, ten_to));
		good |= put_eight(c, r, i, with_sign(&t, v), t.good, e.first, e.n);
	}
	return good;
}

/* ---- dates ---- */

/*
 * Splits four dates, YYYY-MM-DD, into two halves of the year, month and day, 16 bits each in the lower words; *odd is
 * nonzero for malformed ones.
 */
CPU_AVX512 static ALWAYS_INLINE __m512i
date_parts(__m512i x, __m512i *odd)
{
	const __m512i form = _mm512_broadcast_i32x4(_mm_setr_epi8('0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 0,
	    0, 0, 0, 0, 0)),
	    most = _mm512_broadcast_i32x4(_mm_setr_epi8(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, -1, -1, -1, -1, -1, -1)),
	    parts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1));

	x = _mm512_sub_epi8(x, form);
	*odd = _mm512_subs_epu8(x, most);
	return _mm512_maddubs_epi16(_mm512_shuffle_epi8(x, parts), _mm512_set1_epi16(0x010a));
}

/* Returns days since 1970-01-01; clears `good` for lanes that are not a day of the years 1 to 9999. */
CPU_AVX512 static ALWAYS_INLINE __m512i
days_of(__m512i parts, __mmask8 *good)
{
	const __m512i lengths = _mm512_broadcast_i32x4(
	    _mm_setr_epi8(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0)),
	    part = EVERY(0xffff), one = EVERY(1), two = EVERY(2);
	__m512i century = _mm512_and_si512(parts, part);
	__m512i in_century = _mm512_and_si512(_mm512_srli_epi64(parts, 16), part);
	__m512i month = _mm512_and_si512(_mm512_srli_epi64(parts, 32), part);
	__m512i day = _mm512_srli_epi64(parts, 48), year, last, days;
	__mmask8 leap, early = _mm512_cmple_epu64_mask(month, two);

	year = _mm512_add_epi64(_mm512_mul_epu32(century, EVERY(100)), in_century);
	last = _mm512_mask_mov_epi64(in_century, _mm512_testn_epi64_mask(in_century, in_century), century);
	leap = _mm512_testn_epi64_mask(last, EVERY(3));
	last = _mm512_shuffle_epi8(lengths, _mm512_or_si512(month, EVERY(UINT64_C(0x8080808080808000))));
	last = _mm512_mask_add_epi64(last, leap & _mm512_cmpeq_epi64_mask(month, two), last, one);
	*good &= _mm512_test_epi64_mask(year, year) & _mm512_cmple_epu64_mask(month, EVERY(12)) &
	    _mm512_cmplt_epu64_mask(_mm512_sub_epi64(day, one), last);	/* month 0 has no days */
	/* Years begin in March, so that the leap day is the last; see num_days. */
	year = _mm512_mask_sub_epi64(year, early, year, one);
	month = _mm512_mask_add_epi64(month, early, month, EVERY(12));
	century = _mm512_srli_epi64(_mm512_mul_epu32(year, EVERY(5243)), 19);		/* year / 100 */
	days = _mm512_add_epi64(_mm512_mul_epu32(year, EVERY(365)), _mm512_srli_epi64(year, 2));
	days = _mm512_sub_epi64(_mm512_add_epi64(days, _mm512_srli_epi64(century, 2)), century);
	month = _mm512_srli_epi64(_mm512_sub_epi64(_mm512_mul_epu32(month, EVERY(979)), EVERY(2919)), 5);
	return _mm512_add_epi64(_mm512_add_epi64(days, month), _mm512_sub_epi64(day, EVERY(719469)));
}

CPU_AVX512 static uint64_t
take_dates(struct column *c, const uint8_t *base, size_t n)
{
	struct column_rows *r = c->rows;
	uint64_t good = 0;
	size_t i;

	for (i = 0; i < n; i += 8) {
		__m512i even = load_four(base, r->start + i), odd = load_four(base, r->start + i + 1);
		__m512i first = _mm512_unpacklo_epi64(even, odd), len = load_lengths(r, i), odd_even, odd_odd, bad, v;
		__mmask8 fine;

		even = date_parts(even, &odd_even);
		odd = date_parts(odd, &odd_odd);
		bad = _mm512_or_si512(_mm512_unpacklo_epi64(odd_even, odd_odd),
		    _mm512_unpackhi_epi64(odd_even, odd_odd));
		fine = _mm512_testn_epi64_mask(bad, bad) & _mm512_cmpeq_epi64_mask(len, EVERY(10));
		v = days_of(_mm512_unpacklo_epi64(even, odd), &fine);
		if (fine == 0xff && all_plain(c, v)) {
			encode_plain(r, i, v);
			good |= (uint64_t)0xff << i;
			continue;
		}
		good |= put_eight(c, r, i, v, fine, first, len);
	}
	return good;
}

/* ---- text ---- */

/* Finds bytes below 0x20 or, being negative, from 0x80 up. */
CPU_AVX512 static ALWAYS_INLINE bool
all_printable(const uint8_t *p, size_t n)
{
	const __m512i low = BYTES(0x20);
	size_t i;

	for (i = 0; i + 64 < n; i += 64)
		if (_mm512_cmplt_epi8_mask(_mm512_loadu_si512(p + i), low) != 0)
			return false;
	/* the last read would go beyond VAL_PAD: the mask prevents that */
	return _mm512_mask_cmplt_epi8_mask(_bzhi_u64(UINT64_MAX, (unsigned)(n - i)),
	    _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (unsigned)(n - i)), p + i), low) == 0;
}

CPU_AVX512 static ALWAYS_INLINE bool
is_text(const struct column *c, const uint8_t *p, size_t n)
{
	return n > 0 && p[0] != ' ' && p[n - 1] != ' ' && (n >= 64 || (c->null_lengths >> n & 1) == 0) &&
	    (all_printable(p, n) || column_text_good(p, n)) && column_text_matched(c, p, n);
}

CPU_AVX512 static uint64_t
take_strings(struct column *c, const uint8_t *base, size_t n)
{
	bool null_fits = c->null_len > 0 && c->null_len < VAL_PAD;
	struct column_rows *r = c->rows;
	uint64_t good = 0;
	size_t i;

	r->base = base;
	r->nulls = 0;
	for (i = 0; i < n; i++) {
		const uint8_t *p = base + r->start[i];

		if (r->n[i] == 1 && *p == VAL_EMPTY && c->empty_keep) {
			good |= (uint64_t)(c->schema->regex == NULL) << i;
		} else if (r->n[i] == 1 && (*p == VAL_NULL || *p == VAL_EMPTY)) {
			r->nulls |= UINT64_C(1) << i;
			good |= (uint64_t)null_fits << i;
		} else {
			good |= (uint64_t)is_text(c, p, r->n[i]) << i;
		}
	}
	return good;
}

/* Compares each allowed value with its TAB with all eight fields. */
CPU_AVX512 static uint64_t
take_listed(struct column *c, const uint8_t *base, size_t n)
{
	bool null_fits = c->null_len > 0 && c->null_len < VAL_PAD;
	struct column_rows *r = c->rows;
	uint64_t good = 0;
	size_t i, k;

	r->base = base;
	r->nulls = 0;
	for (i = 0; i < n; i += 8) {
		struct eight e = load_eight(base, r, i);
		__mmask8 found = 0, nothing = find_nothing(e.first, e.n);

		if (c->empty_keep)
			nothing &= ~_mm512_cmpeq_epi64_mask(_mm512_and_si512(e.first, EVERY(0xff)), EVERY(VAL_EMPTY));
		for (k = 0; k < c->nlisted; k++) {
			const struct column_listed *l = &c->listed[k];
			__m512i differs = _mm512_or_si512(
			    _mm512_and_si512(_mm512_xor_si512(e.first, EVERY(l->bytes[0])), EVERY(l->mask[0])),
			    _mm512_and_si512(_mm512_xor_si512(e.second, EVERY(l->bytes[1])), EVERY(l->mask[1])));

			found |= _mm512_testn_epi64_mask(differs, differs);
		}
		r->nulls |= (uint64_t)nothing << i;
		good |= (uint64_t)(null_fits ? found | nothing : found) << i;
	}
	return good;
}

/* ---- other types ---- */

/* Converts one by one with `put`, into a separate buffer. */
static uint64_t
take_each(struct column *c, const uint8_t *base, size_t n)
{
	struct column_rows *r = c->rows;
	size_t i, room = 0;
	uint64_t good = 0;
	uint8_t *out, *end;

	for (i = 0; i < n; i++)
		room += r->n[i] + column_room(c) + 1;
	r->store.len = 0;
	r->base = out = buf_room(&r->store, room + 2 * VAL_PAD);
	r->nulls = 0;
	for (i = 0; i < n; i++) {
		end = c->put(c, base + r->start[i], r->n[i], out);
		r->value[i] = end != NULL ? c->value : 0;
		if (end == NULL)
			continue;
		*end = '\t';
		r->own_start[i] = (uint32_t)(out - r->base);
		r->own_n[i] = (uint32_t)(end - out);
		out = end + 1;
		good |= UINT64_C(1) << i;
	}
	r->start = r->own_start;
	r->n = r->own_n;
	return good;
}

/* ---- the choice ---- */

static bool
make_listed(struct column *c)
{
	struct column_listed *l;
	size_t at;
	uint32_t n;

	c->listed = xcalloc(c->schema->allowed.n, sizeof(*c->listed));
	for (at = 0; at < c->allowed.len; at += sizeof(n) + n) {
		memcpy(&n, c->allowed.p + at, sizeof(n));
		if (n >= sizeof(l->bytes))
			return false;
		l = &c->listed[c->nlisted++];
		memcpy(l->bytes, c->allowed.p + at + sizeof(n), n);
		((uint8_t *)l->bytes)[n] = '\t';
		memset(l->mask, 0xff, n + 1);
	}
	return true;
}

/* Sets the range of encode_plain; empty if the column has no room for it. */
static void
set_plain(struct column *c)
{
	int64_t low = c->low > 0 ? c->low : 0, most = (INT64_C(1) << SIMD_EIGHT_BITS) - 1;
	int64_t high = c->high < most ? c->high : most;

	c->plain_low = low <= high ? low : INT64_MIN;		/* no number read lies 0 above it */
	c->plain_width = low <= high ? high - low : 0;
}

CPU_AVX512 int64_t
column_sum(const struct column_rows *r, uint64_t rows)
{
	__m512i sum = _mm512_setzero_si512();
	size_t i;

	for (i = 0; i < COLUMN_ROWS; i += 8)
		sum = _mm512_mask_add_epi64(sum, (__mmask8)(rows >> i), sum, _mm512_loadu_si512(r->value + i));
	return _mm512_reduce_add_epi64(sum);
}

void
column_choose_take(struct column *c)
{
	enum val_kind kind = c->schema->type.kind;

	if (!cpu_has_avx512())
		return;
	c->rows = xcalloc(1, sizeof(*c->rows));
	c->take = take_each;
	if (c->simple && (kind == VAL_INT32 || kind == VAL_INT64))
		c->take = take_integers;
	else if (c->simple && kind == VAL_DECIMAL)
		c->take = take_decimals;
	else if (c->simple && kind == VAL_DATE)
		c->take = take_dates;
	else if (c->simple && c->texts == NULL)
		c->take = take_strings;
	else if (c->texts != NULL && make_listed(c))
		c->take = take_listed;
	c->coded = kind != VAL_STRING && c->take != take_each;
	set_plain(c);
	if (c->null_len < VAL_PAD)
		c->null[c->null_len] = '\t';
	if (c->coded && c->null_len > 0 && c->null_len < sizeof(c->null_code))
		memcpy(&c->null_code, c->null, sizeof(c->null_code));
}

static uint64_t
take_nothing(struct column *c, const uint8_t *base, size_t n)
{
	(void)n;
	c->rows->base = base;
	c->rows->nulls = UINT64_MAX;
	return UINT64_MAX;
}

void
column_take_nothing(struct column *c)
{
	if (!cpu_has_avx512())
		return;
	c->rows = xcalloc(1, sizeof(*c->rows));
	c->take = take_nothing;
	c->null[c->null_len] = '\t';
}

#else

void
column_take_nothing(struct column *c)
{
	(void)c;
}

int64_t
column_sum(const struct column_rows *r, uint64_t rows)
{
	(void)r, (void)rows;
	return 0;
}

void
column_choose_take(struct column *c)
{
	(void)c;
}

#endif

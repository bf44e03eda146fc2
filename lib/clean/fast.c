/*
 * From the bytes of a raw field to those of the typed one, for fields that are plainly good. Digits are checked and valued eight at a time
 * in a 64-bit word. Every function gives up, by NULL, on what column_judge has to decide; none ever passes what it would reject.
 */
#include <endian.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/utf8.h"
#include "clean/column.h"
#include "val/int.h"

#if CPU_X86
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define EACH(byte) ((byte) * UINT64_C(0x0101010101010101))

typedef uint64_t scatter_fn(uint64_t u);

/* Eight bytes, the first of them lowest. */
static ALWAYS_INLINE uint64_t
load(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

static ALWAYS_INLINE uint8_t *
put_null(struct column *c, uint8_t *out)
{
	if (c->null_len == 0)
		return NULL;
	memcpy(out, c->null, sizeof(c->null));
	c->value = c->null_value;
	return out + c->null_len;
}

/* The raw field of an empty value, or a null one: both are one byte. */
static ALWAYS_INLINE bool
is_nothing(const uint8_t *p, size_t n)
{
	return n == 1 && *p <= VAL_EMPTY;
}

/* val_put_int_fast with a choice of how bits become groups. */
static ALWAYS_INLINE uint8_t *
put_number(struct column *c, int64_t v, uint8_t *out, scatter_fn *scatter)
{
	uint64_t sign = (uint64_t)(v >> 63), u = (uint64_t)v ^ sign, w;
	unsigned n = val_groups(u);

	if (v < c->low || v > c->high || n > 8)	/* beyond 2^56 the long way will do */
		return NULL;
	c->value = v;
	w = htobe64((scatter(u) ^ (sign & EACH(0x7f))) << (64 - 8 * n));
	out[0] = (uint8_t)(0x40 + (((int)n ^ (int)sign) - (int)sign));
	memcpy(out + 1, &w, sizeof(w));
	return out + 1 + n;
}

/* ---- digits ---- */

/* Other than zero where a byte of w (digits less '0') is none of 0 to 9. */
static ALWAYS_INLINE uint64_t
not_digits(uint64_t w)
{
	return ((w + EACH(0x06)) | w) & EACH(0xf0);
}

/* The number of eight digits, the first in the lowest byte: neighbours pair up three times. */
static ALWAYS_INLINE uint64_t
value_of(uint64_t w)
{
	w = (w * 10 + (w >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
	w = (w * 100 + (w >> 16)) & UINT64_C(0x0000ffff0000ffff);
	return (w * 10000 + (w >> 32)) & UINT64_C(0xffffffff);
}

/* Steps over a sign: all ones for a minus, else 0. False where what stands there is neither a sign nor at least a digit or a point. */
static ALWAYS_INLINE bool
take_sign(const uint8_t **p, size_t *n, int64_t *sign)
{
	*sign = 0;
	if (__builtin_expect(**p == '-' || **p == '+', 0)) {
		*sign = -(int64_t)(**p == '-');
		++*p;
		--*n;
	}
	return *n - 1 < 16;
}

/* ---- integers ---- */

static ALWAYS_INLINE uint8_t *
integer(struct column *c, const uint8_t *p, size_t n, uint8_t *out, scatter_fn *scatter)
{
	uint64_t high, low;
	int64_t sign, v;

	if (is_nothing(p, n))
		return put_null(c, out);
	if (!take_sign(&p, &n, &sign))
		return NULL;
	if (n <= 8) {
		low = (load(p) ^ EACH('0')) << (64 - 8 * n);
		if (not_digits(low))
			return NULL;
		v = (int64_t)value_of(low);
	} else {
		high = (load(p) ^ EACH('0')) << (128 - 8 * n);
		low = load(p + n - 8) ^ EACH('0');
		if (not_digits(high) | not_digits(low))
			return NULL;
		v = (int64_t)(value_of(high) * 100000000 + value_of(low));
	}
	return put_number(c, (v ^ sign) - sign, out, scatter);
}

/* ---- decimals ---- */

/* Bytes of w that are zero, each as 0x80. */
static ALWAYS_INLINE uint64_t
zero_bytes(uint64_t w)
{
	return ~(((w & EACH(0x7f)) + EACH(0x7f)) | w | EACH(0x7f));
}

static const int64_t ten_to[19] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
	10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000
};

/*
 * The text stands at the top of two words, zeros below. Where there is a point among its last eight bytes, what stands before it moves
 * up one byte over it, so that the digits are together.
 */
static ALWAYS_INLINE uint8_t *
decimal(struct column *c, const uint8_t *p, size_t n, uint8_t *out, scatter_fn *scatter)
{
	uint64_t high = 0, low, point, below;
	int64_t sign, v;
	unsigned decimals = 0, missing;

	if (is_nothing(p, n))
		return put_null(c, out);
	if (!take_sign(&p, &n, &sign))
		return NULL;
	if (n <= 8) {
		low = (load(p) ^ EACH('0')) << (64 - 8 * n);
	} else {
		high = (load(p) ^ EACH('0')) << (128 - 8 * n);
		low = load(p + n - 8) ^ EACH('0');
	}
	if ((point = zero_bytes(low ^ EACH('.' ^ '0'))) != 0) {
		unsigned bits = 63 - (unsigned)__builtin_clzll(point);	/* up to the point's top bit */

		below = (point << 1) - 1;	/* the point and all before it; all bits where it is the last byte */
		decimals = (63 - bits) / 8;
		if (n == 1 || (point & (point - 1)) != 0)
			return NULL;
		low = (low & ~below) | ((low << 8 | high >> 56) & below);
		high <<= 8;
	}
	missing = c->scale - decimals;
	if ((not_digits(low) | not_digits(high)) != 0 || decimals > c->scale || n + missing > 18)
		return NULL;
	v = (int64_t)(value_of(high) * 100000000 + value_of(low)) * ten_to[missing];
	return put_number(c, (v ^ sign) - sign, out, scatter);
}

/* ---- dates ---- */

/* YYYY-MM-DD. */
static ALWAYS_INLINE uint8_t *
date(struct column *c, const uint8_t *p, size_t n, uint8_t *out, scatter_fn *scatter)
{
	/* Days before each month, less one; the second row for leap years. */
	static const int16_t before[2][13] = {
		{ 0, -1, 30, 58, 89, 119, 150, 180, 211, 242, 272, 303, 333 },
		{ 0, -1, 30, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 }
	};
	/* "0000-00-"; what takes a byte that differs too much from it over the mask. */
	const uint64_t form = UINT64_C(0x2d30302d30303030), over = UINT64_C(0x7f06067f06060606), mask = UINT64_C(0x80f0f080f0f0f0f0);
	uint64_t w;
	unsigned year, month, day, tens, units, leap, last;
	int64_t days;

	if (n != 10)
		return is_nothing(p, n) ? put_null(c, out) : NULL;
	w = load(p) ^ form;
	tens = (unsigned)(p[8] - '0');
	units = (unsigned)(p[9] - '0');
	if ((((w + over) | w) & mask) != 0 || tens > 9 || units > 9)
		return NULL;
	year = (unsigned)((w & 0xff) * 1000 + (w >> 8 & 0xff) * 100 + (w >> 16 & 0xff) * 10 + (w >> 24 & 0xff));
	month = (unsigned)((w >> 40 & 0xff) * 10 + (w >> 48 & 0xff));
	day = tens * 10 + units;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (year == 0 || month - 1 > 11)
		return NULL;
	last = month == 2 ? 28 + leap : 30 + ((month ^ month >> 3) & 1);
	if (day - 1 >= last)
		return NULL;
	year--;
	days = (int64_t)(year * 365 + year / 4 - year / 100 + year / 400 + day) + before[leap][month] - 719162;
	return put_number(c, days, out, scatter);
}

/* ---- the four number types, each with both ways of scattering ---- */

static uint8_t *
put_integer(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	return integer(c, p, n, out, val_scatter);
}

static uint8_t *
put_decimal(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	return decimal(c, p, n, out, val_scatter);
}

static uint8_t *
put_date(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	return date(c, p, n, out, val_scatter);
}

static uint8_t *
put_bool(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	if (n != 1 || (*p != '0' && *p != '1'))
		return is_nothing(p, n) ? put_null(c, out) : NULL;
	*out = *p;
	return out + 1;
}

/* For columns that have no fast way. */
static uint8_t *
put_judged(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	(void)c;
	(void)p;
	(void)n;
	(void)out;
	return NULL;
}

/* ---- strings ---- */

static ALWAYS_INLINE bool
may_be_null_or_blank(const struct column *c, const uint8_t *p, size_t n)
{
	return p[0] == ' ' || p[n - 1] == ' ' || (n < 64 && (c->null_lengths >> n & 1) != 0);
}

/* Text with other than ASCII, but without escapes. */
static uint8_t *
put_utf8(const uint8_t *p, size_t n, uint8_t *out)
{
	if (memchr(p, VAL_ESC, n) != NULL || !utf8_ok(p, n))
		return NULL;
	memcpy(out, p, n);
	return out + n;
}

static uint8_t *
put_string(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	if (is_nothing(p, n))
		return put_null(c, out);
	return may_be_null_or_blank(c, p, n) ? NULL : put_utf8(p, n, out);
}

static const uint8_t ones[32] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
};

/*
 * One of the allowed values, found by a hash in which no two of them meet, and compared as two words. Fields longer than 16
 * bytes are none of them.
 */
static uint8_t *
put_listed(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	const struct column_text *t;
	uint64_t a, b;

	if (n > 16 || is_nothing(p, n))
		return n > 16 ? NULL : put_null(c, out);
	a = load(p) & load(ones + 16 - n);
	b = load(p + 8) & load(ones + 24 - n);
	t = &c->texts[(a ^ (b << 7 | b >> 57) ^ n) * c->multiplier >> 58];
	if (t->n != n || (a ^ load(t->text)) | (b ^ load(t->text + 8)))
		return NULL;
	memcpy(out, t->text, sizeof(t->text));
	return out + n;
}

#if CPU_X86

CPU_AVX2 static inline uint64_t
scatter_bmi2(uint64_t u)
{
	return _pdep_u64(u, EACH(0x7f)) | EACH(0x80);
}

CPU_AVX2 static uint8_t *
put_integer_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	return integer(c, p, n, out, scatter_bmi2);
}

CPU_AVX2 static uint8_t *
put_decimal_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	return decimal(c, p, n, out, scatter_bmi2);
}

CPU_AVX2 static uint8_t *
put_date_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	return date(c, p, n, out, scatter_bmi2);
}

/* Copies 32 bytes at a time and looks at them on the way: bytes below 0x20 and, being negative, those from 0x80 up. */
CPU_AVX2 static uint8_t *
put_string_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	const __m256i low = _mm256_set1_epi8(0x20);
	uint32_t bad = 0;
	size_t i;
	__m256i v;

	if (is_nothing(p, n))
		return put_null(c, out);
	if (may_be_null_or_blank(c, p, n))
		return NULL;
	for (i = 0; i + 32 < n; i += 32) {
		v = _mm256_loadu_si256((const void *)(p + i));
		_mm256_storeu_si256((void *)(out + i), v);
		bad |= (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(low, v));
	}
	v = _mm256_loadu_si256((const void *)(p + i));
	_mm256_storeu_si256((void *)(out + i), v);
	bad |= (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(low, v)) & (uint32_t)(UINT64_MAX >> (64 - (n - i)));
	return bad == 0 ? out + n : put_utf8(p, n, out);
}

#endif

/* ---- the choice ---- */

static bool
is_null_word(const struct column *c, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < c->nnulls; i++)
		if (strlen(c->nulls[i]) == n && memcmp(c->nulls[i], p, n) == 0)
			return true;
	return false;
}

/* The multiplier's top bits place the values; one is looked for that keeps them apart. */
static bool
place_texts(struct column *c)
{
	struct column_text *slot, t;
	size_t at;
	uint64_t a, b;
	uint32_t n;

	memset(c->texts, 0, COLUMN_TEXTS * sizeof(*c->texts));
	for (at = 0; at < c->allowed.len; at += sizeof(n) + n) {
		memcpy(&n, c->allowed.p + at, sizeof(n));
		t = (struct column_text){ .n = n };
		memcpy(t.text, c->allowed.p + at + sizeof(n), n);
		a = load(t.text);
		b = load(t.text + 8);
		slot = &c->texts[(a ^ (b << 7 | b >> 57) ^ n) * c->multiplier >> 58];
		if (slot->n != 0 && memcmp(slot, &t, sizeof(t)) != 0)
			return false;
		*slot = t;
	}
	return true;
}

/* Few short plain values that mean themselves. */
static bool
make_texts(struct column *c)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	const uint8_t *p;
	size_t at;
	uint32_t n;
	int tries;

	if (c->schema->nallowed > 16)
		return false;
	for (at = 0; at < c->allowed.len; at += sizeof(n) + n) {
		memcpy(&n, c->allowed.p + at, sizeof(n));
		p = c->allowed.p + at + sizeof(n);
		if (n > sizeof(c->texts->text) || !val_string_plain(p, n) || p[0] == ' ' || p[n - 1] == ' ' || is_null_word(c, p, n))
			return false;
	}
	c->texts = xcalloc(COLUMN_TEXTS, sizeof(*c->texts));
	for (tries = 0; tries < 1000; tries++) {
		c->multiplier = seed | 1;
		if (place_texts(c))
			return true;
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	}
	free(c->texts);
	c->texts = NULL;
	return false;
}

static void
choose_string(struct column *c, bool vector)
{
	size_t i, n;

	if (c->schema->has_regex || c->minimum.len > 0 || c->maximum.len > 0)
		return;
	if (c->allowed.len > 0) {
		if (make_texts(c))
			c->put = put_listed;
		return;
	}
	for (i = 0; i < c->nnulls; i++)
		if ((n = strlen(c->nulls[i])) < 64)
			c->null_lengths |= UINT64_C(1) << n;
		else
			return;
	c->put = put_string;
#if CPU_X86
	if (vector)
		c->put = put_string_avx2;
#endif
	(void)vector;
}

static void
set_range(struct column *c)
{
	c->low = c->schema->type.kind == VAL_INT64 ? INT64_MIN : INT32_MIN;
	c->high = c->schema->type.kind == VAL_INT64 ? INT64_MAX : INT32_MAX;
	if (c->schema->type.kind == VAL_DECIMAL) {
		c->high = ten_to[c->schema->type.precision] - 1;
		c->low = -c->high;
	}
	if (c->minimum.len > 0)
		c->low = val_int(c->minimum.p);
	if (c->maximum.len > 0)
		c->high = val_int(c->maximum.p);
}

void
column_choose(struct column *c)
{
	bool vector = cpu_has_avx2();
	struct buf *scratch = &c->typed;
	size_t i;

	c->put = put_judged;
	if (c->schema->type.kind == VAL_STRING) {
		choose_string(c, vector);
		return;
	}
	for (i = 0; i < c->nnulls; i++)
		if (val_parse(c->schema->type, c->nulls[i], strlen(c->nulls[i]), scratch))
			return;			/* "0" may be null here */
	if (c->allowed.len > 0 || c->schema->date_format != NULL)
		return;
	if (c->schema->type.kind == VAL_BOOL && c->minimum.len == 0 && c->maximum.len == 0)
		c->put = put_bool;
	if (!val_is_narrow(c->schema->type))
		return;
	set_range(c);
	switch (c->schema->type.kind) {
	case VAL_INT32:
	case VAL_INT64:
		c->put = put_integer;
		break;
	case VAL_DECIMAL:
		c->put = put_decimal;
		break;
	case VAL_DATE:
		c->put = put_date;
		break;
	default:
		break;
	}
#if CPU_X86
	if (vector)
		c->put = c->put == put_integer ? put_integer_avx2 : c->put == put_decimal ? put_decimal_avx2 :
		    c->put == put_date ? put_date_avx2 : c->put;
#endif
}

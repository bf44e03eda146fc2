/*
 * Converts the bytes of unproblematic raw fields directly to typed ones. Checks and converts digits eight at a time in
 * a 64-bit word. Every function returns NULL for what column_judge must decide; none accepts what it would reject.
 */
#include <endian.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "clean/column.h"
#include "val/check.h"
#include "val/int.h"

#if CPU_X86
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))
enum { TAB_CODE = 0x40 + '\t' };	/* after VAL_ESC: a tab, which is trimmed from both ends of a value */

#define EACH(byte) ((byte) * UINT64_C(0x0101010101010101))

/* Loads eight bytes, the first one lowest. */
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

/* Is the raw field empty or null? Both are one byte, and null unless the column keeps empty strings. */
static ALWAYS_INLINE bool
is_nothing(const uint8_t *p, size_t n)
{
	return n == 1 && (*p == VAL_NULL || *p == VAL_EMPTY);
}

static ALWAYS_INLINE uint8_t *
put_number(struct column *c, int64_t v, uint8_t *out)
{
	if (v < c->low || v > c->high)
		return NULL;
	c->value = v;
	return out + val_put_int_fast(out, v);
}

/* ---- digits ---- */

/* Returns nonzero if a byte of w (digits less '0') is not 0 to 9. */
static ALWAYS_INLINE uint64_t
not_digits(uint64_t w)
{
	return ((w + EACH(0x06)) | w) & EACH(0xf0);
}

/* Converts eight digits, the first in the lowest byte, by joining neighbours three times. */
static ALWAYS_INLINE uint64_t
value_of(uint64_t w)
{
	w = (w * 10 + (w >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
	w = (w * 100 + (w >> 16)) & UINT64_C(0x0000ffff0000ffff);
	return (w * 10000 + (w >> 32)) & UINT64_C(0xffffffff);
}

/*
 * Skips a sign; all ones for a minus, else 0. Returns false if neither a sign nor at least a digit or a point follows.
 */
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

static uint8_t *
put_integer(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
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
	return put_number(c, (v ^ sign) - sign, out);
}

/* ---- decimals ---- */

/* Returns 0x80 in each byte of w that is zero. */
static ALWAYS_INLINE uint64_t
zero_bytes(uint64_t w)
{
	return ~(((w & EACH(0x7f)) + EACH(0x7f)) | w | EACH(0x7f));
}

static const int64_t ten_to[19] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
	1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
	    1000000000000000000
};

/*
 * The text is right-aligned in two words, with zeros below. If its last eight bytes contain a point, moves what
 * precedes it up by one byte, so that the digits are contiguous.
 */
static uint8_t *
put_decimal(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
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
		unsigned bits = 63 - (unsigned)__builtin_clzll(point);	/* bits through the point's top bit */

		below = (point << 1) - 1;	/* the point and all before it; all bits if it is the last byte */
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
	return put_number(c, (v ^ sign) - sign, out);
}

/* ---- dates ---- */

/* Converts YYYY-MM-DD. */
static uint8_t *
put_date(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	/* Days before each month, less one; the second row for leap years. */
	static const int16_t before[2][13] = {
		{ 0, -1, 30, 58, 89, 119, 150, 180, 211, 242, 272, 303, 333 },
		{ 0, -1, 30, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 }
	};
	/* "0000-00-"; adding `over` carries a byte that differs too much into the mask */
	const uint64_t form = UINT64_C(0x2d30302d30303030), over = UINT64_C(0x7f06067f06060606),
	    mask = UINT64_C(0x80f0f080f0f0f0f0);
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
	return put_number(c, days, out);
}

/* ---- other types ---- */

static uint8_t *
put_bool(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	if (n != 1 || (*p != '0' && *p != '1'))
		return is_nothing(p, n) ? put_null(c, out) : NULL;
	*out = *p;
	return out + 1;
}

/* Converts a date or timestamp by the first of the column's formats that it has. */
static uint8_t *
put_moment(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	const struct val_moment *m = c->schema->formats, *end = m + c->schema->nformats;
	int64_t v;

	if (is_nothing(p, n))
		return put_null(c, out);
	while (!val_moment_parse(m, c->schema->century, (const char *)p, n, &v))
		if (++m == end)
			return NULL;
	if (c->schema->zone != NULL && !m->zoned && !val_zone_to_utc(c->schema->zone, &v))
		return NULL;
	return put_number(c, v, out);
}

/* For columns without a fast path: they must not keep the others from theirs. */
static uint8_t *
put_judged(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	enum clean_reason reason;

	return column_put(c, p, n, out, &reason);
}

/* ---- strings ---- */

static ALWAYS_INLINE bool
may_be_null_or_blank(const struct column *c, const uint8_t *p, size_t n)
{
	return p[0] == ' ' || p[n - 1] == ' ' || (n < 64 && (c->null_lengths >> n & 1) != 0);
}

bool
column_text_good(const uint8_t *p, size_t n)
{
	bool tab = n >= 2 && ((p[0] == VAL_ESC && p[1] == TAB_CODE) || (p[n - 2] == VAL_ESC && p[n - 1] == TAB_CODE));

	return !tab && val_check_string(p, n, false);
}

/* Copies text that is not plain ASCII. */
static uint8_t *
put_utf8(const uint8_t *p, size_t n, uint8_t *out)
{
	if (!column_text_good(p, n))
		return NULL;
	memcpy(out, p, n);
	return out + n;
}

/* Copies a string of a column without constraints; an empty string that is kept is valid here. */
static ALWAYS_INLINE uint8_t *
put_nothing(struct column *c, const uint8_t *p, uint8_t *out)
{
	if (*p == VAL_NULL || !c->empty_keep)
		return put_null(c, out);
	*out = VAL_EMPTY;
	return out + 1;
}

static uint8_t *
put_string(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	if (is_nothing(p, n))
		return put_nothing(c, p, out);
	return n == 0 || may_be_null_or_blank(c, p, n) ? NULL : put_utf8(p, n, out);
}

bool
column_text_matched(const struct column *c, const uint8_t *p, size_t n)
{
	return c->schema->regex == NULL || (memchr(p, VAL_ESC, n) == NULL && regex_matches(c->schema->regex, p, n));
}

/* Copies text that must match a pattern; an empty string that is kept is left to column_judge. */
static uint8_t *
put_matched(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	if (is_nothing(p, n))
		return *p == VAL_EMPTY && c->empty_keep ? NULL : put_null(c, out);
	if (n == 0 || may_be_null_or_blank(c, p, n) || !column_text_matched(c, p, n))
		return NULL;
	return put_utf8(p, n, out);
}

static const uint8_t ones[32] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
};

/*
 * Accepts one of the allowed values, found by a collision-free hash and compared as two words. Fields longer than 16
 * bytes cannot match.
 */
static uint8_t *
put_listed(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	const struct column_text *t;
	uint64_t a, b;

	if (n - 1 > 15 || is_nothing(p, n))
		return n - 1 > 15 || (c->empty_keep && *p == VAL_EMPTY) ? NULL : put_null(c, out);
	a = load(p) & load(ones + 16 - n);
	b = load(p + 8) & load(ones + 24 - n);
	t = &c->texts[(a ^ (b << 7 | b >> 57) ^ n) * c->multiplier >> 58];
	if (t->n != n || (a ^ load(t->text)) | (b ^ load(t->text + 8)))
		return NULL;
	memcpy(out, t->text, sizeof(t->text));
	return out + n;
}

#if CPU_X86

/* Extracts groups with one instruction; values outside 0 to 2^56 take the general path. */
CPU_AVX2 static ALWAYS_INLINE uint8_t *
put_number_avx2(struct column *c, int64_t v, uint8_t *out)
{
	unsigned n = val_groups((uint64_t)v), shift;
	uint64_t w;

	if (v < c->low || v > c->high)
		return NULL;
	c->value = v;
	if (__builtin_expect(n > 8, 0))			/* also true for negative n */
		return out + val_put_int_fast(out, v);
	shift = 64 - 8 * n;
	w = __builtin_bswap64((_pdep_u64((uint64_t)v, EACH(0x7f)) | EACH(0x80)) << shift);
	out[0] = (uint8_t)(0x40 + n);
	memcpy(out + 1, &w, sizeof(w));
	return out + 1 + n;
}

/* Converts sixteen bytes, each a digit less '0'. Returns false if one is not a digit. */
CPU_AVX2 static ALWAYS_INLINE bool
number_of(__m128i digits, uint64_t *v)
{
	const __m128i tens = _mm_set1_epi16(0x010a), hundreds = _mm_set1_epi32(0x00010064),
	    more = _mm_set1_epi32(0x00012710);
	__m128i bad = _mm_subs_epu8(digits, _mm_set1_epi8(9)), x;
	uint64_t halves;

	x = _mm_madd_epi16(_mm_maddubs_epi16(digits, tens), hundreds);
	x = _mm_madd_epi16(_mm_packus_epi32(x, x), more);
	halves = (uint64_t)_mm_cvtsi128_si64(x);
	*v = (halves & 0xffffffff) * 100000000 + (halves >> 32);
	return _mm_testz_si128(bad, bad);
}

/* Shuffle masks: the 16 bytes at to_right + n right-align n bytes, with zeros before them. */
static const uint8_t to_right[32] = {
	128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
};

CPU_AVX2 static uint8_t *
put_integer_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	__m128i x = _mm_sub_epi8(_mm_loadu_si128((const void *)p), _mm_set1_epi8('0'));
	uint64_t v;

	if (__builtin_expect(*p < '0' || n - 1 > 15, 0))
		return put_integer(c, p, n, out);
	if (!number_of(_mm_shuffle_epi8(x, _mm_loadu_si128((const void *)(to_right + n))), &v))
		return NULL;
	return put_number_avx2(c, (int64_t)v, out);
}

/* Shuffle masks that also omit the point, for n bytes from 1 to 16 and positions up to n, which means no point. */
static uint8_t without_point[17][17][16];

static void
make_without_point(void)
{
	size_t n, at, i, to;

	for (n = 1; n <= 16; n++)
		for (at = 0; at <= n; at++) {
			memset(without_point[n][at], 128, 16);
			for (to = 16, i = n; i-- > 0;)
				if (i != at || n == 1)		/* a lone point stays, and is not a digit */
					without_point[n][at][--to] = (uint8_t)i;
		}
}

CPU_AVX2 static uint8_t *
put_decimal_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	__m128i x = _mm_loadu_si128((const void *)p), digits;
	unsigned points, at, missing;
	uint64_t v;

	if (__builtin_expect(*p < '.' || n - 1 > 15, 0))
		return put_decimal(c, p, n, out);
	points = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('.')));
	at = _tzcnt_u32(points | 1u << n);
	digits = _mm_shuffle_epi8(_mm_sub_epi8(x, _mm_set1_epi8('0')),
	    _mm_loadu_si128((const void *)without_point[n][at]));
	missing = c->scale - ((unsigned)n - at - (at != n));
	if (!number_of(digits, &v) || missing > 18 - n)		/* wraps if there are more decimals than the scale */
		return NULL;
	return put_number_avx2(c, (int64_t)v * ten_to[missing], out);
}

/*
 * For each month of the years covered: the days before it, less one, and in the low five bits its length. Other years
 * take the general path.
 */
enum { FIRST_YEAR = 1900, YEARS = 256 };
static int32_t months[YEARS * 16];

static void
make_months(void)
{
	unsigned y, m, d;

	for (y = 0; y < YEARS; y++)
		for (m = 1; m <= 12; m++) {
			for (d = 28; num_civil_ok(FIRST_YEAR + y, m, d + 1); d++)
				continue;
			months[y * 16 + m] = (int32_t)(num_days(FIRST_YEAR + y, m, 1) - 1) * 32 + (int32_t)d;
		}
}

CPU_AVX2 static uint8_t *
put_date_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	const __m128i form = _mm_setr_epi8('0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 0, 0, 0, 0, 0, 0),
	    most = _mm_setr_epi8(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, -1, -1, -1, -1, -1, -1),
	    parts = _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1);
	__m128i x = _mm_sub_epi8(_mm_loadu_si128((const void *)p), form), bad = _mm_subs_epu8(x, most);
	unsigned year, month, day;
	uint64_t w;
	int32_t in_month;

	x = _mm_maddubs_epi16(_mm_shuffle_epi8(x, parts), _mm_set1_epi16(0x010a));
	w = (uint64_t)_mm_cvtsi128_si64(x);		/* the year's two halves, the month, the day */
	year = (unsigned)(w & 0xffff) * 100 + (unsigned)(w >> 16 & 0xffff) - FIRST_YEAR;
	month = (unsigned)(w >> 32) & 0xffff;
	day = (unsigned)(w >> 48);
	if (__builtin_expect(n != 10 || !_mm_testz_si128(bad, bad) || year >= YEARS || month > 12, 0))
		return put_date(c, p, n, out);
	in_month = months[year * 16 + month];
	if (day - 1 >= ((unsigned)in_month & 31))	/* month 0 does not exist: its length is 0 */
		return NULL;
	return put_number_avx2(c, (in_month >> 5) + (int64_t)day, out);
}

/* Copies 32 bytes at a time and checks them: finds bytes below 0x20 and, being negative, those from 0x80 up. */
CPU_AVX2 static uint8_t *
put_string_avx2(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	const __m256i low = _mm256_set1_epi8(0x20);
	uint32_t bad = 0;
	size_t i;
	__m256i v;

	if (is_nothing(p, n))
		return put_nothing(c, p, out);
	if (n == 0 || may_be_null_or_blank(c, p, n))
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

/* The top bits of the product place the values; tries multipliers until no two collide. */
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

/* Uses the table if the allowed values are few, short and need no escape. */
static bool
make_texts(struct column *c)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	const uint8_t *p;
	size_t at;
	uint32_t n;
	int tries;

	if (c->schema->allowed.n > 16)
		return false;
	for (at = 0; at < c->allowed.len; at += sizeof(n) + n) {
		memcpy(&n, c->allowed.p + at, sizeof(n));
		p = c->allowed.p + at + sizeof(n);
		if (n > sizeof(c->texts->text) || !val_string_plain(p, n) || p[0] == ' ' || p[n - 1] == ' ' ||
		    is_null_word(c, p, n))
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

static bool
has_control(const char *word)
{
	while ((unsigned char)*word >= 0x20)
		word++;
	return *word != '\0';
}

static void
choose_string(struct column *c, bool vector)
{
	size_t i, n;

	if (c->minimum.len > 0 || c->maximum.len > 0 || c->schema->min_length > 0 ||
	    c->schema->max_length < SIZE_MAX)
		return;
	if (c->allowed.len > 0) {
		if (c->schema->regex == NULL && make_texts(c))
			c->put = put_listed;
		return;
	}
	for (i = 0; i < c->nnulls; i++) {
		if ((n = strlen(c->nulls[i])) >= 64 || has_control(c->nulls[i]))
			return;			/* else a field with an escape could be a word for null */
		c->null_lengths |= UINT64_C(1) << n;
	}
	c->simple = true;
	c->put = c->schema->regex != NULL ? put_matched : put_string;
#if CPU_X86
	if (vector && c->schema->regex == NULL)
		c->put = put_string_avx2;
#endif
	(void)vector;
}

static void
set_range(struct column *c)
{
	c->low = val_of(c->schema->type)->low;
	c->high = val_of(c->schema->type)->high;
	if (c->schema->type.kind == VAL_DECIMAL) {
		c->high = ten_to[c->schema->type.precision] - 1;
		c->low = -c->high;
	}
	if (c->minimum.len > 0)
		c->low = val_int(c->minimum.p);
	if (c->maximum.len > 0)
		c->high = val_int(c->maximum.p);
	if (c->above && c->low < INT64_MAX)
		c->low++;
	else if (c->above)
		c->high = INT64_MIN;		/* nothing is above it */
	if (c->below && c->high > INT64_MIN)
		c->high--;
	else if (c->below)
		c->low = INT64_MAX;
}

static void
choose(struct column *c)
{
	bool vector = cpu_has_avx2();
	size_t i;

	c->put = put_judged;
	if (c->changes)
		return;
	if (c->schema->type.kind == VAL_STRING) {
		choose_string(c, vector);
		return;
	}
	for (i = 0; i < c->nnulls; i++)
		if (column_parse(c, c->nulls[i], strlen(c->nulls[i])))
			return;			/* "0" may mean null here */
	if (c->allowed.len > 0)
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
		c->put = c->schema->nformats > 0 && !column_has_plain(c) ? put_moment : put_date;
		break;
	case VAL_TIMESTAMP:
		if (c->schema->nformats == 0)
			return;
		c->put = put_moment;
		break;
	default:
		return;
	}
	c->simple = c->put != put_moment;
#if CPU_X86
	if (vector && months[1] == 0) {
		make_without_point();
		make_months();
	}
	if (vector)
		c->put = c->put == put_integer ? put_integer_avx2 : c->put == put_decimal ? put_decimal_avx2 :
		    c->put == put_date ? put_date_avx2 : c->put;
#endif
	if (column_has_plain(c) && c->simple) {
		c->put_plain = c->put;
		c->put = column_put_plain;
	}
}

void
column_choose(struct column *c)
{
	choose(c);
	if (c->schema->type.kind != VAL_DECIMAL || val_is_narrow(c->schema->type))
		column_choose_take(c);
	if (c->put == column_put_plain && c->take != NULL) {
		c->take_plain = c->take;
		c->take = column_take_plain;
	}
}

static uint8_t *
put_computed(struct column *c, const uint8_t *p, size_t n, uint8_t *out)
{
	(void)c, (void)p, (void)n;
	*out = VAL_NULL;
	return out + 1;
}

void
column_choose_nothing(struct column *c)
{
	c->put = put_computed;
	buf_addc(&c->typed, VAL_NULL);		/* a wide number's last value */
	c->null[0] = VAL_NULL;
	c->null_len = 1;
	column_take_nothing(c);
}

/* Values: both ways and in order, the fast forms against the plain ones, and nothing taken that is not canonical. */
#include "unit.h"

#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "val/check.h"
#include "val/int.h"
#include "val/zone.h"

enum { ROUNDS = 200000 };

/* Of either sign, small and large ones alike likely. */
static int64_t
random_int(void)
{
	uint64_t u = unit_any() >> 1;

	return (int64_t)(unit_below(2) ? u : ~u);
}

static int
order(const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
	int c = memcmp(a, b, an < bn ? an : bn);

	return c != 0 ? c : an < bn ? -1 : an > bn;
}

static i128
random_wide(void)
{
	i128 limit = num_pow10(38) - 1, v = (i128)((u128)unit_random() << 64 | unit_random()) >> unit_below(128);

	return v > limit ? limit : v < -limit ? -limit : v;
}

static void
examples(void)
{
	static const struct {
		int64_t v;
		const char *bytes;
	} known[] = {
		{ 0, "\x41\x80" }, { 1, "\x41\x81" }, { 127, "\x41\xff" }, { 128, "\x42\x81\x80" }, { -1, "\x3f\xff" },
		{ -2, "\x3f\xfe" }, { -129, "\x3e\xfe\xff" },
	};
	uint8_t out[32];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t n = val_put_int(out, known[i].v);

		CHECK(n == strlen(known[i].bytes) && memcmp(out, known[i].bytes, n) == 0, "not so");
	}
	OK("val", "the examples of acct-record(5)");
}

static void
integers(void)
{
	static const int64_t edges[] = { 0, 1, -1, 63, 64, 127, 128, -128, -129, INT64_MAX, INT64_MIN, INT64_MAX - 1,
	    INT64_MIN + 1,
		(INT64_C(1) << 56) - 1, INT64_C(1) << 56, -(INT64_C(1) << 56), -(INT64_C(1) << 56) - 1 };
	uint8_t a[64], b[64], fast[64];
	int64_t v, w = 0, back;
	size_t n, m = val_put_int(b, 0);
	struct val_type int64 = { .kind = VAL_INT64 };

	memset(b + m, 0xee, VAL_PAD);
	for (int i = 0; i < ROUNDS; i++) {
		v = (size_t)i < sizeof(edges) / sizeof(*edges) ? edges[i] : random_int();
		memset(a, 0xa5, sizeof(a));
		n = val_put_int(a, v);
		CHECK(val_put_int_fast(fast, v) == n && memcmp(a, fast, n) == 0, "not so");
		CHECK(val_get_int(a, n, &back) && back == v, "not so");
		CHECK(val_int(a) == v && val_int_inline(a) == v && val_wide(a) == v, "not so");
		CHECK(val_check(int64, a, n, false), "not so");
		CHECK((order(a, n, b, m) < 0) == (v < w) && (order(a, n, b, m) == 0) == (v == w), "not so");
		memcpy(b, a, sizeof(b));
		m = n;
		w = v;
	}
	OK("val", "integers: both ways, in order, fast and plain alike");
}

static void
wides(void)
{
	uint8_t a[64], b[64];
	i128 v, w = 0, back;
	size_t n, m = val_put_wide(b, 0);
	struct val_type widest = { VAL_DECIMAL, 38, 0 };

	for (int i = 0; i < ROUNDS; i++) {
		v = i == 0 ? num_pow10(38) - 1 : i == 1 ? -(num_pow10(38) - 1) : random_wide();
		memset(a, 0xa5, sizeof(a));
		n = val_put_wide(a, v);
		CHECK(n <= VAL_WIDE_MAX && val_get_wide(a, n, &back) && back == v && val_wide(a) == v, "not so");
		CHECK(val_check(widest, a, n, false), "not so");
		CHECK((order(a, n, b, m) < 0) == (v < w) && (order(a, n, b, m) == 0) == (v == w), "not so");
		memcpy(b, a, sizeof(b));
		m = n;
		w = v;
	}
	OK("val", "decimals of 38 digits: both ways, in order");
}

/* Whatever bytes: the fast check says the same as decoding and encoding again. */
static void
canonical(void)
{
	static const struct val_type types[] = { { VAL_INT64, 0, 0 }, { VAL_INT32, 0, 0 }, { VAL_DATE, 0, 0 },
	    { VAL_DECIMAL, 1, 0 },
		{ VAL_DECIMAL, 18, 2 }, { VAL_DECIMAL, 19, 2 }, { VAL_DECIMAL, 38, 38 } };
	uint8_t a[64], again[64];
	i128 v, high;
	bool fits;

	for (int i = 0; i < 4 * ROUNDS; i++) {
		struct val_type t = types[unit_below(sizeof(types) / sizeof(*types))];
		size_t n = val_put_wide(a, unit_below(2) ? random_int() : random_wide());

		memset(a + n, (int)unit_below(256), VAL_PAD);
		if (unit_below(2))
			a[unit_below(n)] ^= (uint8_t)(1 << unit_below(8));
		if (unit_below(4) == 0)
			n = 1 + unit_below(21);
		fits = val_get_wide(a, n, &v);
		CHECK(!fits || (val_put_wide(again, v) == n && memcmp(a, again, n) == 0), "not so");
		high = t.kind == VAL_DECIMAL ? num_pow10(t.precision) -
		    1 : t.kind == VAL_INT64 ? (i128)INT64_MAX : INT32_MAX;
		fits = fits && v <= high && v >= (t.kind == VAL_DECIMAL ? -high : -high - 1);
		CHECK(val_check(t, a, n, false) == (fits || val_is_null(a, n)), "not so");
	}
	OK("val", "only canonical integers pass");
}

static void
floats(void)
{
	static const double edges[] = { 0.0, -0.0, 1.5, -1.5, 1e308, -1e308, 5e-324, -5e-324, __builtin_inf(),
	    -__builtin_inf() };
	uint8_t a[16], b[16];
	double v, w = 0, back;
	uint64_t bits;

	val_put_float(b, w);
	for (int i = 0; i < ROUNDS; i++) {
		bits = unit_random();
		memcpy(&v, &bits, sizeof(v));
		if ((size_t)i < sizeof(edges) / sizeof(*edges))
			v = edges[i];
		CHECK(val_put_float(a, v) == VAL_INT_MAX && val_get_float(a, VAL_INT_MAX, &back), "not so");
		CHECK(v != v ? back != back : memcmp(&v, &back, sizeof(v)) == 0, "not so");
		if (v == v && w == w && v != w)
			CHECK((memcmp(a, b, VAL_INT_MAX) < 0) == (v < w), "not so");
		memcpy(b, a, sizeof(b));
		w = v;
	}
	v = -__builtin_nan("7");
	val_put_float(a, v);
	val_put_float(b, __builtin_nan(""));
	CHECK(memcmp(a, b, VAL_INT_MAX) == 0, "not so");
	a[10] ^= 1;
	CHECK(!val_get_float(a, VAL_INT_MAX, &v), "not so");
	val_put_float(a, 0.0);
	val_put_float(b, -0.0);
	CHECK(memcmp(a, b, VAL_INT_MAX) > 0, "not so");
	OK("val", "float64: both ways, in order, one NaN");
}

static size_t
random_string(uint8_t *s, size_t max)
{
	static const char *const pieces[] = { "a", "Z", "\n", "\t", "\x1b", "\x1a", "\x19", "\x01", "\r", "é", "€", "😀",
	    " ", "\x7f", "" };
	size_t n = 0, want = unit_below(max - 4);

	while (n < want) {
		const char *piece = pieces[unit_below(sizeof(pieces) / sizeof(*pieces))];

		if (*piece == '\0')
			s[n++] = '\0';
		memcpy(s + n, piece, strlen(piece));
		n += strlen(piece);
	}
	return n;
}

static void
strings(void)
{
	uint8_t s[200], t[200], a[512], b[512], back[512];
	size_t n, m, an, bn, i;
	struct val_type string = { .kind = VAL_STRING };
	int c;

	for (int round = 0; round < ROUNDS / 4; round++) {
		n = random_string(s, 100);
		m = random_string(t, 100);
		if (unit_below(3) == 0)
			memcpy(t, s, m = n < m ? n : m);
		an = val_put_string(a, s, n);
		bn = val_put_string(b, t, m);
		for (i = 0; i < an; i++)
			CHECK(a[i] >= 0x1a, "not so");
		memset(a + an, 0, VAL_PAD);
		CHECK(val_get_string(back, a, an) == n && memcmp(back, s, n) == 0, "not so");
		CHECK(val_check(string, a, an, true), "not so");
		c = order(s, n, t, m);
		CHECK((order(a, an, b, bn) < 0) == (c < 0) && (order(a, an, b, bn) == 0) == (c == 0), "not so");
	}
	OK("val", "strings: both ways, in order, no separator among their bytes");
}

/* ---- long strings ---- */

/* The encoding by the book, a byte at a time. Returns the length. */
static size_t
slow_put(uint8_t *out, const uint8_t *p, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20)
			out[k++] = VAL_ESC;
		out[k++] = p[i] < 0x20 ? p[i] + 0x40 : p[i];
	}
	if (n == 0)
		out[k++] = VAL_EMPTY;
	return k;
}

static bool
slow_check(const uint8_t *p, size_t n, bool raw)
{
	size_t i, len;

	if (n == 1 && *p == VAL_EMPTY)
		return true;
	for (i = 0; i < n; i += len) {
		len = 1;
		if (p[i] == VAL_ESC && i + 1 < n && p[i + 1] >= 0x40 && p[i + 1] <= 0x5f)
			len = 2;
		else if (p[i] < 0x20 || (!raw && (len = utf8_len(p + i, n - i)) == 0))
			return false;
	}
	return n > 0;
}

/* Printable ASCII, of which one byte in `each` is something else: a control character, or part of a sequence. */
static size_t
long_string(uint8_t *s, size_t max)
{
	static const size_t rates[] = { 1, 2, 5, 20, 100, 100000 };
	size_t n = 0, want = unit_below(max - 4), each = rates[unit_below(6)];

	while (n < want) {
		if (unit_below(each) > 0)
			s[n++] = (uint8_t)(0x20 + unit_below(0x60));
		else if (unit_below(3) > 0)
			s[n++] = (uint8_t)unit_below(0x20);
		else
			n += (size_t)sprintf((char *)s + n, "%s", unit_below(2) ? "\xc3\xa9" : "\xe2\x82\xac");
	}
	return n;
}

/* Into exactly the room that is asked for, at the edge of a page, and from the edge of one. */
static void
long_strings(void)
{
	uint8_t *from = unit_edge(), *to = unit_edge(), s[1200], want[2 * 1200 + 1], *p, *out;
	size_t n, m;

	for (int round = 0; round < ROUNDS / 4; round++) {
		n = long_string(s, unit_below(8) ? 200 : 1200);
		m = slow_put(want, s, n);
		p = unit_below(2) ? from : from + UNIT_PAGE - n;
		memcpy(p, s, n);
		out = to + UNIT_PAGE - (2 * n + 1);
		CHECK(val_put_string(out, p, n) == m && memcmp(out, want, m) == 0, "%zu bytes", n);
		p = from + UNIT_PAGE - m;
		memcpy(p, want, m);
		out = to + UNIT_PAGE - m;
		CHECK(val_get_string(out, p, m) == n && memcmp(out, s, n) == 0, "%zu bytes", n);
	}
	OK("val", "long strings: both ways as the slow way has it, within their room");
}

static void
long_checks(void)
{
	uint8_t s[400], field[2 * 400 + 1], *page = unit_edge(), *p;
	struct val_checker c;
	size_t n, changes;
	uint32_t off[2];
	bool raw;

	for (int round = 0; round < ROUNDS; round++) {
		n = slow_put(field, s, long_string(s, 400));
		for (changes = unit_below(3); changes > 0; changes--)
			field[unit_below(n)] = (uint8_t)(unit_below(2) ? unit_below(0x60) : unit_random());
		if (unit_below(4) == 0)
			n -= unit_below(n < 3 ? n + 1 : 3);
		raw = unit_below(2);
		p = page + UNIT_PAGE - VAL_PAD - n;
		memcpy(p, field, n);
		memset(p + n, (int)unit_below(256), VAL_PAD);
		CHECK(val_check_string(p, n, raw) == slow_check(p, n, raw), "%zu bytes, raw %d", n, raw);
		off[0] = (uint32_t)(p - page);
		off[1] = off[0] + (uint32_t)n + 1;
		val_checker(&c, (struct val_type){ .kind = VAL_STRING }, raw);
		CHECK((val_check_column(&c, true, page, off, 1, 1) == 1) ==
		    (slow_check(p, n, raw) && !val_is_null(p, n)),
		    "%zu bytes, raw %d", n, raw);
	}
	OK("val", "long strings are checked as the slow way has it");
}

static void
texts(void)
{
	static const struct val_type types[] = { { VAL_BOOL, 0, 0 }, { VAL_INT32, 0, 0 }, { VAL_INT64, 0, 0 },
	    { VAL_DECIMAL, 38, 10 },
		{ VAL_DATE, 0, 0 }, { VAL_TIMESTAMP, 0, 0 }, { VAL_FLOAT64, 0, 0 } };
	struct buf field = { 0 }, text = { 0 }, again = { 0 };
	struct val_type back;
	char name[NUM_TEXT];

	for (int i = 0; i < ROUNDS / 4; i++) {
		struct val_type t = types[unit_below(sizeof(types) / sizeof(*types))];

		field.len = text.len = again.len = 0;
		buf_room(&field, 64);
		switch (t.kind) {
		case VAL_BOOL:
			field.len = val_put_bool(field.p, unit_below(2) != 0);
			break;
		case VAL_DECIMAL:
			field.len = val_put_wide(field.p, random_wide());
			break;
		case VAL_DATE:
			field.len = val_put_int(field.p, (int64_t)unit_below(3652059) - 719162);
			break;
		case VAL_TIMESTAMP:
			field.len = val_put_int(field.p, (int64_t)unit_below(UINT64_C(253402300800000000)));
			break;
		case VAL_FLOAT64:
			field.len = val_put_float(field.p, (double)random_int() / 1000);
			break;
		case VAL_INT32:
			field.len = val_put_int(field.p, (int32_t)random_int());
			break;
		default:
			field.len = val_put_int(field.p, random_int());
		}
		val_text(t, field.p, field.len, &text);
		CHECK(val_parse(t, (char *)text.p, text.len, &again), "not so");
		CHECK(again.len == field.len && memcmp(again.p, field.p, field.len) == 0, "not so");
		CHECK(val_type_parse(name, val_type_put(name, t), &back) && val_type_equal(t, back), "not so");
	}
	CHECK(!val_type_parse("decimal(39,0)", 13, &back) && !val_type_parse("decimal(05,2)", 13, &back) &&
	    !val_type_parse("decimal(5,6)", 12, &back) && !val_type_parse("int", 3, &back) &&
	    !val_type_parse("", 0, &back), "not so");
	buf_free(&field);
	buf_free(&text);
	buf_free(&again);
	OK("val", "text to value and back");
}

/* A field for a column: mostly well and short, else of any length, null, or with a byte changed. Returns its length. */
static size_t
random_field(uint8_t *p, bool *is_short, unsigned groups)
{
	int64_t v = random_int();
	unsigned kind = (unsigned)unit_below(200);
	size_t n;

	if (kind > 1)
		v >>= 63 - unit_below(7 * groups + 1);
	*is_short = kind > 4;
	if (kind == 2) {
		*p = VAL_NULL;
		return 1;
	}
	n = val_put_int(p, v);
	if (kind == 3)
		p[unit_below(n)] ^= (uint8_t)(1u << unit_below(8));
	if (kind == 4)
		n -= unit_below(2);
	return n;
}

/* What the fused pass takes, the plain ones take with the same values; and it takes what is short and well. */
static void
columns(void)
{
	static const struct val_type types[] = { { .kind = VAL_INT64 }, { .kind = VAL_INT32 }, { .kind = VAL_DATE },
		{ .kind = VAL_DECIMAL, .precision = 18, .scale = 2 }, { .kind = VAL_DECIMAL, .precision = 6,
		    .scale = 2 } };
	enum { FIELDS = 64 };
	uint8_t bytes[FIELDS * 16 + VAL_PAD], there[FIELDS];
	uint32_t off[2 * FIELDS + 1];
	int64_t wide[FIELDS], again[FIELDS];
	int32_t narrow[FIELDS], known[FIELDS];
	struct val_checker c;

	for (int round = 0; round < ROUNDS / 20; round++) {
		struct val_type t = types[unit_below(sizeof(types) / sizeof(*types))];
		size_t n = unit_below(FIELDS + 1), at = 0, stride = 1 + unit_below(2), i;
		bool required = unit_below(2), nullable = unit_below(2), all_short = true, is_short, took;
		unsigned groups;

		val_checker(&c, t, false);
		groups = c.range.safe_groups < 7 ? c.range.safe_groups : 7;
		memset(bytes, 0xa5, sizeof(bytes));
		for (i = 0; i < n * stride; i++) {
			off[i] = (uint32_t)at;
			at += random_field(bytes + at, &is_short, groups < 4 ? groups : 4);
			bytes[at++] = '\t';
			all_short &= is_short || i % stride != 0;
		}
		off[i] = (uint32_t)at;
		took = val_decode64(&c, required, false, bytes, off, stride, n, wide, nullable ? there : NULL);
		if (c.range.safe_groups <= 4)
			CHECK(val_decode32(&c, required, false, bytes, off, stride, n, narrow,
			    nullable ? there : NULL) == took, "not so");
		CHECK(took || !all_short || !cpu_has_avx2(), "short numbers refused");
		if (!took)
			continue;
		memset(there, 0xa5, sizeof(there));
		CHECK(val_decode64(&c, required, true, bytes, off, stride, n, again, nullable ? there : NULL),
		    "not so");
		CHECK(memcmp(wide, again, n * sizeof(*wide)) == 0, "not so");
		if (c.range.safe_groups <= 4) {
			memset(there, 0xa5, sizeof(there));
			CHECK(val_decode32(&c, required, true, bytes, off, stride, n, known, nullable ? there : NULL),
			    "not so");
			CHECK(memcmp(narrow, known, n * sizeof(*narrow)) == 0, "not so");
		}
		CHECK(val_check_column(&c, required || !nullable, bytes, off, stride, n) == n, "not so");
		for (i = 0; i < n; i++) {
			const uint8_t *p = bytes + off[i * stride];

			CHECK(wide[i] == (*p == VAL_NULL ? 0 : val_int(p)), "not so");
			CHECK(c.range.safe_groups > 4 || narrow[i] == wide[i], "not so");
			CHECK(!nullable || there[i] == (*p != VAL_NULL), "not so");
		}
	}
	OK("val", "columns decoded in one pass are those checked and decoded in two");
}

static void
many_integers(void)
{
	enum { FIELDS = 100 };
	uint8_t bytes[FIELDS * 16 + VAL_PAD];
	uint32_t off[FIELDS];
	int64_t v[FIELDS], got[FIELDS];

	for (int round = 0; round < ROUNDS / 20; round++) {
		size_t n = unit_below(FIELDS + 1), stride = 1 + unit_below(3), at = 0, i;
		bool small = unit_below(2);

		n /= stride;
		for (i = 0; i < n; i++) {
			v[i] = random_int() >> (small ? 16 : 0);
			off[i * stride] = (uint32_t)at;
			at += val_put_int(bytes + at, v[i]);
			bytes[at++] = '\t';
		}
		memset(bytes + at, 0xa5, VAL_PAD);
		val_ints(bytes, off, stride, n, got);
		CHECK(memcmp(got, v, n * sizeof(*v)) == 0, "%zu integers", n);
	}
	OK("val", "integers decoded together are those decoded one by one");
}

static void
words(void)
{
	enum { NUMBERS = 100 };
	int64_t v[NUMBERS];
	uint64_t word[NUMBERS];
	uint8_t length[NUMBERS], field[16];

	for (int round = 0; round < ROUNDS / 20; round++) {
		size_t n = unit_below(NUMBERS + 1), i;
		unsigned shift = unit_below(64);
		bool fit = true;

		for (i = 0; i < n; i++) {
			v[i] = random_int() >> shift;
			fit = fit && val_put_int(field, v[i]) <= 8;
		}
		CHECK(val_put_words(v, n, word, length) == fit, "%zu numbers", n);
		for (i = 0; i < n && fit; i++)
			CHECK(length[i] == val_put_int(field, v[i]) && memcmp(&word[i], field, length[i]) == 0,
			    "%" PRId64, v[i]);
	}
	OK("val", "integers encoded together are those encoded one by one");
}

/* ---- time zones ---- */

static void
put_big(struct buf *b, uint64_t v, unsigned n)
{
	while (n-- > 0)
		buf_addc(b, (uint8_t)(v >> 8 * n));
}

static void
put_header(struct buf *b, uint32_t times, uint32_t types)
{
	buf_add(b, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	put_big(b, 0, 8);
	put_big(b, 0, 4);
	put_big(b, times, 4);
	put_big(b, types, 4);
	put_big(b, 4, 4);
}

/*
 * Makes a file of RFC 8536 whose clock is at UTC, then, with n changes from `begin` on, `step` seconds apart, by turns
 * an hour ahead (kind 1) and at UTC (kind 0); the last change is of the kind given.
 */
static void
put_zone(struct buf *b, uint32_t n, int64_t begin, int64_t step, unsigned kind, const char *footer)
{
	uint32_t i;

	b->len = 0;
	put_header(b, 0, 1);
	buf_add(b, "\0\0\0\0\0\0UTC", 10);
	put_header(b, n, 2);
	for (i = 0; i < n; i++)
		put_big(b, (uint64_t)(begin + i * step), 8);
	for (i = 0; i < n; i++)
		put_big(b, i + 1 == n ? kind : 1 - i % 2, 1);
	buf_add(b, "\0\0\0\0\0\0", 6);
	put_big(b, 3600, 4);
	buf_add(b, "\0\0UTC", 6);
	buf_addf(b, "\n%s\n", footer);
}

/* The instant of a local time, as text; "" if there is none. */
static const char *
utc_of(const struct val_zone *z, const char *local)
{
	static char text[NUM_TEXT];
	int64_t us;

	CHECK(num_timestamp(local, strlen(local), &us), "%s", local);
	*text = '\0';
	if (val_zone_to_utc(z, &us))
		num_put_timestamp(text, us);
	return text;
}

static void
rules_of_zones(void)
{
	static const struct {
		const char *rule, *local, *utc;
	} good[] = {
		{ "", "2024-07-01T12:00:00Z", "2024-07-01T12:00:00Z" },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2024-01-01T12:00:00.5Z", "2024-01-01T11:00:00.5Z" },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2024-07-01T12:00:00Z", "2024-07-01T10:00:00Z" },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2024-03-31T02:30:00Z", "" },		/* passed over */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2024-10-27T02:30:00Z", "" },		/* there twice */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2024-10-27T03:00:00Z", "2024-10-27T02:00:00Z" },
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-01-01T12:00:00Z", "2024-01-01T01:00:00Z" },
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-07-01T12:00:00Z", "2024-07-01T02:00:00Z" },
		{ "<-03>3", "2024-01-01T12:00:00Z", "2024-01-01T15:00:00Z" },
		{ "<-03>3", "9999-12-31T23:00:00Z", "" },				/* not in year 9999 of UTC */
		{ "EST5EDT,J60/0,J300/0", "2024-02-29T23:30:00Z", "2024-03-01T04:30:00Z" },
		{ "EST5EDT,J60/0,J300/0", "2024-03-01T00:30:00Z", "" },
		{ "EST5EDT,J60/0,J300/0", "2023-03-01T12:00:00Z", "2023-03-01T16:00:00Z" },
		{ "A0B,59/0,300/0", "2024-02-29T12:00:00Z", "2024-02-29T11:00:00Z" },
		{ "A0B,59/0,300/0", "2023-02-28T12:00:00Z", "2023-02-28T12:00:00Z" },
		{ "A+0B-2:30:15,M1.1.0,M12.5.6/-1", "2024-06-01T12:00:00Z", "2024-06-01T09:29:45Z" },
	};
	static const char *const bad[] = { "1", "C", "<UTC", "UTC", "UTC168", "UTC0:60", "UTC0:0:60", "UTC0x",
	    "CET-1CEST", "CET-1CEST,", "CET-1,M3.5.0,M10.5.0", "CET-1CEST,M3", "CET-1CEST,M13.1.0,M10.5.0",
	    "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M0.1.0,M10.5.0",
	    "CET-1CEST,M3.1.7,M10.5.0", "CET-1CEST,M3:5.0,M1.1.0", "CET-1CEST,M3.5:0,M1.1.0", "CET-1CEST,J0,J5",
	    "CET-1CEST,J366,J5", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0/,J5", "CET-1CEST,M3.5.0,M10.5.0x",
	    "CET-1CEST-x,J1,J5", "CET-1CEST,J1/168,J5" };
	struct buf file = { 0 };
	struct val_zone *z;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		put_zone(&file, 0, 0, 0, 0, good[i].rule);
		CHECK((z = val_zone_parse(file.p, file.len)) != NULL, "%s", good[i].rule);
		CHECK(strcmp(utc_of(z, good[i].local), good[i].utc) == 0, "%s: %s: %s", good[i].rule, good[i].local,
		    utc_of(z, good[i].local));
		val_zone_free(z);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put_zone(&file, 0, 0, 0, 0, bad[i]);
		CHECK(val_zone_parse(file.p, file.len) == NULL, "%s", bad[i]);
	}
	buf_free(&file);
	OK("val", "rules of time zones");
}

/* Files cut anywhere and with flipped bits, at the end of readable memory. */
static void
files_of_zones(void)
{
	uint8_t *page = unit_edge(), *at;
	struct buf file = { 0 };
	struct val_zone *z;
	size_t i, n, whole;

	put_zone(&file, 2, 0, 1000000, 0, "UTC0");
	CHECK((z = val_zone_parse(file.p, file.len)) != NULL, "two changes");
	CHECK(strcmp(utc_of(z, "1970-01-05T01:00:00Z"), "1970-01-05T00:00:00Z") == 0, "an hour ahead");
	CHECK(strcmp(utc_of(z, "1971-01-01T00:00:00Z"), "1971-01-01T00:00:00Z") == 0, "at UTC again");
	CHECK(*utc_of(z, "1970-01-01T00:30:00Z") == '\0', "passed over");
	val_zone_free(z);
	put_zone(&file, 2, 0, -1, 0, "UTC0");
	CHECK(val_zone_parse(file.p, file.len) == NULL, "changes out of order");
	put_zone(&file, 2, 0, 1, 2, "UTC0");
	CHECK(val_zone_parse(file.p, file.len) == NULL, "a kind that is not there");
	put_zone(&file, 3, 0, 1000000, 1, "CET-1CEST,M3.5.0,M10.5.0/3");
	for (i = 0, whole = file.len; i < 5 * whole; i++) {
		n = i < whole ? i : whole;
		at = page + UNIT_PAGE - n;
		memcpy(at, file.p, n);
		if (i >= whole)
			at[unit_below(n)] ^= (uint8_t)(1 << unit_below(8));
		z = val_zone_parse(at, n);
		CHECK(z == NULL || n + 30 > whole, "%zu of %zu bytes", n, whole);
		if (z != NULL)
			(void)utc_of(z, "2024-03-31T02:30:00Z");
		val_zone_free(z);
	}
	CHECK(val_zone_read("") == NULL && val_zone_read("/etc/zone") == NULL && val_zone_read("a.b") == NULL, "names");
	buf_free(&file);
	OK("val", "damaged files of time zones");
}

int
main(void)
{
	unit_start();
	examples();
	integers();
	wides();
	canonical();
	columns();
	many_integers();
	words();
	floats();
	strings();
	long_strings();
	long_checks();
	texts();
	rules_of_zones();
	files_of_zones();
	return 0;
}

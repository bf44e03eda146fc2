/* Compares the levels of every kernel with each other and with a model, at the edges of readable memory. */
#include "unit.h"

#include <snappy-c.h>
#include <string.h>
#include <zlib.h>

#include "simd/simd.h"
#include "val/val.h"

enum { ROUNDS = 20000 };

static struct simd tables[SIMD_AVX512 + 1];
static enum simd_level best;

/* Loops over the levels that this processor has. */
#define EVERY_LEVEL(t) (t) = tables; (t) <= tables + best; (t)++

/* Returns the place of n bytes at either end of a page. */
static uint8_t *
place(uint8_t *page, size_t n)
{
	return unit_below(2) ? page : page + UNIT_PAGE - n;
}

/* Fills p with bytes of `few`, and sometimes any. */
static void
random_bytes(uint8_t *p, size_t n, const char *few, size_t nfew)
{
	unsigned rare = (unsigned)unit_below(40);
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = unit_below(40) < rare ? (uint8_t)unit_random() : (uint8_t)few[unit_below(nfew)];
}

static void
utf8(uint8_t *page)
{
	static const char few[] = "aaaaaaaa\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	const struct simd *t;
	size_t round, n, i;
	uint8_t *p;

	for (round = 0; round < ROUNDS; round++) {
		n = unit_below(300);
		p = place(page, n);
		for (i = 0; i < n; i++)		/* whole sequences mostly */
			p[i] = (uint8_t)few[(i + 300) % (sizeof(few) - 1)];
		if (unit_below(2))
			random_bytes(p, n, few, sizeof(few) - 1);
		else if (n > 0)
			p[unit_below(n)] = (uint8_t)unit_random();
		for (EVERY_LEVEL(t))
			CHECK(t->utf8_ok(p, n) == tables[SIMD_WORDS].utf8_ok(p, n), "level %d, %zu bytes", t->level, n);
	}
	OK("simd", "UTF-8");
}

/* Returns the value of a width at a bit, bit by bit. */
static uint32_t
value_at(const uint8_t *p, size_t bit, unsigned width)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < width; i++)
		v |= (uint64_t)(p[(bit + i) / 8] >> (bit + i) % 8 & 1) << i;
	return (uint32_t)v;
}

static void
unpack(uint8_t *page)
{
	enum { MOST = 200 };
	uint32_t out[MOST];
	const struct simd *t;
	size_t round, n, first, bytes, i;
	unsigned width;
	uint8_t *p;

	for (round = 0; round < ROUNDS / 4; round++) {
		width = 1 + (unsigned)unit_below(32);
		first = unit_below(40);
		n = unit_below(MOST);
		bytes = ((first + n) * width + 7) / 8;
		p = place(page, bytes);
		for (i = 0; i < bytes; i++)
			p[i] = (uint8_t)unit_random();
		for (EVERY_LEVEL(t)) {
			memset(out, 0, sizeof(out));
			t->unpack32(out, p, p + bytes, first, n, width);
			for (i = 0; i < n; i++)
				CHECK(out[i] == value_at(p, (first + i) * width, width), "level %d, width %u, %zu",
				    t->level, width, i);
		}
	}
	OK("simd", "packed values of every width from any place");
}

static void
bounds(uint8_t *page)
{
	int64_t *wide, min, max, low, high, v;
	int32_t *narrow, min32, max32;
	const struct simd *t;
	size_t round, n, i;

	for (round = 0; round < ROUNDS / 4; round++) {
		n = 1 + unit_below(100);
		wide = (int64_t *)(void *)place(page, n * sizeof(*wide));
		for (low = INT64_MAX, high = INT64_MIN, i = 0; i < n; i++) {
			v = wide[i] = (int64_t)(unit_below(2) ? unit_any() : 0 - unit_any());
			low = v < low ? v : low;
			high = v > high ? v : high;
		}
		for (EVERY_LEVEL(t)) {
			t->bounds_i64(wide, n, &min, &max);
			CHECK(min == low && max == high, "level %d, %zu values of 8 bytes", t->level, n);
		}
		narrow = (int32_t *)(void *)place(page, n * sizeof(*narrow));
		for (low = INT64_MAX, high = INT64_MIN, i = 0; i < n; i++) {
			v = narrow[i] = (int32_t)unit_random();
			low = v < low ? v : low;
			high = v > high ? v : high;
		}
		for (EVERY_LEVEL(t)) {
			t->bounds_i32(narrow, n, &min32, &max32);
			CHECK(min32 == low && max32 == high, "level %d, %zu values of 4 bytes", t->level, n);
		}
	}
	OK("simd", "least and greatest");
}

static void
crc(uint8_t *page)
{
	const struct simd *t;
	size_t round, n, i;
	uint8_t *p;

	for (round = 0; round < ROUNDS / 4; round++) {
		n = round < 300 ? round : unit_below(UNIT_PAGE);
		p = place(page, n);
		for (i = 0; i < n; i++)
			p[i] = (uint8_t)unit_random();
		for (EVERY_LEVEL(t))
			CHECK(t->crc32(p, n) == crc32(0, p, (uInt)n), "level %d, %zu bytes", t->level, n);
	}
	OK("simd", "checksums are zlib's");
}

static void
rank(uint8_t *page)
{
	enum { WORDS = 8, MOST = 100 };
	struct simd_ranked words[WORDS] = { 0 };
	uint32_t out[MOST], want;
	const struct simd *t;
	size_t round, n, i, d;
	int64_t min, *wide;
	int32_t *narrow;

	for (round = 0; round < ROUNDS / 4; round++) {
		for (i = 0; i < WORDS; i++) {
			words[i].bits = unit_below(4) ? unit_random() : UINT64_MAX;
			words[i].before = i == 0 ? 0 :
			    words[i - 1].before + (unsigned)__builtin_popcountll(words[i - 1].bits);
		}
		n = unit_below(MOST);
		min = unit_below(8) == 0 ? INT64_MIN : (int64_t)unit_below(100) - 50;
		wide = (int64_t *)(void *)place(page, n * sizeof(*wide));
		for (i = 0; i < n; i++)
			wide[i] = min + (int64_t)unit_below(64 * WORDS);
		narrow = (int32_t *)(void *)page;
		for (EVERY_LEVEL(t)) {
			t->rank(out, words, wide, n, true, min);
			for (i = 0; i < n; i++) {
				for (want = 0, d = 0; d < (size_t)(wide[i] - min); d++)
					want += words[d / 64].bits >> d % 64 & 1;
				CHECK(out[i] == want, "level %d, value %zu of 8 bytes", t->level, i);
			}
		}
		for (i = 0; i < n; i++)
			narrow[i] = (int32_t)unit_below(64 * WORDS) - 200;
		for (EVERY_LEVEL(t)) {
			t->rank(out, words, narrow, n, false, -200);
			for (i = 0; i < n; i++) {
				for (want = 0, d = 0; d < (size_t)(narrow[i] + 200); d++)
					want += words[d / 64].bits >> d % 64 & 1;
				CHECK(out[i] == want, "level %d, value %zu of 4 bytes", t->level, i);
			}
		}
	}
	OK("simd", "ranks in a set");
}

/* The levels compress alike, and libsnappy expands what they write. */
static void
snappy(uint8_t *page)
{
	enum { MOST = 2000 };
	uint8_t first[2 * MOST + 100], out[2 * MOST + 100], back[MOST];
	size_t round, n, skip, i, len = 0, got, size, head;
	const struct simd *t;
	uint64_t v = 0;
	uint8_t *p;

	for (round = 0; round < ROUNDS / 10; round++) {
		n = unit_below(MOST);
		skip = unit_below(n < 20 ? n + 1 : 20);
		p = place(page, n);
		for (i = 0; i < n; i++)
			p[i] = (uint8_t)unit_random();
		for (i = skip; i + 8 <= n; i += 8) {
			v = round % 3 == 0 ? v + 1 : round % 3 == 1 ? unit_below(1500000) : unit_any();
			memcpy(p + i, &v, 8);
		}
		head = n < 128 ? 1 : 2;		/* bytes of the length */
		first[0] = out[0] = (uint8_t)(n < 128 ? n : (n & 127) | 128);
		first[1] = out[1] = (uint8_t)(n >> 7);
		for (EVERY_LEVEL(t)) {
			got = t->snappy_pack(out + head, p, n, skip);
			if (t == tables)
				memcpy(first + head, out + head, len = got);
			CHECK(got <= n + n / 4 + 64 && got == len && memcmp(first, out, head + len) == 0,
			    "level %d, %zu bytes", t->level, n);
		}
		size = n;
		CHECK(snappy_uncompress((char *)out, head + len, (char *)back, &size) == SNAPPY_OK && size == n &&
		    unit_same(back, size, p, n), "libsnappy reads %zu bytes", n);
	}
	OK("simd", "Snappy by values of 8 bytes");
}

/* Pairs of consecutive numbers, with another element somewhere. */
static void
counted(uint8_t *page)
{
	enum { PAIRS = 40 };
	uint8_t out[8 * (PAIRS + 1)];
	uint64_t before, want, v;
	const struct simd *t;
	size_t round, n, room, bad, got, i;
	uint8_t *p;

	for (round = 0; round < ROUNDS / 4; round++) {
		n = unit_below(PAIRS + 1);
		room = unit_below(PAIRS + 1);
		bad = unit_below(2 * PAIRS);
		p = place(page, 4 * n);
		for (i = 0; i < n; i++) {
			memcpy(p + 4 * i, "\0\0\x0d\x08", 4);
			p[4 * i + 1] = (uint8_t)unit_random();
			if (i == bad)
				p[4 * i + 2 * unit_below(2)] ^= 1;
		}
		before = unit_random();
		memcpy(out, &before, 8);
		for (EVERY_LEVEL(t)) {
			got = t->snappy_counted(out + 8, out + 8 * (1 + room), p, p + 4 * n);
			CHECK(got <= n && got <= room && got <= bad, "level %d: %zu of %zu pairs", t->level, got, n);
			CHECK(got + 8 > n || got + 8 > room || got + 8 > bad, "level %d: %zu pairs", t->level, got);
			for (i = 0; i < got; i++) {
				want = (before & ~UINT64_C(0xff)) | p[4 * i + 1];
				memcpy(&v, out + 8 * (i + 1), 8);
				CHECK(v == want, "level %d, pair %zu", t->level, i);
			}
		}
	}
	OK("simd", "consecutive numbers of Snappy");
}

/* ---- numbers to fields ---- */

enum { SLOT_ROWS = 64, SLOT_BYTES = 8, SLOT_MOST_BITS = 42 };

/* Draws a value and stores it in `size` bytes at p. */
static i128
random_number(uint8_t *p, unsigned size)
{
	i128 v = (i128)(unit_random() >> (63 - unit_below(unit_below(200) ? SLOT_MOST_BITS : 64)));

	v = unit_below(2) ? v : -1 - v;
	if (size == 16 && unit_below(200) == 0)
		v += (i128)1 << 64;
	v = size == 4 ? (int32_t)v : size == 8 ? (int64_t)v : v;
	memcpy(p, &v, size);
	return v;
}

/* Encodes one row as a slot does. Returns the field's length with its TAB, or 0 if it may not be in a slot. */
static size_t
slot_of(const struct simd_slots *s, i128 v, bool null, uint8_t *out)
{
	size_t n = 1;

	if (null)
		out[0] = VAL_NULL;
	else if (v != (int64_t)v || v > s->most || v < -s->most)
		return 0;
	else
		n = val_put_int(out, (int64_t)v);
	out[n] = '\t';
	return (null && s->required) || n + 1 > SLOT_BYTES ? 0 : n + 1;
}

static void
check_slots(const struct simd *t, const struct simd_slots *s, const i128 *values, const uint32_t *rows, size_t n)
{
	uint8_t slot[SLOT_ROWS * SLOT_BYTES], length[SLOT_ROWS], want[32];
	bool fits = true;
	size_t k, len;

	for (k = 0; k < n; k++)
		fits &= slot_of(s, values[rows[k]], s->def != NULL && !s->def[rows[k]], want) > 0;
	CHECK(t->slots(s, rows, n, slot, length) == fits, "level %d: %zu values of %u bytes", t->level, n, s->size);
	for (k = 0; fits && k < n; k++) {
		len = slot_of(s, values[rows[k]], s->def != NULL && !s->def[rows[k]], want);
		CHECK(length[k] == len && memcmp(slot + k * SLOT_BYTES, want, len) == 0,
		    "level %d, value %zu of %u bytes", t->level, k, s->size);
	}
	for (; fits && k % 8 != 0; k++)
		CHECK(length[k] == 0, "level %d: length %zu after %zu", t->level, k, n);
}

static void
slots(uint8_t *page)
{
	i128 values[2 * SLOT_ROWS];
	uint32_t rows[SLOT_ROWS];
	uint8_t def[2 * SLOT_ROWS];
	const struct simd *t;
	size_t round, n, k, end;

	for (round = 0; round < ROUNDS / 4; round++) {
		struct simd_slots s = { .size = 4u << unit_below(3), .def = unit_below(2) ? def : NULL,
		    .required = unit_below(8) == 0, .most = unit_below(2) ? 99999999 : INT64_MAX };
		bool dense = unit_below(2);

		n = unit_below(SLOT_ROWS + 1);
		for (k = end = 0; k < n; k++)
			rows[k] = (uint32_t)(end += k == 0 || dense ? k > 0 : 1 + unit_below(2));
		end++;
		s.values = place(page, end * s.size);
		for (k = 0; k < end; k++) {
			values[k] = random_number((uint8_t *)s.values + k * s.size, s.size);
			def[k] = unit_below(20) != 0;
		}
		for (EVERY_LEVEL(t))
			if (t->slots != NULL)
				check_slots(t, &s, values, rows, n);
	}
	OK("simd", "numbers as fields in slots");
}

/* Rewrites a number byte by byte, by the contract of the kernel. Returns the length, 0 if it cannot be rewritten. */
static size_t
amount_model(const struct simd_amounts *a, const uint8_t *p, size_t n, uint8_t *out)
{
	size_t begin = *p == '-' || *p == '+', end, i, len = 0, signs = 0;

	for (end = 0; end < n && p[end] != a->point; end++)
		continue;
	if (n > 16)
		return 0;
	for (i = 0; i < n; i++) {
		if (a->no_dots && p[i] == '.')
			return 0;
		if (a->group == 0 || p[i] != a->group) {
			out[len++] = p[i] == a->point ? '.' : p[i];
			continue;
		}
		signs++;
		if (i >= end || (end - i) % 4 != 0)
			return 0;
	}
	if (signs > 0 && (p[begin] < '1' || p[begin] > '9' || signs != (end - begin) / 4))
		return 0;
	return len;
}

/* Writes a number with its groups, at times with a byte changed. Returns its length. */
static size_t
random_amount(const struct simd_amounts *a, uint8_t *p)
{
	size_t digits = 1 + unit_below(9), decimals = unit_below(4), n = 0;
	bool grouped = a->group != 0 && unit_below(4) > 0;

	if (unit_below(4) == 0)
		p[n++] = unit_below(2) ? '-' : '+';
	for (; digits > 0; digits--) {
		p[n++] = (uint8_t)('0' + unit_below(10));
		if (grouped && digits > 1 && digits % 3 == 1)
			p[n++] = a->group;
	}
	if (decimals > 0)
		p[n++] = a->point;
	for (; decimals > 0; decimals--)
		p[n++] = (uint8_t)('0' + unit_below(10));
	if (unit_below(3) == 0)
		p[unit_below(n)] = (uint8_t)"0.,- 'x\x1a"[unit_below(8)];
	return n;
}

static void
amounts(uint8_t *page)
{
	static const uint8_t groups[] = { 0, '.', ',', ' ', '\'' };
	uint8_t text[32], want[32], out[32];
	uint32_t start = 0, length, got;
	struct simd_amounts a;
	const struct simd *t;
	size_t round, n, len;
	uint8_t *p;

	for (round = 0; round < ROUNDS; round++) {
		a.point = unit_below(2) ? '.' : ',';
		a.group = groups[unit_below(5)];
		a.group = a.group == a.point ? 0 : a.group;
		a.no_dots = a.point != '.' && a.group != '.';
		n = random_amount(&a, text);
		p = unit_below(2) ? page : page + UNIT_PAGE - 15 - n;
		memset(p, a.point, n + 15);		/* what follows does not count */
		memcpy(p, text, n);
		len = amount_model(&a, p, n, want);
		length = (uint32_t)n;
		for (EVERY_LEVEL(t)) {
			t->amounts(&a, p, &start, &length, 1, out, 0, &got);
			CHECK(got == len && memcmp(out, want, len) == 0, "level %d, '%.*s'", t->level, (int)n, p);
		}
	}
	OK("simd", "numbers with groups");
}

/* ---- CSV ---- */

static const uint32_t *
text_ends(const struct simd_csv *c)
{
	return c->same ? c->lf : c->out_lf;
}

/* Compares what two levels found in one chunk, through its last complete row. */
static void
same_chunk(const struct simd_csv *a, const struct simd_csv *b, int level)
{
	size_t k, n = a->nlf;

	CHECK(a->nlf == b->nlf && a->bad == b->bad && (!a->bad || a->bad_at == b->bad_at), "level %d, %zu", level,
	    a->n);
	CHECK(a->quotes == b->quotes && a->inners == b->inners && a->controls == b->controls &&
	    a->empties == b->empties && a->same == b->same, "level %d, %zu", level, a->n);
	for (k = 0; k < n; k++)
		CHECK(a->lf[k] == b->lf[k] && a->fields[k] == b->fields[k] && text_ends(a)[k] == text_ends(b)[k],
		    "level %d, %zu, line feed %zu", level, a->n, k);
	CHECK(n == 0 || memcmp(a->out, b->out, text_ends(a)[n - 1] + 1) == 0, "level %d, %zu", level, a->n);
	for (k = 0; n > 0 && k <= a->lf[n - 1] / 64; k++)
		CHECK(a->empty_at[k] == b->empty_at[k] && (!a->quotes || a->quote_at[k] == b->quote_at[k]) &&
		    (!a->inners || a->inner_at[k] == b->inner_at[k]) &&
		    (!a->controls || a->control_at[k] == b->control_at[k]), "level %d, word %zu", level, k);
}

static void
random_csv(uint8_t *p, size_t n)
{
	static const char *const few[] = { "0123456789abc,,\n", "01234567\",\n", "\"0\",\n\"1\",\r\n", "\",\n\r\\\t0" };
	const char *chosen = few[unit_below(4)];
	static const char *const rows[] = { "\"12\",\"\",\"a\"\"b\",3\r\n", "12,345,ab\r\n", "1,2,a b c d\n" };
	const char *row = rows[unit_below(3)];
	size_t i, len = strlen(row), odd = unit_below(2) ? 200 : 20000;

	random_bytes(p, n, chosen, strlen(chosen));
	if (unit_below(2))
		for (i = 0; i < n; i++)
			p[i] = unit_below(odd) ? (uint8_t)row[i % len] : p[i];
}

static void
csv(uint8_t *page)
{
	static struct simd_csv found[SIMD_AVX512 + 1];
	static uint8_t out[SIMD_AVX512 + 1][2 * UNIT_PAGE + SIMD_CSV_SLACK];
	const struct simd *t;
	size_t round, n;
	uint8_t *p;
	bool odd;

	for (round = 0; round < ROUNDS; round++) {
		n = 1 + unit_below(unit_below(4) ? 300 : UNIT_PAGE - 64);
		p = unit_below(2) ? page : page + UNIT_PAGE - 64 - n;
		random_csv(p, n + 64);
		odd = unit_below(2);
		found[0].one_line = unit_below(2);
		found[0].escape = unit_below(2) ? '\\' : 0;
		found[0].quote = unit_below(8) ? '"' : 0;
		found[0].delimiter = unit_below(8) ? ',' : '\t';
		for (EVERY_LEVEL(t)) {
			struct simd_csv *c = &found[t - tables];

			c->one_line = found[0].one_line;
			c->escape = found[0].escape;
			c->quote = found[0].quote;
			c->delimiter = found[0].delimiter;
			c->p = p;
			c->n = n;
			c->out = out[t - tables];
			c->odd = odd;
			t->csv_chunk(c);
			same_chunk(&found[0], c, t->level);
		}
	}
	OK("simd", "chunks of CSV");
}

static void
csv_special(uint8_t *page)
{
	const struct simd *t;
	size_t round, n, at, want;
	uint8_t *p;

	for (round = 0; round < ROUNDS; round++) {
		n = unit_below(100);
		p = unit_below(2) ? page : page + UNIT_PAGE - 32 - n;
		random_bytes(p, n, "abcdefgh", 8);
		at = unit_below(n + 1);
		for (want = at; want < n && p[want] >= 0x20 && p[want] != '"' && p[want] != '\\'; want++)
			continue;
		for (EVERY_LEVEL(t))
			CHECK(t->csv_special(p, at, n, '"', '\\') == want, "level %d, %zu of %zu", t->level, at, n);
	}
	OK("simd", "special bytes of CSV");
}

/* ---- records ---- */

static void
separators(uint8_t *page)
{
	static uint32_t out[2048 + SIMD_SEPARATORS_SLACK];
	const struct simd *t;
	size_t round, n, i, k, found;
	bool plain, want;
	uint8_t *p;

	for (round = 0; round < ROUNDS; round++) {
		n = unit_below(unit_below(2) ? 200 : 2000);
		p = unit_below(2) ? page : page + UNIT_PAGE - 32 - n;
		random_bytes(p, n, "abcdefgh\t\t\n\x19\x1a", unit_below(2) ? 11 : 13);
		for (EVERY_LEVEL(t)) {
			found = t->separators(p, 0, n, out, &plain);
			want = true;
			for (i = k = 0; i < n; i++) {
				bool begins = i == 0 || p[i - 1] == '\t' || p[i - 1] == '\n';
				bool ends = p[i] == '\t' || p[i] == '\n';
				bool after_null = i > 0 && p[i - 1] == 0x19;

				want &= !(p[i] < 0x20 && !ends && p[i] != 0x19) && !(ends && begins) &&
				    !(p[i] == 0x19 && !begins) && !(after_null && !ends);
				if (ends)
					CHECK(k < found && out[k] == i + 1, "level %d, %zu of %zu", t->level, i, n);
				k += ends;
			}
			CHECK(k == found && plain == want, "level %d, %zu", t->level, n);
		}
	}
	OK("simd", "ends of fields");
}

int
main(void)
{
	uint8_t *page = unit_edge();
	int level;

	unit_start();
	best = simd_best();
	for (level = SIMD_WORDS; level <= (int)best; level++)
		simd_fill(&tables[level], (enum simd_level)level);
	utf8(page);
	unpack(page);
	bounds(page);
	crc(page);
	rank(page);
	snappy(page);
	counted(page);
	slots(page);
	amounts(page);
	csv(page);
	csv_special(page);
	separators(page);
	return 0;
}

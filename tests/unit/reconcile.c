/*
 * Exact numbers against arithmetic on digits, and the count of lines of random files in pieces, whatever compresses and
 * encodes them, against the line feeds that were put there.
 */
#include <iconv.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "reconcile/exact.h"
#include "reconcile/lines.h"
#include "store/ops.h"
#include "unit.h"

enum { MOST_PIECES = 4, FIRST = 4 };

static struct store *lake;

/* ---- numbers ---- */

/* Adds v to a number of decimal digits, the lowest first: the model. */
static void
add_digits(int *digits, size_t n, i128 v)
{
	bool minus = v < 0;
	unsigned __int128 u = minus ? -(unsigned __int128)v : (unsigned __int128)v;
	int carry = 0;

	for (size_t i = 0; i < n; i++, u /= 10) {
		int d = digits[i] + carry + (minus ? -(int)(u % 10) : (int)(u % 10));

		carry = d < 0 ? -1 : d > 9;
		digits[i] = d - 10 * carry;
	}
}

/* The text of digits that are never negative in all. */
static char *
digits_text(const int *digits, size_t n, size_t scale)
{
	struct buf b = { 0 };
	char *text;

	while (n > scale + 1 && digits[n - 1] == 0)
		n--;
	while (n-- > 0) {
		buf_addc(&b, (uint8_t)('0' + digits[n]));
		if (n == scale && scale > 0)
			buf_addc(&b, '.');
	}
	text = xstrdup(buf_cstr(&b));
	buf_free(&b);
	return text;
}

static i128
random_wide(void)
{
	i128 v = (i128)((unsigned __int128)unit_any() << 64 | unit_any()) >> unit_below(128);

	return v;
}

/*
 * Sums of random numbers: the model keeps the positive and the negative ones apart, so that its digits stay positive,
 * and their difference is what both must say.
 */
static void
sums(void)
{
	for (int round = 0; round < 300; round++) {
		int plus[60] = { 0 }, minus[60] = { 0 };
		struct reconcile_sum s = { 0 }, positive = { 0 };
		struct reconcile_exact e = { 0 };
		unsigned scale = (unsigned)unit_below(12);
		size_t n = unit_below(200);
		char *text, *p, *m;

		for (size_t i = 0; i < n; i++) {
			i128 v = random_wide();

			reconcile_sum_add(&s, v);
			if (v >= 0)
				reconcile_sum_add(&positive, v);
			add_digits(v >= 0 ? plus : minus, 60, v >= 0 ? v : 0);
			if (v < 0) {
				add_digits(minus, 60, -(v + 1));
				add_digits(minus, 60, 1);
			}
		}
		text = reconcile_sum_text(s, scale);
		p = digits_text(plus, 60, scale);
		m = digits_text(minus, 60, scale);
		e.scale = scale;
		reconcile_exact_add(&e, p, false);
		reconcile_exact_add(&e, m, true);
		reconcile_exact_add(&e, text, true);
		CHECK(reconcile_exact_sign(&e) == 0, "%s - %s is not %s", p, m, text);
		CHECK(reconcile_scale(text) == scale, "%s", text);
		free(text);
		text = reconcile_sum_text(positive, scale);
		CHECK(strcmp(text, p) == 0, "%s, not %s", text, p);
		reconcile_exact_free(&e);
		free(text);
		free(p);
		free(m);
	}
	OK("sums", "of 128 bits beyond 128 bits");
}

static int
sign_of(const char *const *numbers)
{
	struct reconcile_exact e = { .scale = 30 };
	int sign;

	for (; *numbers != NULL; numbers++)
		reconcile_exact_add(&e, *numbers, false);
	sign = reconcile_exact_sign(&e);
	reconcile_exact_free(&e);
	return sign;
}

static void
signs(void)
{
	static const struct {
		const char *numbers[5];
		int sign;
	} cases[] = {
		{ { NULL }, 0 },
		{ { "0", "-0", "0.000" }, 0 },
		{ { "-0.1", "0.1" }, 0 },
		{ { "999999999", "1", "-1000000000" }, 0 },
		{ { "1000000000", "-1", "-999999999.000000001" }, -1 },
		{ { "-340282366920938463463374607431768211456",
		    "340282366920938463463374607431768211456.000000000000001" }, 1 },
		{ { "00012.50", "-12.5" }, 0 }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK(sign_of(cases[i].numbers) == cases[i].sign, "case %zu", i);
	OK("signs", "of sums of any size");
}

/* ---- lines ---- */

/* Makes random text; returns its lines, an unfinished last one among them. */
static uint64_t
random_text(struct buf *b)
{
	size_t n = unit_below(8) == 0 ? unit_below(600000) : unit_below(3000);
	unsigned rare = 1 + (unsigned)unit_below(200);
	uint64_t lines = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = unit_below(rare) == 0 ? '\n' : unit_below(50) == 0 ? '\r' : (uint8_t)(' ' + unit_below(95));

		lines += c == '\n';
		buf_addc(b, c);
		if (unit_below(40) == 0)
			buf_adds(b, "\xc4\x8d\xe2\x82\xac");
	}
	return lines + (b->len > 0 && b->p[b->len - 1] != '\n');
}

static void
add_gzip(struct buf *out, const uint8_t *p, size_t n)
{
	z_stream z = { .next_in = (Bytef *)p, .avail_in = (uInt)n };
	size_t room = n + n / 100 + 1000;

	CHECK(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflate");
	z.next_out = buf_room(out, room);
	z.avail_out = (uInt)room;
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
	out->len += room - z.avail_out;
	deflateEnd(&z);
}

static void
add_zstd(struct buf *out, const uint8_t *p, size_t n)
{
	size_t room = ZSTD_compressBound(n), got = ZSTD_compress(buf_room(out, room), room, p, n, 1);

	CHECK(!ZSTD_isError(got), "zstd");
	out->len += got;
}

/* Compresses text in one or several parts; `how` 0 leaves it as it is. */
static void
compress_text(struct buf *out, const struct buf *text, unsigned how)
{
	size_t from = 0, n;

	do {
		n = unit_below(2) == 0 ? text->len - from : unit_below(text->len - from + 1);
		if (how == 0)
			buf_add(out, text->p + from, n);
		else if (how == 1)
			add_gzip(out, text->p + from, n);
		else
			add_zstd(out, text->p + from, n);
		from += n;
	} while (from < text->len);
}

static void
encode(struct buf *b, const char *encoding)
{
	iconv_t c = iconv_open(encoding, "UTF-8");
	struct buf out = { 0 };
	char *in = (char *)b->p, *to = (char *)buf_room(&out, 4 * b->len + 16), *start = to;
	size_t n = b->len, room = 4 * b->len + 16;

	CHECK(c != (iconv_t)-1 && iconv(c, &in, &n, &to, &room) == 0, "%s", encoding);
	out.len = (size_t)(to - start);
	iconv_close(c);
	buf_free(b);
	*b = out;
}

static int
count(const struct buf *file, const char *encoding, uint64_t *lines, struct msg *err)
{
	static char names[MOST_PIECES][8], *list[MOST_PIECES];
	size_t pieces = 1 + unit_below(MOST_PIECES), from = 0, n, i;
	struct reconcile_lines l;
	int status;

	for (i = 0; i < pieces; i++) {
		list[i] = names[i];
		snprintf(names[i], sizeof(names[i]), "p%zu", i);
		n = i + 1 < pieces && file->len > FIRST ? unit_below(file->len - from + 1) : file->len - from;
		n = i == 0 && n < FIRST && file->len > FIRST ? FIRST : n;	/* by which it is known what it is */
		CHECK(store_put(lake, names[i], file->p + from, n, STORE_REPLACE, err) == 1, "%s", err->text);
		from += n;
	}
	CHECK(reconcile_lines_open(&l, encoding, err) == 0, "%s", err->text);
	status = reconcile_lines_count(&l, lake, list, pieces, lines, err);
	reconcile_lines_close(&l);
	return status;
}

static void
lines(void)
{
	static const char *const encodings[] = { NULL, "UTF-16LE", "UTF-16BE", "UTF-32", "GB18030" };

	for (int round = 0; round < 400; round++) {
		const char *encoding = encodings[unit_below(5)];
		struct buf text = { 0 }, file = { 0 };
		struct msg err = { 0 };
		uint64_t want = random_text(&text), got;

		if (encoding != NULL && text.len > 0)
			encode(&text, encoding);
		if (text.len > 0)
			compress_text(&file, &text, (unsigned)unit_below(3));
		CHECK(count(&file, encoding, &got, &err) == 0, "%s", err.text);
		CHECK(got == want, "%" PRIu64 " lines, not %" PRIu64, got, want);
		buf_free(&text);
		buf_free(&file);
	}
	OK("lines", "plain, gzip, zstd, in UTF-8 and others");
}

/* Compressed data that are cut or altered are never counted in silence as fewer lines. */
static void
damage(void)
{
	for (int round = 0; round < 200; round++) {
		struct buf text = { 0 }, file = { 0 };
		struct msg err = { 0 };
		uint64_t got;

		buf_adds(&text, "a line\n");
		(void)random_text(&text);
		(unit_below(2) == 0 ? add_gzip : add_zstd)(&file, text.p, text.len);
		file.len = 4 + unit_below(file.len - 4);
		CHECK(count(&file, NULL, &got, &err) < 0 && err.status == EX_DATAERR, "cut at %zu: taken", file.len);
		buf_free(&text);
		buf_free(&file);
	}
	OK("damage", "compressed data that end early");
}

/* Of what is invalid in an encoding only the unit is left out. */
static void
invalid(void)
{
	struct buf b = { 0 };
	struct msg err = { 0 };
	uint64_t got;

	buf_add(&b, "a\0\0\xd8\n\0b\0\n\0", 10);
	CHECK(count(&b, "UTF-16LE", &got, &err) == 0 && got == 2, "%" PRIu64, got);
	b.len = 0;
	buf_adds(&b, "\xff\n\xff\xff\n\n");
	CHECK(count(&b, "ASCII", &got, &err) == 0 && got == 3, "%" PRIu64, got);
	b.len = 0;
	buf_add(&b, "a\0\n\0b", 5);
	CHECK(count(&b, "UTF-16LE", &got, &err) == 0 && got == 1, "%" PRIu64, got);
	buf_free(&b);
	OK("invalid", "units that cannot be converted");
}

int
main(void)
{
	struct msg err = { 0 };

	unit_start();
	store_mem_allow();
	CHECK(store_open(&lake, "mem://reconcile", &err) == 0, "%s", err.text);
	sums();
	signs();
	lines();
	damage();
	invalid();
	store_close(lake);
	return 0;
}

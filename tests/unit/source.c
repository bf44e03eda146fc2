/* Compressed text is read as the text inside; what is cut or changed is an error, never other text. */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "csv/source.h"
#include "unit.h"

static size_t
rounds(void)
{
	const char *env = getenv("ACCT_CASES");

	return env != NULL ? strtoull(env, NULL, 10) / 100 : 200;
}

/* ---- files ---- */

static void
random_text(struct buf *b, size_t n)
{
	static const char bytes[] = "0123456789,,\n\n\"\r\t abc";
	size_t repeat;
	char c;

	buf_adds(b, "a");	/* so that it has no known format */
	while (b->len < n) {
		c = unit_below(50) == 0 ? (char)unit_below(256) : bytes[unit_below(sizeof(bytes) - 1)];
		for (repeat = unit_below(20) == 0 ? unit_below(5000) : 1; repeat > 0 && b->len < n; repeat--)
			buf_addc(b, c);
	}
}

static void
add_gzip(struct buf *out, const uint8_t *p, size_t n)
{
	size_t room = n + n / 1000 + 1000;
	z_stream z = { 0 };

	CHECK(deflateInit2(&z, (int)unit_below(10), Z_DEFLATED, MAX_WBITS + 16, 8, (int)unit_below(5)) == Z_OK,
	    "deflate");
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = buf_room(out, room);
	z.avail_out = (uInt)room;
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
	out->len += z.total_out;
	deflateEnd(&z);
}

static void
add_zstd(struct buf *out, const uint8_t *p, size_t n)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t got;

	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, (int)unit_below(19) - 5);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, (int)unit_below(2));
	got = ZSTD_compress2(c, buf_room(out, ZSTD_compressBound(n)), ZSTD_compressBound(n), p, n);
	CHECK(!ZSTD_isError(got), "%s", ZSTD_getErrorName(got));
	out->len += got;
	ZSTD_freeCCtx(c);
}

static void
add_skippable(struct buf *out)
{
	uint8_t head[8] = { (uint8_t)(0x50 + unit_below(16)), 0x2a, 0x4d, 0x18, (uint8_t)unit_below(256) };
	size_t i;

	buf_add(out, head, sizeof(head));
	for (i = 0; i < head[4]; i++)
		buf_addc(out, (char)unit_below(256));
}

/* Packs the text in some members, of which the first may be empty. ends: where the file may end without being cut. */
static void
pack(struct buf *out, const struct buf *text, bool zstd, bool *ends)
{
	size_t members = 1 + unit_below(3), at = 0, n;

	for (; members > 0; members--) {
		n = members == 1 ? text->len - at : unit_below(text->len - at + 1);
		if (zstd && unit_below(4) == 0) {
			add_skippable(out);
			ends[out->len] = true;
		}
		(zstd ? add_zstd : add_gzip)(out, text->p + at, n);
		ends[out->len] = true;
		at += n;
	}
	for (n = !zstd && unit_below(4) == 0 ? unit_below(600) : 0; n > 0; n--) {
		buf_addc(out, '\0');
		ends[out->len] = true;
	}
}

/* ---- reading ---- */

/* Reads all of the bytes as a file, in pieces of random sizes. Returns 0 or -1 with err filled. */
static int
read_all(const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	int fd = memfd_create("source", 0);
	struct csv_source s;
	ssize_t got;
	size_t room;

	*err = (struct msg){ 0 };
	out->len = 0;
	CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0, "memfd");
	csv_source_init(&s, fd, ',', '"');
	do {
		room = CSV_KIND_BYTES + unit_below(unit_below(2) == 0 ? 100 : 300000);
		got = csv_source_read(&s, buf_room(out, room), room, "file", err);
		out->len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	csv_source_free(&s);
	close(fd);
	return (int)got;
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

/* ---- tests ---- */

static bool ends[1 << 20];

static void
test_round_trip(void)
{
	struct buf text = { 0 }, file = { 0 }, got = { 0 };
	struct msg err;
	size_t i;

	for (i = 0; i < rounds(); i++) {
		text.len = file.len = 0;
		random_text(&text, (size_t)unit_below(unit_below(4) == 0 ? 400000 : 2000));
		pack(&file, &text, unit_below(2), ends);
		CHECK(read_all(file.p, file.len, &got, &err) == 0, "%s", err.text);
		CHECK(is_same(&text, &got), "%zu bytes of text, %zu came out", text.len, got.len);
		CHECK(read_all(text.p, text.len, &got, &err) == 0 && is_same(&text, &got), "plain text: %s", err.text);
	}
	OK("source", "members and frames give their text");
	buf_free(&text);
	buf_free(&file);
	buf_free(&got);
}

/* A file that ends within a member is truncated; one that ends between two is whole, as is its text so far. */
static void
test_truncated(void)
{
	struct buf text = { 0 }, file = { 0 }, got = { 0 };
	struct msg err;
	size_t i, k;
	int failed;

	for (i = 0; i < rounds() / 20 + 1; i++) {
		memset(ends, 0, sizeof(ends));
		text.len = file.len = 0;
		random_text(&text, (size_t)unit_below(3000));
		pack(&file, &text, unit_below(2), ends);
		for (k = 4; k < file.len; k++) {	/* fewer bytes are not known for compressed */
			failed = read_all(file.p, k, &got, &err);
			CHECK(failed == (ends[k] ? 0 : -1), "cut to %zu of %zu: %d %s", k, file.len, failed, err.text);
			CHECK(!failed || strstr(err.text, "truncated") != NULL, "%s", err.text);
			CHECK(got.len <= text.len && (got.len == 0 || memcmp(got.p, text.p, got.len) == 0),
			    "cut to %zu", k);
		}
	}
	OK("source", "a file that is cut is truncated");
	buf_free(&text);
	buf_free(&file);
	buf_free(&got);
}

/* Any byte changed: an error, or the same text, as some bits of a head say nothing of it. */
static void
test_corrupt(void)
{
	struct buf text = { 0 }, file = { 0 }, got = { 0 };
	struct msg err;
	size_t i, k, errors = 0;

	for (i = 0; i < rounds(); i++) {
		text.len = file.len = 0;
		random_text(&text, 1 + (size_t)unit_below(1000));
		(unit_below(2) ? add_zstd : add_gzip)(&file, text.p, text.len);
		for (k = 0; k < 20; k++) {
			size_t at = 4 + unit_below(file.len - 4);
			uint8_t was = file.p[at];

			file.p[at] ^= (uint8_t)(1 << unit_below(8));
			if (read_all(file.p, file.len, &got, &err) < 0)
				errors++;
			else
				CHECK(is_same(&text, &got), "byte %zu of %zu changed: other text", at, file.len);
			file.p[at] = was;
		}
	}
	CHECK(errors > rounds(), "%zu errors only", errors);
	OK("source", "a changed byte never gives other text");
	buf_free(&text);
	buf_free(&file);
	buf_free(&got);
}

/* Random bytes in front of nothing: no crash, and text that is no known format comes out as it is. */
static void
test_any_bytes(void)
{
	struct buf text = { 0 }, got = { 0 };
	struct msg err;
	size_t i;

	for (i = 0; i < rounds() * 10; i++) {
		text.len = 0;
		for (size_t n = unit_below(100); n > 0; n--)
			buf_addc(&text, (char)(unit_below(3) == 0 ? 0 : unit_below(256)));
		if (text.len == 0 || csv_kind(text.p, text.len) == CSV_KIND_TEXT)
			CHECK(read_all(text.p, text.len, &got, &err) == 0 && is_same(&text, &got), "%s", err.text);
		else
			CHECK(read_all(text.p, text.len, &got, &err) < 0 || text.len < 20, "%zu bytes", text.len);
	}
	OK("source", "other bytes come as they are");
	buf_free(&text);
	buf_free(&got);
}

int
main(void)
{
	unit_start();
	test_round_trip();
	test_truncated();
	test_corrupt();
	test_any_bytes();
	return 0;
}

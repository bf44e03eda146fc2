/*
 * Codecs of Parquet pages: what one packs it expands, and nothing else: not to another size, not when cut short, and
 * never beyond its output. What other writers pack is expanded too.
 */
#include "unit.h"

#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "parquet/encode/codec.h"

enum { MOST = 5000, NUMBERS = 12 };

static const struct codec_hint unknown = { .width = 0 };

/* Fills p with bytes that compress more or less. */
static void
make(uint8_t *p, size_t n)
{
	unsigned kinds = 1 + (unsigned)unit_below(256);
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)unit_below(kinds);
}

/* Expands into memory of exactly that size, so that a sanitizer sees a write beyond it. */
static bool
expands(const struct codec *c, struct codec_hint hint, const struct buf *packed, const uint8_t *want, size_t n)
{
	uint8_t *in = xmalloc(packed->len + 1), *out = xmalloc(n + 1);
	bool good;

	memcpy(in, packed->p, packed->len);
	good = c->is_plausible(in, packed->len, n) && c->expand(hint, in, packed->len, out, n) == NULL &&
	    unit_same(out, n, want, n);
	free(in);
	free(out);
	return good;
}

static void
round_trip(const struct codec *c)
{
	uint8_t p[MOST] = { 0 };
	struct msg err = { .status = 0 };
	struct buf packed = { 0 };
	struct codec_hint hint;
	size_t round, n;

	for (round = 0; round < 100; round++) {
		n = 1 + unit_below(MOST - 1);
		make(p, n);
		hint = (struct codec_hint){ (size_t[]){ 0, 8, 12, 16 }[unit_below(4)], unit_below(n < 20 ? n : 20) };
		packed.len = 0;
		CHECK(c->pack(0, hint, p, n, &packed, &err) == 0, "%s: %s", c->name, err.text);
		CHECK(expands(c, unknown, &packed, p, n), "%s: %zu bytes", c->name, n);
		CHECK(expands(c, (struct codec_hint){ .width = 8 }, &packed, p, n), "%s: %zu bytes of numbers",
		    c->name, n);
		CHECK(!expands(c, unknown, &packed, p, n - 1), "%s: to one byte less", c->name);
		CHECK(!expands(c, unknown, &packed, p, n + 1), "%s: to one byte more", c->name);
		packed.len--;
		CHECK(!expands(c, unknown, &packed, p, n), "%s: cut short", c->name);
	}
	buf_free(&packed);
}

static void
test_rows(void)
{
	const char *const *words = pq_codec_words(), *why;
	const struct codec *c;
	size_t i, written = 0;
	int number;

	for (number = -1; number < NUMBERS; number++) {
		why = NULL;
		c = codec_find(number, &why);
		CHECK((c == NULL) == (why != NULL), "codec %d", number);
		if (c == NULL)
			continue;
		CHECK((int)c->number == number && (c->pack == NULL) == (c->word == NULL), "codec %d", number);
		CHECK(strcmp(pq_codec_suffix(c->number), c->suffix) == 0, "codec %d", number);
		CHECK(!c->is_plausible((const uint8_t *)"\0\0", 2, (size_t)1 << 30), "%s: a bomb", c->name);
		if (c->pack != NULL)
			round_trip(c);
		written += c->pack != NULL;
	}
	for (i = 0; words[i] != NULL; i++)
		CHECK(strcmp(codec_find((int)pq_codec_of(i), &why)->word, words[i]) == 0, "%s", words[i]);
	CHECK(i == written, "%zu words, %zu codecs", i, written);
	CHECK(codec_find(PQ_BROTLI, &why) == NULL && strcmp(why, "unsupported compression codec: BROTLI") == 0, "%s",
	    why);
	CHECK(codec_find(PQ_LZO, &why) == NULL && strcmp(why, "unsupported compression codec: LZO") == 0, "%s", why);
	CHECK(codec_find(99, &why) == NULL && strcmp(why, "unsupported compression codec: codec 99") == 0, "%s", why);
	CHECK(pq_codec_suffix(PQ_LZO)[0] == '\0', "no suffix");
	OK("codec", "each expands what it packs, and says what it is");
}

static void
test_levels(void)
{
	struct msg err = { .status = 0 };
	struct buf packed = { 0 };
	const char *why;
	const struct codec *gzip = codec_find(PQ_GZIP, &why);

	CHECK(gzip->pack(77, unknown, (const uint8_t *)"a", 1, &packed, &err) < 0 && err.status == EX_SOFTWARE,
	    "level 77");
	CHECK(gzip->pack(9, unknown, (const uint8_t *)"a", 1, &packed, &err) == 0, "level 9");
	buf_free(&packed);
	OK("codec", "a level that is out of range");
}

static void
add_block(struct buf *out, const uint8_t *p, size_t n, bool hadoop)
{
	size_t room = (size_t)LZ4_compressBound((int)n), begin = out->len + (hadoop ? 8 : 0), i, k;
	int got;

	buf_room(out, room + 8);
	got = LZ4_compress_default((const char *)p, (char *)out->p + begin, (int)n, (int)room);
	for (i = 0; hadoop && i < 8; i++) {
		k = i < 4 ? n : (size_t)got;
		out->p[out->len + i] = (uint8_t)(k >> 8 * (3 - i % 4));
	}
	out->len = begin + (size_t)got;
}

/* Codec 5: Hadoop's frames, or a bare block of writers that mistook it. */
static void
test_lz4(void)
{
	uint8_t p[MOST];
	struct buf packed = { 0 };
	const char *why;
	const struct codec *old = codec_find(PQ_LZ4, &why), *raw = codec_find(PQ_LZ4_RAW, &why);
	size_t round, n, half;

	for (round = 0; round < 100; round++) {
		n = 2 + unit_below(MOST - 2);
		half = 1 + unit_below(n - 1);
		make(p, n);
		packed.len = 0;
		add_block(&packed, p, n, false);
		CHECK(expands(raw, unknown, &packed, p, n) && expands(old, unknown, &packed, p, n), "a block");
		CHECK(!expands(raw, unknown, &packed, p, n - 1) && !expands(old, unknown, &packed, p, n - 1), "less");
		packed.len = 0;
		add_block(&packed, p, half, true);
		add_block(&packed, p + half, n - half, true);
		CHECK(expands(old, unknown, &packed, p, n), "frames");
		CHECK(!expands(old, unknown, &packed, p, n - 1) && !expands(old, unknown, &packed, p, n + 1), "frames");
		packed.len -= 1 + unit_below(4);
		CHECK(!expands(old, unknown, &packed, p, n), "frames cut short");
	}
	buf_free(&packed);
	CHECK(strcmp(raw->expand(unknown, p, 1, p, (size_t)INT32_MAX + 1), "too large for LZ4") == 0, "too large");
	OK("codec", "both forms of LZ4");
}

int
main(void)
{
	unit_start();
	test_rows();
	test_levels();
	test_lz4();
	return 0;
}

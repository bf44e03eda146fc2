/* Compression codecs: one interface to libsnappy, zlib, libzstd and liblz4. */
#include <stdio.h>
#include <string.h>

#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include "parquet/encode/codec.h"
#include "parquet/encode/decimals.h"
#include "parquet/format/meta.h"
#include "parquet/parquet.h"
#include "parquet/encode/words.h"

const char *
codec_name(int codec)
{
	static const char *const names[] = { "UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD",
	    "LZ4_RAW" };
	static char other[32];

	if (codec >= 0 && codec <= META_LZ4_RAW)
		return names[codec];
	snprintf(other, sizeof other, "codec %d", codec);
	return other;
}

const char *
codec_refused(int codec)
{
	static char text[64];

	if (codec >= 0 && codec <= META_LZ4_RAW && codec != META_LZO && codec != META_BROTLI)
		return NULL;
	snprintf(text, sizeof text, "unsupported compression codec: %s", codec_name(codec));
	return text;
}

static const char *
expand_snappy(bool words, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	static const char bad[] = "invalid SNAPPY data or wrong size";
	size_t len;

	if (words)
		return words_expand(out, size, p, n) ? NULL : bad;
	if (snappy_uncompressed_length((const char *)p, n, &len) != SNAPPY_OK || len != size ||
	    snappy_uncompress((const char *)p, n, (char *)out, &len) != SNAPPY_OK || len != size)
		return bad;
	return NULL;
}

/* Decompresses RFC 1952 data of one or more members. */
static const char *
expand_gzip(const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n, .next_out = out,
	    .avail_out = (uInt)size };
	uint8_t none;
	int got;

	if (size == 0)
		z.next_out = &none;
	if (inflateInit2(&z, 15 + 32) != Z_OK)
		return "out of memory for GZIP";
	while ((got = inflate(&z, Z_FINISH)) == Z_STREAM_END && z.avail_in > 0)
		if (inflateReset(&z) != Z_OK)
			break;
	inflateEnd(&z);
	return got == Z_STREAM_END && z.avail_out == 0 ? NULL : "invalid GZIP data or wrong size";
}

static const char *
expand_lz4_block(const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	int got;

	if (n > INT32_MAX || size > INT32_MAX)
		return "too large for LZ4";
	got = LZ4_decompress_safe((const char *)p, (char *)out, (int)n, (int)size);
	return got == (int)size ? NULL : "invalid LZ4 data or wrong size";
}

static uint32_t
big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Decompresses Hadoop framing: repeated big-endian sizes, uncompressed and compressed, then the block. */
static const char *
expand_lz4_hadoop(const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	const uint8_t *end = p + n;
	size_t whole, packed;

	while (end - p >= 8) {
		whole = big32(p);
		packed = big32(p + 4);
		p += 8;
		if (whole > size || packed > (size_t)(end - p) || expand_lz4_block(p, packed, out, whole) != NULL)
			return "invalid Hadoop framing of LZ4";
		p += packed;
		out += whole;
		size -= whole;
	}
	return p == end && size == 0 ? NULL : "invalid Hadoop framing of LZ4";
}

/* Decompresses codec 5, which means Hadoop framing; some writers used it for a bare block. */
static const char *
expand_lz4(const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	if (expand_lz4_hadoop(p, n, out, size) == NULL)
		return NULL;
	return expand_lz4_block(p, n, out, size);
}

static const char *
expand_zstd(const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	size_t got = ZSTD_decompress(out, size, p, n);

	return !ZSTD_isError(got) && got == size ? NULL : "invalid ZSTD data or wrong size";
}

const char *
codec_expand(int codec, bool words, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	if (n == 0 && size == 0)	/* some writers store nothing for an empty page, others an empty frame */
		return NULL;
	switch (codec) {
	case META_UNCOMPRESSED:
		if (n != size)
			return "wrong size";
		if (n > 0)
			memcpy(out, p, n);
		return NULL;
	case META_SNAPPY:
		return expand_snappy(words, p, n, out, size);
	case META_GZIP:
		return expand_gzip(p, n, out, size);
	case META_LZ4:
		return expand_lz4(p, n, out, size);
	case META_ZSTD:
		return expand_zstd(p, n, out, size);
	case META_LZ4_RAW:
		return expand_lz4_block(p, n, out, size);
	default:
		return codec_refused(codec);
	}
}

static int
pack_gzip(int level, const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n };
	size_t room;
	int got;

	if (deflateInit2(&z, level == 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED, 15 + 16, 8,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		return msg_set(err, EX_SOFTWARE, "gzip refuses level %d", level);
	room = deflateBound(&z, n);
	z.next_out = buf_room(out, room);
	z.avail_out = (uInt)room;
	got = deflate(&z, Z_FINISH);
	out->len += room - z.avail_out;
	deflateEnd(&z);
	return got == Z_STREAM_END ? 0 : msg_set(err, EX_SOFTWARE, "gzip failed");
}

static int
pack_zstd(int level, const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	size_t room = ZSTD_compressBound(n);
	size_t got = ZSTD_compress(buf_room(out, room), room, p, n, level == 0 ? 1 : level);

	if (ZSTD_isError(got))
		return msg_set(err, EX_SOFTWARE, "zstd: %s", ZSTD_getErrorName(got));
	out->len += got;
	return 0;
}

static int
pack_snappy(struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out)
{
	size_t room = snappy_max_compressed_length(n);

	if (hint.width == 8) {
		out->len += words_pack(buf_room(out, words_room(n)), p, n, hint.skip);
		return 0;
	}
	if (hint.width > 8) {
		out->len += decimals_pack(buf_room(out, decimals_room(n)), p, n, hint.skip, hint.width);
		return 0;
	}
	snappy_compress((const char *)p, n, (char *)buf_room(out, room), &room);
	out->len += room;
	return 0;
}

int
codec_pack(int codec, int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	switch (codec) {
	case META_UNCOMPRESSED:
		buf_add(out, p, n);
		return 0;
	case META_SNAPPY:
		return pack_snappy(hint, p, n, out);
	case META_GZIP:
		return pack_gzip(level, p, n, out, err);
	case META_ZSTD:
		return pack_zstd(level, p, n, out, err);
	default:
		return msg_set(err, EX_SOFTWARE, "%s cannot be written", codec_name(codec));
	}
}

/* LZ4_RAW, and its deprecated predecessor LZ4, by liblz4. Read only. */
#include <lz4.h>

#include "parquet/encode/codec.h"

enum { MOST_RATIO = 256 };	/* a byte adds at most 255 to a match */

static bool
is_plausible(const uint8_t *p, size_t n, size_t size)
{
	(void)p;
	return size / MOST_RATIO <= n;
}

static const char *
expand_block(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	int got;

	(void)hint;
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
expand_hadoop(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	const uint8_t *end = p + n;
	size_t whole, packed;

	while (end - p >= 8) {
		whole = big32(p);
		packed = big32(p + 4);
		p += 8;
		if (whole > size || packed > (size_t)(end - p) || expand_block(hint, p, packed, out, whole) != NULL)
			return "invalid Hadoop framing of LZ4";
		p += packed;
		out += whole;
		size -= whole;
	}
	return p == end && size == 0 ? NULL : "invalid Hadoop framing of LZ4";
}

/* Decompresses codec 5, which means Hadoop framing; some writers used it for a bare block. */
static const char *
expand_lz4(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	if (expand_hadoop(hint, p, n, out, size) == NULL)
		return NULL;
	return expand_block(hint, p, n, out, size);
}

const struct codec codec_lz4 = { PQ_LZ4, "LZ4", NULL, ".lz4hadoop", is_plausible, expand_lz4, NULL };
const struct codec codec_lz4_raw = { PQ_LZ4_RAW, "LZ4_RAW", NULL, ".lz4", is_plausible, expand_block, NULL };

/* ZSTD, by libzstd. */
#include <zstd.h>

#include "parquet/encode/codec.h"

enum { LEVEL = 1 };		/* by default */

static bool
is_plausible(const uint8_t *p, size_t n, size_t size)
{
	unsigned long long stored = ZSTD_getFrameContentSize(p, n);

	return stored == ZSTD_CONTENTSIZE_UNKNOWN || (stored != ZSTD_CONTENTSIZE_ERROR && stored <= size);
}

static const char *
expand(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	size_t got = ZSTD_decompress(out, size, p, n);

	(void)hint;
	return !ZSTD_isError(got) && got == size ? NULL : "invalid ZSTD data or wrong size";
}

static int
pack(int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	size_t room = ZSTD_compressBound(n);
	size_t got = ZSTD_compress(buf_room(out, room), room, p, n, level == 0 ? LEVEL : level);

	(void)hint;
	if (ZSTD_isError(got))
		return msg_set(err, EX_SOFTWARE, "zstd: %s", ZSTD_getErrorName(got));
	out->len += got;
	return 0;
}

const struct codec codec_zstd = { PQ_ZSTD, "ZSTD", "zstd", ".zstd", is_plausible, expand, pack };

/* GZIP: RFC 1952 data of one or more members, by zlib. */
#include <zlib.h>

#include "parquet/encode/codec.h"

enum {
	MOST_RATIO = 1040,		/* Deflate's limit, rounded up */
	WINDOW = 15,			/* bits; zlib's largest */
	GZIP_ONLY = 16, DETECT = 32	/* added to it: the format */
};

static bool
is_plausible(const uint8_t *p, size_t n, size_t size)
{
	(void)p;
	return size / MOST_RATIO <= n;
}

static const char *
expand(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n, .next_out = out,
	    .avail_out = (uInt)size };
	uint8_t unused;
	int got;

	(void)hint;
	if (size == 0)
		z.next_out = &unused;
	if (inflateInit2(&z, WINDOW + DETECT) != Z_OK)
		return "out of memory for GZIP";
	while ((got = inflate(&z, Z_FINISH)) == Z_STREAM_END && z.avail_in > 0)
		if (inflateReset(&z) != Z_OK)
			break;
	inflateEnd(&z);
	return got == Z_STREAM_END && z.avail_out == 0 ? NULL : "invalid GZIP data or wrong size";
}

static int
pack(int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n };
	size_t room;
	int got;

	(void)hint;
	if (deflateInit2(&z, level == 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED, WINDOW + GZIP_ONLY, 8,
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

const struct codec codec_gzip = { PQ_GZIP, "GZIP", "gzip", ".gz", is_plausible, expand, pack };

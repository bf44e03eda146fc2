/* SNAPPY: libsnappy, and for arrays of numbers the faster words.h and decimals.h. */
#include <snappy-c.h>

#include "parquet/encode/codec.h"
#include "parquet/encode/decimals.h"
#include "parquet/encode/words.h"

enum { MOST_RATIO = 32 };	/* a copy of 64 bytes takes 3 */

static bool
is_plausible(const uint8_t *p, size_t n, size_t size)
{
	(void)p;
	return size / MOST_RATIO <= n;
}

static const char *
expand(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	static const char bad[] = "invalid SNAPPY data or wrong size";
	size_t len;

	if (hint.width == 8)
		return words_expand(out, size, p, n) ? NULL : bad;
	if (snappy_uncompressed_length((const char *)p, n, &len) != SNAPPY_OK || len != size ||
	    snappy_uncompress((const char *)p, n, (char *)out, &len) != SNAPPY_OK || len != size)
		return bad;
	return NULL;
}

static int
pack(int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	size_t room;

	(void)level, (void)err;
	if (hint.width == 8) {
		out->len += words_pack(buf_room(out, words_room(n)), p, n, hint.skip);
	} else if (hint.width > 8) {
		out->len += decimals_pack(buf_room(out, decimals_room(n)), p, n, hint.skip, hint.width);
	} else {
		room = snappy_max_compressed_length(n);
		snappy_compress((const char *)p, n, (char *)buf_room(out, room), &room);
		out->len += room;
	}
	return 0;
}

const struct codec codec_snappy = { PQ_SNAPPY, "SNAPPY", "snappy", ".snappy", is_plausible, expand, pack };

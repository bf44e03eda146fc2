/* UNCOMPRESSED: the bytes as they are. */
#include <string.h>

#include "parquet/encode/codec.h"

static bool
is_plausible(const uint8_t *p, size_t n, size_t size)
{
	(void)p;
	return size == n;
}

static const char *
expand(struct codec_hint hint, const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
	(void)hint;
	if (n != size)
		return "wrong size";
	memcpy(out, p, n);
	return NULL;
}

static int
pack(int level, struct codec_hint hint, const uint8_t *p, size_t n, struct buf *out, struct msg *err)
{
	(void)level, (void)hint, (void)err;
	buf_add(out, p, n);
	return 0;
}

const struct codec codec_none = { PQ_UNCOMPRESSED, "UNCOMPRESSED", "none", "", is_plausible, expand, pack };

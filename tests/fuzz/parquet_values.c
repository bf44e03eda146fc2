/*
 * Any bytes as the values of one page: the first says the encoding, the second the type, the third how they are
 * taken; the rest is the page, and its first bytes a dictionary too. And any bytes as Snappy: ours and libsnappy
 * must agree.
 */
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "parquet/format/convert.h"
#include "parquet/read/values.h"
#include "parquet/encode/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MOST = 3000 };

static volatile uint64_t sink;

static const struct {
	struct pq_column c;
	struct meta_element e;
} kinds[] = {
	{ { .type = PQ_BOOL, .shape = PQ_U8 }, { .type = META_BOOLEAN } },
	{ { .type = PQ_INT32, .shape = PQ_I32 }, { .type = META_INT32 } },
	{ { .type = PQ_INT64, .shape = PQ_I64 }, { .type = META_INT64 } },
	{ { .type = PQ_TIMESTAMP, .unit = PQ_MILLIS, .shape = PQ_I64 }, { .type = META_INT64 } },
	{ { .type = PQ_TIMESTAMP, .unit = PQ_INT96, .shape = PQ_I64 }, { .type = META_INT96 } },
	{ { .type = PQ_UINT32, .shape = PQ_I64 }, { .type = META_INT32 } },
	{ { .type = PQ_DOUBLE, .shape = PQ_F64 }, { .type = META_DOUBLE } },
	{ { .type = PQ_STRING, .shape = PQ_BYTES }, { .type = META_BYTE_ARRAY } },
	{ { .type = PQ_DECIMAL, .precision = 38, .shape = PQ_I128 }, { .type = META_BYTE_ARRAY } },
	{ { .type = PQ_DECIMAL, .precision = 10, .shape = PQ_I64 }, { .type = META_FIXED, .type_length = 5 } },
	{ { .type = PQ_BINARY, .shape = PQ_BYTES }, { .type = META_FIXED, .type_length = 3 } },
	{ { .type = PQ_FLOAT, .shape = PQ_F32 }, { .type = META_FIXED, .type_length = 2 } }
};

static void
decode(const uint8_t *p, size_t n, int encoding, size_t kind, size_t step)
{
	struct buf dict = { 0 };
	struct values_dict d = { .there = false };
	struct values_in v = { .c = &kinds[kind].c, .e = &kinds[kind].e, .dict = &d, .limit = 1 << 20 };
	size_t width = pq_shape_size(v.c->shape), i, k, entries = n > 64 ? 4 : 1;
	uint8_t *out = malloc(step * width);
	struct pq_bytes b;

	if (values_dictionary(v.c, v.e, p, n, entries, &dict) == NULL)
		d = (struct values_dict){ dict.p, entries, true };
	if (values_begin(&v, encoding, p, p + n) == NULL) {
		for (i = 0; i < MOST && values_next(&v, step, out) == NULL; i += step) {
			for (k = 0; v.c->shape == PQ_BYTES && k < step; k++) {
				memcpy(&b, out + k * sizeof(b), sizeof(b));
				while (b.n > 0)
					sink += b.p[--b.n];
			}
			values_forget(&v);
		}
	}
	values_free(&v);
	buf_free(&dict);
	free(out);
}

/* A literal of 2^32 bytes, whose length is 0 to libsnappy, which passes it over; we refuse it. */
static bool
wraps(const uint8_t *p, size_t n)
{
	return memmem(p, n, "\xfc\xff\xff\xff\xff", 5) != NULL;
}

static void
expand(const uint8_t *p, size_t n)
{
	size_t size, len;
	uint8_t *a, *b;
	bool ours, theirs;

	if (snappy_uncompressed_length((const char *)p, n, &size) != SNAPPY_OK || size > 1 << 16)
		return;
	a = malloc(size + 1);
	b = malloc(size + 1);
	len = size;
	ours = words_expand(a, size, p, n);
	theirs = snappy_uncompress((const char *)p, n, (char *)b, &len) == SNAPPY_OK && len == size;
	if ((ours != theirs && (ours || !wraps(p, n))) || (ours && memcmp(a, b, size) != 0))
		abort();
	free(a);
	free(b);
}

static void
pack(const uint8_t *p, size_t n, size_t skip)
{
	uint8_t *out = malloc(words_room(n)), *back = malloc(n + 1);
	size_t len = words_pack(out, p, n, skip), size = n;

	if (len > words_room(n) || !words_expand(back, n, out, len) || memcmp(back, p, n) != 0)
		abort();
	if (snappy_uncompress((const char *)out, len, (char *)back, &size) != SNAPPY_OK || size != n ||
	    memcmp(back, p, n) != 0)
		abort();
	free(out);
	free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 3)
		return 0;
	decode(data + 3, n - 3, data[0] % 11, data[1] % (sizeof(kinds) / sizeof(kinds[0])), data[2] + 1u);
	expand(data + 3, n - 3);
	pack(data + 3, n - 3, data[2] % (n - 2));
	return 0;
}

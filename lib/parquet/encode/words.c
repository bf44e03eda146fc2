/* Snappy compression (format: its project's format_description.txt) by values of 8 bytes. */
#include <string.h>

#include "parquet/encode/words.h"
#include "parquet/format/load.h"
#include "parquet/format/varint.h"
#include "simd/simd.h"
#include "simd/snappy.h"

enum {
	WIDTH = 8,
	SLOP = 16,		/* bytes that a fast copy may write past its end */
	LENGTH_MAX = 5		/* bytes of the uncompressed length, of 32 bits */
};

/* ---- packing ---- */

size_t
words_room(size_t n)
{
	return n + n / 4 + 64;
}

size_t
words_pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
	uint8_t *begin = out;

	out = varint_put(out, n);
	return (size_t)(out - begin) + simd.snappy_pack(out, p, n, skip);
}

/* ---- expanding ---- */

/* Copies n bytes from `far` bytes back; may overlap its own output, which then repeats. */
static inline void
copy_back(uint8_t *out, size_t far, size_t n, const uint8_t *limit)
{
	const uint8_t *from = out - far;
	size_t i;

	if (far >= 8 && n <= 64 && limit - out >= 64 + SLOP) {
		for (i = 0; i < n; i += 8)
			store_u64(out + i, load_u64(from + i));
		return;
	}
	for (i = 0; i < n; i++)
		out[i] = from[i];
}

/* Returns the length of the literal whose tag is at p; moves p past the tag. */
static bool
literal_length(const uint8_t **p, const uint8_t *end, size_t *n)
{
	unsigned bytes, i;

	*n = (size_t)(*(*p)++ >> 2);
	if (*n >= 60) {
		bytes = (unsigned)*n - 59;
		if ((size_t)(end - *p) < bytes)
			return false;
		for (*n = i = 0; i < bytes; i++)
			*n |= (size_t)*(*p)++ << 8 * i;
	}
	++*n;
	return *n <= (size_t)(end - *p);
}

/* Returns distance and length of the copy whose tag is at p; moves p past it. */
static bool
copy_parameters(const uint8_t **p, const uint8_t *end, size_t *far, size_t *n)
{
	uint8_t tag = *(*p)++;
	unsigned bytes = (tag & 3) == 3 ? 4 : tag & 3, i;

	if ((size_t)(end - *p) < bytes)
		return false;
	for (*far = i = 0; i < bytes; i++)
		*far |= (size_t)*(*p)++ << 8 * i;
	*n = (size_t)(tag >> 2) + 1;
	if (bytes == 1) {
		*n = (size_t)(tag >> 2 & 7) + 4;
		*far |= (size_t)(tag >> 5) << 8;
	}
	return true;
}

/* Expands values in the form words_pack writes, while they follow one another with slack on both sides. */
static void
expand_values(uint8_t **outp, const uint8_t *begin, const uint8_t *limit, const uint8_t **pp, const uint8_t *end)
{
	uint8_t *out = *outp;
	const uint8_t *p = *pp;
	unsigned low, tag;
	size_t far, n;
	uint64_t mask;

	while (end - p >= 16 && limit - out >= SLOP) {
		if ((p[0] & 3) == 0) {
			low = (p[0] >> 2) + 1u;
			if (low > WIDTH - SNAPPY_LEAST)
				break;
			tag = p[1 + low];
			far = (size_t)(tag >> 5) << 8 | p[2 + low];
			if ((tag & 3) != 1 || (tag >> 2 & 7) + SNAPPY_LEAST + low != WIDTH || far < WIDTH ||
			    far > (size_t)(out - begin))
				break;
			mask = UINT64_MAX << 8 * low;
			store_u64(out, (load_u64(p + 1) & ~mask) | (load_u64(out - far) & mask));
			p += 3 + low;
			out += WIDTH;
			if (low == 1 && far == WIDTH) {
				n = simd.snappy_counted(out, limit, p, end);
				p += 4 * n;
				out += WIDTH * n;
			}
		} else {
			far = (size_t)(p[0] >> 5) << 8 | p[1];
			if ((p[0] & 0x1f) != (1 | (WIDTH - SNAPPY_LEAST) << 2) || far < WIDTH ||
			    far > (size_t)(out - begin))
				break;
			store_u64(out, load_u64(out - far));
			p += 2;
			out += WIDTH;
		}
	}
	*outp = out;
	*pp = p;
}

bool
words_expand(uint8_t *out, size_t size, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *begin = out, *limit = out + size;
	size_t len, far;
	uint64_t stored;

	if (varint_get(&p, end, LENGTH_MAX, &stored) != 1 || stored != size || stored > UINT32_MAX)
		return false;
	for (;;) {
		expand_values(&out, begin, limit, &p, end);
		if (p == end)
			break;
		if ((*p & 3) == 0) {
			if (!literal_length(&p, end, &len) || len > (size_t)(limit - out))
				return false;
			memcpy(out, p, len);
			p += len;
		} else {
			if (!copy_parameters(&p, end, &far, &len) || far == 0 || far > (size_t)(out - begin) ||
			    len > (size_t)(limit - out))
				return false;
			copy_back(out, far, len, limit);
		}
		out += len;
	}
	return out == limit;
}

/* RLE and bit-packed runs. */
#include <string.h>

#include "parquet/encode/bits.h"
#include "parquet/encode/hybrid.h"
#include "parquet/format/varint.h"

enum {
	LEAST_RUN = 16,			/* minimum length of an RLE run */
	BLOCK = 1024,			/* values packed at a time */
	HEADER_MAX = 6			/* maximum bytes of a run's header: counts have 31 bits */
};

void
hybrid_open(struct hybrid_in *h, const uint8_t *p, const uint8_t *end, unsigned width)
{
	memset(h, 0, sizeof(*h));
	h->p = p;
	h->end = end;
	h->width = width;
}

/* Reads the value of an RLE run, stored in whole bytes. */
static bool
get_run_value(struct hybrid_in *h)
{
	unsigned bytes = (h->width + 7) / 8, i;

	if ((size_t)(h->end - h->p) < bytes)
		return false;
	h->value = 0;
	for (i = 0; i < bytes; i++)
		h->value |= (uint32_t)*h->p++ << 8 * i;
	return h->width == 32 || h->value >> h->width == 0;
}

static bool
next_run(struct hybrid_in *h)
{
	uint64_t header, bytes;

	if (h->width == 0 && h->p == h->end) {		/* some writers omit the run if the width is 0 */
		h->packed = NULL;
		h->value = 0;
		h->left = INT32_MAX;
		return true;
	}
	if (varint_get(&h->p, h->end, HEADER_MAX, &header) != 1 || header >> 1 == 0 || header >> 1 > INT32_MAX)
		return false;
	if ((header & 1) == 0) {
		h->packed = NULL;
		h->left = (uint32_t)(header >> 1);
		return get_run_value(h);
	}
	if (header >> 1 > INT32_MAX / 8)
		return false;
	h->packed = h->p;
	h->at = 0;
	h->left = (uint32_t)(header >> 1) * 8;
	bytes = (header >> 1) * h->width;
	if (bytes > (uint64_t)(h->end - h->p)) {	/* some writers truncate the padding of the last group */
		bytes = (uint64_t)(h->end - h->p);
		h->left = (uint32_t)(bytes * 8 / h->width);
		if (h->left == 0)
			return false;
	}
	h->p += bytes;
	h->packed_end = h->p;
	return true;
}

bool
hybrid_next(struct hybrid_in *h, uint32_t *out, size_t n)
{
	size_t k, i;

	for (; n > 0; n -= k, out += k) {
		if (h->left == 0 && !next_run(h))
			return false;
		k = n < h->left ? n : h->left;
		if (h->packed == NULL) {
			for (i = 0; i < k; i++)
				out[i] = h->value;
		} else {
			bits_unpack32(out, h->packed, h->packed_end, h->at, k, h->width);
			h->at += k;
		}
		h->left -= (uint32_t)k;
	}
	return true;
}

/* Expands packed bits to bytes, eight at a time: width 1, the levels of every flat column. */
static void
unpack_flags(uint8_t *out, const uint8_t *p, size_t first, size_t n)
{
	size_t i = 0;
	uint64_t v;

	for (; i < n && (first + i) % 8 != 0; i++)
		out[i] = p[(first + i) / 8] >> (first + i) % 8 & 1;
	for (; i + 8 <= n; i += 8) {
		v = p[(first + i) / 8];
		v = (v | v << 28) & UINT64_C(0x0000000f0000000f);
		v = (v | v << 14) & UINT64_C(0x0003000300030003);
		v = (v | v << 7) & UINT64_C(0x0101010101010101);
		memcpy(out + i, &v, 8);
	}
	for (; i < n; i++)
		out[i] = p[(first + i) / 8] >> (first + i) % 8 & 1;
}

bool
hybrid_next_bytes(struct hybrid_in *h, uint8_t *out, size_t n, unsigned most)
{
	uint32_t v[256], top = 0;
	size_t k, i;

	for (; n > 0; n -= k, out += k) {
		if (h->left == 0 && !next_run(h))
			return false;
		k = n < h->left ? n : h->left;
		if (h->packed == NULL) {
			if (h->value > most)
				return false;
			memset(out, (int)h->value, k);
		} else if (h->width == 1) {
			unpack_flags(out, h->packed, h->at, k);
			h->at += k;
		} else {
			k = k < 256 ? k : 256;
			bits_unpack32(v, h->packed, h->packed_end, h->at, k, h->width);
			h->at += k;
			for (i = 0; i < k; i++) {
				top = v[i] > top ? v[i] : top;
				out[i] = (uint8_t)v[i];
			}
			if (top > most)
				return false;
		}
		h->left -= (uint32_t)k;
	}
	return true;
}

/* ---- writing ---- */

void
hybrid_put_run(struct buf *out, uint32_t v, size_t n, unsigned width)
{
	unsigned i;

	varint_add(out, (uint64_t)n << 1);
	for (i = 0; i < width; i += 8)
		buf_addc(out, (uint8_t)(v >> i));
}

/* Packs n values in groups of eight, the last padded with zeros. */
static void
put_packed(struct buf *out, const uint32_t *v, size_t n, unsigned width)
{
	size_t whole = n / 8 * 8, rest = n - whole;
	uint32_t last[8] = { 0 };
	uint8_t *p;

	if (n == 0)
		return;
	varint_add(out, (uint64_t)((n + 7) / 8) << 1 | 1);
	p = buf_room(out, bits_bytes(n + 8, width) + 8);
	bits_pack32(p, v, whole, width);
	if (rest > 0) {
		memcpy(last, v + whole, rest * sizeof(*last));
		bits_pack32(p + whole / 8 * width, last, 8, width);
	}
	out->len += (n + 7) / 8 * width;
}

/* Returns true if eight values are equal; compares two at a time. */
static inline bool
equal8(const uint32_t *v)
{
	uint64_t two[4];

	memcpy(two, v, sizeof(two));
	return ((two[0] ^ (two[0] << 32 | two[0] >> 32)) | (two[0] ^ two[1]) | (two[0] ^ two[2]) | (two[0] ^ two[3])) ==
	    0;
}

void
hybrid_put(struct buf *out, const uint32_t *v, size_t n, unsigned width)
{
	size_t i, j, begun = 0;

	for (i = 0; i + 8 <= n; i += 8) {
		if (!equal8(v + i))
			continue;
		for (j = i + 8; j < n && v[j] == v[i]; j++)
			;
		if (j - i < LEAST_RUN && j < n)
			continue;
		put_packed(out, v + begun, i - begun, width);
		hybrid_put_run(out, v[i], j - i, width);
		begun = j;
		i = j - 8;
	}
	put_packed(out, v + begun, n - begun, width);
}

/* Packs bytes, a block of whole groups at a time. */
static void
put_packed_bytes(struct buf *out, const uint8_t *v, size_t n, unsigned width)
{
	uint32_t wide[BLOCK];
	size_t i, j, k;
	uint8_t *p;

	if (n == 0)
		return;
	varint_add(out, (uint64_t)((n + 7) / 8) << 1 | 1);
	p = buf_room(out, bits_bytes(n + 8, width) + 8);
	for (i = 0; i < n; i += k, p += (k + 7) / 8 * width) {
		k = n - i < BLOCK ? n - i : BLOCK;
		for (j = 0; j < k; j++)
			wide[j] = v[i + j];
		for (; j % 8 != 0; j++)
			wide[j] = 0;
		bits_pack32(p, wide, j, width);
	}
	out->len += (n + 7) / 8 * width;
}

void
hybrid_put_bytes(struct buf *out, const uint8_t *v, size_t n, unsigned width)
{
	size_t i, j, begun = 0;

	for (i = 0; i < n; i += 8) {
		for (j = i + 1; j < n && v[j] == v[i]; j++)
			;
		if (j - i < LEAST_RUN && j < n)
			continue;
		put_packed_bytes(out, v + begun, i - begun, width);
		hybrid_put_run(out, v[i], j - i, width);
		begun = j;
		i = j - 8;
	}
	put_packed_bytes(out, v + begun, n - begun, width);
}

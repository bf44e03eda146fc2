/* Decoders for values, one per encoding. */
#include <stdio.h>
#include <string.h>

#include "parquet/format/convert.h"
#include "parquet/format/load.h"
#include "parquet/format/types.h"
#include "parquet/read/values.h"

enum {
	BLOCK = 1024,
	/* maximum entries of a dictionary; entries of single bytes would take 16 times their page */
	MOST_ENTRIES = 1 << 26
};

static const char short_page[] = "truncated values in a page";
static const char bad_runs[] = "invalid or truncated runs";
static const char bad_delta[] = "invalid or truncated deltas";
static const char bad_lengths[] = "byte array lengths exceed the page";
static const char bad_index[] = "dictionary index out of range";

static const char *
encoding_name(int encoding)
{
	static const char *const names[] = { "PLAIN", "encoding 1", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED",
	    "DELTA_BINARY_PACKED",
	    "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT", "ALP" };

	return encoding >= 0 && encoding <= 10 ? names[encoding] : "unknown";
}

bool
values_is_indexed(const struct values_in *v)
{
	return v->encoding == META_PLAIN_DICTIONARY || v->encoding == META_RLE_DICTIONARY;
}

const char *
values_begin(struct values_in *v, int encoding, const uint8_t *p, const uint8_t *end)
{
	static char text[80];

	if (!types_has_encoding(v->e->type, encoding)) {
		snprintf(text, sizeof(text), "unsupported encoding: %s", encoding_name(encoding));
		return text;
	}
	v->encoding = encoding;
	v->opened = false;
	v->p = p;
	v->end = end;
	v->bit = 0;
	v->last.len = 0;
	if (values_is_indexed(v) && !v->dict->there)
		return "dictionary indexes without a dictionary";
	return NULL;
}

void
values_forget(struct values_in *v)
{
	if (v->made_bytes > 0)
		pool_free(&v->made);
	v->made_bytes = 0;
}

void
values_free(struct values_in *v)
{
	values_forget(v);
	buf_free(&v->last);
	buf_free(&v->split);
}

/* ---- dictionary and levels ---- */

/* Reassembles BYTE_STREAM_SPLIT to PLAIN. */
static const char *
open_split(struct values_in *v)
{
	size_t width = types_stored(v->e), n, i, k;
	uint8_t *out;

	if (width == 0 || (size_t)(v->end - v->p) % width != 0)
		return short_page;
	n = (size_t)(v->end - v->p) / width;
	v->split.len = 0;
	out = buf_room(&v->split, n * width + 1);
	for (k = 0; k < width; k++)
		for (i = 0; i < n; i++)
			out[i * width + k] = v->p[k * n + i];
	v->p = out;
	v->end = out + n * width;
	v->encoding = META_PLAIN;
	return NULL;
}

static const char *
open_runs(struct values_in *v)
{
	unsigned width = 1;
	uint32_t len;

	if (v->encoding == META_RLE) {
		if (v->end - v->p < 4)
			return short_page;
		len = load_u32(v->p);
		v->p += 4;
		if (len > (size_t)(v->end - v->p))
			return short_page;
		v->end = v->p + len;
	} else {
		if (v->p == v->end)
			return short_page;
		width = *v->p++;
		if (width > 32)
			return "dictionary indexes of more than 32 bits";
	}
	hybrid_open(&v->runs, v->p, v->end, width);
	return NULL;
}

/* Opens DELTA_LENGTH_BYTE_ARRAY: the bytes begin where the lengths end, so these are skipped once. */
static const char *
open_lengths(struct values_in *v, const uint8_t *p)
{
	struct dbp_in pass;

	if (!dbp_open(&v->numbers, p, v->end))
		return bad_delta;
	pass = v->numbers;
	if (!dbp_skip(&pass))
		return bad_delta;
	v->p = pass.p;
	return NULL;
}

static const char *
open_prefixes(struct values_in *v)
{
	struct dbp_in pass;

	if (!dbp_open(&v->prefixes, v->p, v->end))
		return bad_delta;
	pass = v->prefixes;
	if (!dbp_skip(&pass))
		return bad_delta;
	return open_lengths(v, pass.p);
}

static const char *
open_encoding(struct values_in *v)
{
	if (v->opened)
		return NULL;
	v->opened = true;
	switch (v->encoding) {
	case META_BYTE_STREAM_SPLIT:
		return open_split(v);
	case META_RLE:
	case META_PLAIN_DICTIONARY:
	case META_RLE_DICTIONARY:
		return open_runs(v);
	case META_DELTA_BINARY_PACKED:
		return dbp_open(&v->numbers, v->p, v->end) ? NULL : bad_delta;
	case META_DELTA_LENGTH_BYTE_ARRAY:
		return open_lengths(v, v->p);
	case META_DELTA_BYTE_ARRAY:
		return open_prefixes(v);
	default:
		return NULL;
	}
}

/* ---- dictionary ---- */

static uint32_t
greatest(const uint32_t *v, size_t n)
{
	uint32_t most = 0;
	size_t i;

	for (i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	return most;
}

const char *
values_next_index(struct values_in *v, size_t n, uint32_t *out)
{
	const char *bad = open_encoding(v);

	if (bad != NULL)
		return bad;
	if (!hybrid_next(&v->runs, out, n))
		return bad_runs;
	return n > 0 && greatest(out, n) >= v->dict->n ? bad_index : NULL;
}

#define PICK(type)								\
	do {									\
		const type *from = v->dict->values;				\
		type *to = out;							\
		for (i = 0; i < n; i++)						\
			to[i] = from[index[i]];					\
	} while (0)

static void
pick(const struct values_in *v, const uint32_t *index, size_t n, void *out)
{
	size_t i;

	switch (pq_shape_size(v->c->shape)) {
	case 4:
		PICK(uint32_t);
		break;
	case 8:
		PICK(uint64_t);
		break;
	default:
		PICK(u128);
	}
}

static const char *
next_indexed(struct values_in *v, size_t n, uint8_t *out)
{
	size_t width = pq_shape_size(v->c->shape), k;
	uint32_t index[BLOCK];
	const char *bad;

	for (; n > 0; n -= k, out += k * width) {
		k = n < BLOCK ? n : BLOCK;
		if ((bad = values_next_index(v, k, index)) != NULL)
			return bad;
		pick(v, index, k, out);
	}
	return NULL;
}

/* ---- PLAIN ---- */

static const char *
next_bools(struct values_in *v, size_t n, uint8_t *out)
{
	size_t i;

	if ((size_t)(v->end - v->p) * 8 - v->bit < n)
		return short_page;
	for (i = 0; i < n; i++, v->bit++)
		out[i] = v->p[v->bit / 8] >> v->bit % 8 & 1;
	return NULL;
}

/* Makes views of a page's byte arrays. Returns their end, or NULL if the page is too short. */
static const uint8_t *
view_byte_arrays(const uint8_t *p, const uint8_t *end, size_t n, struct pq_bytes *out)
{
	uint32_t len;
	size_t i;

	for (i = 0; i < n; i++) {
		if (end - p < 4)
			return NULL;
		len = load_u32(p);
		p += 4;
		if (len > (size_t)(end - p))
			return NULL;
		out[i] = (struct pq_bytes){ p, len };
		p += len;
	}
	return p;
}

static void
view_fixed(const uint8_t *p, size_t width, size_t n, struct pq_bytes *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = (struct pq_bytes){ p + i * width, width };
}

static const char *
plain_byte_arrays(struct values_in *v, size_t n, void *out)
{
	struct pq_bytes views[BLOCK];
	uint8_t *to = out;
	size_t width = pq_shape_size(v->c->shape), k;
	const char *bad = NULL;

	if (v->c->shape == PQ_BYTES) {
		v->p = view_byte_arrays(v->p, v->end, n, out);
		return v->p == NULL ? (v->p = v->end, short_page) : NULL;
	}
	for (; n > 0 && bad == NULL; n -= k, to += k * width) {
		k = n < BLOCK ? n : BLOCK;
		if ((v->p = view_byte_arrays(v->p, v->end, k, views)) == NULL)
			return v->p = v->end, short_page;
		bad = convert_bytes(v->c, views, k, to);
	}
	return bad;
}

static const char *
next_plain(struct values_in *v, size_t n, void *out)
{
	size_t width = types_stored(v->e);
	const uint8_t *p = v->p;

	if (v->e->type == META_BOOLEAN)
		return next_bools(v, n, out);
	if (v->e->type == META_BYTE_ARRAY)
		return plain_byte_arrays(v, n, out);
	if ((size_t)(v->end - p) / width < n)
		return short_page;
	v->p += n * width;
	if (v->c->shape != PQ_BYTES)
		return convert_fixed(v->c, v->e, p, n, out);
	view_fixed(p, width, n, out);
	return NULL;
}

bool
values_are_stored(const struct pq_column *c, const struct meta_element *e, size_t len, size_t n)
{
	size_t width = types_stored(e);

	return c->shape != PQ_BYTES && c->shape != PQ_U8 && width > 0 && convert_is_copy(c, e) && n <= len / width;
}

const char *
values_dictionary(const struct pq_column *c, const struct meta_element *e, const uint8_t *p, size_t len, size_t n,
    struct buf *out)
{
	struct values_in v = { .c = c, .e = e, .encoding = META_PLAIN, .p = p, .end = p + len };
	size_t least = e->type == META_BYTE_ARRAY ? 4 : types_stored(e);

	if (least == 0 || n > len / least)
		return "truncated dictionary page";
	if (n > MOST_ENTRIES)
		return "a dictionary with too many values";
	out->len = 0;
	return next_plain(&v, n, buf_room(out, n * pq_shape_size(c->shape) + 16));
}

/* ---- the DELTA encodings ---- */

static const char *
next_delta(struct values_in *v, size_t n, uint8_t *out)
{
	bool wide = v->e->type == META_INT64;
	size_t width = pq_shape_size(v->c->shape), k, i;
	int64_t block[BLOCK];
	int32_t narrow[BLOCK];
	const char *bad = NULL;

	if (wide && convert_is_copy(v->c, v->e))
		return dbp_next(&v->numbers, (int64_t *)(void *)out, n) ? NULL : bad_delta;
	for (; n > 0 && bad == NULL; n -= k, out += k * width) {
		k = n < BLOCK ? n : BLOCK;
		if (!dbp_next(&v->numbers, block, k))
			return bad_delta;
		for (i = 0; !wide && i < k; i++)
			narrow[i] = (int32_t)(uint32_t)block[i];
		bad = convert_fixed(v->c, v->e, wide ? (const uint8_t *)block : (const uint8_t *)narrow, k, out);
	}
	return bad;
}

static const char *
view_lengths(struct values_in *v, size_t n, struct pq_bytes *out)
{
	int64_t len[BLOCK];
	size_t k, i;

	for (; n > 0; n -= k, out += k) {
		k = n < BLOCK ? n : BLOCK;
		if (!dbp_next(&v->numbers, len, k))
			return bad_delta;
		for (i = 0; i < k; i++) {
			if (len[i] < 0 || len[i] > v->end - v->p)
				return bad_lengths;
			out[i] = (struct pq_bytes){ v->p, (size_t)len[i] };
			v->p += len[i];
		}
	}
	return NULL;
}

/* Decodes DELTA_BYTE_ARRAY: each value is a prefix of the previous one and a suffix of its own. */
static const char *
make_prefixed(struct values_in *v, size_t n, struct pq_bytes *out)
{
	int64_t prefix;
	struct pq_bytes suffix;
	const char *bad;
	uint8_t *made;
	size_t i, len;

	for (i = 0; i < n; i++) {
		if (!dbp_next(&v->prefixes, &prefix, 1))
			return bad_delta;
		if ((bad = view_lengths(v, 1, &suffix)) != NULL)
			return bad;
		if (prefix < 0 || (uint64_t)prefix > v->last.len)
			return bad_lengths;
		len = (size_t)prefix + suffix.n;
		v->made_bytes += len + 8;
		if (v->made_bytes > v->limit)
			return "values of a batch take more than the limit of a page";
		v->last.len = (size_t)prefix;
		buf_add(&v->last, suffix.p, suffix.n);
		made = pool_alloc(&v->made, len + 1);
		if (len > 0)
			memcpy(made, v->last.p, len);
		out[i] = (struct pq_bytes){ made, len };
	}
	return NULL;
}

static const char *
next_strings(struct values_in *v, size_t n, void *out)
{
	struct pq_bytes views[BLOCK], *to;
	uint8_t *at = out;
	size_t width = pq_shape_size(v->c->shape), k, i;
	const char *bad = NULL;

	for (; n > 0 && bad == NULL; n -= k, at += k * width) {
		k = n < BLOCK ? n : BLOCK;
		to = v->c->shape == PQ_BYTES ? (struct pq_bytes *)(void *)at : views;
		bad = v->encoding == META_DELTA_BYTE_ARRAY ? make_prefixed(v, k, to) : view_lengths(v, k, to);
		for (i = 0; bad == NULL && v->e->type == META_FIXED && i < k; i++)
			if (to[i].n != (size_t)v->e->type_length)
				bad = "a value of the wrong length";
		if (bad == NULL && to == views)
			bad = convert_bytes(v->c, views, k, at);
	}
	return bad;
}

const char *
values_next(struct values_in *v, size_t n, void *out)
{
	const char *bad;

	if (n == 0)
		return NULL;
	if ((bad = open_encoding(v)) != NULL)
		return bad;
	switch (v->encoding) {
	case META_PLAIN:
		return next_plain(v, n, out);
	case META_RLE:
		return hybrid_next_bytes(&v->runs, out, n, 1) ? NULL : bad_runs;
	case META_PLAIN_DICTIONARY:
	case META_RLE_DICTIONARY:
		return next_indexed(v, n, out);
	case META_DELTA_BINARY_PACKED:
		return next_delta(v, n, out);
	default:
		return next_strings(v, n, out);
	}
}

/* Encodes, compresses, checksums and writes pages. */
#include <string.h>

#include "parquet/encode/bits.h"
#include "parquet/encode/codec.h"
#include "parquet/format/convert.h"
#include "parquet/encode/crc.h"
#include "parquet/encode/dbp.h"
#include "parquet/encode/hybrid.h"
#include "parquet/write/writer.h"

static void
put_levels(struct buf *out, const uint8_t *levels, size_t n, unsigned most)
{
	size_t at = out->len;
	uint32_t len;

	buf_add(out, "\0\0\0\0", 4);
	hybrid_put_bytes(out, levels, n, bits_width(most));
	len = (uint32_t)(out->len - at - 4);
	memcpy(out->p + at, &len, 4);
}

/* Like put_levels, for levels that all are the maximum. */
static void
put_full_levels(struct buf *out, size_t n, unsigned most)
{
	size_t at = out->len;
	uint32_t len;

	buf_add(out, "\0\0\0\0", 4);
	hybrid_put_run(out, most, n, bits_width(most));
	len = (uint32_t)(out->len - at - 4);
	memcpy(out->p + at, &len, 4);
}

static void
put_bools(struct buf *out, const uint8_t *v, size_t n)
{
	uint8_t *p = buf_room(out, n / 8 + 1);
	size_t i;

	memset(p, 0, n / 8 + 1);
	for (i = 0; i < n; i++)
		p[i / 8] |= (uint8_t)((v[i] != 0) << i % 8);
	out->len += (n + 7) / 8;
}

/* Writes the low `width` bytes big-endian: each store also writes bytes past them, which the next one overwrites. */
static void
put_decimals(struct buf *out, const i128 *v, size_t n, size_t width)
{
	uint8_t *p = buf_room(out, n * width + sizeof(i128));
	unsigned up = 8 * (unsigned)(sizeof(i128) - width);
	uint64_t high, low;
	size_t i;

	for (i = 0; i < n; i++, p += width) {
		high = __builtin_bswap64((uint64_t)((u128)v[i] << up >> 64));
		low = __builtin_bswap64((uint64_t)((u128)v[i] << up));
		memcpy(p, &high, 8);
		memcpy(p + 8, &low, 8);
	}
	out->len += n * width;
}

static void
put_byte_arrays(struct buf *out, const struct out_column *c, const struct out_page *g)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	const uint8_t *data = c->data.p + g->byte;
	struct pq_bytes v;
	size_t i, total = 4 * g->values;
	uint32_t len;
	uint8_t *p;

	for (i = g->value; i < g->value + g->values; i++)
		total += out_length(c, i);
	p = buf_room(out, total);
	out->len += total;
	for (i = g->value; i < g->value + g->values; i++) {
		v = c->in_dict ? dict_bytes_at(&c->dict, index[i]) : (struct pq_bytes){ data, out_length(c, i) };
		data += v.n;
		len = (uint32_t)v.n;
		memcpy(p, &len, 4);
		memcpy(p + 4, v.p, v.n);
		p += 4 + v.n;
	}
}

/* Returns true if values in memory have PLAIN layout. */
static bool
is_stored(enum pq_shape shape)
{
	return shape != PQ_U8 && shape != PQ_I128 && shape != PQ_BYTES;
}

size_t
out_hint(const struct out_column *c)
{
	return c->store == PQ_I64 ? 8 : c->store == PQ_I128 ? (size_t)c->e->type_length : 0;
}

static void
put_plain(struct buf *out, const struct out_column *c, const struct out_page *g)
{
	size_t width = convert_width(c->store);
	const uint8_t *p = c->data.p + g->value * width;

	switch (c->store) {
	case PQ_U8:
		put_bools(out, p, g->values);
		break;
	case PQ_I128:
		put_decimals(out, (const i128 *)(const void *)p, g->values, (size_t)c->e->type_length);
		break;
	case PQ_BYTES:
		put_byte_arrays(out, c, g);
		break;
	default:
		if (g->values > 0)
			buf_add(out, p, g->values * width);
	}
}

const int64_t *
out_numbers(struct pq_writer *w, const struct out_column *c, size_t value, size_t n)
{
	int64_t *v;
	size_t i;

	w->numbers.len = 0;
	v = (int64_t *)(void *)buf_room(&w->numbers, n * sizeof *v + 8);
	for (i = 0; i < n; i++)
		v[i] = c->store == PQ_I64 ? ((const int64_t *)(const void *)c->data.p)[value + i]
		    : c->store == PQ_I32 ? ((const int32_t *)(const void *)c->data.p)[value + i]
		        : (int64_t)out_length(c, value + i);
	return v;
}

static void
put_delta(struct pq_writer *w, const struct out_column *c, const struct out_page *g)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	struct pq_bytes v;
	size_t i, n = 0;

	dbp_put(&w->body, out_numbers(w, c, g->value, g->values), g->values, c->store != PQ_I64);
	if (c->store != PQ_BYTES)
		return;
	for (i = g->value; i < g->value + g->values; i++) {
		if (c->in_dict) {
			v = dict_bytes_at(&c->dict, index[i]);
			if (v.n > 0)
				buf_add(&w->body, v.p, v.n);
		} else {
			n += out_length(c, i);
		}
	}
	if (n > 0)
		buf_add(&w->body, c->data.p + g->byte, n);
}

/* Returns the dictionary indexes of a page's values. */
static const uint32_t *
indexes(struct pq_writer *w, const struct out_column *c, const struct out_page *g)
{
	if (c->store == PQ_BYTES)
		return (const uint32_t *)(const void *)c->dict.index.p + g->value;
	return dict_fixed_index(&w->dict, c->data.p, g->value, g->values);
}

/*
 * Writes the page header to w->head; it goes before the body compressed at w->waits.p + at. Most headers have the
 * last one's length, for which there is room.
 */
static void
put_head(struct pq_writer *w, const struct meta_page_header *h, size_t at)
{
	size_t n = (size_t)h->compressed;

	w->head.len = 0;
	meta_page_put(h, &w->head);
	if (w->head.len != w->head_size) {
		buf_room(&w->waits, w->head.len);
		memmove(w->waits.p + at - w->head_size + w->head.len, w->waits.p + at, n);
		w->waits.len = at - w->head_size + w->head.len + n;
		at = at - w->head_size + w->head.len;
		w->head_size = w->head.len;
	}
	memcpy(w->waits.p + at - w->head.len, w->head.p, w->head.len);
}

/* Compresses and writes a page; records its offset and size. */
static int
emit_page(struct pq_writer *w, struct meta_page_header *h, const uint8_t *p, size_t n, struct codec_hint hint,
    struct meta_chunk *chunk, uint64_t *offset, size_t *size, struct msg *err)
{
	size_t at;

	out_begin(w);
	*offset = w->pos;
	buf_room(&w->waits, w->head_size);
	w->waits.len += w->head_size;
	at = w->waits.len;
	if (w->codec->pack(w->opt.level, hint, p, n, &w->waits, err) == -1)
		return -1;
	h->uncompressed = (int32_t)n;
	h->compressed = (int32_t)(w->waits.len - at);
	h->has_crc = true;
	h->crc = crc_bytes(w->waits.p + at, (size_t)h->compressed);
	put_head(w, h, at);
	*size = w->head.len + (size_t)h->compressed;
	chunk->compressed += (int64_t)*size;
	chunk->uncompressed += (int64_t)(w->head.len + n);
	return out_added(w, *size, err);
}

int
out_data_page(struct pq_writer *w, const struct out_column *c, const struct out_plan *plan, struct out_page *g,
    struct meta_chunk *chunk, struct msg *err)
{
	struct meta_page_header h = { .type = META_DATA_PAGE, .values = (int32_t)g->entries,
	    .encoding = plan->encoding };
	struct codec_hint hint = { .width = 0 };
	size_t width = convert_width(c->store);

	w->body.len = 0;
	if (c->c->max_rep > 0)
		put_levels(&w->body, c->rep.p + g->entry, g->entries, c->c->max_rep);
	if (c->c->max_def > 0 && c->values == c->entries)
		put_full_levels(&w->body, g->entries, c->c->max_def);
	else if (c->c->max_def > 0)
		put_levels(&w->body, c->def.p + g->entry, g->entries, c->c->max_def);
	if (plan->encoding == META_RLE_DICTIONARY) {
		buf_addc(&w->body, (uint8_t)plan->width);
		hybrid_put(&w->body, indexes(w, c, g), g->values, plan->width);
	} else if (plan->encoding != META_PLAIN) {
		put_delta(w, c, g);
	} else {
		hint = (struct codec_hint){ out_hint(c), w->body.len };
		if (w->body.len == 0 && is_stored(c->store))
			return emit_page(w, &h, c->data.p + g->value * width, g->values * width, hint, chunk,
			    &g->offset,
			    &g->size, err);
		put_plain(&w->body, c, g);
	}
	return emit_page(w, &h, w->body.p, w->body.len, hint, chunk, &g->offset, &g->size, err);
}

int
out_dictionary_page(struct pq_writer *w, const struct out_column *c, struct meta_chunk *chunk, struct msg *err)
{
	size_t n = c->store == PQ_BYTES ? c->dict.n : w->dict.n, size, i;
	struct meta_page_header h = { .type = META_DICTIONARY_PAGE, .values = (int32_t)n, .encoding = META_PLAIN };
	struct pq_bytes v;
	uint64_t offset;
	uint32_t len;

	if (c->store != PQ_BYTES) {
		if (emit_page(w, &h, w->dict.values.p, w->dict.values.len, (struct codec_hint){ .width = out_hint(c) },
		    chunk,
		    &offset, &size, err) == -1)
			return -1;
	} else {
		for (w->body.len = i = 0; i < n; i++) {
			v = dict_bytes_at(&c->dict, (uint32_t)i);
			len = (uint32_t)v.n;
			buf_add(&w->body, &len, 4);
			if (v.n > 0)
				buf_add(&w->body, v.p, v.n);
		}
		if (emit_page(w, &h, w->body.p, w->body.len, (struct codec_hint){ .width = 0 }, chunk, &offset,
		    &size, err) == -1)
			return -1;
	}
	chunk->dict_offset = (int64_t)offset;
	chunk->encodings |= 1u << META_PLAIN;
	chunk->count[chunk->ncounts++] = (struct meta_encoding_count){ META_DICTIONARY_PAGE, META_PLAIN, 1 };
	return 0;
}

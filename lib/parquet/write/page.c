/* Encodes, compresses, checksums and writes pages. */
#include <string.h>

#include "parquet/encode/bits.h"
#include "parquet/encode/dbp.h"
#include "parquet/encode/hybrid.h"
#include "parquet/format/convert.h"
#include "parquet/format/load.h"
#include "parquet/write/page.h"
#include "simd/simd.h"

void
out_pager_free(struct out_pager *w)
{
	buf_free(&w->body);
	buf_free(&w->head);
	buf_free(&w->numbers);
}

static void
put_levels(struct buf *out, const uint8_t *levels, size_t n, unsigned most)
{
	size_t at = out->len;

	buf_add(out, "\0\0\0\0", 4);
	hybrid_put_bytes(out, levels, n, bits_width(most));
	store_u32(out->p + at, (uint32_t)(out->len - at - 4));
}

/* Like put_levels, for levels that all are the maximum. */
static void
put_full_levels(struct buf *out, size_t n, unsigned most)
{
	size_t at = out->len;

	buf_add(out, "\0\0\0\0", 4);
	hybrid_put_run(out, most, n, bits_width(most));
	store_u32(out->p + at, (uint32_t)(out->len - at - 4));
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
	size_t i;

	for (i = 0; i < n; i++, p += width) {
		store_u64(p, __builtin_bswap64((uint64_t)((u128)v[i] << up >> 64)));
		store_u64(p + 8, __builtin_bswap64((uint64_t)((u128)v[i] << up)));
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
	uint8_t *p;

	for (i = g->value; i < g->value + g->values; i++)
		total += out_column_length(c, i);
	p = buf_room(out, total);
	out->len += total;
	for (i = g->value; i < g->value + g->values; i++) {
		v = c->in_dict ? dict_bytes_at(&c->dict, index[i]) : (struct pq_bytes){ data, out_column_length(c, i) };
		data += v.n;
		store_u32(p, (uint32_t)v.n);
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

static void
put_plain(struct buf *out, const struct out_column *c, const struct out_page *g)
{
	size_t width = pq_shape_size(c->store);
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

static void
put_delta(struct out_pager *w, const struct out_column *c, const struct out_page *g)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	struct pq_bytes v;
	size_t i, n = 0;

	dbp_put(&w->body, out_column_numbers(c, g->value, g->values, &w->numbers), g->values, c->store != PQ_I64);
	if (c->store != PQ_BYTES)
		return;
	for (i = g->value; i < g->value + g->values; i++) {
		if (c->in_dict) {
			v = dict_bytes_at(&c->dict, index[i]);
			if (v.n > 0)
				buf_add(&w->body, v.p, v.n);
		} else {
			n += out_column_length(c, i);
		}
	}
	if (n > 0)
		buf_add(&w->body, c->data.p + g->byte, n);
}

/* Returns the dictionary indexes of a page's values. */
static const uint32_t *
indexes(const struct out_column *c, const struct out_plan *plan, const struct out_page *g)
{
	if (c->store == PQ_BYTES)
		return (const uint32_t *)(const void *)c->dict.index.p + g->value;
	return dict_fixed_index(plan->dict, c->data.p, g->value, g->values);
}

/*
 * Writes the page header to w->head; it goes before the body compressed at w->file->waits.p + at. Most headers have the
 * last one's length, for which there is room.
 */
static void
put_head(struct out_pager *w, const struct meta_page_header *h, size_t at)
{
	size_t n = (size_t)h->compressed;

	w->head.len = 0;
	meta_page_put(h, &w->head);
	if (w->head.len != w->head_size) {
		buf_room(&w->file->waits, w->head.len);
		memmove(w->file->waits.p + at - w->head_size + w->head.len, w->file->waits.p + at, n);
		w->file->waits.len = at - w->head_size + w->head.len + n;
		at = at - w->head_size + w->head.len;
		w->head_size = w->head.len;
	}
	memcpy(w->file->waits.p + at - w->head.len, w->head.p, w->head.len);
}

struct body {				/* of a page, before compression */
	const uint8_t *p;
	size_t n;
	struct codec_hint hint;
};

/* Compresses and writes a page. Returns its size with the header, or 0 with err filled. */
static size_t
emit_page(struct out_pager *w, struct meta_page_header *h, const struct body *b, struct meta_chunk *chunk,
    struct msg *err)
{
	struct buf *waits = &w->file->waits;
	size_t at, size;

	buf_room(waits, w->head_size);
	waits->len += w->head_size;
	at = waits->len;
	if (w->codec->pack(w->level, b->hint, b->p, b->n, waits, err) < 0)
		return 0;
	h->uncompressed = (int32_t)b->n;
	h->compressed = (int32_t)(waits->len - at);
	h->has_crc = true;
	h->crc = simd.crc32(waits->p + at, (size_t)h->compressed);
	put_head(w, h, at);
	size = w->head.len + (size_t)h->compressed;
	chunk->compressed += (int64_t)size;
	chunk->uncompressed += (int64_t)(w->head.len + b->n);
	return out_file_added(w->file, size, err) < 0 ? 0 : size;
}

/* Puts a data page's levels into w->body. */
static void
put_page_levels(struct out_pager *w, const struct out_column *c, const struct out_page *g)
{
	w->body.len = 0;
	if (c->c->max_rep > 0)
		put_levels(&w->body, c->rep.p + g->entry, g->entries, c->c->max_rep);
	if (c->c->max_def > 0 && c->values == c->entries)
		put_full_levels(&w->body, g->entries, c->c->max_def);
	else if (c->c->max_def > 0)
		put_levels(&w->body, c->def.p + g->entry, g->entries, c->c->max_def);
}

/* Encodes a data page. Values that are stored as they are in memory stay there if no level precedes them. */
static struct body
data_body(struct out_pager *w, const struct out_column *c, const struct out_plan *plan, const struct out_page *g)
{
	size_t width = pq_shape_size(c->store);
	struct codec_hint hint = { .width = 0 };

	put_page_levels(w, c, g);
	if (plan->encoding == META_RLE_DICTIONARY) {
		buf_addc(&w->body, (uint8_t)plan->width);
		hybrid_put(&w->body, indexes(c, plan, g), g->values, plan->width);
	} else if (plan->encoding != META_PLAIN) {
		put_delta(w, c, g);
	} else {
		hint = (struct codec_hint){ out_column_hint(c), w->body.len };
		if (w->body.len == 0 && is_stored(c->store))
			return (struct body){ c->data.p + g->value * width, g->values * width, hint };
		put_plain(&w->body, c, g);
	}
	return (struct body){ w->body.p, w->body.len, hint };
}

int
out_page_data(struct out_pager *w, const struct out_column *c, const struct out_plan *plan, struct out_page *g,
    struct meta_chunk *chunk, struct msg *err)
{
	struct meta_page_header h = { .type = META_DATA_PAGE, .values = (int32_t)g->entries,
	    .encoding = plan->encoding };
	struct body b = data_body(w, c, plan, g);

	out_file_begin(w->file);
	g->offset = w->file->pos;
	g->size = emit_page(w, &h, &b, chunk, err);
	return g->size == 0 ? -1 : 0;
}

/* Encodes the entries of a dictionary of byte values. */
static void
put_entries(struct buf *out, const struct dict_bytes *d)
{
	struct pq_bytes v;
	uint32_t len, i;

	for (out->len = i = 0; i < d->n; i++) {
		v = dict_bytes_at(d, i);
		len = (uint32_t)v.n;
		buf_add(out, &len, 4);
		if (v.n > 0)
			buf_add(out, v.p, v.n);
	}
}

int
out_page_dictionary(struct out_pager *w, const struct out_column *c, const struct out_plan *plan,
    struct meta_chunk *chunk, struct msg *err)
{
	size_t n = c->store == PQ_BYTES ? c->dict.n : plan->dict->n;
	struct meta_page_header h = { .type = META_DICTIONARY_PAGE, .values = (int32_t)n, .encoding = META_PLAIN };
	struct body b;

	if (c->store == PQ_BYTES) {
		put_entries(&w->body, &c->dict);
		b = (struct body){ w->body.p, w->body.len, { .width = 0 } };
	} else {
		b = (struct body){ plan->dict->values.p, plan->dict->values.len, { .width = out_column_hint(c) } };
	}
	out_file_begin(w->file);
	chunk->dict_offset = (int64_t)w->file->pos;
	chunk->encodings |= 1u << META_PLAIN;
	chunk->count[chunk->ncounts++] = (struct meta_encoding_count){ META_DICTIONARY_PAGE, META_PLAIN, 1 };
	return emit_page(w, &h, &b, chunk, err) == 0 ? -1 : 0;
}

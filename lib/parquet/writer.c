/*
 * The writer. Rows are gathered column by column until a row group is full; then each column chunk is laid out in pages, its dictionary
 * chosen with all its values at hand, and written at once, so that no page waits in memory. Indexes and footer follow at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "parquet/bits.h"
#include "parquet/codec.h"
#include "parquet/convert.h"
#include "parquet/crc.h"
#include "parquet/dbp.h"
#include "parquet/dict.h"
#include "parquet/hybrid.h"
#include "parquet/meta.h"
#include "parquet/schema.h"
#include "parquet/stats.h"
#include "parquet/thrift.h"

enum {
	SLICE_ROWS = 8192,		/* rows taken at a time */
	HEADER_ROOM = 128,		/* a page header before its page */
	SAMPLE_BYTES = 1 << 16,		/* of values, to see how they compress */
	BLOCK = 1024,			/* values brought together at a time */
	MAX_VALUE = 1 << 30		/* bytes of one value */
};

/* Days and microseconds before which Spark asks which calendar a file means: 1582-10-15 and 1900-01-01. */
#define ANCIENT_DAY (-141427)
#define ANCIENT_MICROS INT64_C(-2208988800000000)

struct page {
	size_t entry, entries, value, values, byte;	/* byte: of bytes not in a dictionary, where the values begin */
	uint64_t row, rows;
	struct stats_range range;
	uint64_t offset;				/* in the file */
	size_t size;					/* with its header */
};

struct column {
	const struct pq_column *c;
	const struct meta_element *e;
	enum pq_shape store;		/* how its values are kept: its shape, but decimals stored as INT32 as that */
	struct buf def, rep;
	size_t entries, values;
	struct buf data;		/* fixed width: the values; bytes not in a dictionary: one after another */
	struct buf lens;		/* of those, uint32_t each */
	struct dict_bytes dict;
	bool in_dict;			/* bytes: all values of the row group are in dict */
	uint64_t bytes;			/* of bytes: length of all values */
	/* of the file */
	struct stats_range total;
	struct buf total_min, total_max;	/* what total's bytes point to */
	uint64_t total_entries, total_values;
	size_t at;			/* entries of the vector in pq_write that are taken */
};

struct pq_writer {
	struct pq_sink sink;
	struct pq_options opt;
	struct pq_schema schema;
	struct column *columns;
	size_t ncolumns;
	uint64_t rows, total_rows;	/* of the row group; of those written */
	uint64_t pos;			/* in the file */
	struct meta_group *groups;
	size_t ngroups, groups_cap;
	struct pool pool;		/* chunks, their statistics, keys */
	struct buf column_indexes, offset_indexes;
	struct buf pages;		/* struct page of the chunk */
	struct buf body, packed, head, numbers;
	struct dict_fixed dict;
	struct meta_key *keys;
	size_t nkeys;
	bool failed;
	struct msg err;
};

struct pq_options
pq_defaults(void)
{
	return (struct pq_options){ .codec = PQ_SNAPPY };
}

static int
write_fd(const struct pq_sink *sink, const void *p, size_t n, struct msg *err)
{
	return io_write(sink->fd, p, n, sink->name, err);
}

struct pq_sink
pq_sink_fd(int fd, const char *name)
{
	return (struct pq_sink){ .write = write_fd, .fd = fd, .name = name };
}

/* ---- making and freeing ---- */

static struct pq_bytes
keep(struct pool *pool, const void *p, size_t n)
{
	uint8_t *q = pool_alloc(pool, n + 1);

	if (n > 0)
		memcpy(q, p, n);
	q[n] = '\0';
	return (struct pq_bytes){ q, n };
}

static void
add_key(struct pq_writer *w, const char *key, const char *value)
{
	w->keys = xreallocarray(w->keys, w->nkeys + 1, sizeof *w->keys);
	w->keys[w->nkeys].key = keep(&w->pool, key, strlen(key));
	w->keys[w->nkeys++].value = keep(&w->pool, value, strlen(value));
}

static void
fill_options(struct pq_options *o)
{
	if (o->row_group_rows == 0)
		o->row_group_rows = 1 << 20;
	if (o->row_group_bytes == 0)
		o->row_group_bytes = (size_t)128 << 20;
	if (o->page_rows == 0)
		o->page_rows = 20000;
	if (o->page_bytes == 0)
		o->page_bytes = 1 << 20;
	if (o->page_bytes > MAX_VALUE)
		o->page_bytes = MAX_VALUE;
}

int
pq_create(struct pq_writer **wp, const struct pq_sink *sink, const struct pq_field *fields, size_t nfields,
    const struct pq_options *opt, struct msg *err)
{
	struct pq_writer *w = xcalloc(1, sizeof *w);
	size_t i;

	*wp = NULL;
	w->sink = *sink;
	w->opt = *opt;
	fill_options(&w->opt);
	if (pq_schema_from_fields(&w->schema, fields, nfields, sink->name, err) == -1) {
		pq_writer_free(w);
		return -1;
	}
	w->ncolumns = w->schema.ncolumns;
	w->columns = xcalloc(w->ncolumns, sizeof *w->columns);
	for (i = 0; i < w->ncolumns; i++) {
		w->columns[i].c = &w->schema.columns[i];
		w->columns[i].e = &w->schema.elements[i];
		w->columns[i].store = w->columns[i].e->type == META_INT32 ? PQ_I32 : w->columns[i].c->shape;
		w->columns[i].in_dict = true;
	}
	for (i = 0; opt->keys != NULL && opt->keys[i] != NULL && opt->keys[i + 1] != NULL; i += 2)
		add_key(w, opt->keys[i], opt->keys[i + 1]);
	*wp = w;
	return 0;
}

void
pq_writer_free(struct pq_writer *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < w->ncolumns; i++) {
		buf_free(&w->columns[i].def);
		buf_free(&w->columns[i].rep);
		buf_free(&w->columns[i].data);
		buf_free(&w->columns[i].lens);
		buf_free(&w->columns[i].total_min);
		buf_free(&w->columns[i].total_max);
		dict_bytes_free(&w->columns[i].dict);
	}
	free(w->columns);
	free(w->groups);
	free(w->keys);
	buf_free(&w->column_indexes);
	buf_free(&w->offset_indexes);
	buf_free(&w->pages);
	buf_free(&w->body);
	buf_free(&w->packed);
	buf_free(&w->head);
	buf_free(&w->numbers);
	dict_fixed_free(&w->dict);
	pool_free(&w->pool);
	pq_schema_free(&w->schema);
	free(w);
}

static int
emit(struct pq_writer *w, const void *p, size_t n, struct msg *err)
{
	if (w->pos == 0) {
		w->pos = 4;
		if (w->sink.write(&w->sink, "PAR1", 4, err) == -1)
			return -1;
	}
	w->pos += n;
	return n == 0 ? 0 : w->sink.write(&w->sink, p, n, err);
}

/* ---- pages: their bodies ---- */

static inline uint32_t
length_at(const struct column *c, size_t value)
{
	if (c->in_dict)
		return c->dict.entries[((const uint32_t *)(const void *)c->dict.index.p)[value]].len;
	return ((const uint32_t *)(const void *)c->lens.p)[value];
}

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

/* The same where all of them are the greatest. */
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

static void
put_decimals(struct buf *out, const i128 *v, size_t n, size_t width)
{
	uint8_t *p = buf_room(out, n * width);
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = width; k-- > 0; p++)
			*p = (uint8_t)(v[i] >> 8 * k);
	out->len += n * width;
}

static void
put_byte_arrays(struct buf *out, const struct column *c, const struct page *g)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	const uint8_t *data = c->data.p + g->byte;
	struct pq_bytes v;
	uint32_t len;
	size_t i;

	for (i = g->value; i < g->value + g->values; i++) {
		v = c->in_dict ? dict_bytes_at(&c->dict, index[i]) : (struct pq_bytes){ data, length_at(c, i) };
		data += v.n;
		len = (uint32_t)v.n;
		buf_add(out, &len, 4);
		if (v.n > 0)
			buf_add(out, v.p, v.n);
	}
}

static void
put_plain(struct buf *out, const struct column *c, const struct page *g)
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

/* The values as 64-bit integers in w->numbers. */
static const int64_t *
as_numbers(struct pq_writer *w, const struct column *c, size_t value, size_t n)
{
	int64_t *v;
	size_t i;

	w->numbers.len = 0;
	v = (int64_t *)(void *)buf_room(&w->numbers, n * sizeof *v + 8);
	for (i = 0; i < n; i++)
		v[i] = c->store == PQ_I64 ? ((const int64_t *)(const void *)c->data.p)[value + i]
		    : c->store == PQ_I32 ? ((const int32_t *)(const void *)c->data.p)[value + i] : (int64_t)length_at(c, value + i);
	return v;
}

static void
put_delta(struct pq_writer *w, const struct column *c, const struct page *g)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	struct pq_bytes v;
	size_t i, n = 0;

	dbp_put(&w->body, as_numbers(w, c, g->value, g->values), g->values, c->store != PQ_I64);
	if (c->store != PQ_BYTES)
		return;
	for (i = g->value; i < g->value + g->values; i++) {
		if (c->in_dict) {
			v = dict_bytes_at(&c->dict, index[i]);
			if (v.n > 0)
				buf_add(&w->body, v.p, v.n);
		} else {
			n += length_at(c, i);
		}
	}
	if (n > 0)
		buf_add(&w->body, c->data.p + g->byte, n);
}

/* Compresses and writes a page; fills in where it stands and what it takes. */
static int
emit_page(struct pq_writer *w, struct meta_page_header *h, const uint8_t *p, size_t n, struct codec_hint hint,
    struct meta_chunk *chunk, uint64_t *offset, size_t *size, struct msg *err)
{
	size_t begin;

	w->packed.len = 0;
	buf_room(&w->packed, HEADER_ROOM);
	w->packed.len = HEADER_ROOM;
	if (codec_pack(chunk->codec, w->opt.level, hint, p, n, &w->packed, err) == -1)
		return -1;
	h->uncompressed = (int32_t)n;
	h->compressed = (int32_t)(w->packed.len - HEADER_ROOM);
	h->has_crc = true;
	h->crc = crc_bytes(w->packed.p + HEADER_ROOM, (size_t)h->compressed);
	w->head.len = 0;
	meta_page_put(h, &w->head);
	begin = HEADER_ROOM - w->head.len;
	memcpy(w->packed.p + begin, w->head.p, w->head.len);
	*offset = w->pos == 0 ? 4 : w->pos;
	*size = w->packed.len - begin;
	chunk->compressed += (int64_t)*size;
	chunk->uncompressed += (int64_t)(w->head.len + n);
	return emit(w, w->packed.p + begin, *size, err);
}

/* How the values of a chunk are stored. */
struct plan {
	int encoding;		/* of data pages */
	const uint32_t *index;	/* RLE_DICTIONARY: of each value */
	unsigned width;
};

static int
emit_data_page(struct pq_writer *w, const struct column *c, const struct plan *plan, struct page *g, struct meta_chunk *chunk, struct msg *err)
{
	struct meta_page_header h = { .type = META_DATA_PAGE, .values = (int32_t)g->entries, .encoding = plan->encoding };
	struct codec_hint hint = { .words = false };

	w->body.len = 0;
	if (c->c->max_rep > 0)
		put_levels(&w->body, c->rep.p + g->entry, g->entries, c->c->max_rep);
	if (c->c->max_def > 0 && c->values == c->entries)
		put_full_levels(&w->body, g->entries, c->c->max_def);
	else if (c->c->max_def > 0)
		put_levels(&w->body, c->def.p + g->entry, g->entries, c->c->max_def);
	if (plan->encoding == META_RLE_DICTIONARY) {
		buf_addc(&w->body, (uint8_t)plan->width);
		hybrid_put(&w->body, plan->index + g->value, g->values, plan->width);
	} else if (plan->encoding != META_PLAIN) {
		put_delta(w, c, g);
	} else {
		hint = (struct codec_hint){ c->store == PQ_I64, w->body.len };
		put_plain(&w->body, c, g);
	}
	return emit_page(w, &h, w->body.p, w->body.len, hint, chunk, &g->offset, &g->size, err);
}

/* ---- chunks: pages laid out, statistics ---- */

static bool
is_value(const struct column *c, size_t entry)
{
	return c->c->max_def == 0 || c->def.p[entry] == c->c->max_def;
}

static size_t
count_values(const struct column *c, size_t entry, size_t n)
{
	size_t i, values = 0;

	if (c->values == c->entries)
		return n;
	for (i = entry; i < entry + n; i++)
		values += c->def.p[i] == c->c->max_def;
	return values;
}

/* Do 'rows' values fit a page whatever they are? */
static bool
bytes_fit(const struct column *c, uint32_t rows, size_t most)
{
	size_t i, longest = 0;

	if (c->store != PQ_BYTES || c->bytes + 4 * c->values <= most)
		return true;
	if (!c->in_dict || c->dict.n > 4096)
		return false;
	for (i = 0; i < c->dict.n; i++)
		longest = c->dict.entries[i].len > longest ? c->dict.entries[i].len : longest;
	return (longest + 4) * rows <= most;
}

/* The end of a page that begins at the entry, row by row. */
static size_t
walk_page(const struct pq_writer *w, const struct column *c, size_t entry, size_t value, uint64_t *rows)
{
	size_t bytes = 0, i;

	*rows = 0;
	for (i = entry; i < c->entries; i++) {
		if (c->c->max_rep == 0 || c->rep.p[i] == 0) {
			if (*rows == w->opt.page_rows || bytes >= w->opt.page_bytes)
				break;
			++*rows;
		}
		if (is_value(c, i))
			bytes += c->store == PQ_BYTES ? 4 + length_at(c, value++) : convert_width(c->store);
	}
	return i - entry;
}

static void
range_of_bytes(struct column *c, struct page *g, uint32_t *seen, uint32_t stamp, size_t *byte)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	struct pq_bytes v;
	size_t i;

	for (i = g->value; i < g->value + g->values; i++) {
		if (c->in_dict) {
			if (seen[index[i]] == stamp)
				continue;
			seen[index[i]] = stamp;
			v = dict_bytes_at(&c->dict, index[i]);
		} else {
			v = (struct pq_bytes){ c->data.p + *byte, length_at(c, i) };
			*byte += v.n;
		}
		stats_add(&g->range, PQ_BYTES, &v, 1);
	}
}

/* Divides the chunk into w->pages, each with the range of its values; returns how many, and the range of all. */
static size_t
lay_out(struct pq_writer *w, struct column *c, struct stats_range *all)
{
	size_t entry = 0, value = 0, byte = 0, npages = 0, width = convert_width(c->store);
	bool walk = c->c->max_rep > 0 || !bytes_fit(c, w->opt.page_rows, w->opt.page_bytes);
	uint64_t row = 0, most = c->store == PQ_BYTES || w->opt.page_bytes / width > w->opt.page_rows ? w->opt.page_rows : w->opt.page_bytes / width;
	uint32_t *seen = NULL;
	struct page *g;

	*all = (struct stats_range){ .any = false };
	if (c->store == PQ_BYTES && c->in_dict)
		seen = xcalloc(c->dict.n + 1, sizeof *seen);
	for (w->pages.len = 0; entry < c->entries; npages++) {
		g = (struct page *)(void *)buf_room(&w->pages, sizeof *g);
		w->pages.len += sizeof *g;
		*g = (struct page){ .entry = entry, .value = value, .byte = byte, .row = row };
		if (walk) {
			g->entries = walk_page(w, c, entry, value, &g->rows);
		} else {
			g->entries = c->entries - entry < most ? c->entries - entry : most == 0 ? 1 : most;
			g->rows = g->entries;
		}
		g->values = count_values(c, entry, g->entries);
		if (c->store == PQ_BYTES)
			range_of_bytes(c, g, seen, (uint32_t)npages + 1, &byte);
		else
			stats_add(&g->range, c->store, c->data.p + value * width, g->values);
		stats_merge(all, c->store, &g->range);
		entry += g->entries;
		value += g->values;
		row += g->rows;
	}
	free(seen);
	return npages;
}

/* A bound for the file in *b; false where there is none that is short enough. */
static bool
put_bound(struct pq_writer *w, const struct column *c, const struct stats_range *r, bool max, struct pq_bytes *b, bool *exact)
{
	const union pq_value *v = max ? &r->max : &r->min;
	bool string = c->c->type == PQ_STRING;
	struct buf cut = { NULL, 0, 0 };
	uint8_t plain[16];

	*exact = true;
	if (c->store != PQ_BYTES) {
		*b = keep(&w->pool, plain, stats_put(plain, c->e, c->store, v, max));
	} else if (!max) {
		*b = keep(&w->pool, v->b.p, stats_cut_min(v->b, string, exact));
	} else {
		if (!stats_cut_max(v->b, string, &cut, exact)) {
			buf_free(&cut);
			return false;
		}
		*b = keep(&w->pool, cut.p, cut.len);
		buf_free(&cut);
	}
	return true;
}

static bool
has_bounds(const struct stats_range *r)
{
	return r->any && !r->nan;
}

static void
put_stats(struct pq_writer *w, const struct column *c, const struct stats_range *r, struct meta_stats *s)
{
	bool min_exact, max_exact;

	*s = (struct meta_stats){ .nulls = (int64_t)(c->entries - c->values), .nans = -1, .min_exact = -1, .max_exact = -1 };
	if (!has_bounds(r) || !put_bound(w, c, r, true, &s->max, &max_exact) || !put_bound(w, c, r, false, &s->min, &min_exact)) {
		s->min.p = s->max.p = NULL;
		return;
	}
	s->min_exact = min_exact;
	s->max_exact = max_exact;
	if (c->store == PQ_I32 || c->store == PQ_I64) {
		s->old_min = s->min;
		s->old_max = s->max;
	}
}

/* The file's statistics, for pq_written_stats. */
static void
add_total(struct column *c, const struct stats_range *r)
{
	struct stats_range old = c->total;

	c->total_entries += c->entries;
	c->total_values += c->values;
	stats_merge(&c->total, c->store, r);
	if (c->store != PQ_BYTES || !c->total.any)
		return;
	if (!old.any || c->total.min.b.p != old.min.b.p) {
		c->total_min.len = 0;
		buf_room(&c->total_min, c->total.min.b.n + 1);
		if (c->total.min.b.n > 0)
			buf_add(&c->total_min, c->total.min.b.p, c->total.min.b.n);
		c->total.min.b.p = c->total_min.p;
	}
	if (!old.any || c->total.max.b.p != old.max.b.p) {
		c->total_max.len = 0;
		buf_room(&c->total_max, c->total.max.b.n + 1);
		if (c->total.max.b.n > 0)
			buf_add(&c->total_max, c->total.max.b.p, c->total.max.b.n);
		c->total.max.b.p = c->total_max.p;
	}
}

/* ---- the page index: PageIndex.md ---- */

/* 1 ascending, 2 descending, 0 neither; pages of nulls only do not count. */
static int
boundary_order(const struct column *c, const struct page *g, size_t n)
{
	const struct stats_range *last = NULL;
	bool up = true, down = true;
	size_t i;
	int min, max;

	for (i = 0; i < n; i++) {
		if (!g[i].range.any)
			continue;
		if (last != NULL) {
			min = stats_compare(c->store, &last->min, &g[i].range.min);
			max = stats_compare(c->store, &last->max, &g[i].range.max);
			up &= min <= 0 && max <= 0;
			down &= min >= 0 && max >= 0;
		}
		last = &g[i].range;
	}
	return up ? 1 : down ? 2 : 0;
}

static void
put_bounds_list(struct thrift_out *o, int id, const struct pq_bytes *b, size_t n)
{
	size_t i;

	thrift_put_list(o, id, THRIFT_BINARY, n);
	for (i = 0; i < n; i++)
		thrift_elem_bytes(o, b[i].p, b[i].n);
}

/* The column index, where every page with values has bounds: a doubtful one is worse than none. */
static void
put_column_index(struct pq_writer *w, const struct column *c, const struct page *g, size_t n, struct meta_chunk *chunk)
{
	struct pq_bytes *bounds = xcalloc(2 * n, sizeof *bounds);
	size_t begin = w->column_indexes.len, i;
	struct thrift_out o;
	bool exact, whole = true;

	for (i = 0; i < n && whole; i++)
		if (g[i].values > 0)
			whole = has_bounds(&g[i].range) && put_bound(w, c, &g[i].range, false, &bounds[i], &exact) &&
			    put_bound(w, c, &g[i].range, true, &bounds[n + i], &exact);
	if (whole) {
		thrift_start(&o, &w->column_indexes);
		thrift_put_list(&o, 1, THRIFT_TRUE, n);
		for (i = 0; i < n; i++)
			thrift_elem_put_bool(&o, g[i].values == 0);
		put_bounds_list(&o, 2, bounds, n);
		put_bounds_list(&o, 3, bounds + n, n);
		thrift_put_i32(&o, 4, boundary_order(c, g, n));
		thrift_put_list(&o, 5, THRIFT_I64, n);
		for (i = 0; i < n; i++)
			thrift_elem_int(&o, (int64_t)(g[i].entries - g[i].values));
		thrift_end(&o);
		chunk->column_index = (int64_t)begin + 1;	/* made a place in the file by place_indexes */
		chunk->column_index_len = (int32_t)(w->column_indexes.len - begin);
	}
	free(bounds);
}

static void
put_offset_index(struct pq_writer *w, const struct page *g, size_t n, struct meta_chunk *chunk)
{
	size_t begin = w->offset_indexes.len, i;
	struct thrift_out o;

	thrift_start(&o, &w->offset_indexes);
	thrift_put_list(&o, 1, THRIFT_STRUCT, n);
	for (i = 0; i < n; i++) {
		thrift_elem_struct(&o);
		thrift_put_i64(&o, 1, (int64_t)g[i].offset);
		thrift_put_i32(&o, 2, (int32_t)g[i].size);
		thrift_put_i64(&o, 3, (int64_t)g[i].row);
		thrift_end(&o);
	}
	thrift_end(&o);
	chunk->offset_index = (int64_t)begin + 1;
	chunk->offset_index_len = (int32_t)(w->offset_indexes.len - begin);
}

/* ---- chunks: dictionary or not ---- */

/* Bytes the values would take without a dictionary, from how the first ones compress. */
static int
plain_size(struct pq_writer *w, const struct column *c, double *size, struct msg *err)
{
	size_t width = convert_width(c->store), n = SAMPLE_BYTES / width < c->values ? SAMPLE_BYTES / width : c->values;
	size_t begin = c->values > 4 * n ? c->values / 2 : 0;
	bool delta = w->opt.delta_encodings && (c->store == PQ_I32 || c->store == PQ_I64);

	w->packed.len = 0;
	if (delta)
		dbp_put(&w->packed, as_numbers(w, c, begin, n), n, c->store == PQ_I32);
	else if (codec_pack((int[]){ META_UNCOMPRESSED, META_SNAPPY, META_GZIP, META_ZSTD }[w->opt.codec], w->opt.level,
	    (struct codec_hint){ c->store == PQ_I64, 0 }, c->data.p + begin * width, n * width, &w->packed, err) == -1)
		return -1;
	*size = (double)w->packed.len * (double)c->values / (double)n;
	return 0;
}

static bool
plan_bytes(const struct column *c, struct plan *plan)
{
	double index;

	if (!c->in_dict || c->dict.n == 0)
		return false;
	plan->width = bits_width(c->dict.n - 1);
	index = (double)c->values * plan->width / 8;
	plan->index = (const uint32_t *)(const void *)c->dict.index.p;
	return (double)c->dict.data.len + 4.0 * (double)c->dict.n + index < (double)c->bytes + 4.0 * (double)c->values;
}

static int
plan_chunk(struct pq_writer *w, const struct column *c, const struct stats_range *range, struct plan *plan, struct msg *err)
{
	bool dict = false;
	double plain;

	*plan = (struct plan){ .encoding = META_PLAIN };
	if (c->store == PQ_BYTES) {
		dict = plan_bytes(c, plan);
	} else if (c->store != PQ_U8 && c->store != PQ_I128 && c->values > 1) {
		if (plain_size(w, c, &plain, err) == -1)
			return -1;
		dict = dict_fixed_build(&w->dict, c->store, c->data.p, c->values, range, plain, w->opt.codec != PQ_UNCOMPRESSED);
		plan->index = (const uint32_t *)(const void *)w->dict.index.p;
		plan->width = dict ? bits_width(w->dict.n - 1) : 0;
	}
	if (dict) {
		plan->encoding = META_RLE_DICTIONARY;
		plan->width = plan->width == 0 ? 1 : plan->width;	/* a width of 0 is legal, and a trap for others */
	} else if (w->opt.delta_encodings && c->store == PQ_BYTES) {
		plan->encoding = META_DELTA_LENGTH_BYTE_ARRAY;
	} else if (w->opt.delta_encodings && (c->store == PQ_I32 || c->store == PQ_I64)) {
		plan->encoding = META_DELTA_BINARY_PACKED;
	}
	return 0;
}

static int
emit_dictionary(struct pq_writer *w, const struct column *c, struct meta_chunk *chunk, struct msg *err)
{
	size_t n = c->store == PQ_BYTES ? c->dict.n : w->dict.n, size, i;
	struct meta_page_header h = { .type = META_DICTIONARY_PAGE, .values = (int32_t)n, .encoding = META_PLAIN };
	struct pq_bytes v;
	uint64_t offset;
	uint32_t len;

	if (c->store != PQ_BYTES) {
		if (emit_page(w, &h, w->dict.values.p, w->dict.values.len, (struct codec_hint){ c->store == PQ_I64, 0 }, chunk, &offset, &size, err) == -1)
			return -1;
	} else {
		for (w->body.len = i = 0; i < n; i++) {
			v = dict_bytes_at(&c->dict, (uint32_t)i);
			len = (uint32_t)v.n;
			buf_add(&w->body, &len, 4);
			if (v.n > 0)
				buf_add(&w->body, v.p, v.n);
		}
		if (emit_page(w, &h, w->body.p, w->body.len, (struct codec_hint){ .words = false }, chunk, &offset, &size, err) == -1)
			return -1;
	}
	chunk->dict_offset = (int64_t)offset;
	chunk->encodings |= 1u << META_PLAIN;
	chunk->count[chunk->ncounts++] = (struct meta_encoding_count){ META_DICTIONARY_PAGE, META_PLAIN, 1 };
	return 0;
}

static int
emit_chunk(struct pq_writer *w, struct column *c, struct meta_chunk *chunk, struct msg *err)
{
	static const int codecs[] = { META_UNCOMPRESSED, META_SNAPPY, META_GZIP, META_ZSTD };
	struct stats_range range;
	struct plan plan;
	struct page *pages;
	size_t n = lay_out(w, c, &range), i;

	pages = (struct page *)(void *)w->pages.p;
	*chunk = (struct meta_chunk){ .type = c->e->type, .codec = codecs[w->opt.codec], .num_values = (int64_t)c->entries };
	if (plan_chunk(w, c, &range, &plan, err) == -1)
		return -1;
	if (plan.encoding == META_RLE_DICTIONARY && emit_dictionary(w, c, chunk, err) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (emit_data_page(w, c, &plan, &pages[i], chunk, err) == -1)
			return -1;
	chunk->data_offset = (int64_t)pages[0].offset;
	chunk->encodings |= 1u << plan.encoding;
	if (c->c->max_def > 0 || c->c->max_rep > 0)
		chunk->encodings |= 1u << META_RLE;
	chunk->count[chunk->ncounts++] = (struct meta_encoding_count){ META_DATA_PAGE, plan.encoding, (int32_t)n };
	put_stats(w, c, &range, &chunk->stats);
	put_column_index(w, c, pages, n, chunk);
	put_offset_index(w, pages, n, chunk);
	add_total(c, &range);
	return 0;
}

/* ---- row groups ---- */

static void
clear_column(struct column *c)
{
	c->def.len = c->rep.len = c->data.len = c->lens.len = 0;
	c->entries = c->values = 0;
	c->bytes = 0;
	dict_bytes_clear(&c->dict);
	c->in_dict = true;
}

static int
flush_group(struct pq_writer *w, struct msg *err)
{
	struct meta_group *g;
	size_t i;

	if (w->ngroups == w->groups_cap) {
		w->groups_cap = w->groups_cap == 0 ? 8 : w->groups_cap * 2;
		w->groups = xreallocarray(w->groups, w->groups_cap, sizeof *w->groups);
	}
	g = &w->groups[w->ngroups];
	*g = (struct meta_group){ .rows = (int64_t)w->rows, .offset = w->pos == 0 ? 4 : (int64_t)w->pos };
	g->chunks = pool_alloc(&w->pool, w->ncolumns * sizeof *g->chunks);
	for (i = 0; i < w->ncolumns; i++) {
		if (emit_chunk(w, &w->columns[i], &g->chunks[i], err) == -1)
			return -1;
		g->total_bytes += g->chunks[i].uncompressed;
		g->compressed += g->chunks[i].compressed;
		clear_column(&w->columns[i]);
	}
	w->ngroups++;
	w->total_rows += w->rows;
	w->rows = 0;
	return 0;
}

static size_t
buffered(const struct pq_writer *w)
{
	const struct column *c;
	size_t n = 0, i;

	for (i = 0; i < w->ncolumns; i++) {
		c = &w->columns[i];
		n += c->def.len + c->rep.len + c->data.len + c->lens.len + c->dict.data.len + c->dict.index.len;
	}
	return n;
}

/* ---- taking rows in ---- */

/* Brings the values of n entries together behind those there are. */
#define GATHER(type, from, field)						\
	do {									\
		type *out = (type *)(void *)buf_room(&c->data, n * sizeof *out);	\
		const from *in = v->v.field + at;				\
		for (i = 0; i < n; i++) {					\
			out[k] = (type)in[i];					\
			k += def[i] == most;					\
		}								\
		c->data.len += k * sizeof *out;					\
	} while (0)

#define COPY(type, from, field)							\
	do {									\
		type *out = (type *)(void *)buf_room(&c->data, n * sizeof *out);	\
		const from *in = v->v.field + at;				\
		for (i = 0; i < n; i++)						\
			out[i] = (type)in[i];					\
		c->data.len += n * sizeof *out;					\
	} while (0)

static void
take_all(struct column *c, const struct pq_vector *v, size_t at, size_t n)
{
	size_t i;

	switch (c->c->shape) {
	case PQ_U8: COPY(uint8_t, uint8_t, u8); break;
	case PQ_I32: COPY(int32_t, int32_t, i32); break;
	case PQ_I64:
		if (c->store == PQ_I32)
			COPY(int32_t, int64_t, i64);
		else
			COPY(int64_t, int64_t, i64);
		break;
	case PQ_I128: COPY(i128, i128, i128); break;
	case PQ_F32: COPY(float, float, f32); break;
	default: COPY(double, double, f64);
	}
	c->values += n;
}

/* An unused slot behind the last value is written when entries end in nulls; buf_room gave it. */
static void
take_present(struct column *c, const struct pq_vector *v, size_t at, size_t n)
{
	const uint8_t *def = v->def + at;
	uint8_t most = c->c->max_def;
	size_t i, k = 0;

	switch (c->c->shape) {
	case PQ_U8: GATHER(uint8_t, uint8_t, u8); break;
	case PQ_I32: GATHER(int32_t, int32_t, i32); break;
	case PQ_I64:
		if (c->store == PQ_I32)
			GATHER(int32_t, int64_t, i64);
		else
			GATHER(int64_t, int64_t, i64);
		break;
	case PQ_I128: GATHER(i128, i128, i128); break;
	case PQ_F32: GATHER(float, float, f32); break;
	default: GATHER(double, double, f64);
	}
	c->values += k;
}

static void
add_raw(struct column *c, const struct pq_bytes *v, size_t n)
{
	uint32_t *lens = (uint32_t *)(void *)buf_room(&c->lens, n * sizeof *lens);
	size_t i;

	for (i = 0; i < n; i++) {
		lens[i] = (uint32_t)v[i].n;
		if (v[i].n > 0)
			buf_add(&c->data, v[i].p, v[i].n);
	}
	c->lens.len += n * sizeof *lens;
}

/* The dictionary does not pay: its values one after another instead. */
static void
leave_dictionary(struct column *c)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	struct pq_bytes v;
	size_t i;

	for (i = 0; i < c->dict.nvalues; i++) {
		v = dict_bytes_at(&c->dict, index[i]);
		add_raw(c, &v, 1);
	}
	dict_bytes_clear(&c->dict);
	c->in_dict = false;
}

static void
add_bytes(struct column *c, const struct pq_bytes *v, size_t n)
{
	size_t took = 0, i;

	for (i = 0; i < n; i++)
		c->bytes += v[i].n;
	if (c->in_dict && (took = dict_bytes_add(&c->dict, v, n)) < n)
		leave_dictionary(c);
	if (took < n)
		add_raw(c, v + took, n - took);
	c->values += n;
}

static void
take_bytes(struct column *c, const struct pq_vector *v, size_t at, size_t n)
{
	struct pq_bytes block[BLOCK];
	size_t i, j, k;

	if (v->def == NULL || c->c->max_def == 0) {
		add_bytes(c, v->v.bytes + at, n);
		return;
	}
	for (i = 0; i < n; i += BLOCK) {
		for (j = i, k = 0; j < n && j < i + BLOCK; j++)
			if (v->def[at + j] == c->c->max_def)
				block[k++] = v->v.bytes[at + j];
		add_bytes(c, block, k);
	}
}

static int
take(struct pq_writer *w, struct column *c, const struct pq_vector *v, size_t n, struct msg *err)
{
	size_t at = c->at, i;
	uint8_t most = 0;

	if (c->c->max_def > 0) {
		uint8_t *def = buf_room(&c->def, n + 1);

		if (v->def != NULL) {
			memcpy(def, v->def + at, n);
			for (i = 0; i < n; i++)
				most = def[i] > most ? def[i] : most;
		} else {
			memset(def, c->c->max_def, n);
		}
		c->def.len += n;
	}
	if (c->c->max_rep > 0) {
		uint8_t *rep = buf_room(&c->rep, n + 1);

		memcpy(rep, v->rep + at, n);
		for (i = 0; i < n; i++)
			if (rep[i] > c->c->max_rep)
				most = UINT8_MAX;
		c->rep.len += n;
	}
	if (most > c->c->max_def)
		return msg_set(err, EX_SOFTWARE, "%s: column %s: a level above its greatest", w->sink.name, msg_quotes(c->c->path));
	if (c->store == PQ_BYTES)
		take_bytes(c, v, at, n);
	else if (v->def == NULL || c->c->max_def == 0)
		take_all(c, v, at, n);
	else
		take_present(c, v, at, n);
	c->entries += n;
	c->at += n;
	return 0;
}

/* Entries that the next rows of a vector take. */
static size_t
entries_of(const struct column *c, const struct pq_vector *v, size_t rows)
{
	size_t i;

	if (c->c->max_rep == 0)
		return rows;
	for (i = c->at; i < v->n; i++)
		if (v->rep[i] == 0 && rows-- == 0)
			break;
	return i - c->at;
}

/* How many of the next rows to take at once, so that their bytes stay within a part of the row group. */
static int
slice(const struct pq_writer *w, size_t rows, const struct pq_vector *columns, size_t *take_rows, struct msg *err)
{
	size_t budget = w->opt.row_group_bytes / 8, bytes, i, k;
	const struct pq_vector *v;
	const struct column *c;

	if (rows > w->opt.row_group_rows - w->rows)
		rows = (size_t)(w->opt.row_group_rows - w->rows);
	rows = rows < SLICE_ROWS ? rows : SLICE_ROWS;
	for (i = 0; i < w->ncolumns; i++) {
		c = &w->columns[i];
		v = &columns[i];
		if (c->store != PQ_BYTES || c->c->max_rep > 0)
			continue;
		for (k = bytes = 0; k < rows && bytes <= budget; k++) {
			if (v->def != NULL && c->c->max_def > 0 && v->def[c->at + k] != c->c->max_def)
				continue;
			if (v->v.bytes[c->at + k].n > MAX_VALUE)
				return msg_set(err, EX_DATAERR, "%s: column %s: a value of %zu bytes; at most %d can be written", w->sink.name,
				    msg_quotes(c->c->path), v->v.bytes[c->at + k].n, MAX_VALUE);
			bytes += v->v.bytes[c->at + k].n;
		}
		rows = k;
	}
	*take_rows = rows;
	return 0;
}

static int
check_vectors(const struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	const struct pq_vector *v;
	size_t i;

	for (i = 0; i < w->ncolumns; i++) {
		v = &columns[i];
		if (w->columns[i].c->max_rep == 0 ? v->n != rows : v->n < rows || v->rep == NULL || (v->n > 0 && v->rep[0] != 0))
			return msg_set(err, EX_SOFTWARE, "%s: column %s: %zu entries for %zu rows", w->sink.name,
			    msg_quotes(w->columns[i].c->path), v->n, rows);
	}
	return 0;
}

static int
write_rows(struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	size_t i, k = 0;

	if (check_vectors(w, rows, columns, err) == -1)
		return -1;
	for (i = 0; i < w->ncolumns; i++)
		w->columns[i].at = 0;
	for (; rows > 0; rows -= k) {
		if (slice(w, rows, columns, &k, err) == -1)
			return -1;
		for (i = 0; i < w->ncolumns; i++)
			if (take(w, &w->columns[i], &columns[i], entries_of(&w->columns[i], &columns[i], k), err) == -1)
				return -1;
		w->rows += k;
		if ((w->rows == w->opt.row_group_rows || buffered(w) >= w->opt.row_group_bytes) && flush_group(w, err) == -1)
			return -1;
	}
	return 0;
}

/* The first failure ends the file: every later call gives it again. */
static int
settle(struct pq_writer *w, int got, struct msg *err)
{
	if (w->failed) {
		*err = w->err;
		return -1;
	}
	if (got == -1) {
		w->failed = true;
		w->err = *err;
	}
	return got;
}

int
pq_write(struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	return settle(w, w->failed ? -1 : write_rows(w, rows, columns, err), err);
}

uint64_t
pq_written(const struct pq_writer *w)
{
	return w->pos;
}

uint64_t
pq_written_rows(const struct pq_writer *w)
{
	return w->total_rows + w->rows;
}

/* ---- the end ---- */

/* Makes the places of indexes, until now within their own bytes and one too high, places in the file. */
static void
place_indexes(struct pq_writer *w, uint64_t columns_at, uint64_t offsets_at)
{
	struct meta_chunk *c;
	size_t g, i;

	for (g = 0; g < w->ngroups; g++)
		for (i = 0; i < w->ncolumns; i++) {
			c = &w->groups[g].chunks[i];
			if (c->column_index != 0)
				c->column_index += (int64_t)columns_at - 1;
			if (c->offset_index != 0)
				c->offset_index += (int64_t)offsets_at - 1;
		}
}

/* Spark reads days and instants before these only from files that say by this key that they are meant in the Gregorian calendar. */
static bool
is_ancient(const struct pq_writer *w)
{
	const struct column *c;
	size_t i;

	for (i = 0; i < w->ncolumns; i++) {
		c = &w->columns[i];
		if (c->total.any && ((c->c->type == PQ_DATE && c->total.min.i < ANCIENT_DAY) ||
		    ((c->c->type == PQ_TIMESTAMP || c->c->type == PQ_TIMESTAMP_NTZ) && c->total.min.i < ANCIENT_MICROS)))
			return true;
	}
	return false;
}

static int
finish(struct pq_writer *w, struct msg *err)
{
	struct meta_file m = { .nkeys = 0 };
	struct buf out = { NULL, 0, 0 };
	uint64_t columns_at;
	uint32_t len;
	int got;

	if (w->rows > 0 && flush_group(w, err) == -1)
		return -1;
	columns_at = w->pos;
	if (emit(w, w->column_indexes.p, w->column_indexes.len, err) == -1)
		return -1;
	place_indexes(w, columns_at, w->pos);
	if (emit(w, w->offset_indexes.p, w->offset_indexes.len, err) == -1)
		return -1;
	if (is_ancient(w))
		add_key(w, "org.apache.spark.version", "3.0.0");
	m = (struct meta_file){ .rows = (int64_t)w->total_rows, .elements = pq_schema_elements(&w->schema), .nelements = w->schema.nfields + 1,
	    .nleaves = w->ncolumns, .groups = w->groups, .ngroups = w->ngroups, .keys = w->keys, .nkeys = w->nkeys };
	meta_put(&m, w->schema.paths, &out);
	len = (uint32_t)out.len;
	buf_add(&out, &len, 4);
	buf_adds(&out, "PAR1");
	got = emit(w, out.p, out.len, err);
	buf_free(&out);
	return got;
}

int
pq_finish(struct pq_writer *w, struct msg *err)
{
	return settle(w, w->failed ? -1 : finish(w, err), err);
}

void
pq_written_stats(const struct pq_writer *w, size_t column, struct pq_stats *s)
{
	const struct column *c = &w->columns[column];

	*s = (struct pq_stats){ .entries = c->total_entries, .nulls = (int64_t)(c->total_entries - c->total_values),
	    .has_min_max = has_bounds(&c->total), .min_exact = true, .max_exact = true };
	if (s->has_min_max) {
		s->min = c->total.min;
		s->max = c->total.max;
	}
}

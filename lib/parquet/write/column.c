/* Collects a column's values. */
#include <string.h>

#include "parquet/format/convert.h"
#include "parquet/write/column.h"

enum { BLOCK = 1024 };			/* values compacted at a time */

/* Returns the entries per page, or 0 if that depends on the values. */
static size_t
page_entries(const struct out_column *c, uint32_t page_rows, size_t page_bytes)
{
	size_t most;

	if (c->c->max_rep > 0 || c->store == PQ_BYTES)
		return 0;
	most = page_bytes / pq_shape_size(c->store);
	return most == 0 ? 1 : most < page_rows ? most : page_rows;
}

void
out_column_init(struct out_column *k, const struct pq_column *c, const struct meta_element *e, uint32_t page_rows,
    size_t page_bytes)
{
	*k = (struct out_column){ .c = c, .e = e, .store = e->type == META_INT32 ? PQ_I32 : c->shape, .in_dict = true };
	k->page = page_entries(k, page_rows, page_bytes);
	/* gives the buffers a non-NULL address even if they stay empty */
	(void)buf_room(&k->data, 0);
	(void)buf_room(&k->dict.data, 0);
}

void
out_column_free(struct out_column *k)
{
	buf_free(&k->def);
	buf_free(&k->rep);
	buf_free(&k->data);
	buf_free(&k->lens);
	buf_free(&k->ranges);
	dict_bytes_free(&k->dict);
}

void
out_column_clear(struct out_column *k)
{
	k->def.len = k->rep.len = k->data.len = k->lens.len = k->ranges.len = 0;
	k->entries = k->values = 0;
	k->bytes = 0;
	dict_bytes_clear(&k->dict);
	k->in_dict = true;
}

size_t
out_column_held(const struct out_column *k)
{
	return k->def.len + k->rep.len + k->data.len + k->lens.len + k->dict.data.len + k->dict.index.len;
}

/* ---- values of fixed width ---- */

/*
 * Appends the values of n entries, without the nulls; source and target may overlap if the target does not come
 * after the source.
 */
#define GATHER(type, from, field)						\
	do {									\
		type *out = (type *)(void *)buf_room(&c->data, n * sizeof(*out));	\
		const from *in = v->v.field + at;				\
		for (i = 0; i < n; i++) {					\
			out[k] = (type)in[i];					\
			k += def[i] == most;					\
		}								\
		c->data.len += k * sizeof(*out);					\
	} while (0)

#define COPY(type, from, field)							\
	do {									\
		type *out = (type *)(void *)buf_room(&c->data, n * sizeof(*out));	\
		const from *in = v->v.field + at;				\
		if ((const void *)in != (const void *)out)			\
			for (i = 0; i < n; i++)					\
				out[i] = (type)in[i];				\
		c->data.len += n * sizeof(*out);					\
	} while (0)

static void
take_all(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
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

void *
out_column_room(struct out_column *k, size_t rows)
{
	if (k->store == PQ_BYTES || k->store != k->c->shape || k->c->max_rep > 0)
		return NULL;
	return buf_room(&k->data, rows * pq_shape_size(k->store));
}

/* A null at the end writes to the slot after the last value; buf_room reserved it. */
static void
take_present(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
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

/* Returns the range of a page: the last one, or a new one after it. */
static struct stats_range *
range_at(struct out_column *c, size_t page)
{
	struct stats_range *r;

	if (c->ranges.len == page * sizeof(*r)) {
		r = (struct stats_range *)(void *)buf_room(&c->ranges, sizeof(*r));
		*r = (struct stats_range){ .any = false };
		c->ranges.len += sizeof(*r);
	}
	return (struct stats_range *)(void *)c->ranges.p + page;
}

/* Appends values of fixed width and extends the ranges of their pages while the values are in the cache. */
static void
take_fixed(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
{
	size_t entry = c->entries, width = pq_shape_size(c->store), value, k;
	bool all = v->def == NULL || c->c->max_def == 0;

	for (; n > 0; n -= k, at += k, entry += k) {
		k = c->page > 0 && n > c->page - entry % c->page ? c->page - entry % c->page : n;
		value = c->values;
		if (all)
			take_all(c, v, at, k);
		else
			take_present(c, v, at, k);
		if (c->page > 0)
			stats_add(range_at(c, entry / c->page), c->store, c->data.p + value * width, c->values - value);
	}
}

const int64_t *
out_column_numbers(const struct out_column *k, size_t value, size_t n, struct buf *scratch)
{
	int64_t *v;
	size_t i;

	scratch->len = 0;
	v = (int64_t *)(void *)buf_room(scratch, n * sizeof(*v) + 8);
	for (i = 0; i < n; i++)
		v[i] = k->store == PQ_I64 ? ((const int64_t *)(const void *)k->data.p)[value + i]
		    : k->store == PQ_I32 ? ((const int32_t *)(const void *)k->data.p)[value + i]
		        : (int64_t)out_column_length(k, value + i);
	return v;
}

size_t
out_column_hint(const struct out_column *k)
{
	return k->store == PQ_I64 ? 8 : k->store == PQ_I128 ? (size_t)k->e->type_length : 0;
}

/* ---- byte values ---- */

static void
add_raw(struct out_column *c, const struct pq_bytes *v, size_t n)
{
	uint32_t *lens = (uint32_t *)(void *)buf_room(&c->lens, n * sizeof(*lens));
	size_t i, total = 0;
	uint8_t *p;

	for (i = 0; i < n; i++)
		total += lens[i] = (uint32_t)v[i].n;
	p = buf_room(&c->data, total);
	c->data.len += total;
	for (i = 0; i < n; p += v[i++].n)
		if (v[i].n > 0)
			memcpy(p, v[i].p, v[i].n);
	c->lens.len += n * sizeof(*lens);
}

/* Gives up the dictionary: stores its values one after another instead. */
static void
leave_dictionary(struct out_column *c)
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
add_bytes(struct out_column *c, const struct pq_bytes *v, size_t n)
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
take_bytes(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
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

/* ---- levels ---- */

/*
 * Returns room for n definition levels. They are stored from the first vector with levels on; fewer levels than
 * entries mean that all earlier ones were the maximum.
 */
static uint8_t *
level_room(struct out_column *c, size_t n)
{
	size_t missing = c->entries - c->def.len;

	memset(buf_room(&c->def, missing + n), c->c->max_def, missing + n);
	c->def.len += missing + n;
	return c->def.p + c->def.len - n;
}

void
out_column_complete(struct out_column *k)
{
	if (k->def.len > 0)
		level_room(k, 0);
}

static uint8_t
greatest(const uint8_t *level, size_t n)
{
	uint8_t most = 0;
	size_t i;

	for (i = 0; i < n; i++)
		most = level[i] > most ? level[i] : most;
	return most;
}

/* Copies the levels of n entries. Returns false if one exceeds the maximum. */
static bool
take_levels(struct out_column *k, const struct pq_vector *v, size_t n)
{
	uint8_t most_def = 0, most_rep = 0;

	if (k->c->max_def > 0 && v->def != NULL) {
		most_def = greatest(v->def + k->at, n);
		memcpy(level_room(k, n), v->def + k->at, n);
	}
	if (k->c->max_rep > 0) {
		most_rep = greatest(v->rep + k->at, n);
		memcpy(buf_room(&k->rep, n + 1), v->rep + k->at, n);
		k->rep.len += n;
	}
	return most_def <= k->c->max_def && most_rep <= k->c->max_rep;
}

bool
out_column_take(struct out_column *k, const struct pq_vector *v, size_t n)
{
	if (!take_levels(k, v, n))
		return false;
	if (k->store == PQ_BYTES)
		take_bytes(k, v, k->at, n);
	else
		take_fixed(k, v, k->at, n);
	k->entries += n;
	k->at += n;
	return true;
}

/* Statistics of a chunk, and the page index (PageIndex.md). */
#include <stdlib.h>
#include <string.h>

#include "parquet/format/thrift.h"
#include "parquet/write/index.h"

void
out_total_free(struct out_total *t)
{
	buf_free(&t->min);
	buf_free(&t->max);
}

void
out_index_free(struct out_index *x)
{
	buf_free(&x->columns);
	buf_free(&x->offsets);
}

/* Copies a bound, adding a NUL, so that an empty one has an address too. */
static struct pq_bytes
keep(struct pool *pool, const void *p, size_t n)
{
	uint8_t *q = pool_alloc(pool, n + 1);

	if (n > 0)
		memcpy(q, p, n);
	q[n] = '\0';
	return (struct pq_bytes){ q, n };
}

/* Encodes a bound into *b, in the pool. Returns false if there is none that is short enough. */
static bool
put_bound(struct pool *pool, const struct out_column *c, const struct stats_range *r, bool max, struct pq_bytes *b,
    bool *exact)
{
	const union pq_value *v = max ? &r->max : &r->min;
	bool string = c->c->type == PQ_STRING;
	struct buf cut = { NULL, 0, 0 };
	uint8_t plain[16];

	*exact = true;
	if (c->store != PQ_BYTES) {
		*b = keep(pool, plain, stats_put(plain, c->e, c->store, v, max));
	} else if (!max) {
		*b = keep(pool, v->b.p, stats_cut_min(v->b, string, exact));
	} else {
		if (!stats_cut_max(v->b, string, &cut, exact)) {
			buf_free(&cut);
			return false;
		}
		*b = keep(pool, cut.p, cut.len);
		buf_free(&cut);
	}
	return true;
}

bool
out_index_has_bounds(const struct stats_range *r)
{
	return r->any && !r->nan;
}

void
out_index_stats(struct meta_stats *s, const struct out_column *c, const struct stats_range *r, struct pool *pool)
{
	bool min_exact, max_exact;

	*s = (struct meta_stats){ .nulls = (int64_t)(c->entries - c->values), .nans = -1, .min_exact = -1,
	    .max_exact = -1 };
	if (!out_index_has_bounds(r) || !put_bound(pool, c, r, true, &s->max, &max_exact) ||
	    !put_bound(pool, c, r, false, &s->min, &min_exact)) {
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

static void
keep_bytes(struct buf *own, struct pq_bytes *b)
{
	own->len = 0;
	buf_room(own, b->n + 1);
	if (b->n > 0)
		buf_add(own, b->p, b->n);
	b->p = own->p;
}

/* Adds a chunk to the file's statistics, for pq_written_stats. */
void
out_total_add(struct out_total *t, const struct out_column *c, const struct stats_range *r)
{
	struct stats_range old = t->range;

	t->entries += c->entries;
	t->values += c->values;
	stats_merge(&t->range, c->store, r);
	if (c->store != PQ_BYTES || !t->range.any)
		return;
	if (!old.any || t->range.min.b.p != old.min.b.p)
		keep_bytes(&t->min, &t->range.min.b);
	if (!old.any || t->range.max.b.p != old.max.b.p)
		keep_bytes(&t->max, &t->range.max.b);
}

/* Compares two bounds as written: truncated byte bounds may be ordered unlike the values. */
static int
compare_bounds(const struct out_column *c, const struct pq_bytes *a, const struct pq_bytes *b, const union pq_value *va,
    const union pq_value *vb)
{
	if (c->store == PQ_BYTES)
		return pq_compare(PQ_BYTES, &(union pq_value){ .b = *a }, &(union pq_value){ .b = *b });
	return pq_compare(c->store, va, vb);
}

/*
 * Returns the boundary order of n minima and maxima: 1 ascending, 2 descending, 0 neither. Ignores pages of nulls
 * only.
 */
static int
boundary_order(const struct out_column *c, const struct out_page *g, const struct pq_bytes *bounds, size_t n)
{
	bool up = true, down = true, any = false;
	size_t i, last = 0;
	int min, max;

	for (i = 0; i < n; i++) {
		if (!g[i].range.any)
			continue;
		if (any) {
			min = compare_bounds(c, &bounds[last], &bounds[i], &g[last].range.min, &g[i].range.min);
			max = compare_bounds(c, &bounds[n + last], &bounds[n + i], &g[last].range.max, &g[i].range.max);
			up &= min <= 0 && max <= 0;
			down &= min >= 0 && max >= 0;
		}
		any = true;
		last = i;
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

/* Appends the column index if every page with values has bounds. */
static void
column_index(struct buf *out, const struct out_column *c, const struct out_page *g, size_t n,
    struct meta_chunk *chunk)
{
	struct pq_bytes *bounds = xcalloc(2 * n, sizeof(*bounds));
	size_t begin = out->len, i;
	struct pool pool = { .blocks = NULL };
	struct thrift_out o;
	bool exact, whole = true;

	for (i = 0; i < n && whole; i++)
		if (g[i].values > 0)
			whole = out_index_has_bounds(&g[i].range) && put_bound(&pool, c, &g[i].range, false, &bounds[i],
			    &exact) &&
			    put_bound(&pool, c, &g[i].range, true, &bounds[n + i], &exact);
	if (whole) {
		thrift_start(&o, out);
		thrift_put_list(&o, 1, THRIFT_TRUE, n);
		for (i = 0; i < n; i++)
			thrift_elem_put_bool(&o, g[i].values == 0);
		put_bounds_list(&o, 2, bounds, n);
		put_bounds_list(&o, 3, bounds + n, n);
		thrift_put_i32(&o, 4, boundary_order(c, g, bounds, n));
		thrift_put_list(&o, 5, THRIFT_I64, n);
		for (i = 0; i < n; i++)
			thrift_elem_int(&o, (int64_t)(g[i].entries - g[i].values));
		thrift_end(&o);
		chunk->column_index = (int64_t)begin + 1;	/* see out_index_place */
		chunk->column_index_len = (int32_t)(out->len - begin);
	}
	free(bounds);
	pool_free(&pool);
}

static void
offset_index(struct buf *out, const struct out_page *g, size_t n, struct meta_chunk *chunk)
{
	size_t begin = out->len, i;
	struct thrift_out o;

	thrift_start(&o, out);
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
	chunk->offset_index_len = (int32_t)(out->len - begin);
}

void
out_index_chunk(struct out_index *x, const struct out_column *c, const struct out_page *g, size_t n,
    struct meta_chunk *chunk)
{
	column_index(&x->columns, c, g, n, chunk);
	offset_index(&x->offsets, g, n, chunk);
}

void
out_index_place(struct meta_chunk *chunk, uint64_t columns_at, uint64_t offsets_at)
{
	if (chunk->column_index != 0)
		chunk->column_index += (int64_t)columns_at - 1;
	if (chunk->offset_index != 0)
		chunk->offset_index += (int64_t)offsets_at - 1;
}

/*
 * Any bytes as a Parquet file: opened, its statistics looked at, every column that can be read read in odd batches.
 * It is an error or rows; whatever is given out is touched, so that a view beyond what is there shows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "parquet/parquet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LIMIT = 1 << 20, MAX_ROWS = 20000 };

static volatile uint64_t sink;

static int
read_memory(const struct pq_source *s, uint64_t offset, void *p, size_t n, struct msg *err)
{
	if (offset > s->size || n > s->size - offset)
		abort();	/* the reader must know better */
	(void)err;
	memcpy(p, (const uint8_t *)s->arg + offset, n);
	return 0;
}

static void
touch_bytes(struct pq_bytes b)
{
	size_t i;

	for (i = 0; i < b.n; i++)
		sink += b.p[i];
}

static void
touch_vector(const struct pq_column *c, const struct pq_vector *v, size_t rows)
{
	size_t i, at;

	if (c->max_rep == 0 && v->n != rows)
		abort();
	for (i = 0; i < v->n; i++) {
		if (v->def != NULL && v->def[i] > c->max_def)
			abort();
		if (v->def != NULL && v->def[i] != c->max_def)
			continue;
		at = v->index != NULL ? v->index[i] : i;
		if (v->index != NULL && at >= v->dict_n)
			abort();
		if (c->shape == PQ_BYTES)
			touch_bytes(v->v.bytes[at]);
		else if (c->shape == PQ_I128)
			sink += (uint64_t)v->v.i128[at];
		else if (c->shape == PQ_U8)
			sink += v->v.u8[at];
		else if (c->shape == PQ_I32 || c->shape == PQ_F32)
			sink += (uint64_t)(uint32_t)v->v.i32[at];
		else
			sink += (uint64_t)v->v.i64[at];
	}
}

static void
touch_stats(struct pq_reader *r, const struct pq_column *c, size_t ncolumns)
{
	struct pool pool = { 0 };
	struct pq_page *pages;
	struct pq_stats s;
	size_t g, i, k, n;

	for (g = 0; g < pq_row_groups(r) && g < 10; g++)
		for (i = 0; i < ncolumns; i++) {
			pq_chunk_stats(r, g, i, &s);
			if (s.has_min_max && c[i].shape == PQ_BYTES) {
				touch_bytes(s.min.b);
				touch_bytes(s.max.b);
			}
			pages = pq_pages(r, g, i, &pool, &n);
			for (k = 0; k < n; k++)
				if (pages[k].stats.has_min_max && c[i].shape == PQ_BYTES)
					touch_bytes(pages[k].stats.max.b);
			free(pages);
		}
	pool_free(&pool);
}

static void
read_columns(struct pq_reader *r, const struct pq_column *c, const size_t *idx, const unsigned *flags, size_t n,
    size_t batch, bool sparse)
{
	static const struct pq_range ranges[] = { { 3, 5 }, { 90, 300 }, { 5000, 5001 } };
	struct msg err = { .status = 0 };
	struct pq_batch b;
	uint64_t rows = 0;
	size_t i;

	if (pq_select(r, idx, flags, n, &err) < 0)
		abort();
	if (sparse)
		pq_want(r, ranges, sizeof(ranges) / sizeof(*ranges));
	while (rows < MAX_ROWS && pq_next(r, batch, &b, &err) == 1) {
		for (i = 0; i < n; i++)
			touch_vector(&c[idx[i]], &b.columns[i], b.rows);
		rows += b.rows;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pq_source source = { .read = read_memory, .arg = (void *)(uintptr_t)data, .size = n, .name = "fuzz" };
	struct msg err = { .status = 0 };
	const struct pq_column *c;
	struct pq_reader *r;
	size_t ncolumns, k = 0, i, idx[64];
	unsigned flags[64];

	if (pq_open(&r, &source, LIMIT, &err) < 0)
		return 0;
	c = pq_columns(r, &ncolumns);
	touch_stats(r, c, ncolumns);
	for (i = 0; i < ncolumns && k < 64; i++)
		if (c[i].refused == NULL) {
			idx[k] = i;
			flags[k++] = i % 2 ? PQ_INDEX : 0;
		}
	for (i = 0; i < k; i++)		/* alone, so that a bad column does not hide others */
		read_columns(r, c, idx + i, flags + i, 1, 100, i % 3 == 1);
	read_columns(r, c, idx, flags, k, 1000, false);
	read_columns(r, c, idx, flags, k, 1000, true);
	pq_close(r);
	return 0;
}

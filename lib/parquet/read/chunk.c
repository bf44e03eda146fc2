/* Decodes the entries of a chunk into vectors. */
#include <stdlib.h>
#include <string.h>

#include "parquet/format/types.h"
#include "parquet/read/chunk.h"

enum {
	/* values per batch of an encoding that assembles values longer than their stored bytes */
	FRONT_CODED = 128,
	AHEAD = 4096			/* levels decoded at once for nested columns */
};

void
chunk_init(struct chunk_in *k, const struct chunk_options *o)
{
	k->pages.source = o->source;
	k->pages.c = k->values.c = o->c;
	k->pages.e = k->values.e = o->e;
	k->pages.limit = k->values.limit = o->limit;
	k->pages.sealed = o->sealed;
	k->values.dict = &k->pages.dict;
	k->julian = o->julian;
	k->flags = o->julian ? 0 : o->flags;
}

int
chunk_begin(struct chunk_in *k, const struct meta_chunk *meta, size_t group, uint64_t rows, uint64_t most,
    struct msg *err)
{
	k->page.entries = k->ahead_at = k->ahead_n = 0;
	return chunk_pages_begin(&k->pages, meta, group, rows, most, err);
}

size_t
chunk_held(const struct chunk_in *k)
{
	return chunk_pages_held(&k->pages) + k->values.split.cap + k->values.made_bytes + k->copied;
}

/* Loads the next data page that has entries. */
static int
load_page(struct chunk_in *k, struct msg *err)
{
	const char *bad;
	int got = 0;

	while (k->page.entries == 0) {
		if ((got = chunk_pages_next(&k->pages, &k->page, err)) < 0)
			return -1;
		if (got == 1 &&
		    (bad = values_begin(&k->values, k->page.encoding, k->page.p, k->page.end)) != NULL)
			return chunk_fault(&k->pages, bad, err);
	}
	return 0;
}

bool
chunk_is_paged(const struct chunk_in *k)
{
	return k->pages.c->max_rep == 0 && (k->pages.c->shape == PQ_BYTES || (k->flags & PQ_INDEX) != 0);
}

int
chunk_page(struct chunk_in *k, size_t *n, struct msg *err)
{
	if (k->page.entries == 0 && load_page(k, err) < 0)
		return -1;
	*n = k->page.entries;
	if (k->values.encoding == META_DELTA_BYTE_ARRAY && *n > FRONT_CODED)
		*n = FRONT_CODED;
	return 0;
}

/* ---- entries ---- */

#define SPREAD(type)								\
	do {									\
		type *v = out;							\
		while (n-- > 0)							\
			v[n] = def[n] == most ? v[--values] : 0;		\
	} while (0)

/* Moves `values` adjacent values to the slots of their entries; zeroes the slots of nulls. */
static void
spread(void *out, size_t width, const uint8_t *def, size_t n, size_t values, uint8_t most)
{
	switch (width) {
	case 1:
		SPREAD(uint8_t);
		break;
	case 4:
		SPREAD(uint32_t);
		break;
	case 8:
		SPREAD(uint64_t);
		break;
	default:
		SPREAD(u128);
	}
}

static size_t
count_equal(const uint8_t *def, size_t n, uint8_t most)
{
	size_t i, values = 0;

	for (i = 0; i < n; i++)
		values += def[i] == most;
	return values;
}

static const char *
check_calendar(const struct chunk_in *k, size_t first, size_t n)
{
	const int32_t *day = (const int32_t *)(const void *)k->out_values.p;
	const int64_t *micros = (const int64_t *)(const void *)k->out_values.p;
	int64_t ancient = types_of(k->pages.c->type)->ancient;
	bool date = k->pages.c->shape == PQ_I32, old = false;
	size_t i;

	if (ancient == 0)
		return NULL;
	for (i = first; i < first + n; i++)
		old |= (date ? day[i] : micros[i]) < ancient;
	return old ? "unsupported Julian date of an old writer" : NULL;
}

/* Copies the bytes that views of a page refer to, so that they outlive the page. */
static const char *
keep_bytes(struct chunk_in *k, struct pq_bytes *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		k->copied += v[i].n + 8;
		if (k->copied > k->pages.limit)
			return "values of a batch take more than the limit of a page";
		if (v[i].n > 0)
			v[i].p = pool_copy(&k->copies, v[i].p, v[i].n);
	}
	return NULL;
}

/* Decodes the page's next n entries to position `at` of the batch; definition levels, if any, are already decoded. */
static const char *
decode(struct chunk_in *k, const uint8_t *def, size_t at, size_t n)
{
	const struct pq_column *c = k->pages.c;
	size_t width = pq_shape_size(c->shape), values = def == NULL ? n : count_equal(def, n, c->max_def);
	void *out = k->out_values.p + at * width;
	const char *bad;

	if (k->vector.index != NULL) {
		out = k->out_index.p + at * sizeof(uint32_t);
		width = sizeof(uint32_t);
		bad = values_next_index(&k->values, values, out);
	} else {
		bad = values_next(&k->values, values, out);
	}
	if (bad == NULL && c->max_rep > 0 && c->shape == PQ_BYTES && !values_is_indexed(&k->values))
		bad = keep_bytes(k, out, values);
	if (bad == NULL && k->julian && k->vector.index == NULL)
		bad = check_calendar(k, at, values);
	if (bad == NULL && values < n) {
		if (k->vector.index == NULL && c->shape == PQ_BYTES) {
			struct pq_bytes *v = out;
			while (n-- > 0)
				v[n] = def[n] == c->max_def ? v[--values] : (struct pq_bytes){ NULL, 0 };
		} else {
			spread(out, width, def, n, values, c->max_def);
		}
	}
	return bad;
}

static int
flat_rows(struct chunk_in *k, size_t rows, struct msg *err)
{
	size_t done, n, nulls = 0;
	uint8_t *def = NULL;
	const char *bad;

	buf_room(&k->out_values, rows * pq_shape_size(k->pages.c->shape) + 16);
	if (k->pages.c->max_def > 0)
		buf_room(&k->out_def, rows);
	if ((k->flags & PQ_INDEX) != 0 && values_is_indexed(&k->values))
		k->vector.index = (const uint32_t *)(const void *)buf_room(&k->out_index, rows * sizeof(uint32_t));
	for (done = 0; done < rows; done += n) {
		if (k->page.entries == 0 && load_page(k, err) < 0)
			return -1;
		n = rows - done < k->page.entries ? rows - done : k->page.entries;
		if (k->pages.c->max_def > 0) {
			def = k->out_def.p + done;
			if (!hybrid_next_bytes(&k->page.def, def, n, k->pages.c->max_def))
				return chunk_fault(&k->pages, "invalid or truncated definition levels", err);
			nulls += n - count_equal(def, n, k->pages.c->max_def);
		}
		if ((bad = decode(k, def, done, n)) != NULL)
			return chunk_fault(&k->pages, bad, err);
		k->page.entries -= n;
	}
	k->vector.n = rows;
	k->vector.def = nulls > 0 ? k->out_def.p : NULL;
	k->vector.v.any = k->vector.index != NULL ? k->pages.dict.values : k->out_values.p;
	k->vector.dict_n = k->vector.index != NULL ? k->pages.dict.n : 0;
	k->vector.dict_serial = k->pages.dict_serial;
	return 0;
}

/* Decodes levels ahead of the values; does nothing at the end of the chunk. */
static int
look_ahead(struct chunk_in *k, struct msg *err)
{
	size_t n;

	k->ahead_at = k->ahead_n = 0;
	if (k->page.entries == 0 && k->pages.left == 0)
		return 0;
	if (k->page.entries == 0 && load_page(k, err) < 0)
		return -1;
	if (k->ahead_rep == NULL) {
		k->ahead_rep = xmalloc(AHEAD);
		k->ahead_def = xmalloc(AHEAD);
	}
	n = k->page.entries < AHEAD ? k->page.entries : AHEAD;
	if (!hybrid_next_bytes(&k->page.rep, k->ahead_rep, n, k->pages.c->max_rep) ||
	    !hybrid_next_bytes(&k->page.def, k->ahead_def, n, k->pages.c->max_def))
		return chunk_fault(&k->pages, "invalid or truncated levels", err);
	k->page.entries -= n;
	k->ahead_n = n;
	return 0;
}

static int
nested_rows(struct chunk_in *k, size_t rows, struct msg *err)
{
	size_t begun = 0, n, width = pq_shape_size(k->pages.c->shape), total = 0;
	const char *bad;

	for (;;) {
		if (k->ahead_at == k->ahead_n && look_ahead(k, err) < 0)
			return -1;
		if (k->ahead_n == 0)
			break;
		if (begun == 0 && k->ahead_rep[k->ahead_at] != 0)
			return chunk_fault(&k->pages, "an entry before the first row", err);
		for (n = k->ahead_at; n < k->ahead_n; n++)
			if (k->ahead_rep[n] == 0 && begun++ == rows)
				break;
		n -= k->ahead_at;
		if (n == 0)
			break;
		if (total + n > k->pages.limit / 16)
			return chunk_fault(&k->pages, "the rows of a batch exceed the entry limit", err);
		buf_add(&k->out_rep, k->ahead_rep + k->ahead_at, n);
		buf_add(&k->out_def, k->ahead_def + k->ahead_at, n);
		k->out_values.len = total * width;
		buf_room(&k->out_values, n * width + 16);
		if ((bad = decode(k, k->out_def.p + total, total, n)) != NULL)
			return chunk_fault(&k->pages, bad, err);
		total += n;
		k->ahead_at += n;
		if (k->ahead_at < k->ahead_n)
			break;
	}
	if (begun < rows)
		return chunk_fault(&k->pages, "the chunk ends before its last row", err);
	k->vector.n = total;
	k->vector.rep = k->out_rep.p;
	k->vector.def = k->out_def.p;
	k->vector.v.any = k->out_values.p;
	return 0;
}

int
chunk_rows(struct chunk_in *k, size_t rows, struct msg *err)
{
	memset(&k->vector, 0, sizeof(k->vector));
	k->out_rep.len = k->out_def.len = k->out_values.len = k->out_index.len = 0;
	return k->pages.c->max_rep > 0 ? nested_rows(k, rows, err) : flat_rows(k, rows, err);
}

int
chunk_skip(struct chunk_in *k, uint64_t rows, struct msg *err)
{
	enum { PIECE = 8192 };
	bool flat = k->pages.c->max_rep == 0;
	uint64_t passed;
	size_t n;

	while (rows > 0) {
		if (flat && k->page.entries == 0) {
			if (chunk_pages_skip(&k->pages, rows, &passed, err) < 0)
				return -1;
			rows -= passed;
			if (rows == 0 || load_page(k, err) < 0)
				return rows == 0 ? 0 : -1;
		}
		n = rows < PIECE ? (size_t)rows : PIECE;
		if (flat && n > k->page.entries)
			n = k->page.entries;
		if (k->values.encoding == META_DELTA_BYTE_ARRAY && n > FRONT_CODED)
			n = FRONT_CODED;
		if (chunk_rows(k, n, err) < 0)
			return -1;
		chunk_forget(k);
		rows -= n;
	}
	return 0;
}

void
chunk_forget(struct chunk_in *k)
{
	values_forget(&k->values);
	if (k->copied > 0)
		pool_free(&k->copies);
	k->copied = 0;
}

void
chunk_free(struct chunk_in *k)
{
	chunk_forget(k);
	values_free(&k->values);
	chunk_pages_free(&k->pages);
	buf_free(&k->out_rep);
	buf_free(&k->out_def);
	buf_free(&k->out_values);
	buf_free(&k->out_index);
	free(k->ahead_rep);
	free(k->ahead_def);
}

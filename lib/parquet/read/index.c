/* Reads the page index of a column chunk (PageIndex.md): the rows and bounds of its pages. */
#include <stdlib.h>

#include "parquet/format/thrift.h"
#include "parquet/read/index.h"

struct index_bounds {				/* of a ColumnIndex; lists of n, or NULL */
	size_t n;
	bool *null_pages;
	struct pq_bytes *min, *max;
};

/* Enters a list that must have *n elements, or sets *n by the first one. */
static bool
enter(struct thrift_in *in, uint8_t type, uint8_t *elem, size_t *n)
{
	size_t got = thrift_list(in, type, elem);

	if (*n == 0)
		*n = got;
	in->bad = in->bad || got != *n;
	return !in->bad;
}

static bool *
read_flags(struct thrift_in *in, uint8_t type, size_t *n, struct pool *pool)
{
	uint8_t elem;
	bool *flags;
	size_t i;

	if (!enter(in, type, &elem, n) || (size_t)(in->end - in->p) < *n)
		return NULL;
	flags = pool_alloc(pool, *n + 1);
	for (i = 0; i < *n; i++)
		flags[i] = *in->p++ == THRIFT_TRUE;
	return flags;
}

static struct pq_bytes *
read_bounds(struct thrift_in *in, uint8_t type, size_t *n, struct pool *pool)
{
	struct pq_bytes *bounds;
	uint8_t elem;
	size_t i;

	if (!enter(in, type, &elem, n))
		return NULL;
	bounds = pool_alloc(pool, (*n + 1) * sizeof(*bounds));
	for (i = 0; i < *n && !in->bad; i++)
		bounds[i] = thrift_bytes(in, elem);
	return bounds;
}

static bool
parse_bounds(struct index_bounds *b, const uint8_t *p, size_t n, struct pool *pool)
{
	struct thrift_in in = { .p = p, .end = p + n };
	struct thrift_field f = { 0, 0 };

	while (thrift_next(&in, &f)) {
		switch (f.id) {
		case 1: b->null_pages = read_flags(&in, f.type, &b->n, pool); break;
		case 2: b->min = read_bounds(&in, f.type, &b->n, pool); break;
		case 3: b->max = read_bounds(&in, f.type, &b->n, pool); break;
		default: thrift_skip(&in, f.type);
		}
	}
	return !in.bad && b->null_pages != NULL && b->min != NULL && b->max != NULL;
}

/* Parses a PageLocation. */
static struct chunk_place
parse_place(struct thrift_in *in, uint8_t type)
{
	struct thrift_field f = { 0, 0 };
	struct chunk_place place = { UINT64_MAX, 0, 0 };

	if (!thrift_struct(in, type))
		return place;
	while (thrift_next(in, &f)) {
		switch (f.id) {
		case 1: place.at = (uint64_t)thrift_int(in, f.type); break;
		case 2: place.size = (uint64_t)thrift_int(in, f.type); break;
		case 3: place.row = (uint64_t)thrift_int(in, f.type); break;
		default: thrift_skip(in, f.type);
		}
	}
	return place;
}

/* Parses a list of PageLocation; NULL for an empty list. */
static struct chunk_place *
parse_places(struct thrift_in *in, uint8_t type, size_t *n)
{
	struct chunk_place *places;
	uint8_t elem;
	size_t i;

	*n = 0;
	if (!enter(in, type, &elem, n) || *n == 0 || *n > (size_t)(in->end - in->p))
		return NULL;
	places = xcalloc(*n, sizeof(*places));
	for (i = 0; i < *n && !in->bad; i++)
		places[i] = parse_place(in, elem);
	return places;
}

/* Returns true if each page has rows of a row group of so many, one after the other. */
static bool
ascend(const struct chunk_place *places, size_t n, uint64_t rows)
{
	size_t i;

	for (i = 0; i < n && places[i].row < (i + 1 < n ? places[i + 1].row : rows); i++)
		;
	return n > 0 && i == n && places[0].row == 0;
}

struct chunk_place *
chunk_places_parse(const uint8_t *p, size_t bytes, uint64_t rows, size_t *n)
{
	struct thrift_in in = { .p = p, .end = p + bytes };
	struct thrift_field f = { 0, 0 };
	struct chunk_place *places = NULL;

	*n = 0;
	while (thrift_next(&in, &f)) {
		if (f.id == 1 && places == NULL)
			places = parse_places(&in, f.type, n);
		else
			thrift_skip(&in, f.type);
	}
	if (!in.bad && ascend(places, *n, rows))
		return places;
	free(places);
	return NULL;
}

/* Sets the rows of n pages of a row group; false if the index has others. */
static bool
set_rows(struct pq_page *pages, size_t n, uint64_t rows, const uint8_t *p, size_t bytes)
{
	size_t got, i;
	struct chunk_place *places = chunk_places_parse(p, bytes, rows, &got);
	bool good = places != NULL && got == n;

	for (i = 0; good && i < n; i++) {
		pages[i].row = places[i].row;
		pages[i].rows = (i + 1 < n ? places[i + 1].row : rows) - places[i].row;
	}
	free(places);
	return good;
}

struct pq_page *
chunk_index_parse(const struct chunk_index *b, const struct pq_column *c, const struct meta_element *e, int order,
    uint64_t rows, struct pool *pool, size_t *n)
{
	struct index_bounds bounds = { .n = 0 };
	struct pq_page *pages;
	size_t i;

	*n = 0;
	if (!parse_bounds(&bounds, b->columns, b->ncolumns, pool) || bounds.n == 0)
		return NULL;
	pages = xcalloc(bounds.n, sizeof(*pages));
	if (!set_rows(pages, bounds.n, rows, b->offsets, b->noffsets)) {
		free(pages);
		return NULL;
	}
	for (i = 0; i < bounds.n; i++) {
		struct meta_stats m = { .min = bounds.min[i], .max = bounds.max[i], .nulls = -1, .nans = -1,
		    .min_exact = -1, .max_exact = -1 };

		pages[i].stats = (struct pq_stats){ .entries = pages[i].rows,
		    .nulls = bounds.null_pages[i] ? (int64_t)pages[i].rows : -1 };
		if (!bounds.null_pages[i])
			stats_read(&pages[i].stats, &m, c, e, order);
	}
	*n = bounds.n;
	return pages;
}

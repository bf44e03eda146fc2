/* The reader: footer, schema, statistics, and batches of rows. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "parquet/format/convert.h"
#include "parquet/format/load.h"
#include "parquet/format/meta.h"
#include "parquet/format/schema.h"
#include "parquet/format/seal.h"
#include "parquet/format/stats.h"
#include "parquet/format/types.h"
#include "parquet/read/chunk.h"
#include "parquet/read/index.h"

enum {
	TAIL = 8,			/* footer length and magic */
	READ_TAIL = 64 * 1024,		/* bytes read from the end at once: most footers fit */
	MAX_BATCH = 1 << 20,		/* maximum rows per batch */
	PAGES_HELD = 4,			/* memory limit of all columns read: this many times the page limit, */
	FILE_HELD = 32			/* or this many times the file size, if more */
};

struct pq_reader {
	struct pq_source source;
	char *name;
	size_t limit;
	uint8_t *footer;		/* includes length and magic */
	uint64_t footer_at, footer_sum;
	bool sealed;			/* the footer carries a checksum, which matches */
	struct meta_file meta;
	struct pq_schema schema;
	char **keys;			/* pairs, ended by NULL */
	bool *skip;			/* per row group */
	const struct pq_range *ranges;	/* of pq_want; NULL: all rows */
	size_t nranges, range;		/* range: the next with rows not read */
	enum { INDEX_UNKNOWN, INDEX_GOOD, INDEX_BAD } index;	/* are the page indexes undamaged? */
	struct buf indexes;		/* their bytes, from indexes_at; none if the file has no checksum of them */
	uint64_t indexes_at;
	bool julian;

	struct chunk_in **selected;
	struct pq_vector *vectors;
	size_t nselected;
	size_t *each;			/* bytes held by each column at last count; total */
	uint64_t held;
	bool has_selected;
	size_t group;
	uint64_t row, first_row;	/* next row of the group; rows of groups before it */
	bool begun;			/* the group's chunks are begun */
	bool placed;			/* and know the places of their pages */
};

/* ---- opening ---- */

static int
read_source(struct pq_reader *r, uint64_t offset, void *p, size_t n, struct msg *err)
{
	return r->source.read(&r->source, offset, p, n, err);
}

/* Locates and reads the footer: clause File format. */
static int
read_footer(struct pq_reader *r, size_t *lenp, struct msg *err)
{
	uint64_t size = r->source.size;
	size_t tail = size < READ_TAIL ? (size_t)size : READ_TAIL;
	uint8_t *p = xmalloc(tail + 1), magic[4];
	uint32_t len;

	r->footer = p;
	if (size < 4 + TAIL)
		return msg_set(err, EX_DATAERR, "%s: not a Parquet file: too short", r->name);
	if (read_source(r, size - tail, p, tail, err) < 0 || read_source(r, 0, magic, 4, err) < 0)
		return -1;
	if (memcmp(p + tail - 4, "PARE", 4) == 0)
		return msg_set(err, EX_DATAERR, "%s: encrypted Parquet files are not supported", r->name);
	if (memcmp(p + tail - 4, "PAR1", 4) != 0 || memcmp(magic, "PAR1", 4) != 0)
		return msg_set(err, EX_DATAERR, "%s: not a Parquet file", r->name);
	len = load_u32(p + tail - TAIL);
	if (len > size - 4 - TAIL)
		return msg_set(err, EX_DATAERR, "%s: a footer of %lu bytes in a file of %llu", r->name,
		    (unsigned long)len, (unsigned long long)size);
	r->footer_at = size - TAIL - len;
	*lenp = len;
	if (len + TAIL <= tail) {
		memmove(p, p + tail - TAIL - len, len + TAIL);
		return 0;
	}
	free(p);
	r->footer = xmalloc((size_t)len + TAIL);
	return read_source(r, r->footer_at, r->footer, (size_t)len + TAIL, err);
}

/* Verifies the footer's own checksum, if it has one. */
static int
check_seal(struct pq_reader *r, size_t len, struct msg *err)
{
	int sealed = seal_check(r->footer, len + TAIL);

	r->sealed = sealed > 0;
	r->footer_sum = hash_bytes(r->footer, len + TAIL);
	return sealed >= 0 ? 0 : msg_set(err, EX_DATAERR, "%s: damaged: the footer's checksum does not match", r->name);
}

static char *
text_of(struct pq_bytes b)
{
	return xstrndup(b.p == NULL ? "" : (const char *)b.p, b.n);
}

static void
copy_keys(struct pq_reader *r)
{
	size_t i;

	r->keys = xcalloc(2 * r->meta.nkeys + 1, sizeof(*r->keys));
	for (i = 0; i < r->meta.nkeys; i++) {
		r->keys[2 * i] = text_of(r->meta.keys[i].key);
		r->keys[2 * i + 1] = text_of(r->meta.keys[i].value);
	}
}

/* Returns true if the file's metadata says that early dates are in the Julian calendar. */
static bool
is_julian(const struct pq_reader *r)
{
	const char *version = pq_key(r, "org.apache.spark.version");

	return pq_key(r, "org.apache.spark.legacyDateTime") != NULL ||
	    pq_key(r, "org.apache.spark.legacyINT96") != NULL ||
	    (version != NULL && version[0] >= '0' && version[0] < '3' && version[1] == '.');
}

static int
check_rows(const struct pq_reader *r, struct msg *err)
{
	uint64_t rows = 0;
	size_t g;

	for (g = 0; g < r->meta.ngroups; g++)
		if (__builtin_add_overflow(rows, (uint64_t)r->meta.groups[g].rows, &rows))
			break;
	if (g < r->meta.ngroups || rows != (uint64_t)r->meta.rows)
		return msg_set(err, EX_DATAERR, "%s: the number of rows differs between footer and row groups",
		    r->name);
	return 0;
}

static int
open_reader(struct pq_reader *r, struct msg *err)
{
	const char *why;
	size_t len = 0;

	if (read_footer(r, &len, err) < 0 || check_seal(r, len, err) < 0)
		return -1;
	if (meta_parse(&r->meta, r->footer, len, &why) < 0)
		return msg_set(err, EX_DATAERR, "%s: %s", r->name, why);
	if (r->meta.encrypted)
		return msg_set(err, EX_DATAERR, "%s: encrypted Parquet files are not supported", r->name);
	if (pq_schema_from_elements(&r->schema, r->meta.elements, r->meta.nelements, r->name, err) < 0 ||
	    check_rows(r, err) < 0)
		return -1;
	copy_keys(r);
	r->julian = is_julian(r);
	r->skip = xcalloc(r->meta.ngroups + 1, sizeof(*r->skip));
	return 0;
}

int
pq_open(struct pq_reader **rp, const struct pq_source *source, size_t limit, struct msg *err)
{
	struct pq_reader *r = xcalloc(1, sizeof(*r));

	*rp = NULL;
	r->source = *source;
	r->source.name = r->name = xstrdup(source->name);
	r->limit = limit == 0 ? (size_t)256 << 20 : limit;
	if (open_reader(r, err) < 0) {
		pq_close(r);
		return -1;
	}
	*rp = r;
	return 0;
}

static void
drop_selection(struct pq_reader *r)
{
	size_t i;

	for (i = 0; i < r->nselected; i++) {
		chunk_free(r->selected[i]);
		free(r->selected[i]);
	}
	free(r->selected);
	free(r->vectors);
	free(r->each);
	r->selected = NULL;
	r->vectors = NULL;
	r->each = NULL;
	r->nselected = 0;
	r->held = 0;
	r->has_selected = false;
}

void
pq_close(struct pq_reader *r)
{
	size_t i;

	if (r == NULL)
		return;
	drop_selection(r);
	for (i = 0; r->keys != NULL && i < 2 * r->meta.nkeys; i++)
		free(r->keys[i]);
	free(r->keys);
	free(r->skip);
	free(r->footer);
	buf_free(&r->indexes);
	free(r->name);
	meta_free(&r->meta);
	pq_schema_free(&r->schema);
	free(r);
}

/* ---- contents ---- */

uint64_t
pq_rows(const struct pq_reader *r)
{
	return (uint64_t)r->meta.rows;
}

size_t
pq_row_groups(const struct pq_reader *r)
{
	return r->meta.ngroups;
}

uint64_t
pq_row_group_rows(const struct pq_reader *r, size_t group)
{
	return (uint64_t)r->meta.groups[group].rows;
}

const struct pq_field *
pq_fields(const struct pq_reader *r, size_t *n)
{
	*n = r->schema.nfields;
	return r->schema.fields;
}

const struct pq_column *
pq_columns(const struct pq_reader *r, size_t *n)
{
	*n = r->schema.ncolumns;
	return r->schema.columns;
}

uint64_t
pq_footer_sum(const struct pq_reader *r)
{
	return r->footer_sum;
}

const char *
pq_key(const struct pq_reader *r, const char *key)
{
	size_t i;

	for (i = 0; i < r->meta.nkeys; i++)
		if (strcmp(r->keys[2 * i], key) == 0)
			return r->keys[2 * i + 1];
	return NULL;
}

/*
 * Returns true if a column's bounds can be trusted: not if its annotation, and so its order, is unknown, nor if
 * early dates are in another calendar.
 */
static bool
is_trusted(const struct pq_reader *r, size_t column, const struct pq_stats *s)
{
	const struct types_row *type = types_of(r->schema.columns[column].type);

	if (!meta_logical_known(r->schema.elements[column].logical))
		return false;
	return !r->julian || type->ancient == 0 || s->min.i >= 0;
}

void
pq_chunk_stats(const struct pq_reader *r, size_t group, size_t column, struct pq_stats *s)
{
	const struct meta_chunk *k = &r->meta.groups[group].chunks[column];

	*s = (struct pq_stats){ .entries = k->num_values > 0 ? (uint64_t)k->num_values : 0, .nulls = k->stats.nulls };
	if (s->nulls < 0 || s->nulls > k->num_values)
		s->nulls = -1;
	if (k->type != r->schema.elements[column].type || k->encrypted)
		return;
	stats_read(s, &k->stats, &r->schema.columns[column], &r->schema.elements[column],
	    r->meta.orders == NULL ? 0 : r->meta.orders[column]);
	s->has_min_max = s->has_min_max && is_trusted(r, column, s);
}

/* Returns the end of the pages; from there to the footer lie the indexes. */
static uint64_t
pages_end(const struct pq_reader *r)
{
	const struct meta_chunk *k;
	uint64_t end = 4;
	size_t g, i;
	int64_t start;

	for (g = 0; g < r->meta.ngroups; g++)
		for (i = 0; i < r->schema.ncolumns; i++) {
			k = &r->meta.groups[g].chunks[i];
			start = chunk_start(k);
			if (start > 0 && k->compressed > 0 && (uint64_t)start + (uint64_t)k->compressed > end)
				end = (uint64_t)start + (uint64_t)k->compressed;
		}
	return end;
}

int
pq_check_index(struct pq_reader *r, struct msg *err)
{
	const char *digits = r->sealed ? pq_key(r, SEAL_INDEX) : NULL;
	uint64_t at = pages_end(r), sum;
	size_t n = at <= r->footer_at ? (size_t)(r->footer_at - at) : 0;
	int got = -1;

	if (digits == NULL)
		return 0;
	r->indexes.len = 0;
	if (at <= r->footer_at && seal_parse(digits, strlen(digits), &sum) &&
	    (got = read_source(r, at, buf_room(&r->indexes, n), n, err)) == 0 && hash_bytes(r->indexes.p, n) != sum)
		got = -1;
	r->indexes.len = got == 0 ? n : 0;
	r->indexes_at = at;
	return got == 0 ? 0 : msg_set(err, EX_DATAERR, "%s: damaged: the checksum of the page indexes does not match",
	    r->name);
}

/* Returns false if the page indexes are damaged. Reads them at first if they have a checksum. */
static bool
trust_index(struct pq_reader *r)
{
	struct msg unheard = { 0 };

	if (r->index == INDEX_UNKNOWN)
		r->index = pq_check_index(r, &unheard) == 0 ? INDEX_GOOD : INDEX_BAD;
	return r->index == INDEX_GOOD;
}

/*
 * Returns a piece of the page indexes, read into the pool unless all of them are there. NULL if it lies elsewhere or
 * cannot be read.
 */
static const uint8_t *
read_index(struct pq_reader *r, int64_t at, int32_t n, struct pool *pool)
{
	struct msg unheard = { 0 };
	uint8_t *p;

	if (at < 4 || n <= 0 || (uint64_t)at > r->footer_at || (uint64_t)n > r->footer_at - (uint64_t)at)
		return NULL;
	if ((uint64_t)at >= r->indexes_at && (uint64_t)at + (uint64_t)n <= r->indexes_at + r->indexes.len)
		return r->indexes.p + ((uint64_t)at - r->indexes_at);
	p = pool_alloc(pool, (size_t)n);
	return read_source(r, (uint64_t)at, p, (size_t)n, &unheard) == 0 ? p : NULL;
}

struct pq_page *
pq_pages(struct pq_reader *r, size_t group, size_t column, struct pool *pool, size_t *n)
{
	const struct meta_chunk *k = &r->meta.groups[group].chunks[column];
	const struct pq_column *c = &r->schema.columns[column];
	struct chunk_index b = { .columns = NULL };
	struct pq_page *pages;
	size_t i;

	*n = 0;
	if (!trust_index(r) || c->max_rep > 0 || k->encrypted || k->type != r->schema.elements[column].type)
		return NULL;
	b.ncolumns = (size_t)k->column_index_len;
	b.noffsets = (size_t)k->offset_index_len;
	if ((b.columns = read_index(r, k->column_index, k->column_index_len, pool)) == NULL ||
	    (b.offsets = read_index(r, k->offset_index, k->offset_index_len, pool)) == NULL)
		return NULL;
	pages = chunk_index_parse(&b, c, &r->schema.elements[column], r->meta.orders == NULL ? 0 :
	    r->meta.orders[column], (uint64_t)r->meta.groups[group].rows, pool, n);
	for (i = 0; i < *n; i++)
		pages[i].stats.has_min_max = pages[i].stats.has_min_max && is_trusted(r, column, &pages[i].stats);
	return pages;
}

/* ---- batches ---- */

static void
select_column(struct pq_reader *r, size_t column, unsigned flags)
{
	struct chunk_in *k = xcalloc(1, sizeof(*k));

	chunk_init(k, &(struct chunk_options){ .source = &r->source, .c = &r->schema.columns[column],
	    .e = &r->schema.elements[column], .flags = flags, .limit = r->limit, .sealed = r->sealed,
	    .julian = r->julian });
	r->selected[r->nselected++] = k;
}

int
pq_select(struct pq_reader *r, const size_t *columns, const unsigned *flags, size_t n, struct msg *err)
{
	const struct pq_column *c;
	size_t i;

	drop_selection(r);
	r->group = r->range = 0;
	r->row = r->first_row = 0;
	r->ranges = NULL;
	r->begun = false;
	r->selected = xcalloc(n + 1, sizeof(*r->selected));
	r->vectors = xcalloc(n + 1, sizeof(*r->vectors));
	r->each = xcalloc(n + 1, sizeof(*r->each));
	for (i = 0; i < n; i++) {
		c = &r->schema.columns[columns[i]];
		if (c->refused != NULL)
			return msg_set(err, EX_DATAERR, "%s: column %s: %s is not supported", r->name,
			    msg_quotes(c->path),
			    c->refused);
		select_column(r, columns[i], flags == NULL ? 0 : flags[i]);
	}
	r->has_selected = true;
	return 0;
}

static int
select_all(struct pq_reader *r, struct msg *err)
{
	size_t *all = xcalloc(r->schema.ncolumns + 1, sizeof(*all)), i;
	int got;

	for (i = 0; i < r->schema.ncolumns; i++)
		all[i] = i;
	got = pq_select(r, all, NULL, r->schema.ncolumns, err);
	free(all);
	return got;
}

void
pq_skip(struct pq_reader *r, size_t group)
{
	r->skip[group] = true;
}

void
pq_want(struct pq_reader *r, const struct pq_range *ranges, size_t n)
{
	static const struct pq_range none;

	r->ranges = n > 0 ? ranges : &none;
	r->nranges = n;
	r->range = 0;
}

/* Returns how many rows of the group come before the next one of the ranges, which go on for *rows from there. */
static uint64_t
unwanted(struct pq_reader *r, uint64_t *rows)
{
	uint64_t at = r->first_row + r->row, left = (uint64_t)r->meta.groups[r->group].rows - r->row;
	const struct pq_range *next;

	*rows = left;
	if (r->ranges == NULL)
		return 0;
	while (r->range < r->nranges && r->ranges[r->range].end <= at)
		r->range++;
	next = &r->ranges[r->range];
	if (r->range == r->nranges || next->row >= at + left)
		return left;
	*rows = next->end - (next->row > at ? next->row : at);
	return next->row > at ? next->row - at : 0;
}

/* Moves to a row group with rows left. Returns 1, 0 at the end, or -1. */
static int
enter_group(struct pq_reader *r, struct msg *err)
{
	const struct meta_group *g = NULL;
	size_t i;

	for (; r->group < r->meta.ngroups; r->group++) {
		g = &r->meta.groups[r->group];
		if (r->begun && r->row < (uint64_t)g->rows)
			return 1;
		if (!r->begun && !r->skip[r->group] && g->rows > 0)
			break;
		r->first_row += (uint64_t)g->rows;
		r->row = 0;
		r->begun = false;
	}
	if (r->group == r->meta.ngroups)
		return 0;
	for (i = 0; i < r->nselected; i++)
		if (chunk_begin(r->selected[i], &g->chunks[r->selected[i]->pages.c - r->schema.columns], r->group,
		    (uint64_t)g->rows, r->footer_at, err) < 0)
			return -1;
	r->begun = true;
	r->placed = false;
	return 1;
}

/* Tells the group's chunks where their pages are, if some rows are passed over and the page indexes have a checksum. */
static void
place_pages(struct pq_reader *r)
{
	const struct meta_group *g = &r->meta.groups[r->group];
	const struct meta_chunk *chunk;
	struct chunk_place *places;
	struct pool pool = { 0 };
	const uint8_t *p;
	size_t i, n;

	if (r->placed || r->ranges == NULL)
		return;
	r->placed = true;
	if (!trust_index(r) || r->indexes.len == 0)
		return;
	for (i = 0; i < r->nselected; i++) {
		chunk = r->selected[i]->pages.meta;
		if (r->selected[i]->pages.c->max_rep > 0 ||
		    (p = read_index(r, chunk->offset_index, chunk->offset_index_len, &pool)) == NULL)
			continue;
		places = chunk_places_parse(p, (size_t)chunk->offset_index_len, (uint64_t)g->rows, &n);
		if (places != NULL)
			chunk_pages_place(&r->selected[i]->pages, places, n);
	}
	pool_free(&pool);
}

/* Moves to the next row of the ranges, which go on for *rows from there. Returns 1, 0 at the end, or -1. */
static int
enter_rows(struct pq_reader *r, uint64_t *rows, struct msg *err)
{
	uint64_t pass, left;
	size_t i;
	int got;

	while ((got = enter_group(r, err)) > 0) {
		left = (uint64_t)r->meta.groups[r->group].rows - r->row;
		pass = unwanted(r, rows);
		if (pass < left && *rows < left)
			place_pages(r);
		if (pass == 0)
			break;
		for (i = 0; i < r->nselected && pass < left; i++)
			if (chunk_skip(r->selected[i], pass, err) < 0)
				return -1;
		r->row += pass;
	}
	return got;
}

/*
 * Updates the bytes a column holds. Each page is within its limit, but a small file can have many columns that each
 * decompress to that much.
 */
static int
count_held(struct pq_reader *r, size_t i, struct msg *err)
{
	const struct chunk_in *k = r->selected[i];
	size_t now = chunk_held(k);
	uint64_t most = (uint64_t)r->limit * PAGES_HELD;

	if (r->source.size > most / FILE_HELD)
		most = r->source.size * FILE_HELD;
	r->held += now;
	r->held -= r->each[i];
	r->each[i] = now;
	if (r->held <= most)
		return 0;
	return msg_set(err, EX_DATAERR,
	    "%s: column %s, row group %zu: the pages of all columns read exceed %llu bytes", r->name,
	    msg_quotes(k->pages.c->path), r->group, (unsigned long long)most);
}

/* Chooses the rows of the next batch: up to the end of the group and of pages whose bytes are returned as views. */
static int
batch_rows(struct pq_reader *r, size_t most, size_t *rows, struct msg *err)
{
	uint64_t left = (uint64_t)r->meta.groups[r->group].rows - r->row;
	size_t i, n;

	if (r->nselected > 0 && most > MAX_BATCH)
		most = MAX_BATCH;
	*rows = left < most ? (size_t)left : most;
	for (i = 0; i < r->nselected; i++) {
		if (!chunk_is_paged(r->selected[i]))
			continue;
		if (chunk_page(r->selected[i], &n, err) < 0 || count_held(r, i, err) < 0)
			return -1;
		*rows = n < *rows ? n : *rows;
	}
	return 0;
}

int
pq_next(struct pq_reader *r, size_t max_rows, struct pq_batch *b, struct msg *err)
{
	uint64_t wanted;
	size_t i, rows;
	int got;

	if (!r->has_selected && select_all(r, err) < 0)
		return -1;
	for (i = 0; i < r->nselected; i++)
		chunk_forget(r->selected[i]);
	if ((got = enter_rows(r, &wanted, err)) != 1)
		return got;
	if (max_rows == 0 || wanted < max_rows)
		max_rows = wanted == 0 || max_rows == 0 ? 1 : (size_t)wanted;
	if (batch_rows(r, max_rows, &rows, err) < 0)
		return -1;
	for (i = 0; i < r->nselected; i++) {
		if (chunk_rows(r->selected[i], rows, err) < 0 || count_held(r, i, err) < 0)
			return -1;
		r->vectors[i] = r->selected[i]->vector;
	}
	*b = (struct pq_batch){ .first_row = r->first_row + r->row, .rows = rows, .group = r->group,
	    .columns = r->vectors };
	r->row += rows;
	return 1;
}

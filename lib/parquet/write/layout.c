/* Divides a chunk into pages and computes the ranges of their values. */
#include <stdlib.h>

#include "parquet/format/convert.h"
#include "parquet/write/layout.h"

static bool
is_value(const struct out_column *c, size_t entry)
{
	return c->values == c->entries || c->def.p[entry] == c->c->max_def;
}

static size_t
count_values(const struct out_column *c, size_t entry, size_t n)
{
	size_t i, values = 0;

	if (c->values == c->entries)
		return n;
	for (i = entry; i < entry + n; i++)
		values += c->def.p[i] == c->c->max_def;
	return values;
}

/* Returns true if any `rows` byte values fit a page. */
static bool
bytes_fit(const struct out_column *c, uint32_t rows, size_t most)
{
	size_t i, longest = 0;

	if (c->bytes + 4 * c->values <= most)
		return true;
	if (!c->in_dict || c->dict.n > 4096)
		return false;
	for (i = 0; i < c->dict.n; i++)
		longest = c->dict.entries[i].len > longest ? c->dict.entries[i].len : longest;
	return (longest + 4) * rows <= most;
}

/* Finds the end of a page that begins at an entry, row by row. */
static size_t
walk_page(const struct out_column *c, const struct pq_options *o, size_t entry, size_t value, uint64_t *rows)
{
	size_t bytes = 0, i;

	*rows = 0;
	for (i = entry; i < c->entries; i++) {
		if (c->c->max_rep == 0 || c->rep.p[i] == 0) {
			if (*rows == o->page_rows || bytes >= o->page_bytes)
				break;
			++*rows;
		}
		if (is_value(c, i))
			bytes += c->store == PQ_BYTES ? 4 + out_column_length(c, value++) : pq_shape_size(c->store);
	}
	return i - entry;
}

/*
 * Computes the range of a page of dictionary-encoded byte values. seen[i] is the stamp of the last page that used
 * entry i.
 */
static void
range_of_indexed(const struct out_column *c, struct out_page *g, uint32_t *seen, uint32_t stamp)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p + g->value;
	struct pq_bytes v;
	uint64_t some = 0;
	size_t i;

	if (c->dict.n <= 64) {
		for (i = 0; i < g->values; i++)
			some |= UINT64_C(1) << index[i];
		for (; some != 0; some &= some - 1) {
			v = dict_bytes_at(&c->dict, (uint32_t)__builtin_ctzll(some));
			stats_add(&g->range, PQ_BYTES, &v, 1);
		}
		return;
	}
	for (i = 0; i < g->values; i++) {
		if (seen[index[i]] == stamp)
			continue;
		seen[index[i]] = stamp;
		v = dict_bytes_at(&c->dict, index[i]);
		stats_add(&g->range, PQ_BYTES, &v, 1);
	}
}

static void
range_of_bytes(const struct out_column *c, struct out_page *g, size_t *byte)
{
	struct pq_bytes v;
	size_t i;

	for (i = g->value; i < g->value + g->values; i++) {
		v = (struct pq_bytes){ c->data.p + *byte, out_column_length(c, i) };
		*byte += v.n;
		stats_add(&g->range, PQ_BYTES, &v, 1);
	}
}

/* Computes the range of a page's values. */
static void
range_of(const struct out_column *c, struct out_page *g, size_t page, uint32_t *seen, size_t *byte)
{
	if (c->page > 0)
		g->range = ((const struct stats_range *)(const void *)c->ranges.p)[page];
	else if (c->store != PQ_BYTES)
		stats_add(&g->range, c->store, c->data.p + g->value * pq_shape_size(c->store), g->values);
	else if (c->in_dict)
		range_of_indexed(c, g, seen, (uint32_t)page + 1);
	else
		range_of_bytes(c, g, byte);
}

size_t
out_layout(const struct out_column *c, const struct pq_options *o, struct buf *pages, struct stats_range *all)
{
	size_t entry = 0, value = 0, byte = 0, npages = 0, most = c->page > 0 ? c->page : o->page_rows;
	bool walk = c->page == 0 && (c->c->max_rep > 0 || !bytes_fit(c, o->page_rows, o->page_bytes));
	uint64_t row = 0;
	uint32_t *seen = NULL;
	struct out_page *g;

	*all = (struct stats_range){ .any = false };
	if (c->store == PQ_BYTES && c->in_dict)
		seen = xcalloc(c->dict.n + 1, sizeof(*seen));
	for (pages->len = 0; entry < c->entries; npages++) {
		g = (struct out_page *)(void *)buf_room(pages, sizeof(*g));
		pages->len += sizeof(*g);
		*g = (struct out_page){ .entry = entry, .value = value, .byte = byte, .row = row };
		if (walk) {
			g->entries = walk_page(c, o, entry, value, &g->rows);
		} else {
			g->entries = c->entries - entry < most ? c->entries - entry : most;
			g->rows = g->entries;
		}
		g->values = count_values(c, entry, g->entries);
		range_of(c, g, npages, seen, &byte);
		stats_merge(all, c->store, &g->range);
		entry += g->entries;
		value += g->values;
		row += g->rows;
	}
	free(seen);
	return npages;
}

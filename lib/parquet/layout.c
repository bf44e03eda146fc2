/* Where the pages of a chunk begin and end, and the ranges of their values. */
#include <stdlib.h>

#include "parquet/convert.h"
#include "parquet/writer.h"

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

/* Do 'rows' values fit a page whatever they are? */
static bool
bytes_fit(const struct out_column *c, uint32_t rows, size_t most)
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
walk_page(const struct pq_writer *w, const struct out_column *c, size_t entry, size_t value, uint64_t *rows)
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
			bytes += c->store == PQ_BYTES ? 4 + out_length(c, value++) : convert_width(c->store);
	}
	return i - entry;
}

static void
range_of_bytes(struct out_column *c, struct out_page *g, uint32_t *seen, uint32_t stamp, size_t *byte)
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
			v = (struct pq_bytes){ c->data.p + *byte, out_length(c, i) };
			*byte += v.n;
		}
		stats_add(&g->range, PQ_BYTES, &v, 1);
	}
}

/* Divides the chunk into w->pages, each with the range of its values; returns how many, and the range of all. */
size_t
out_lay_out(struct pq_writer *w, struct out_column *c, struct stats_range *all)
{
	size_t entry = 0, value = 0, byte = 0, npages = 0, width = convert_width(c->store);
	bool walk = c->c->max_rep > 0 || !bytes_fit(c, w->opt.page_rows, w->opt.page_bytes);
	uint64_t row = 0, most = c->store == PQ_BYTES || w->opt.page_bytes / width > w->opt.page_rows
	    ? w->opt.page_rows : w->opt.page_bytes / width;
	uint32_t *seen = NULL;
	struct out_page *g;

	*all = (struct stats_range){ .any = false };
	if (c->store == PQ_BYTES && c->in_dict)
		seen = xcalloc(c->dict.n + 1, sizeof *seen);
	for (w->pages.len = 0; entry < c->entries; npages++) {
		g = (struct out_page *)(void *)buf_room(&w->pages, sizeof *g);
		w->pages.len += sizeof *g;
		*g = (struct out_page){ .entry = entry, .value = value, .byte = byte, .row = row };
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

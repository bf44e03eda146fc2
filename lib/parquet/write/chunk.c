/* Column chunks. */
#include "parquet/write/chunk.h"

void
out_chunks_init(struct out_chunks *k, const struct pq_options *o, const struct codec *codec, struct out_file *file)
{
	*k = (struct out_chunks){ .opt = o,
	    .planner = { .codec = codec, .level = o->level },
	    .pager = { .file = file, .codec = codec, .level = o->level } };
}

void
out_chunks_free(struct out_chunks *k)
{
	out_planner_free(&k->planner);
	out_pager_free(&k->pager);
	out_index_free(&k->index);
	buf_free(&k->pages);
	pool_free(&k->pool);
}

/* Writes the dictionary, if there is one, and the data pages. */
static int
write_pages(struct out_pager *w, const struct out_column *c, const struct out_plan *plan, struct out_page *pages,
    size_t n, struct meta_chunk *chunk, struct msg *err)
{
	size_t i;

	if (plan->encoding == META_RLE_DICTIONARY && out_page_dictionary(w, c, plan, chunk, err) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (out_page_data(w, c, plan, &pages[i], chunk, err) < 0)
			return -1;
	chunk->data_offset = (int64_t)pages[0].offset;
	chunk->encodings |= 1u << plan->encoding;
	if (c->c->max_def > 0 || c->c->max_rep > 0)
		chunk->encodings |= 1u << META_RLE;
	chunk->count[chunk->ncounts++] = (struct meta_encoding_count){ META_DATA_PAGE, plan->encoding, (int32_t)n };
	return 0;
}

int
out_chunk_write(struct out_chunks *k, struct out_column *c, struct out_history *h, struct meta_chunk *chunk,
    struct msg *err)
{
	struct stats_range range;
	struct out_plan plan;
	struct out_page *pages;
	size_t n;

	out_column_complete(c);
	n = out_layout(c, k->opt, &k->pages, &range);
	pages = (struct out_page *)(void *)k->pages.p;
	*chunk = (struct meta_chunk){ .type = c->e->type, .codec = (int)k->pager.codec->number,
	    .num_values = (int64_t)c->entries };
	if (out_plan(&k->planner, c, &range, &h->wait, &plan, err) < 0 ||
	    write_pages(&k->pager, c, &plan, pages, n, chunk, err) < 0)
		return -1;
	out_index_stats(&chunk->stats, c, &range, &k->pool);
	out_index_chunk(&k->index, c, pages, n, chunk);
	out_total_add(&h->total, c, &range);
	return 0;
}

/* Encodes, compresses, checksums and writes pages. */
#ifndef PARQUET_WRITE_PAGE_H
#define PARQUET_WRITE_PAGE_H

#include "parquet/write/file.h"
#include "parquet/write/layout.h"
#include "parquet/write/plan.h"

struct out_pager {
	struct out_file *file;
	const struct codec *codec;
	int level;
	struct buf body, head, numbers;	/* owned: scratch */
	size_t head_size;		/* header size of the last page */
};
void out_pager_free(struct out_pager *w);

/* Each writes a page and adds it to the chunk's totals. */
int out_page_dictionary(struct out_pager *w, const struct out_column *c, const struct out_plan *plan,
    struct meta_chunk *chunk, struct msg *err);
int out_page_data(struct out_pager *w, const struct out_column *c, const struct out_plan *plan, struct out_page *g,
    struct meta_chunk *chunk, struct msg *err);

#endif

/*
 * The state of a file being written, shared by the writer's files: gather.c buffers rows, layout.c divides a chunk
 * into pages, plan.c chooses its encoding, page.c encodes pages, index.c writes statistics and indexes, writer.c
 * drives them.
 */
#ifndef PARQUET_WRITER_H
#define PARQUET_WRITER_H

#include <pthread.h>

#include "base/mem.h"
#include "parquet/encode/codec.h"
#include "parquet/encode/dict.h"
#include "parquet/format/meta.h"
#include "parquet/parquet.h"
#include "parquet/format/schema.h"
#include "parquet/format/stats.h"

enum {
	OUT_MAX_VALUE = 128 << 20,	/* maximum bytes of one value */
	/* maximum page_bytes: a page plus one more value stays within the limits of readers */
	OUT_MAX_PAGE = 64 << 20
};

struct out_page {
	/* byte: offset of the page's values among byte values outside a dictionary */
	size_t entry, entries, value, values, byte;
	uint64_t row, rows;
	struct stats_range range;
	uint64_t offset;				/* offset in the file */
	size_t size;					/* includes the header */
};

struct out_column {
	const struct pq_column *c;
	const struct meta_element *e;
	enum pq_shape store;		/* shape of the stored values; PQ_I32 for decimals stored as INT32 */
	struct buf def, rep;
	size_t entries, values;
	struct buf data;		/* values of fixed width; or byte values outside a dictionary, concatenated */
	struct buf lens;		/* their lengths, a uint32_t each */
	struct dict_bytes dict;
	bool in_dict;			/* byte values: all values of the row group are in dict */
	size_t page;			/* entries per page; 0: depends on the values */
	struct buf ranges;		/* if not 0: struct stats_range of each page */
	uint64_t bytes;			/* byte values: total length */
	size_t at;			/* entries of pq_write's vector already taken */
};

/* A column's statistics over the whole file. */
struct out_total {
	struct stats_range range;
	struct buf min, max;		/* what the range's bytes point to */
	uint64_t entries, values;
	unsigned plain;			/* row groups left for which no dictionary is tried */
};

struct pq_writer {
	struct pq_sink sink;
	struct pq_options opt;
	const struct codec *codec;
	struct pq_schema schema;
	size_t ncolumns;

	/* the row group being buffered */
	struct out_column *columns;
	uint64_t rows;
	uint64_t total_rows;		/* rows of the row groups before it */
	uint64_t settled;		/* size of the file without a row group in flight */

	/* The rest belongs to the row group being written; while its write is in flight, to the thread. */
	struct out_column *full;	/* its columns; equal to `columns` without opt.beside */
	uint64_t full_rows;
	pthread_t thread;
	bool writing;			/* a thread is writing */
	int got;			/* the thread's result */
	struct msg thread_err;
	struct out_total *totals;
	uint64_t pos;			/* file offset after the pending bytes */
	struct meta_group *groups;
	size_t ngroups, groups_cap;
	struct pool pool;		/* chunks, statistics, keys */
	struct buf column_indexes, offset_indexes;
	struct buf pages;		/* struct out_page of the current chunk */
	struct buf waits;		/* bytes not written yet */
	size_t head_size;		/* header size of the last page */
	struct buf body, packed, head, numbers;
	struct dict_fixed dict;
	struct meta_key *keys;
	size_t nkeys;
	uint64_t footer_sum;		/* pq_written_footer */
	bool failed;
	struct msg err;
};

/* How the values of a chunk are encoded. */
struct out_plan {
	int encoding;		/* of the data pages */
	unsigned width;		/* RLE_DICTIONARY: bits per index */
};

/* Returns the length of a byte value. */
static inline uint32_t
out_length(const struct out_column *c, size_t value)
{
	if (c->in_dict)
		return c->dict.entries[((const uint32_t *)(const void *)c->dict.index.p)[value]].len;
	return ((const uint32_t *)(const void *)c->lens.p)[value];
}

/* writer.c: writes the magic at the file's start, once. */
void out_begin(struct pq_writer *w);

/* writer.c: accounts for n bytes added to w->waits; writes when enough are buffered. */
int out_added(struct pq_writer *w, size_t n, struct msg *err);

/* writer.c: copies bytes, adding a NUL; the copy lives as long as the writer. */
struct pq_bytes out_keep(struct pool *pool, const void *p, size_t n);

/* gather.c: buffers rows until the row group is full; *taken is how many. */
int out_check(const struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err);
int out_take(struct pq_writer *w, size_t rows, const struct pq_vector *columns, size_t *taken, struct msg *err);

/*
 * gather.c: as pq_room. Taking the values moves them to the front over nulls or a full row group's, and never
 * requests more room with buf_room than this call did.
 */
void *out_room(struct out_column *c, size_t rows);

/* layout.c: returns the entries per page, or 0 if that depends on the values. */
size_t out_page_entries(const struct pq_options *o, const struct out_column *c);

/* gather.c: before layout, makes definition levels complete for all entries, or drops them if there is no null. */
void out_complete(struct out_column *c);

/*
 * layout.c: divides the chunk into w->pages, each with the range of its values. Returns their number, and the range
 * of all.
 */
size_t out_lay_out(struct pq_writer *w, struct out_column *c, struct stats_range *all);

/* plan.c: chooses dictionary or another encoding; range covers all values. */
int out_plan(struct pq_writer *w, size_t column, const struct stats_range *range, struct out_plan *plan,
    struct msg *err);

/* page.c: writes a page and adds it to the chunk's totals. */
int out_dictionary_page(struct pq_writer *w, const struct out_column *c, struct meta_chunk *chunk, struct msg *err);
int out_data_page(struct pq_writer *w, const struct out_column *c, const struct out_plan *plan, struct out_page *g,
    struct meta_chunk *chunk,
    struct msg *err);
/* describes plain values for the codec */
size_t out_hint(const struct out_column *c);
/* the values as 64-bit integers, in w->numbers */
const int64_t *out_numbers(struct pq_writer *w, const struct out_column *c, size_t value, size_t n);

/* index.c: fills the chunk's statistics, its column and offset index, and the file's statistics. */
void out_stats(struct pq_writer *w, const struct out_column *c, const struct stats_range *r, struct meta_stats *s);
void out_column_index(struct pq_writer *w, const struct out_column *c, const struct out_page *g, size_t n,
    struct meta_chunk *chunk);
void out_offset_index(struct pq_writer *w, const struct out_page *g, size_t n, struct meta_chunk *chunk);
void out_total(struct out_total *t, const struct out_column *c, const struct stats_range *r);
bool out_has_bounds(const struct stats_range *r);

#endif

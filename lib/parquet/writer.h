/*
 * A file being written, for the files that write it: gather.c takes rows in, layout.c divides a chunk in pages,
 * plan.c chooses its encoding, page.c makes pages, index.c tells their bounds, writer.c holds it together.
 */
#ifndef PARQUET_WRITER_H
#define PARQUET_WRITER_H

#include <pthread.h>

#include "base/mem.h"
#include "parquet/dict.h"
#include "parquet/meta.h"
#include "parquet/parquet.h"
#include "parquet/schema.h"
#include "parquet/stats.h"

enum {
	OUT_MAX_VALUE = 128 << 20,	/* bytes of one value */
	OUT_MAX_PAGE = 64 << 20		/* bytes after which a page is closed, at most: with a value more it is within what readers take */
};

struct out_page {
	size_t entry, entries, value, values, byte;	/* byte: of bytes not in a dictionary, where the values begin */
	uint64_t row, rows;
	struct stats_range range;
	uint64_t offset;				/* in the file */
	size_t size;					/* with its header */
};

struct out_column {
	const struct pq_column *c;
	const struct meta_element *e;
	enum pq_shape store;		/* how its values are kept: its shape, but decimals stored as INT32 as that */
	struct buf def, rep;
	size_t entries, values;
	struct buf data;		/* fixed width: the values; bytes not in a dictionary: one after another */
	struct buf lens;		/* of those, uint32_t each */
	struct dict_bytes dict;
	bool in_dict;			/* bytes: all values of the row group are in dict */
	size_t page;			/* entries of a page; 0: told only when all values are there */
	struct buf ranges;		/* then: struct stats_range of each page */
	uint64_t bytes;			/* of bytes: length of all values */
	size_t at;			/* entries of the vector in pq_write that are taken */
};

/* A column over the whole file. */
struct out_total {
	struct stats_range range;
	struct buf min, max;		/* what its bytes point to */
	uint64_t entries, values;
	unsigned plain;			/* row groups to come for which no dictionary of it is looked for */
};

struct pq_writer {
	struct pq_sink sink;
	struct pq_options opt;
	struct pq_schema schema;
	size_t ncolumns;

	/* the row group that is gathered */
	struct out_column *columns;
	uint64_t rows;
	uint64_t total_rows;		/* of those before it */
	uint64_t landed;		/* bytes of the file, but for a row group that is being written beside */

	/* The rest is of the row group that is written: that of the thread, where there is one. */
	struct out_column *full;	/* its columns; without opt.beside the same as `columns` */
	uint64_t full_rows;
	pthread_t thread;
	bool aloft;			/* there is a thread */
	int got;			/* its result */
	struct msg thread_err;
	struct out_total *totals;
	uint64_t pos;			/* in the file, behind what waits */
	struct meta_group *groups;
	size_t ngroups, groups_cap;
	struct pool pool;		/* chunks, their statistics, keys */
	struct buf column_indexes, offset_indexes;
	struct buf pages;		/* struct out_page of the chunk */
	struct buf waits;		/* the last bytes of the file, to be written together */
	size_t head_size;		/* of the last page */
	struct buf body, packed, head, numbers;
	struct dict_fixed dict;
	struct meta_key *keys;
	size_t nkeys;
	uint64_t footer_sum;		/* pq_written_footer */
	bool failed;
	struct msg err;
};

/* How the values of a chunk are stored. */
struct out_plan {
	int encoding;		/* of data pages */
	unsigned width;		/* RLE_DICTIONARY: bits of an index */
};

/* The length of a value of bytes. */
static inline uint32_t
out_length(const struct out_column *c, size_t value)
{
	if (c->in_dict)
		return c->dict.entries[((const uint32_t *)(const void *)c->dict.index.p)[value]].len;
	return ((const uint32_t *)(const void *)c->lens.p)[value];
}

/* writer.c: begins the file with its magic, where that is not done yet. */
void out_begin(struct pq_writer *w);

/* writer.c: n bytes were added to w->waits; writes them where enough have come together. */
int out_added(struct pq_writer *w, size_t n, struct msg *err);

/* writer.c: a copy that lives as long as the writer, with a NUL behind it. */
struct pq_bytes out_keep(struct pool *pool, const void *p, size_t n);

/* gather.c: takes rows in until the row group is full; *taken says how many. */
int out_check(const struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err);
int out_take(struct pq_writer *w, size_t rows, const struct pq_vector *columns, size_t *taken, struct msg *err);

/*
 * gather.c: as pq_room. Values that stand there move towards the front where nulls or a row group that is full leave
 * room, and no buf_room that taking them asks for is more than this one was.
 */
void *out_room(struct out_column *c, size_t rows);

/* layout.c: how many entries a page has where that does not depend on the values; 0 where it does. */
size_t out_page_entries(const struct pq_options *o, const struct out_column *c);

/* gather.c: before the chunk is laid out, definition levels for all entries or, where there is no null, none. */
void out_complete(struct out_column *c);

/*
 * layout.c: divides the chunk into w->pages, each with the range of its values; returns how many, and the range of
 * all.
 */
size_t out_lay_out(struct pq_writer *w, struct out_column *c, struct stats_range *all);

/* plan.c: dictionary or not, and which encoding otherwise; range: of all values. */
int out_plan(struct pq_writer *w, size_t column, const struct stats_range *range, struct out_plan *plan, struct msg *err);

/* page.c: writes a page and adds it to the chunk's sums. */
int out_dictionary_page(struct pq_writer *w, const struct out_column *c, struct meta_chunk *chunk, struct msg *err);
int out_data_page(struct pq_writer *w, const struct out_column *c, const struct out_plan *plan, struct out_page *g,
    struct meta_chunk *chunk,
    struct msg *err);
/* of values stored plainly, as struct codec_hint has it */
size_t out_hint(const struct out_column *c);
/* as 64-bit integers, in w->numbers */
const int64_t *out_numbers(struct pq_writer *w, const struct out_column *c, size_t value, size_t n);

/* index.c: statistics of the chunk, its column and offset index, and the file's statistics. */
void out_stats(struct pq_writer *w, const struct out_column *c, const struct stats_range *r, struct meta_stats *s);
void out_column_index(struct pq_writer *w, const struct out_column *c, const struct out_page *g, size_t n,
    struct meta_chunk *chunk);
void out_offset_index(struct pq_writer *w, const struct out_page *g, size_t n, struct meta_chunk *chunk);
void out_total(struct out_total *t, const struct out_column *c, const struct stats_range *r);
bool out_has_bounds(const struct stats_range *r);

#endif

/*
 * The writer. Buffers rows column by column until a row group is full; then lays out each column chunk in pages,
 * chooses its dictionary with all values at hand, and writes the pages at once, so that none is kept in memory.
 * Optionally a thread writes a full row group while the next one is buffered. Indexes and footer follow at the end.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/io.h"
#include "parquet/format/seal.h"
#include "parquet/write/writer.h"

enum {
	WRITE_BYTES = 128 << 10,	/* minimum bytes per write */
	WRITE_UNIT = 64 << 10
};

/* Dates and instants before which Spark requires files to name their calendar: 1582-10-15 and 1900-01-01. */
#define ANCIENT_DAY (-141427)
#define ANCIENT_MICROS INT64_C(-2208988800000000)

struct pq_options
pq_defaults(void)
{
	return (struct pq_options){ .codec = PQ_SNAPPY };
}

static int
write_fd(const struct pq_sink *sink, const void *p, size_t n, struct msg *err)
{
	return io_write(sink->fd, p, n, sink->name, err);
}

struct pq_sink
pq_sink_fd(int fd, const char *name)
{
	return (struct pq_sink){ .write = write_fd, .fd = fd, .name = name };
}

/* ---- creating and freeing ---- */

struct pq_bytes
out_keep(struct pool *pool, const void *p, size_t n)
{
	uint8_t *q = pool_alloc(pool, n + 1);

	if (n > 0)
		memcpy(q, p, n);
	q[n] = '\0';
	return (struct pq_bytes){ q, n };
}

static void
add_key(struct pq_writer *w, const char *key, const char *value)
{
	w->keys = xreallocarray(w->keys, w->nkeys + 1, sizeof *w->keys);
	w->keys[w->nkeys].key = out_keep(&w->pool, key, strlen(key));
	w->keys[w->nkeys++].value = out_keep(&w->pool, value, strlen(value));
}

static void
fill_options(struct pq_options *o)
{
	if (o->row_group_rows == 0)
		o->row_group_rows = 1 << 20;
	if (o->row_group_bytes == 0)
		o->row_group_bytes = (size_t)128 << 20;
	if (o->page_rows == 0)
		o->page_rows = 20000;
	if (o->page_bytes == 0)
		o->page_bytes = 1 << 20;
	if (o->page_bytes > OUT_MAX_PAGE)
		o->page_bytes = OUT_MAX_PAGE;
}

static struct out_column *
new_columns(const struct pq_schema *s, const struct pq_options *o)
{
	struct out_column *columns = xcalloc(s->ncolumns, sizeof *columns), *c;
	size_t i;

	for (i = 0; i < s->ncolumns; i++) {
		c = &columns[i];
		c->c = &s->columns[i];
		c->e = &s->elements[i];
		c->store = c->e->type == META_INT32 ? PQ_I32 : c->c->shape;
		c->in_dict = true;
		c->page = out_page_entries(o, c);
		/* gives the buffers a non-NULL address even if they stay empty */
		(void)buf_room(&c->data, 0);
		(void)buf_room(&c->dict.data, 0);
	}
	return columns;
}

static void
free_columns(struct out_column *columns, size_t n)
{
	struct out_column *c;

	for (c = columns; columns != NULL && c < columns + n; c++) {
		buf_free(&c->def);
		buf_free(&c->rep);
		buf_free(&c->data);
		buf_free(&c->lens);
		buf_free(&c->ranges);
		dict_bytes_free(&c->dict);
	}
	free(columns);
}

int
pq_create(struct pq_writer **wp, const struct pq_sink *sink, const struct pq_field *fields, size_t nfields,
    const struct pq_options *opt, struct msg *err)
{
	struct pq_writer *w = xcalloc(1, sizeof *w);
	const char *why;
	size_t i;

	*wp = NULL;
	w->sink = *sink;
	w->opt = *opt;
	fill_options(&w->opt);
	w->codec = codec_find((int)opt->codec, &why);
	if (w->codec == NULL || w->codec->pack == NULL) {
		pq_writer_free(w);
		return msg_set(err, EX_SOFTWARE, "%s: files with codec %d are not written", sink->name,
		    (int)opt->codec);
	}
	if (pq_schema_from_fields(&w->schema, fields, nfields, sink->name, err) == -1) {
		pq_writer_free(w);
		return -1;
	}
	w->ncolumns = w->schema.ncolumns;
	w->totals = xcalloc(w->ncolumns, sizeof *w->totals);
	w->columns = w->full = new_columns(&w->schema, &w->opt);
	if (w->opt.beside && cpu_count() > 1)
		w->full = new_columns(&w->schema, &w->opt);
	for (i = 0; opt->keys != NULL && opt->keys[i] != NULL && opt->keys[i + 1] != NULL; i += 2)
		add_key(w, opt->keys[i], opt->keys[i + 1]);
	*wp = w;
	return 0;
}

/* Joins the writer thread, if there is one. */
static void
wait_thread(struct pq_writer *w)
{
	if (w->writing)
		pthread_join(w->thread, NULL);
	w->writing = false;
}

void
pq_writer_free(struct pq_writer *w)
{
	size_t i;

	if (w == NULL)
		return;
	wait_thread(w);
	if (w->full != w->columns)
		free_columns(w->full, w->ncolumns);
	free_columns(w->columns, w->ncolumns);
	for (i = 0; w->totals != NULL && i < w->ncolumns; i++) {
		buf_free(&w->totals[i].min);
		buf_free(&w->totals[i].max);
	}
	free(w->totals);
	free(w->groups);
	free(w->keys);
	buf_free(&w->column_indexes);
	buf_free(&w->offset_indexes);
	buf_free(&w->pages);
	buf_free(&w->waits);
	buf_free(&w->body);
	buf_free(&w->packed);
	buf_free(&w->head);
	buf_free(&w->numbers);
	dict_fixed_free(&w->dict);
	pool_free(&w->pool);
	pq_schema_free(&w->schema);
	free(w);
}

/* ---- bytes ---- */

void
out_begin(struct pq_writer *w)
{
	if (w->pos > 0)
		return;
	buf_adds(&w->waits, "PAR1");
	w->pos = 4;
}

/* Writes the first n pending bytes. */
static int
emit(struct pq_writer *w, size_t n, struct msg *err)
{
	if (n == 0)
		return 0;
	if (w->sink.write(&w->sink, w->waits.p, n, err) == -1)
		return -1;
	w->waits.len -= n;
	memmove(w->waits.p, w->waits.p + n, w->waits.len);
	return 0;
}

/* Ends writes at multiples of WRITE_UNIT, so that the kernel takes whole memory pages. */
int
out_added(struct pq_writer *w, size_t n, struct msg *err)
{
	w->pos += n;
	return w->waits.len < WRITE_BYTES ? 0 : emit(w, w->waits.len - (size_t)(w->pos % WRITE_UNIT), err);
}

static int
add(struct pq_writer *w, const struct buf *b, struct msg *err)
{
	out_begin(w);
	buf_add(&w->waits, b->p, b->len);
	return out_added(w, b->len, err);
}

/* ---- row groups ---- */

static int
emit_chunk(struct pq_writer *w, size_t column, struct meta_chunk *chunk, struct msg *err)
{
	struct out_column *c = &w->full[column];
	struct stats_range range;
	struct out_plan plan;
	struct out_page *pages;
	size_t n, i;

	out_complete(c);
	n = out_lay_out(w, c, &range);
	pages = (struct out_page *)(void *)w->pages.p;
	*chunk = (struct meta_chunk){ .type = c->e->type, .codec = (int)w->codec->number,
	    .num_values = (int64_t)c->entries };
	if (out_plan(w, column, &range, &plan, err) == -1)
		return -1;
	if (plan.encoding == META_RLE_DICTIONARY && out_dictionary_page(w, c, chunk, err) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (out_data_page(w, c, &plan, &pages[i], chunk, err) == -1)
			return -1;
	chunk->data_offset = (int64_t)pages[0].offset;
	chunk->encodings |= 1u << plan.encoding;
	if (c->c->max_def > 0 || c->c->max_rep > 0)
		chunk->encodings |= 1u << META_RLE;
	chunk->count[chunk->ncounts++] = (struct meta_encoding_count){ META_DATA_PAGE, plan.encoding, (int32_t)n };
	out_stats(w, c, &range, &chunk->stats);
	out_column_index(w, c, pages, n, chunk);
	out_offset_index(w, pages, n, chunk);
	out_total(&w->totals[column], c, &range);
	return 0;
}

static void
clear_column(struct out_column *c)
{
	c->def.len = c->rep.len = c->data.len = c->lens.len = c->ranges.len = 0;
	c->entries = c->values = 0;
	c->bytes = 0;
	dict_bytes_clear(&c->dict);
	c->in_dict = true;
}

static int
emit_group(struct pq_writer *w, struct msg *err)
{
	struct meta_group *g;
	size_t i;

	if (w->ngroups == w->groups_cap) {
		w->groups_cap = w->groups_cap == 0 ? 8 : w->groups_cap * 2;
		w->groups = xreallocarray(w->groups, w->groups_cap, sizeof *w->groups);
	}
	g = &w->groups[w->ngroups];
	*g = (struct meta_group){ .rows = (int64_t)w->full_rows, .offset = w->pos == 0 ? 4 : (int64_t)w->pos };
	g->chunks = pool_alloc(&w->pool, w->ncolumns * sizeof *g->chunks);
	for (i = 0; i < w->ncolumns; i++) {
		if (emit_chunk(w, i, &g->chunks[i], err) == -1)
			return -1;
		g->total_bytes += g->chunks[i].uncompressed;
		g->compressed += g->chunks[i].compressed;
		clear_column(&w->full[i]);
	}
	w->ngroups++;
	return 0;
}

static void *
write_in_thread(void *arg)
{
	struct pq_writer *w = arg;

	w->got = emit_group(w, &w->thread_err);
	return NULL;
}

/* Waits for a write in flight and returns its result. */
static int
wait_written(struct pq_writer *w, struct msg *err)
{
	bool writing = w->writing;

	wait_thread(w);
	if (writing && w->got == -1) {
		*err = w->thread_err;
		return -1;
	}
	w->settled = w->pos;
	return 0;
}

/*
 * Starts a thread that writes the full row group. Blocks asynchronous signals in it, so that the reading thread gets
 * them; SIGPIPE stays deliverable there. Returns false if no thread can be created.
 */
static bool
submit(struct pq_writer *w)
{
	static const int sent[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2 };
	sigset_t set, old;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof sent / sizeof *sent; i++)
		sigaddset(&set, sent[i]);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	w->writing = pthread_create(&w->thread, NULL, write_in_thread, w) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return w->writing;
}

/* Writes the buffered row group, which is full: in a thread, unless it is the last one. */
static int
flush_group(struct pq_writer *w, bool last, struct msg *err)
{
	struct out_column *columns = w->columns;
	size_t i;

	if (wait_written(w, err) == -1)
		return -1;
	w->columns = w->full;
	w->full = columns;
	for (i = 0; i < w->ncolumns; i++)
		w->columns[i].at = columns[i].at;
	w->full_rows = w->rows;
	w->total_rows += w->rows;
	w->rows = 0;
	if (w->full != w->columns && !last && submit(w))
		return 0;
	return emit_group(w, err) == -1 ? -1 : wait_written(w, err);
}

static size_t
buffered(const struct pq_writer *w)
{
	const struct out_column *c;
	size_t n = 0, i;

	for (i = 0; i < w->ncolumns; i++) {
		c = &w->columns[i];
		n += c->def.len + c->rep.len + c->data.len + c->lens.len + c->dict.data.len + c->dict.index.len;
	}
	return n;
}

/* ---- rows ---- */

static int
write_rows(struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	size_t i, taken = 0;

	if (out_check(w, rows, columns, err) == -1)
		return -1;
	for (i = 0; i < w->ncolumns; i++)
		w->columns[i].at = 0;
	for (; rows > 0; rows -= taken) {
		if (out_take(w, rows, columns, &taken, err) == -1)
			return -1;
		if ((w->rows == w->opt.row_group_rows || buffered(w) >= w->opt.row_group_bytes) &&
		    flush_group(w, false, err) == -1)
			return -1;
	}
	return 0;
}

/* Makes failures final: later calls return the first error and write nothing. */
static int
keep_failure(struct pq_writer *w, int got, struct msg *err)
{
	if (w->failed) {
		*err = w->err;
		return -1;
	}
	if (got == -1) {
		wait_thread(w);
		w->failed = true;
		w->err = *err;
	}
	return got;
}

int
pq_write(struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	return keep_failure(w, w->failed ? -1 : write_rows(w, rows, columns, err), err);
}

void *
pq_room(struct pq_writer *w, size_t column, size_t rows)
{
	/* past the row group's end they would need more memory than its limit */
	if (w->failed || rows > w->opt.row_group_rows - w->rows)
		return NULL;
	return out_room(&w->columns[column], rows);
}

uint64_t
pq_written(const struct pq_writer *w)
{
	return w->settled;
}

uint64_t
pq_written_rows(const struct pq_writer *w)
{
	return w->total_rows + w->rows;
}

/* ---- the end ---- */

/* Turns index positions, until now relative to their own bytes and off by one, into file offsets. */
static void
place_indexes(struct pq_writer *w, uint64_t columns_at, uint64_t offsets_at)
{
	struct meta_chunk *c;
	size_t g, i;

	for (g = 0; g < w->ngroups; g++)
		for (i = 0; i < w->ncolumns; i++) {
			c = &w->groups[g].chunks[i];
			if (c->column_index != 0)
				c->column_index += (int64_t)columns_at - 1;
			if (c->offset_index != 0)
				c->offset_index += (int64_t)offsets_at - 1;
		}
}

/* Returns true if the file has dates or instants so early that Spark needs a key saying they are Gregorian. */
static bool
is_ancient(const struct pq_writer *w)
{
	const struct stats_range *r;
	enum pq_type type;
	size_t i;

	for (i = 0; i < w->ncolumns; i++) {
		r = &w->totals[i].range;
		type = w->schema.columns[i].type;
		if (r->any && ((type == PQ_DATE && r->min.i < ANCIENT_DAY) ||
		    ((type == PQ_TIMESTAMP || type == PQ_TIMESTAMP_NTZ) && r->min.i < ANCIENT_MICROS)))
			return true;
	}
	return false;
}

/* Writes the column indexes, then the offset indexes, and computes the checksum of both. */
static int
add_indexes(struct pq_writer *w, struct msg *err)
{
	struct buf *all = &w->column_indexes;
	char digits[SEAL_DIGITS + 1];

	out_begin(w);
	place_indexes(w, w->pos, w->pos + all->len);
	buf_add(all, w->offset_indexes.p, w->offset_indexes.len);
	seal_digits(digits, hash_bytes(all->p, all->len));
	add_key(w, SEAL_INDEX, digits);
	return add(w, all, err);
}

static int
finish(struct pq_writer *w, struct msg *err)
{
	struct meta_file m = { .nkeys = 0 };
	struct buf out = { NULL, 0, 0 };
	uint32_t len;
	int got;

	if ((w->rows > 0 && flush_group(w, true, err) == -1) || wait_written(w, err) == -1 || add_indexes(w, err) == -1)
		return -1;
	if (is_ancient(w))
		add_key(w, "org.apache.spark.version", "3.0.0");
	add_key(w, SEAL_FOOTER, "0000000000000000");
	m = (struct meta_file){ .rows = (int64_t)w->total_rows, .elements = pq_schema_elements(&w->schema),
	    .nelements = w->schema.nfields + 1,
	    .nleaves = w->ncolumns, .groups = w->groups, .ngroups = w->ngroups, .keys = w->keys, .nkeys = w->nkeys };
	meta_put(&m, w->schema.paths, &out);
	len = (uint32_t)out.len;
	buf_add(&out, &len, 4);
	buf_adds(&out, "PAR1");
	seal_put(out.p, out.len);
	w->footer_sum = hash_bytes(out.p, out.len);
	got = add(w, &out, err) == -1 ? -1 : emit(w, w->waits.len, err);
	buf_free(&out);
	w->settled = w->pos;
	return got;
}

int
pq_finish(struct pq_writer *w, struct msg *err)
{
	return keep_failure(w, w->failed ? -1 : finish(w, err), err);
}

uint64_t
pq_written_footer(const struct pq_writer *w)
{
	return w->footer_sum;
}

void
pq_written_stats(const struct pq_writer *w, size_t column, struct pq_stats *s)
{
	const struct out_total *t = &w->totals[column];

	*s = (struct pq_stats){ .entries = t->entries, .nulls = (int64_t)(t->entries - t->values),
	    .has_min_max = out_has_bounds(&t->range), .min_exact = true, .max_exact = true };
	if (s->has_min_max) {
		s->min = t->range.min;
		s->max = t->range.max;
	}
}

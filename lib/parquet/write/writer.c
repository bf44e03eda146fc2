/*
 * The writer. Buffers rows column by column until a row group is full; then lays out each column chunk in pages,
 * chooses its dictionary with all values at hand, and writes the pages at once, so that none is kept in memory.
 * Optionally a thread writes a full row group while the next one is buffered. Indexes and footer follow at the end.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "parquet/format/types.h"
#include "parquet/write/chunk.h"
#include "parquet/write/footer.h"
#include "parquet/write/rows.h"

/* maximum page_bytes: a page plus one more value stays within the limits of readers */
enum { MAX_PAGE = 64 << 20 };

struct pq_writer {
	struct pq_options opt;
	struct pq_schema schema;

	struct out_rows rows[2];
	struct out_rows *filling;	/* the row group being buffered */
	uint64_t full_rows;		/* rows of the row groups before it */
	uint64_t settled;		/* size of the file without a row group in flight */

	/* The rest belongs to the row group being written; while its write is in flight, to the thread. */
	struct out_rows *full;		/* equal to `filling` without opt.beside */
	struct out_file file;
	struct out_chunks chunks;
	struct out_history *history;	/* owned: one per column */
	struct out_footer footer;
	uint64_t footer_sum;		/* pq_written_footer */
	pthread_t thread;
	bool writing;			/* a thread is writing */
	int got;			/* the thread's result */
	struct msg thread_err;

	bool failed;
	struct msg err;
};

struct pq_options
pq_defaults(void)
{
	return (struct pq_options){ .codec = PQ_SNAPPY };
}

/* ---- creating and freeing ---- */

static struct pq_options
with_defaults(struct pq_options o)
{
	if (o.row_group_rows == 0)
		o.row_group_rows = 1 << 20;
	if (o.row_group_bytes == 0)
		o.row_group_bytes = (size_t)128 << 20;
	if (o.page_rows == 0)
		o.page_rows = 20000;
	if (o.page_bytes == 0)
		o.page_bytes = 1 << 20;
	if (o.page_bytes > MAX_PAGE)
		o.page_bytes = MAX_PAGE;
	return o;
}

static const struct codec *
writable_codec(enum pq_codec number, const char *name, struct msg *err)
{
	const char *why = "";
	const struct codec *c = codec_find((int)number, &why);

	if (c != NULL && c->pack != NULL)
		return c;
	msg_set(err, EX_SOFTWARE, "%s: files with codec %d are not written", name, (int)number);
	return NULL;
}

int
pq_create(struct pq_writer **wp, const struct pq_sink *sink, const struct pq_field *fields, size_t nfields,
    const struct pq_options *opt, struct msg *err)
{
	const struct codec *codec = writable_codec(opt->codec, sink->name, err);
	struct pq_writer *w;
	size_t i;

	*wp = NULL;
	if (codec == NULL)
		return -1;
	w = xcalloc(1, sizeof(*w));
	w->file.sink = *sink;
	w->opt = with_defaults(*opt);
	if (pq_schema_from_fields(&w->schema, fields, nfields, sink->name, err) < 0) {
		pq_writer_free(w);
		return -1;
	}
	out_chunks_init(&w->chunks, &w->opt, codec, &w->file);
	w->history = xcalloc(w->schema.ncolumns, sizeof(*w->history));
	w->filling = w->full = &w->rows[0];
	out_rows_init(w->filling, &w->schema, &w->opt);
	if (w->opt.beside && cpu_count() > 1)
		out_rows_init(w->full = &w->rows[1], &w->schema, &w->opt);
	for (i = 0; opt->keys != NULL && opt->keys[i] != NULL && opt->keys[i + 1] != NULL; i += 2)
		out_footer_key(&w->footer, opt->keys[i], opt->keys[i + 1]);
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
	out_rows_free(&w->rows[0]);
	out_rows_free(&w->rows[1]);
	for (i = 0; w->history != NULL && i < w->schema.ncolumns; i++)
		out_total_free(&w->history[i].total);
	free(w->history);
	out_chunks_free(&w->chunks);
	out_footer_free(&w->footer);
	buf_free(&w->file.waits);
	pq_schema_free(&w->schema);
	free(w);
}

/* ---- row groups ---- */

static int
write_group(struct pq_writer *w, struct msg *err)
{
	struct out_rows *r = w->full;
	struct meta_group *g = out_footer_group(&w->footer, r->ncolumns);
	size_t i;

	g->rows = (int64_t)r->rows;
	g->offset = w->file.pos == 0 ? 4 : (int64_t)w->file.pos;
	for (i = 0; i < r->ncolumns; i++) {
		if (out_chunk_write(&w->chunks, &r->columns[i], &w->history[i], &g->chunks[i], err) < 0)
			return -1;
		g->total_bytes += g->chunks[i].uncompressed;
		g->compressed += g->chunks[i].compressed;
		out_column_clear(&r->columns[i]);
	}
	r->rows = 0;
	return 0;
}

static void *
write_in_thread(void *arg)
{
	struct pq_writer *w = arg;

	w->got = write_group(w, &w->thread_err);
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
	w->settled = w->file.pos;
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
	for (i = 0; i < sizeof(sent) / sizeof(*sent); i++)
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
	struct out_rows *full = w->filling;
	size_t i;

	if (wait_written(w, err) < 0)
		return -1;
	w->full_rows += full->rows;
	w->filling = w->full;
	w->full = full;
	for (i = 0; i < full->ncolumns; i++)		/* where in its vector the next row group goes on */
		w->filling->columns[i].at = full->columns[i].at;
	if (w->full != w->filling && !last && submit(w))
		return 0;
	return write_group(w, err) < 0 ? -1 : wait_written(w, err);
}

/* ---- rows ---- */

static int
write_rows(struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	const char *name = w->file.sink.name;
	size_t taken = 0;

	if (out_rows_begin(w->filling, name, rows, columns, err) < 0)
		return -1;
	for (; rows > 0; rows -= taken) {
		if (out_rows_take(w->filling, &w->opt, name, rows, columns, &taken, err) < 0)
			return -1;
		if (out_rows_is_full(w->filling, &w->opt) && flush_group(w, false, err) < 0)
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
	if (w->failed || rows > w->opt.row_group_rows - w->filling->rows)
		return NULL;
	return out_column_room(&w->filling->columns[column], rows);
}

uint64_t
pq_written(const struct pq_writer *w)
{
	return w->settled;
}

uint64_t
pq_written_rows(const struct pq_writer *w)
{
	return w->full_rows + w->filling->rows;
}

/* ---- the end ---- */

/* As out_footer_write has it. */
static bool
is_ancient(const struct pq_writer *w)
{
	const struct stats_range *r;
	int64_t ancient;
	size_t i;

	for (i = 0; i < w->schema.ncolumns; i++) {
		r = &w->history[i].total.range;
		ancient = types_of(w->schema.columns[i].type)->ancient;
		if (ancient != 0 && r->any && r->min.i < ancient)
			return true;
	}
	return false;
}

static int
finish(struct pq_writer *w, struct msg *err)
{
	if ((w->filling->rows > 0 && flush_group(w, true, err) < 0) || wait_written(w, err) < 0)
		return -1;
	if (out_footer_write(&w->footer, &w->schema, w->full_rows, is_ancient(w), &w->chunks.index, &w->file,
	    &w->footer_sum, err) < 0)
		return -1;
	w->settled = w->file.pos;
	return 0;
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
	const struct out_total *t = &w->history[column].total;

	*s = (struct pq_stats){ .entries = t->entries, .nulls = (int64_t)(t->entries - t->values),
	    .has_min_max = out_index_has_bounds(&t->range), .min_exact = true, .max_exact = true };
	if (s->has_min_max) {
		s->min = t->range.min;
		s->max = t->range.max;
	}
}

/* Writes new data files of a table. */
#include <stdlib.h>
#include <string.h>

#include "delta/data/data.h"
#include "delta/data/footer.h"
#include "delta/data/stats.h"
#include "delta/log/fresh.h"
#include "delta/log/pq.h"
#include "delta/log/uri.h"

enum { FILE_BYTES = 128 * 1024 * 1024 };

struct delta_out {
	struct delta_table *table;
	const struct delta_column *columns;
	size_t ncolumns;
	struct delta_out_options opt;
	struct pq_field *fields;
	struct store_out file;		/* the current file, while writer is not NULL */
	struct pq_writer *writer;
	char *name;			/* its name within the table */
	struct delta_file *done;	/* finished files; strings are in pool */
	size_t ndone;
	struct pool pool;
};

struct delta_out *
delta_out_open(struct delta_table *t, const struct delta_column *columns, size_t ncolumns,
    const struct delta_out_options *o)
{
	struct delta_out *out = xcalloc(1, sizeof(*out));
	size_t i;

	out->table = t;
	out->columns = columns;
	out->ncolumns = ncolumns;
	out->opt = *o;
	if (out->opt.file_bytes == 0)
		out->opt.file_bytes = FILE_BYTES;
	out->fields = xcalloc(ncolumns, sizeof(*out->fields));
	for (i = 0; i < ncolumns; i++)
		out->fields[i] = (struct pq_field){ .name = columns[i].physical,
		    .repetition = columns[i].nullable ? PQ_OPTIONAL : PQ_REQUIRED, .type = columns[i].type,
		    .precision = columns[i].precision, .scale = columns[i].scale, .id = PQ_NO_ID,
		    .delta = columns[i].hidden };
	return out;
}

/* Makes the name of the next file. */
static int
name_file(struct delta_out *o, struct msg *err)
{
	struct buf name = { 0 };

	if (o->opt.folder != NULL)
		buf_addf(&name, "%s/", o->opt.folder);
	if (o->opt.namer->next(o->opt.namer, &name, err) < 0) {
		buf_free(&name);
		return -1;
	}
	buf_addf(&name, "%s.parquet", pq_codec_suffix(o->opt.codec));
	free(o->name);
	o->name = buf_cstr(&name);
	return 0;
}

static int
begin_file(struct delta_out *o, struct msg *err)
{
	struct pq_options opt = pq_defaults();
	struct pq_sink sink;

	opt.codec = o->opt.codec;
	opt.delta_encodings = o->opt.delta_encodings;
	opt.row_group_rows = o->opt.row_group_rows;
	opt.page_rows = o->opt.page_rows;
	opt.beside = o->opt.beside;
	if (name_file(o, err) < 0 || store_out_open(o->table->store, o->name, &o->file, err) < 0)
		return -1;
	sink = delta_pq_sink(&o->file);
	if (pq_create(&o->writer, &sink, o->fields, o->ncolumns, &opt, err) == 0)
		return 0;
	store_out_abandon(&o->file);
	return -1;
}

static void
add_done(struct delta_out *o, uint64_t rows)
{
	struct pq_stats *st = xcalloc(o->ncolumns, sizeof(*st));
	struct buf b = { 0 };
	struct delta_file *f;
	size_t i;

	o->done = xreallocarray(o->done, o->ndone + 1, sizeof(*o->done));
	f = &o->done[o->ndone++];
	*f = (struct delta_file){ .size = (int64_t)o->file.size, .mtime = delta_now(), .base_row_id = -1,
	    .row_commit_version = -1 };
	f->name = pool_copy(&o->pool, o->name, strlen(o->name) + 1);
	delta_uri_put(&b, o->name);
	f->uri = pool_copy(&o->pool, buf_cstr(&b), b.len + 1);
	b.len = 0;
	for (i = 0; i < o->ncolumns; i++)
		pq_written_stats(o->writer, i, &st[i]);
	delta_stats_put(&b, rows, o->columns, o->ncolumns, st);
	f->stats = pool_copy(&o->pool, buf_cstr(&b), b.len + 1);
	f->tags = delta_footer_tags(&o->pool, pq_written_footer(o->writer));
	buf_free(&b);
	free(st);
}

static int
end_file(struct delta_out *o, struct msg *err)
{
	int failed = pq_finish(o->writer, err);

	if (failed) {
		store_out_abandon(&o->file);
	} else {
		add_done(o, pq_written_rows(o->writer));
		failed = store_out_commit(&o->file, err);
		if (failed)
			o->ndone--;
	}
	pq_writer_free(o->writer);
	o->writer = NULL;
	return failed;
}

void *
delta_out_room(struct delta_out *o, size_t column, size_t rows)
{
	return o->writer != NULL ? pq_room(o->writer, column, rows) : NULL;
}

int
delta_out_write(struct delta_out *o, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	if (rows == 0)
		return 0;
	if (o->writer == NULL && begin_file(o, err) < 0)
		return -1;
	if (pq_write(o->writer, rows, columns, err) < 0)
		return -1;
	return pq_written(o->writer) >= o->opt.file_bytes ? end_file(o, err) : 0;
}

int
delta_out_cut(struct delta_out *o, struct msg *err)
{
	return o->writer != NULL ? end_file(o, err) : 0;
}

int
delta_out_finish(struct delta_out *o, struct pool *pool, struct delta_file **files, size_t *nfiles, struct msg *err)
{
	size_t i;

	if (delta_out_cut(o, err) < 0)
		return -1;
	*nfiles = o->ndone;
	*files = pool_alloc(pool, (o->ndone + 1) * sizeof(**files));
	for (i = 0; i < o->ndone; i++) {
		struct delta_file *f = &(*files)[i];

		*f = o->done[i];
		f->name = pool_copy(pool, f->name, strlen(f->name) + 1);
		f->uri = pool_copy(pool, f->uri, strlen(f->uri) + 1);
		f->stats = pool_copy(pool, f->stats, strlen(f->stats) + 1);
		f->tags = pool_copy(pool, f->tags, strlen(f->tags) + 1);
	}
	o->ndone = 0;
	return 0;
}

void
delta_out_free(struct delta_out *o)
{
	bool unfinished;

	if (o == NULL)
		return;
	unfinished = o->writer != NULL;
	pq_writer_free(o->writer);	/* waits for a write in flight */
	if (unfinished)
		store_out_abandon(&o->file);
	free(o->done);
	free(o->fields);
	free(o->name);
	pool_free(&o->pool);
	free(o);
}

/* Passes all records of a stream to a writer of columns. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utf8.h"
#include "table/table.h"

struct feed {				/* where the columns go */
	int (*write)(void *to, size_t rows, const struct pq_vector *columns, struct msg *err);
	table_room room;
	void *to;
};

static struct table_to *
converter(const struct table_plan *p)
{
	struct table_target *targets = xcalloc(p->n, sizeof(*targets));
	struct table_to *t;
	size_t i;

	for (i = 0; i < p->n; i++)
		targets[i] = (struct table_target){ .field = p->fields[i], .name = p->columns[i].name,
		    .type = p->columns[i].type, .precision = p->columns[i].precision,
		    .required = !p->columns[i].nullable };
	t = table_to_new(targets, p->n);
	free(targets);
	return t;
}

/* Raw streams may contain strings that are not UTF-8, which Parquet's strings must be. */
static int
check_text(const struct rec_reader *in, const struct rec_batch *b, struct msg *err)
{
	size_t i, c;

	for (c = 0; c < in->header.ncolumns; c++) {
		if (in->header.columns[c].type.kind != VAL_STRING)
			continue;
		for (i = 0; i < b->n; i++) {
			struct rec_field f = rec_field(rec_at(b, i), c);

			if (!utf8_ok(f.p, f.n))
				return msg_set(err, EX_DATAERR, "%s: record %" PRIu64
				    ": %s: not UTF-8: %s; acct-select --text makes text of it", in->name,
				    b->first + i, in->header.columns[c].name, msg_quote(f.p, f.n));
		}
	}
	return 0;
}

static int
feed_batch(struct table_to *t, struct rec_reader *in, const struct rec_batch *b, const struct feed *feed,
    struct msg *err)
{
	const struct pq_vector *columns;
	struct msg why = { 0 };
	size_t bad;

	if (rec_header_is_bytes(b->segment) && check_text(in, b, err) < 0)
		return -1;
	if (table_to_columns(t, b, &columns, &bad, &why) < 0 && in->err.status != 0)
		return msg_set(err, in->err.status, "%s", in->err.text);
	if (why.status != 0)
		return msg_set(err, why.status, "%s: record %" PRIu64 ": %s", in->name, b->first + bad, why.text);
	return feed->write(feed->to, b->n, columns, err);
}

/* Passes all records on as vectors. */
static int
pass(const struct table_plan *p, struct rec_reader *in, const struct feed *feed, uint64_t *rows,
    struct msg *err)
{
	struct table_to *t = converter(p);
	struct rec_batch b;
	int got;

	*rows = 0;
	table_to_check(t, in);
	table_to_room(t, feed->room, feed->to);
	while ((got = rec_next(in, &b)) > 0 && (got = feed_batch(t, in, &b, feed, err)) >= 0)
		*rows += b.n;
	if (got < 0 && err->status == 0)
		msg_set(err, in->err.status, "%s", in->err.text);
	table_to_free(t);
	return got;
}

/* ---- to a Delta table's data files ---- */

static int
write_out(void *to, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	return delta_out_write(to, rows, columns, err);
}

static void *
room_out(void *to, size_t column, size_t rows)
{
	return delta_out_room(to, column, rows);
}

int
table_feed_out(const struct table_plan *p, struct rec_reader *in, struct delta_out *out, uint64_t *rows,
    struct msg *err)
{
	return pass(p, in, &(struct feed){ .write = write_out, .room = room_out, .to = out }, rows, err);
}

/* ---- to a plain Parquet file ---- */

struct plain_file {
	struct io_out out;
	uint64_t size;
	const struct table_plan *plan;
	struct pq_writer *writer;
	uint64_t rows;			/* so far */
	bool millis;
	struct pq_vector *vectors;	/* millis: of the batch */
	int64_t **values;		/* millis: those of timestamps; NULL for other columns */
};

static int
write_bytes(const struct pq_sink *sink, const void *p, size_t n, struct msg *err)
{
	struct plain_file *f = sink->arg;

	if (io_write(f->out.fd, p, n, sink->name, err) < 0)
		return -1;
	io_push(f->out.fd, f->size, n);
	f->size += n;
	return 0;
}

/* Converts a column of microseconds. */
static int
to_millis(struct plain_file *f, size_t c, struct msg *err)
{
	struct pq_vector *v = &f->vectors[c];
	int64_t *out = f->values[c];
	size_t i;

	for (i = 0; i < v->n; i++) {
		if (v->def != NULL && v->def[i] == 0)
			continue;
		if (v->v.i64[i] % 1000 != 0)
			return msg_set(err, EX_DATAERR, "row %" PRIu64 ": %s: a timestamp with more digits than "
			    "milliseconds", f->rows + i + 1, f->plan->columns[c].name);
		out[i] = v->v.i64[i] / 1000;
	}
	v->v.i64 = out;
	return 0;
}

static int
write_millis(struct plain_file *f, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	size_t c;

	for (c = 0; c < f->plan->n; c++) {
		f->vectors[c] = columns[c];
		if (f->plan->columns[c].type != PQ_TIMESTAMP)
			continue;
		f->values[c] = xreallocarray(f->values[c], rows, sizeof(**f->values));
		if (to_millis(f, c, err) < 0)
			return -1;
	}
	return pq_write(f->writer, rows, f->vectors, err);
}

static int
write_plain(void *to, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	struct plain_file *f = to;
	int failed = f->millis ? write_millis(f, rows, columns, err) : pq_write(f->writer, rows, columns, err);

	f->rows += rows;
	return failed;
}

static void *
room_plain(void *to, size_t column, size_t rows)
{
	struct plain_file *f = to;

	return f->millis && f->plan->columns[column].type == PQ_TIMESTAMP ? NULL : pq_room(f->writer, column, rows);
}

static struct pq_field *
plain_fields(const struct table_plan *p, bool millis)
{
	struct pq_field *fields = xcalloc(p->n, sizeof(*fields));
	size_t i;

	for (i = 0; i < p->n; i++)
		fields[i] = (struct pq_field){ .name = p->columns[i].name,
		    .repetition = p->columns[i].nullable ? PQ_OPTIONAL : PQ_REQUIRED,
		    .type = p->columns[i].type, .precision = p->columns[i].precision, .scale = p->columns[i].scale,
		    .id = PQ_NO_ID, .millis = millis };
	return fields;
}

int
table_feed_plain(const struct table_plan *p, struct rec_reader *in, const char *path, const struct pq_options *options,
    bool millis, uint64_t *rows, struct msg *err)
{
	struct plain_file file = { .plan = p, .millis = millis };
	struct pq_sink sink = { .write = write_bytes, .arg = &file, .name = io_out_name(path) };
	struct feed feed = { .write = write_plain, .room = room_plain, .to = &file };
	struct pq_field *fields;
	size_t i;
	int failed;

	if (io_create(&file.out, path, err) < 0)
		return -1;
	fields = plain_fields(p, millis);
	file.vectors = xcalloc(p->n, sizeof(*file.vectors));
	file.values = xcalloc(p->n, sizeof(*file.values));
	failed = isatty(file.out.fd) ? msg_set(err, EX_USAGE, "%s: Parquet is not written to a terminal", sink.name) :
	    pq_create(&file.writer, &sink, fields, p->n, options, err);
	if (!failed) {
		failed = pass(p, in, &feed, rows, err) < 0 || pq_finish(file.writer, err) < 0 ? -1 : 0;
		pq_writer_free(file.writer);
	}
	for (i = 0; i < p->n; i++)
		free(file.values[i]);
	free(file.values);
	free(file.vectors);
	free(fields);
	if (!failed)
		return io_commit(&file.out, err);
	io_abandon(&file.out);
	return -1;
}

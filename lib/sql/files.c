/*
 * Compares the files of an export with the columns that a load of them declares: warehouses match columns by position
 * and types exactly, and say little where they differ.
 */
#include <string.h>

#include "parquet/parquet.h"
#include "sql/sql.h"
#include "store/store.h"

/* Parquet's type of a column of a stream. */
static const enum pq_type types[VAL_KINDS] = {
	[VAL_BOOL] = PQ_BOOL, [VAL_INT32] = PQ_INT32, [VAL_INT64] = PQ_INT64, [VAL_DECIMAL] = PQ_DECIMAL,
	[VAL_DATE] = PQ_DATE, [VAL_TIMESTAMP] = PQ_TIMESTAMP, [VAL_FLOAT64] = PQ_DOUBLE, [VAL_STRING] = PQ_STRING,
};

struct file {
	const char *name;
	struct store_in in;
	struct pq_reader *reader;
};

static int
read_at(const struct pq_source *source, uint64_t offset, void *p, size_t n, struct msg *err)
{
	return store_in_read(source->arg, offset, p, n, err);
}

static bool
is_same_type(const struct pq_column *c, struct val_type t)
{
	return c->type == types[t.kind] &&
	    (t.kind != VAL_DECIMAL || (c->precision == t.precision && c->scale == t.scale));
}

static int
check_column(const struct file *f, const struct pq_column *c, const struct rec_column *want, bool no_micros,
    struct msg *err)
{
	char is[NUM_TEXT], wanted[NUM_TEXT];

	if (strcmp(c->path, want->name) != 0)
		return msg_set(err, EX_DATAERR, "%s: column %s where the stream has %s", f->name, msg_quotes(c->path),
		    msg_quotes(want->name));
	wanted[val_type_put(wanted, want->type)] = '\0';
	if (!is_same_type(c, want->type))
		return msg_set(err, EX_DATAERR, "%s: column %s is %s, and %s in the stream", f->name,
		    msg_quotes(c->path), pq_type_name(is, c->type, c->precision, c->scale), wanted);
	if (no_micros && c->type == PQ_TIMESTAMP && c->unit != PQ_MILLIS && c->unit != PQ_INT96)
		return msg_set(err, EX_DATAERR, "%s: column %s: a dedicated pool loads timestamps in milliseconds "
		    "only; acct-write -o --timestamps millis stores them so", f->name, msg_quotes(c->path));
	return 0;
}

static int
check_columns(const struct file *f, const struct rec_header *h, bool no_micros, struct msg *err)
{
	size_t n, i;
	const struct pq_column *columns = pq_columns(f->reader, &n);

	if (n != h->ncolumns)
		return msg_set(err, EX_DATAERR, "%s: %zu columns, and %zu in the stream", f->name, n,
		    (size_t)h->ncolumns);
	for (i = 0; i < n; i++)
		if (check_column(f, &columns[i], &h->columns[i], no_micros, err) < 0)
			return -1;
	return 0;
}

/* Adds the file's rows to *rows, or sets *missing. */
static int
check_file(struct store *s, const char *name, const struct rec_header *h, bool no_micros, uint64_t *rows,
    bool *missing, struct msg *err)
{
	struct file f = { .name = name };
	struct pq_source source = { .read = read_at, .arg = &f.in, .name = name };
	enum store_kind kind;
	int failed = store_stat(s, name, &kind, err);

	if (failed == 0)
		*missing = true;
	if (failed <= 0)
		return failed;
	if (store_in_open(s, name, &f.in, err) < 0)
		return -1;
	source.size = f.in.size;
	failed = pq_open(&f.reader, &source, 0, err);
	if (failed == 0) {
		*rows += pq_rows(f.reader);
		failed = check_columns(&f, h, no_micros, err);
		pq_close(f.reader);
	}
	store_in_close(&f.in);
	return failed;
}

int
sql_export_check(const struct sql_export *e, const struct rec_header *h, bool no_micros, struct msg *err)
{
	struct store *s;
	const char *name;
	uint64_t rows = 0;
	bool missing = false;
	size_t i;
	int failed = store_open_folder_of(&s, e->manifest, &name, err);

	if (failed < 0)
		return -1;
	for (i = 0; i < e->nfiles && failed == 0; i++)
		failed = check_file(s, e->files[i], h, no_micros, &rows, &missing, err);
	store_close(s);
	if (failed == 0 && !missing && rows != e->rows)
		return msg_set(err, EX_DATAERR, "%s: names %llu rows, and the files have %llu", e->manifest,
		    (unsigned long long)e->rows, (unsigned long long)rows);
	return failed;
}

/* acct-ingest turns CSV into raw records: the fields as they stood in the file, nothing judged, nothing lost. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/io.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "csv/csv.h"
#include "csv/raw.h"
#include "rec/rec.h"
#include "schema/schema.h"

struct names {			/* the columns of a file; all owned */
	char **v;
	size_t n;
};

struct totals {
	uint64_t rows, malformed, blank, bytes;
};

struct file {			/* what is being read */
	const char *name;
	struct csv_reader csv;
	struct csv_batch batch;
	bool any;		/* the batch has rows not yet taken */
	struct names names;	/* of all its columns, in its order */
	size_t *from;		/* owned: the field of each column of the record */
	struct totals totals;
};

enum { DATA_COLUMNS_MAX = REC_MAX_COLUMNS - 2 };	/* beside _line and _malformed */

const char cli_help[] =
    "usage: acct-ingest [-s SCHEMA] [-t TABLE] [-d DELIM] [-q QUOTE] [--no-header] [--stats FILE] [-o OUT] [FILE ...]\n"
    "\n"
    "Turns CSV into raw records on standard output; reads standard input where no FILE is named, or for -.\n"
    "\n"
    "  -s, --schema SCHEMA    match the columns to those of a schema by name\n"
    "  -t, --table TABLE      name of the table; else the schema's, or the first file's without its suffix\n"
    "  -d, --delimiter DELIM  one byte, or \\t; a comma unless the schema says otherwise\n"
    "  -q, --quote QUOTE      one byte, or nothing ('') where the file has no quotes\n"
    "      --no-header        the first line has no names: columns by position, c1, c2, ... without a schema\n"
    "      --stats FILE       write the counts of rows as JSON\n"
    "  -o, --output OUT       write to a file, which appears when it is complete\n"
    "      --max-record SIZE  longest record, 16M unless given\n"
    "      --progress         show progress on standard error\n"
    "  -v, --verbose          print the counts of rows on standard error\n"
    "  -h, --help             print this text\n"
    "  -V, --version          print the version\n";

static struct schema schema;
static struct csv_format format = { ',', '"' };
static bool have_schema, have_header = true;
static const char *table, *out_path, *stats_path;

static struct names columns;		/* of the records */
static const char *first_name;		/* of the files */
static struct rec_writer out;
static bool created;
static struct totals sum;
static struct buf stats;		/* JSON, an object a file */

/* ---- options ---- */

static uint8_t
delimiter_byte(const char *arg)
{
	if (strcmp(arg, "\\t") == 0)
		return '\t';
	if (strlen(arg) != 1 || *arg == '\n' || *arg == '\r')
		cli_usage("-d: not one byte: %s", msg_quotes(arg));
	return (uint8_t)*arg;
}

static uint8_t
quote_byte(const char *arg)
{
	if (strlen(arg) > 1 || *arg == '\n' || *arg == '\r')
		cli_usage("-q: neither one byte nor empty: %s", msg_quotes(arg));
	return (uint8_t)*arg;
}

static void
read_schema(const char *path)
{
	struct msg err = { 0 };

	if (schema_read(&schema, path, &err) < 0)
		msg_exit(&err);
	if (schema.ncolumns > DATA_COLUMNS_MAX)
		msg_die(EX_CONFIG, "%s: more columns than the %d that a record can have", path, DATA_COLUMNS_MAX);
	have_schema = true;
	have_header = schema.header;
	format = (struct csv_format){ (uint8_t)schema.delimiter, (uint8_t)schema.quote };
	if (table == NULL)
		table = schema.name;
}

static void
parse_options(int argc, char *argv[])
{
	enum { OPT_NO_HEADER = 1, OPT_STATS };
	static const struct option longs[] = {
		{ "schema", required_argument, NULL, 's' },
		{ "table", required_argument, NULL, 't' },
		{ "delimiter", required_argument, NULL, 'd' },
		{ "quote", required_argument, NULL, 'q' },
		{ "no-header", no_argument, NULL, OPT_NO_HEADER },
		{ "stats", required_argument, NULL, OPT_STATS },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 }
	};
	const char *schema_path = NULL, *delimiter = NULL, *quote = NULL;
	bool no_header = false;
	int c;

	while ((c = cli_getopt(argc, argv, "s:t:d:q:o:", longs)) != -1) {
		switch (c) {
		case 's':
			schema_path = optarg;
			break;
		case 't':
			table = optarg;
			break;
		case 'd':
			delimiter = optarg;
			break;
		case 'q':
			quote = optarg;
			break;
		case 'o':
			out_path = optarg;
			break;
		case OPT_NO_HEADER:
			no_header = true;
			break;
		case OPT_STATS:
			stats_path = optarg;
			break;
		}
	}
	if (schema_path != NULL)
		read_schema(schema_path);
	if (delimiter != NULL)
		format.delimiter = delimiter_byte(delimiter);
	if (quote != NULL)
		format.quote = quote_byte(quote);
	if (table != NULL && *table == '\0')
		cli_usage("-t: a table without a name");
	if (format.delimiter == format.quote)
		cli_usage("the delimiter and the quote are the same: %s", msg_quote(&format.quote, 1));
	have_header &= !no_header;
}

/* ---- names ---- */

static _Noreturn void
too_many_columns(const struct file *f, uint64_t line)
{
	msg_die(EX_DATAERR, "%s:%" PRIu64 ": more columns than the %d that a record can have", f->name, line,
	    DATA_COLUMNS_MAX);
}

/* A copy that a header can hold: what is not UTF-8 becomes a question mark. */
static char *
clean_name(const char *s)
{
	char *copy = xstrdup(s);
	size_t i, n = strlen(copy), len;

	for (i = 0; i < n; i += len) {
		if ((len = utf8_len(copy + i, n - i)) == 0) {
			copy[i] = '?';
			len = 1;
		}
	}
	return copy;
}

/* The table's name where none is given: the file's, without folders and suffix. */
static char *
table_name(const char *path)
{
	const char *base = strrchr(path, '/');
	char *name, *dot;

	if (strcmp(path, "<stdin>") == 0)
		return xstrdup("stdin");
	name = clean_name(base != NULL ? base + 1 : path);
	dot = strrchr(name, '.');
	if (dot != NULL && dot != name)
		*dot = '\0';
	return name;
}

/* The index of a name, from i on, or n. */
static size_t
find(const struct names *names, const char *name, size_t i)
{
	while (i < names->n && strcmp(names->v[i], name) != 0)
		i++;
	return i;
}

/* No name twice; none empty, unless its column may be passed over. */
static void
check_names(const struct file *f, uint64_t line)
{
	size_t i;

	for (i = 0; i < f->names.n; i++) {
		const char *name = f->names.v[i];

		if (*name == '\0' && have_schema && schema.extra_ignore)
			continue;
		if (*name == '\0')
			msg_die(EX_DATAERR, "%s:%" PRIu64 ": column %zu has no name", f->name, line, i + 1);
		if (find(&f->names, name, i + 1) < f->names.n)
			msg_die(EX_DATAERR, "%s:%" PRIu64 ": duplicate column %s", f->name, line, msg_quotes(name));
	}
}

/* Takes the names from the row at the head of the batch. */
static void
take_names(struct file *f, uint64_t line)
{
	struct csv_field *fields;
	size_t i;

	if (!f->any)
		msg_die(EX_DATAERR, "%s: empty: a line of column names is expected", f->name);
	f->names.n = f->batch.rows->nfields;
	if (f->names.n > DATA_COLUMNS_MAX)
		too_many_columns(f, line);
	fields = xcalloc(f->names.n, sizeof(*fields));
	f->names.v = xcalloc(f->names.n, sizeof(*f->names.v));
	csv_split(&f->batch, f->batch.rows, format.delimiter, fields);
	for (i = 0; i < f->names.n; i++) {
		if (memchr(fields[i].p, '\0', fields[i].n) != NULL || !utf8_ok(fields[i].p, fields[i].n))
			msg_die(EX_DATAERR, "%s:%" PRIu64 ": column %zu: not a name in UTF-8: %s", f->name, line, i + 1,
			    msg_quote(fields[i].p, fields[i].n));
		f->names.v[i] = xstrndup((const char *)fields[i].p, fields[i].n);
	}
	free(fields);
	f->batch.rows++;
	f->batch.n--;
	check_names(f, line);
}

/* Matches the file's columns to the schema's by name. */
static void
match_by_name(struct file *f, uint64_t line)
{
	bool *used = xcalloc(f->names.n, sizeof(*used));
	size_t i;

	for (i = 0; i < columns.n; i++) {
		const char *source = schema.columns[i].source;

		f->from[i] = find(&f->names, source, 0);
		if (f->from[i] == f->names.n)
			msg_die(EX_DATAERR, "%s:%" PRIu64 ": missing column %s", f->name, line, msg_quotes(source));
		used[f->from[i]] = true;
	}
	for (i = 0; i < f->names.n && !schema.extra_ignore; i++)
		if (!used[i])
			msg_die(EX_DATAERR, "%s:%" PRIu64 ": column %s is not in the schema "
			    "(extra: ignore passes it over)", f->name, line, msg_quotes(f->names.v[i]));
	free(used);
}

/* Without a schema the first file's names are the columns, and the others must have the same. */
static void
check_same(const struct file *f, uint64_t line)
{
	size_t i;

	if (f->names.n != columns.n)
		msg_die(EX_DATAERR, "%s:%" PRIu64 ": %zu columns, but %zu in %s", f->name, line, f->names.n, columns.n,
		    first_name);
	for (i = 0; i < columns.n; i++)
		if (strcmp(f->names.v[i], columns.v[i]) != 0)
			msg_die(EX_DATAERR, "%s:%" PRIu64 ": column %zu is %s, but %s in %s", f->name, line, i + 1,
			    msg_quotes(f->names.v[i]), msg_quotes(columns.v[i]), first_name);
}

/* Names for a file that has none: the schema's, or c1, c2, ..., as many as its first row has fields. */
static void
make_names(struct file *f)
{
	size_t i, n = columns.n;

	if (n == 0) {
		if (!f->any)
			msg_die(EX_DATAERR, "%s: empty: the number of columns is not known", f->name);
		n = f->batch.rows->nfields;
		if (n > DATA_COLUMNS_MAX)
			too_many_columns(f, f->batch.line + f->batch.rows->line);
	}
	f->names.n = n;
	f->names.v = xcalloc(n, sizeof(*f->names.v));
	for (i = 0; i < n; i++)
		f->names.v[i] = have_schema ? xstrdup(schema.columns[i].source) : xasprintf("c%zu", i + 1);
}

/* The records' columns: the schema's, or those of the first file. */
static void
set_columns(const struct names *names)
{
	size_t i;

	columns.n = have_schema ? schema.ncolumns : names->n;
	columns.v = xcalloc(columns.n + 1, sizeof(*columns.v));
	for (i = 0; i < columns.n; i++)
		columns.v[i] = xstrdup(have_schema ? schema.columns[i].name : names->v[i]);
}

/* ---- the header ---- */

static void
set_columns_word(struct rec_header *h, const struct names *names)
{
	struct buf list = { 0 };
	size_t i;

	for (i = 0; i < names->n; i++) {
		if (i > 0)
			buf_addc(&list, ',');
		csv_put(&list, names->v[i], strlen(names->v[i]), ',', '"');
	}
	rec_header_set_word(h, "columns", buf_cstr(&list));
	buf_free(&list);
}

static void
make_header(struct rec_header *h, const struct file *f)
{
	const struct val_type line = { VAL_INT64, 0, 0 }, text = { VAL_STRING, 0, 0 };
	char *source = clean_name(f->name), *name = table != NULL ? clean_name(table) : table_name(first_name);
	size_t i;

	rec_header_init(h, name);
	rec_header_add(h, "_line", line, true, true);
	for (i = 0; i <= columns.n; i++) {
		const char *column = i < columns.n ? columns.v[i] : "_malformed";

		if (rec_header_find(h, column) >= 0)
			msg_die(EX_DATAERR, "%s: _line and _malformed are no names for a column", f->name);
		rec_header_add(h, column, text, false, false);
	}
	rec_header_set_word(h, "source", source);
	set_columns_word(h, &f->names);
	free(source);
	free(name);
}

/* ---- a file ---- */

static void
next_batch(struct file *f)
{
	int got = csv_next(&f->csv, &f->batch);

	if (got < 0)
		msg_exit(&f->csv.err);
	f->any = got > 0;
}

/* Finds out which of the file's fields belong to which column. */
static void
read_header(struct file *f)
{
	uint64_t line;
	size_t i;

	next_batch(f);
	line = f->any ? f->batch.line + f->batch.rows->line : 1;
	if (have_header)
		take_names(f, line);
	else
		make_names(f);
	if (columns.n == 0)
		set_columns(&f->names);
	f->from = xcalloc(columns.n + 1, sizeof(*f->from));
	for (i = 0; i < columns.n; i++)
		f->from[i] = i;
	if (have_header && have_schema)
		match_by_name(f, line);
	else if (have_header)
		check_same(f, line);
}

/* Begins the output, or the file's segment of it. */
static void
put_header(const struct file *f)
{
	struct rec_header h;

	make_header(&h, f);
	if (created)
		xrec_segment(&out, &h);
	else
		xrec_create(&out, out_path, &h);
	created = true;
	rec_header_free(&h);
}

static void
copy_rows(struct file *f)
{
	struct csv_raw raw;
	uint64_t bytes = 0;

	csv_raw_init(&raw, &out, f->name, format.delimiter, f->names.n, f->from, columns.n);
	for (; f->any; next_batch(f)) {
		if (f->batch.n > 0 && csv_raw_put(&raw, &f->batch) < 0)
			msg_exit(&raw.err);
		progress_add(f->csv.bytes - bytes, f->batch.n);
		bytes = f->csv.bytes;
	}
	f->totals = (struct totals){ raw.rows, raw.malformed, f->csv.blank, f->csv.bytes };
	csv_raw_free(&raw);
}

static void
add_totals(const struct file *f)
{
	const struct totals *t = &f->totals;

	sum.rows += t->rows;
	sum.malformed += t->malformed;
	sum.blank += t->blank;
	buf_adds(&stats, stats.len > 0 ? ",\n    {\"name\": " : "    {\"name\": ");
	json_string(&stats, f->name, strlen(f->name));
	buf_addf(&stats, ", \"rows\": %" PRIu64 ", \"malformed\": %" PRIu64 ", \"blank\": %" PRIu64
	    ", \"bytes\": %" PRIu64 "}", t->rows, t->malformed, t->blank, t->bytes);
	if (!cli_verbose)
		return;
	progress_end();
	msg_warn("%s: %" PRIu64 " rows, %" PRIu64 " of them malformed, %" PRIu64 " blank lines, %" PRIu64 " bytes",
	    f->name, t->rows, t->malformed, t->blank, t->bytes);
}

static void
ingest(const char *path)
{
	struct file f = { .name = io_in_name(path) };

	if (csv_open(&f.csv, path, format) < 0)
		msg_exit(&f.csv.err);
	f.csv.max_record = cli_max_record;
	read_header(&f);
	put_header(&f);
	copy_rows(&f);
	add_totals(&f);
	csv_close(&f.csv);
	csv_words_free(f.names.v, f.names.n);
	free(f.from);
}

static void
write_stats(void)
{
	struct buf text = { 0 };
	struct io_out o = { 0 };
	struct msg err = { 0 };
	char *name = table != NULL ? xstrdup(table) : table_name(first_name);

	buf_adds(&text, "{\"table\": ");
	json_string(&text, name, strlen(name));
	buf_addf(&text, ",\n  \"files\": [\n%s\n  ],\n", buf_cstr(&stats));
	buf_addf(&text, "  \"rows\": %" PRIu64 ", \"malformed\": %" PRIu64 ", \"blank\": %" PRIu64 "}\n", sum.rows,
	    sum.malformed, sum.blank);
	if (io_create(&o, stats_path, &err) < 0 ||
	    io_write(o.fd, text.p, text.len, io_out_name(stats_path), &err) < 0 || io_commit(&o, &err) < 0)
		msg_exit(&err);
	buf_free(&text);
	free(name);
}

int
main(int argc, char *argv[])
{
	static char dash[] = "-", *standard_input[] = { dash, NULL };
	char **paths;

	cli_start(argc, argv);
	parse_options(argc, argv);
	paths = argv[optind] != NULL ? argv + optind : standard_input;
	first_name = io_in_name(*paths);
	if (have_schema)
		set_columns(NULL);
	for (; *paths != NULL; paths++)
		ingest(*paths);
	xrec_finish(&out);
	if (stats_path != NULL)
		write_stats();
	progress_end();
	schema_free(&schema);
	csv_words_free(columns.v, columns.n);
	buf_free(&stats);
	return EX_OK;
}

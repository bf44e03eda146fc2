/* acct-ingest turns CSV into raw records: the fields as they stood in the file, validates nothing, loses nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "cli/cli.h"
#include "csv/csv.h"
#include "csv/decode.h"
#include "csv/format.h"
#include "csv/raw.h"
#include "ingest/names.h"
#include "ingest/resume.h"
#include "rec/rec.h"
#include "schema/schema.h"

struct totals {
	uint64_t rows, malformed, blank, header, skipped, lines, bytes;	/* header, skipped, lines: physical lines */
	struct csv_doubt spanning, open_quotes;
};

struct file {			/* what is being read */
	const char *name;
	struct csv_reader csv;
	struct csv_batch batch;
	bool any;		/* the batch has rows not yet taken */
	struct ingest_file columns;
	struct totals totals;
	struct totals before;	/* the mark of csv, once that is set */
};

static struct schema schema;
static struct csv_layout layout;	/* of each file */
static const char *encoding;		/* of the first file that is not UTF-8; NULL: of none */
static struct csv_format format = { .delimiter = ',', .quote = '"' };
static bool have_schema, have_header = true, no_header, mended, pieces;
static const char *schema_path, *delimiter, *quote, *stats_path, *resume_path;
static struct ingest_resume from;	/* where to go on, with --resume */

static struct ingest_columns columns;	/* of the records */
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
		cli_usage("-d: must be one byte or \\t: %s", msg_quotes(arg));
	return (uint8_t)*arg;
}

static uint8_t
quote_byte(const char *arg)
{
	if (strlen(arg) > 1 || *arg == '\n' || *arg == '\r')
		cli_usage("-q: must be one byte or empty: %s", msg_quotes(arg));
	return (uint8_t)*arg;
}

static void
read_schema(const char *path)
{
	struct msg err = { 0 };

	if (schema_read(&schema, path, &err) < 0)
		msg_exit(&err);
	if (schema.ncolumns > INGEST_COLUMNS_MAX)
		msg_die(EX_CONFIG, "%s: more columns than the %d that a record can have", path, INGEST_COLUMNS_MAX);
	have_schema = true;
	have_header = schema.header || mended;
	format = csv_format_of(&schema);
	if (!mended)
		layout = csv_layout_of(&schema);
	if (!mended && schema.encoding != NULL && csv_decoder_new(&layout.decoder, schema.encoding, &err) < 0)
		msg_exit(&err);
	if (cli.table == NULL)
		cli.table = schema.name;
}

static const struct cli_option options[] = {
	{ 's', "schema", "SCHEMA", "match the columns to those of a schema by name", CLI_TEXT, .to = &schema_path },
	{ 'd', "delimiter", "BYTE", "one byte, or \\t; a comma unless the schema says otherwise", CLI_TEXT,
	    .to = &delimiter },
	{ 'q', "quote", "BYTE", "one byte, or '' if the file has no quotes", CLI_TEXT, .to = &quote },
	{ 0, "no-header", NULL, "the first line is a row: columns by position, named c1, c2, ... without a schema",
	    CLI_FLAG,
	    .to = &no_header },
	{ 0, "mended", NULL, "with -s: read rejects that acct-cat -f raw has written: UTF-8, the names in the first\n"
	    "line, nothing before and after the rows, whatever the schema says", CLI_FLAG, .to = &mended },
	{ 0, "stats", "FILE", "write the counts of rows to FILE as JSON", CLI_TEXT, .to = &stats_path },
	{ 0, "pieces", NULL, "the FILEs are consecutive pieces of one file", CLI_FLAG, .to = &pieces },
	{ 0, "resume", "STATS", "read only what a file has more than when --stats wrote STATS", CLI_TEXT,
	    .to = &resume_path },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-s SCHEMA] [-t NAME] [-d BYTE] [-q BYTE] [--no-header] [--mended]\n"
	    "                   [--stats FILE] [--resume STATS] [--pieces] [-o FILE] [FILE ...]",
	    NULL },
	.about =
	    "Turns CSV, plain or compressed with gzip or zstd, into raw records: validates nothing, loses nothing.\n"
	    "Reads FILEs, by default standard input, or -.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_table, cli_output, cli_text, NULL },
	.examples = (const char *const[]){ "acct-ingest accounts.csv | acct-cat -f table",
	    "acct-ingest -s accounts.yaml accounts.csv.gz | acct-clean -s accounts.yaml >accounts.acct", NULL },
};

static void
apply_options(void)
{
	cli_apart("--stats", stats_path, "-o", cli.output);
	if (mended && schema_path == NULL)
		cli_usage("--mended needs -s");
	if (mended && no_header)
		cli_usage("--mended and --no-header exclude each other");
	if (schema_path != NULL)
		read_schema(schema_path);
	if (delimiter != NULL)
		format.delimiter = delimiter_byte(delimiter);
	if (quote != NULL)
		format.quote = quote_byte(quote);
	if (format.delimiter == format.quote)
		cli_usage("the delimiter and the quote are the same: %s", msg_quote(&format.quote, 1));
	if (format.escape != 0 && format.delimiter == format.escape)
		cli_usage("the delimiter and the escape are the same: %s", msg_quote(&format.escape, 1));
	have_header &= !no_header;
	if (no_header)
		layout.before = 0;
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

/* Says which columns of a file are not those of the schema, as its drift allows. */
static void
report_drift(const char *file)
{
	struct near near;
	size_t i, k;

	for (i = 0; i < columns.more.n; i++)
		msg_warn("%s: column %s is not in the schema: added as text", file, msg_quotes(columns.more.v[i]));
	for (i = 0; i < columns.ignored.n; i++)
		msg_warn("%s: column %s is not in the schema: ignored", file, msg_quotes(columns.ignored.v[i]));
	for (i = 0; i < columns.fewer.n; i++) {
		near_start(&near, columns.fewer.v[i]);
		for (k = 0; k < columns.more.n; k++)
			near_try(&near, columns.more.v[k]);
		for (k = 0; k < columns.ignored.n; k++)
			near_try(&near, columns.ignored.v[k]);
		msg_warn("%s: column %s is missing: null in all rows%s", file, msg_quotes(columns.fewer.v[i]),
		    near_hint(&near));
	}
}

static void
read_header(struct file *f)
{
	bool first = !columns.settled;

	next_batch(f);
	if (ingest_file_open(&f->columns, f->name, &columns, f->any ? &f->batch : NULL) < 0)
		msg_exit(&columns.err);
	if (first)
		report_drift(f->name);
}

/* Begins the output, or the file's segment of it. */
static void
put_header(const struct file *f)
{
	struct rec_header h;

	if (ingest_header(&columns, &f->columns, cli.table, &h) < 0)
		msg_exit(&columns.err);
	if (created)
		xrec_segment(&out, &h);
	else
		cli_create(&out, &h);
	created = true;
	rec_header_free(&h);
}

static struct totals
totals_at(const struct file *f, const struct csv_raw *raw, const struct csv_mark *m)
{
	return (struct totals){ raw->rows, raw->malformed, m->blank, f->columns.header_lines, m->skipped, m->lines,
	    m->offset, m->spanning, m->open_quotes };
}

/* Goes on where an earlier reading of the file ended. */
static void
resume(struct file *f, struct csv_raw *raw)
{
	if (resume_path == NULL)
		return;
	if (csv_resume(&f->csv, &from.mark) < 0)
		msg_exit(&f->csv.err);
	raw->rows = from.rows;
	raw->malformed = from.malformed;
	next_batch(f);
}

static void
copy_rows(struct file *f)
{
	struct csv_raw raw;
	bool marked = false;
	uint64_t bytes = 0;

	csv_raw_init(&raw, &out, f->name, format, f->columns.names.n, f->columns.from, columns.names.n,
	    ingest_has_lines(&columns));
	raw.trailing = have_schema && schema.trailing_delimiter;
	raw.short_null = have_schema && schema.short_null;
	resume(f, &raw);
	for (; f->any; next_batch(f)) {
		if (f->csv.marked && !marked)
			f->before = totals_at(f, &raw, &f->csv.mark);
		marked = f->csv.marked;
		if (f->batch.n > 0 && csv_raw_put(&raw, &f->batch) < 0)
			msg_exit(&raw.err);
		progress_add(f->csv.bytes - bytes, f->batch.n);
		bytes = f->csv.bytes;
	}
	if (!marked)
		f->before = totals_at(f, &raw, &f->csv.mark);
	f->totals = (struct totals){ raw.rows, raw.malformed, f->csv.blank, f->columns.header_lines,
	    f->csv.skipped, f->csv.lines, f->csv.bytes,
	    f->csv.spanning, f->csv.open_quotes };
	csv_raw_free(&raw);
}

static void
add_doubt(struct csv_doubt *to, const struct csv_doubt *d)
{
	if (to->n == 0)
		to->first = d->first;
	to->n += d->n;
}

static void
sum_totals(const struct totals *t)
{
	sum.rows += t->rows;
	sum.malformed += t->malformed;
	sum.blank += t->blank;
	sum.header += t->header;
	sum.skipped += t->skipped;
	sum.lines += t->lines;
	add_doubt(&sum.spanning, &t->spanning);
	add_doubt(&sum.open_quotes, &t->open_quotes);
}

static void
put_doubt(struct buf *text, const char *name, const char *what, const struct csv_doubt *d)
{
	buf_addf(text, ", \"%s\": {\"%s\": %" PRIu64 ", \"first\": ", name, what, d->n);
	if (d->n > 0)
		buf_addf(text, "%" PRIu64 "}", d->first);
	else
		buf_adds(text, "null}");
}

/* The counts as members of a JSON object. */
static void
put_totals(struct buf *text, const struct totals *t)
{
	buf_addf(text, "\"rows\": %" PRIu64 ", \"malformed\": %" PRIu64 ", \"blank\": %" PRIu64 ", \"header\": %" PRIu64
	    ", \"skipped\": %" PRIu64 ", \"lines\": %" PRIu64, t->rows, t->malformed, t->blank, t->header, t->skipped,
	    t->lines);
	put_doubt(text, "spanning", "rows", &t->spanning);
	put_doubt(text, "open_quotes", "rejects", &t->open_quotes);
}

/* What makes rows doubtful, for people: after the other counts. */
static void
show_doubt(struct buf *text, const char *what, const struct csv_doubt *d)
{
	if (d->n > 0)
		buf_addf(text, ", %" PRIu64 " %s, the first in line %" PRIu64, d->n, what, d->first);
}

static void
show_totals(const struct file *f)
{
	const struct totals *t = &f->totals;
	struct buf doubts = { 0 };

	if (t->skipped > 0)
		buf_addf(&doubts, ", %" PRIu64 " lines skipped", t->skipped);
	show_doubt(&doubts, t->spanning.n == 1 ? "row spans lines" : "rows span lines", &t->spanning);
	show_doubt(&doubts, t->open_quotes.n == 1 ? "reject leaves a quote open" : "rejects leave a quote open",
	    &t->open_quotes);
	progress_end();
	msg_warn("%s: %" PRIu64 " rows, %" PRIu64 " of them malformed, %" PRIu64 " blank lines, %" PRIu64 " bytes%s",
	    f->name,
	    t->rows, t->malformed, t->blank, t->bytes, buf_cstr(&doubts));
	buf_free(&doubts);
}

/* Where reading can go on once the file has grown, and what was counted before that; null if it cannot. */
static void
put_resume(struct buf *text, const struct file *f)
{
	if (!csv_can_resume(&f->csv) || f->before.lines < f->before.header) {
		buf_adds(text, ", \"resume\": null");
		return;
	}
	buf_adds(text, ",\n     \"resume\": {");
	put_totals(text, &f->before);
	buf_addf(text, ", \"bytes\": %" PRIu64 "}", f->before.bytes);
}

static void
add_totals(const struct file *f)
{
	sum_totals(&f->totals);
	buf_adds(&stats, stats.len > 0 ? ",\n    {\"name\": " : "    {\"name\": ");
	json_put(&stats, f->name, strlen(f->name));
	buf_adds(&stats, ", ");
	put_totals(&stats, &f->totals);
	buf_addf(&stats, ", \"bytes\": %" PRIu64, f->totals.bytes);
	put_resume(&stats, f);
	buf_adds(&stats, "}");
	if (cli.verbose)
		show_totals(f);
}

/* Reads a file, of n pieces. */
static void
ingest(char **paths, size_t n)
{
	struct file f = { .name = io_in_name(*paths) };

	if (csv_open_pieces(&f.csv, paths, n, format) < 0)
		msg_exit(&f.csv.err);
	f.csv.max_record = cli.max_record;
	f.csv.layout = layout;
	read_header(&f);
	put_header(&f);
	copy_rows(&f);
	add_totals(&f);
	if (layout.decoder != NULL && encoding == NULL)
		encoding = csv_decoder_encoding(layout.decoder);
	csv_close(&f.csv);
	ingest_file_free(&f.columns);
}

static void
put_names(struct buf *text, const struct ingest_names *names)
{
	size_t i;

	buf_addc(text, '[');
	for (i = 0; i < names->n; i++) {
		buf_adds(text, i > 0 ? ", " : "");
		json_put(text, names->v[i], strlen(names->v[i]));
	}
	buf_addc(text, ']');
}

static void
put_drift(struct buf *text)
{
	if (columns.more.n + columns.ignored.n + columns.fewer.n == 0)
		return;
	buf_adds(text, ", \"added\": ");
	put_names(text, &columns.more);
	buf_adds(text, ", \"ignored\": ");
	put_names(text, &columns.ignored);
	buf_adds(text, ", \"missing\": ");
	put_names(text, &columns.fewer);
}

static void
write_stats(void)
{
	struct buf text = { 0 };
	struct io_out o = { 0 };
	struct msg err = { 0 };
	char *name = cli.table != NULL ? xstrdup(cli.table) : ingest_table_name(first_name);

	buf_adds(&text, "{\"table\": ");
	json_put(&text, name, strlen(name));
	buf_addf(&text, ",\n  \"files\": [\n%s\n  ],\n  ", buf_cstr(&stats));
	put_totals(&text, &sum);
	if (encoding != NULL) {
		buf_adds(&text, ", \"encoding\": ");
		json_put(&text, encoding, strlen(encoding));
	}
	put_drift(&text);
	buf_addf(&text, ", \"multiline\": %s}\n", !have_schema || schema.multiline == SCHEMA_MULTILINE_ANY ? "null" :
	    schema.multiline == SCHEMA_MULTILINE_YES ? "true" : "false");
	if (io_create(&o, stats_path, &err) < 0 ||
	    io_write(o.fd, text.p, text.len, io_out_name(stats_path), &err) < 0 || io_commit(&o, &err) < 0)
		msg_exit(&err);
	buf_free(&text);
	free(name);
}

/* Opens what the command line names; from then on nothing else can be. */
static void
enter_sandbox(char **paths)
{
	for (; *paths != NULL; paths++)
		io_open_ahead(*paths);
	io_create_ahead(cli.output);
	io_create_ahead(stats_path);
	io_open_ahead(resume_path);
	cli_sandbox(0, NULL);
}

int
main(int argc, char *argv[])
{
	static char dash[] = "-", *standard_input[] = { dash, NULL };
	struct msg err = { 0 };
	char **paths;
	size_t n;
	int operand = cli_start(&program, argc, argv);

	apply_options();
	paths = argv[operand] != NULL ? argv + operand : standard_input;
	first_name = io_in_name(*paths);
	for (n = 0; paths[n] != NULL; n++)
		;
	if (resume_path != NULL && n > 1 && !pieces)
		cli_usage("--resume needs one file");
	enter_sandbox(paths);
	if (resume_path != NULL && ingest_resume_read(&from, resume_path, &err) < 0)
		msg_exit(&err);
	ingest_columns_init(&columns, have_schema ? &schema : NULL, have_header, format, first_name);
	if (pieces)
		ingest(paths, n);
	for (; *paths != NULL && !pieces; paths++)
		ingest(paths, 1);
	xrec_finish(&out);
	if (stats_path != NULL)
		write_stats();
	progress_end();
	csv_decoder_free(layout.decoder);
	schema_free(&schema);
	ingest_columns_free(&columns);
	buf_free(&stats);
	return EX_OK;
}

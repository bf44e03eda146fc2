/*
 * acct-cat shows records as text: CSV, TSV, JSON lines, an aligned table; or shows a stream's header, or checks a
 * stream.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/msg.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "rec/rec.h"
#include "text/text.h"
#include "text/width.h"

enum { WRITE_SIZE = 128 * 1024, NOT_GIVEN = 99 };

static const char *const formats[] = {
	[TEXT_CSV] = "csv", [TEXT_TSV] = "tsv", [TEXT_JSON] = "json", [TEXT_TABLE] = "table", [TEXT_RAW] = "raw", NULL
};
static unsigned format = NOT_GIVEN;	/* enum text_format */
static char *column_list;		/* NULL: all */
static bool only_header, only_check;

static const struct cli_option options[] = {
	{ 'f', "format", "FORMAT",
	    "csv, tsv, json (an object per line), table, or raw (one column bare: the raw text of\n"
	    "rejects); by default table on a terminal and csv elsewhere", CLI_WORD, .to = &format, .words = formats },
	{ 'c', "columns", "COLUMN,...", "show these columns, in this order", CLI_LIST, .to = &column_list },
	{ 0, "header", NULL, "print the header instead: table, words, columns", CLI_FLAG, .to = &only_header },
	{ 0, "check", NULL, "print nothing; status 0 if the streams are whole and every value is canonical, else 1",
	    CLI_FLAG, .to = &only_check },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-f csv|tsv|json|table|raw] [-c COLUMN,...] [--header | --check] [-o FILE] [FILE ...]",
	    NULL },
	.about = "Writes the records of FILEs, by default standard input, as text.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_output, cli_stream, NULL },
	.examples = (const char *const[]){ "acct-ingest accounts.csv | acct-cat -f table",
	    "acct-cat -f raw rejects.acct >mended.csv", NULL },
};

static struct io_out out;
static struct text text;
static struct rec_header first;		/* of the first file: the others must have its columns */
static struct {			/* raw: the line of names above the rows */
	bool put;
	char *text;			/* NULL where the source has none */
} above;
static uint64_t records;

static void
check_options(void)
{
	if (only_header && only_check)
		cli_usage("expected one of --header and --check");
	if ((only_header || only_check) && (format != NOT_GIVEN || column_list != NULL))
		cli_usage("-f and -c have no meaning with --%s", only_header ? "header" : "check");
	if (only_check && cli.output != NULL)
		cli_usage("-o has no meaning with --check, which writes nothing");
	if (format == NOT_GIVEN)
		format = cli.output == NULL && isatty(STDOUT_FILENO) ? TEXT_TABLE : TEXT_CSV;
}

/* ---- show ---- */

/* On a terminal, lines of text in which nothing hides; elsewhere they are data, and stay as they are. */
static void
send_text(struct buf *b)
{
	static struct buf seen;
	bool terminal = cli.output == NULL && isatty(STDOUT_FILENO);
	struct msg err = { 0 };

	if (terminal && !only_header && text.format != TEXT_TABLE) {
		seen.len = 0;
		text_terminal(&seen, b->p, b->len, text.format == TEXT_JSON);
		b->len = 0;
		b = &seen;
	}
	if (io_write(out.fd, b->p, b->len, io_out_name(cli.output), &err) < 0)
		msg_exit(&err);
	b->len = 0;
}

/* The columns to show: those asked for, the column `raw` of rejects, or all. */
static size_t
choose(const struct rec_reader *in, enum text_format f, size_t *columns)
{
	char raw[] = "raw";
	size_t n = 0;

	if (f == TEXT_RAW) {
		if (column_list == NULL && rec_header_find(&in->header, raw) < 0)
			msg_die(EX_USAGE, "%s: no column raw; with -f raw, -c names the column to write", in->name);
		n = cli_columns(in, "-c", column_list == NULL ? raw : column_list, columns, REC_MAX_COLUMNS);
		if (n != 1)
			cli_usage("-c: -f raw writes one column");
		return n;
	}
	if (column_list != NULL)
		return cli_columns(in, "-c", column_list, columns, REC_MAX_COLUMNS);
	for (; n < in->header.ncolumns; n++)
		columns[n] = n;
	return n;
}

/*
 * Bare text begins with the source's line of names, where the stream knows it. Rows of another source with other names
 * cannot follow: read back they would be taken for the first's.
 */
static void
put_names(const struct rec_reader *in, const char *line, uint64_t record)
{
	if (!above.put) {
		above.put = true;
		if (line != NULL)
			buf_addf(&text.out, "%s\n", above.text = xstrdup(line));
	} else if (line == NULL || above.text == NULL ? line != above.text : strcmp(line, above.text) != 0) {
		msg_die(EX_DATAERR, "%s: record %" PRIu64 ": a row under other names than those above it (%s); "
		    "clean its file by itself, or -c raw for the rows without names", in->name, record,
		    line != NULL ? msg_quotes(line) : "none");
	}
}

/* The same where each record has the line in its own column `header`, as rejects that come from a table. */
static void
put_names_of_each(const struct rec_reader *in, const struct rec_batch *b, size_t column)
{
	static struct buf seen, line;		/* seen: the field as it was last, encoded */
	struct rec_field f;
	size_t i;

	for (i = 0; i < b->n; i++) {
		f = rec_field(rec_at(b, i), column);
		if (seen.len == f.n && memcmp(seen.p, f.p, f.n) == 0)
			continue;
		seen.len = line.len = 0;
		buf_add(&seen, f.p, f.n);
		if (*f.p != VAL_NULL) {
			buf_room(&line, f.n + 1);
			line.len = val_get_string(line.p, f.p, f.n);
			line.len = utf8_to_bytes(line.p, line.p, line.len);
		}
		put_names(in, *f.p != VAL_NULL ? buf_cstr(&line) : NULL, b->first + i);
	}
}

/* The heading, for the first file. */
static void
start(const struct rec_reader *in)
{
	enum text_format f = (enum text_format)format;
	size_t *columns = xcalloc(REC_MAX_COLUMNS, sizeof(*columns));
	size_t n = choose(in, f, columns);

	rec_header_copy(&first, &in->header);
	text_start(&text, f, &first, columns, n);
	send_text(&text.out);
	free(columns);
}

/* Do the columns have the same names and types as those of the first file? */
static bool
is_alike(const struct rec_header *h)
{
	if (h->ncolumns != first.ncolumns)
		return false;
	for (size_t c = 0; c < h->ncolumns; c++)
		if (strcmp(h->columns[c].name, first.columns[c].name) != 0 ||
		    !val_type_equal(h->columns[c].type, first.columns[c].type))
			return false;
	return true;
}

static void
show(const char *path, bool is_first)
{
	struct rec_reader in;
	struct rec_batch b;
	int named_in;

	cli_open(&in, path, 0);
	named_in = rec_header_find(&in.header, "header");
	if (named_in >= 0 && in.header.columns[named_in].type.kind != VAL_STRING)
		named_in = -1;
	if (is_first)
		start(&in);
	else if (!is_alike(&in.header))
		msg_die(EX_DATAERR, "%s: not the columns of the first file", in.name);
	while (xrec_next(&in, &b)) {
		records += b.n;
		if (text.format == TEXT_RAW && column_list == NULL && named_in >= 0)
			put_names_of_each(&in, &b, (size_t)named_in);
		else if (text.format == TEXT_RAW && column_list == NULL)
			put_names(&in, rec_header_word(b.segment, "header"), b.first);
		text_batch(&text, &b);
		if (text.out.len >= WRITE_SIZE)
			send_text(&text.out);
	}
	rec_close(&in);
}

/* ---- header ---- */

/* A name or a word's value: as it is where it is plain, else in quotes. A view, for the next seven calls. */
static const char *
shown(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/-";

	return *s != '\0' && strspn(s, plain) == strlen(s) ? s : msg_quotes(s);
}

/* A line a column: name, type, and what it is beside. */
static void
put_columns(const struct rec_header *h, struct buf *b)
{
	char type[NUM_TEXT];
	size_t width = 0, n;

	for (size_t c = 0; c < h->ncolumns; c++)
		if ((n = strlen(shown(h->columns[c].name))) > width && n < 40)
			width = n;
	for (size_t c = 0; c < h->ncolumns; c++) {
		const struct rec_column *col = &h->columns[c];
		const char *key = col->key ? "key" : "", *required = col->required ? "required" : "";

		val_type_put(type, col->type);
		buf_addf(b, "  %-*s  ", (int)width, shown(col->name));
		if (col->key || col->required)
			buf_addf(b, "%-13s  %s%s%s\n", type, key, col->key && col->required ? ", " : "", required);
		else
			buf_addf(b, "%s\n", type);
	}
}

static void
show_header(const char *path, bool is_first)
{
	struct rec_reader in;
	struct buf b = { 0 };
	const struct rec_header *h = &in.header;

	cli_open(&in, path, 0);
	buf_addf(&b, "%stable %s\n", is_first ? "" : "\n", shown(h->table));
	for (size_t w = 0; w < h->nwords; w++)
		buf_addf(&b, "%s %s\n", shown(h->words[w].key), shown(h->words[w].value));
	buf_addf(&b, "columns %zu\n", h->ncolumns);
	put_columns(h, &b);
	send_text(&b);
	buf_free(&b);
	rec_close(&in);
}

/* ---- check ---- */

/* 0 where the stream is good, EX_NO where it is not, another status where that could not be found out. */
static int
check(const char *path)
{
	struct rec_reader in;
	struct rec_batch b;
	uint64_t n = 0;
	int status = 0, got = cli_try_open(&in, path, 0);

	while (got >= 0 && (got = rec_next(&in, &b)) > 0)
		n += b.n;
	if (got == -1) {
		if (*in.err.text != '\0')
			msg_warn("%s", in.err.text);
		else
			msg_warn("%s: aborted: the program that wrote it failed with status %d", in.name,
			    in.err.status);
		status = in.err.status == EX_DATAERR ? EX_NO : in.err.status;
	} else if (cli.verbose)
		msg_warn("%s: %" PRIu64 " records of %zu columns", in.name, n, in.header.ncolumns);
	rec_close(&in);
	return status;
}

/* Every file is looked at; what could not be looked at weighs more than what is bad. */
static int
check_all(char *paths[], int n)
{
	int worst = 0;

	for (int i = 0; i < n; i++) {
		int status = check(paths[i]);

		if (status > worst)
			worst = status;
	}
	return worst;
}

int
main(int argc, char *argv[])
{
	char dash[] = "-", *standard_input[] = { dash }, **paths = standard_input;
	struct msg err = { 0 };
	int n = 1, operand = cli_start(&program, argc, argv);

	check_options();
	if (operand < argc) {
		paths = argv + operand;
		n = argc - operand;
	}
	for (int i = 0; i < n; i++)
		io_open_ahead(paths[i]);
	io_create_ahead(cli.output);
	cli_sandbox(0, NULL);
	if (only_check)
		return check_all(paths, n);
	if (io_create(&out, cli.output, &err) < 0)
		msg_exit(&err);
	for (int i = 0; i < n; i++)
		(only_header ? show_header : show)(paths[i], i == 0);
	if (!only_header) {
		if (text.format == TEXT_RAW && column_list == NULL && !above.put)
			put_names(NULL, rec_header_word(&first, "header"), 0);	/* no rows: the line of names alone */
		text_end(&text);
		send_text(&text.out);
		text_free(&text);
		rec_header_free(&first);
		free(above.text);
	}
	if (io_commit(&out, &err) < 0)
		msg_exit(&err);
	if (cli.verbose && !only_header)
		msg_warn("%" PRIu64 " records", records);
	return 0;
}

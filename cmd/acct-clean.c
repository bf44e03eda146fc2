/* acct-clean turns raw records into typed ones by a schema, and sets aside those that break it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"
#include "base/sandbox.h"
#include "clean/expect.h"
#include "clean/owners.h"
#include "cli/cli.h"

static const char *schema_path, *rejects_path, *stats_path, *last_path, *known_path, *add_path, *less_path;
static bool to_expect, to_accept;
static int64_t delivery;		/* 0: none */
static struct owner { const char *table, *path; } owners[REC_MAX_COLUMNS];
static size_t nowners;

static struct schema schema;
static struct rec_reader in;
static struct rec_writer out;
static struct rejects rejects;
static struct cleaner cleaner;
static struct clean_flow flow;
static struct clean_last last;
static struct clean_expect expect;
static uint64_t rejected;	/* rows of this stream */

static void
set_delivery(const char *option, char *arg)
{
	if (!num_int64(arg, strlen(arg), &delivery) || delivery < 1)
		cli_usage("%s: must be a number from 1: %s", option, msg_quotes(arg));
}

static void
add_owner(const char *option, char *arg)
{
	if (nowners == REC_MAX_COLUMNS)
		cli_usage("%s: more than %d", option, REC_MAX_COLUMNS);
	owners[nowners++] = (struct owner){ .table = arg, .path = cli_pair(option, arg, "TABLE=FILE") };
}

static const struct cli_option options[] = {
	{ 's', "schema", "SCHEMA", "the schema, in YAML: acct-schema(5)", CLI_TEXT, .to = &schema_path },
	{ 'r', "rejects", "FILE", "write the rejected rows, with their reasons, to FILE", CLI_TEXT,
	    .to = &rejects_path },
	{ 0, "stats", "FILE", "write the totals to FILE as JSON", CLI_TEXT, .to = &stats_path },
	{ 0, "expect", NULL, "fail with status 1 if a limit of the schema's expect is exceeded", CLI_FLAG,
	    .to = &to_expect },
	{ 0, "last", "FILE", "with --expect: statistics of the last run, for limits of change", CLI_TEXT,
	    .to = &last_path },
	{ 0, "known", "FILE", "typed rows that came before: their keys again are duplicates or conflicts", CLI_TEXT,
	    .to = &known_path },
	{ 0, "owners", "TABLE=FILE", "the typed rows of a table that is referred to with orphans: reject; may be\n"
	    "repeated", CLI_CALL, .call = add_owner },
	{ 0, "add", "STATS", "count also what these statistics count", CLI_TEXT, .to = &add_path },
	{ 0, "less", "STATS", "and not what these count", CLI_TEXT, .to = &less_path },
	{ 0, "delivery", "NUMBER", "add columns: _delivery, this number, and _line, the row's line in its file",
	    CLI_CALL, .call = set_delivery },
	{ 0, "accept", NULL, "with --expect: print the limits that are exceeded, and go on", CLI_FLAG,
	    .to = &to_accept },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] -s SCHEMA [-r FILE] [-o FILE] [--stats FILE] [--memory SIZE]\n"
	    "                  [--expect [--last FILE] [--accept]] [--known FILE]\n"
	    "                  [--owners TABLE=FILE ...]\n"
	    "                  [--add STATS] [--less STATS] [--delivery NUMBER] [FILE]", NULL },
	.about = "Turns raw records, as acct-ingest writes them, into typed ones, and sets aside those that break the\n"
	    "schema. Reads FILE, by default standard input.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_output, cli_memory, cli_stream, NULL },
	.examples = (const char *const[]){
	    "acct-ingest -s accounts.yaml accounts.csv | acct-clean -v -s accounts.yaml -r bad.acct -o good.acct",
	    NULL },
};

static void
check_options(int operands)
{
	if ((to_accept || last_path != NULL) && !to_expect)
		cli_usage("--last and --accept need --expect");
	if (schema_path == NULL)
		cli_usage("-s is required");
	if (operands > 1)
		cli_usage("expected at most one FILE");
	cli_apart("-r", rejects_path, "-o", cli.output);
	cli_apart("--stats", stats_path, "-o", cli.output);
	if (rejects_path != NULL)
		cli_apart("--stats", stats_path, "-r", rejects_path);
}

/* Opens what the command line names; from then on nothing else can be but temporary files. */
static void
enter_sandbox(const char *path)
{
	io_open_ahead(path);
	io_open_ahead(known_path);
	for (size_t i = 0; i < nowners; i++)
		io_open_ahead(owners[i].path);
	io_open_ahead(add_path);
	io_open_ahead(less_path);
	io_open_ahead(last_path);
	io_create_ahead(cli.output);
	io_create_ahead(rejects_path);
	io_create_ahead(stats_path);
	cli_sandbox(SANDBOX_SPILL, NULL);
}

/* Reads the rows that came before. h: the header of the typed stream. */
static void
read_known(const struct rec_header *h)
{
	struct rec_reader known;
	struct rec_batch b;
	size_t i;

	if (known_path == NULL)
		return;
	if (cleaner.nkeys == 0)
		msg_die(EX_USAGE, "--known: the schema has no key");
	if (flow.unique != NULL)
		msg_die(EX_USAGE, "--known: the schema has unique columns, whose values it does not know");
	cli_open(&known, known_path, 0);
	for (i = 0; i < h->ncolumns; i++)
		if (known.header.ncolumns != h->ncolumns ||
		    strcmp(known.header.columns[i].name, h->columns[i].name) != 0 ||
		    !val_type_equal(known.header.columns[i].type, h->columns[i].type))
			msg_die(EX_DATAERR, "%s: not the columns of the schema", known.name);
	while (xrec_next(&known, &b))
		if (clean_flow_known(&flow, &b) < 0)
			msg_exit(&flow.err);
	rec_close(&known);
}

/* Reads the rows of the tables that are referred to. */
static void
read_owners(void)
{
	struct rec_reader in_owner;
	struct msg err = { 0 };
	size_t i;

	if (nowners == 0)
		return;
	cleaner.owners = clean_owners_new(&schema, cli.memory);
	for (i = 0; i < nowners; i++) {
		cli_open(&in_owner, owners[i].path, 0);
		if (clean_owners_read(cleaner.owners, owners[i].table, &in_owner, &err) < 0)
			msg_exit(&err);
		rec_close(&in_owner);
	}
}

/* Takes over totals of other statistics. */
static void
carry(void)
{
	struct msg err = { 0 };

	if ((add_path != NULL && clean_total_carry(&flow.total, &cleaner, add_path, 1, &err) < 0) ||
	    (less_path != NULL && clean_total_carry(&flow.total, &cleaner, less_path, -1, &err) < 0))
		msg_exit(&err);
}

static void
open_all(const char *path)
{
	struct msg err = { 0 };
	struct rec_header h, stamped;

	if (schema_read(&schema, schema_path, &err) < 0)
		msg_exit(&err);
	enter_sandbox(path);
	cli_open(&in, path, 0);
	clean_drift(&schema, &in.header);
	if (cleaner_init(&cleaner, &schema, &in.header, in.name, &err) < 0)
		msg_exit(&err);
	cleaner_header(&cleaner, &in.header, &h);
	rec_header_copy(&stamped, &h);
	if (delivery > 0 && clean_stamp_header(&schema, &stamped, &err) < 0)
		msg_exit(&err);
	cli_create(&out, &stamped);
	rec_header_free(&stamped);
	if (rejects_open(&rejects, rejects_path, &cleaner, &in.header) < 0)
		msg_exit(&rejects.out.err);
	clean_flow_init(&flow, &cleaner, &out, &rejects, in.header.ncolumns, cli.memory);
	read_owners();
	if (delivery > 0)
		clean_stamp_init(&flow.stamp, delivery);
	read_known(&h);
	rec_header_free(&h);
	if (last_path != NULL && clean_last_read(&last, last_path, &flow.total, &cleaner, &err) < 0)
		msg_exit(&err);
}

static void
clean(void)
{
	struct rec_batch b;

	while (xrec_next(&in, &b))
		if (clean_flow_batch(&flow, &b) < 0)
			msg_exit(&flow.err);
	if (clean_flow_finish(&flow) < 0)
		msg_exit(&flow.err);
}

static void
write_stats(void)
{
	struct msg err = { 0 };
	struct buf text = { 0 };
	struct io_out o;

	clean_total_json(&flow.total, &cleaner, to_expect ? &expect : NULL, &text);
	if (io_create(&o, stats_path, &err) < 0 ||
	    io_write(o.fd, text.p, text.len, io_out_name(stats_path), &err) < 0 || io_commit(&o, &err) < 0)
		msg_exit(&err);
	buf_free(&text);
}

/* Prints the limits that are passed. Unless they are accepted, the stream stays without its trailer. */
static void
check_limits(void)
{
	size_t i;

	clean_expect(&expect, &flow.total, &cleaner, &last);
	for (i = 0; i < expect.npassed; i++)
		msg_warn("%s: %s%s", schema.name, expect.passed[i].text, to_accept ? " (accepted)" : "");
	if (expect.npassed == 0 || to_accept)
		return;
	if (stats_path != NULL)
		write_stats();
	msg_leave(EX_NO);
}

/* Totals with -v; and rows that are rejected and not kept are never passed over in silence. */
static void
tell(void)
{
	struct buf text = { 0 };

	clean_total_text(&flow.total, &schema, &text);
	if (cli.verbose)
		msg_warn("%s: %s", schema.name, buf_cstr(&text));
	if (rejected > 0 && rejects_path == NULL)
		msg_warn("%s: %" PRIu64 " rows rejected and not kept; -r FILE keeps them", schema.name, rejected);
	buf_free(&text);
}

int
main(int argc, char *argv[])
{
	int operand = cli_start(&program, argc, argv);

	check_options(argc - operand);
	open_all(argv[operand]);
	clean();
	rejected = clean_total_rejects(&flow.total);
	carry();
	if (rejects_finish(&rejects) < 0)
		msg_exit(&rejects.out.err);
	if (to_expect)
		check_limits();
	xrec_finish(&out);
	if (stats_path != NULL)
		write_stats();
	tell();
	clean_expect_free(&expect);
	clean_last_free(&last);
	clean_flow_free(&flow);
	rejects_free(&rejects);
	cleaner_free(&cleaner);
	rec_close(&in);
	schema_free(&schema);
	return 0;
}

/* acct-clean turns raw records into typed ones by a schema, and sets aside those that break it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/io.h"
#include "base/sandbox.h"
#include "clean/clean.h"
#include "clean/expect.h"

const char cli_help[] =
    "usage: acct-clean [-v] -s SCHEMA [-r REJECTS] [-o OUT] [--stats FILE] [--memory SIZE]\n"
    "                  [--expect [--last FILE] [--accept]] [FILE]\n"
    "\n"
    "Reads raw records, as acct-ingest writes them, from FILE or standard input.\n"
    "\n"
    "  -s, --schema SCHEMA      what the columns are, in YAML\n"
    "  -r, --rejects REJECTS    write the rejected rows, with their reasons, to this file\n"
    "  -o, --output OUT         write to OUT, which is there whole or not at all\n"
    "      --stats FILE         write the totals as JSON\n"
    "      --expect             fail with status 1 where a limit of the schema's expect is passed\n"
    "      --last FILE          with --expect: statistics of the last run, which limits of change compare with\n"
    "      --accept             with --expect: print the limits that are passed, and go on\n"
    "      --memory SIZE        keys beyond that many bytes go to disk (64K, 300M, 2G)\n"
    "      --partial            do not ask for a trailer\n"
    "  -v, --verbose            totals on standard error\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n";

enum { OPT_STATS = 256, OPT_EXPECT, OPT_LAST, OPT_ACCEPT };

static const char *schema_path, *rejects_path, *output, *stats_path, *last_path;
static bool to_expect, to_accept;

static struct schema schema;
static struct rec_reader in;
static struct rec_writer out;
static struct rejects rejects;
static struct cleaner cleaner;
static struct clean_flow flow;
static struct clean_last last;
static struct clean_expect expect;

static void
parse_options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "schema", required_argument, NULL, 's' }, { "rejects", required_argument, NULL, 'r' },
		{ "output", required_argument, NULL, 'o' }, { "stats", required_argument, NULL, OPT_STATS },
		{ "expect", no_argument, NULL, OPT_EXPECT }, { "last", required_argument, NULL, OPT_LAST },
		{ "accept", no_argument, NULL, OPT_ACCEPT }, { 0 }
	};
	int o;

	while ((o = cli_getopt(argc, argv, "s:r:o:", longs)) != -1)
		if (o == OPT_EXPECT)
			to_expect = true;
		else if (o == OPT_ACCEPT)
			to_accept = true;
		else
			*(o == 's' ? &schema_path : o == 'r' ? &rejects_path : o == 'o' ? &output : o == OPT_LAST ? &last_path :
			    &stats_path) = optarg;
	if ((to_accept || last_path != NULL) && !to_expect)
		cli_usage("--last and --accept need --expect");
	if (schema_path == NULL)
		cli_usage("-s SCHEMA is needed");
	if (argc - optind > 1)
		cli_usage("one FILE at most");
	cli_apart("-r", rejects_path, "-o", output);
	cli_apart("--stats", stats_path, "-o", output);
	if (rejects_path != NULL)
		cli_apart("--stats", stats_path, "-r", rejects_path);
}

/* Opens what the command line names; from then on nothing else can be but temporary files. */
static void
enter_sandbox(const char *path)
{
	io_open_ahead(path);
	io_open_ahead(last_path);
	io_create_ahead(output);
	io_create_ahead(rejects_path);
	io_create_ahead(stats_path);
	sandbox_enter(SANDBOX_SPILL, NULL);
}

static void
open_all(const char *path)
{
	struct msg err = { 0 };
	struct rec_header h;

	if (schema_read(&schema, schema_path, &err) < 0)
		msg_exit(&err);
	enter_sandbox(path);
	xrec_open(&in, path, 0);
	if (cleaner_init(&cleaner, &schema, &in.header, in.name, &err) < 0)
		msg_exit(&err);
	cleaner_header(&cleaner, &in.header, &h);
	xrec_create(&out, output, &h);
	rec_header_free(&h);
	if (rejects_open(&rejects, rejects_path, &cleaner, &in.header) < 0)
		msg_exit(&rejects.out.err);
	clean_flow_init(&flow, &cleaner, &out, &rejects, in.header.ncolumns, cli_memory);
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
	uint64_t rejected = clean_total_read(&flow.total) - flow.total.rows[CLEAN_GOOD];
	struct buf text = { 0 };

	clean_total_text(&flow.total, &text);
	if (cli_verbose)
		msg_warn("%s: %s", schema.name, buf_cstr(&text));
	if (rejected > 0 && rejects_path == NULL)
		msg_warn("%s: %" PRIu64 " rows rejected and not kept; -r FILE keeps them", schema.name, rejected);
	buf_free(&text);
}

int
main(int argc, char *argv[])
{
	cli_start(argc, argv);
	rec_abort_line(NULL);
	parse_options(argc, argv);
	rec_abort_line(output);
	open_all(optind < argc ? argv[optind] : NULL);
	clean();
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

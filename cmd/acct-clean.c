/* acct-clean turns raw records into typed ones by a schema, and sets aside those that break it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "clean/clean.h"

const char cli_help[] =
    "usage: acct-clean [-v] -s SCHEMA [-r REJECTS] [-o OUT] [--stats FILE] [--memory SIZE] [FILE]\n"
    "\n"
    "Reads raw records, as acct-ingest writes them, from FILE or standard input.\n"
    "\n"
    "  -s, --schema SCHEMA      what the columns are, in YAML\n"
    "  -r, --rejects REJECTS    write the rejected rows, with their reasons, to this file\n"
    "  -o, --output OUT         write to OUT, which is there whole or not at all\n"
    "      --stats FILE         write the totals as JSON\n"
    "      --memory SIZE        keys beyond that many bytes go to disk (64K, 300M, 2G)\n"
    "      --partial            do not ask for a trailer\n"
    "  -v, --verbose            totals on standard error\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n";

enum { OPT_STATS = 256 };

static const char *schema_path, *rejects_path, *output, *stats_path;

static struct schema schema;
static struct rec_reader in;
static struct rec_writer out;
static struct rejects rejects;
static struct cleaner cleaner;
static struct clean_flow flow;

static void
parse_options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "schema", required_argument, NULL, 's' }, { "rejects", required_argument, NULL, 'r' },
		{ "output", required_argument, NULL, 'o' }, { "stats", required_argument, NULL, OPT_STATS }, { 0 }
	};
	int o;

	while ((o = cli_getopt(argc, argv, "s:r:o:", longs)) != -1)
		*(o == 's' ? &schema_path : o == 'r' ? &rejects_path : o == 'o' ? &output : &stats_path) = optarg;
	if (schema_path == NULL)
		cli_usage("-s SCHEMA is needed");
	if (argc - optind > 1)
		cli_usage("one FILE at most");
	cli_apart("-r", rejects_path, "-o", output);
	cli_apart("--stats", stats_path, "-o", output);
	if (rejects_path != NULL)
		cli_apart("--stats", stats_path, "-r", rejects_path);
}

static void
open_all(const char *path)
{
	struct msg err = { 0 };
	struct rec_header h;

	if (schema_read(&schema, schema_path, &err) < 0)
		msg_exit(&err);
	xrec_open(&in, path, 0);
	if (cleaner_init(&cleaner, &schema, &in.header, in.name, &err) < 0)
		msg_exit(&err);
	cleaner_header(&cleaner, &in.header, &h);
	xrec_create(&out, output, &h);
	rec_header_free(&h);
	if (rejects_open(&rejects, rejects_path, &cleaner, &in.header) < 0)
		msg_exit(&rejects.out.err);
	clean_flow_init(&flow, &cleaner, &out, &rejects, in.header.ncolumns, cli_memory);
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

	clean_total_json(&flow.total, &cleaner, &text);
	if (io_create(&o, stats_path, &err) < 0 ||
	    io_write(o.fd, text.p, text.len, io_out_name(stats_path), &err) < 0 || io_commit(&o, &err) < 0)
		msg_exit(&err);
	buf_free(&text);
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
	xrec_finish(&out);
	if (stats_path != NULL)
		write_stats();
	tell();
	clean_flow_free(&flow);
	rejects_free(&rejects);
	cleaner_free(&cleaner);
	rec_close(&in);
	schema_free(&schema);
	return 0;
}

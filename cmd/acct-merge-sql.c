/* acct-merge-sql turns a record stream into SQL that merges it into a table by key, in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "rec/rec.h"
#include "sql/sql.h"

const char cli_help[] =
    "usage: acct-merge-sql -d sqlite|postgres|synapse [-k KEY,...] [-t TABLE] [-o OUT] [FILE]\n"
    "\n"
    "Writes SQL that makes TABLE where it is missing, stages the records of FILE and merges\n"
    "them by key as one transaction: new rows are inserted, those that differ updated.\n"
    "\n"
    "  -d, --dialect NAME     sqlite (for sqlite3), postgres (for psql) or synapse (dedicated pool)\n"
    "  -k, --key KEY,...      the key's columns; those of the stream unless given\n"
    "  -t, --table TABLE      name or schema.name of the target; the stream's table unless given\n"
    "  -o, --output OUT       write to this file, which appears whole or not at all\n"
    "      --long COLUMN,...  synapse: columns with strings of more than 4000 characters\n"
    "  -v, --verbose          totals on standard error\n"
    "      --partial          do not ask for the stream's trailer\n"
    "  -h, --help             this text\n"
    "  -V, --version          the version\n";

enum { OPT_LONG = 1, MAX_KEYS = 32 };

static const struct sql_dialect *dialect;
static char *key_list, *long_list;
static const char *input, *output;
static struct sql_name target;
static struct rec_reader in;
static struct sql_load load;
static bool opened, done;	/* load: to be finished or refused; finished */

static const struct sql_dialect *
parse_dialect(const char *name)
{
	const struct sql_dialect *d = sql_dialect_find(name);

	if (d == NULL)
		cli_usage("-d: no dialect %s; there are: sqlite, postgres, synapse", msg_quotes(name));
	return d;
}

static void
parse_options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "dialect", required_argument, NULL, 'd' }, { "key", required_argument, NULL, 'k' },
		{ "table", required_argument, NULL, 't' }, { "output", required_argument, NULL, 'o' },
		{ "long", required_argument, NULL, OPT_LONG }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = cli_getopt(argc, argv, "d:k:t:o:", longs)) != -1)
		switch (c) {
		case 'd':
			dialect = parse_dialect(optarg);
			break;
		case 'k':
			key_list = optarg;
			break;
		case 't':
			sql_name_free(&target);
			if (!sql_name_parse(optarg, &target))
				cli_usage("-t: neither a name nor schema.name: %s", msg_quotes(optarg));
			break;
		case 'o':
			output = optarg;
			break;
		case OPT_LONG:
			long_list = optarg;
			break;
		}
	if (dialect == NULL)
		cli_usage("-d: a dialect is needed: sqlite, postgres or synapse");
	if (argc - optind > 1)
		cli_usage("more than one input: %s", msg_quotes(argv[optind + 1]));
	input = argv[optind];
}

/* At exit before the work is done, for whatever reason: makes the client that may wait for the text fail as well. */
static void
tell_client(void)
{
	if (done || (output != NULL && strcmp(output, "-") != 0))
		return;
	if (opened)
		sql_refuse(&load);
	else
		sql_refuse_early(dialect);
}

static void
open_input(void)
{
	xrec_open(&in, input, 0);
	if (rec_header_is_raw(&in.header))
		msg_set(&in.err, EX_DATAERR, "%s: raw records have no types yet: acct-clean makes them fit to be merged", in.name);
	else if (rec_header_is_change(&in.header))
		msg_set(&in.err, EX_DATAERR, "%s: a change stream, which says what has changed; give the rows themselves", in.name);
	if (in.err.status != 0)
		msg_exit(&in.err);
	if (target.table == NULL)
		target.table = xstrdup(in.header.table);
}

static size_t
find_keys(size_t *keys)
{
	size_t i, n = 0;

	if (key_list != NULL)
		return xrec_columns(&in, "-k", key_list, keys, MAX_KEYS);
	for (i = 0; i < in.header.ncolumns; i++)
		if (in.header.columns[i].key) {
			if (n == MAX_KEYS)
				cli_usage("%s: more than %d key columns", in.name, MAX_KEYS);
			keys[n++] = i;
		}
	if (n == 0)
		cli_usage("%s: the stream has no key: name its columns with -k", in.name);
	return n;
}

static void
open_load(void)
{
	static size_t keys[MAX_KEYS], named[REC_MAX_COLUMNS];
	static bool lengthy[REC_MAX_COLUMNS];
	size_t i, n = find_keys(keys), nlong = 0;

	if (long_list != NULL)
		nlong = xrec_columns(&in, "--long", long_list, named, REC_MAX_COLUMNS);
	for (i = 0; i < nlong; i++)
		lengthy[named[i]] = true;
	if (sql_open(&load, dialect, output, &target, &in, keys, n, lengthy) < 0)
		msg_exit(&load.err);
	opened = true;
}

int
main(int argc, char *argv[])
{
	struct rec_batch batch;

	cli_start(argc, argv);
	parse_options(argc, argv);
	atexit(tell_client);
	open_input();
	open_load();
	while (xrec_next(&in, &batch))
		if (sql_rows(&load, &in, &batch) < 0)
			msg_exit(load.err.status != 0 ? &load.err : &in.err);
	if (sql_finish(&load) < 0)
		msg_exit(&load.err);
	done = true;
	if (cli_verbose)
		msg_warn("%s: %llu records to merge into %s", in.name, (unsigned long long)load.rows, msg_quotes(target.table));
	sql_free(&load);
	sql_name_free(&target);
	rec_close(&in);
	return EX_OK;
}

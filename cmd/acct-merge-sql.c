/* acct-merge-sql turns a record stream into SQL that merges it into a table by key, in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/num.h"
#include "base/utf8.h"
#include "rec/rec.h"
#include "sql/sql.h"

const char cli_help[] =
    "usage: acct-merge-sql -d sqlite|postgres|synapse [-k KEY,...] [-t TABLE] [-o OUT] [FILE]\n"
    "\n"
    "Writes SQL that makes TABLE where it is missing, stages the records of FILE and merges\n"
    "them by key as one transaction: new rows are inserted, those that differ updated. The\n"
    "transaction fails unless the table then holds every record exactly.\n"
    "\n"
    "  -d, --dialect NAME     sqlite (for sqlite3), postgres (for psql) or synapse (dedicated pool)\n"
    "  -k, --key KEY,...      the key's columns; those of the stream unless given\n"
    "  -t, --table TABLE      name or schema.name of the target; the stream's table unless given\n"
    "  -o, --output OUT       write to this file, which appears whole or not at all\n"
    "      --lake ID          mark the load in the table acct_load under this name\n"
    "      --run ID           the run that made the records, for the mark\n"
    "      --at VERSION       the version of the lake's table that they are, for the mark\n"
    "      --since VERSION    the version in the mark of the load before; without it there must be none\n"
    "      --delete FILE      a record stream of keys whose rows are deleted in the same transaction\n"
    "      --adopt            keep rows of TABLE that no load of this lake is known to have written\n"
    "      --delete-absent    delete every row of TABLE whose key is not in the stream\n"
    "      --dry-run          change nothing: find out whether TABLE would take the records\n"
    "      --long COLUMN,...  synapse: columns with strings of more than 4000 characters\n"
    "  -v, --verbose          totals on standard error\n"
    "      --partial          do not ask for the stream's trailer\n"
    "  -h, --help             this text\n"
    "  -V, --version          the version\n";

enum { OPT_LONG = 1, OPT_LAKE, OPT_RUN, OPT_AT, OPT_SINCE, OPT_DELETE, OPT_ADOPT, OPT_DELETE_ABSENT, OPT_DRY_RUN, MAX_KEYS = 32 };

static const struct sql_dialect *dialect;
static char *key_list, *long_list;
static const char *input, *output, *delete_path;
static struct sql_name target;
static struct rec_reader in, gone;
static struct sql_options options = { .mark = { .version = -1, .since = -1 } };
static bool adopt;
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

static int64_t
parse_version(const char *option, const char *text)
{
	int64_t n;

	if (!num_int64(text, strlen(text), &n) || n < 0)
		cli_usage("%s: invalid version: %s", option, msg_quotes(text));
	return n;
}

static void
parse_target(const char *name)
{
	sql_name_free(&target);
	if (!sql_name_parse(name, &target))
		cli_usage("-t: neither a name nor schema.name: %s", msg_quotes(name));
}

/* The options of the mark and of rows that the stream does not have. */
static void
parse_load_option(int c)
{
	switch (c) {
	case OPT_LAKE:
		options.mark.lake = optarg;
		break;
	case OPT_RUN:
		options.mark.run = optarg;
		break;
	case OPT_AT:
		options.mark.version = parse_version("--at", optarg);
		break;
	case OPT_SINCE:
		options.mark.since = parse_version("--since", optarg);
		break;
	case OPT_DELETE:
		delete_path = optarg;
		break;
	case OPT_ADOPT:
		adopt = true;
		break;
	case OPT_DELETE_ABSENT:
		options.absent = SQL_ABSENT_DELETE;
		break;
	case OPT_DRY_RUN:
		options.dry_run = true;
		break;
	}
}

/* A load that is marked refuses rows of unknown origin unless it is given leave; one that is not knows of none. */
static void
check_load_options(void)
{
	bool marked = options.mark.lake != NULL;

	if (!marked && (options.mark.run != NULL || options.mark.version >= 0 || options.mark.since >= 0 || delete_path != NULL || adopt))
		cli_usage("--run, --at, --since, --delete and --adopt require --lake");
	if (marked && (*options.mark.lake == '\0' || !utf8_ok(options.mark.lake, strlen(options.mark.lake))))
		cli_usage("--lake: invalid name: %s", msg_quotes(options.mark.lake));
	if (options.mark.run != NULL && !utf8_ok(options.mark.run, strlen(options.mark.run)))
		cli_usage("--run: invalid name: %s", msg_quotes(options.mark.run));
	if (marked && options.mark.version < 0)
		cli_usage("--lake requires --at");
	if (delete_path != NULL && options.mark.since < 0)
		cli_usage("--delete requires --since");
	if (adopt && options.absent == SQL_ABSENT_DELETE)
		cli_usage("--adopt and --delete-absent exclude each other");
	if (marked && options.mark.run == NULL)
		options.mark.run = "";
	if (marked && !adopt && options.absent != SQL_ABSENT_DELETE)
		options.absent = SQL_ABSENT_REFUSE;
}

static void
parse_options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "dialect", required_argument, NULL, 'd' }, { "key", required_argument, NULL, 'k' },
		{ "table", required_argument, NULL, 't' }, { "output", required_argument, NULL, 'o' },
		{ "lake", required_argument, NULL, OPT_LAKE }, { "run", required_argument, NULL, OPT_RUN },
		{ "at", required_argument, NULL, OPT_AT }, { "since", required_argument, NULL, OPT_SINCE },
		{ "delete", required_argument, NULL, OPT_DELETE }, { "adopt", no_argument, NULL, OPT_ADOPT },
		{ "delete-absent", no_argument, NULL, OPT_DELETE_ABSENT }, { "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "long", required_argument, NULL, OPT_LONG }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = cli_getopt(argc, argv, "d:k:t:o:", longs)) != -1)
		if (c == 'd')
			dialect = parse_dialect(optarg);
		else if (c == 'k')
			key_list = optarg;
		else if (c == 't')
			parse_target(optarg);
		else if (c == 'o')
			output = optarg;
		else if (c == OPT_LONG)
			long_list = optarg;
		else
			parse_load_option(c);
	if (dialect == NULL)
		cli_usage("-d: a dialect is needed: sqlite, postgres or synapse");
	check_load_options();
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
	options.lengthy = lengthy;
	if (sql_open(&load, dialect, output, &target, &in, keys, n, &options) < 0)
		msg_exit(&load.err);
	opened = true;
}

static void
load_rows(struct rec_reader *r)
{
	struct rec_batch batch;

	while (xrec_next(r, &batch))
		if (sql_rows(&load, r, &batch) < 0)
			msg_exit(load.err.status != 0 ? &load.err : &r->err);
}

/* The key columns of the stream of keys to delete, by their names and of the same types. */
static void
find_gone(size_t *fields)
{
	size_t i;
	int found;

	for (i = 0; i < load.nkeys; i++) {
		const struct sql_column *key = &load.columns[load.keys[i]];

		found = rec_header_find(&gone.header, key->name);
		if (found < 0)
			msg_set(&gone.err, EX_DATAERR, "%s: no key column %s", gone.name, msg_quotes(key->name));
		else if (!val_type_equal(gone.header.columns[found].type, key->type))
			msg_set(&gone.err, EX_DATAERR, "%s: %s: another type than in %s", gone.name, key->name, in.name);
		if (gone.err.status != 0)
			msg_exit(&gone.err);
		fields[i] = (size_t)found;
	}
}

static void
load_gone(void)
{
	static size_t fields[MAX_KEYS];

	if (delete_path == NULL)
		return;
	xrec_open(&gone, delete_path, 0);
	find_gone(fields);
	sql_gone(&load, fields);
	load_rows(&gone);
	rec_close(&gone);
}

int
main(int argc, char *argv[])
{
	cli_start(argc, argv);
	parse_options(argc, argv);
	atexit(tell_client);
	open_input();
	open_load();
	load_rows(&in);
	load_gone();
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

/* acct-merge-sql turns a record stream into SQL that merges it into a table by key, in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "rec/rec.h"
#include "sql/sql.h"

enum { MAX_KEYS = 32 };

static const struct sql_dialect *dialect;
static char *key_list, *long_list;
static const char *input, *delete_path;
static struct sql_name target;
static struct rec_reader in, gone;
static struct sql_options how = { .mark = { .version = -1, .since = -1 } };
static bool adopt, delete_absent;
static struct sql_load load;
static bool opened, done;	/* load: to be finished or refused; finished */

/* "a, b or c", with the client of each or without. */
static void
list_dialects(struct buf *out, const char *between, const char *last, bool clients)
{
	const struct sql_dialect *const *d;

	for (d = sql_dialects; *d != NULL; d++) {
		if (d != sql_dialects)
			buf_adds(out, d[1] == NULL ? last : between);
		buf_adds(out, sql_dialect_name(*d));
		if (clients)
			buf_addf(out, " (%s)", sql_dialect_client(*d));
	}
}

static void
set_dialect(const char *option, char *name)
{
	struct buf names = { 0 };

	dialect = sql_dialect_find(name);
	if (dialect != NULL)
		return;
	list_dialects(&names, ", ", " or ", false);
	cli_usage("%s: must be %s: %s", option, buf_cstr(&names), msg_quotes(name));
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
set_at(const char *option, char *text)
{
	how.mark.version = parse_version(option, text);
}

static void
set_since(const char *option, char *text)
{
	how.mark.since = parse_version(option, text);
}

/* A load that is marked refuses rows of unknown origin unless it is given leave; one that is not knows of none. */
static void
check_load_options(void)
{
	bool marked = how.mark.lake != NULL;

	if (delete_absent)
		how.absent = SQL_ABSENT_DELETE;
	if (!marked && (how.mark.run != NULL || how.mark.version >= 0 || how.mark.since >= 0 || delete_path != NULL ||
	    adopt))
		cli_usage("--run, --at, --since, --delete and --adopt require --lake");
	if (marked && (*how.mark.lake == '\0' || !utf8_ok(how.mark.lake, strlen(how.mark.lake))))
		cli_usage("--lake: invalid name: %s", msg_quotes(how.mark.lake));
	if (how.mark.run != NULL && !utf8_ok(how.mark.run, strlen(how.mark.run)))
		cli_usage("--run: invalid name: %s", msg_quotes(how.mark.run));
	if (marked && how.mark.version < 0)
		cli_usage("--lake requires --at");
	if (delete_path != NULL && how.mark.since < 0)
		cli_usage("--delete requires --since");
	if (adopt && how.absent == SQL_ABSENT_DELETE)
		cli_usage("--adopt and --delete-absent exclude each other");
	if (marked && how.mark.run == NULL)
		how.mark.run = "";
	if (marked && !adopt && how.absent != SQL_ABSENT_DELETE)
		how.absent = SQL_ABSENT_REFUSE;
}

static void
set_target(const char *option, char *name)
{
	sql_name_free(&target);
	if (!sql_name_parse(name, &target))
		cli_usage("%s: must be a name or SCHEMA.NAME: %s", option, msg_quotes(name));
}

static struct cli_option options[] = {
	{ 'd', "dialect", "NAME", NULL, CLI_CALL, .call = set_dialect },	/* see describe */
	{ 'k', "key", "KEY,...", "the key columns (default: the key of the stream)", CLI_LIST, .to = &key_list },
	{ 't', "table", "NAME", "name of the target, or SCHEMA.NAME (default: that of the stream)", CLI_CALL,
	    .call = set_target },
	{ 0, "lake", "ID", "mark the load in the table acct_load under this name", CLI_TEXT, .to = &how.mark.lake },
	{ 0, "run", "ID", "the run that made the records, for the mark", CLI_TEXT, .to = &how.mark.run },
	{ 0, "at", "VERSION", "the version of the lake's table that holds them, for the mark", CLI_CALL,
	    .call = set_at },
	{ 0, "since", "VERSION", "the version in the previous mark; without it there must be no mark", CLI_CALL,
	    .call = set_since },
	{ 0, "delete", "FILE", "delete the rows with the keys in this stream, in the same transaction", CLI_TEXT,
	    .to = &delete_path },
	{ 0, "adopt", NULL, "keep rows of the target that no load of this lake wrote", CLI_FLAG, .to = &adopt },
	{ 0, "delete-absent", NULL, "delete every row of the target whose key is not in the stream", CLI_FLAG,
	    .to = &delete_absent },
	{ 0, "dry-run", NULL, "change nothing: check that the target would accept the records", CLI_FLAG,
	    .to = &how.dry_run },
	{ 0, "long", "COLUMN,...", "synapse: columns that hold strings of more than 4000 characters", CLI_LIST,
	    .to = &long_list },
	{ 0 }
};

static const char *usages[2];			/* see describe */

static const struct cli_program program = {
	.usage = usages,
	.about =
	    "Writes SQL that creates the target if it is missing, stages the records of FILE, by default standard\n"
	    "input, and merges them by key as one transaction: new rows are inserted, those that differ updated. The\n"
	    "transaction fails unless the target then holds every record exactly.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_output, cli_stream, NULL },
	.examples = (const char *const[]){ "acct-merge-sql -d sqlite gold.acct | sqlite3 -bail bank.db",
	    "acct-merge-sql -d postgres gold.acct | psql -X -v ON_ERROR_STOP=1 bank", NULL },
};

/* At exit before the work is done, for whatever reason: makes the client that may wait for the text fail as well. */
static void
tell_client(void)
{
	if (done || (cli.output != NULL && strcmp(cli.output, "-") != 0))
		return;
	if (opened)
		sql_refuse(&load);
	else
		sql_refuse_early(dialect);
}

static void
open_input(void)
{
	cli_open(&in, input, 0);
	if (rec_header_is_raw(&in.header))
		msg_set(&in.err, EX_DATAERR,
		    "%s: raw records have no types yet: acct-clean makes them fit to be merged", in.name);
	else if (rec_header_is_change(&in.header))
		msg_set(&in.err, EX_DATAERR,
		    "%s: a change stream, which says what has changed; give the rows themselves", in.name);
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
		return cli_columns(&in, "-k", key_list, keys, MAX_KEYS);
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
		nlong = cli_columns(&in, "--long", long_list, named, REC_MAX_COLUMNS);
	for (i = 0; i < nlong; i++)
		lengthy[named[i]] = true;
	how.lengthy = lengthy;
	if (sql_open(&load, dialect, cli.output, &target, &in, keys, n, &how) < 0)
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

static void
load_gone(void)
{
	if (delete_path == NULL)
		return;
	cli_open(&gone, delete_path, 0);
	if (sql_gone(&load, &gone) < 0)
		msg_exit(&gone.err);
	load_rows(&gone);
	rec_close(&gone);
}

/* Names the dialects in help: "[-d] a|b|c" and "a (for x), b (for y) or c". */
static void
describe(void)
{
	static struct buf usage, help;

	buf_adds(&usage, "-d ");
	list_dialects(&usage, "|", "|", false);
	buf_adds(&usage, " [-k KEY,...] [-t NAME] [-o FILE] [FILE]");
	usages[0] = buf_cstr(&usage);
	list_dialects(&help, ", ", " or ", true);
	options[0].help = buf_cstr(&help);
}

int
main(int argc, char *argv[])
{
	int operand;

	describe();
	operand = cli_start(&program, argc, argv);
	if (dialect == NULL)
		cli_usage("-d is required");
	check_load_options();
	if (argc - operand > 1)
		cli_usage("expected at most one FILE");
	input = argv[operand];
	atexit(tell_client);
	open_input();
	open_load();
	load_rows(&in);
	load_gone();
	if (sql_finish(&load) < 0)
		msg_exit(&load.err);
	done = true;
	if (cli.verbose)
		msg_warn("%s: %llu records to merge into %s", in.name, (unsigned long long)load.rows,
		    msg_quotes(target.table));
	sql_free(&load);
	sql_name_free(&target);
	rec_close(&in);
	return EX_OK;
}

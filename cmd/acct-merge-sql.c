/* acct-merge-sql turns a record stream into SQL that merges it into a table by key, in one transaction. */
#include <ctype.h>
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
static const char *input, *delete_path, *sequence, *deleted_at;
static struct buf deleted_field;
static struct sql_name target;
static struct rec_reader in, gone;
static struct sql_options how = { .mark = { .version = -1, .since = -1 } };
static bool adopt, delete_absent;
static const char *url, *manifest;
static unsigned script, upsert, form, identity;
static struct sql_export export;
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
	how.mark.since = strcmp(text, "any") == 0 ? SQL_SINCE_ANY : parse_version(option, text);
}

/* A load that is marked refuses rows of unknown origin unless it is given leave; one that is not knows of none. */
static void
check_load_options(void)
{
	bool marked = how.mark.lake != NULL;

	if (delete_absent)
		how.absent = SQL_ABSENT_DELETE;
	if (!marked && (how.mark.run != NULL || how.mark.version >= 0 || how.mark.since != -1 || delete_path != NULL ||
	    adopt))
		cli_usage("--run, --at, --since, --delete and --adopt require --lake");
	if (marked && (*how.mark.lake == '\0' || !utf8_ok(how.mark.lake, strlen(how.mark.lake))))
		cli_usage("--lake: invalid name: %s", msg_quotes(how.mark.lake));
	if (how.mark.run != NULL && !utf8_ok(how.mark.run, strlen(how.mark.run)))
		cli_usage("--run: invalid name: %s", msg_quotes(how.mark.run));
	if (marked && how.mark.version < 0)
		cli_usage("--lake requires --at");
	if (how.mark.since == SQL_SINCE_ANY && !adopt && how.absent != SQL_ABSENT_DELETE)
		cli_usage("--since any requires --adopt or --delete-absent");
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
check_history_options(void)
{
	bool deletes = delete_path != NULL || how.absent == SQL_ABSENT_DELETE;

	if (deleted_at != NULL && sequence == NULL)
		cli_usage("--deleted-at requires --history");
	if (sequence == NULL)
		return;
	if (how.dry_run || manifest != NULL || script != SQL_LOAD)
		cli_usage("--history: not with --dry-run, --copy or --script");
	if (deletes != (deleted_at != NULL))
		cli_usage(deletes ? "--deleted-at is required: when do deleted rows end?" :
		    "--deleted-at requires --delete or --delete-absent");
}

/* Finds the column of --history, and reads the value of --deleted-at, which is of its type. */
static void
find_history(void)
{
	struct val_type type;
	size_t column;
	char name[NUM_TEXT], *list;

	if (sequence == NULL)
		return;
	list = xstrdup(sequence);
	(void)cli_columns(&in, "--history", list, &column, 1);
	free(list);
	how.history = column + 1;
	type = in.header.columns[column].type;
	if (deleted_at == NULL)
		return;
	if (!utf8_ok(deleted_at, strlen(deleted_at)) ||
	    !val_parse(type, deleted_at, strlen(deleted_at), &deleted_field)) {
		name[val_type_put(name, type)] = '\0';
		cli_usage("--deleted-at: not of type %s: %s", name, msg_quotes(deleted_at));
	}
	how.deleted_at = &deleted_field;
}

/* Its place in SQL may take no quoted name. */
static void
check_word(const char *option, const char *name)
{
	const char *p;

	for (p = name; p != NULL && *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			cli_usage("%s: only letters, digits and _ in a name: %s", option, msg_quotes(name));
	if (name != NULL && *name == '\0')
		cli_usage("%s: a name is required", option);
}

/* What is read from object storage needs its address, and files need a list of them. */
static void
check_export_options(void)
{
	bool files = script == SQL_EXTERNAL || (script == SQL_LOAD && manifest != NULL);
	struct msg err = { 0 };

	how.kind = (enum sql_kind)script;
	how.upsert = (enum sql_upsert)upsert;
	how.form = (enum sql_form)form;
	how.as_caller = identity == 1;
	if (script == SQL_EXTERNAL && manifest == NULL)
		cli_usage("--script external requires --copy");
	if (manifest != NULL && !files)
		cli_usage("--copy goes with --script load and external only");
	if (how.dry_run && (manifest != NULL || script != SQL_LOAD))
		cli_usage("--dry-run: not with --copy or --script");
	if ((url != NULL) != (files || script == SQL_VIEW))
		cli_usage(url != NULL ? "--url requires --copy or --script view" : "--url is required");
	check_word("--source", how.source);
	check_word("--credential", how.credential);
	if (url == NULL)
		return;
	how.export = &export;
	if (sql_export_address(&export, url, &err) != 0)
		cli_usage("%s", err.text);
	if (files && sql_export_manifest(&export, manifest, &err) != 0)
		msg_exit(&err);
	if (how.mark.lake != NULL && *how.mark.run == '\0' && export.run != NULL)
		how.mark.run = export.run;
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
	{ 0, "since", "VERSION", "the version in the previous mark, or any; without it there must be no mark", CLI_CALL,
	    .call = set_since },
	{ 0, "delete", "FILE", "delete the rows with the keys in this stream, in the same transaction", CLI_TEXT,
	    .to = &delete_path },
	{ 0, "adopt", NULL, "keep rows of the target that no load of this lake wrote", CLI_FLAG, .to = &adopt },
	{ 0, "delete-absent", NULL, "delete every row of the target whose key is not in the stream", CLI_FLAG,
	    .to = &delete_absent },
	{ 0, "history", "COLUMN", "keep the versions of rows: COLUMN says when a row begins to hold", CLI_TEXT,
	    .to = &sequence },
	{ 0, "deleted-at", "VALUE", "with --history: when the rows end that --delete or --delete-absent deletes",
	    CLI_TEXT, .to = &deleted_at },
	{ 0, "dry-run", NULL, "change nothing: check that the target would accept the records", CLI_FLAG,
	    .to = &how.dry_run },
	{ 0, "long", "COLUMN,...", "T-SQL: columns that hold strings longer than NVARCHAR(4000), in fabric "
	    "VARCHAR(8000)",
	    CLI_LIST, .to = &long_list },
	{ 0, "copy", "MANIFEST", "T-SQL: stage the files of this manifest.json instead of writing the rows", CLI_TEXT,
	    .to = &manifest },
	{ 0, "url", "URL", "the folder of those files, or of the Delta table: https://HOST/CONTAINER/PATH,\n"
	    "abfss://CONTAINER@HOST/PATH or az://ACCOUNT/CONTAINER/PATH", CLI_TEXT, .to = &url },
	{ 0, "identity", "WHO", "who reads them: managed (default), the server; or caller, who runs the "
	    "SQL", CLI_WORD,
	    .to = &identity, .words = (const char *const[]){ "managed", "caller", NULL } },
	{ 0, "upsert", "HOW", "T-SQL: merge, by MERGE, or update, by UPDATE and INSERT (default: merge; fabric: "
	    "update)",
	    CLI_WORD, .to = &upsert, .words = (const char *const[]){ "usual", "merge", "update", NULL } },
	{ 0, "form", "FORM", "T-SQL: text (default), a script; or json, an array of batches to be sent one by one",
	    CLI_WORD, .to = &form, .words = (const char *const[]){ "text", "json", NULL } },
	{ 0, "script", "WHAT", "load (default); external: tables over the files; view: over the Delta table, of a\n"
	    "serverless pool; validate: queries that return rows if the target is not as FILE", CLI_WORD,
	    .to = &script, .words = (const char *const[]){ "load", "external", "view", "validate", NULL } },
	{ 0, "source", "NAME", "name of the external data source (default acct_lake)", CLI_TEXT, .to = &how.source },
	{ 0, "credential", "NAME", "the database scoped credential of that source", CLI_TEXT, .to = &how.credential },
	{ 0 }
};

static const char *usages[2];			/* see describe */

static const struct cli_program program = {
	.usage = usages,
	.about =
	    "Writes SQL that creates the target if it is missing, stages the records of FILE, by default standard\n"
	    "input, and merges them by key as one transaction: new rows are inserted, those that differ "
	    "updated. The\n"
	    "transaction fails unless the target then holds every record exactly.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_output, cli_stream, NULL },
	.examples = (const char *const[]){ "acct-merge-sql -d sqlite gold.acct | sqlite3 -bail bank.db",
	    "acct-merge-sql -d postgres gold.acct | psql -X -v ON_ERROR_STOP=1 bank",
	    "acct-merge-sql -d sqlite --history valid_from -t customer_history customers.acct | sqlite3 -bail bank.db",
	    "acct-merge-sql -d synapse --copy manifest.json --url az://bank/lake/gold/_export/loans -o loans.sql "
	    "loans.acct", NULL },
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
	find_history();
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
	check_export_options();
	check_history_options();
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
	sql_export_free(&export);
	buf_free(&deleted_field);
	rec_close(&in);
	return EX_OK;
}

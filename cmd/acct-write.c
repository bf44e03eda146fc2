/* acct-write puts the records of a stream into a Delta table, as one new version of it, or into a Parquet file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "delta/delta.h"
#include "rec/rec.h"
#include "table/session.h"
#include "table/table.h"

static bool overwrite, add_columns, replace_schema;
static unsigned mode, timestamps;
static struct rec_reader in;

/* ---- options ---- */

static const char *const modes[] = { "append", "overwrite", NULL };

static const struct cli_option options[] = {
	{ 'm', "mode", "MODE", "append (default), or overwrite: replace all rows of the table", CLI_WORD, .to = &mode,
	    .words = modes },
	{ 0, "add-columns", NULL, "add columns that the table does not have", CLI_FLAG, .to = &add_columns },
	{ 0, "replace-schema", NULL, "with -m overwrite, also replace the table's columns", CLI_FLAG,
	    .to = &replace_schema },
	{ 0 }
};

static const char *const units[] = { "micros", "millis", NULL };

static const struct cli_option plain_output[] = {
	{ 'o', "output", "PARQUET", "write a plain Parquet file, which appears complete or not at all", CLI_TEXT,
	    .to = &cli.output },
	{ 0, "timestamps", "UNIT", "with -o: store timestamps in micros (default), or millis, for Synapse", CLI_WORD,
	    .to = &timestamps, .words = units },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-m append|overwrite] [--txn APP:VERSION] [--prepare FILE]\n"
	    "                  [--add-columns | --replace-schema] [--hidden COLUMN,...] [--property NAME=VALUE]\n"
	    "                  [--consumed SOURCE@N] [--codec CODEC] [--encoding ENCODING] [--retry SECONDS]\n"
	    "                  [-i FILE] TABLE",
	    "[-v] [--codec CODEC] [--encoding ENCODING] [--timestamps UNIT] [-i FILE] -o PARQUET", NULL },
	.about = "Adds the records of standard input to a Delta table, which is created if it is missing, or\n"
	    "writes them to a Parquet file.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_change, cli_new, plain_output, cli_input, cli_codec,
	    cli_retry, cli_stream, NULL },
	.examples = (const char *const[]){ "acct-write -v --txn load:7 lake/silver/accounts <accounts.acct",
	    "acct-write -o accounts.parquet <accounts.acct", NULL },
};

/* Returns the table; NULL with -o. */
static const char *
check_options(int argc, char *argv[], int operand)
{
	overwrite = mode == 1;
	if (replace_schema && !overwrite)
		cli_usage("--replace-schema needs -m overwrite");
	if (timestamps != 0 && cli.output == NULL)
		cli_usage("--timestamps needs -o");
	if (cli.output == NULL)
		return cli_operand(argc, argv, operand, "TABLE");
	if (operand < argc || overwrite || cli.app != NULL || cli.prepare != NULL || add_columns ||
	    cli.nhidden > 0 || cli.nproperties > 0 || cli.nconsumed > 0)
		cli_usage("-o makes a plain file: TABLE, -m, --txn, --prepare, --add-columns, --hidden, "
		    "--property and --consumed have no meaning with it");
	return NULL;
}

static int
plan(struct table_plan *p, const struct delta_snapshot *s, struct msg *err)
{
	if (table_plan_write(p, s, &in.header, add_columns, replace_schema, err) < 0)
		return -1;
	return table_plan_hide(p, s, &in.header, cli.hidden, cli.nhidden, err);
}

/* ---- a Delta table ---- */

static struct write {
	struct table_plan columns;
	bool written;
	struct pool pool;		/* strings of the files */
	struct delta_file *files;
	size_t nfiles;
	uint64_t rows;
	char *key;
	size_t *removes;
	struct delta_metric metrics[3];
	struct delta_pair parameters[2], *configuration;
} w;

static int
write_files(struct table_session *s, struct msg *err)
{
	struct delta_out_options o = { .codec = (enum pq_codec)cli.codec, .delta_encodings = cli.encoding == 1,
	    .beside = true, .namer = &s->intent.namer };
	struct delta_out *out = delta_out_open(&s->table, w.columns.columns, w.columns.n, &o);
	int failed = table_feed_out(&w.columns, &in, out, &w.rows, err) < 0 ||
	    delta_out_finish(out, &w.pool, &w.files, &w.nfiles, err) < 0 ? -1 : 0;

	delta_out_free(out);
	w.written = true;
	return failed;
}

/* Plans again for a table that another writer has changed: the files must have its columns. */
static int
plan_again(struct table_session *s, struct msg *err)
{
	struct table_plan now;
	struct msg why = { 0 };
	bool same;

	if (plan(&now, s->base, &why) < 0)
		return msg_set(err, why.status, "%s: %s", s->table.address, why.text);
	same = table_plan_equal(&w.columns, &now);
	w.columns.added = now.added;
	table_plan_free(&now);
	s->hopeless = !same;
	return same ? 0 : msg_set(err, EX_TEMPFAIL, "%s: another writer changed the columns meanwhile",
	    s->table.address);
}

static uint64_t
bytes_of(const struct delta_file *files, size_t n)
{
	uint64_t bytes = 0;

	while (n-- > 0)
		bytes += (uint64_t)files[n].size;
	return bytes;
}

/* Fills the change for the files written, and w with what it points to. */
static void
describe(const struct delta_snapshot *s, struct delta_change *c)
{
	bool keyed;
	size_t i;

	w.parameters[0] = (struct delta_pair){ "mode", overwrite ? "Overwrite" : "Append" };
	w.parameters[1] = (struct delta_pair){ "partitionBy", "[]" };
	w.metrics[0] = (struct delta_metric){ "numFiles", w.nfiles };
	w.metrics[1] = (struct delta_metric){ "numOutputRows", w.rows };
	w.metrics[2] = (struct delta_metric){ "numOutputBytes", bytes_of(w.files, w.nfiles) };
	w.key = table_key_marked(&in.header);
	w.configuration = cli_properties(w.key);
	w.removes = xcalloc(s->nfiles, sizeof(*w.removes));
	for (i = 0; i < s->nfiles; i++)
		w.removes[i] = i;
	*c = (struct delta_change){ .operation = "WRITE", .parameters = w.parameters, .nparameters = 2,
	    .metrics = w.metrics, .nmetrics = 3, .scope = overwrite && s->version >= 0 ? DELTA_READ_TABLE : DELTA_BLIND,
	    .adds = w.files, .nadds = w.nfiles, .removes = w.removes, .nremoves = overwrite ? s->nfiles : 0,
	    .replaces_rows = overwrite };
	if (s->version < 0 || w.columns.added > 0) {
		c->columns = w.columns.columns;
		c->ncolumns = w.columns.n;
	}
	/* all columns are new if they replace the table's, which may so lose its key */
	c->replaces_schema = s->version >= 0 && w.columns.added == w.columns.n;
	keyed = *w.key != '\0' || (c->replaces_schema && delta_property(s, TABLE_KEY) != NULL);
	c->configuration = w.configuration + !keyed;
	c->nconfiguration = keyed + (s->version < 0 ? cli.nproperties : 0);
}

static int
work(struct table_session *s, struct delta_change *c, struct msg *err)
{
	if ((w.written ? plan_again(s, err) : write_files(s, err)) < 0)
		return -1;
	describe(s->base, c);
	buf_addf(&s->summary, "%" PRIu64 " records in %zu files", w.rows, w.nfiles);
	return s->base->version < 0 || w.nfiles > 0 || w.columns.added > 0 || table_session_marks(s) ||
	    (overwrite && s->base->nfiles > 0);
}

static void
release(struct table_session *s)
{
	(void)s;
	free(w.configuration);
	free(w.key);
	free(w.removes);
}

static void
drain(void)
{
	struct rec_batch b;

	while (xrec_next(&in, &b))
		if (rec_check(&in, &b, NULL) < 0)
			msg_exit(&in.err);
}

static void
write_table(struct table_session *s, const char *address)
{
	struct msg err = { 0 };
	int done;

	if (table_session_open(s, address, &err) < 0 || (done = table_session_done(s, &err)) < 0)
		msg_exit(&err);
	if (done) {
		drain();
	} else {
		if (plan(&w.columns, s->base, &err) < 0 || delta_schema_check(w.columns.columns, w.columns.n, &err) < 0)
			msg_die(err.status, "%s: %s", s->table.address, err.text);
		if (table_session_run(s, &err) < 0)
			msg_exit(&err);
	}
	table_plan_free(&w.columns);
	pool_free(&w.pool);
	table_session_close(s);
}

/* ---- a plain file ---- */

static void
write_file(void)
{
	const struct delta_snapshot none = { .version = -1 };
	struct pq_options how = pq_defaults();
	const char *keys[] = { TABLE_KEY, NULL, NULL };
	char *key = table_key_marked(&in.header);
	struct msg err = { 0 };
	uint64_t rows;

	how.codec = (enum pq_codec)cli.codec;
	how.delta_encodings = cli.encoding == 1;
	how.beside = true;
	keys[1] = key;
	how.keys = *key != '\0' ? keys : NULL;
	if (plan(&w.columns, &none, &err) < 0 ||
	    table_feed_plain(&w.columns, &in, cli.output, &how, timestamps == 1, &rows, &err) < 0)
		msg_exit(&err);
	if (cli.verbose)
		msg_warn("%" PRIu64 " records", rows);
	table_plan_free(&w.columns);
	free(key);
}

int
main(int argc, char *argv[])
{
	const char *table = check_options(argc, argv, cli_start(&program, argc, argv));
	struct table_task task = { .creates = true, .rewrites = overwrite, .files = TABLE_FILES_ONCE,
	    .idle = "nothing to write", .work = work, .release = release };
	struct table_session session = { .task = &task };

	cli_session(&session);
	cli_open(&in, cli.input, REC_UNCHECKED);
	if (table != NULL)
		write_table(&session, table);
	else
		write_file();
	rec_close(&in);
	cli_free_new();
	free((char *)cli.app);
	return 0;
}

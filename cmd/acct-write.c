/* acct-write puts the records of a stream into a Delta table, as one new version of it, or into a Parquet file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "rec/rec.h"
#include "table/table.h"

enum { NEXT = -1 };

static const char *to_prepare, *to_commit, *to_abandon;
static struct delta_app app;		/* of --txn; no id without; version NEXT: that after the table's */
static bool overwrite, add_columns, replace_schema, to_recover;
static unsigned mode;
static struct delta_turn turn;
static struct rec_reader in;
static const struct rec_header *given;	/* the columns that come */

/* ---- options ---- */

static const char *const modes[] = { "append", "overwrite", NULL };

static void
set_txn(const char *option, char *word)
{
	const char *colon = strrchr(word, ':');

	if (colon != NULL && colon > word && strcmp(colon, ":next") == 0 && utf8_ok(word, strlen(word)))
		app = (struct delta_app){ .id = xstrndup(word, (size_t)(colon - word)), .version = NEXT };
	else if (!delta_app_parse(word, &app))
		cli_usage("%s: must be APP:VERSION: %s", option, msg_quotes(word));
}

static const struct cli_option options[] = {
	{ 'm', "mode", "MODE", "append (default), or overwrite: replace all rows of the table", CLI_WORD, .to = &mode,
	    .words = modes },
	{ 0, "txn", "APP:VERSION", "write nothing if the application APP has written this version or a later one",
	    CLI_CALL,
	    .call = set_txn },
	{ 0, "add-columns", NULL, "add columns that the table does not have", CLI_FLAG, .to = &add_columns },
	{ 0, "replace-schema", NULL, "with -m overwrite, also replace the table's columns", CLI_FLAG,
	    .to = &replace_schema },
	{ 0, "prepare", "FILE", "write the data files, and the commit to FILE; --txn APP:next is the version after\n"
	    "the last of APP", CLI_TEXT, .to = &to_prepare },
	{ 0, "commit", "FILE", "commit the prepared version, once", CLI_TEXT, .to = &to_commit },
	{ 0, "abandon", "FILE", "remove the prepared data files, unless they are in a version", CLI_TEXT,
	    .to = &to_abandon },
	{ 0, "recover", NULL, "remove data files of stopped writers that are in no version", CLI_FLAG,
	    .to = &to_recover },
	{ 0 }
};

static const struct cli_option plain_output[] = {
	{ 'o', "output", "PARQUET", "write a plain Parquet file, which appears complete or not at all", CLI_TEXT,
	    .to = &cli.output },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-m append|overwrite] [--txn APP:VERSION] [--add-columns | --replace-schema] [--codec CODEC]\n"
	    "                  [--encoding ENCODING] [--retry SECONDS] [-i FILE] [--prepare FILE] TABLE",
	    "[-v] [--retry SECONDS] --commit FILE | --abandon FILE TABLE",
	    "[-v] --recover TABLE",
	    "[-v] [--codec CODEC] [--encoding ENCODING] [-i FILE] -o PARQUET", NULL },
	.about = "Adds the records of standard input to a Delta table, which is created if it is missing, or\n"
	    "writes them to a Parquet file.",
	.options = options,
	.groups = (const struct cli_option *const[]){ plain_output, cli_input, cli_codec, cli_retry, cli_stream, NULL },
	.examples = (const char *const[]){ "acct-write -v --txn load:7 lake/silver/accounts <accounts.acct",
	    "acct-write -o accounts.parquet <accounts.acct", NULL },
};

/* Settling a prepared version needs nothing that writing takes. */
static bool
has_write_options(void)
{
	return mode != 0 || app.id != NULL || add_columns || replace_schema || to_prepare != NULL ||
	    cli.input != NULL ||
	    cli.output != NULL;
}

/* Returns the table; NULL with -o. */
static const char *
check_options(int argc, char *argv[], int operand)
{
	overwrite = mode == 1;
	turn.seconds = cli.retry;
	if ((to_commit != NULL || to_abandon != NULL) && (has_write_options() ||
	    (to_commit != NULL && to_abandon != NULL)))
		cli_usage("--commit and --abandon stand alone: what is written is in FILE");
	if (to_recover && (has_write_options() || to_commit != NULL || to_abandon != NULL))
		cli_usage("--recover stands alone");
	if (replace_schema && !overwrite)
		cli_usage("--replace-schema needs -m overwrite");
	if (to_prepare != NULL && app.id == NULL)
		cli_usage("--prepare needs --txn, so that it is committed once");
	if (app.id != NULL && app.version == NEXT && to_prepare == NULL)
		cli_usage("--txn: APP:next needs --prepare");
	if (cli.output == NULL)
		return cli_operand(argc, argv, operand, "TABLE");
	if (operand < argc || overwrite || app.id != NULL || add_columns)
		cli_usage("-o makes a plain file: TABLE, -m, --txn and --add-columns have no meaning with it");
	return NULL;
}

/* ---- columns ---- */

/* What a new table or file says its key is. */
static char *
key_list(void)
{
	size_t *fields = xcalloc(given->ncolumns, sizeof(*fields));
	char *list = table_key_list(given, fields, table_keys_marked(given, fields));

	free(fields);
	return list;
}

static bool
has_key(const struct delta_snapshot *s)
{
	const char *has = delta_property(s, TABLE_KEY);
	char *key = key_list();
	bool same = strcmp(has != NULL ? has : "", key) == 0;

	free(key);
	return same;
}

/* The columns to write, into the table as it is in s. */
static int
plan_into(struct table_plan *p, const struct delta_snapshot *s, struct msg *err)
{
	if (table_plan_make(p, s, given, -1, err) < 0)
		return -1;
	if (s->version >= 0 && p->added > 0 && !add_columns)
		return msg_set(err, EX_DATAERR, "column %s: not in the table; --add-columns adds it",
		    p->columns[s->ncolumns].name);
	return 0;
}

/* The same, or with --replace-schema those of the stream alone, where the table's are others. */
static int
plan(struct table_plan *p, const struct delta_snapshot *s, struct msg *err)
{
	const struct delta_snapshot none = { .version = -1 };
	struct msg unheard = { 0 };
	struct table_plan alone;

	if (!replace_schema || s->version < 0)
		return plan_into(p, s, err);
	if (plan_into(&alone, &none, err) < 0)
		return -1;
	if (plan_into(p, s, &unheard) == 0 && table_plan_equal(p, &alone) && has_key(s)) {
		table_plan_free(&alone);
		return 0;
	}
	table_plan_free(p);
	*p = alone;
	return 0;
}

/* Do the columns of the plan take the place of the table's: has it none of them? */
static bool
replaces(const struct delta_snapshot *s, const struct table_plan *p)
{
	return s->version >= 0 && p->added == p->n;
}

static struct table_to *
converter(const struct table_plan *p)
{
	struct table_target *targets = xcalloc(p->n, sizeof(*targets));
	struct table_to *t;
	size_t i;

	for (i = 0; i < p->n; i++)
		targets[i] = (struct table_target){ .field = p->fields[i], .name = p->columns[i].name,
		    .type = p->columns[i].type,
		    .precision = p->columns[i].precision, .required = !p->columns[i].nullable };
	t = table_to_new(targets, p->n);
	free(targets);
	return t;
}

/* Raw streams may hold strings that are not UTF-8, which no table can have. */
static void
check_text(const struct rec_batch *b)
{
	size_t i, c;

	for (c = 0; c < in.header.ncolumns; c++) {
		if (in.header.columns[c].type.kind != VAL_STRING)
			continue;
		for (i = 0; i < b->n; i++) {
			struct rec_field f = rec_field(rec_at(b, i), c);

			if (!utf8_ok(f.p, f.n))
				msg_die(EX_DATAERR, "%s: record %" PRIu64
				    ": %s: not UTF-8: %s; acct-select --text makes text of it",
				    in.name, b->first + i, in.header.columns[c].name, msg_quote(f.p, f.n));
		}
	}
}

/* Passes all records on as vectors, whose values stand where room has them; how many there were. */
static uint64_t
copy(const struct table_plan *p, int (*write)(void *to, size_t rows, const struct pq_vector *columns, struct msg *err),
    table_room room, void *to)
{
	struct table_to *t = converter(p);
	const struct pq_vector *columns;
	struct rec_batch b;
	struct msg err = { 0 };
	uint64_t rows = 0;
	size_t bad;

	table_to_check(t, &in);
	table_to_room(t, room, to);
	while (xrec_next(&in, &b)) {
		if (rec_header_is_bytes(b.segment))
			check_text(&b);
		if (table_to_columns(t, &b, &columns, &bad, &err) < 0 && in.err.status != 0)
			msg_exit(&in.err);
		if (err.status != 0)
			msg_die(err.status, "%s: record %" PRIu64 ": %s", in.name, b.first + bad, err.text);
		if (write(to, b.n, columns, &err) < 0)
			msg_exit(&err);
		rows += b.n;
	}
	table_to_free(t);
	return rows;
}

/* ---- a Delta table ---- */

static int
write_rows(void *to, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	return delta_out_write(to, rows, columns, err);
}

static void *
room_for(void *to, size_t column, size_t rows)
{
	return delta_out_room(to, column, rows);
}

static void
load(struct delta_table *t, struct delta_snapshot *s)
{
	struct msg err = { 0 };

	if (delta_load_for_writing(t, overwrite, s, &err) < 0)
		msg_exit(&err);
}

static void
make_plan(struct table_plan *p, const struct delta_table *t, const struct delta_snapshot *s)
{
	struct msg err = { 0 };

	if (plan(p, s, &err) < 0)
		msg_die(err.status, "%s: %s", t->address, err.text);
}

/* Writes what delta_commit would do to FILE, which names the data files from then on. */
static int
prepare(const struct delta_snapshot *s, const struct delta_change *c, struct msg *err)
{
	struct buf text = { 0 };
	struct io_out out;
	int failed = delta_prepared_put(&text, s, c, overwrite, err);

	if (!failed && (failed = io_create(&out, to_prepare, err)) == 0) {
		failed = io_write(out.fd, text.p, text.len, io_out_name(to_prepare), err);
		if (failed)
			io_abandon(&out);
		else
			failed = io_commit(&out, err);
	}
	buf_free(&text);
	return failed;
}

static uint64_t
bytes_of(const struct delta_file *files, size_t n)
{
	uint64_t bytes = 0;

	while (n-- > 0)
		bytes += (uint64_t)files[n].size;
	return bytes;
}

/* Tries to make the files a version of the table as it is in s. As delta_commit. */
static int
commit(struct delta_table *t, const struct delta_snapshot *s, const struct table_plan *p,
    const struct delta_file *files,
    size_t nfiles,
    uint64_t rows, int64_t *version, struct msg *err)
{
	struct delta_pair parameters[] = { { "mode", overwrite ? "Overwrite" : "Append" }, { "partitionBy", "[]" } };
	const struct delta_metric metrics[] = { { "numFiles", nfiles }, { "numOutputRows", rows },
	    { "numOutputBytes", bytes_of(files, nfiles) } };
	struct delta_pair key = { TABLE_KEY, key_list() };
	struct delta_change c = { .operation = "WRITE", .parameters = parameters, .nparameters = 2, .metrics = metrics,
	    .nmetrics = sizeof(metrics) / sizeof(*metrics),
	    .scope = overwrite && s->version >= 0 ? DELTA_READ_TABLE : DELTA_BLIND, .adds = files, .nadds = nfiles,
	    .app = app };
	struct msg warn = { 0 };
	size_t *removes = xcalloc(s->nfiles, sizeof(*removes)), i;
	int failed;

	for (i = 0; i < s->nfiles; i++)
		removes[i] = i;
	c.removes = removes;
	c.nremoves = overwrite ? s->nfiles : 0;
	if (s->version < 0 || p->added > 0 || to_prepare != NULL) {
		c.columns = p->columns;
		c.ncolumns = p->n;
	}
	c.replaces_schema = replaces(s, p);
	c.configuration = &key;
	/* a table whose columns were replaced may have a key no more */
	c.nconfiguration = *key.value != '\0' || (c.replaces_schema && delta_property(s, TABLE_KEY) != NULL) ? 1 : 0;
	failed = to_prepare != NULL ? prepare(s, &c, err) : delta_commit(t, s, &c, version, &warn, err);
	if (warn.status != 0)
		msg_warn("%s", warn.text);
	free((char *)key.value);
	free(removes);
	return failed;
}

/* Does the table stay as it is: no row comes, none goes, and nothing else is to be said? */
static bool
is_nothing(const struct delta_snapshot *s, const struct table_plan *p, size_t nfiles)
{
	return s->version >= 0 && nfiles == 0 && p->added == 0 && app.id == NULL && (!overwrite || s->nfiles == 0);
}

/*
 * Commits, with the table as it has become where another writer was first. The version, or -1 where nothing had to be
 * written.
 */
static int64_t
settle(struct delta_table *t, struct delta_snapshot *s, struct table_plan *p, const struct delta_file *files,
    size_t nfiles,
    uint64_t rows)
{
	struct delta_snapshot old;
	struct table_plan again;
	struct msg err = { 0 };
	int64_t version = -1;

	while (!is_nothing(s, p, nfiles) && commit(t, s, p, files, nfiles, rows, &version, &err) < 0) {
		if (err.status != EX_TEMPFAIL || !delta_turn_wait(&turn))
			msg_exit(&err);
		old = *s;
		load(t, s);
		make_plan(&again, t, s);
		if (!table_plan_equal(p, &again))
			msg_exit(&err);
		delta_snapshot_free(&old);	/* the old plan's names were its */
		table_plan_free(p);
		*p = again;
		err = (struct msg){ 0 };
	}
	return version;
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
write_table(const char *address)
{
	struct delta_intent intent;
	struct delta_out_options out_options = { .codec = (enum pq_codec)cli.codec,
	    .delta_encodings = cli.encoding == 1,
	    .beside = true, .intent = &intent };
	struct delta_table t;
	struct delta_snapshot s;
	struct delta_out *out;
	struct delta_file *files;
	struct table_plan p;
	struct pool pool = { 0 };
	struct msg err = { 0 };
	int64_t version;
	uint64_t rows;
	size_t nfiles;
	bool is_new;

	if (delta_open(&t, address, &err) < 0)
		msg_exit(&err);
	load(&t, &s);
	if (app.id != NULL && app.version == NEXT && delta_app_version(&s, app.id) == INT64_MAX)
		msg_die(EX_DATAERR, "%s: %s has written the last version of its own that there is", t.address, app.id);
	if (app.id != NULL && app.version == NEXT)
		app.version = delta_app_version(&s, app.id) + 1;
	if (app.id != NULL && delta_app_version(&s, app.id) >= app.version) {
		if (to_prepare != NULL)
			msg_die(EX_DATAERR, "%s: %s has written version %" PRId64
			    " of its own already: nothing to prepare",
			    t.address, app.id, app.version);
		drain();
		if (cli.verbose)
			msg_warn("%s: %s has written version %" PRId64 " of its own already: nothing written",
			    t.address, app.id, app.version);
		goto done;
	}
	make_plan(&p, &t, &s);
	if (delta_schema_check(p.columns, p.n, &err) < 0)
		msg_die(err.status, "%s: %s", t.address, err.text);
	delta_intent_init(&intent, &t, &s);
	if (s.version < 0 && delta_prepared_mark(&t, &err) < 0)
		msg_exit(&err);
	out = delta_out_open(&t, p.columns, p.n, &out_options);
	rows = copy(&p, write_rows, room_for, out);
	if (delta_out_finish(out, &pool, &files, &nfiles, &err) < 0)
		msg_exit(&err);
	delta_out_free(out);
	is_new = s.version < 0;
	version = settle(&t, &s, &p, files, nfiles, rows);
	if (is_new && to_prepare == NULL)
		(void)delta_prepared_unmark(&t, &err);
	if (version < 0 && to_prepare == NULL)	/* the application wrote it meanwhile */
		delta_intent_undo(&intent);
	else
		delta_intent_end(&intent);
	if (cli.verbose && to_prepare != NULL)
		msg_warn("%s: %" PRIu64 " records in %zu files prepared on version %" PRId64, t.address, rows, nfiles,
		    s.version);
	else if (cli.verbose && version >= 0)
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " records in %zu files", t.address, version, rows, nfiles);
	else if (cli.verbose)
		msg_warn("%s: version %" PRId64 " stays: nothing to write", t.address, s.version);
	table_plan_free(&p);
	pool_free(&pool);
done:
	delta_snapshot_free(&s);
	delta_close(&t);
}

/* ---- a version that was prepared ---- */

/* The columns of the files as those of a stream, so that they are matched with the table's as a stream's are. */
static void
header_of(struct rec_header *h, const struct delta_snapshot *rows)
{
	const char *key = delta_property(rows, TABLE_KEY);
	char *copy = xstrdup(key != NULL ? key : ""), *rest = copy, *word;
	struct val_type type;
	size_t i;
	int at;

	rec_header_init(h, "");
	for (i = 0; i < rows->ncolumns; i++) {
		const struct delta_column *c = &rows->columns[i];

		if (c->refused != NULL || !table_val_type(c->type, c->precision, c->scale, &type))
			msg_die(EX_DATAERR, "column %s: not of a type that acct-write prepares", c->name);
		rec_header_add(h, c->name, type, false, !c->nullable);
	}
	while ((word = strsep(&rest, ",")) != NULL)
		if ((at = rec_header_find(h, word)) >= 0)
			h->columns[at].key = true;
	free(copy);
}

static void
commit_prepared(struct delta_table *t, struct delta_snapshot *s, struct delta_prepared *w)
{
	struct rec_header header;
	struct table_plan p, files;
	struct msg err = { 0 };
	const struct delta_snapshot none = { .version = -1 };
	int64_t version;
	uint64_t rows = 0;
	size_t i;

	if (delta_prepared_check(w, t, &err) < 0)
		msg_exit(&err);
	header_of(&header, &w->rows);
	given = &header;
	app = (struct delta_app){ .id = xstrdup(w->rows.apps[0].id), .version = w->rows.apps[0].version };
	add_columns = w->adds_columns;
	make_plan(&p, t, s);
	if (plan_into(&files, &none, &err) < 0 || !table_plan_equal(&p, &files))
		msg_die(EX_TEMPFAIL, "%s: the table's columns have changed since this was prepared", t->address);
	for (i = 0; i < w->rows.nfiles; i++)
		rows += (uint64_t)delta_file_rows(&w->rows.files[i]);
	version = settle(t, s, &p, w->rows.files, w->rows.nfiles, rows);
	(void)delta_prepared_unmark(t, &err);
	if (cli.verbose && version >= 0)
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " records in %zu files", t->address, version, rows,
		    w->rows.nfiles);
	table_plan_free(&p);
	table_plan_free(&files);
	rec_header_free(&header);
}

/* Removes the data files, and what says that the table will be. */
static void
abandon(struct delta_table *t, const struct delta_prepared *w)
{
	struct msg err = { 0 };
	size_t i;

	for (i = 0; i < w->rows.nfiles; i++)
		if (store_delete(t->store, w->rows.files[i].name, &err) < 0)
			msg_exit(&err);
	if (delta_prepared_unmark(t, &err) < 0)
		msg_exit(&err);
	if (cli.verbose)
		msg_warn("%s: %zu files removed", t->address, w->rows.nfiles);
}

static void
settle_prepared(const char *address)
{
	const char *path = to_commit != NULL ? to_commit : to_abandon;
	struct delta_prepared w;
	struct delta_table t;
	struct delta_snapshot s;
	struct msg err = { 0 };
	int open;

	if (delta_open(&t, address, &err) < 0 || delta_prepared_load(&w, &t, path, &err) < 0)
		msg_exit(&err);
	overwrite = w.overwrite;
	replace_schema = w.replaces_schema;
	load(&t, &s);
	if ((open = delta_prepared_suits(&w, &s, &err)) < 0)
		msg_die(err.status, "%s: %s: %s", path, t.address, err.text);
	if (open == 0 && cli.verbose)
		msg_warn("%s: version %" PRId64 " of %s is there already", t.address, w.rows.apps[0].version,
		    w.rows.apps[0].id);
	else if (open > 0 && to_commit != NULL)
		commit_prepared(&t, &s, &w);
	else if (open > 0)
		abandon(&t, &w);
	delta_prepared_free(&w);
	delta_snapshot_free(&s);
	delta_close(&t);
}

/* ---- writers that were stopped ---- */

static void
recover(const char *address)
{
	struct delta_table t;
	struct msg err = { 0 };
	int removed;

	if (delta_open(&t, address, &err) < 0 || (removed = delta_recover(&t, &err)) < 0)
		msg_exit(&err);
	if (cli.verbose)
		msg_warn("%s: %d files removed", t.address, removed);
	delta_close(&t);
}

/* ---- a plain file ---- */

static int
write_plain_rows(void *to, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	return pq_write(to, rows, columns, err);
}

static void *
plain_room(void *to, size_t column, size_t rows)
{
	return pq_room(to, column, rows);
}

struct plain {				/* the file that is written */
	struct io_out out;
	uint64_t size;
};

static int
write_plain_bytes(const struct pq_sink *sink, const void *p, size_t n, struct msg *err)
{
	struct plain *f = sink->arg;

	if (io_write(f->out.fd, p, n, sink->name, err) < 0)
		return -1;
	io_push(f->out.fd, f->size, n);
	f->size += n;
	return 0;
}

static void
write_file(void)
{
	struct delta_snapshot none = { .version = -1 };
	struct pq_options how = pq_defaults();
	const char *keys[] = { TABLE_KEY, NULL, NULL };
	struct pq_field *fields;
	struct pq_writer *w;
	struct plain file = { .size = 0 };
	struct pq_sink sink = { .write = write_plain_bytes, .arg = &file, .name = io_out_name(cli.output) };
	struct table_plan p;
	struct msg err = { 0 };
	char *key = key_list();
	uint64_t rows;
	size_t i;

	if (plan(&p, &none, &err) < 0 || io_create(&file.out, cli.output, &err) < 0)
		msg_exit(&err);
	if (isatty(file.out.fd))
		msg_die(EX_USAGE, "%s: Parquet is not written to a terminal", io_out_name(cli.output));
	fields = xcalloc(p.n, sizeof(*fields));
	for (i = 0; i < p.n; i++)
		fields[i] = (struct pq_field){ .name = p.columns[i].name,
		    .repetition = p.columns[i].nullable ? PQ_OPTIONAL : PQ_REQUIRED,
		    .type = p.columns[i].type, .precision = p.columns[i].precision, .scale = p.columns[i].scale,
		    .id = PQ_NO_ID };
	how.codec = (enum pq_codec)cli.codec;
	how.delta_encodings = cli.encoding == 1;
	how.beside = true;
	keys[1] = key;
	how.keys = *key != '\0' ? keys : NULL;
	if (pq_create(&w, &sink, fields, p.n, &how, &err) < 0)
		msg_exit(&err);
	rows = copy(&p, write_plain_rows, plain_room, w);
	if (pq_finish(w, &err) < 0 || io_commit(&file.out, &err) < 0)
		msg_exit(&err);
	if (cli.verbose)
		msg_warn("%" PRIu64 " records", rows);
	pq_writer_free(w);
	free(fields);
	free(key);
	table_plan_free(&p);
}

int
main(int argc, char *argv[])
{
	const char *table;

	table = check_options(argc, argv, cli_start(&program, argc, argv));
	if (to_recover) {
		recover(table);
		return 0;
	}
	if (to_commit != NULL || to_abandon != NULL) {
		settle_prepared(table);
		free((char *)app.id);
		return 0;
	}
	cli_open(&in, cli.input, REC_UNCHECKED);
	given = &in.header;
	if (table != NULL)
		write_table(table);
	else
		write_file();
	rec_close(&in);
	free((char *)app.id);
	return 0;
}

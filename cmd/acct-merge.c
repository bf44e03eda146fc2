/*
 * acct-merge brings the rows of a record stream into a Delta table by key: new ones are inserted, others updated where
 * they differ.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "delta/delta.h"
#include "merge/merge.h"
#include "rec/rec.h"
#include "spill/spill.h"
#include "table/table.h"

#define CHANGE "_change_type"

struct spool {				/* the change stream, until its version stands */
	struct spill spill;
	struct table_from *from;
	struct rec_writer out;
};

struct piece {				/* before each piece of records in the spool */
	uint64_t bytes, count, sum;
};

static const char *changes;
static char *key_words;			/* of -k; NULL without */
static char *flag_column;		/* of --delete-flag; NULL without */
static const char *flag_text;
static struct delta_app app;		/* of --txn; no id without */
static bool delete_absent;
static struct delta_turn turn;
static struct rec_reader in;
static struct delta_table table;
static struct table_plan columns;	/* the table's, or of the table to be made */
static size_t *keys;			/* which of them are the key */
static char *key_list;			/* what a new table says its key is */
static struct buf flag_value;		/* encoded */
static struct merge_plan plan;

/* ---- options ---- */

static void
set_txn(const char *option, char *word)
{
	if (!delta_app_parse(word, &app))
		cli_usage("%s: must be APP:VERSION: %s", option, msg_quotes(word));
}

static void
set_flag(const char *option, char *arg)
{
	flag_text = cli_pair(option, arg, "COLUMN=VALUE");
	flag_column = arg;
}

static const struct cli_option options[] = {
	{ 'k', "key", "KEY,...", "the key columns (default: the key of the stream)", CLI_LIST, .to = &key_words },
	{ 0, "delete-flag", "COLUMN=VALUE", "a record with this value deletes the row of its key", CLI_CALL,
	    .call = set_flag },
	{ 0, "delete-absent", NULL, "delete rows whose key is not in the stream", CLI_FLAG, .to = &delete_absent },
	{ 0, "changes", "FILE", "write what changed to FILE as a record stream; - is standard output", CLI_TEXT,
	    .to = &changes },
	{ 0, "memory", "SIZE", "refuse a stream that takes more (default: a quarter of memory)", CLI_SIZE,
	    .to = &cli.memory },
	{ 0, "txn", "APP:VERSION", "do nothing if the application APP has written this version or a later one",
	    CLI_CALL,
	    .call = set_txn },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-k KEY,...] [--delete-flag COLUMN=VALUE | --delete-absent] [--changes FILE]\n"
	    "                  [--txn APP:VERSION] [--codec CODEC] [--encoding ENCODING] [--retry SECONDS]\n"
	    "                  [--outside] [-i FILE] TABLE", NULL },
	.about = "Merges the records of standard input into a Delta table by key: new keys are inserted, rows\n"
	    "that differ are updated.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_input, cli_codec, cli_retry, cli_outside, cli_stream, NULL },
	.examples = (const char *const[]){
	    "acct-merge -v -k account_id --changes changed.acct lake/silver/accounts <today.acct",
	    NULL },
};

/* ---- columns ---- */

static void
find_flag(void)
{
	int at;

	plan.flag = -1;
	if (flag_column == NULL)
		return;
	if ((at = rec_header_find(&in.header, flag_column)) < 0)
		msg_die(EX_USAGE, "--delete-flag: %s: no such column in %s%s", msg_quotes(flag_column), in.name,
		    near_hint(&(struct near[]){ rec_near(&in.header, flag_column) }[0]));
	if (!val_parse(in.header.columns[at].type, flag_text, strlen(flag_text), &flag_value))
		msg_die(EX_USAGE, "--delete-flag: %s: not of the type of %s", msg_quotes(flag_text), flag_column);
	plan.flag = at;
	plan.flag_value = flag_value.p;
	plan.nflag_value = flag_value.len;
}

/* The columns of the table as it is in s; of a new one all that the stream has, but for the flag. */
static void
make_columns(const struct delta_snapshot *s, struct table_plan *p)
{
	struct msg err = { 0 };

	if (table_plan_make(p, s, &in.header, plan.flag, &err) < 0)
		msg_die(err.status, "%s: %s", table.address, err.text);
	if (s->version >= 0 && p->added > 0)
		msg_die(EX_DATAERR, "%s: column %s: not in the table", table.address, p->columns[s->ncolumns].name);
	if (delta_schema_check(p->columns, p->n, &err) < 0)
		msg_die(err.status, "%s: %s", table.address, err.text);
}

/* The table's column which a column of the stream goes to. */
static size_t
find_key(size_t field)
{
	size_t i;

	for (i = 0; i < columns.n && columns.fields[i] != (int)field; i++)
		;
	if (i == columns.n)
		msg_die(EX_DATAERR, "%s: key column %s: not in the table", table.address,
		    in.header.columns[field].name);
	return i;
}

static void
make_keys(void)
{
	size_t i, n, most = in.header.ncolumns;

	keys = xcalloc(most, sizeof(*keys));
	if (key_words != NULL)
		n = cli_columns(&in, "-k", key_words, keys, most);
	else
		n = table_keys_marked(&in.header, keys);
	if (n == 0)
		msg_die(EX_USAGE, "%s: no column is marked as key: -k names them", in.name);
	key_list = table_key_list(&in.header, keys, n);
	for (i = 0; i < n; i++)
		keys[i] = find_key(keys[i]);
	plan.nkeys = n;
}

static bool
is_key(size_t column)
{
	size_t k;

	for (k = 0; k < plan.nkeys && keys[k] != column; k++)
		;
	return k < plan.nkeys;
}

/* Describes the stream, and the table as it is in s, for lib/merge. */
static void
make_plan(const struct delta_snapshot *s)
{
	find_flag();
	make_columns(s, &columns);
	make_keys();
	plan.columns = columns.columns;
	plan.fields = columns.fields;
	plan.n = columns.n;
	plan.keys = keys;
	plan.memory = cli.memory;
}

/* ---- the change stream ---- */

static void
open_changes(struct spool *sp)
{
	struct table_source *sources = xcalloc(plan.n + 1, sizeof(*sources));
	struct rec_header h = { 0 };
	size_t i;

	rec_header_init(&h, in.header.table);
	rec_header_set_word(&h, "change", "1");
	rec_header_add(&h, CHANGE, (struct val_type){ .kind = VAL_STRING }, false, true);
	sources[0] = (struct table_source){ .name = CHANGE, .type = PQ_STRING, .required = true };
	for (i = 0; i < plan.n; i++) {
		const struct delta_column *c = &plan.columns[i];
		struct val_type type;

		if (strcmp(c->name, CHANGE) == 0)
			msg_die(EX_UNAVAILABLE, "%s: column " CHANGE ": --changes has one of its own", table.address);
		if (!table_val_type(c->type, c->precision, c->scale, &type))
			msg_die(EX_UNAVAILABLE,
			    "%s: column %s: a type that no record stream has: --changes cannot show it",
			    table.address, c->name);
		rec_header_add(&h, c->name, type, is_key(i), !c->nullable);
		sources[i + 1] = (struct table_source){ .vector = i + 1, .name = c->name, .type = c->type,
		    .precision = c->precision, .scale = c->scale, .required = !c->nullable };
	}
	sp->from = table_from_new(sources, plan.n + 1);
	xrec_create(&sp->out, changes, &h);
	rec_header_free(&h);
	free(sources);
}

static int
spool_rows(void *to, size_t rows, const struct pq_vector *vectors, struct msg *err)
{
	struct spool *sp = to;
	struct rec_batch b;
	size_t row = 0, i;

	while (row < rows) {
		struct piece piece = { 0 };

		if ((row = table_to_records(sp->from, vectors, row, rows, NULL, &b, err)) == 0)
			return -1;
		piece.bytes = b.off[b.n * b.stride] - b.off[0];
		piece.count = b.n;
		for (i = 0; i < b.n; i++)
			piece.sum += b.hash[i];
		if (spill_write(&sp->spill, &piece, sizeof(piece), err) < 0 ||
		    spill_write(&sp->spill, b.base + b.off[0], piece.bytes, err) < 0)
			return -1;
	}
	return 0;
}

/* Sends what was spooled. */
static void
write_changes(struct spool *sp)
{
	struct msg err = { 0 };
	struct piece piece;
	uint8_t *p;
	int got = 0;

	if (spill_rewind(&sp->spill, &err) < 0)
		msg_exit(&err);
	while (sp->spill.size > 0 && (got = spill_read(&sp->spill, &piece, sizeof(piece), &err)) > 0) {
		p = xrec_begin(&sp->out, piece.bytes);
		if (spill_read(&sp->spill, p, piece.bytes, &err) <= 0)
			msg_exit(&err);
		rec_end_many(&sp->out, p + piece.bytes, piece.count, piece.sum);
	}
	if (got < 0)
		msg_exit(&err);
	xrec_finish(&sp->out);
	spill_close(&sp->spill);
	table_from_free(sp->from);
}

/* ---- merging ---- */

static void
load(struct delta_snapshot *s)
{
	struct msg err = { 0 };

	if (delta_load_for_writing(&table, true, s, &err) < 0)
		msg_exit(&err);
}

static struct merge_source *
read_source(void)
{
	struct merge_source *source = merge_source_new(&plan, &in.header);
	struct rec_batch b;
	struct msg err = { 0 };

	while (xrec_next(&in, &b))
		if (merge_source_add(source, &b, &err) < 0)
			msg_die(err.status, "%s: %s", in.name, err.text);
	if (merge_source_end(source, &err) < 0)
		msg_die(err.status, "%s: %s", in.name, err.text);
	return source;
}

/* "target.id = source.id AND ..." */
static char *
predicate(void)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < plan.nkeys; i++)
		buf_addf(&b, "%starget.%s = source.%s", i > 0 ? " AND " : "", plan.columns[keys[i]].name,
		    plan.columns[keys[i]].name);
	return buf_cstr(&b);
}

/* Tries to make the result a version. As delta_commit. */
static int
commit(const struct delta_snapshot *s, const struct merge_result *r, int64_t *version, struct msg *err)
{
	const struct delta_metric metrics[] = {
		{ "numSourceRows", r->source }, { "numTargetRowsInserted", r->inserted },
		{ "numTargetRowsUpdated", r->updated }, { "numTargetRowsDeleted", r->deleted },
		{ "numTargetRowsCopied", r->copied },
		{ "numOutputRows", r->inserted + r->updated + r->copied }, { "numTargetFilesAdded", r->nadds },
		{ "numTargetFilesRemoved", r->nremoves }
	};
	struct delta_pair key = { TABLE_KEY, key_list };
	struct delta_pair parameters[] = {
		{ "predicate", predicate() },
		{ "matchedPredicates", flag_column != NULL ?
		    "[{\"actionType\":\"delete\"},{\"actionType\":\"update\"}]" : "[{\"actionType\":\"update\"}]" },
		{ "notMatchedPredicates", "[{\"actionType\":\"insert\"}]" },
		{ "notMatchedBySourcePredicates", delete_absent ? "[{\"actionType\":\"delete\"}]" : "[]" }
	};
	struct delta_change c = { .operation = "MERGE", .parameters = parameters, .nparameters = 4, .metrics = metrics,
	    .nmetrics = sizeof(metrics) / sizeof(*metrics), .scope = DELTA_READ_TABLE,
	    .bounds = r->bounds, .nbounds = r->nbounds,
	    .adds = r->adds, .nadds = r->nadds, .removes = r->removes, .nremoves = r->nremoves,
	    .columns = s->version < 0 ? plan.columns : NULL, .ncolumns = plan.n,
	    .configuration = &key, .nconfiguration = *key_list != '\0' ? 1 : 0, .app = app };
	struct msg warn = { 0 };
	int failed;

	failed = delta_commit(&table, s, &c, version, &warn, err);
	if (warn.status != 0)
		msg_warn("%s", warn.text);
	free((char *)parameters[0].value);
	return failed;
}

static void
say(const struct delta_snapshot *s, const struct merge_result *r, int64_t version)
{
	if (!cli.verbose)
		return;
	if (version < 0)
		msg_warn("%s: version %" PRId64 " stays: nothing to change", table.address, s->version);
	else
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " inserted, %" PRIu64 " updated, %" PRIu64 " deleted, "
		    "%" PRIu64 " copied; %zu files written, %zu removed", table.address, version, r->inserted,
		    r->updated, r->deleted, r->copied, r->nadds, r->nremoves);
}

/*
 * What changed in the application's version was written by the run that made it, and is not known now: a whole stream
 * without changes would lose them for those who follow it.
 */
static _Noreturn void
changes_gone(void)
{
	msg_die(EX_DATAERR, "%s: %s has written version %" PRId64 " of its own already: its changes are not written "
	    "again; the versions before and after it tell them", table.address, app.id, app.version);
}

/* One merge into the table as it is in s. As delta_commit; where nothing became a version, nothing is left of it. */
static int
merge_once(struct merge_source *source, const struct delta_snapshot *s, struct spool *sp, struct msg *err)
{
	struct delta_intent intent;
	struct merge_options o = { .intent = &intent, .codec = (enum pq_codec)cli.codec,
	    .delta_encodings = cli.encoding == 1,
	    .delete_absent = delete_absent,
	    .change = changes != NULL ? spool_rows : NULL,
	    .to = sp };
	struct merge_result r;
	int64_t version = -1;
	int failed = 0;

	delta_intent_init(&intent, &table, s);
	if (merge_run(source, &table, s, &o, &r, err) < 0) {
		delta_intent_undo(&intent);
		return -1;
	}
	if (s->version < 0 || r.nadds > 0 || r.nremoves > 0 || app.id != NULL)
		failed = commit(s, &r, &version, err);
	if (version < 0) {
		delta_intent_undo(&intent);
		spill_close(&sp->spill);
	}
	delta_intent_end(&intent);
	if (!failed && version < 0 && app.id != NULL && changes != NULL)
		changes_gone();		/* another run of it came first */
	if (!failed)
		say(s, &r, version);
	merge_result_free(&r);
	return failed;
}

/* Merges, with the table as it has become where another writer was first. */
static void
merge(struct merge_source *source, const struct delta_snapshot *s, struct spool *sp)
{
	struct delta_snapshot now = { 0 };	/* s stays: the plan's names are its */
	struct table_plan p;
	struct msg err = { 0 };

	if (s->version < 0 && delta_prepared_mark(&table, &err) < 0)
		msg_exit(&err);
	while (merge_once(source, turn.lost > 0 ? &now : s, sp, &err) < 0) {
		if (err.status != EX_TEMPFAIL || !delta_turn_wait(&turn))
			msg_exit(&err);
		err = (struct msg){ 0 };
		delta_snapshot_free(&now);
		load(&now);
		make_columns(&now, &p);
		if (!table_plan_equal(&columns, &p))
			msg_die(EX_TEMPFAIL, "%s: another writer changed the columns meanwhile", table.address);
		table_plan_free(&p);
	}
	if (s->version < 0)
		(void)delta_prepared_unmark(&table, &err);
	delta_snapshot_free(&now);
}

/* Was the application's version written before? */
static bool
is_done(const struct delta_snapshot *s)
{
	if (app.id == NULL || delta_app_version(s, app.id) < app.version)
		return false;
	if (changes != NULL)
		changes_gone();
	if (cli.verbose)
		msg_warn("%s: %s has written version %" PRId64 " of its own already: nothing written",
		    table.address, app.id, app.version);
	return true;
}

int
main(int argc, char *argv[])
{
	struct delta_snapshot s;
	struct merge_source *source;
	struct spool sp = { 0 };
	struct msg err = { 0 };
	const char *address;

	address = cli_operand(argc, argv, cli_start(&program, argc, argv), "TABLE");
	if (flag_column != NULL && delete_absent)
		cli_usage("expected one of --delete-flag and --delete-absent");
	turn.seconds = cli.retry;
	if (changes != NULL)
		rec_abort_line(changes);
	cli_open(&in, cli.input, 0);
	if (delta_open(&table, address, &err) < 0)
		msg_exit(&err);
	if (cli.outside)
		store_read_outside(table.store);
	load(&s);
	make_plan(&s);
	spill_init(&sp.spill);
	if (changes != NULL)
		open_changes(&sp);
	source = read_source();
	if (!is_done(&s))
		merge(source, &s, &sp);
	if (changes != NULL)
		write_changes(&sp);
	merge_source_free(source);
	delta_snapshot_free(&s);
	delta_close(&table);
	rec_close(&in);
	buf_free(&flag_value);
	table_plan_free(&columns);
	free(keys);
	free(key_list);
	free((char *)app.id);
	return 0;
}

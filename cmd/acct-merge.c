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
#include "table/session.h"
#include "table/table.h"

static const char *changes;
static char *key_words;			/* of -k; NULL without */
static char *flag_column;		/* of --delete-flag; NULL without */
static const char *flag_text;
static const char *sequence;		/* of --sequence, or of the stream's header; NULL without */
static bool delete_absent;
static struct rec_reader in;
static struct table_session session;
static struct table_plan columns;	/* the table's, or of the table to be made */
static size_t *keys;			/* which of them are the key */
static size_t order[3];			/* and which say what row is newer */
static char *key_list;			/* what a new table says its key is */
static struct delta_pair *properties;	/* of a new table */
static struct buf flag_value;		/* encoded */
static struct merge_plan plan;

/* ---- options ---- */

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
	{ 0, "sequence", "COLUMN", "the newest row of a key by this column wins, whatever the order of arrival\n"
	    "(default: the sequence of the stream)", CLI_TEXT, .to = &sequence },
	{ 0, "delete-absent", NULL, "delete rows whose key is not in the stream", CLI_FLAG, .to = &delete_absent },
	{ 0, "changes", "FILE", "write what changed to FILE as a record stream; - is standard output", CLI_TEXT,
	    .to = &changes },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-k KEY,...] [--delete-flag COLUMN=VALUE | --delete-absent]\n"
	    "                  [--sequence COLUMN] [--changes FILE] [--txn APP:VERSION] [--prepare FILE]\n"
	    "                  [--hidden COLUMN,...] [--property NAME=VALUE] [--consumed SOURCE@N]\n"
	    "                  [--codec CODEC] [--encoding ENCODING] [--memory SIZE]\n"
	    "                  [--retry SECONDS] [--outside] [-i FILE] TABLE", NULL },
	.about = "Merges the records of standard input into a Delta table by key: new keys are inserted, rows\n"
	    "that differ are updated.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_change, cli_new, cli_input, cli_memory, cli_codec, cli_retry,
	    cli_outside, cli_stream, NULL },
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

/* Plans the columns of the table as it is in s; of a new one all that the stream has, but for the flag. */
static int
plan_columns(const struct delta_snapshot *s, struct table_plan *p, struct msg *err)
{
	struct msg why = { 0 };

	if (table_plan_make(p, s, &in.header, plan.flag, &why) == 0 && s->version >= 0 && p->added > 0)
		(void)msg_set(&why, EX_DATAERR, "column %s: not in the table", p->columns[s->ncolumns].name);
	if (why.status != 0 || table_plan_hide(p, s, &in.header, cli.hidden, cli.nhidden, &why) < 0 ||
	    delta_schema_check(p->columns, p->n, &why) < 0)
		return msg_set(err, why.status, "%s: %s", session.table.address, why.text);
	return 0;
}

/* The table's column which a column of the stream goes to. */
static size_t
find_key(size_t field)
{
	size_t i;

	for (i = 0; i < columns.n && columns.fields[i] != (int)field; i++)
		;
	if (i == columns.n)
		msg_die(EX_DATAERR, "%s: key column %s: not in the table", session.table.address,
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
	properties = cli_properties(key_list);
	for (i = 0; i < n; i++)
		if (columns.columns[keys[i] = find_key(keys[i])].hidden)
			msg_die(EX_USAGE, "%s: key column %s: hidden", session.table.address,
			    columns.columns[keys[i]].name);
	plan.nkeys = n;
}

static bool
is_key(size_t column)
{
	size_t i;

	for (i = 0; i < plan.nkeys && keys[i] != column; i++)
		;
	return i < plan.nkeys;
}

/* Returns the table's column of that name, which the stream has, or columns.n. */
static size_t
find_column(const char *name)
{
	size_t i;

	for (i = 0; i < columns.n && (columns.fields[i] < 0 || strcmp(columns.columns[i].name, name) != 0); i++)
		;
	return i;
}

static bool
has_order(const struct delta_column *c)
{
	enum pq_shape shape = pq_shape(c->type, c->precision);

	return shape != PQ_U8 && shape != PQ_F32 && shape != PQ_F64;
}

/* Finds the column of the sequence, and those of the arrival, where the stream has them. */
static void
make_order(void)
{
	static const char *const arrival[] = { "_delivery", "_line" };
	size_t at = find_column(sequence), i;

	if (at == columns.n)
		msg_die(EX_USAGE, "--sequence: %s: no such column in %s%s", msg_quotes(sequence), in.name,
		    near_hint(&(struct near[]){ rec_near(&in.header, sequence) }[0]));
	if (is_key(at) || columns.columns[at].hidden || !has_order(&columns.columns[at]))
		msg_die(EX_USAGE, "--sequence: %s: must be an integer, a decimal, a string, a date or a timestamp, "
		    "neither key nor hidden", msg_quotes(sequence));
	order[plan.norder++] = at;
	for (i = 0; i < 2; i++)
		if ((at = find_column(arrival[i])) < columns.n && at != order[0] && !is_key(at) &&
		    columns.columns[at].type == PQ_INT64)
			order[plan.norder++] = at;
	plan.order = order;
}

/* Describes the stream, and the table as it was loaded, for lib/merge. */
static void
make_plan(void)
{
	struct msg err = { 0 };

	find_flag();
	if (plan_columns(session.base, &columns, &err) < 0)
		msg_exit(&err);
	make_keys();
	if (sequence == NULL)
		sequence = rec_header_word(&in.header, "sequence");
	if (sequence != NULL)
		make_order();
	plan.columns = columns.columns;
	plan.fields = columns.fields;
	plan.n = columns.n;
	plan.keys = keys;
	plan.memory = cli.memory;
	plan.name = in.name;
}

/* ---- merging ---- */

static struct merge {			/* one attempt */
	struct merge_source *source;
	struct merge_changes *changes;	/* NULL without --changes */
	struct merge_result result;
	struct merge_change change;
} m;

static void
read_source(void)
{
	struct rec_batch b;
	struct msg err = { 0 };

	m.source = merge_source_new(&plan, &in.header);
	while (xrec_next(&in, &b))
		if (merge_source_add(m.source, &b, &err) < 0)
			msg_die(err.status, "%s: %s", in.name, err.text);
	if (merge_source_end(m.source, &err) < 0)
		msg_die(err.status, "%s: %s", in.name, err.text);
}

/* After another writer's version: does the table still have the columns that the source was read for? */
static int
check_columns(struct table_session *s, struct msg *err)
{
	struct table_plan now;

	if (plan_columns(s->base, &now, err) < 0)
		return -1;
	s->hopeless = !table_plan_equal(&columns, &now);
	table_plan_free(&now);
	return !s->hopeless ? 0 : msg_set(err, EX_TEMPFAIL, "%s: another writer changed the columns meanwhile",
	    s->table.address);
}

/* May the table have deletion vectors, or does a new one get them? */
static bool
may_vector(const struct delta_snapshot *s)
{
	size_t i;

	for (i = 0; i < cli.nproperties; i++)
		if (s->version < 0 && strcmp(properties[i + 1].key, DELTA_VECTORS) == 0)
			return strcmp(properties[i + 1].value, "true") == 0;
	return delta_may_vector(s);
}

static int
work(struct table_session *s, struct delta_change *c, struct msg *err)
{
	struct merge_options o = { .intent = &s->intent, .codec = (enum pq_codec)cli.codec,
	    .delta_encodings = cli.encoding == 1, .delete_absent = delete_absent, .tombs = may_vector(s->base),
	    .change = m.changes != NULL ? merge_changes_put : NULL, .to = m.changes };
	struct merge_result *r = &m.result;

	if (m.changes != NULL)
		merge_changes_clear(m.changes);
	if (s->base != &s->first && check_columns(s, err) < 0)
		return -1;
	if (merge_run(m.source, &s->table, s->base, &o, r, err) < 0) {
		merge_result_free(r);
		return -1;
	}
	merge_change_make(&m.change, &plan, s->base, &o, properties + (*key_list == '\0'),
	    cli.nproperties + (*key_list != '\0'), r);
	*c = m.change.change;
	buf_addf(&s->summary, "%" PRIu64 " inserted, %" PRIu64 " updated, %" PRIu64 " deleted, %" PRIu64
	    " copied; %zu files written, %zu removed", r->inserted, r->updated, r->deleted, r->copied, r->nadds,
	    r->nremoves - r->nvectors);
	if (r->nvectors > 0)
		buf_addf(&s->summary, ", %zu with deletion vectors", r->nvectors);
	if (r->late > 0 || r->tombs > 0)
		buf_addf(&s->summary, "; %" PRIu64 " late, %" PRIu64 " tombstones", r->late, r->tombs);
	return s->base->version < 0 || r->nadds > 0 || r->ngraves > 0 ||
	    r->nremoves > 0 || table_session_marks(s);
}

static void
release(struct table_session *s)
{
	(void)s;
	merge_change_free(&m.change);
	merge_result_free(&m.result);
}

/*
 * The changes of the application's version were written by the run that made it, and are not known now. A complete
 * stream without changes would lose them for those who follow it.
 */
static _Noreturn void
changes_gone(void)
{
	msg_die(EX_DATAERR, "%s: %s has written version %" PRId64 " of its own already: its changes are not written "
	    "again; acct-read --changes reads them from the table", session.table.address, session.app.id,
	    session.app.version);
}

static void
merge(void)
{
	struct msg err = { 0 };
	int done;

	if ((done = table_session_done(&session, &err)) < 0 || (!done && table_session_run(&session, &err) < 0))
		msg_exit(&err);
	if (m.changes == NULL)
		return;
	if (done || (session.version < 0 && session.prepare == NULL && session.app.id != NULL))
		changes_gone();			/* another run of the application came first */
	if (merge_changes_finish(m.changes, &err) < 0)
		msg_exit(&err);
}

int
main(int argc, char *argv[])
{
	static const struct table_task task = { .creates = true, .rewrites = true, .idle = "nothing to change",
	    .work = work, .release = release };
	const char *address = cli_operand(argc, argv, cli_start(&program, argc, argv), "TABLE");
	struct msg err = { 0 };

	if (flag_column != NULL && delete_absent)
		cli_usage("expected one of --delete-flag and --delete-absent");
	session.task = &task;
	cli_session(&session);
	if (changes != NULL)
		rec_abort_line(changes);
	cli_open(&in, cli.input, 0);
	if (table_session_open(&session, address, &err) < 0)
		msg_exit(&err);
	make_plan();
	if (changes != NULL && merge_changes_open(&m.changes, &plan, &in.header, changes, &err) < 0)
		msg_die(err.status, "%s: %s", session.table.address, err.text);
	read_source();
	merge();
	merge_source_free(m.source);
	table_session_close(&session);
	rec_close(&in);
	buf_free(&flag_value);
	table_plan_free(&columns);
	free(keys);
	free(key_list);
	free(properties);
	cli_free_new();
	free((char *)cli.app);
	return 0;
}

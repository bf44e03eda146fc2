/* acct-commit makes prepared changes versions of their Delta tables, or removes their data files. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "delta/delta.h"
#include "table/session.h"

struct pieces {				/* the prepared files of one table, in the order of the command line */
	const char *table;
	const char **files;		/* owned */
	size_t n;
};

static bool to_abandon, to_recover;

/* ---- options ---- */

static const struct cli_option options[] = {
	{ 0, "abandon", NULL, "remove the data files of what is prepared, unless they are in a version", CLI_FLAG,
	    .to = &to_abandon },
	{ 0, "recover", NULL, "remove data files of stopped writers that are in no version", CLI_FLAG,
	    .to = &to_recover },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [--retry SECONDS] PREPARED TABLE [PREPARED TABLE ...]",
	    "[-v] --abandon PREPARED TABLE [PREPARED TABLE ...]", "[-v] --recover TABLE ...", NULL },
	.about = "Commits, once, what acct-write, acct-merge and acct-optimize prepared in the file PREPARED, table\n"
	    "after table, and all that is given for one table as one version of it.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_retry, NULL },
	.examples = (const char *const[]){ "acct-commit a.prepared lake/accounts l.prepared lake/loans",
	    "acct-commit part.1 lake/accounts part.2 lake/accounts",
	    "acct-commit --abandon a.prepared lake/accounts", NULL },
};

/* Sorts the operands by table, in the order in which the tables are named first. */
static struct pieces *
sort_operands(char *argv[], int n, size_t *ngroups)
{
	struct pieces *groups = xcalloc((size_t)n, sizeof(*groups)), *g;
	size_t count = 0;
	int i;

	for (i = 0; i + 1 < n; i += 2) {
		for (g = groups; g < groups + count && strcmp(g->table, argv[i + 1]) != 0; g++)
			;
		if (g == groups + count) {
			g->table = argv[i + 1];
			g->files = xcalloc((size_t)n, sizeof(*g->files));
			count++;
		}
		g->files[g->n++] = argv[i];
	}
	*ngroups = count;
	return groups;
}

/* ---- one table ---- */

static struct commit {			/* of the table at hand */
	struct delta_prepared *prepared;
	size_t n;
	struct delta_joint joint;
} now;

static int
load_prepared(const struct pieces *g, const struct delta_table *t, struct msg *err)
{
	now.prepared = xcalloc(g->n, sizeof(*now.prepared));
	for (now.n = 0; now.n < g->n; now.n++)
		if (delta_prepared_load(&now.prepared[now.n], t, g->files[now.n], err) < 0)
			return -1;
	return 0;
}

static void
free_prepared(void)
{
	while (now.n > 0)
		delta_prepared_free(&now.prepared[--now.n]);
	free(now.prepared);
	now.prepared = NULL;
}

/* Checks that the table may be changed as was prepared. */
static int
may(const struct delta_snapshot *s, struct msg *err)
{
	const struct delta_prepared *p;
	int failed = 0;

	for (p = now.prepared; p < now.prepared + now.n && !failed; p++)
		failed = p->scope == DELTA_REARRANGE ? delta_may_rearrange(s, err) :
		    delta_may_write(s, p->replaces_rows || p->scope == DELTA_READ_TABLE, err);
	return failed;
}

static void
report_done(const struct delta_table *t)
{
	const struct delta_app *app = &now.prepared[0].rows.apps[0];

	if (cli.verbose)
		msg_warn("%s: version %" PRId64 " of %s is there already", t->address, app->version, app->id);
}

/* Joins what is prepared to a change of the table as it is now. What does not fit must be prepared anew. */
static int
work(struct table_session *s, struct delta_change *c, struct msg *err)
{
	size_t i;
	int got;

	delta_joint_free(&now.joint);
	got = delta_joint_make(&now.joint, &s->table, s->base, now.prepared, now.n, err);
	for (i = 0; i < now.n && got > 0; i++)
		if (delta_prepared_check(&now.prepared[i], &s->table, err) < 0)
			got = -1;
	s->hopeless = got < 0;
	if (got == 0)
		report_done(&s->table);
	if (got <= 0)
		return got;
	*c = now.joint.changes[0];
	return 1;
}

static void
report_version(const struct table_session *s)
{
	if (!cli.verbose || s->version < 0)
		return;
	if (now.joint.nremoves > 0)
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " records in %zu files; %zu files removed",
		    s->table.address, s->version, now.joint.rows, now.joint.nadds, now.joint.nremoves);
	else
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " records in %zu files", s->table.address, s->version,
		    now.joint.rows, now.joint.nadds);
}

/* Commits; another process may do the same. */
static int
commit(const struct pieces *g, struct msg *err)
{
	static const struct table_task task = { .creates = true, .may = may, .files = TABLE_FILES_NONE, .work = work };
	struct table_session session = { .task = &task, .retry = cli.retry };
	struct msg unheard = { 0 };
	struct delta_table t;
	int failed;

	if (delta_open(&t, g->table, err) < 0)
		return -1;
	failed = load_prepared(g, &t, err);
	delta_close(&t);
	if (!failed && (failed = table_session_open(&session, g->table, err)) == 0) {
		failed = table_session_run(&session, err);
		if (!failed)
			(void)delta_prepared_unmark(&session.table, &unheard);
		report_version(&session);
		table_session_close(&session);
	}
	delta_joint_free(&now.joint);
	free_prepared();
	return failed;
}

/* ---- removing data files ---- */

/* Removes what was written for an add: a file's vector if it has one, as the file itself was there before. */
static int
remove_file(struct delta_table *t, const struct delta_file *f, struct msg *err)
{
	struct buf vector = { 0 };
	int done = 0;

	if (f->dv == NULL)
		return store_delete(t->store, f->name, err);
	if (delta_dv_name(f->dv, t->root, &vector))
		done = store_delete(t->store, buf_cstr(&vector), err);
	buf_free(&vector);
	return done;
}

static int
abandon_one(struct delta_table *t, const struct delta_snapshot *s, const struct delta_prepared *p, struct msg *err)
{
	struct msg why = { 0 };
	int open = delta_prepared_suits(p, s, &why);
	size_t i;

	if (open < 0)
		return msg_set(err, why.status, "%s: %s: %s", p->name, t->address, why.text);
	if (open == 0 && cli.verbose)
		msg_warn("%s: version %" PRId64 " of %s is there already", t->address, p->rows.apps[0].version,
		    p->rows.apps[0].id);
	for (i = 0; i < p->rows.nfiles && open > 0; i++)
		if (remove_file(t, &p->rows.files[i], err) < 0)
			return -1;
	if (open > 0 && cli.verbose)
		msg_warn("%s: %zu files removed", t->address, p->rows.nfiles);
	return 0;
}

/* Removes the data files, and the marker of a table that has no version yet. */
static int
abandon(const struct pieces *g, struct msg *err)
{
	struct delta_snapshot s = { .version = -1 };
	struct delta_table t;
	size_t i;
	int failed;

	if (delta_open(&t, g->table, err) < 0)
		return -1;
	failed = load_prepared(g, &t, err);
	if (!failed)
		failed = delta_load_any(&t, &s, err);
	for (i = 0; i < g->n && !failed; i++)
		failed = abandon_one(&t, &s, &now.prepared[i], err);
	if (!failed)
		failed = delta_prepared_unmark(&t, err) < 0 ? -1 : 0;
	free_prepared();
	delta_snapshot_free(&s);
	delta_close(&t);
	return failed;
}

static int
recover(const char *address, struct msg *err)
{
	struct delta_table t;
	int removed;

	if (delta_open(&t, address, err) < 0)
		return -1;
	if ((removed = delta_recover(&t, err)) >= 0 && cli.verbose)
		msg_warn("%s: %d files removed", t.address, removed);
	delta_close(&t);
	return removed < 0 ? -1 : 0;
}

/* ---- all tables ---- */

/* Reports a failure, after which the other tables still have their turn, and keeps the first one's status. */
static void
note(int failed, const struct msg *err, int *status)
{
	if (!failed)
		return;
	msg_warn("%s", err->text);
	if (*status == EX_OK)
		*status = err->status;
}

int
main(int argc, char *argv[])
{
	int first = cli_start(&program, argc, argv), status = EX_OK, i;
	struct pieces *groups;
	struct msg err;
	size_t n, k;

	if (to_abandon && to_recover)
		cli_usage("expected one of --abandon and --recover");
	if (first == argc)
		cli_usage(to_recover ? "expected TABLE" : "expected PREPARED and TABLE");
	for (i = first; i < argc && to_recover; i++) {
		err = (struct msg){ 0 };
		note(recover(argv[i], &err), &err, &status);
	}
	if (to_recover)
		return status;
	if ((argc - first) % 2 != 0)
		cli_usage("expected a TABLE after each PREPARED");
	groups = sort_operands(argv + first, argc - first, &n);
	for (k = 0; k < n; k++) {
		err = (struct msg){ 0 };
		if (to_abandon)
			note(abandon(&groups[k], &err), &err, &status);
		else if (commit(&groups[k], &err) < 0)
			msg_exit(&err);		/* the tables after it may depend on it */
		free(groups[k].files);
	}
	free(groups);
	return status;
}

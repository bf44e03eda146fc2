/* acct-commit makes prepared changes versions of their Delta tables, or removes their data files. */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "table/pieces.h"

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

/* Commits or abandons what is prepared for a table. */
static int
do_table(const struct pieces *g, struct msg *err)
{
	struct table_piece *list = xcalloc(g->n, sizeof(*list));
	struct buf *texts = xcalloc(g->n, sizeof(*texts));
	struct table_pieces pieces = { .table = g->table, .list = list, .n = g->n, .retry = cli.retry,
	    .verbose = cli.verbose };
	int failed = 0;
	size_t i;

	for (i = 0; i < g->n && !failed; i++) {
		list[i] = (struct table_piece){ io_in_name(g->files[i]), &texts[i] };
		failed = delta_prepared_get(&texts[i], g->files[i], err);
	}
	if (!failed)
		failed = to_abandon ? table_pieces_abandon(&pieces, err) : table_pieces_commit(&pieces, err);
	for (i = 0; i < g->n; i++)
		buf_free(&texts[i]);
	free(texts);
	free(list);
	return failed;
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
		note(table_recover(argv[i], cli.verbose, &err), &err, &status);
	}
	if (to_recover)
		return status;
	if ((argc - first) % 2 != 0)
		cli_usage("expected a TABLE after each PREPARED");
	groups = sort_operands(argv + first, argc - first, &n);
	for (k = 0; k < n; k++) {
		err = (struct msg){ 0 };
		note(do_table(&groups[k], &err), &err, &status);
		if (err.status != 0 && !to_abandon)
			msg_leave(status);	/* the tables after it may depend on it */
		free(groups[k].files);
	}
	free(groups);
	return status;
}

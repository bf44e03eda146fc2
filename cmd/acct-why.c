/* acct-why prints the lines of source files that a row of a lake comes from, and proves a row of gold by them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "store/store.h"
#include "table/table.h"
#include "text/cell.h"
#include "why/why.h"

enum { FLUSH = 1 << 16 };

static const char *job_folder;
static bool as_lines;
static struct job job;
static struct ledger ledger = { .block = LEDGER_BLOCK };
static char *lake;			/* its folder without links, or its address */
static const char *layer, *name;	/* of the table asked about: "silver" or "gold", and its own */
static char *address;			/* of it */
static struct why_value *values;	/* of the operands: what the row's columns are */
static size_t nvalues;
static struct why_keys keys;
static bool *seen;			/* of each source: only the rows that matter are seen */
static struct buf out;

static const struct cli_option options[] = {
	{ 'j', "job", "JOB", "the folder of the job, acct-job(7) (default: the environment's ACCT_JOB)", CLI_TEXT,
	    .to = &job_folder },
	{ 0, "lines", NULL, "print only source lines, each with its table, file, SHA-256 and number, for scripts",
	    CLI_FLAG, .to = &as_lines },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] -j JOB [--lines] TABLE COLUMN=VALUE ...", NULL },
	.about = "Prints the lines of source files that a row of a table of a lake comes from. For gold also runs its\n"
	    "script over those rows alone: status 1 if that does not give the row.",
	.options = options,
	.examples = (const char *const[]){
	    "acct-why -j pipelines/bank lake/gold/customer_balance customer_id=17",
	    "acct-why -j pipelines/bank --lines lake/silver/accounts account_id=10 | cut -f 5", NULL },
};

static void
end_keys(void)
{
	why_keys_end(&keys);
}

static void
flush(size_t most)
{
	struct msg err = { 0 };

	if (out.len <= most)
		return;
	if (io_write(STDOUT_FILENO, out.p, out.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	out.len = 0;
}

/* ---- what is asked ---- */

/* Splits LAKE/silver/TABLE or LAKE/gold/TABLE. */
static void
split_table(char *operand)
{
	size_t n = strlen(operand);
	const char *root;
	char *own, *above;

	while (n > 1 && operand[n - 1] == '/')
		operand[--n] = '\0';
	address = xstrdup(operand);
	own = strrchr(operand, '/');
	if (own != NULL)
		*own = '\0';
	above = own != NULL ? strrchr(operand, '/') : NULL;
	if (above != NULL)
		*above = '\0';
	layer = above != NULL ? above + 1 : operand;
	name = own != NULL ? own + 1 : "";
	if (*name == '\0' || (strcmp(layer, "silver") != 0 && strcmp(layer, "gold") != 0))
		cli_usage("expected LAKE/silver/TABLE or LAKE/gold/TABLE: %s", msg_quotes(address));
	root = above == NULL ? "." : *operand == '\0' ? "/" : operand;
	lake = store_is_remote(root) ? xstrdup(root) : realpath(root, NULL);
	if (lake == NULL)
		msg_die(EX_NOINPUT, "%s: no such lake", root);
}

static void
read_job(void)
{
	struct msg err = { 0 };

	job_folder = job_folder != NULL ? job_folder : getenv("ACCT_JOB");
	if (job_folder == NULL || *job_folder == '\0')
		cli_usage("-j is required");
	if (job_read(&job, job_folder, &err) < 0)
		msg_exit(&err);
	seen = xcalloc(job.nsources + 1, sizeof(*seen));
}

/* A row of silver says its delivery and line in hidden columns. */
static void
check_origin(const struct delta_snapshot *s)
{
	if (strcmp(layer, "silver") == 0 &&
	    (delta_column_find(s, "_delivery") < 0 || delta_column_find(s, "_line") < 0))
		msg_die(EX_DATAERR, "%s: rows do not say where they come from; acct-clean --delivery makes them",
		    address);
}

/* Encodes a value by the type of its column. */
static void
read_value(struct why_value *v, const struct delta_snapshot *s, char *operand)
{
	const char *text = cli_pair("COLUMN=VALUE", operand, "COLUMN=VALUE");
	int at = delta_column_find(s, operand);
	struct val_type type;

	if (at < 0)
		msg_die(EX_USAGE, "%s: no such column in %s%s", msg_quotes(operand), address,
		    delta_column_hint(s, operand));
	if (!table_val_type(s->columns[at].type, s->columns[at].precision, s->columns[at].scale, &type) ||
	    !val_parse(type, text, strlen(text), &v->encoded))
		msg_die(EX_USAGE, "%s: not a value of its type: %s", operand, msg_quotes(text));
	v->column = operand;
	v->type = type;
}

static void
read_values(char *operands[], size_t n)
{
	struct delta_table t;
	struct delta_snapshot s;
	struct msg err = { 0 };

	if (delta_open(&t, address, &err) < 0 || delta_load(&t, DELTA_NEWEST, &s, &err) < 0)
		msg_exit(&err);
	values = xcalloc(n, sizeof(*values));
	check_origin(&s);
	for (nvalues = 0; nvalues < n; nvalues++)
		read_value(&values[nvalues], &s, operands[nvalues]);
	delta_snapshot_free(&s);
	delta_close(&t);
}

static void
read_ledger(void)
{
	char *table = xasprintf("%s/bronze/_ledger", lake);
	const char *const argv[] = { "acct-read", table, NULL };
	struct why_child c;
	struct msg err = { 0 };

	if (why_child_open(&c, argv, table, &err) == 0)
		(void)ledger_read(&ledger, &c.in, &err);
	if (why_child_close(&c, &err) < 0)
		msg_exit(&err);
	free(table);
}

/* ---- rows ---- */

/* Reads the rows of a table that are seen and have some values. list: its columns, or NULL. */
static void
read_rows(const char *table, const char *list, const struct why_value *v, size_t nv, struct why_rows *rows)
{
	char *place = xasprintf("%s/%s", lake, table);
	const char *const some[] = { "acct-read", "-c", list, place, NULL };
	const char *const all[] = { "acct-read", place, NULL };
	struct why_child c;
	struct msg err = { 0 };

	if (why_child_open(&c, list != NULL ? some : all, place, &err) == 0)
		(void)why_rows_read(rows, &c, v, nv, &err);
	if (why_child_close(&c, &err) < 0)
		msg_exit(&err);
	free(place);
}

static void
show_rows(const char *table, const struct why_rows *rows)
{
	if (as_lines)
		return;
	buf_addf(&out, "%s%s\n", out.len > 0 ? "\n" : "", table);
	why_rows_put(rows, &out);
	flush(FLUSH);
}

/* ---- lines ---- */

struct shown {			/* what the lines are printed for */
	const char *table;
	int64_t delivery;	/* of the line before; 0: none yet */
};

static int
show_line(void *to, const struct ledger_entry *e, int64_t line, const uint8_t *p, size_t n, struct msg *err)
{
	struct shown *s = to;

	(void)err;
	if (as_lines)
		buf_addf(&out, "%s\t%s\t%s\t%" PRId64 "\t", s->table, e->name, e->sha256, line);
	else if (s->delivery != e->number)
		buf_addf(&out, "%s, delivery %" PRId64 ", SHA-256 %s\n", e->name, e->number, e->sha256);
	if (!as_lines)
		buf_addf(&out, "%" PRId64 "\t", line);
	s->delivery = e->number;
	cell_tsv(&out, p, n);
	buf_addc(&out, '\n');
	flush(FLUSH);
	return 0;
}

/* Prints the lines of rows whose last two columns are their delivery and line. */
static void
show_lines(const char *table, const struct job_source *s, const struct why_rows *rows)
{
	struct why_place *places = xcalloc(rows->n + 1, sizeof(*places));
	struct shown shown = { .table = table };
	size_t n = rows->header.ncolumns, i;
	struct msg err = { 0 };

	for (i = 0; i < rows->n; i++) {
		struct rec r = { rows->bytes.p, rows->off + i * n };

		if (rec_is_null(r, n - 2) || rec_is_null(r, n - 1))
			continue;
		places[i] = (struct why_place){ val_int(rec_field(r, n - 2).p), val_int(rec_field(r, n - 1).p) };
	}
	if (!as_lines)
		buf_addf(&out, "%s%s: %zu %s\n", out.len > 0 ? "\n" : "", table, rows->n,
		    rows->n == 1 ? "row" : "rows");
	if (why_lines(lake, &ledger, &s->schema, places, rows->n, show_line, &shown, &err) < 0)
		msg_exit(&err);
	free(places);
}

/* ---- silver ---- */

static void
see_value(const char *table, const struct why_value *v)
{
	struct msg err = { 0 };

	if (why_keys_value(&keys, table, v->column, v->type, (struct rec_field){ v->encoded.p, v->encoded.len },
	    &err) < 0)
		msg_exit(&err);
}

static bool
explain_silver(void)
{
	char *table = xasprintf("silver/%s", name);
	int source = job_source_find(&job, name);
	struct why_rows rows;
	struct buf list = { 0 };
	bool any;
	size_t i;

	if (source < 0)
		msg_die(EX_USAGE, "%s: no source of the job %s", msg_quotes(name), job_folder);
	see_value(table, &values[0]);
	for (i = 0; i < nvalues; i++)
		buf_addf(&list, "%s,", values[i].column);
	buf_adds(&list, "_delivery,_line");
	read_rows(table, buf_cstr(&list), values, nvalues, &rows);
	any = rows.n > 0;
	if (any)
		show_lines(table, &job.sources[source], &rows);
	else
		msg_warn("%s: no such row", address);
	why_rows_free(&rows);
	buf_free(&list);
	free(table);
	return any;
}

/* ---- gold ---- */

/*
 * Lets only the rows of a source be seen that belong to the value.
 * Returns false if no reference leads to its column.
 */
static bool
see_source(size_t source, const struct why_value *by)
{
	char *table = xasprintf("silver/%s", job.sources[source].schema.name), *to;
	struct why_step steps[WHY_STEPS_MAX];
	int n = seen[source] ? 0 : why_path(&job, source, by->column, steps);
	struct msg err = { 0 };

	if (!seen[source] && n == 0)
		see_value(table, by);
	if (n > 0) {
		(void)see_source(steps[0].to, by);
		to = xasprintf("silver/%s", job.sources[steps[0].to].schema.name);
		if (why_keys_values(&keys, table, steps[0].column, to, steps[0].other, &err) < 0)
			msg_exit(&err);
		free(to);
	}
	seen[source] |= n >= 0;
	free(table);
	return n >= 0;
}

/* Prints what the row has of a table that the script reads. */
static void
explain_from(const char *from, const struct why_value *by)
{
	int source = job_source_find(&job, from);
	char *table = xasprintf("%s/%s", source >= 0 ? "silver" : "gold", from);
	struct why_rows rows;

	if (source >= 0 && see_source((size_t)source, by)) {
		read_rows(table, "_delivery,_line", NULL, 0, &rows);
		show_lines(table, &job.sources[source], &rows);
		why_rows_free(&rows);
	} else if (source >= 0) {
		msg_warn("%s: no reference leads to a column %s: the script reads all of it", table, by->column);
	} else {
		see_value(table, by);
		read_rows(table, NULL, NULL, 0, &rows);
		show_rows(table, &rows);
		why_rows_free(&rows);
	}
	free(table);
}

/* Lets the script read only the tables that it names, as within a run. */
static void
set_only(const struct job_gold *g)
{
	struct buf only = { 0 };
	size_t i;

	buf_adds(&only, lake);
	for (i = 0; i < g->from.n; i++)
		buf_addf(&only, "\n%s/%s", job_source_find(&job, g->from.word[i]) >= 0 ? "silver" : "gold",
		    g->from.word[i]);
	setenv("ACCT_ONLY", buf_cstr(&only), 1);
	setenv("LAKE", lake, 1);
	buf_free(&only);
}

/* Runs the script over the rows that are seen, and compares its rows of the values with gold's. */
static bool
prove(const struct job_gold *g, const struct why_rows *gold)
{
	const char *const argv[] = { "sh", g->path, lake, NULL };
	struct why_rows made = { 0 };
	struct why_child c;
	struct msg err = { 0 };
	bool same;

	set_only(g);
	if (why_child_open(&c, argv, g->path, &err) == 0)
		(void)why_rows_read(&made, &c, values, nvalues, &err);
	if (why_child_close(&c, &err) < 0)
		msg_exit(&err);
	same = why_rows_equal(gold, &made);
	if (!same) {
		show_rows("the script, over these rows", &made);
		msg_warn("%s: not what %s makes of these rows", address, g->path);
	} else if (!as_lines) {
		buf_addf(&out, "\n%s makes the same of these rows\n", g->path);
	}
	why_rows_free(&made);
	return same;
}

static const struct job_gold *
find_gold(const struct why_value **by)
{
	int at = job_gold_find(&job, name);
	const struct job_gold *g;
	size_t i;

	if (at < 0)
		msg_die(EX_USAGE, "%s: no gold table of the job %s", msg_quotes(name), job_folder);
	g = &job.gold[at];
	if (g->by.n == 0)
		msg_die(EX_CONFIG, "%s: missing line: #: by COLUMN", g->path);
	for (i = 0; i < nvalues && strcmp(values[i].column, g->by.word[0]) != 0; i++)
		;
	if (i == nvalues)
		cli_usage("expected %s=VALUE, the column of #: by in %s", g->by.word[0], g->path);
	*by = &values[i];
	return g;
}

static bool
explain_gold(void)
{
	const struct why_value *by;
	const struct job_gold *g = find_gold(&by);
	char *table = xasprintf("gold/%s", name);
	struct why_rows gold;
	bool any, same = false;
	size_t i;

	see_value(table, by);
	read_rows(table, NULL, values, nvalues, &gold);
	any = gold.n > 0;
	if (any)
		show_rows(table, &gold);
	for (i = 0; i < g->from.n && any; i++)
		explain_from(g->from.word[i], by);
	if (any)
		same = prove(g, &gold);
	else
		msg_warn("%s: no such row", address);
	why_rows_free(&gold);
	free(table);
	return same;
}

int
main(int argc, char *argv[])
{
	int operand = cli_start(&program, argc, argv);
	struct msg err = { 0 };
	bool yes;

	if (argc - operand < 2)
		cli_usage("expected TABLE and COLUMN=VALUE");
	split_table(argv[operand]);
	unsetenv("ACCT_KEYS");
	unsetenv("ACCT_ONLY");
	why_child_path();
	read_job();
	read_values(argv + operand + 1, (size_t)(argc - operand - 1));
	read_ledger();
	if (why_keys_begin(&keys, lake, &err) < 0)
		msg_exit(&err);
	atexit(end_keys);
	yes = strcmp(layer, "gold") == 0 ? explain_gold() : explain_silver();
	flush(0);
	job_free(&job);
	ledger_free(&ledger);
	while (nvalues > 0)
		buf_free(&values[--nvalues].encoded);
	free(values);
	free(seen);
	free(lake);
	free(address);
	buf_free(&out);
	return yes ? EX_OK : EX_NO;
}

/* acct-job checks a job, the folder that acct-job(7) describes, and says what is in it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "job/job.h"
#include "rec/rec.h"
#include "store/store.h"
#include "text/align.h"

static bool as_lines, rebuilds;
static const char *lake, *pieces_path, *damage_path;
static char *only;

static const struct cli_option options[] = {
	{ 0, "lines", NULL, "print lines of words that tabs separate, for scripts: see acct-job(1)", CLI_FLAG,
	    .to = &as_lines },
	{ 0, "only", "TABLE,...", "only these tables, what is made of them, and what these are made of", CLI_LIST,
	    .to = &only },
	{ 0, "plan", "LAKE", "print what a run has to make in this lake, and why", CLI_TEXT, .to = &lake },
	{ 0, "pieces", "FILE", "with --plan: the pieces of the newest deliveries, as acct-ledger lists them", CLI_TEXT,
	    .to = &pieces_path },
	{ 0, "damaged", "FILE", "with --plan: what is damaged, as acct-check names it", CLI_TEXT, .to = &damage_path },
	{ 0, "rebuild", NULL, "with --plan: all is to be made again", CLI_FLAG, .to = &rebuilds },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [--lines] [--only TABLE,...] JOB",
	    "--plan LAKE [--pieces FILE] [--damaged FILE] [--rebuild] [--only TABLE,...] JOB", NULL },
	.about = "Reads the folder of a job, checks its parts against each other, and lists its tables and checks.",
	.options = options,
	.examples = (const char *const[]){ "acct-job pipelines/bank", NULL },
};

/* ---- parts of both lists ---- */

/* Puts words with `between` between them; `none` in place of an empty list. */
static void
put_words(struct buf *out, const struct job_words *w, const char *between, const char *none)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		buf_adds(out, i > 0 ? between : "");
		buf_adds(out, w->word[i]);
	}
	buf_adds(out, w->n == 0 ? none : "");
}

static bool
is_key(const struct schema_column *c)
{
	return c->key;
}

static bool
is_amount(const struct schema_column *c)
{
	return c->type.kind == VAL_DECIMAL;
}

/* Puts the names of the columns that `is` is true of. */
static void
put_columns(struct buf *out, const struct schema *s, bool (*is)(const struct schema_column *c), const char *between,
    const char *none)
{
	size_t i, n = 0;

	for (i = 0; i < s->ncolumns; i++) {
		if (!is(&s->columns[i]))
			continue;
		buf_adds(out, n++ > 0 ? between : "");
		buf_adds(out, s->columns[i].name);
	}
	buf_adds(out, n == 0 ? none : "");
}

/* Puts "column=table.column" for each reference. */
static void
put_references(struct buf *out, const struct job *j, const struct job_source *s, const char *between, const char *none)
{
	size_t i;

	for (i = 0; i < s->nreferences; i++) {
		const struct job_reference *r = &s->references[i];
		const struct schema *to = &j->sources[r->source].schema;
		char *own = job_reference_columns(&s->schema, r->columns, r->n);
		char *other = job_reference_columns(to, r->others, r->n);

		buf_addf(out, "%s%s=%s.%s", i > 0 ? between : "", own, to->name, other);
		free(own);
		free(other);
	}
	buf_adds(out, s->nreferences == 0 ? none : "");
}

/* ---- for scripts ---- */

/* Puts the tables that a source's orphans need, if they are rejected. */
static void
put_owners(struct buf *out, const struct job *j, const struct job_source *s)
{
	size_t i, k, n = 0;

	if (s->level == 0)
		return;
	buf_addf(out, "owners\t%s\t%zu\t", s->schema.name, s->level);
	for (i = 0; i < j->nsources; i++) {
		for (k = 0; k < s->nreferences && (s->references[k].source != i ||
		    s->references[k].orphans != SCHEMA_ORPHANS_REJECT); k++)
			continue;
		if (k < s->nreferences)
			buf_addf(out, "%s%s", n++ > 0 ? " " : "", j->sources[i].schema.name);
	}
	buf_addc(out, '\n');
}

static void
put_lines(struct buf *out, const struct job *j)
{
	size_t i;

	for (i = 0; i < j->nsources; i++) {
		const struct job_source *s = &j->sources[i];

		if (s->is_left)
			continue;
		buf_addf(out, "source\t%s\t%s\t", s->schema.name, s->file);
		put_columns(out, &s->schema, is_key, ",", "-");
		buf_addc(out, '\t');
		put_columns(out, &s->schema, is_amount, ",", "-");
		buf_addc(out, '\t');
		put_references(out, j, s, " ", "-");
		buf_adds(out, s->schema.optional ? "\toptional\n" : "\t-\n");
		put_owners(out, j, s);
	}
	for (i = 0; i < j->ngold; i++) {
		const struct job_gold *g = &j->gold[i];

		if (g->is_left)
			continue;
		buf_addf(out, "gold\t%s\t%zu\t%s\t", g->name, g->level, g->load ? "load" : "-");
		put_words(out, &g->from, " ", "-");
		buf_addc(out, '\t');
		put_words(out, &g->key, ",", "-");
		buf_addc(out, '\t');
		put_words(out, &g->total, ",", "-");
		buf_addc(out, '\n');
	}
}

/* ---- for people ---- */

static void
list_sources(struct buf *out, const struct job *j)
{
	struct buf lines = { 0 };
	size_t i;

	for (i = 0; i < j->nsources; i++) {
		const struct job_source *s = &j->sources[i];

		buf_addf(&lines, "%s\t%s\tkey ", s->schema.name, s->file);
		put_columns(&lines, &s->schema, is_key, " ", "");
		buf_addc(&lines, '\t');
		put_references(&lines, j, s, " ", "");
		buf_addc(&lines, '\n');
	}
	buf_adds(out, "sources\n");
	text_align(out, &lines, "llll");
	buf_free(&lines);
}

static void
list_gold(struct buf *out, const struct job *j)
{
	struct buf lines = { 0 };
	size_t i;

	for (i = 0; i < j->ngold; i++) {
		const struct job_gold *g = &j->gold[i];

		buf_addf(&lines, "%s\tfrom ", g->name);
		put_words(&lines, &g->from, " ", "");
		buf_adds(&lines, "\tkey ");
		put_words(&lines, &g->key, " ", "");
		buf_addf(&lines, "\t%s\n", g->load ? "" : "not loaded");
	}
	buf_adds(out, "\ngold\n");
	text_align(out, &lines, "llll");
	buf_free(&lines);
}

static void
list(struct buf *out, const struct job *j)
{
	size_t i;

	list_sources(out, j);
	list_gold(out, j);
	if (j->checks.n > 0)
		buf_adds(out, "\nchecks\n");
	for (i = 0; i < j->checks.n; i++)
		buf_addf(out, "  %s\n", j->checks.checks[i].label);
}

/* ---- what a run has to make ---- */

/* Reads a list that an option names; owned by the buffer. NULL without the option. */
static const char *
read_list(const char *path, struct buf *text)
{
	enum { PIECE = 1 << 16 };
	struct msg err = { 0 };
	ssize_t n = -1;
	int fd;

	if (path == NULL)
		return NULL;
	fd = io_open(path, &err);
	while (fd >= 0 && (n = io_read(fd, buf_room(text, PIECE), PIECE, path, &err)) > 0)
		text->len += (size_t)n;
	if (n < 0)
		msg_exit(&err);
	close(fd);
	return buf_cstr(text);
}

static void
plan(struct buf *out, const struct job *j)
{
	struct buf pieces = { 0 }, damage = { 0 };
	struct job_plan p = { .job = j, .rebuild = rebuilds };
	struct msg err = { 0 };

	p.pieces = read_list(pieces_path, &pieces);
	p.damage = read_list(damage_path, &damage);
	if (store_open(&p.lake, lake, &err) < 0 || job_plan_put(&p, out, &err) < 0)
		msg_exit(&err);
	store_close(p.lake);
	buf_free(&pieces);
	buf_free(&damage);
}

static void
leave_out(struct job *j)
{
	char *tables[REC_MAX_COLUMNS];
	struct msg err = { 0 };

	if (only != NULL && job_only(j, tables, cli_list("--only", only, tables, REC_MAX_COLUMNS), &err) < 0)
		msg_exit(&err);
}

int
main(int argc, char *argv[])
{
	struct job job;
	struct buf out = { 0 };
	struct msg err = { 0 };
	const char *folder = cli_operand(argc, argv, cli_start(&program, argc, argv), "JOB");

	if (lake == NULL && (pieces_path != NULL || damage_path != NULL || rebuilds))
		cli_usage("--pieces, --damaged and --rebuild need --plan");
	if (job_read(&job, folder, &err) < 0)
		msg_exit(&err);
	leave_out(&job);
	(lake != NULL ? plan : as_lines ? put_lines : list)(&out, &job);
	if (io_write(STDOUT_FILENO, out.p, out.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	if (cli.verbose)
		msg_warn("%s: %zu sources, %zu gold tables, %zu checks", folder, job.nsources, job.ngold, job.checks.n);
	job_free(&job);
	buf_free(&out);
	return 0;
}

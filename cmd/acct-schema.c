/* acct-schema drafts schemas from CSV files, and converts those of Frictionless. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "draft/draft.h"
#include "frictionless/frictionless.h"

static const char *new_job;
static bool from_frictionless, to_frictionless;
static const char *const *paths;
static size_t npaths;

static const struct cli_option options[] = {
	{ 0, "new", "FOLDER", "make FOLDER, a job, with a draft for each FILE in FOLDER/sources", CLI_TEXT,
	    .to = &new_job },
	{ 0, "from-frictionless", NULL, "convert a Table Schema, Data Resource, or TABLE of a Data Package to a schema",
	    CLI_FLAG, .to = &from_frictionless },
	{ 0, "to-frictionless", NULL, "convert a schema to a Data Resource", CLI_FLAG, .to = &to_frictionless },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "FILE", "--new FOLDER FILE...", "--from-frictionless JSON [TABLE]",
	    "--to-frictionless SCHEMA", NULL },
	.about = "Drafts the schema of a CSV file from what the file holds, with the reason for each line:\n"
	    "delimiter, header, types, nulls, key. With --new, the drafts of files that belong together also\n"
	    "refer to each other. Schemas are also converted from and to those of Frictionless; what has no\n"
	    "counterpart is listed on standard error.",
	.options = options,
	.examples = (const char *const[]){ "acct-schema accounts.csv >accounts.yaml",
	    "acct-schema --new mybank drop/*.csv",
	    "acct-schema --from-frictionless datapackage.json loans >loans.yaml", NULL },
};

/* Prints what has been put together. */
static void
print(struct buf *out)
{
	struct msg err = { 0 };

	if (io_write(STDOUT_FILENO, out->p, out->len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	buf_free(out);
}

/* ---- drafts ---- */

static void
read_draft(struct draft_schema *d, const char *path)
{
	struct msg err = { 0 };

	if (draft_read(d, path, &err) < 0)
		msg_exit(&err);
}

static void
draft_file(const char *path)
{
	struct draft_schema d;
	struct buf out = { 0 };

	read_draft(&d, path);
	draft_put(&d, &d, 1, &out);
	draft_free(&d);
	print(&out);
}

/* Makes a folder of the job; what is there already is not touched. */
static void
make_folder(const char *name)
{
	struct buf path = { 0 };

	buf_adds(&path, new_job);
	buf_adds(&path, name);
	if (mkdir(buf_cstr(&path), 0777) < 0)
		msg_die(EX_CANTCREAT, "%s: %s", buf_cstr(&path), strerror(errno));
	buf_free(&path);
}

static void
write_draft(const char *table, const struct buf *text)
{
	struct msg err = { 0 };
	struct buf path = { 0 };
	struct io_out o;

	buf_adds(&path, new_job);
	buf_adds(&path, "/sources/");
	buf_adds(&path, table);
	buf_adds(&path, ".yaml");
	if (io_create(&o, buf_cstr(&path), &err) < 0 ||
	    io_write(o.fd, text->p, text->len, buf_cstr(&path), &err) < 0 || io_commit(&o, &err) < 0)
		msg_exit(&err);
	buf_free(&path);
}

static void
check_tables(const struct draft_schema *drafts)
{
	size_t i, k;

	for (i = 0; i < npaths; i++)
		for (k = 0; k < i; k++)
			if (strcmp(drafts[i].table, drafts[k].table) == 0)
				msg_die(EX_USAGE, "%s, %s: two files for one table: %s", paths[k], paths[i],
				    msg_quotes(drafts[i].table));
}

static void
draft_job(void)
{
	struct draft_schema *drafts = xcalloc(npaths, sizeof(*drafts));
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < npaths; i++)
		read_draft(&drafts[i], paths[i]);
	check_tables(drafts);
	make_folder("");
	make_folder("/sources");
	make_folder("/gold");
	for (i = 0; i < npaths; i++) {
		text.len = 0;
		draft_put(&drafts[i], drafts, npaths, &text);
		write_draft(drafts[i].table, &text);
	}
	for (i = 0; i < npaths; i++)
		draft_free(&drafts[i]);
	free(drafts);
	buf_free(&text);
}

/* ---- Frictionless ---- */

/* Lists what was not carried. */
static void
tell_left(struct buf *left)
{
	char *rest, *line;

	buf_addc(left, '\0');
	for (line = strtok_r((char *)left->p, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		msg_warn("%s: not carried: %s", paths[0], line);
	buf_free(left);
}

static void
convert_from(void)
{
	struct buf yaml = { 0 }, left = { 0 };
	struct msg err = { 0 };

	if (npaths > 2)
		cli_usage("expected one file of JSON and at most one TABLE");
	if (frictionless_read(paths[0], paths[1], &yaml, &left, &err) < 0)
		msg_exit(&err);
	tell_left(&left);
	print(&yaml);
}

static void
convert_to(void)
{
	struct buf json = { 0 }, left = { 0 };
	struct msg err = { 0 };
	struct schema s;

	if (npaths > 1)
		cli_usage("expected one SCHEMA");
	if (schema_read(&s, paths[0], &err) < 0)
		msg_exit(&err);
	frictionless_write(&s, &json, &left);
	schema_free(&s);
	tell_left(&left);
	print(&json);
}

int
main(int argc, char *argv[])
{
	int first = cli_start(&program, argc, argv);

	paths = (const char *const *)&argv[first];
	npaths = (size_t)(argc - first);
	if (npaths == 0)
		cli_usage("expected a FILE");
	if ((new_job != NULL) + from_frictionless + to_frictionless > 1)
		cli_usage("--new, --from-frictionless and --to-frictionless exclude each other");
	if (from_frictionless)
		convert_from();
	else if (to_frictionless)
		convert_to();
	else if (new_job != NULL)
		draft_job();
	else if (npaths == 1)
		draft_file(paths[0]);
	else
		cli_usage("expected one FILE; --new makes a job of several");
	return 0;
}

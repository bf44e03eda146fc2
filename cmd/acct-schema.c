/* acct-schema drafts schemas from CSV files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "draft/draft.h"

static const char *new_job;
static const char *const *paths;
static size_t npaths;

static const struct cli_option options[] = {
	{ 0, "new", "FOLDER", "make FOLDER, a job, with a draft for each FILE in FOLDER/sources", CLI_TEXT,
	    .to = &new_job },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "FILE", "--new FOLDER FILE...", NULL },
	.about = "Drafts the schema of a CSV file from what the file holds, with the reason for each line:\n"
	    "delimiter, header, types, nulls, key. With --new, the drafts of files that belong together also\n"
	    "refer to each other.",
	.options = options,
	.examples = (const char *const[]){ "acct-schema accounts.csv >accounts.yaml",
	    "acct-schema --new mybank drop/*.csv", NULL },
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

int
main(int argc, char *argv[])
{
	int first = cli_start(&program, argc, argv);

	paths = (const char *const *)&argv[first];
	npaths = (size_t)(argc - first);
	if (npaths == 0)
		cli_usage("expected a FILE");
	if (new_job != NULL)
		draft_job();
	else if (npaths == 1)
		draft_file(paths[0]);
	else
		cli_usage("expected one FILE; --new makes a job of several");
	return 0;
}

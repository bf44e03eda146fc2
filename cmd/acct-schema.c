/* acct-schema drafts schemas from CSV files, and checks those of a job against each other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/near.h"
#include "cli/cli.h"
#include "draft/draft.h"
#include "schema/schema.h"

static bool to_list;
static const char *new_job;
static const char *const *paths;
static size_t npaths;
static struct schema *schemas;

static const struct cli_option options[] = {
	{ 0, "new", "FOLDER", "make FOLDER, a job, with a draft for each FILE in FOLDER/sources", CLI_TEXT,
	    .to = &new_job },
	{ 'l', "list", NULL, "check schemas against each other and print a line for each: table, file, key,\n"
	    "amounts, references", CLI_FLAG, .to = &to_list },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "FILE", "--new FOLDER FILE...", "-l SCHEMA...", NULL },
	.about = "Drafts the schema of a CSV file from what the file holds, with the reason for each line:\n"
	    "delimiter, header, types, nulls, key. With --new, the drafts of files that belong together also\n"
	    "refer to each other.",
	.options = options,
	.examples = (const char *const[]){ "acct-schema accounts.csv >accounts.yaml",
	    "acct-schema --new mybank drop/*.csv", "acct-schema -l mybank/sources/*.yaml", NULL },
};

/* ---- the schemas against each other ---- */

static _Noreturn void
refuse(const char *path, const char *what, const char *word, const char *hint)
{
	msg_die(EX_CONFIG, "%s: %s: %s%s", path, what, msg_quotes(word), hint);
}

static const struct schema *
find_table(const char *name)
{
	size_t i;

	for (i = 0; i < npaths; i++)
		if (strcmp(schemas[i].name, name) == 0)
			return &schemas[i];
	return NULL;
}

/* A job finds the schema of a table by the file's name, and a table by its folder's in the lake. */
static void
check_name(const struct schema *s, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const char *file = strrchr(path, '/'), *dot;
	size_t n = strlen(s->name);

	file = file != NULL ? file + 1 : path;
	dot = strrchr(file, '.');
	if (dot == NULL || (size_t)(dot - file) != n || memcmp(file, s->name, n) != 0)
		refuse(path, "name: must be that of the file", s->name, "");
	if (s->name[strspn(s->name, plain)] != '\0' || strchr("_-", s->name[0]) != NULL)
		refuse(path, "name: must be letters, digits, '_' and '-', beginning with a letter or digit", s->name,
		    "");
	if (find_table(s->name) != s)
		refuse(path, "name: already the table of another schema", s->name, "");
}

static void
check_reference(const char *path, const struct schema_column *c)
{
	const struct schema *to = find_table(c->references_table);
	struct near near;
	size_t i;

	if (to == NULL) {
		near_start(&near, c->references_table);
		for (i = 0; i < npaths; i++)
			near_try(&near, schemas[i].name);
		refuse(path, "references: no such table", c->references_table, near_hint(&near));
	}
	near_start(&near, c->references_column);
	for (i = 0; i < to->ncolumns; i++) {
		if (strcmp(to->columns[i].name, c->references_column) == 0)
			return;
		near_try(&near, to->columns[i].name);
	}
	refuse(path, "references: no such column", c->references_column, near_hint(&near));
}

static void
check_all(void)
{
	size_t i, k;

	for (i = 0; i < npaths; i++) {
		check_name(&schemas[i], paths[i]);
		for (k = 0; k < schemas[i].ncolumns; k++)
			if (schemas[i].columns[k].references_table != NULL)
				check_reference(paths[i], &schemas[i].columns[k]);
	}
}

/* ---- the list ---- */

/* Ends a column of the list: a dash where nothing has been put since `start`. */
static void
end_word(struct buf *out, size_t start, char end)
{
	if (out->len == start)
		buf_addc(out, '-');
	buf_addc(out, end);
}

/* Puts the names of columns that `is` is true of, separated by commas. */
static void
put_columns(struct buf *out, const struct schema *s, bool (*is)(const struct schema_column *c), char end)
{
	size_t i, start = out->len;

	for (i = 0; i < s->ncolumns; i++) {
		if (!is(&s->columns[i]))
			continue;
		if (out->len > start)
			buf_addc(out, ',');
		buf_adds(out, s->columns[i].name);
	}
	end_word(out, start, end);
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

static void
put_words(struct buf *out, const char *const *words)
{
	for (; *words != NULL; words++)
		buf_adds(out, *words);
}

/* Puts "column=table.column" for each reference, separated by commas. */
static void
put_references(struct buf *out, const struct schema *s)
{
	const struct schema_column *c;
	size_t i, start = out->len;

	for (i = 0; i < s->ncolumns; i++) {
		c = &s->columns[i];
		if (c->references_table == NULL)
			continue;
		if (out->len > start)
			buf_addc(out, ',');
		put_words(out, (const char *const[]){ c->name, "=", c->references_table, ".", c->references_column,
		    NULL });
	}
	end_word(out, start, '\n');
}

static void
list(struct buf *out, const struct schema *s)
{
	const char *file = s->file != NULL ? s->file : s->name, *suffix = s->file != NULL ? "" : ".csv";

	put_words(out, (const char *const[]){ s->name, "\t", file, suffix, "\t", NULL });
	put_columns(out, s, is_key, '\t');
	put_columns(out, s, is_amount, '\t');
	put_references(out, s);
}

/* Prints what has been put together. */
static void
print(struct buf *out)
{
	struct msg err = { 0 };

	if (io_write(STDOUT_FILENO, out->p, out->len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	buf_free(out);
}

static void
list_schemas(void)
{
	struct msg err = { 0 };
	struct buf out = { 0 };
	size_t i;

	schemas = xcalloc(npaths, sizeof(*schemas));
	for (i = 0; i < npaths; i++)
		if (schema_read(&schemas[i], paths[i], &err) < 0)
			msg_exit(&err);
	check_all();
	for (i = 0; i < npaths; i++) {
		list(&out, &schemas[i]);
		schema_free(&schemas[i]);
	}
	free(schemas);
	print(&out);
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
	if (to_list && new_job != NULL)
		cli_usage("expected one of --list and --new");
	if (npaths == 0)
		cli_usage("expected a %s", to_list ? "SCHEMA" : "FILE");
	if (to_list)
		list_schemas();
	else if (new_job != NULL)
		draft_job();
	else if (npaths == 1)
		draft_file(paths[0]);
	else
		cli_usage("expected one FILE; --new makes a job of several");
	return 0;
}

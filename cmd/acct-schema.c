/* acct-schema checks the schemas of a job against each other and lists what each says of its table. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/near.h"
#include "cli/cli.h"
#include "schema/schema.h"

static bool to_list;
static const char *const *paths;
static struct schema *schemas;
static size_t nschemas;

static const struct cli_option options[] = {
	{ 'l', "list", NULL, "print a line for each schema: table, file, key, amounts, references", CLI_FLAG,
	    .to = &to_list },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-l] SCHEMA...", NULL },
	.about = "Checks schemas, alone and against each other: each table once, in a file of its name, and the columns\n"
	    "that its references name in other schemas.",
	.options = options,
	.examples = (const char *const[]){ "acct-schema -l pipelines/bank/sources/*.yaml", NULL },
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

	for (i = 0; i < nschemas; i++)
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
		refuse(path, "name: must be letters, digits, '_' and '-', beginning with a letter or digit", s->name, "");
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
		for (i = 0; i < nschemas; i++)
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

	for (i = 0; i < nschemas; i++) {
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
		put_words(out, (const char *const[]){ c->name, "=", c->references_table, ".", c->references_column, NULL });
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

int
main(int argc, char *argv[])
{
	int first = cli_start(&program, argc, argv);
	struct msg err = { 0 };
	struct buf out = { 0 };
	size_t i;

	if (first == argc)
		cli_usage("expected a SCHEMA");
	paths = (const char *const *)&argv[first];
	nschemas = (size_t)(argc - first);
	schemas = xcalloc(nschemas, sizeof(*schemas));
	for (i = 0; i < nschemas; i++)
		if (schema_read(&schemas[i], paths[i], &err) < 0)
			msg_exit(&err);
	check_all();
	for (i = 0; i < nschemas; i++) {
		if (to_list)
			list(&out, &schemas[i]);
		schema_free(&schemas[i]);
	}
	if (io_write(STDOUT_FILENO, out.p, out.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	free(schemas);
	buf_free(&out);
	return 0;
}

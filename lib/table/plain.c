/* Presents plain Parquet as a table with one version. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delta/log/pq.h"
#include "table/table.h"

static char *
pool_text(struct pool *pool, const char *s)
{
	return pool_copy(pool, s, strlen(s) + 1);
}

/* Describes a file's columns; marks nested ones as refused, by name. */
static void
describe(struct delta_snapshot *s, struct pq_reader *r)
{
	size_t nfields, nleaves, i, leaf = 0;
	const struct pq_field *fields = pq_fields(r, &nfields);
	const struct pq_column *leaves = pq_columns(r, &nleaves);

	s->columns = pool_alloc(&s->pool, (nfields + 1) * sizeof(*s->columns));
	for (i = 0; i < nfields; s->ncolumns++) {
		struct delta_column *c = &s->columns[s->ncolumns];
		size_t open = 1;

		*c = (struct delta_column){ .name = pool_text(&s->pool, fields[i].name), .id = PQ_NO_ID,
		    .partition = -1, .nullable = true };
		c->physical = c->name;
		if (fields[i].children == 0 && leaves[leaf].refused == NULL && leaves[leaf].max_rep == 0) {
			c->type = leaves[leaf].type;
			c->precision = leaves[leaf].precision;
			c->scale = leaves[leaf].scale;
			c->nullable = leaves[leaf].max_def > 0;
		} else {
			c->refused = fields[i].children == 0 && leaves[leaf].refused != NULL ?
			    pool_text(&s->pool, leaves[leaf].refused) : "a nested column";
		}
		for (; open > 0; i++, open--) {		/* skips this field and its subtree */
			open += fields[i].children;
			leaf += fields[i].children == 0;
		}
	}
}

static bool
same_column(const struct delta_column *a, const struct delta_column *b)
{
	return strcmp(a->name, b->name) == 0 && (a->refused == NULL) == (b->refused == NULL) && (a->refused != NULL ||
	    (a->type == b->type && a->precision == b->precision && a->scale == b->scale));
}

/*
 * Checks that a file has the first file's columns in the same order. A column nullable in one file is nullable in
 * all.
 */
static int
compare(struct delta_snapshot *s, struct pq_reader *r, const char *path, struct msg *err)
{
	struct delta_snapshot other = { 0 };
	size_t i;
	int failed = 0;

	describe(&other, r);
	for (i = 0; i < s->ncolumns && i < other.ncolumns && !failed; i++) {
		if (!same_column(&s->columns[i], &other.columns[i]))
			failed = msg_set(err, EX_DATAERR, "%s: column %s: differs from the other files of the folder",
			    path,
			    other.columns[i].name);
		s->columns[i].nullable |= other.columns[i].nullable;
	}
	if (!failed && s->ncolumns != other.ncolumns)
		failed = msg_set(err, EX_DATAERR, "%s: %zu columns, but the other files of the folder have %zu", path,
		    other.ncolumns,
		    s->ncolumns);
	delta_snapshot_free(&other);
	return failed;
}

static int
add_file(struct delta_table *t, struct delta_snapshot *s, const char *name, const char **key, struct msg *err)
{
	struct store_in in;
	struct pq_source source;
	struct pq_reader *r = NULL;
	const char *list;
	int failed;

	if (store_in_open(t->store, name, &in, err) < 0)
		return -1;
	source = delta_pq_source(&in);
	failed = pq_open(&r, &source, 0, err);
	if (!failed && s->nfiles == 0) {
		describe(s, r);
		list = pq_key(r, TABLE_KEY);
		*key = list != NULL ? pool_text(&s->pool, list) : NULL;
	} else if (!failed) {
		failed = compare(s, r, in.path, err);
	}
	if (!failed)
		s->files[s->nfiles++] = (struct delta_file){ .uri = pool_text(&s->pool, name),
		    .name = pool_text(&s->pool, name),
		    .size = (int64_t)in.size, .base_row_id = -1, .row_commit_version = -1 };
	pq_close(r);
	store_in_close(&in);
	return failed;
}

static bool
is_hidden(const char *name)
{
	const char *last = strrchr(name, '/');

	last = last != NULL ? last + 1 : name;
	return *last == '.' || *last == '_';
}

static bool
is_parquet(const char *name)
{
	static const char suffix[] = ".parquet";
	size_t n = strlen(name);

	return !is_hidden(name) && n >= sizeof(suffix) && strcmp(name + n - (sizeof(suffix) - 1), suffix) == 0;
}

/* Refuses folders named "column=value", whose rows have values of columns that no file contains. */
static int
refuse_partitions(struct delta_table *t, struct msg *err)
{
	struct store_list list;
	size_t i;
	int failed = store_list_folders(t->store, "", &list, err);

	for (i = 0; !failed && i < list.n; i++)
		if (!is_hidden(list.entries[i].name) && strchr(list.entries[i].name, '=') != NULL)
			failed = msg_set(err, EX_UNAVAILABLE, "%s/%s: partition folders are not supported", t->address,
			    list.entries[i].name);
	store_list_free(&list);
	return failed;
}

static int
add_folder(struct delta_table *t, struct delta_snapshot *s, const char **key, struct msg *err)
{
	struct store_list list;
	size_t i;
	int failed = refuse_partitions(t, err) < 0 || store_list(t->store, "", &list, err) < 0 ? -1 : 0;

	if (failed)
		return -1;
	s->files = xcalloc(list.n, sizeof(*s->files));
	for (i = 0; i < list.n && !failed; i++)
		if (is_parquet(list.entries[i].name))
			failed = add_file(t, s, list.entries[i].name, key, err);
	store_list_free(&list);
	if (!failed && s->nfiles == 0)
		failed = msg_set(err, EX_NOINPUT, "%s: neither a Delta table nor a folder of Parquet files",
		    t->address);
	return failed;
}

/* Takes the one object at `path`, also if it is a link: the caller asked for it by name. */
static int
add_object(struct delta_table *t, const char *path, struct delta_snapshot *s, const char **key, struct msg *err)
{
	const char *name;

	if (store_open_folder_of(&t->store, path, &name, err) < 0)
		return -1;
	if (*name == '\0')
		return msg_set(err, EX_NOINPUT, "%s: %s", path, strerror(ENOTDIR));
	t->address = xstrdup(path);
	store_read_outside(t->store);
	s->files = xcalloc(1, sizeof(*s->files));
	return add_file(t, s, name, key, err);
}

/* Opens the folder or the object at `path` as a table. */
static int
add_place(struct delta_table *t, const char *path, bool outside, struct delta_snapshot *s, const char **key,
    struct msg *err)
{
	enum store_kind kind = STORE_OTHER;
	int there;

	if (delta_open(t, path, err) < 0 || (there = store_stat(t->store, "", &kind, err)) < 0)
		return -1;
	if (there == 0)
		return msg_set(err, EX_NOINPUT, "%s: %s", path, strerror(ENOENT));
	if (outside)
		store_read_outside(t->store);
	if (kind == STORE_FOLDER)
		return add_folder(t, s, key, err);
	delta_close(t);
	return add_object(t, path, s, key, err);
}

int
table_plain(struct delta_table *t, const char *path, bool outside, struct delta_snapshot *s, const char **key,
    struct msg *err)
{
	*key = NULL;
	memset(s, 0, sizeof(*s));
	memset(t, 0, sizeof(*t));
	if (add_place(t, path, outside, s, key, err) == 0)
		return 0;
	delta_snapshot_free(s);
	delta_close(t);
	return -1;
}

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "clean/clean.h"
#include "job/parts.h"
#include "val/val.h"

enum { MAX_BYTES = 1 << 20, PIECE = 1 << 16 };

/* ---- files ---- */

int
job_text_read(const char *path, struct buf *text, struct msg *err)
{
	int fd = io_open(path, err);
	ssize_t n = -1;

	while (fd >= 0 && text->len <= MAX_BYTES && (n = io_read(fd, buf_room(text, PIECE), PIECE, path, err)) > 0)
		text->len += (size_t)n;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -1;
	if (text->len > MAX_BYTES)
		return msg_set(err, EX_CONFIG, "%s: longer than %d bytes", path, MAX_BYTES);
	buf_cstr(text);
	return 0;
}

bool
job_name_ok(const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name != '\0' && name[strspn(name, plain)] == '\0' && strchr("_-", *name) == NULL;
}

void
job_words_add(struct job_words *w, const char *word, size_t n)
{
	w->word = xreallocarray(w->word, w->n + 1, sizeof(*w->word));
	w->word[w->n++] = xstrndup(word, n);
}

/* ---- tables by name ---- */

int
job_source_find(const struct job *j, const char *name)
{
	size_t i;

	for (i = 0; i < j->nsources; i++)
		if (strcmp(j->sources[i].schema.name, name) == 0)
			return (int)i;
	return -1;
}

int
job_gold_find(const struct job *j, const char *name)
{
	size_t i;

	for (i = 0; i < j->ngold; i++)
		if (strcmp(j->gold[i].name, name) == 0)
			return (int)i;
	return -1;
}

void
job_near_tables(const struct job *j, struct near *near, bool sources, bool gold)
{
	size_t i;

	for (i = 0; sources && i < j->nsources; i++)
		near_try(near, j->sources[i].schema.name);
	for (i = 0; gold && i < j->ngold; i++)
		near_try(near, j->gold[i].name);
}

/* ---- references ---- */

char *
job_reference_columns(const struct schema *s, const size_t *columns, size_t n)
{
	struct buf b = { 0 };
	char *text;
	size_t i;

	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(&b, ',');
		buf_adds(&b, s->columns[columns[i]].name);
	}
	text = xstrdup(buf_cstr(&b));
	buf_free(&b);
	return text;
}

static int
column_find(const struct schema *s, const char *name, struct near *near)
{
	size_t i;

	near_start(near, name);
	for (i = 0; i < s->ncolumns; i++) {
		if (strcmp(s->columns[i].name, name) == 0)
			return (int)i;
		near_try(near, s->columns[i].name);
	}
	return -1;
}

struct reference {		/* a reference as a schema has it */
	const struct job_source *source;
	struct schema_place at;
	const char *table;
	struct msg *err;
};

static int
refuse(const struct reference *r, const char *what, const char *word, const char *hint)
{
	return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: references: %s: %s%s", r->source->path, r->at.line, r->at.column,
	    what, msg_quotes(word), hint);
}

/* Begins a reference of the source to a table. Returns NULL for an unknown table. */
static struct job_reference *
begin_reference(const struct job *j, struct job_source *s, const struct reference *r)
{
	int table = job_source_find(j, r->table);
	struct job_reference *made;
	struct near near;

	if (table < 0) {
		near_start(&near, r->table);
		job_near_tables(j, &near, true, false);
		(void)refuse(r, "no such table", r->table, near_hint(&near));
		return NULL;
	}
	s->references = xreallocarray(s->references, s->nreferences + 1, sizeof(*s->references));
	made = &s->references[s->nreferences++];
	*made = (struct job_reference){ .source = (size_t)table, .at = r->at };
	return made;
}

/* Adds a pair of columns to a reference. */
static int
add_pair(const struct job *j, const struct reference *r, struct job_reference *to, const char *own, const char *other)
{
	const struct schema *from = &r->source->schema, *s = &j->sources[to->source].schema;
	struct near near;
	int at = column_find(from, own, &near), column = column_find(s, other, &near);

	if (column < 0)
		return refuse(r, "no such column", other, near_hint(&near));
	if (!val_type_comparable(from->columns[at].type, s->columns[column].type))
		return refuse(r, "a column of another type", other, "");
	if (to->n == JOB_REFERENCE_MAX)
		return refuse(r, "too many columns", own, "");
	to->columns = xreallocarray(to->columns, to->n + 1, sizeof(*to->columns));
	to->others = xreallocarray(to->others, to->n + 1, sizeof(*to->others));
	to->columns[to->n] = (size_t)at;
	to->others[to->n++] = (size_t)column;
	return 0;
}

/* Adds the reference of a column. */
static int
add_single(const struct job *j, struct job_source *s, const struct schema_column *c, struct msg *err)
{
	struct reference r = { s, c->references_at, c->references_table, err };
	struct job_reference *to = begin_reference(j, s, &r);

	if (to == NULL)
		return -1;
	to->orphans = c->orphans;
	return add_pair(j, &r, to, c->name, c->references_column);
}

/* Adds a reference of several columns. */
static int
add_composite(const struct job *j, struct job_source *s, const struct schema_reference *from, struct msg *err)
{
	struct reference r = { s, from->at, from->table, err };
	struct job_reference *to = begin_reference(j, s, &r);
	size_t i;

	if (to == NULL)
		return -1;
	to->orphans = from->orphans;
	for (i = 0; i < from->n; i++) {
		r.at = from->columns[i].at;
		if (add_pair(j, &r, to, from->columns[i].own, from->columns[i].other) < 0)
			return -1;
	}
	return 0;
}

static int
add_references(struct job *j, struct msg *err)
{
	size_t i, k;

	for (i = 0; i < j->nsources; i++) {
		struct job_source *s = &j->sources[i];

		for (k = 0; k < s->schema.ncolumns; k++)
			if (s->schema.columns[k].references_table != NULL &&
			    add_single(j, s, &s->schema.columns[k], err) < 0)
				return -1;
		for (k = 0; k < s->schema.nreferences; k++)
			if (add_composite(j, s, &s->schema.references[k], err) < 0)
				return -1;
	}
	return 0;
}

/* Sets the level of a source after those of its owners. Returns whether it has changed. */
static bool
raise_level(const struct job *j, struct job_source *s)
{
	size_t i, least, level = s->level;

	for (i = 0; i < s->nreferences; i++) {
		least = j->sources[s->references[i].source].level + 1;
		if (s->references[i].orphans == SCHEMA_ORPHANS_REJECT && level < least)
			level = least;
	}
	if (level == s->level)
		return false;
	s->level = level;
	return true;
}

/* Refuses the reference of a source into a circle of tables, each of which is to be cleaned after another. */
static int
refuse_circle(const struct job *j, const struct job_source *s, struct msg *err)
{
	size_t i;

	for (i = 0; s->references[i].orphans != SCHEMA_ORPHANS_REJECT ||
	    j->sources[s->references[i].source].level + 1 < s->level; i++)
		continue;
	return msg_set(err, EX_CONFIG, "%s:%zu:%zu: orphans: reject: tables that wait for each other in a circle: %s",
	    s->path, s->references[i].at.line, s->references[i].at.column,
	    msg_quotes(j->sources[s->references[i].source].schema.name));
}

/* Puts the sources whose orphans are rejected after their owners. */
static int
level_sources(struct job *j, struct msg *err)
{
	bool changed = true;
	size_t i;

	while (changed)
		for (changed = false, i = 0; i < j->nsources; i++) {
			if (!raise_level(j, &j->sources[i]))
				continue;
			changed = true;
			if (j->sources[i].level >= j->nsources)
				return refuse_circle(j, &j->sources[i], err);
		}
	return 0;
}

/* ---- sources ---- */

/* A job finds the schema of a table by the file's name, and a table by its folder's in the lake. */
static int
check_name(const struct job_source *s, const char *file, struct msg *err)
{
	const char *name = s->schema.name;

	if (strncmp(file, name, strlen(name)) != 0 || strcmp(file + strlen(name), ".yaml") != 0)
		return msg_set(err, EX_CONFIG, "%s: name: must be that of the file: %s", s->path, msg_quotes(name));
	if (!job_name_ok(name))
		return msg_set(err, EX_CONFIG,
		    "%s: name: must be letters, digits, '_' and '-', beginning with a letter or digit: %s", s->path,
		    msg_quotes(name));
	return 0;
}

static int
add_source(struct job *j, const char *file, struct msg *err)
{
	struct job_source *s;

	j->sources = xreallocarray(j->sources, j->nsources + 1, sizeof(*j->sources));
	s = &j->sources[j->nsources++];
	*s = (struct job_source){ .path = xasprintf("%s/sources/%s", j->folder, file) };
	if (schema_read(&s->schema, s->path, err) < 0 || clean_schema_check(&s->schema, err) < 0 ||
	    check_name(s, file, err) < 0)
		return -1;
	s->file = s->schema.file != NULL ? xstrdup(s->schema.file) : xasprintf("%s.csv", s->schema.name);
	return 0;
}

static int
is_schema(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
read_sources(struct job *j, struct msg *err)
{
	char *folder = xasprintf("%s/sources", j->folder);
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_schema, by_name), i, status = 0;

	if (n < 0)
		status = errno != ENOENT && errno != ENOTDIR ? msg_sys(err, msg_errno_status(EX_IOERR), "%s", folder) :
		    msg_set(err, EX_NOINPUT,
		    "%s: no such directory; a job is a folder with sources/TABLE.yaml and gold/TABLE.sh", folder);
	else if (n == 0)
		status = msg_set(err, EX_NOINPUT, "%s: no schema (TABLE.yaml) in it", folder);
	for (i = 0; i < n; i++) {
		if (status == 0)
			status = add_source(j, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	free(folder);
	return status;
}

static void
source_free(struct job_source *s)
{
	while (s->nreferences > 0) {
		s->nreferences--;
		free(s->references[s->nreferences].columns);
		free(s->references[s->nreferences].others);
	}
	free(s->references);
	schema_free(&s->schema);
	free(s->path);
	free(s->file);
}

/* ---- the whole ---- */

static int
read_checks(struct job *j, struct msg *err)
{
	struct buf text = { 0 };
	int status = 0;

	j->checks_path = xasprintf("%s/checks", j->folder);
	if (access(j->checks_path, F_OK) == 0) {
		status = job_text_read(j->checks_path, &text, err);
		if (status == 0)
			status = job_checks_parse(&j->checks, j, (const char *)text.p, text.len, j->checks_path, err);
	}
	buf_free(&text);
	return status;
}

int
job_read(struct job *j, const char *folder, struct msg *err)
{
	*j = (struct job){ .folder = xstrdup(folder) };
	if (read_sources(j, err) < 0 || add_references(j, err) < 0 || level_sources(j, err) < 0 ||
	    job_gold_read(j, err) < 0)
		return -1;
	return read_checks(j, err);
}

void
job_free(struct job *j)
{
	job_checks_free(&j->checks);
	while (j->ngold > 0)
		job_gold_free(&j->gold[--j->ngold]);
	while (j->nsources > 0)
		source_free(&j->sources[--j->nsources]);
	free(j->gold);
	free(j->sources);
	free(j->checks_path);
	free(j->folder);
	*j = (struct job){ 0 };
}

#include "ingest/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/utf8.h"

/* ---- columns and files ---- */

static int
too_many_columns(struct ingest_columns *c, const struct ingest_file *f, uint64_t line)
{
	return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": more columns than the %d that a record can have", f->name,
	    line, INGEST_COLUMNS_MAX);
}

/* Returns the index of a name, searching from i, or n. */
static size_t
find(const struct ingest_columns *c, const struct ingest_names *names, const char *name, size_t i)
{
	while (i < names->n && !schema_same_name(c->schema, names->v[i], name))
		i++;
	return i;
}

/* Sets the columns of the records: the schema's, or those of the first file. */
static void
set_columns(struct ingest_columns *c, const struct ingest_names *names)
{
	const struct schema *s = c->schema;
	size_t i, n = s != NULL ? s->ncolumns : names->n;

	c->names.v = xcalloc(n + 1, sizeof(*c->names.v));
	c->of = s != NULL ? xcalloc(n, sizeof(*c->of)) : NULL;
	for (i = 0; i < n; i++) {
		if (s != NULL && schema_is_computed(&s->columns[i]))
			continue;
		if (s != NULL)
			c->of[c->names.n] = i;
		c->names.v[c->names.n++] = xstrdup(s != NULL ? s->columns[i].name : names->v[i]);
	}
}

void
ingest_columns_init(struct ingest_columns *c, const struct schema *schema, bool header, struct csv_format format,
    const char *first)
{
	*c = (struct ingest_columns){ .schema = schema, .header = header, .format = format, .first = first };
	if (schema != NULL)
		set_columns(c, NULL);
}

void
ingest_columns_free(struct ingest_columns *c)
{
	csv_words_free(c->names.v, c->names.n);
	csv_words_free(c->more.v, c->more.n);
	csv_words_free(c->ignored.v, c->ignored.n);
	csv_words_free(c->fewer.v, c->fewer.n);
	c->names = c->more = c->ignored = c->fewer = (struct ingest_names){ 0 };
	free(c->of);
	c->of = NULL;
}

/* ---- names of a file ---- */

static int
duplicate(struct ingest_columns *c, const struct ingest_file *f, const char *name, uint64_t line)
{
	return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": duplicate column %s", f->name, line, msg_quotes(name));
}

/* Rejects empty names, unless their columns may be ignored, and without a schema duplicate ones. */
static int
check_names(struct ingest_columns *c, const struct ingest_file *f, uint64_t line)
{
	size_t i;

	for (i = 0; i < f->names.n; i++) {
		const char *name = f->names.v[i];

		if (*name == '\0' && c->schema != NULL && c->schema->extra_ignore)
			continue;
		if (*name == '\0')
			return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": column %zu has no name", f->name, line,
			    i + 1);
		if (c->schema == NULL && find(c, &f->names, name, i + 1) < f->names.n)
			return duplicate(c, f, name, line);
	}
	return 0;
}

/* Removes the blanks and tabs around a name of n bytes. Returns the length. */
static size_t
trim(char *name, size_t n)
{
	size_t begin = 0;

	while (n > 0 && (name[n - 1] == ' ' || name[n - 1] == '\t'))
		n--;
	while (begin < n && (name[begin] == ' ' || name[begin] == '\t'))
		begin++;
	memmove(name, name + begin, n - begin);
	name[n - begin] = '\0';
	return n - begin;
}

static int
copy_names(struct ingest_columns *c, struct ingest_file *f, const struct csv_field *fields, size_t n, uint64_t line)
{
	size_t *i = &f->names.n;

	f->names.v = xcalloc(n, sizeof(*f->names.v));
	for (; *i < n; ++*i) {
		char *name = xcalloc(1, fields[*i].n + 1);
		size_t len = csv_unquote(&fields[*i], c->format, (uint8_t *)name);

		if (c->schema != NULL)
			len = trim(name, len);
		f->names.v[*i] = name;
		if (memchr(name, '\0', len) == NULL && utf8_ok(name, len))
			continue;
		++*i;		/* freed with the file */
		return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": column %zu: not a name in UTF-8: %s", f->name,
		    line,
		    *i, msg_quote(name, len));
	}
	return 0;
}

/* Takes the names from the first row of the batch. */
static int
take_names(struct ingest_columns *c, struct ingest_file *f, struct csv_batch *batch, uint64_t line)
{
	struct csv_field *fields;
	size_t n;
	int failed;

	if (batch == NULL && c->schema != NULL && c->schema->header_line > 1)
		return msg_set(&c->err, EX_DATAERR, "%s: no row from line %" PRIu64 ", the schema's header line",
		    f->name, c->schema->header_line);
	if (batch == NULL)
		return msg_set(&c->err, EX_DATAERR, "%s: empty: missing line of column names", f->name);
	if (batch->rows->flags & CSV_REJECT)
		return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": a stray quote in the line of column names",
		    f->name, line);
	n = batch->rows->nfields;
	if (n > INGEST_COLUMNS_MAX)
		return too_many_columns(c, f, line);
	fields = xcalloc(n, sizeof(*fields));
	csv_split(batch, batch->rows, c->format, fields);
	n -= c->schema != NULL && c->schema->trailing_delimiter && n > 1 && fields[n - 1].n == 0;
	failed = copy_names(c, f, fields, n, line);
	free(fields);
	f->header_lines = csv_row_lines(batch->rows);
	batch->rows++;
	batch->n--;
	return failed ? -1 : check_names(c, f, line);
}

static const char *
source_of(const struct ingest_columns *c, size_t column)
{
	return column < c->names.n - c->more.n ? c->schema->columns[c->of[column]].source : c->names.v[column];
}

/* Makes names for a file without a header: the schema's, or c1, c2, ..., one for each field of its first row. */
static int
make_names(struct ingest_columns *c, struct ingest_file *f, const struct csv_batch *batch, uint64_t line)
{
	size_t i, n = c->names.n;

	if (n == 0) {
		if (batch == NULL)
			return msg_set(&c->err, EX_DATAERR, "%s: empty: the number of columns is not known", f->name);
		if (batch->rows->flags & CSV_REJECT)
			return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64
			    ": a stray quote in the first row, which gives the "
			    "number of columns", f->name, line);
		n = batch->rows->nfields;
		if (n > INGEST_COLUMNS_MAX)
			return too_many_columns(c, f, line);
	}
	f->names.n = n;
	f->names.v = xcalloc(n, sizeof(*f->names.v));
	for (i = 0; i < n; i++)
		f->names.v[i] = c->schema != NULL ? xstrdup(source_of(c, i)) :
		    xasprintf("c%zu", i + 1);
	return 0;
}

/* ---- matching ---- */

/* Reports a column that is not in the schema, with the schema's nearest. */
static int
unknown_column(struct ingest_columns *c, const struct ingest_file *f, const char *column, uint64_t line)
{
	struct near near;
	size_t i;

	near_start(&near, column);
	for (i = 0; i < c->names.n; i++)
		near_try(&near, source_of(c, i));
	return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": column %s is not in the schema%s (extra: ignore skips it)",
	    f->name, line, msg_quotes(column), near_hint(&near));
}

/* Returns the index of the first of the column's sources that the file has, or the number of its columns. */
static size_t
find_source(const struct ingest_columns *c, const struct ingest_file *f, size_t column)
{
	const struct schema_list *sources;
	size_t i, at = f->names.n;

	if (column >= c->names.n - c->more.n)		/* of the first file, by drift */
		return find(c, &f->names, c->names.v[column], 0);
	sources = &c->schema->columns[c->of[column]].sources;
	for (i = 0; i < sources->n && at == f->names.n; i++)
		at = find(c, &f->names, sources->word[i], 0);
	return at;
}

static void
add_name(struct ingest_names *to, const char *name)
{
	to->v = xreallocarray(to->v, to->n + 1, sizeof(*to->v));
	to->v[to->n++] = xstrdup(name);
}

/* Is the name one that a column of the records can have besides the schema's? */
static bool
can_add(const struct ingest_columns *c, const struct ingest_file *f, const char *name)
{
	size_t i;

	for (i = 0; i < c->schema->ncolumns; i++)
		if (schema_same_name(c->schema, c->schema->columns[i].name, name))
			return false;
	return *name != '_' && find(c, &f->names, name, find(c, &f->names, name, 0) + 1) == f->names.n &&
	    c->names.n < INGEST_COLUMNS_MAX;
}

/* Takes what the schema does not name over into the records. */
static int
add_columns(struct ingest_columns *c, struct ingest_file *f, const bool *used, uint64_t line)
{
	size_t i;

	for (i = 0; i < f->names.n; i++) {
		if (used[i])
			continue;
		if (!can_add(c, f, f->names.v[i]))
			return unknown_column(c, f, f->names.v[i], line);
		f->from = xreallocarray(f->from, c->names.n + 2, sizeof(*f->from));
		f->from[c->names.n] = i;
		add_name(&c->names, f->names.v[i]);
		add_name(&c->more, f->names.v[i]);
	}
	return 0;
}

/* Drops a column of the records that the file lacks. */
static void
drop_column(struct ingest_columns *c, size_t i)
{
	add_name(&c->fewer, source_of(c, i));
	free(c->names.v[i]);
	c->names.n--;
	memmove(c->names.v + i, c->names.v + i + 1, (c->names.n - i) * sizeof(*c->names.v));
	memmove(c->of + i, c->of + i + 1, (c->names.n - i) * sizeof(*c->of));
}

/* Drops the columns that the file lacks and may. */
static void
drop_columns(struct ingest_columns *c, const struct ingest_file *f)
{
	size_t i = 0;

	while (i < c->names.n)
		if (schema_may_lack(c->schema, &c->schema->columns[c->of[i]]) && find_source(c, f, i) == f->names.n)
			drop_column(c, i);
		else
			i++;
}

/* Rejects columns unknown to the schema, unless it ignores them. */
static int
check_used(struct ingest_columns *c, struct ingest_file *f, const bool *used, uint64_t line)
{
	size_t i;

	if (c->schema->drift == SCHEMA_DRIFT_ADD && !c->settled)
		return add_columns(c, f, used, line);
	for (i = 0; c->schema->drift == SCHEMA_DRIFT_IGNORE && !c->settled && i < f->names.n; i++)
		if (!used[i])
			add_name(&c->ignored, f->names.v[i]);
	for (i = 0; c->settled && i < f->names.n; i++)
		if (!used[i] && find(c, &c->fewer, f->names.v[i], 0) < c->fewer.n)
			return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": column %s is not in %s", f->name, line,
			    msg_quotes(f->names.v[i]), c->first);

	for (i = 0; i < f->names.n && !c->schema->extra_ignore; i++)
		if (!used[i])
			return unknown_column(c, f, f->names.v[i], line);
	return 0;
}

/* Returns another delimiter with which the header line would have the column, or 0. */
static char
find_delimiter(const struct ingest_columns *c, const struct ingest_file *f, const char *source)
{
	static const char others[] = ";,\t|:";
	struct buf line = { 0 };
	const char *d;
	char **words, found = 0;
	size_t i, n;

	for (i = 0; i < f->names.n; i++)
		buf_addf(&line, "%s%.*s", f->names.v[i], i + 1 < f->names.n, (const char *)&c->format.delimiter);
	for (d = others; *d != '\0' && found == 0; d++) {
		const struct csv_format other = { .delimiter = (uint8_t)*d, .quote = '"' };

		words = other.delimiter != c->format.delimiter ? csv_words(buf_cstr(&line), other, &n) : NULL;
		for (i = 0; words != NULL && i < n && n > 1; i++)
			if (strcmp(words[i], source) == 0)
				found = *d;
		if (words != NULL)
			csv_words_free(words, n);
	}
	buf_free(&line);
	return found;
}

/* Reports a missing column with the names that exist, which may differ only by case, a space or a CR. */
static int
tell_missing(struct ingest_columns *c, const struct ingest_file *f, const char *source, uint64_t line)
{
	enum { ROOM = 500 };
	struct buf list = { 0 };
	const char delimiter = find_delimiter(c, f, source), *shown = delimiter == '\t' ? "\\t" :
	    (char[]){ delimiter, '\0' };
	struct near near;
	size_t i;

	if (delimiter != '\0')
		return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64
		    ": missing column %s; with '%s' between the fields it is there: "
		    "set delimiter: \"%s\" in the schema, or -d '%s'", f->name, line, msg_quotes(source), shown, shown,
		    shown);
	near_start(&near, source);
	for (i = 0; i < f->names.n; i++)
		near_try(&near, f->names.v[i]);
	for (i = 0; i < f->names.n; i++) {
		if (list.len > ROOM) {
			buf_adds(&list, ", ...");
			break;
		}
		buf_adds(&list, i > 0 ? ", " : "");
		buf_adds(&list, msg_quotes(f->names.v[i]));
	}
	msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": missing column %s%s columns are: %s", f->name, line,
	    msg_quotes(source), near_hint_before(&near), buf_cstr(&list));
	buf_free(&list);
	return -1;
}

/* Matches the file's columns to the schema's by name. */
static int
match_by_name(struct ingest_columns *c, struct ingest_file *f, uint64_t line)
{
	bool *used = xcalloc(f->names.n + 1, sizeof(*used));
	size_t i;
	int failed = 0;

	if (!c->settled)
		drop_columns(c, f);
	for (i = 0; i < c->names.n && !failed; i++) {
		f->from[i] = find_source(c, f, i);
		if (f->from[i] == f->names.n)
			failed = tell_missing(c, f, source_of(c, i), line);
		else if (find(c, &f->names, f->names.v[f->from[i]], f->from[i] + 1) < f->names.n)
			failed = duplicate(c, f, f->names.v[f->from[i]], line);
		else
			used[f->from[i]] = true;
	}
	if (!failed)
		failed = check_used(c, f, used, line);
	c->settled = true;
	free(used);
	return failed;
}

/* Without a schema the first file's names are the columns, and all files must have the same names. */
static int
check_same(struct ingest_columns *c, const struct ingest_file *f, uint64_t line)
{
	const struct ingest_names *want = &c->names;
	size_t i;

	if (f->names.n != want->n)
		return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": %zu columns, but %zu in %s", f->name, line,
		    f->names.n, want->n, c->first);
	for (i = 0; i < want->n; i++)
		if (strcmp(f->names.v[i], want->v[i]) != 0)
			return msg_set(&c->err, EX_DATAERR, "%s:%" PRIu64 ": column %zu is %s, but %s in %s", f->name,
			    line, i + 1, msg_quotes(f->names.v[i]), msg_quotes(want->v[i]), c->first);
	return 0;
}

int
ingest_file_open(struct ingest_file *f, const char *name, struct ingest_columns *c, struct csv_batch *batch)
{
	uint64_t line = batch != NULL ? batch->line + batch->rows->line : 1;
	size_t i;

	*f = (struct ingest_file){ .name = name };
	if ((c->header ? take_names(c, f, batch, line) : make_names(c, f, batch, line)) < 0)
		return -1;
	if (c->names.n == 0)
		set_columns(c, &f->names);
	f->from = xcalloc(c->names.n + 1, sizeof(*f->from));
	for (i = 0; i < c->names.n; i++)
		f->from[i] = i;
	if (!c->header)
		return 0;
	return c->schema != NULL ? match_by_name(c, f, line) : check_same(c, f, line);
}

void
ingest_file_free(struct ingest_file *f)
{
	csv_words_free(f->names.v, f->names.n);
	free(f->from);
	*f = (struct ingest_file){ 0 };
}

/* ---- the header ---- */

char *
ingest_table_name(const char *path)
{
	const char *base = strrchr(path, '/');
	char *name, *dot;

	if (strcmp(path, "<stdin>") == 0)
		return xstrdup("stdin");
	name = utf8_shown(base != NULL ? base + 1 : path);
	dot = strrchr(name, '.');
	if (dot != NULL && dot != name && (strcmp(dot, ".gz") == 0 || strcmp(dot, ".zst") == 0)) {
		*dot = '\0';
		dot = strrchr(name, '.');
	}
	if (dot != NULL && dot != name)
		*dot = '\0';
	return name;
}

static void
set_words(struct rec_header *h, const struct ingest_file *f)
{
	struct buf list = { 0 };
	char *source = utf8_shown(f->name);
	size_t i;

	for (i = 0; i < f->names.n; i++) {
		if (i > 0)
			buf_addc(&list, ',');
		csv_put(&list, f->names.v[i], strlen(f->names.v[i]),
		    (struct csv_format){ .delimiter = ',', .quote = '"' });
	}
	rec_header_set_word(h, "source", source);
	rec_header_set_word(h, "columns", buf_cstr(&list));
	free(source);
	buf_free(&list);
}

bool
ingest_has_lines(const struct ingest_columns *c)
{
	return c->schema != NULL && c->schema->extra_ignore && c->format.quote != 0 &&
	    c->format.multiline != CSV_MULTILINE_NO;
}

static bool
is_reserved(const char *name)
{
	return strcmp(name, "_line") == 0 || strcmp(name, "_malformed") == 0;
}

int
ingest_header(struct ingest_columns *c, const struct ingest_file *f, const char *table, struct rec_header *h)
{
	const struct val_type line = { VAL_INT64, 0, 0 }, text = { VAL_STRING, 0, 0 };
	char *name = table != NULL ? xstrdup(table) : ingest_table_name(c->first);
	size_t i;

	rec_header_init(h, name);
	free(name);
	rec_header_add(h, "_line", line, true, true);
	for (i = 0; i < c->names.n; i++) {
		if (is_reserved(c->names.v[i]))
			return msg_set(&c->err, EX_DATAERR, "%s: _line and _malformed are reserved names", f->name);
		rec_header_add(h, c->names.v[i], text, false, false);
	}
	if (ingest_has_lines(c))
		rec_header_add(h, "_lines", line, false, true);
	rec_header_add(h, "_malformed", text, false, false);
	set_words(h, f);
	return 0;
}

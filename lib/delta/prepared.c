/* Prepared versions: commits that wait in a file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/hash.h"
#include "base/io.h"
#include "delta/log.h"
#include "delta/state.h"
#include "delta/write.h"

#define END "{\"end\":{\"checksum\":\""
enum { END_LENGTH = sizeof(END "0123456789abcdef\"}}\n") - 1 };

int
delta_prepared_put(struct buf *out, const struct delta_snapshot *base, const struct delta_change *c, bool overwrite,
    struct msg *err)
{
	struct delta_change alone = *c;
	size_t start = out->len;

	alone.nremoves = 0;
	buf_adds(out, "{\"prepared\":{\"table\":");
	delta_json_text(out, base->version < 0 ? NULL : base->metadata.id);
	buf_addf(out, ",\"version\":%" PRId64 ",\"overwrite\":%s,\"addsColumns\":%s,\"replacesSchema\":%s}}\n",
	    base->version, overwrite ? "true" : "false", c->ncolumns > base->ncolumns ? "true" : "false",
	    c->replaces_schema ? "true" : "false");
	if (delta_commit_text(out, &alone, err) < 0)
		return -1;
	buf_addf(out, END "%016" PRIx64 "\"}}\n", hash_bytes(out->p + start, out->len - start));
	return 0;
}

/* ---- marker of a table whose first version is not committed yet ---- */

#define MARK DELTA_LOG "/_prepared"

int
delta_prepared_mark(struct delta_table *t, struct msg *err)
{
	return store_put(t->store, MARK, "", 0, STORE_NEW, err) < 0 ? -1 : 0;
}

int
delta_prepared_unmark(struct delta_table *t, struct msg *err)
{
	return store_delete(t->store, MARK, err);
}

int
delta_prepared_is_marked(struct delta_table *t, struct msg *err)
{
	struct buf none = { 0 };
	int there = store_get(t->store, MARK, &none, err);

	buf_free(&none);
	return there;
}

/* ---- parsing ---- */

/* Returns true if the last line is a checksum that matches all lines before it. */
static bool
is_whole(const struct buf *text)
{
	char end[END_LENGTH + 1];
	size_t n;

	if (text->len < END_LENGTH)
		return false;
	n = text->len - END_LENGTH;
	snprintf(end, sizeof(end), END "%016" PRIx64 "\"}}\n", hash_bytes(text->p, n));
	return memchr(text->p, '\n', n) != NULL && memcmp(text->p + n, end, END_LENGTH) == 0;
}

/* Parses the first line. */
static int
parse_head(struct delta_prepared *p, const struct buf *text)
{
	const char *lf = memchr(text->p, '\n', text->len);
	json_t *line = json_loadb((const char *)text->p, (size_t)(lf - (const char *)text->p), 0, NULL);
	const json_t *o = json_object_get(line, "prepared"), *version = json_object_get(o, "version");
	const char *table = json_string_value(json_object_get(o, "table"));
	bool good = json_is_integer(version);

	if (good) {
		p->base = json_integer_value(version);
		p->table = table != NULL ? xstrdup(table) : NULL;
		p->overwrite = json_is_true(json_object_get(o, "overwrite"));
		p->adds_columns = json_is_true(json_object_get(o, "addsColumns"));
		p->replaces_schema = json_is_true(json_object_get(o, "replacesSchema"));
	}
	json_decref(line);
	return good ? 0 : -1;
}

/* Parses the text of file `name`. */
static int
parse(struct delta_prepared *p, const struct delta_table *t, const char *name, const struct buf *text,
    struct msg *err)
{
	struct delta_state st;
	int failed;

	if (!is_whole(text) || parse_head(p, text) < 0)
		return msg_set(err, EX_DATAERR, "%s: invalid or truncated prepared version", name);
	delta_state_init(&st, &p->rows, t->root);
	failed = delta_actions(&st, name, text, NULL, err) < 0 || delta_state_finish(&st, err) < 0 ? -1 : 0;
	delta_state_free(&st);
	if (!failed && p->rows.napps != 1)
		failed = msg_set(err, EX_DATAERR, "%s: no application", name);
	return failed;
}

int
delta_prepared_load(struct delta_prepared *p, const struct delta_table *t, const char *path, struct msg *err)
{
	enum { PIECE = 64 * 1024 };
	const char *name = io_in_name(path);
	struct buf text = { 0 };
	ssize_t n = -1;
	int fd = io_open(path, err);
	int failed = -1;

	memset(p, 0, sizeof(*p));
	while (fd >= 0 && (n = io_read(fd, buf_room(&text, PIECE), PIECE, name, err)) > 0)
		text.len += (size_t)n;
	if (n == 0)
		failed = parse(p, t, name, &text, err);
	if (fd >= 0)
		close(fd);
	buf_free(&text);
	return failed;
}

void
delta_prepared_free(struct delta_prepared *p)
{
	delta_snapshot_free(&p->rows);
	free(p->table);
	p->table = NULL;
}

/* ---- matching the table ---- */

int
delta_prepared_suits(const struct delta_prepared *p, const struct delta_snapshot *s, struct msg *err)
{
	const struct delta_app *app = &p->rows.apps[0];

	if (p->table != NULL && s->version < 0)
		return msg_set(err, EX_NOINPUT, "the table that this was prepared for does not exist");
	if (p->table != NULL && strcmp(p->table, s->metadata.id) != 0)
		return msg_set(err, EX_DATAERR, "prepared for another table: its id is %s, not %s", p->table,
		    s->metadata.id);
	return s->version >= 0 && delta_app_version(s, app->id) >= app->version ? 0 : 1;
}

int
delta_prepared_check(const struct delta_prepared *p, struct delta_table *t, struct msg *err)
{
	struct store_in in;
	size_t i;

	for (i = 0; i < p->rows.nfiles; i++) {
		const struct delta_file *f = &p->rows.files[i];

		if (store_in_open(t->store, f->name, &in, err) < 0)
			return -1;
		if (in.size != (uint64_t)f->size)
			msg_set(err, EX_DATAERR, "%s: %" PRIu64 " bytes, not %" PRId64, in.path, in.size, f->size);
		store_in_close(&in);
		if (err->status != 0)
			return -1;
	}
	return 0;
}

/* Returns true if the table's columns are the first columns of the new files. */
static bool
begins_with(const struct delta_snapshot *rows, const struct delta_snapshot *s)
{
	size_t i;

	for (i = 0; i < s->ncolumns && i < rows->ncolumns; i++) {
		const struct delta_column *a = &rows->columns[i], *b = &s->columns[i];

		if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->precision != b->precision ||
		    a->scale != b->scale)
			return false;
	}
	return i == s->ncolumns;
}

int
delta_prepared_apply(struct delta_prepared *p, struct delta_snapshot *s, struct msg *err)
{
	struct delta_snapshot old = *s;
	int got = delta_prepared_suits(p, s, err);
	size_t i;

	if (got <= 0)
		return got;
	if (p->overwrite || s->version < 0) {
		*s = p->rows;
		p->rows = old;
		s->version = old.version + 1;
		return 0;
	}
	if (!begins_with(&p->rows, s))
		return msg_set(err, EX_TEMPFAIL, "the table's columns have changed since this was prepared");
	s->files = xreallocarray(s->files, s->nfiles + p->rows.nfiles, sizeof(*s->files));
	for (i = 0; i < p->rows.nfiles; i++)
		s->files[s->nfiles++] = p->rows.files[i];
	s->columns = p->rows.columns;
	s->ncolumns = p->rows.ncolumns;
	s->version++;
	return 0;
}

int
delta_load_with(struct delta_table *t, const char *path, struct delta_prepared *p, struct delta_snapshot *s,
    struct msg *err)
{
	struct msg why = { 0 };
	int there = delta_exists(t, err);

	if (there < 0 || (there > 0 && delta_load(t, DELTA_NEWEST, s, err) < 0))
		return -1;
	if (there == 0)
		*s = (struct delta_snapshot){ .version = -1 };
	if (delta_prepared_load(p, t, path, err) < 0) {
		delta_snapshot_free(s);
		return -1;
	}
	if (delta_prepared_apply(p, s, &why) == 0)
		return 0;
	delta_prepared_free(p);
	delta_snapshot_free(s);
	return msg_set(err, why.status, "%s: %s: %s", path, t->address, why.text);
}

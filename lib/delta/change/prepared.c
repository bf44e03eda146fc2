/* Prepared versions: commits that wait in a file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/hash.h"
#include "base/io.h"
#include "delta/change/commit.h"
#include "delta/log/names.h"
#include "delta/log/state.h"

#define END "{\"end\":{\"checksum\":\""
enum { END_LENGTH = sizeof(END "0123456789abcdef\"}}\n") - 1 };

static const char *const scopes[] = { [DELTA_BLIND] = "blind", [DELTA_READ_TABLE] = "read",
    [DELTA_REARRANGE] = "rearrange" };

/* ---- writing ---- */

/* Returns the bytes of a value as it is in memory. */
static struct pq_bytes
value_bytes(const struct delta_column *c, const union pq_value *v)
{
	switch (pq_shape(c->type, c->precision)) {
	case PQ_BYTES:
		return v->b;
	case PQ_I128:
		return (struct pq_bytes){ (const uint8_t *)&v->w, sizeof(v->w) };
	case PQ_F32:
	case PQ_F64:
		return (struct pq_bytes){ (const uint8_t *)&v->f, sizeof(v->f) };
	default:
		return (struct pq_bytes){ (const uint8_t *)&v->i, sizeof(v->i) };
	}
}

static void
put_value(struct buf *out, const char *name, const struct delta_column *c, const union pq_value *v)
{
	struct pq_bytes b = value_bytes(c, v);
	size_t i;

	buf_addf(out, ",\"%s\":\"", name);
	for (i = 0; i < b.n; i++)
		buf_addf(out, "%02x", b.p[i]);
	buf_addc(out, '"');
}

static void
put_bounds(struct buf *out, const struct delta_column *columns, const struct delta_change *c)
{
	size_t i;

	buf_adds(out, ",\"bounds\":[");
	for (i = 0; i < c->nbounds && columns != NULL; i++) {
		const struct delta_bound *b = &c->bounds[i];

		buf_adds(out, i > 0 ? ",{\"column\":" : "{\"column\":");
		delta_json_text(out, columns[b->column].name);
		if (b->has_low)
			put_value(out, "low", &columns[b->column], &b->low);
		if (b->has_high)
			put_value(out, "high", &columns[b->column], &b->high);
		buf_addf(out, ",\"noNull\":%s}", b->no_null ? "true" : "false");
	}
	buf_addc(out, ']');
}

static void
put_flag(struct buf *out, const char *name, bool value)
{
	buf_addf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

int
delta_prepared_put(struct buf *out, const struct delta_table *t, const struct delta_snapshot *base,
    const struct delta_change *c, struct msg *err)
{
	struct delta_change alone = *c;
	size_t start = out->len;

	buf_adds(out, "{\"prepared\":{\"root\":");
	delta_json_text(out, t->root);
	buf_adds(out, ",\"table\":");
	delta_json_text(out, base->version < 0 ? NULL : base->metadata.id);
	buf_addf(out, ",\"version\":%" PRId64, base->version);
	put_flag(out, "overwrite", c->replaces_rows);
	put_flag(out, "addsColumns", c->ncolumns > base->ncolumns);
	put_flag(out, "replacesSchema", c->replaces_schema);
	buf_addf(out, ",\"scope\":\"%s\"", scopes[c->scope]);
	put_bounds(out, c->columns != NULL ? c->columns : base->columns, c);
	buf_adds(out, "}}\n");
	if (c->replaces_rows)
		alone.nremoves = 0;
	if (delta_commit_text(out, base, &alone, err) < 0)
		return -1;
	buf_addf(out, END "%016" PRIx64 "\"}}\n", hash_bytes(out->p + start, out->len - start));
	return 0;
}

/* ---- marker of a table whose first version is not committed yet ---- */

#define MARK DELTA_LOG "/_prepared"

int
delta_prepared_mark(struct delta_table *t, struct msg *err)
{
	if (store_put(t->store, MARK, "", 0, STORE_NEW, err) < 0)
		return -1;
	delta_set_root(t);
	return 0;
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

/* ---- reading ---- */

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

static const char *
copy_text(struct delta_prepared *p, const char *text)
{
	return text != NULL ? pool_copy(&p->rows.pool, text, strlen(text) + 1) : NULL;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Parses what put_value wrote. Returns 1, 0 if there is no such value, or -1. */
static int
parse_value(struct delta_prepared *p, const json_t *o, const char *name, const struct delta_column *c,
    union pq_value *v)
{
	const char *text = json_string_value(json_object_get(o, name));
	size_t n = text != NULL ? strlen(text) : 0, i;
	struct pq_bytes want = value_bytes(c, v);
	uint8_t *bytes = pool_alloc(&p->rows.pool, n / 2 + 1);
	int high, low;

	if (text == NULL)
		return 0;
	for (i = 0; i + 1 < n; i += 2) {
		if ((high = digit(text[i])) < 0 || (low = digit(text[i + 1])) < 0)
			return -1;
		bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	if (pq_shape(c->type, c->precision) == PQ_BYTES)
		v->b = (struct pq_bytes){ bytes, n / 2 };
	else if (n == 2 * want.n)
		memcpy(v, bytes, want.n);
	else
		return -1;
	return n % 2 == 0 ? 1 : -1;
}

static int
parse_bound(struct delta_prepared *p, const json_t *o, struct delta_bound *b)
{
	const char *name = json_string_value(json_object_get(o, "column"));
	int at = name != NULL ? delta_column_find(&p->rows, name) : -1, low, high;

	if (at < 0)
		return -1;
	*b = (struct delta_bound){ .column = (size_t)at, .no_null = json_is_true(json_object_get(o, "noNull")) };
	low = parse_value(p, o, "low", &p->rows.columns[at], &b->low);
	high = parse_value(p, o, "high", &p->rows.columns[at], &b->high);
	b->has_low = low > 0;
	b->has_high = high > 0;
	return low < 0 || high < 0 ? -1 : 0;
}

static int
parse_bounds(struct delta_prepared *p, const json_t *list)
{
	size_t n = json_array_size(list);

	p->bounds = xcalloc(n, sizeof(*p->bounds));
	for (; p->nbounds < n; p->nbounds++)
		if (parse_bound(p, json_array_get(list, p->nbounds), &p->bounds[p->nbounds]) < 0)
			return -1;
	return 0;
}

/* Parses the first line, after the columns are known. */
static int
parse_head(struct delta_prepared *p, const json_t *o)
{
	const json_t *version = json_object_get(o, "version");
	const char *scope = json_string_value(json_object_get(o, "scope"));
	unsigned i;

	if (!json_is_integer(version))
		return -1;
	p->base = json_integer_value(version);
	p->root = copy_text(p, json_string_value(json_object_get(o, "root")));
	p->table = copy_text(p, json_string_value(json_object_get(o, "table")));
	p->replaces_rows = json_is_true(json_object_get(o, "overwrite"));
	p->adds_columns = json_is_true(json_object_get(o, "addsColumns"));
	p->replaces_schema = json_is_true(json_object_get(o, "replacesSchema"));
	p->scope = p->replaces_rows ? DELTA_READ_TABLE : DELTA_BLIND;
	for (i = 0; i < sizeof(scopes) / sizeof(*scopes) && scope != NULL; i++)
		if (strcmp(scope, scopes[i]) == 0)
			p->scope = (enum delta_scope)i;
	return parse_bounds(p, json_object_get(o, "bounds"));
}

/* Parses the second line: what the commit will say of itself. */
static void
parse_info(struct delta_prepared *p, json_t *o)
{
	json_t *parameters = json_object_get(o, "operationParameters"),
	    *metrics = json_object_get(o, "operationMetrics"), *value;
	struct pool *pool = &p->rows.pool;
	const char *key;

	p->operation = copy_text(p, json_string_value(json_object_get(o, "operation")));
	p->parameters = pool_alloc(pool, (json_object_size(parameters) + 1) * sizeof(*p->parameters));
	json_object_foreach(parameters, key, value)
		p->parameters[p->nparameters++] = (struct delta_pair){ copy_text(p, key),
		    copy_text(p, json_string_value(value)) };
	p->metrics = pool_alloc(pool, (json_object_size(metrics) + 1) * sizeof(*p->metrics));
	json_object_foreach(metrics, key, value)
		p->metrics[p->nmetrics++] = (struct delta_metric){ copy_text(p, key),
		    json_is_string(value) ? strtoull(json_string_value(value), NULL, 10) : 0 };
}

/* Returns the object that the next line has by this name, and moves *at to the line after it. */
static json_t *
next_object(const char **at, const char *end, const char *name)
{
	const char *lf = memchr(*at, '\n', (size_t)(end - *at));
	size_t n = lf != NULL ? (size_t)(lf - *at) : (size_t)(end - *at);
	json_t *line = json_loadb(*at, n, 0, NULL), *o = json_incref(json_object_get(line, name));

	*at += lf != NULL ? n + 1 : n;
	json_decref(line);
	return o;
}

static int
parse_lines(struct delta_prepared *p, const struct buf *text)
{
	const char *at = (const char *)text->p, *end = at + text->len;
	json_t *head = next_object(&at, end, "prepared"), *info = next_object(&at, end, "commitInfo");
	int failed = parse_head(p, head);

	parse_info(p, info);
	json_decref(head);
	json_decref(info);
	return failed;
}

static int
parse(struct delta_prepared *p, const struct delta_table *t, const char *name, const struct buf *text,
    struct msg *err)
{
	struct delta_state st;
	int failed;

	if (!is_whole(text))
		return msg_set(err, EX_DATAERR, "%s: invalid or truncated prepared version", name);
	delta_state_init(&st, &p->rows, t->root);
	failed = delta_actions(&st, name, text, NULL, err) < 0 || delta_state_finish(&st, err) < 0 ? -1 : 0;
	delta_state_free(&st);
	if (!failed && parse_lines(p, text) < 0)
		failed = msg_set(err, EX_DATAERR, "%s: invalid or truncated prepared version", name);
	if (!failed && p->rows.napps < 1)
		failed = msg_set(err, EX_DATAERR, "%s: no application", name);
	p->name = copy_text(p, name);
	return failed;
}

int
delta_prepared_parse(struct delta_prepared *p, const struct delta_table *t, const char *name, const struct buf *text,
    struct msg *err)
{
	memset(p, 0, sizeof(*p));
	return parse(p, t, name, text, err);
}

int
delta_prepared_get(struct buf *text, const char *path, struct msg *err)
{
	enum { PIECE = 64 * 1024 };
	const char *name = io_in_name(path);
	ssize_t n = -1;
	int fd = io_open(path, err);

	while (fd >= 0 && (n = io_read(fd, buf_room(text, PIECE), PIECE, name, err)) > 0)
		text->len += (size_t)n;
	if (fd >= 0)
		close(fd);
	return n == 0 ? 0 : -1;
}

int
delta_prepared_load(struct delta_prepared *p, const struct delta_table *t, const char *path, struct msg *err)
{
	struct buf text = { 0 };
	int failed;

	memset(p, 0, sizeof(*p));
	failed = delta_prepared_get(&text, path, err) < 0 ? -1 : parse(p, t, io_in_name(path), &text, err);
	buf_free(&text);
	return failed;
}

void
delta_prepared_free(struct delta_prepared *p)
{
	delta_snapshot_free(&p->rows);
	free(p->bounds);
	memset(p, 0, sizeof(*p));
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

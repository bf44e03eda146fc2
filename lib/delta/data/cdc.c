#include "delta/data/cdc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/log/pq.h"
#include "delta/log/sum.h"
#include "delta/log/uri.h"

/* ---- the files of a commit ---- */

struct cdc_list {
	struct delta_table *table;
	const struct delta_snapshot *snapshot;
	int64_t version;
	struct pool *pool;
	struct delta_file *files;	/* owned */
	size_t n;
};

static const char *
keep(struct pool *pool, const char *text)
{
	return pool_copy(pool, text, strlen(text) + 1);
}

/* Orders partition values by the partition columns; an empty one is null, as in an add. */
static const char **
partition_values(struct cdc_list *l, const json_t *values)
{
	const struct delta_snapshot *s = l->snapshot;
	const char **out = pool_alloc(l->pool, (s->metadata.npartition_columns + 1) * sizeof(*out)), *text;
	size_t i;

	memset(out, 0, (s->metadata.npartition_columns + 1) * sizeof(*out));
	for (i = 0; i < s->ncolumns; i++) {
		text = json_string_value(json_object_get(values, s->columns[i].physical));
		if (s->columns[i].partition >= 0 && text != NULL && *text != '\0')
			out[s->columns[i].partition] = keep(l->pool, text);
	}
	return out;
}

static int
take(struct cdc_list *l, const json_t *o, struct msg *err)
{
	const char *path = json_string_value(json_object_get(o, "path"));
	struct buf name = { 0 };
	struct delta_file f = { .size = json_integer_value(json_object_get(o, "size")), .base_row_id = -1,
	    .row_commit_version = -1 };

	if (path == NULL || !delta_uri_name(path, l->table->root, &name)) {
		buf_free(&name);
		return msg_set(err, EX_DATAERR, "%s: version %" PRId64 ": cdc: not a path of a file below the table: "
		    "%s", l->table->address, l->version, path != NULL ? msg_quotes(path) : "none");
	}
	f.uri = keep(l->pool, path);
	f.name = keep(l->pool, buf_cstr(&name));
	f.partition = partition_values(l, json_object_get(o, "partitionValues"));
	buf_free(&name);
	l->files = xreallocarray(l->files, l->n + 1, sizeof(*l->files));
	l->files[l->n++] = f;
	return 0;
}

/* Takes the cdc actions of a commit's text; its other lines are not parsed. */
static int
take_lines(struct cdc_list *l, const struct buf *text, struct msg *err)
{
	const char *p = text->len > 0 ? (const char *)text->p : "", *end = p + text->len, *lf;
	const json_t *o;
	json_t *line;
	int failed = 0;

	for (; p < end && !failed; p = lf + 1) {
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
			lf = end;
		if (memmem(p, (size_t)(lf - p), "\"cdc\"", 5) == NULL)
			continue;
		line = json_loadb(p, (size_t)(lf - p), 0, NULL);
		if ((o = json_object_get(line, "cdc")) != NULL)
			failed = take(l, o, err);
		json_decref(line);
	}
	return failed;
}

int
delta_cdc_list(struct delta_table *t, const struct delta_snapshot *s, int64_t version, struct pool *pool,
    struct delta_file **files, size_t *n, struct msg *err)
{
	struct cdc_list l = { .table = t, .snapshot = s, .version = version, .pool = pool };
	struct buf text = { 0 };
	int got = delta_sum_get(t, version, &text, err);

	*files = NULL;
	*n = 0;
	if (got > 0)
		got = take_lines(&l, &text, err);
	buf_free(&text);
	if (l.n > 0) {
		*files = pool_copy(pool, l.files, l.n * sizeof(*l.files));
		*n = l.n;
	}
	free(l.files);
	return got < 0 ? -1 : 0;
}

/* ---- the rows of a file ---- */

/* Returns 1 or -1 for a change type, 0 for any other text. */
static int8_t
sign_of(struct pq_bytes word)
{
	static const struct { const char *word; int8_t sign; } words[] = { { "insert", 1 }, { "delete", -1 },
	    { "update_preimage", -1 }, { "update_postimage", 1 } };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (word.n == strlen(words[i].word) && memcmp(word.p, words[i].word, word.n) == 0)
			return words[i].sign;
	return 0;
}

/* Selects the column of change types. */
static int
select_types(struct pq_reader *r, const char *path, struct msg *err)
{
	size_t n, i;
	const struct pq_column *c = pq_columns(r, &n);

	for (i = 0; i < n && !(c[i].top && strcmp(c[i].name, "_change_type") == 0 && c[i].type == PQ_STRING); i++)
		;
	if (i == n)
		return msg_set(err, EX_DATAERR, "%s: no column _change_type", path);
	return pq_select(r, &i, NULL, 1, err);
}

static int
read_signs(struct pq_reader *r, const char *path, int8_t *signs, size_t n, struct msg *err)
{
	enum { BATCH = 8192 };
	struct pq_batch b;
	size_t i, at = 0;
	int got;

	while ((got = pq_next(r, BATCH, &b, err)) > 0)
		for (i = 0; i < b.rows && at < n; i++) {
			const struct pq_vector *v = &b.columns[0];

			signs[at] = v->def == NULL || v->def[i] ? sign_of(v->v.bytes[i]) : 0;
			if (signs[at++] == 0)
				return msg_set(err, EX_DATAERR, "%s: row %zu: invalid _change_type", path, at);
		}
	return got;
}

int
delta_cdc_signs(struct delta_table *t, const struct delta_file *f, int8_t **signs, size_t *n, struct msg *err)
{
	struct pq_reader *r = NULL;
	struct pq_source source;
	struct store_in in;
	int failed;

	*signs = NULL;
	*n = 0;
	if (store_in_open(t->store, f->name, &in, err) < 0)
		return -1;
	source = delta_pq_source(&in);
	failed = pq_open(&r, &source, 0, err) < 0 || select_types(r, in.path, err) < 0;
	if (!failed) {
		*n = (size_t)pq_rows(r);
		*signs = xcalloc(*n, 1);
		failed = read_signs(r, in.path, *signs, *n, err) < 0;
	}
	pq_close(r);
	store_in_close(&in);
	return failed ? -1 : 0;
}

/* The text of a commit: its actions as JSON, one a line. Clause Actions. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "delta/change/commit.h"
#include "delta/log/state.h"
#include "delta/log/sum.h"

#define ENGINE "acct/" ACCT_VERSION

static void
put_names(struct buf *out, const char *const *names, size_t n)
{
	size_t i;

	buf_addc(out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		delta_json_text(out, names[i]);
	}
	buf_addc(out, ']');
}

static void
put_map(struct buf *out, const struct delta_pair *pairs, size_t n)
{
	size_t i;

	buf_addc(out, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		delta_json_text(out, pairs[i].key);
		buf_addc(out, ':');
		delta_json_text(out, pairs[i].value);
	}
	buf_addc(out, '}');
}

static void
put_partition(struct buf *out, const struct delta_snapshot *s, const struct delta_file *f)
{
	bool first = true;
	size_t i;

	buf_addc(out, '{');
	for (i = 0; i < s->ncolumns && f->partition != NULL; i++) {
		if (s->columns[i].partition < 0)
			continue;
		if (!first)
			buf_addc(out, ',');
		first = false;
		delta_json_text(out, s->columns[i].physical);
		buf_addc(out, ':');
		delta_json_text(out, f->partition[s->columns[i].partition]);
	}
	buf_addc(out, '}');
}

static void
put_vector(struct buf *out, const struct delta_dv *dv)
{
	buf_addf(out, ",\"deletionVector\":{\"storageType\":\"%c\",\"pathOrInlineDv\":", dv->storage);
	delta_json_text(out, dv->path_or_inline);
	if (dv->has_offset)
		buf_addf(out, ",\"offset\":%" PRId64, dv->offset);
	buf_addf(out, ",\"sizeInBytes\":%" PRId64 ",\"cardinality\":%" PRId64 "}", dv->size, dv->cardinality);
}

static bool
changes_data(const struct delta_change *c)
{
	return c->scope != DELTA_REARRANGE;
}

static void
put_add(struct buf *out, const struct delta_draft *d, const struct delta_change *c, const struct delta_file *f)
{
	buf_adds(out, "{\"add\":{\"path\":");
	delta_json_text(out, f->uri);
	buf_adds(out, ",\"partitionValues\":");
	put_partition(out, d->base, f);
	buf_addf(out, ",\"size\":%" PRId64 ",\"modificationTime\":%" PRId64 ",\"dataChange\":%s", f->size, f->mtime,
	    changes_data(c) ? "true" : "false");
	if (f->stats != NULL) {
		buf_adds(out, ",\"stats\":");
		delta_json_text(out, f->stats);
	}
	if (f->tags != NULL)
		buf_addf(out, ",\"tags\":%s", f->tags);
	if (f->dv != NULL)
		put_vector(out, f->dv);
	buf_adds(out, "}}\n");
}

static void
put_remove(struct buf *out, const struct delta_draft *d, const struct delta_change *c, const struct delta_file *f,
    int64_t now)
{
	buf_adds(out, "{\"remove\":{\"path\":");
	delta_json_text(out, f->uri);
	buf_addf(out, ",\"deletionTimestamp\":%" PRId64
	    ",\"dataChange\":%s,\"extendedFileMetadata\":true,\"partitionValues\":", now,
	    changes_data(c) ? "true" : "false");
	put_partition(out, d->base, f);
	buf_addf(out, ",\"size\":%" PRId64, f->size);
	if (f->tags != NULL)
		buf_addf(out, ",\"tags\":%s", f->tags);
	if (f->dv != NULL)
		put_vector(out, f->dv);
	if (f->base_row_id >= 0)
		buf_addf(out, ",\"baseRowId\":%" PRId64, f->base_row_id);
	if (f->row_commit_version >= 0)
		buf_addf(out, ",\"defaultRowCommitVersion\":%" PRId64, f->row_commit_version);
	buf_adds(out, "}}\n");
}

/* Puts metrics as Spark does: numbers as strings. */
static void
put_metrics(struct buf *out, const struct delta_metric *m, size_t n)
{
	size_t i;

	buf_addc(out, '{');
	for (i = 0; i < n; i++)
		buf_addf(out, "%s\"%s\":\"%" PRIu64 "\"", i > 0 ? "," : "", m[i].name, m[i].value);
	buf_addc(out, '}');
}

/* Returns true if the version only adds rows, whatever the table has. */
static bool
is_blind(const struct delta_change *c)
{
	for (; c != NULL && c->scope == DELTA_BLIND && c->nremoves == 0; c = c->also)
		;
	return c == NULL;
}

static void
put_info(struct buf *out, const struct delta_draft *d, int64_t read_version, int64_t now)
{
	const struct delta_change *c = d->change;

	buf_addf(out, "{\"commitInfo\":{\"timestamp\":%" PRId64 ",\"operation\":", now);
	delta_json_text(out, c->operation);
	buf_adds(out, ",\"operationParameters\":");
	put_map(out, c->parameters, c->nparameters);
	if (read_version >= 0)
		buf_addf(out, ",\"readVersion\":%" PRId64, read_version);
	buf_addf(out, ",\"isolationLevel\":\"%s\",\"isBlindAppend\":%s,\"operationMetrics\":",
	    c->scope == DELTA_REARRANGE ? "SnapshotIsolation" : "Serializable",
	    is_blind(c) ? "true" : "false");
	put_metrics(out, c->metrics, c->nmetrics);
	buf_addf(out, ",\"engineInfo\":\"" ENGINE "\",\"txnId\":\"%s\"", d->txn_id);
	delta_sum_room(out);
	buf_adds(out, "}}\n");
}

static void
put_metadata(struct buf *out, const struct delta_metadata *m, const char *schema)
{
	buf_adds(out, "{\"id\":");
	delta_json_text(out, m->id);
	if (m->name != NULL) {
		buf_adds(out, ",\"name\":");
		delta_json_text(out, m->name);
	}
	if (m->description != NULL) {
		buf_adds(out, ",\"description\":");
		delta_json_text(out, m->description);
	}
	buf_adds(out, ",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":");
	delta_json_text(out, schema);
	buf_adds(out, ",\"partitionColumns\":");
	put_names(out, m->partition_columns, m->npartition_columns);
	buf_adds(out, ",\"configuration\":");
	put_map(out, m->configuration, m->nconfiguration);
	if (m->created >= 0)
		buf_addf(out, ",\"createdTime\":%" PRId64, m->created);
	buf_addc(out, '}');
}

static void
put_protocol(struct buf *out, const struct delta_protocol *p)
{
	buf_addf(out, "{\"minReaderVersion\":%d,\"minWriterVersion\":%d", p->reader, p->writer);
	if (p->reader >= 3) {
		buf_adds(out, ",\"readerFeatures\":");
		put_names(out, p->reader_features, p->nreader_features);
	}
	if (p->writer >= 7) {
		buf_adds(out, ",\"writerFeatures\":");
		put_names(out, p->writer_features, p->nwriter_features);
	}
	buf_addc(out, '}');
}

/* Merges the properties of m with those the change sets, into an array that the caller frees. */
static struct delta_pair *
set_properties(struct delta_metadata *m, const struct delta_change *c)
{
	struct delta_pair *all = xcalloc(m->nconfiguration + c->nconfiguration, sizeof(*all));
	size_t n = 0, i, k;

	for (i = 0; i < m->nconfiguration; i++)
		all[n++] = m->configuration[i];
	for (i = 0; i < c->nconfiguration; i++) {
		for (k = 0; k < n && strcmp(all[k].key, c->configuration[i].key) != 0; k++)
			;
		all[k] = c->configuration[i];
		if (k == n)
			n++;
	}
	m->configuration = all;
	m->nconfiguration = n;
	return all;
}

/* Returns the protocol that a new table with these properties needs. */
static struct delta_protocol
new_protocol(const struct delta_change *c)
{
	static const char *reads[] = { "deletionVectors" };
	static const char *writes[] = { "appendOnly", "deletionVectors", "invariants" };
	size_t i;

	for (i = 0; i < c->nconfiguration; i++)
		if (strcmp(c->configuration[i].key, DELTA_VECTORS) == 0 &&
		    strcmp(c->configuration[i].value, "true") == 0)
			return (struct delta_protocol){ .reader = 3, .writer = 7, .reader_features = reads,
			    .nreader_features = 1, .writer_features = writes, .nwriter_features = 3 };
	return (struct delta_protocol){ .reader = 1, .writer = 2 };
}

/* Computes the table's metadata and protocol after the change. */
static int
prepare(struct delta_draft *d, struct msg *err)
{
	const struct delta_snapshot *s = d->base;
	struct delta_metadata m = s->metadata;
	struct delta_protocol p = s->protocol;
	struct delta_pair *properties = NULL;
	struct buf schema = { 0 };
	char id[DELTA_UUID];
	bool new_table = s->version < 0;
	int failed = delta_uuid(d->txn_id, err);

	if (new_table) {
		failed = failed || delta_uuid(id, err) < 0 ? -1 : 0;
		m.id = id;
		m.created = delta_now();
		p = new_protocol(d->change);
	}
	if (new_table || d->change->replaces_schema)
		properties = set_properties(&m, d->change);
	if (!failed && d->change->columns == NULL)
		buf_adds(&schema, m.schema != NULL ? m.schema : "");
	else if (!failed && (new_table || d->change->replaces_schema))
		failed = delta_schema_put(&schema, d->change->columns, d->change->ncolumns, err);
	else if (!failed)
		failed = delta_schema_extend(&schema, s, d->change->columns, d->change->ncolumns, err);
	if (!failed) {
		put_metadata(&d->metadata, &m, buf_cstr(&schema));
		put_protocol(&d->protocol, &p);
		buf_cstr(&d->metadata);
		buf_cstr(&d->protocol);
	}
	free(properties);
	buf_free(&schema);
	return failed;
}

/* Returns transaction i of a change: its application's, then those of its sources; NULL after the last. */
static const struct delta_app *
transaction(const struct delta_change *c, size_t i)
{
	if (c->app.id != NULL && i-- == 0)
		return &c->app;
	return i < c->nconsumed ? &c->consumed[i] : NULL;
}

/* Returns true if the version has a later transaction of the application, or the same one before this. */
static bool
is_outdone(const struct delta_draft *d, const struct delta_app *app)
{
	const struct delta_change *c;
	const struct delta_app *o;
	bool before = true;
	size_t i;

	for (c = d->change; c != NULL; c = c->also)
		for (i = 0; (o = transaction(c, i)) != NULL; i++) {
			before = before && o != app;
			if (o != app && strcmp(o->id, app->id) == 0 &&
			    (o->version > app->version || (before && o->version == app->version)))
				return true;
		}
	return false;
}

/* Puts the applications' transactions, one for each (clause Transaction Identifiers). */
static void
put_apps(struct buf *out, const struct delta_draft *d, int64_t now)
{
	const struct delta_change *c;
	const struct delta_app *app;
	size_t i;

	for (c = d->change; c != NULL; c = c->also)
		for (i = 0; (app = transaction(c, i)) != NULL; i++) {
			if (is_outdone(d, app))
				continue;
			buf_adds(out, "{\"txn\":{\"appId\":");
			delta_json_text(out, app->id);
			buf_addf(out, ",\"version\":%" PRId64 ",\"lastUpdated\":%" PRId64 "}}\n", app->version, now);
		}
}

void
delta_draft_put(struct buf *out, const struct delta_draft *d, int64_t read_version)
{
	const struct delta_change *c;
	int64_t now = delta_now();
	size_t start = out->len, i;

	put_info(out, d, read_version, now);
	if (d->base->version < 0 || d->whole)
		buf_addf(out, "{\"protocol\":%s}\n", (char *)d->protocol.p);
	if (d->base->version < 0 || d->whole || d->change->columns != NULL)
		buf_addf(out, "{\"metaData\":%s}\n", (char *)d->metadata.p);
	put_apps(out, d, now);
	for (c = d->change; c != NULL; c = c->also)
		for (i = 0; i < c->nremoves; i++)
			put_remove(out, d, c, &d->base->files[c->removes[i]], now);
	for (c = d->change; c != NULL; c = c->also)
		for (i = 0; i < c->nadds; i++)
			put_add(out, d, c, &c->adds[i]);
	delta_sum_put(out, start);
}

int
delta_draft_init(struct delta_draft *d, struct delta_table *t, const struct delta_snapshot *base,
    const struct delta_change *change, struct msg *err)
{
	*d = (struct delta_draft){ .table = t, .base = base, .change = change };
	return prepare(d, err);
}

void
delta_draft_free(struct delta_draft *d)
{
	buf_free(&d->metadata);
	buf_free(&d->protocol);
}

int
delta_commit_text(struct buf *out, const struct delta_snapshot *base, const struct delta_change *c, struct msg *err)
{
	struct delta_draft d;
	int failed = delta_draft_init(&d, NULL, base, c, err);

	d.whole = true;
	if (!failed)
		delta_draft_put(out, &d, base->version);
	delta_draft_free(&d);
	return failed;
}

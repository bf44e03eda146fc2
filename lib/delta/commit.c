/*
 * Commits: writes the actions as one object, put if absent, so that only one writer gets the version. Clause Delta
 * Log Entries, and Conflict checks.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/log.h"
#include "delta/skip.h"
#include "delta/state.h"
#include "delta/sum.h"
#include "delta/uri.h"
#include "delta/write.h"

enum { CHECKPOINT_INTERVAL = 10, TRIES = 1000, REPEATS = 3, OURS = 2 };

#define ENGINE "acct/" ACCT_VERSION

struct commit {
	struct delta_table *table;
	const struct delta_snapshot *base;
	const struct delta_change *change;	/* the first of those that become one version */
	bool whole;			/* write protocol and metadata even if they are the base's */
	char txn_id[DELTA_UUID];
	struct buf metadata, protocol;	/* JSON of the actions, if they are written or already in the table */
};

/* ---- actions as JSON ---- */

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
put_add(struct buf *out, const struct commit *cm, const struct delta_change *c, const struct delta_file *f)
{
	buf_adds(out, "{\"add\":{\"path\":");
	delta_json_text(out, f->uri);
	buf_adds(out, ",\"partitionValues\":");
	put_partition(out, cm->base, f);
	buf_addf(out, ",\"size\":%" PRId64 ",\"modificationTime\":%" PRId64 ",\"dataChange\":%s", f->size, f->mtime,
	    changes_data(c) ? "true" : "false");
	if (f->stats != NULL) {
		buf_adds(out, ",\"stats\":");
		delta_json_text(out, f->stats);
	}
	if (f->tags != NULL)
		buf_addf(out, ",\"tags\":%s", f->tags);
	buf_adds(out, "}}\n");
}

static void
put_remove(struct buf *out, const struct commit *cm, const struct delta_change *c, const struct delta_file *f,
    int64_t now)
{
	buf_adds(out, "{\"remove\":{\"path\":");
	delta_json_text(out, f->uri);
	buf_addf(out, ",\"deletionTimestamp\":%" PRId64
	    ",\"dataChange\":%s,\"extendedFileMetadata\":true,\"partitionValues\":", now,
	    changes_data(c) ? "true" : "false");
	put_partition(out, cm->base, f);
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
put_info(struct buf *out, const struct commit *cm, int64_t read_version, int64_t now)
{
	const struct delta_change *c = cm->change;

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
	buf_addf(out, ",\"engineInfo\":\"" ENGINE "\",\"txnId\":\"%s\"", cm->txn_id);
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

/* Computes the table's metadata and protocol after the change. */
static int
prepare(struct commit *cm, struct msg *err)
{
	const struct delta_snapshot *s = cm->base;
	struct delta_metadata m = s->metadata;
	struct delta_protocol p = s->protocol;
	struct delta_pair *properties = NULL;
	struct buf schema = { 0 };
	char id[DELTA_UUID];
	bool new_table = s->version < 0;
	int failed = delta_uuid(cm->txn_id, err);

	if (new_table) {
		failed = failed || delta_uuid(id, err) < 0 ? -1 : 0;
		m.id = id;
		m.created = delta_now();
		p = (struct delta_protocol){ .reader = 1, .writer = 2 };
	}
	if (new_table || cm->change->replaces_schema)
		properties = set_properties(&m, cm->change);
	if (!failed && cm->change->columns == NULL)
		buf_adds(&schema, m.schema != NULL ? m.schema : "");
	else if (!failed && (new_table || cm->change->replaces_schema))
		failed = delta_schema_put(&schema, cm->change->columns, cm->change->ncolumns, err);
	else if (!failed)
		failed = delta_schema_extend(&schema, s, cm->change->columns, cm->change->ncolumns, err);
	if (!failed) {
		put_metadata(&cm->metadata, &m, buf_cstr(&schema));
		put_protocol(&cm->protocol, &p);
		buf_cstr(&cm->metadata);
		buf_cstr(&cm->protocol);
	}
	free(properties);
	buf_free(&schema);
	return failed;
}

/* Returns true if another change of the version has a later transaction of c's application, or the same one earlier. */
static bool
is_outdone(const struct commit *cm, const struct delta_change *c)
{
	const struct delta_change *o;
	bool before = true;

	for (o = cm->change; o != NULL; o = o->also) {
		before = before && o != c;
		if (o != c && o->app.id != NULL && strcmp(o->app.id, c->app.id) == 0 &&
		    (o->app.version > c->app.version || (before && o->app.version == c->app.version)))
			return true;
	}
	return false;
}

/* Puts the applications' transactions, one for each (clause Transaction Identifiers). */
static void
put_apps(struct buf *out, const struct commit *cm, int64_t now)
{
	const struct delta_change *c;

	for (c = cm->change; c != NULL; c = c->also) {
		if (c->app.id == NULL || is_outdone(cm, c))
			continue;
		buf_adds(out, "{\"txn\":{\"appId\":");
		delta_json_text(out, c->app.id);
		buf_addf(out, ",\"version\":%" PRId64 ",\"lastUpdated\":%" PRId64 "}}\n", c->app.version, now);
	}
}

static void
put_commit(struct buf *out, const struct commit *cm, int64_t read_version)
{
	const struct delta_change *c;
	int64_t now = delta_now();
	size_t start = out->len, i;

	put_info(out, cm, read_version, now);
	if (cm->base->version < 0 || cm->whole)
		buf_addf(out, "{\"protocol\":%s}\n", (char *)cm->protocol.p);
	if (cm->base->version < 0 || cm->whole || cm->change->columns != NULL)
		buf_addf(out, "{\"metaData\":%s}\n", (char *)cm->metadata.p);
	put_apps(out, cm, now);
	for (c = cm->change; c != NULL; c = c->also)
		for (i = 0; i < c->nremoves; i++)
			put_remove(out, cm, c, &cm->base->files[c->removes[i]], now);
	for (c = cm->change; c != NULL; c = c->also)
		for (i = 0; i < c->nadds; i++)
			put_add(out, cm, c, &c->adds[i]);
	delta_sum_put(out, start);
}

int
delta_commit_text(struct buf *out, const struct delta_snapshot *base, const struct delta_change *c, struct msg *err)
{
	struct commit cm = { .base = base, .change = c, .whole = true };
	int failed = prepare(&cm, err);

	if (!failed)
		put_commit(out, &cm, base->version);
	buf_free(&cm.metadata);
	buf_free(&cm.protocol);
	return failed;
}

/* ---- conflicts with concurrent commits ---- */

/* Returns true if a file may contain rows the change depends on. */
static bool
was_read(const struct commit *cm, const struct delta_change *c, const struct delta_file *f)
{
	return c->scope == DELTA_READ_TABLE && delta_file_may_match(cm->base, f, c->bounds, c->nbounds);
}

/* Returns true if an add contains rows that the change should have seen. */
static bool
adds_rows(const struct commit *cm, const struct delta_change *c, const json_t *added)
{
	struct delta_file f = { .stats = json_string_value(json_object_get(added, "stats")) };
	size_t i;

	if (c->scope != DELTA_READ_TABLE || json_is_false(json_object_get(added, "dataChange")))
		return false;
	if (cm->base->version < 0)
		return true;			/* the base has no columns that the bounds could be of */
	for (i = 0; i < c->nbounds; i++)
		if (cm->base->columns[c->bounds[i].column].partition >= 0)
			return true;		/* its column statistics are not compared */
	return was_read(cm, c, &f);
}

static bool
removes_file(const struct delta_change *c, size_t file)
{
	size_t i;

	for (i = 0; i < c->nremoves && c->removes[i] != file; i++)
		;
	return i < c->nremoves;
}

/*
 * Returns true if a remove concerns a file that we remove too, or rows that the change depends on. Writers encode
 * paths differently, so decoded names are compared; a file that is not found was added since, or may be any.
 */
static bool
removes_ours(const struct commit *cm, const struct delta_change *c, const json_t *removed)
{
	const char *uri = json_string_value(json_object_get(removed, "path"));
	bool data = !json_is_false(json_object_get(removed, "dataChange")), ours;
	const struct delta_snapshot *s = cm->base;
	struct buf name = { 0 };
	size_t i;

	if (uri == NULL)
		return false;
	if (!delta_uri_name(uri, cm->table->root, &name)) {
		buf_free(&name);
		return true;
	}
	for (i = 0; i < s->nfiles && strcmp(s->files[i].name, (const char *)name.p) != 0; i++)
		;
	if (i == s->nfiles)
		ours = data && c->scope == DELTA_READ_TABLE;
	else
		ours = removes_file(c, i) || (data && was_read(cm, c, &s->files[i]));
	buf_free(&name);
	return ours;
}

/*
 * Checks one action of a concurrent commit against one change. Returns 0 for no conflict; 1 if our application's
 * transaction is already in it; OURS if the commit is our own, whose success the store did not report; -1 for a
 * conflict.
 */
static int
weigh(const struct commit *cm, const struct delta_change *c, const char *kind, const json_t *o, int64_t version,
    struct msg *err)
{
	const char *app = json_string_value(json_object_get(o, "appId"));
	const char *what = NULL, *id = json_string_value(json_object_get(o, "txnId"));

	if (strcmp(kind, "commitInfo") == 0)
		return id != NULL && strcmp(id, cm->txn_id) == 0 ? OURS : 0;
	if (strcmp(kind, "protocol") == 0 || strcmp(kind, "metaData") == 0)
		what = "changed the table's schema or protocol";
	else if (strcmp(kind, "txn") == 0 && c->app.id != NULL && app != NULL && strcmp(app, c->app.id) == 0)
		return json_integer_value(json_object_get(o, "version")) >= c->app.version ? 1 :
		    msg_set(err, EX_TEMPFAIL,
		    "%s: version %" PRId64 " was written concurrently by the same application",
		    cm->table->address, version);
	else if (strcmp(kind, "add") == 0 && adds_rows(cm, c, o))
		what = "added rows";
	else if (strcmp(kind, "remove") == 0 && removes_ours(cm, c, o))
		what = "removed files that were read";
	if (what == NULL)
		return 0;
	return msg_set(err, EX_TEMPFAIL, "%s: version %" PRId64 " of another writer came first and %s",
	    cm->table->address, version,
	    what);
}

static int
weigh_line(const struct commit *cm, const char *line, size_t n, int64_t version, struct msg *err)
{
	json_t *o = json_loadb(line, n, JSON_ALLOW_NUL, NULL), *value;
	const struct delta_change *c;
	const char *kind;
	int verdict = 0;

	if (!json_is_object(o)) {
		json_decref(o);
		return msg_set(err, EX_DATAERR, "%s: version %" PRId64 ": not a JSON object in the log",
		    cm->table->address, version);
	}
	json_object_foreach(o, kind, value)
		for (c = cm->change; c != NULL && verdict == 0 && json_is_object(value); c = c->also)
			verdict = weigh(cm, c, kind, value, version, err);
	json_decref(o);
	return verdict;
}

/* Checks all actions of a concurrent commit. Returns as weigh does; the first line identifies the writer. */
static int
weigh_version(const struct commit *cm, int64_t version, struct msg *err)
{
	struct buf text = { 0 };
	const char *p, *end, *lf;
	int verdict = delta_sum_get(cm->table, version, &text, err);

	if (verdict == 0)
		verdict = msg_set(err, EX_DATAERR, "%s: version %" PRId64 " is gone", cm->table->address, version);
	else if (verdict > 0)
		verdict = 0;
	end = buf_cstr(&text) + text.len;
	for (p = (const char *)text.p; verdict == 0 && p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		if (lf > p)
			verdict = weigh_line(cm, p, (size_t)(lf - p), version, err);
	}
	buf_free(&text);
	return verdict;
}

int
delta_commit_check(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c,
    int64_t newest, struct msg *err)
{
	struct commit cm = { .table = t, .base = base, .change = c };
	int verdict = delta_uuid(cm.txn_id, err);
	int64_t v;

	for (v = base->version + 1; v <= newest && verdict == 0; v++)
		verdict = weigh_version(&cm, v, err);
	return verdict < 0 ? -1 : 0;
}

/* ---- checksum file and checkpoint ---- */

/*
 * Writes the checksum file (clause Version Checksum File). If our version directly follows the base, its totals are
 * known without reading the log again.
 */
static int
write_checksum(const struct commit *cm, int64_t version, struct msg *err)
{
	const struct delta_change *c;
	int64_t bytes = 0, files = (int64_t)cm->base->nfiles;
	struct buf b = { 0 };
	char *name;
	size_t i;
	int done;

	for (i = 0; i < cm->base->nfiles; i++)
		bytes += cm->base->files[i].size;
	for (c = cm->change; c != NULL; c = c->also) {
		files += (int64_t)c->nadds - (int64_t)c->nremoves;
		for (i = 0; i < c->nremoves; i++)
			bytes -= cm->base->files[c->removes[i]].size;
		for (i = 0; i < c->nadds; i++)
			bytes += c->adds[i].size;
	}
	buf_addf(&b, "{\"txnId\":\"%s\",\"tableSizeBytes\":%" PRId64 ",\"numFiles\":%" PRId64
	    ",\"numMetadata\":1,\"numProtocol\":1,"
	    "\"metadata\":%s,\"protocol\":%s}\n", cm->txn_id, bytes, files, (char *)cm->metadata.p,
	    (char *)cm->protocol.p);
	name = xasprintf(DELTA_LOG "/%020" PRId64 ".crc", version);
	done = store_put(cm->table->store, name, b.p, b.len, STORE_NEW, err);
	free(name);
	buf_free(&b);
	return done < 0 ? -1 : 0;
}

static int64_t
checkpoint_interval(const struct delta_snapshot *s)
{
	const char *word = delta_property(s, "delta.checkpointInterval");
	int64_t n;

	return word != NULL && num_int64(word, strlen(word), &n) && n > 0 ? n : CHECKPOINT_INTERVAL;
}

static int
write_checkpoint(struct delta_table *t, int64_t version, struct msg *err)
{
	struct delta_snapshot s;
	int failed;

	if (delta_load(t, version, &s, err) < 0)
		return -1;
	failed = delta_checkpoint_write(t, &s, err);
	delta_snapshot_free(&s);
	return failed;
}

/* ---- the commit ---- */

/*
 * Puts the commit if the version is free. Repeats a put that the store left undecided, which settles it: either copy
 * takes the name, or it is taken. Stays undecided if a copy may yet be carried out.
 */
static int
put_version(const struct commit *cm, const char *name, const struct buf *text, struct msg *why)
{
	int tries = 0, done;
	bool undecided = false;

	do {
		*why = (struct msg){ 0 };
		done = store_put(cm->table->store, name, text->p, text->len, STORE_NEW, why);
		undecided = undecided || done == STORE_UNDECIDED;
	} while (done == STORE_UNDECIDED && ++tries < REPEATS);
	return done < 0 && undecided ? STORE_UNDECIDED : done;
}

/*
 * Determines whether a failed commit nevertheless exists, because the caller would retry or remove its files.
 * Returns true if it is in the log as far as can be seen.
 */
static bool
fail(const struct commit *cm, const char *name, const struct buf *text, int64_t version, const struct msg *why,
    struct msg *err)
{
	struct buf there = { 0 };
	struct msg unheard = { 0 };
	int got = store_get(cm->table->store, name, &there, &unheard);
	bool stands = got > 0 && there.len == text->len && memcmp(there.p, text->p, text->len) == 0;

	buf_free(&there);
	if (stands)
		(void)msg_set(err, why->status, "%s; version %" PRId64 " is committed, but may not survive a crash",
		    why->text, version);
	else
		(void)msg_set(err, why->status, "%s", why->text);
	return stands || got < 0;
}

/*
 * Tries to commit as one version. Returns 0 with *version set if it is committed, 1 if the version is taken, -1 on
 * failure, with *version set if the commit may exist.
 */
static int
try_version(const struct commit *cm, struct buf *text, int64_t v, int64_t *version, struct msg *err)
{
	char *name = delta_log_commit_name(v);
	struct msg why = { 0 };
	int done;

	text->len = 0;
	put_commit(text, cm, v - 1);
	done = put_version(cm, name, text, &why);
	if (done > 0 || done == STORE_UNDECIDED || (done < 0 && fail(cm, name, text, v, &why, err)))
		*version = v;
	if (done == STORE_UNDECIDED)
		(void)msg_set(err, why.status, "%s; version %" PRId64 " may be committed or not", why.text, v);
	free(name);
	return done < 0 ? -1 : done == 0;
}

/*
 * Tries successive versions until one succeeds. Returns as weigh does, 0 with *version set; on failure *version is
 * -1 unless that version may exist.
 */
static int
take_version(const struct commit *cm, int64_t *version, struct msg *err)
{
	struct buf text = { 0 };
	int64_t first = cm->base->version + 1, v = first;
	int verdict = 0, taken = 1;

	*version = -1;
	for (; verdict == 0 && taken > 0 && v - first < TRIES; v++) {
		taken = try_version(cm, &text, v, version, err);
		if (taken > 0)
			verdict = weigh_version(cm, v, err);
	}
	buf_free(&text);
	if (verdict == OURS) {		/* the store's reply was lost */
		*version = v - 1;
		return 0;
	}
	if (verdict == 0 && taken > 0)
		return msg_set(err, EX_TEMPFAIL, "%s: %d other writers came first", cm->table->address, TRIES);
	return taken < 0 ? -1 : verdict;
}

/* Writes the checksum file and checkpoint, which the version does not depend on. */
static void
write_beside(struct commit *cm, int64_t version, struct msg *warn)
{
	struct msg why = { 0 };

	if (version == cm->base->version + 1)
		(void)write_checksum(cm, version, &why);
	if (version > 0 && version % checkpoint_interval(cm->base) == 0)
		(void)write_checkpoint(cm->table, version, &why);
	if (why.status != 0)
		msg_set(warn, why.status, "%s: version %" PRId64 " is committed, but: %s", cm->table->address,
		    version, why.text);
}

int
delta_commit(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c, int64_t *version,
    struct msg *warn, struct msg *err)
{
	struct commit cm = { .table = t, .base = base, .change = c };
	int verdict = 0;

	*version = -1;
	for (; c != NULL; c = c->also)
		if (c->app.id != NULL && delta_app_version(base, c->app.id) >= c->app.version)
			return 0;
	if (prepare(&cm, err) < 0)
		verdict = -1;
	else
		verdict = take_version(&cm, version, err);
	if (verdict == 0)
		write_beside(&cm, *version, warn);
	buf_free(&cm.metadata);
	buf_free(&cm.protocol);
	return verdict < 0 ? -1 : 0;
}

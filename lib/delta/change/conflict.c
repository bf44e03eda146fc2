/* Whether a commit of another writer that came first leaves ours valid. Clause Conflict checks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/change/commit.h"
#include "delta/data/skip.h"
#include "delta/log/sum.h"
#include "delta/log/uri.h"

/* Returns true if a file may contain rows the change depends on. */
static bool
was_read(const struct delta_draft *d, const struct delta_change *c, const struct delta_file *f)
{
	return c->scope == DELTA_READ_TABLE && delta_file_may_match(d->base, f, c->bounds, c->nbounds);
}

/* Returns true if an add contains rows that the change should have seen. */
static bool
adds_rows(const struct delta_draft *d, const struct delta_change *c, const json_t *added)
{
	struct delta_file f = { .stats = json_string_value(json_object_get(added, "stats")) };
	size_t i;

	if (c->scope != DELTA_READ_TABLE || json_is_false(json_object_get(added, "dataChange")))
		return false;
	if (d->base->version < 0)
		return true;			/* the base has no columns that the bounds could be of */
	for (i = 0; i < c->nbounds; i++)
		if (d->base->columns[c->bounds[i].column].partition >= 0)
			return true;		/* its column statistics are not compared */
	return was_read(d, c, &f);
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
removes_ours(const struct delta_draft *d, const struct delta_change *c, const json_t *removed)
{
	const char *uri = json_string_value(json_object_get(removed, "path"));
	bool data = !json_is_false(json_object_get(removed, "dataChange")), ours;
	const struct delta_snapshot *s = d->base;
	struct buf name = { 0 };
	size_t i;

	if (uri == NULL)
		return false;
	if (!delta_uri_name(uri, d->table->root, &name)) {
		buf_free(&name);
		return true;
	}
	for (i = 0; i < s->nfiles && strcmp(s->files[i].name, (const char *)name.p) != 0; i++)
		;
	if (i == s->nfiles)
		ours = data && c->scope == DELTA_READ_TABLE;
	else
		ours = removes_file(c, i) || (data && was_read(d, c, &s->files[i]));
	buf_free(&name);
	return ours;
}

/*
 * Checks one action of a concurrent commit against one change. Returns 0 for no conflict; 1 if our application's
 * transaction is already in it; DELTA_CONFLICT_OURS if the commit is our own, whose success the store did not report;
 * -1 for a conflict.
 */
static int
weigh(const struct delta_draft *d, const struct delta_change *c, const char *kind, const json_t *o, int64_t version,
    struct msg *err)
{
	const char *app = json_string_value(json_object_get(o, "appId"));
	size_t i;
	const char *what = NULL, *id = json_string_value(json_object_get(o, "txnId"));

	if (strcmp(kind, "commitInfo") == 0)
		return id != NULL && strcmp(id, d->txn_id) == 0 ? DELTA_CONFLICT_OURS : 0;
	if (strcmp(kind, "protocol") == 0 || strcmp(kind, "metaData") == 0)
		what = "changed the table's schema or protocol";
	else if (strcmp(kind, "txn") == 0 && c->app.id != NULL && app != NULL && strcmp(app, c->app.id) == 0)
		return json_integer_value(json_object_get(o, "version")) >= c->app.version ? 1 :
		    msg_set(err, EX_TEMPFAIL,
		    "%s: version %" PRId64 " was written concurrently by the same application",
		    d->table->address, version);
	else if (strcmp(kind, "txn") == 0 && app != NULL)
		for (i = 0; i < c->nconsumed; i++)
			what = strcmp(app, c->consumed[i].id) == 0 ? "consumed a version of a source of ours" : what;
	else if (strcmp(kind, "add") == 0 && adds_rows(d, c, o))
		what = "added rows";
	else if (strcmp(kind, "remove") == 0 && removes_ours(d, c, o))
		what = "removed files that were read";
	if (what == NULL)
		return 0;
	return msg_set(err, EX_TEMPFAIL, "%s: version %" PRId64 " of another writer came first and %s",
	    d->table->address, version,
	    what);
}

static int
weigh_line(const struct delta_draft *d, const char *line, size_t n, int64_t version, struct msg *err)
{
	json_t *o = json_loadb(line, n, JSON_ALLOW_NUL, NULL), *value;
	const struct delta_change *c;
	const char *kind;
	int verdict = 0;

	if (!json_is_object(o)) {
		json_decref(o);
		return msg_set(err, EX_DATAERR, "%s: version %" PRId64 ": not a JSON object in the log",
		    d->table->address, version);
	}
	json_object_foreach(o, kind, value)
		for (c = d->change; c != NULL && verdict == 0 && json_is_object(value); c = c->also)
			verdict = weigh(d, c, kind, value, version, err);
	json_decref(o);
	return verdict;
}

int
delta_conflict_weigh(const struct delta_draft *d, int64_t version, struct msg *err)
{
	struct buf text = { 0 };
	const char *p, *end, *lf;
	int verdict = delta_sum_get(d->table, version, &text, err);

	if (verdict == 0)
		verdict = msg_set(err, EX_DATAERR, "%s: version %" PRId64 " is gone", d->table->address, version);
	else if (verdict > 0)
		verdict = 0;
	end = buf_cstr(&text) + text.len;
	for (p = (const char *)text.p; verdict == 0 && p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		if (lf > p)
			verdict = weigh_line(d, p, (size_t)(lf - p), version, err);
	}
	buf_free(&text);
	return verdict;
}

int
delta_commit_check(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c,
    int64_t newest, struct msg *err)
{
	struct delta_draft d = { .table = t, .base = base, .change = c };
	int verdict = delta_uuid(d.txn_id, err);
	int64_t v;

	for (v = base->version + 1; v <= newest && verdict == 0; v++)
		verdict = delta_conflict_weigh(&d, v, err);
	return verdict < 0 ? -1 : 0;
}

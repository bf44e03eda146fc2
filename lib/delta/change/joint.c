/* Prepared versions as one version: checks that they go together and with the table, and builds the change. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "delta/change/commit.h"
#include "delta/data/skip.h"
#include "delta/log/state.h"

#define CHANGED "the table's columns have changed since this was prepared"

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

/* Returns true if the version depends on the one it was prepared on: its removes and bounds are of that one's files. */
static bool
is_pinned(const struct delta_prepared *p)
{
	return p->scope != DELTA_BLIND && !p->replaces_rows;
}

/* ---- columns ---- */

static bool
same_column(const struct delta_column *a, const struct delta_column *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->physical, b->physical) == 0 && a->id == b->id &&
	    a->type == b->type && a->precision == b->precision && a->scale == b->scale &&
	    a->nullable == b->nullable && (a->refused == NULL) == (b->refused == NULL);
}

/* Returns how many columns a and b have in common from the first on. */
static size_t
common_columns(const struct delta_snapshot *a, const struct delta_snapshot *b)
{
	size_t i;

	for (i = 0; i < a->ncolumns && i < b->ncolumns && same_column(&a->columns[i], &b->columns[i]); i++)
		;
	return i;
}

static bool
same_columns(const struct delta_snapshot *a, const struct delta_snapshot *b)
{
	return a->ncolumns == b->ncolumns && common_columns(a, b) == a->ncolumns;
}

/* Returns true if s has all properties of m; an empty one may be missing. */
static bool
has_properties(const struct delta_snapshot *s, const struct delta_metadata *m)
{
	const char *value;
	size_t i;

	for (i = 0; i < m->nconfiguration; i++) {
		value = delta_property(s, m->configuration[i].key);
		if (strcmp(value != NULL ? value : "",
		    m->configuration[i].value != NULL ? m->configuration[i].value : "") != 0)
			return false;
	}
	return true;
}

/* Sets columns and properties of the version, if the table does not have them. */
static int
plan_columns(struct delta_change *c, const struct delta_prepared *p, bool replaces_schema,
    const struct delta_snapshot *s, struct msg *err)
{
	const struct delta_snapshot *rows = &p->rows;
	bool same = s->version >= 0 && same_columns(s, rows);

	if (same && (!replaces_schema || has_properties(s, &rows->metadata)))
		return 0;
	if (s->version >= 0 && !replaces_schema && (!p->adds_columns || common_columns(s, rows) < s->ncolumns))
		return msg_set(err, EX_TEMPFAIL, CHANGED);
	c->columns = rows->columns;
	c->ncolumns = rows->ncolumns;
	c->replaces_schema = replaces_schema && s->version >= 0;
	c->configuration = rows->metadata.configuration;
	c->nconfiguration = rows->metadata.nconfiguration;
	return 0;
}

/* ---- pairs ---- */

/* Returns the file if both remove one. */
static const char *
common_remove(const struct delta_snapshot *a, const struct delta_snapshot *b)
{
	size_t i, k;

	for (i = 0; i < a->ntombstones; i++)
		for (k = 0; k < b->ntombstones; k++)
			if (strcmp(a->tombstones[i].name, b->tombstones[k].name) == 0)
				return a->tombstones[i].name;
	return NULL;
}

/* Returns true if p depends on rows that the other adds. */
static bool
reads_adds(const struct delta_prepared *p, const struct delta_prepared *other)
{
	size_t i;

	for (i = 0; p->scope == DELTA_READ_TABLE && i < other->rows.nfiles; i++)
		if (delta_file_may_match(&p->rows, &other->rows.files[i], p->bounds, p->nbounds))
			return true;
	return false;
}

/* Checks what p asks of another that is part of the same version. */
static int
check_pair(const struct delta_prepared *p, const struct delta_prepared *other, struct msg *err)
{
	const char *file;

	if (p->operation != NULL && other->operation != NULL && strcmp(p->operation, other->operation) != 0)
		return msg_set(err, EX_DATAERR, "%s and %s cannot be one version: one is a %s, the other a %s",
		    p->name, other->name, p->operation, other->operation);
	if (!same_columns(&p->rows, &other->rows))
		return msg_set(err, EX_DATAERR, "%s and %s cannot be one version: their columns differ", p->name,
		    other->name);
	if (!is_pinned(p))
		return 0;
	if ((file = common_remove(&p->rows, &other->rows)) != NULL)
		return msg_set(err, EX_DATAERR, "%s and %s cannot be one version: both rewrite the file %s", p->name,
		    other->name, file);
	if (reads_adds(p, other))
		return msg_set(err, EX_DATAERR, "%s and %s cannot be one version: the first depends on rows that the "
		    "second may add", p->name, other->name);
	return 0;
}

static int
check_pairs(const struct delta_prepared *p, size_t n, struct msg *err)
{
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			if (i != k && check_pair(&p[i], &p[k], err) < 0)
				return -1;
	return 0;
}

/* Returns 1 if all are to be committed, 0 if all are committed, or -1. */
static int
check_state(const struct delta_prepared *p, const struct delta_table *t, const struct delta_snapshot *s, size_t n,
    struct msg *err)
{
	const struct delta_prepared *done = NULL;
	struct msg why = { 0 };
	size_t i, open = 0;
	int got;

	for (i = 0; i < n; i++) {
		if ((got = delta_prepared_suits(&p[i], s, &why)) < 0)
			return msg_set(err, why.status, "%s: %s: %s", p[i].name, t->address, why.text);
		if (got == 0)
			done = &p[i];
		open += got > 0;
	}
	if (open > 0 && open < n)
		return msg_set(err, EX_DATAERR, "%s: %s is committed, but not all that were given with it", t->address,
		    done->name);
	return open > 0;
}

/* ---- the change ---- */

static bool
same_vector(const struct delta_dv *a, const struct delta_dv *b)
{
	return a == b || (a != NULL && b != NULL && a->storage == b->storage && a->has_offset == b->has_offset &&
	    a->offset == b->offset && strcmp(a->path_or_inline, b->path_or_inline) == 0);
}

/* Finds the files that p removes in s, whose order they mostly have. Returns false if one is missing. */
static bool
find_removes(const struct delta_prepared *p, const struct delta_snapshot *s, size_t *removes)
{
	size_t i, k, at = 0;

	for (i = 0; i < p->rows.ntombstones; i++) {
		const struct delta_tombstone *gone = &p->rows.tombstones[i];

		for (k = 0; k < s->nfiles; k++, at++) {
			at = at < s->nfiles ? at : 0;
			if (strcmp(s->files[at].name, gone->name) == 0 && same_vector(s->files[at].dv, gone->dv))
				break;
		}
		if (k == s->nfiles)
			return false;
		removes[i] = at;
	}
	return true;
}

/*
 * Checks one against the versions since the one it was prepared on, by the rules of a direct commit: one that is not
 * pinned for the versions of sources alone.
 */
static int
check_since(const struct delta_prepared *p, struct delta_table *t, const struct delta_snapshot *s, struct msg *err)
{
	bool pinned = is_pinned(p);
	struct delta_change c = { .scope = pinned ? p->scope : DELTA_BLIND, .bounds = p->bounds,
	    .nbounds = p->nbounds, .nremoves = pinned ? p->rows.ntombstones : 0, .app = p->rows.apps[0],
	    .consumed = p->rows.apps + 1, .nconsumed = p->rows.napps - 1 };
	size_t *removes = xcalloc(p->rows.ntombstones, sizeof(*removes));
	struct delta_snapshot base = { .version = -1 };
	struct msg why = { 0 };
	int failed = 0;

	if (p->base < 0 && s->version >= 0)
		failed = msg_set(err, EX_TEMPFAIL, "%s: another writer created the table since %s was prepared",
		    t->address, p->name);
	else if (p->base < s->version && delta_load(t, p->base, &base, &why) < 0)
		failed = why.status == EX_NOINPUT ? msg_set(err, EX_TEMPFAIL, "%s: version %" PRId64
		    ", on which %s was prepared, is gone: prepare it again", t->address, p->base, p->name) :
		    msg_set(err, why.status, "%s", why.text);
	c.removes = removes;
	if (!failed && p->base < s->version)
		failed = !pinned || find_removes(p, &base, removes) ?
		    delta_commit_check(t, &base, &c, s->version, err) : msg_set(err, EX_DATAERR,
		    "%s: removes files that version %" PRId64 " of %s does not have", p->name, p->base, t->address);
	delta_snapshot_free(&base);
	free(removes);
	return failed;
}

/* Sets the removes of all changes. Those that replace all rows do so once. */
static int
plan_removes(struct delta_joint *j, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_prepared *p, struct msg *err)
{
	size_t room = s->nfiles, i;
	bool replaced = false;

	for (i = 0; i < j->n; i++)
		room += p[i].rows.ntombstones;
	j->removes = xcalloc(room, sizeof(*j->removes));
	for (i = 0; i < j->n; i++) {
		struct delta_change *c = &j->changes[i];
		size_t *at = j->removes + j->nremoves, k;

		c->removes = at;
		if ((is_pinned(&p[i]) || c->nconsumed > 0) && check_since(&p[i], t, s, err) < 0)
			return -1;
		if (is_pinned(&p[i])) {
			if (!find_removes(&p[i], s, at))
				return msg_set(err, EX_TEMPFAIL, "%s: files that %s rewrites are gone: "
				    "prepare it again", t->address, p[i].name);
			c->nremoves = p[i].rows.ntombstones;
		} else if (p[i].replaces_rows && !replaced) {
			for (k = 0; k < s->nfiles; k++)
				at[k] = k;
			c->nremoves = s->nfiles;
			replaced = true;
		}
		j->nremoves += c->nremoves;
	}
	return 0;
}

/* Sums the metrics by name; those of the first come first. */
static size_t
sum_metrics(struct delta_joint *j, const struct delta_prepared *p)
{
	size_t n = 0, room = 0, i, m, k;

	for (i = 0; i < j->n; i++)
		room += p[i].nmetrics;
	j->metrics = xcalloc(room, sizeof(*j->metrics));
	for (i = 0; i < j->n; i++)
		for (m = 0; m < p[i].nmetrics; m++) {
			for (k = 0; k < n && strcmp(j->metrics[k].name, p[i].metrics[m].name) != 0; k++)
				;
			if (k == n)
				j->metrics[n++] = (struct delta_metric){ p[i].metrics[m].name, 0 };
			j->metrics[k].value += p[i].metrics[m].value;
		}
	return n;
}

/* Returns the one that describes the version: the first that replaces all rows, else the first. */
static const struct delta_prepared *
describer(const struct delta_prepared *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i].replaces_rows)
			return &p[i];
	return p;
}

static int
plan_head(struct delta_joint *j, const struct delta_snapshot *s, const struct delta_prepared *p, struct msg *err)
{
	const struct delta_prepared *d = describer(p, j->n), *widest = p;
	struct delta_change *head = j->changes;
	bool replaces_schema = false;
	size_t i;

	for (i = 0; i < j->n; i++) {
		replaces_schema = replaces_schema || p[i].replaces_schema;
		widest = p[i].adds_columns || p[i].replaces_schema ? &p[i] : widest;
	}
	head->operation = d->operation != NULL ? d->operation : "WRITE";
	head->parameters = d->parameters;
	head->nparameters = d->nparameters;
	head->nmetrics = sum_metrics(j, p);
	head->metrics = j->metrics;
	return plan_columns(head, widest, replaces_schema, s, err);
}

static void
plan_adds(struct delta_joint *j, const struct delta_snapshot *s, const struct delta_prepared *p)
{
	size_t i, k;

	for (i = 0; i < j->n; i++) {
		struct delta_change *c = &j->changes[i];

		*c = (struct delta_change){ .scope = !p[i].replaces_rows ? p[i].scope :
		    s->version < 0 ? DELTA_BLIND : DELTA_READ_TABLE,
		    .bounds = p[i].bounds, .nbounds = p[i].nbounds, .adds = p[i].rows.files,
		    .nadds = p[i].rows.nfiles, .app = p[i].rows.apps[0], .consumed = p[i].rows.apps + 1,
		    .nconsumed = p[i].rows.napps - 1, .also = i + 1 < j->n ? c + 1 : NULL };
		j->nadds += c->nadds;
		for (k = 0; k < c->nadds; k++)
			j->rows += c->adds[k].dv == NULL ? (uint64_t)delta_file_rows(&c->adds[k]) : 0;
	}
}

int
delta_joint_make(struct delta_joint *j, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_prepared *p, size_t n, struct msg *err)
{
	struct msg why = { 0 };
	int open = check_state(p, t, s, n, err);

	*j = (struct delta_joint){ .n = n };
	if (open <= 0)
		return open;
	j->changes = xcalloc(n, sizeof(*j->changes));
	plan_adds(j, s, p);
	if (check_pairs(p, n, &why) < 0)
		return msg_set(err, why.status, "%s: %s", t->address, why.text);
	if (plan_removes(j, t, s, p, err) < 0)
		return -1;
	if (plan_head(j, s, p, &why) < 0)
		return msg_set(err, why.status, "%s: %s", t->address, why.text);
	return 1;
}

void
delta_joint_free(struct delta_joint *j)
{
	free(j->changes);
	free(j->removes);
	free(j->metrics);
	memset(j, 0, sizeof(*j));
}

/* ---- the table as it will be ---- */

static void
apply_files(struct delta_snapshot *s, const struct delta_joint *j)
{
	struct delta_file *files = xcalloc(s->nfiles + j->nadds, sizeof(*files));
	bool *gone = xcalloc(s->nfiles, sizeof(*gone));
	size_t n = 0, i, k;

	for (i = 0; i < j->nremoves; i++)
		gone[j->removes[i]] = true;
	for (i = 0; i < s->nfiles; i++)
		if (!gone[i])
			files[n++] = s->files[i];
	for (i = 0; i < j->n; i++)
		for (k = 0; k < j->changes[i].nadds; k++)
			files[n++] = j->changes[i].adds[k];
	free(gone);
	free(s->files);
	s->files = files;
	s->nfiles = n;
}

static void
apply_app(struct delta_snapshot *s, const struct delta_app *app)
{
	size_t k;

	for (k = 0; k < s->napps && strcmp(s->apps[k].id, app->id) != 0; k++)
		;
	if (k == s->napps)
		s->apps = xreallocarray(s->apps, ++s->napps, sizeof(*s->apps));
	else if (s->apps[k].version >= app->version)
		return;
	s->apps[k] = *app;
}

static void
apply_apps(struct delta_snapshot *s, const struct delta_joint *j)
{
	size_t i, k;

	for (i = 0; i < j->n; i++) {
		apply_app(s, &j->changes[i].app);
		for (k = 0; k < j->changes[i].nconsumed; k++)
			apply_app(s, &j->changes[i].consumed[k]);
	}
}

/* Changes s to what it will be after the commit. */
static void
apply(struct delta_snapshot *s, const struct delta_joint *j, const struct delta_prepared *p)
{
	size_t i;

	apply_files(s, j);
	apply_apps(s, j);
	for (i = 0; i < j->n && j->changes[0].columns != NULL && j->changes[0].columns != p[i].rows.columns; i++)
		;
	if (j->changes[0].columns != NULL) {
		s->columns = p[i].rows.columns;
		s->ncolumns = p[i].rows.ncolumns;
		s->metadata = p[i].rows.metadata;
	}
	if (s->version < 0)
		s->protocol = p->rows.protocol;
	s->version++;
}

void
delta_with_free(struct delta_with *w)
{
	while (w->n > 0)
		delta_prepared_free(&w->p[--w->n]);
	free(w->p);
	w->p = NULL;
}

/* Loads the prepared versions; if `found`, only those of the table. */
static int
load_prepared(struct delta_with *w, const struct delta_table *t, char *const *paths, size_t n, bool found,
    struct msg *err)
{
	size_t i;

	w->p = xcalloc(n, sizeof(*w->p));
	for (i = 0; i < n; i++) {
		struct delta_prepared *p = &w->p[w->n++];

		if (delta_prepared_load(p, t, paths[i], err) < 0)
			return -1;
		if (found && (p->root == NULL || strcmp(p->root, t->root) != 0))
			delta_prepared_free(&w->p[--w->n]);
	}
	return 0;
}

/* Leaves out what is committed. */
static void
drop_committed(struct delta_with *w, const struct delta_snapshot *s)
{
	struct msg unheard = { 0 };
	size_t i, n = 0;

	for (i = 0; i < w->n; i++)
		if (delta_prepared_suits(&w->p[i], s, &unheard) == 0)
			delta_prepared_free(&w->p[i]);
		else
			w->p[n++] = w->p[i];
	w->n = n;
}

int
delta_load_with(struct delta_table *t, char *const *paths, size_t n, bool found, struct delta_with *w,
    struct delta_snapshot *s, struct msg *err)
{
	struct delta_joint j = { 0 };
	int got;

	*w = (struct delta_with){ .n = 0 };
	*s = (struct delta_snapshot){ .version = -1 };
	got = load_prepared(w, t, paths, n, found, err);
	if (got == 0 && found && w->n == 0)
		return 0;
	if (got == 0)
		got = delta_load_any(t, s, err);
	if (got == 0 && found)
		drop_committed(w, s);
	if (got == 0 && w->n > 0 && (got = delta_joint_make(&j, t, s, w->p, w->n, err)) > 0)
		apply(s, &j, w->p);
	delta_joint_free(&j);
	if (got < 0)
		delta_snapshot_free(s);
	return got < 0 ? -1 : 1;
}

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "delta/log/names.h"
#include "delta/log/state.h"
#include "delta/log/sum.h"
#include "delta/log/uri.h"
#include "delta/log/fresh.h"

void
delta_set_root(struct delta_table *t)
{
	char *root = store_real_path(t->store, "");

	free(t->root);
	t->root = root != NULL ? root : xstrdup(t->address);	/* no table yet, and no files to recognize */
}

int
delta_open(struct delta_table *t, const char *address, struct msg *err)
{
	memset(t, 0, sizeof(*t));
	if (store_open(&t->store, address, err) < 0)
		return -1;
	t->address = xstrdup(store_address(t->store));
	delta_set_root(t);
	return 0;
}

void
delta_close(struct delta_table *t)
{
	store_close(t->store);
	free(t->address);
	free(t->root);
	memset(t, 0, sizeof(*t));
}

/* Prefixes the table to a message that does not name a file. */
static int
name_table(const struct delta_table *t, const struct msg *why, struct msg *err)
{
	size_t n = strlen(t->address);

	if (strncmp(why->text, t->address, n) == 0 && (why->text[n] == '/' || why->text[n] == ':'))
		return msg_set(err, why->status, "%s", why->text);
	return msg_set(err, why->status, "%s: %s", t->address, why->text);
}

static int
read_json(struct delta_table *t, struct delta_state *st, const char *name, struct delta_names *sidecars,
    struct msg *err)
{
	struct buf text = { 0 };
	char *path = xasprintf("%s/%s", t->address, name);
	int got = store_get(t->store, name, &text, err);

	if (got == 0)
		got = msg_set(err, EX_DATAERR, "%s: removed while the table was read", path);
	else if (got > 0 && (got = delta_sum_check(path, &text, err)) >= 0)
		got = delta_actions(st, path, &text, sidecars, err);
	free(path);
	buf_free(&text);
	return got;
}

static int
read_checkpoint(struct delta_table *t, struct delta_state *st, const struct delta_log *log, struct msg *err)
{
	struct delta_names sidecars = { 0 };
	struct buf path = { 0 };
	char *name;
	size_t i;
	int failed = 0;

	for (i = 0; i < log->ncheckpoint_files && !failed; i++) {
		name = xasprintf(DELTA_LOG "/%s", log->checkpoint_files[i]);
		failed = log->checkpoint_kind == DELTA_LOG_MANIFEST_JSON ? read_json(t, st, name, &sidecars, err) :
		    delta_checkpoint_read(st, t->store, name, &sidecars, err);
		free(name);
	}
	for (i = 0; i < sidecars.n && !failed; i++) {
		name = strchr(sidecars.p[i], '/') == NULL ? xasprintf(DELTA_LOG "/_sidecars/%s", sidecars.p[i]) :
		    xstrdup(sidecars.p[i]);
		failed = delta_uri_name(name, t->root, &path) ?
		    delta_checkpoint_read(st, t->store, buf_cstr(&path), NULL, err) :
		    msg_set(err, EX_DATAERR, "not a path of a file below the table: %s", msg_quotes(name));
		free(name);
	}
	buf_free(&path);
	free(sidecars.p);
	return failed;
}

/* Replays the log. If the checkpoint fails, *torn is its version. */
static int
replay(struct delta_table *t, struct delta_state *st, const struct delta_log *log, int64_t *torn, struct msg *err)
{
	struct msg why = { 0 };
	char *name;
	int64_t v;
	int failed = read_checkpoint(t, st, log, err);

	if (failed && (err->status == EX_DATAERR || err->status == EX_NOINPUT))
		*torn = log->checkpoint;
	for (v = log->checkpoint + 1; v <= log->version && !failed; v++) {
		name = delta_log_commit_name(v);
		failed = read_json(t, st, name, NULL, err);
		free(name);
	}
	if (failed && st->has_protocol && delta_may_read(st->s, &why) < 0)
		*err = why;		/* an unsupported feature may look like damage */
	return failed ? -1 : delta_state_finish(st, err);
}

/*
 * Loads *version from a checkpoint of version `most` or earlier. Sets *version to the loaded one, so that a retry is
 * for the same; sets *torn to the version of an unreadable checkpoint.
 */
static int
load_from(struct delta_table *t, int64_t *version, int64_t most, struct delta_snapshot *s, int64_t *torn,
    struct msg *err)
{
	struct delta_state st;
	struct delta_log log;
	struct msg why = { 0 };
	int failed;

	memset(s, 0, sizeof(*s));
	if (delta_log_find_by(t->store, *version, most, &log, err) < 0)
		return -1;
	delta_state_init(&st, s, t->root);
	failed = replay(t, &st, &log, torn, &why);
	*version = s->version = log.version;
	s->timestamp = log.commit_time;
	s->intents = log.intents;
	if (!failed && log.commit_time != 0 && delta_is_true(s, "delta.enableInCommitTimestamps"))
		failed = delta_commit_timestamp(t, s->version, &s->timestamp, &why);
	if (failed) {
		name_table(t, &why, err);
		delta_snapshot_free(s);
	}
	delta_state_free(&st);
	delta_log_free(&log);
	return failed;
}

int
delta_load_whole(struct delta_table *t, int64_t version, struct delta_snapshot *s, struct msg *err)
{
	int64_t torn;

	return load_from(t, &version, INT64_MAX, s, &torn, err);
}

int
delta_load(struct delta_table *t, int64_t version, struct delta_snapshot *s, struct msg *err)
{
	struct msg first = { 0 }, why;
	int64_t most = INT64_MAX, torn = -1;
	int failed = load_from(t, &version, most, s, &torn, &first);

	/* Retries with an older checkpoint or the commits alone, while they exist. */
	while (failed && torn >= 0) {
		most = torn - 1;
		torn = -1;
		why = (struct msg){ 0 };
		failed = load_from(t, &version, most, s, &torn, &why);
	}
	if (failed)
		return msg_set(err, first.status, "%s", first.text);
	if (first.status != 0 && !t->warned)
		msg_warn("%s; version %" PRId64 " is read from older files of the log", first.text, version);
	t->warned = t->warned || first.status != 0;
	return 0;
}

void
delta_snapshot_free(struct delta_snapshot *s)
{
	free(s->files);
	free(s->tombstones);
	free(s->apps);
	free(s->domains);
	pool_free(&s->pool);
	memset(s, 0, sizeof(*s));
}

int
delta_exists(struct delta_table *t, struct msg *err)
{
	struct delta_log log;
	struct msg why = { 0 };

	if (delta_log_find(t->store, DELTA_NEWEST, &log, &why) == 0) {
		delta_log_free(&log);
		return 1;
	}
	return why.status == EX_NOINPUT ? 0 : why.status == EX_DATAERR ? 1 : msg_set(err, why.status, "%s", why.text);
}

int
delta_load_any(struct delta_table *t, struct delta_snapshot *s, struct msg *err)
{
	int there = delta_exists(t, err);

	*s = (struct delta_snapshot){ .version = -1 };
	return there > 0 ? delta_load(t, DELTA_NEWEST, s, err) : there;
}

bool
delta_app_parse(const char *text, struct delta_app *app)
{
	const char *colon = strrchr(text, ':');

	if (colon == NULL || colon == text || !utf8_ok(text, strlen(text)) ||
	    !num_int64(colon + 1, strlen(colon + 1), &app->version) || app->version < 0)
		return false;
	app->id = xstrndup(text, (size_t)(colon - text));
	return true;
}

int64_t
delta_app_version(const struct delta_snapshot *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->napps; i++)
		if (strcmp(s->apps[i].id, id) == 0)
			return s->apps[i].version;
	return -1;
}

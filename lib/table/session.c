#include "table/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* ---- loading ---- */

static int
load(struct table_session *s, struct delta_snapshot *snapshot, struct msg *err)
{
	const struct table_task *task = s->task;
	struct msg why = { 0 };

	if ((task->creates ? delta_load_any(&s->table, snapshot, err) :
	    delta_load(&s->table, DELTA_NEWEST, snapshot, err)) < 0)
		return -1;
	if (snapshot->version < 0)
		return 0;
	if ((task->may != NULL ? task->may(snapshot, &why) : delta_may_write(snapshot, task->rewrites, &why)) == 0)
		return 0;
	delta_snapshot_free(snapshot);
	return msg_set(err, why.status, "%s: %s", s->table.address, why.text);
}

int
table_session_open(struct table_session *s, const char *address, struct msg *err)
{
	if (delta_open(&s->table, address, err) < 0)
		return -1;
	if (s->outside)
		store_read_outside(s->table.store);
	s->turn.seconds = s->retry;
	s->base = &s->first;
	s->version = -1;
	return load(s, &s->first, err);
}

void
table_session_close(struct table_session *s)
{
	free(s->prepare_copy);
	buf_free(&s->summary);
	delta_snapshot_free(&s->later);
	delta_snapshot_free(&s->first);
	delta_close(&s->table);
}

int
table_session_done(struct table_session *s, struct msg *err)
{
	int64_t last = s->app.id != NULL ? delta_app_version(&s->first, s->app.id) : -1;

	if (s->app.id == NULL)
		return 0;
	if (s->app.version == TABLE_NEXT && last == INT64_MAX)
		return msg_set(err, EX_DATAERR, "%s: the transaction version of %s has reached its maximum",
		    s->table.address, s->app.id);
	if (s->app.version == TABLE_NEXT)
		s->app.version = last + 1;
	if (last < s->app.version)
		return 0;
	if (s->prepare != NULL)
		return msg_set(err, EX_DATAERR, "%s: %s has written version %" PRId64
		    " of its own already: nothing to prepare", s->table.address, s->app.id, s->app.version);
	if (s->verbose)
		msg_warn("%s: %s has written version %" PRId64 " of its own already: nothing written",
		    s->table.address, s->app.id, s->app.version);
	return 1;
}

/* ---- one attempt ---- */

static int
put_copy(const char *address, const struct buf *text, struct msg *err)
{
	struct store *folder;
	const char *name;
	int done = store_open_folder_of(&folder, address, &name, err);

	if (done == 0) {
		done = store_put(folder, name, text->p, text->len, STORE_REPLACE, err);
		store_close(folder);
	}
	return done < 0 ? -1 : 0;
}

/* Writes what delta_commit would do to the file. From then on the file, or its copy, is what names the data files. */
static int
prepare(struct table_session *s, const struct delta_change *c, struct msg *err)
{
	struct buf text = { 0 };
	struct io_out out;
	int failed = delta_prepared_put(&text, &s->table, s->base, c, err);

	if (!failed && s->prepare_copy != NULL)
		failed = put_copy(s->prepare_copy, &text, err);
	if (!failed && (failed = io_create(&out, s->prepare, err)) == 0) {
		failed = io_write(out.fd, text.p, text.len, io_out_name(s->prepare), err);
		if (failed)
			io_abandon(&out);
		else
			failed = io_commit(&out, err);
	}
	buf_free(&text);
	return failed;
}

/* Reports an attempt that did not fail; `got` as `work` returned it. */
static void
report(const struct table_session *s, int got)
{
	if (!s->verbose)
		return;
	if (got > 0 && s->prepare != NULL)
		msg_warn("%s: %s prepared on version %" PRId64, s->table.address, (const char *)s->summary.p,
		    s->base->version);
	else if (s->version >= 0)
		msg_warn("%s: version %" PRId64 ": %s", s->table.address, s->version, (const char *)s->summary.p);
	else
		msg_warn("%s: version %" PRId64 " stays: %s", s->table.address, s->base->version, s->task->idle);
}

bool
table_session_marks(const struct table_session *s)
{
	size_t i;

	for (i = 0; i < s->nconsumed; i++)
		if (delta_app_version(s->base, s->consumed[i].id) != s->consumed[i].version)
			return true;
	return s->app.id != NULL;
}

/* Another writer that consumed a source meanwhile may have made our rows stale: no other attempt mends that. */
static int
check_consumed(struct table_session *s, struct msg *err)
{
	size_t i;

	for (i = 0; i < s->nconsumed; i++) {
		const char *id = s->consumed[i].id;
		int64_t now = delta_app_version(s->base, id);

		if (now == delta_app_version(&s->first, id))
			continue;
		s->hopeless = true;
		return msg_set(err, EX_TEMPFAIL, "%s: another writer has consumed version %" PRId64 " of %s meanwhile",
		    s->table.address, now, id + strlen(DELTA_CONSUMED));
	}
	return 0;
}

static int
settle(struct table_session *s, struct delta_change *c, struct msg *err)
{
	struct msg warn = { 0 };
	int failed;

	if (s->app.id != NULL)
		c->app = s->app;
	if (s->nconsumed > 0) {
		c->consumed = s->consumed;
		c->nconsumed = s->nconsumed;
	}
	if (s->prepare != NULL)
		return prepare(s, c, err);
	failed = delta_commit(&s->table, s->base, c, &s->version, &warn, err);
	if (warn.status != 0)
		msg_warn("%s", warn.text);
	return failed;
}

/* Returns as `work` does. */
static int
attempt(struct table_session *s, struct msg *err)
{
	struct delta_change c = { 0 };
	int got;

	s->summary.len = 0;
	if (check_consumed(s, err) < 0)
		return -1;
	got = s->task->work(s, &c, err);
	buf_cstr(&s->summary);
	if (got < 0)
		return -1;
	if (got > 0 && settle(s, &c, err) < 0)
		got = -1;
	if (s->task->release != NULL)
		s->task->release(s);
	return got;
}

/* ---- attempts ---- */

static int
load_again(struct table_session *s, struct msg *err)
{
	delta_snapshot_free(&s->later);
	s->base = &s->first;
	if (load(s, &s->later, err) < 0)
		return -1;
	s->base = &s->later;
	s->version = -1;
	return 0;
}

/* Waits for another attempt after a failed one and loads the table. Returns 1, 0 if it was the last, or -1. */
static int
try_again(struct table_session *s, struct msg *err)
{
	if (err->status != EX_TEMPFAIL || s->hopeless || s->version >= 0 || !delta_turn_wait(&s->turn))
		return 0;
	*err = (struct msg){ 0 };
	return load_again(s, err) < 0 ? -1 : 1;
}

static int
begin_files(struct table_session *s, struct msg *err)
{
	if (s->task->files == TABLE_FILES_NONE)
		return 0;
	delta_intent_init(&s->intent, &s->table, s->base);
	return s->base->version < 0 ? delta_prepared_mark(&s->table, err) : 0;
}

/* Ends the intent. Data files of no version are removed, unless a prepared one names them. */
static void
end_files(struct table_session *s, int got)
{
	if (s->version < 0 && (got <= 0 || s->prepare == NULL))
		delta_intent_undo(&s->intent);
	else
		delta_intent_end(&s->intent);
}

int
table_session_run(struct table_session *s, struct msg *err)
{
	struct msg unheard = { 0 };
	int got = -1, again;

	if (s->version >= 0 && load_again(s, err) < 0)
		return -1;
	again = begin_files(s, err) == 0;
	while (again > 0 && (got = attempt(s, err)) < 0) {
		if (s->task->files == TABLE_FILES_EACH)
			end_files(s, got);
		again = try_again(s, err);
		if (again > 0 && s->task->files == TABLE_FILES_EACH && begin_files(s, err) < 0)
			again = -1;
	}
	end_files(s, got);
	if (got < 0)
		return -1;
	if (s->first.version < 0 && s->prepare == NULL && s->task->files != TABLE_FILES_NONE)
		(void)delta_prepared_unmark(&s->table, &unheard);
	report(s, got);
	return 0;
}

#include "table/pieces.h"

#include <inttypes.h>
#include <stdlib.h>

#include "table/session.h"

struct joining {			/* prepared versions while they are committed or abandoned */
	const struct table_pieces *pieces;
	struct delta_prepared *prepared;	/* owned, like the texts they point into */
	size_t n;
	struct delta_joint *joint;
};

static int
load(struct joining *j, const struct delta_table *t, struct msg *err)
{
	const struct table_pieces *p = j->pieces;

	j->prepared = xcalloc(p->n, sizeof(*j->prepared));
	for (j->n = 0; j->n < p->n; j->n++)
		if (delta_prepared_parse(&j->prepared[j->n], t, p->list[j->n].name, p->list[j->n].text, err) < 0) {
			delta_prepared_free(&j->prepared[j->n]);
			return -1;
		}
	return 0;
}

static void
unload(struct joining *j)
{
	while (j->n > 0)
		delta_prepared_free(&j->prepared[--j->n]);
	free(j->prepared);
}

static void
report_done(const struct delta_table *t, const struct delta_prepared *p)
{
	const struct delta_app *app = &p->rows.apps[0];

	msg_warn("%s: version %" PRId64 " of %s is there already", t->address, app->version, app->id);
}

/* The session does not know yet what is prepared: `check` decides. */
static int
allow(const struct delta_snapshot *s, struct msg *err)
{
	(void)s, (void)err;
	return 0;
}

/* Checks that the table may be changed as was prepared. */
static int
check(const struct joining *j, const struct table_session *s, struct msg *err)
{
	const struct delta_prepared *p;
	struct msg why = { 0 };
	int failed = 0;

	for (p = j->prepared; p < j->prepared + j->n && !failed && s->base->version >= 0; p++)
		failed = p->scope == DELTA_REARRANGE ? delta_may_rearrange(s->base, &why) :
		    delta_may_write(s->base, p->replaces_rows || p->scope == DELTA_READ_TABLE, &why);
	return failed ? msg_set(err, why.status, "%s: %s", s->table.address, why.text) : 0;
}

/* Joins what is prepared to a change of the table as it is now. What does not fit must be prepared anew. */
static int
work(struct table_session *s, struct delta_change *c, struct msg *err)
{
	const struct joining *j = s->task->to;
	int got;
	size_t i;

	delta_joint_free(j->joint);
	got = check(j, s, err) < 0 ? -1 : delta_joint_make(j->joint, &s->table, s->base, j->prepared, j->n, err);
	for (i = 0; i < j->n && got > 0; i++)
		if (delta_prepared_check(&j->prepared[i], &s->table, err) < 0)
			got = -1;
	s->hopeless = got < 0;
	if (got == 0 && j->pieces->verbose)
		report_done(&s->table, &j->prepared[0]);
	if (got > 0)
		*c = j->joint->changes[0];
	return got;
}

static void
report_version(const struct table_session *s, const struct delta_joint *j)
{
	if (j->nremoves > 0)
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " records in %zu files; %zu files removed",
		    s->table.address, s->version, j->rows, j->nadds, j->nremoves);
	else
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " records in %zu files", s->table.address, s->version,
		    j->rows, j->nadds);
}

/* Another process may do the same. */
static int
commit(struct joining *j, struct msg *err)
{
	const struct table_pieces *p = j->pieces;
	struct table_task task = { .creates = true, .may = allow, .files = TABLE_FILES_NONE, .work = work, .to = j };
	struct table_session s = { .task = &task, .retry = p->retry };
	struct msg unheard = { 0 };
	int failed = table_session_open(&s, p->table, err);

	if (!failed)
		failed = load(j, &s.table, err);
	if (!failed)
		failed = table_session_run(&s, err);
	if (!failed) {
		(void)delta_prepared_unmark(&s.table, &unheard);
		if (p->verbose && s.version >= 0)
			report_version(&s, j->joint);
	}
	if (s.table.store != NULL)
		table_session_close(&s);
	return failed;
}

int
table_pieces_commit(const struct table_pieces *p, struct msg *err)
{
	struct delta_joint joint = { 0 };
	struct joining j = { .pieces = p, .joint = &joint };
	int failed = commit(&j, err);

	delta_joint_free(&joint);
	unload(&j);
	return failed;
}

/* ---- removing data files ---- */

/* Removes what was written for an add: a file's vector if it has one, as the file itself was there before. */
static int
remove_file(struct delta_table *t, const struct delta_file *f, struct msg *err)
{
	struct buf vector = { 0 };
	int done = 0;

	if (f->dv == NULL)
		return store_delete(t->store, f->name, err);
	if (delta_dv_name(f->dv, t->root, &vector))
		done = store_delete(t->store, buf_cstr(&vector), err);
	buf_free(&vector);
	return done;
}

static int
abandon_one(const struct table_pieces *all, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_prepared *p, struct msg *err)
{
	struct msg why = { 0 };
	int open = delta_prepared_suits(p, s, &why);
	size_t i;

	if (open < 0)
		return msg_set(err, why.status, "%s: %s: %s", p->name, t->address, why.text);
	if (open == 0 && all->verbose)
		report_done(t, p);
	for (i = 0; i < p->rows.nfiles && open > 0; i++)
		if (remove_file(t, &p->rows.files[i], err) < 0)
			return -1;
	if (open > 0 && all->verbose)
		msg_warn("%s: %zu files removed", t->address, p->rows.nfiles);
	return 0;
}

int
table_pieces_abandon(const struct table_pieces *p, struct msg *err)
{
	struct joining j = { .pieces = p };
	struct delta_snapshot s = { .version = -1 };
	struct delta_table t;
	size_t i;
	int failed;

	if (delta_open(&t, p->table, err) < 0)
		return -1;
	failed = load(&j, &t, err);
	if (!failed)
		failed = delta_load_any(&t, &s, err);
	for (i = 0; i < j.n && !failed; i++)
		failed = abandon_one(p, &t, &s, &j.prepared[i], err);
	if (!failed)
		failed = delta_prepared_unmark(&t, err) < 0 ? -1 : 0;
	unload(&j);
	delta_snapshot_free(&s);
	delta_close(&t);
	return failed;
}

int
table_recover(const char *address, bool verbose, struct msg *err)
{
	struct delta_table t;
	int removed;

	if (delta_open(&t, address, err) < 0)
		return -1;
	if ((removed = delta_recover(&t, err)) >= 0 && verbose)
		msg_warn("%s: %d files removed", t.address, removed);
	delta_close(&t);
	return removed < 0 ? -1 : 0;
}

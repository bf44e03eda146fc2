#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "lake/record.h"

#define MADE LAKE_RUNS "/made"
#define BEGUN "begun"
#define UNDECIDED "undecided"

/* ---- opening ---- */

int
lake_open(struct lake *l, const char *address, struct msg *err)
{
	l->lock = l->shared = (struct store_lock){ 0 };
	l->newest = 0;
	l->files = NULL;
	l->folder = NULL;
	return store_open(&l->store, address, err);
}

void
lake_close(struct lake *l)
{
	struct msg unheard = { 0 };

	if (l->lock.held != NULL) {
		(void)store_delete(l->store, LAKE_LOCK, &unheard);
		store_lock_end(&l->lock);
	}
	store_lock_end(&l->shared);
	if (l->files != NULL)
		store_close(l->files);
	store_close(l->store);
	l->files = l->store = NULL;
	free(l->folder);
	l->folder = NULL;
}

/* Reads an object that is a number and a line feed. Returns 1, 0 if it does not exist, or -1. */
static int
get_number(struct store *s, const char *name, int64_t *number, struct msg *err)
{
	struct buf text = { 0 };
	int got = store_get(s, name, &text, err);
	size_t n = text.len > 0 ? text.len - 1 : 0;

	if (got > 0 && (text.len == 0 || text.p[n] != '\n' || !num_int64((const char *)text.p, n, number) ||
	    *number < 0))
		got = msg_set(err, EX_DATAERR, "%s/%s: damaged: not a number", store_address(s), name);
	buf_free(&text);
	return got;
}

/*
 * Returns the number in LAKE/format, LAKE_FORMAT for a new lake, 0 for one of an earlier build, or -1. A lake with a
 * record has this format too: a run that was cut off while it took effect had not come to the number.
 */
static int64_t
get_format(struct lake *l, struct msg *err)
{
	enum store_kind kind;
	int64_t number = 0, newest = 0;
	int got = get_number(l->store, LAKE_FORMAT_NAME, &number, err);

	if (got > 0)
		return number;
	if (got == 0 && (got = lake_record_newest(l->store, &newest, err)) == 0 && newest == 0 &&
	    (got = store_stat(l->store, MADE, &kind, err)) > 0)
		return 0;
	return got < 0 ? -1 : LAKE_FORMAT;
}

int
lake_check_format(struct lake *l, bool rebuild, struct msg *err)
{
	int64_t number = get_format(l, err);

	if (number < 0)
		return -1;
	if (number == LAKE_FORMAT || rebuild)
		return 0;
	return msg_set(err, EX_CONFIG,
	    "%s: a lake of format %" PRId64 ", not %d; --rebuild makes it anew from its files",
	    store_address(l->store), number, LAKE_FORMAT);
}

int
lake_join(struct lake *l, struct msg *err)
{
	return store_lock_join(l->store, LAKE_LOCK, &l->shared, err);
}

/* An abandoned lock is taken over; it may go, or come, between the attempts. */
int
lake_lock(struct lake *l, struct msg *err)
{
	int got = 0, tries;

	for (tries = 0; tries < 2 && got == 0; tries++) {
		got = store_lock_try(l->store, LAKE_LOCK, &l->lock, err);
		if (got == 0)
			got = store_lock_new(l->store, LAKE_LOCK, &l->lock, err);
	}
	return got;
}

/* ---- recovery ---- */

static int
settle(struct lake *l, int64_t number, const struct lake_record *r, struct msg *err)
{
	if (lake_settle(l, number, r, err) < 0)
		return -1;
	return lake_remove_run(l, r->run, err);
}

/* Carries through the newest record, unless that has been done. */
static int
finish_newest(struct lake *l, struct msg *err)
{
	struct lake_record r;
	int64_t current = 0;
	int got;

	if (lake_record_newest(l->store, &l->newest, err) < 0 || get_number(l->store, LAKE_CURRENT, &current, err) < 0)
		return -1;
	if (current >= l->newest)
		return 0;
	got = lake_record_get(l->store, l->newest, &r, err);
	if (got > 0 && !r.is_void) {
		msg_warn("run %s was cut off while it took effect; carried through", r.run);
		got = settle(l, l->newest, &r, err);
	}
	lake_record_free(&r);
	return got < 0 ? -1 : 0;
}

/* Refuses the next number to a run. Returns 1, or 0 if it has got it before. */
static int
refuse(struct lake *l, const char *run, struct msg *err)
{
	struct lake_record r = { .run = xstrdup(run), .is_void = true };
	int got = lake_record_claim(l->store, l->newest + 1, &r, err);

	lake_record_free(&r);
	if (got > 0)
		l->newest++;
	return got < 0 ? -1 : got;
}

/* Has the run taken effect, by the newest record? 1, 0 or -1. */
static int
is_newest(struct lake *l, const char *run, struct msg *err)
{
	struct lake_record r;
	int got = lake_record_get(l->store, l->newest, &r, err);

	if (got > 0)
		got = !r.is_void && strcmp(r.run, run) == 0;
	lake_record_free(&r);
	return got;
}

/* Removes a run that has begun and not ended. Returns 1, 0 if it has taken effect meanwhile, or -1. */
static int
remove_run(struct lake *l, const char *run, struct msg *err)
{
	int got = is_newest(l, run, err);

	if (got > 0)				/* all but its folder is done */
		return lake_remove_run(l, run, err) < 0 ? -1 : 1;
	if (got < 0 || (got = refuse(l, run, err)) <= 0)
		return got;
	if (l->verbose)
		msg_warn("run %s was cut off; removed", run);
	return lake_abandon(l, run, err) < 0 ? -1 : 1;
}

int
lake_recover(struct lake *l, struct msg *err)
{
	struct store_list open;
	int got;
	size_t i;

	do {
		if (finish_newest(l, err) < 0 || store_list_folders(l->store, LAKE_OPEN, &open, err) < 0)
			return -1;
		for (got = 1, i = 0; i < open.n && got > 0; i++)
			got = remove_run(l, open.entries[i].name, err);
		store_list_free(&open);
	} while (got == 0);
	return got < 0 ? -1 : 0;
}

/* ---- a run ---- */

static int
mark(struct lake *l, const char *run, const char *what, struct msg *err)
{
	char *name = xasprintf(LAKE_OPEN "/%s/%s", run, what);
	int done = store_put(l->store, name, "", 0, STORE_NEW, err);

	free(name);
	return done < 0 ? -1 : 0;
}

static int
is_marked(struct lake *l, const char *run, const char *what, struct msg *err)
{
	char *name = xasprintf(LAKE_OPEN "/%s/%s", run, what);
	struct buf none = { 0 };
	int got = store_get(l->store, name, &none, err);

	free(name);
	buf_free(&none);
	return got;
}

int
lake_begin(struct lake *l, const char *run, struct msg *err)
{
	return mark(l, run, BEGUN, err);
}

int
lake_has_begun(struct lake *l, const char *run, struct msg *err)
{
	return is_marked(l, run, BEGUN, err);
}

struct collecting {
	struct lake_record *record;
	enum lake_what what;
};

static int
add_object(struct lake *l, const char *name, struct buf *text, void *arg, struct msg *err)
{
	const struct collecting *to = arg;

	(void)l, (void)err;
	lake_record_add(to->record, to->what, xstrdup(name), text);
	return 0;
}

/* Collects what the run has prepared and staged. */
static int
collect(struct lake *l, struct lake_record *r, struct msg *err)
{
	static const struct { const char *part; enum lake_what what; } parts[] = {
		{ "prepared", LAKE_TABLE }, { LAKE_LATE_PART, LAKE_LATE }, { "stage", LAKE_FILE },
		{ "gone", LAKE_GONE } };
	int64_t format = get_format(l, err), is_there = 0;
	struct buf text = { 0 };
	size_t i;

	if (format < 0 || lake_open_files(l, r->run, err) < 0)
		return -1;
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct collecting to = { r, parts[i].what };

		if (lake_each_object(l, l->files, parts[i].part, add_object, &to, err) < 0)
			return -1;
	}
	if (r->n > 0 && (format != LAKE_FORMAT || get_number(l->store, LAKE_FORMAT_NAME, &is_there, err) == 0)) {
		buf_addf(&text, "%d\n", LAKE_FORMAT);
		lake_record_add(r, LAKE_FILE, xstrdup(LAKE_FORMAT_NAME), &text);
	}
	lake_record_sort(r);
	return err->status != 0 ? -1 : 0;
}

/* Puts the run's large objects where whoever carries the record through finds them. */
static int
put_late(struct lake *l, const struct lake_record *r, struct msg *err)
{
	size_t i;
	int failed = 0;

	for (i = 0; i < r->n && !failed && l->folder != NULL; i++) {
		char *from = xasprintf(LAKE_LATE_PART "/%s", r->items[i].name);
		char *to = xasprintf(LAKE_OPEN "/%s/%s", r->run, from);

		if (r->items[i].what == LAKE_LATE)
			failed = lake_copy(l->files, from, l->store, to, err);
		free(from);
		free(to);
	}
	return failed;
}

static int
lost(const struct lake *l, int64_t number, struct msg *err)
{
	return msg_set(err, EX_TEMPFAIL, "%s: another run has taken number %" PRId64
	    ": the lock was lost, and nothing of this run has taken effect", store_address(l->store), number);
}

/* Takes the number for the run. Where it is uncertain if that succeeded, a mark tells lake_end so. */
static int
claim(struct lake *l, int64_t number, const struct lake_record *r, struct msg *err)
{
	int got = lake_record_claim(l->store, number, r, err);
	struct msg unheard = { 0 };

	if (got == STORE_UNDECIDED)
		(void)mark(l, r->run, UNDECIDED, &unheard);
	if (got == 0)
		return lost(l, number, err);
	return got < 0 ? -1 : 1;
}

int
lake_commit(struct lake *l, const char *run, int64_t number, struct msg *err)
{
	struct lake_record r = { .run = xstrdup(run) };
	int got = collect(l, &r, err) < 0 ? -1 : put_late(l, &r, err);

	if (!got && r.n > 0 && (got = claim(l, number, &r, err)) > 0)
		got = settle(l, number, &r, err) < 0 ? -1 : 1;
	lake_record_free(&r);
	return got;
}

/* Has the run taken its number? 1, 0 or -1. */
static int
has_committed(struct lake *l, const char *run, int64_t number, struct msg *err)
{
	struct lake_record r;
	int got = lake_record_get(l->store, number, &r, err);

	if (got > 0)
		got = strcmp(r.run, run) == 0 && !r.is_void;
	lake_record_free(&r);
	return got;
}

int
lake_check_number(struct lake *l, const char *run, int64_t number, struct msg *err)
{
	struct lake_record r;
	int got = lake_record_get(l->store, number, &r, err);
	bool ours = got > 0 && strcmp(r.run, run) == 0 && !r.is_void;

	lake_record_free(&r);
	return got < 0 ? -1 : got > 0 && !ours ? lost(l, number, err) : 0;
}

int
lake_end(struct lake *l, const char *run, int64_t number, struct msg *err)
{
	int got = has_committed(l, run, number, err);

	if (got == 0)
		got = is_marked(l, run, UNDECIDED, err);
	if (got > 0)
		return lake_recover(l, err);
	return got < 0 ? -1 : lake_abandon(l, run, err);
}

/* ---- status ---- */

int
lake_get_status(struct lake *l, struct lake_status *s, struct msg *err)
{
	struct buf last = { 0 };
	struct lake_record r = { 0 };
	int64_t current = 0;
	int failed;

	*s = (struct lake_status){ 0 };
	failed = get_number(l->store, LAKE_FORMAT_NAME, &s->format, err) < 0 ||
	    lake_record_newest(l->store, &s->number, err) < 0 ||
	    get_number(l->store, LAKE_CURRENT, &current, err) < 0 ||
	    store_list_folders(l->store, LAKE_OPEN, &s->open, err) < 0 ||
	    store_get(l->store, LAKE_RUNS "/last", &last, err) < 0;
	if (!failed && s->number > 0)
		failed = lake_record_get(l->store, s->number, &r, err) < 0;
	if (!failed && r.run != NULL && !r.is_void) {
		s->run = xstrdup(r.run);
		s->is_pending = current < s->number;
	}
	if (last.len > 0)
		s->last = xstrndup((const char *)last.p, last.len - 1);
	buf_free(&last);
	lake_record_free(&r);
	return failed ? -1 : 0;
}

void
lake_status_free(struct lake_status *s)
{
	store_list_free(&s->open);
	free(s->run);
	free(s->last);
	*s = (struct lake_status){ 0 };
}

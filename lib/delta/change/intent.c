/*
 * Writer intents. An object "_delta_log/_intent-<version>-<uuid>" exists, durable and locked, before the first data
 * file whose name contains that UUID; the version is the first that may name such files. A killed writer no longer
 * holds the lock: whoever finds its intent checks whether a version names the files, and removes them if none does.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "delta/change/change.h"
#include "delta/log/fresh.h"
#include "delta/log/names.h"

enum { DIGITS = 20, TRIES = 10 };

static struct delta_intent *open_intents;	/* intents on disk, removed at exit */

/* ---- cleaning up ---- */

/* A commit names data files by the UUID's text, deletion vectors in its short form. */
static int
count(struct delta_table *t, const char *name, const char *uuid, bool *named, struct msg *err)
{
	char *path = xasprintf(DELTA_LOG "/%s", name);
	struct buf text = { 0 }, vector = { 0 };
	int got = store_get(t->store, path, &text, err);

	delta_dv_put_uuid(uuid, &vector);
	*named = *named || got == 0 || strstr(buf_cstr(&text), uuid) != NULL ||
	    strstr((const char *)text.p, buf_cstr(&vector)) != NULL;
	buf_free(&text);
	buf_free(&vector);
	free(path);
	return got < 0 ? -1 : 0;
}

/*
 * Returns 1 if a version from `first` on names files with this UUID, else 0. Also returns 1 if commits that may have
 * done so are gone: acct-vacuum decides by the checkpoints.
 */
static int
is_named(struct delta_table *t, int64_t first, const char *uuid, struct msg *err)
{
	struct delta_log_name n;
	struct store_list list;
	int64_t next = first;
	bool named = false;
	size_t i;
	int failed = store_list(t->store, DELTA_LOG, &list, err);

	for (i = 0; !failed && i < list.n && !named; i++) {
		if (!delta_log_parse(list.entries[i].name, &n) || n.version < first)
			continue;
		named = n.version > next || (n.version == next && n.kind != DELTA_LOG_COMMIT);
		if (!named && n.kind == DELTA_LOG_COMMIT) {
			next = n.version + 1;
			failed = count(t, list.entries[i].name, uuid, &named, err);
		}
	}
	if (list.entries != NULL)
		store_list_free(&list);
	return failed ? -1 : named;
}

static bool
skip_log(const char *folder, void *arg)
{
	(void)arg;
	return strcmp(folder, DELTA_LOG) == 0;
}

/* Removes the data files with this UUID, complete or not, that no version names. Returns how many, or -1. */
static int
sweep(struct delta_table *t, int64_t first, const char *uuid, struct msg *err)
{
	struct store_list list;
	size_t i, links;
	int named = is_named(t, first, uuid, err), removed = 0, got;

	if (named != 0)
		return named < 0 ? -1 : 0;
	if (store_walk_own(t->store, skip_log, NULL, &list, &links, err) < 0)
		return -1;
	for (i = 0; removed >= 0 && i < list.n; i++) {
		const char *slash = strrchr(list.entries[i].name, '/');

		if (strstr(slash != NULL ? slash : list.entries[i].name, uuid) == NULL)
			continue;
		got = store_delete_own(t->store, &list.entries[i], err);
		removed = got < 0 ? -1 : removed + got;
	}
	store_list_free(&list);
	return removed;
}

static bool
parse(const char *name, int64_t *version, const char **uuid)
{
	const char *p = name + sizeof(DELTA_LOG_INTENT) - 1;

	if (!delta_log_is_intent(name) || strspn(p, "0123456789") != DIGITS || p[DIGITS] != '-' ||
	    !num_int64(p, DIGITS, version))
		return false;
	*uuid = p + DIGITS + 1;
	return strlen(*uuid) == DELTA_UUID - 1;
}

/* Cleans up after one writer, unless it is still running. Returns how many files were removed, or -1. */
static int
recover_one(struct delta_table *t, const char *name, struct msg *err)
{
	char *path = xasprintf(DELTA_LOG "/%s", name);
	struct store_lock lock;
	const char *uuid;
	int64_t first;
	int removed = 0;

	if (parse(name, &first, &uuid) && (removed = store_lock_try(t->store, path, &lock, err)) > 0) {
		removed = sweep(t, first, uuid, err);
		if (removed >= 0 && store_delete(t->store, path, err) < 0)
			removed = -1;
		store_lock_end(&lock);
	}
	free(path);
	return removed;
}

int
delta_recover(struct delta_table *t, struct msg *err)
{
	struct store_list list;
	size_t i;
	int removed = 0, got;

	if (store_list(t->store, DELTA_LOG, &list, err) < 0)
		return -1;
	for (i = 0; i < list.n && removed >= 0; i++) {
		if (!delta_log_is_intent(list.entries[i].name))
			continue;
		got = recover_one(t, list.entries[i].name, err);
		removed = got < 0 ? -1 : removed + got;
	}
	store_list_free(&list);
	return removed;
}

/* ---- own files ---- */

static void
undo_all(void)
{
	while (open_intents != NULL)
		delta_intent_undo(open_intents);
}

static void
remember(struct delta_intent *in)
{
	static bool armed;

	if (!armed)
		(void)atexit(undo_all);		/* a failing program leaves no files */
	armed = true;
	in->next = open_intents;
	open_intents = in;
}

static void
forget(struct delta_intent *in)
{
	struct delta_intent **at;

	for (at = &open_intents; *at != NULL && *at != in; at = &(*at)->next)
		;
	if (*at != NULL)
		*at = in->next;
	store_lock_end(&in->lock);
	free(in->name);
	in->name = NULL;
}

/* Writes the intent to disk unless it is there. */
static int
ensure(struct delta_intent *in, struct msg *err)
{
	int tries, got = in->name != NULL;

	for (tries = 0; got == 0 && tries < TRIES; tries++) {
		if (delta_uuid(in->uuid, err) < 0)
			return -1;
		in->name = xasprintf(DELTA_LOG "/" DELTA_LOG_INTENT "%0*" PRId64 "-%s", DIGITS, in->first, in->uuid);
		got = store_lock_new(in->table->store, in->name, &in->lock, err);
		if (got > 0) {
			remember(in);
		} else {
			free(in->name);
			in->name = NULL;
		}
	}
	if (got == 0)
		return msg_set(err, EX_TEMPFAIL, "%s: another writer is cleaning up: cannot name new files",
		    in->table->address);
	return got < 0 ? -1 : 0;
}

/* Appends "part-<number>-<uuid>-c000". */
static int
next_name(struct delta_namer *n, struct buf *out, struct msg *err)
{
	struct delta_intent *in = (struct delta_intent *)n;	/* its first member */

	if (ensure(in, err) < 0)
		return -1;
	buf_addf(out, "part-%05u-%s-c000", in->part++, in->uuid);
	return 0;
}

static int
copy_uuid(struct delta_namer *n, char out[DELTA_UUID], struct msg *err)
{
	struct delta_intent *in = (struct delta_intent *)n;

	if (ensure(in, err) < 0)
		return -1;
	memcpy(out, in->uuid, DELTA_UUID);
	return 0;
}

void
delta_intent_init(struct delta_intent *in, struct delta_table *t, const struct delta_snapshot *base)
{
	struct msg unheard = { 0 };	/* failures to clean up do not stop a writer */

	*in = (struct delta_intent){ .namer = { next_name, copy_uuid }, .table = t,
	    .first = base->version + 1 };
	if (base->version < 0 || base->intents)
		(void)delta_recover(t, &unheard);
}

void
delta_intent_end(struct delta_intent *in)
{
	/* an intent that stays is removed by the next writer, which finds its files named */
	struct msg unheard = { 0 };

	if (in->name == NULL)
		return;
	(void)store_delete(in->table->store, in->name, &unheard);
	forget(in);
}

void
delta_intent_undo(struct delta_intent *in)
{
	struct msg unheard = { 0 };	/* the intent stays, and the next writer cleans up */

	if (in->name == NULL)
		return;
	if (sweep(in->table, in->first, in->uuid, &unheard) >= 0)
		delta_intent_end(in);
	else
		forget(in);
}

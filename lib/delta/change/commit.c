/*
 * Commits: writes the actions as one object, put if absent, so that only one writer gets the version. Clause Delta
 * Log Entries.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "delta/change/commit.h"
#include "delta/log/names.h"

enum { CHECKPOINT_INTERVAL = 10, TRIES = 1000, REPEATS = 3 };

/* ---- checksum file and checkpoint ---- */

/*
 * Writes the checksum file (clause Version Checksum File). If our version directly follows the base, its totals are
 * known without reading the log again.
 */
static int
write_checksum(const struct delta_draft *d, int64_t version, struct msg *err)
{
	const struct delta_change *c;
	int64_t bytes = 0, files = (int64_t)d->base->nfiles;
	struct buf b = { 0 };
	char *name;
	size_t i;
	int done;

	for (i = 0; i < d->base->nfiles; i++)
		bytes += d->base->files[i].size;
	for (c = d->change; c != NULL; c = c->also) {
		files += (int64_t)c->nadds - (int64_t)c->nremoves;
		for (i = 0; i < c->nremoves; i++)
			bytes -= d->base->files[c->removes[i]].size;
		for (i = 0; i < c->nadds; i++)
			bytes += c->adds[i].size;
	}
	buf_addf(&b, "{\"txnId\":\"%s\",\"tableSizeBytes\":%" PRId64 ",\"numFiles\":%" PRId64
	    ",\"numMetadata\":1,\"numProtocol\":1,"
	    "\"metadata\":%s,\"protocol\":%s}\n", d->txn_id, bytes, files, (char *)d->metadata.p,
	    (char *)d->protocol.p);
	name = xasprintf(DELTA_LOG "/%020" PRId64 ".crc", version);
	done = store_put(d->table->store, name, b.p, b.len, STORE_NEW, err);
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
put_version(const struct delta_draft *d, const char *name, const struct buf *text, struct msg *why)
{
	int tries = 0, done;
	bool undecided = false;

	do {
		*why = (struct msg){ 0 };
		done = store_put(d->table->store, name, text->p, text->len, STORE_NEW, why);
		undecided = undecided || done == STORE_UNDECIDED;
	} while (done == STORE_UNDECIDED && ++tries < REPEATS);
	return done < 0 && undecided ? STORE_UNDECIDED : done;
}

/*
 * Determines whether a failed commit nevertheless exists, because the caller would retry or remove its files.
 * Returns true if it is in the log as far as can be seen.
 */
static bool
fail(const struct delta_draft *d, const char *name, const struct buf *text, int64_t version, const struct msg *why,
    struct msg *err)
{
	struct buf there = { 0 };
	struct msg unheard = { 0 };
	int got = store_get(d->table->store, name, &there, &unheard);
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
try_version(const struct delta_draft *d, struct buf *text, int64_t v, int64_t *version, struct msg *err)
{
	char *name = delta_log_commit_name(v);
	struct msg why = { 0 };
	int done;

	text->len = 0;
	delta_draft_put(text, d, v - 1);
	done = put_version(d, name, text, &why);
	if (done > 0 || done == STORE_UNDECIDED || (done < 0 && fail(d, name, text, v, &why, err)))
		*version = v;
	if (done == STORE_UNDECIDED)
		(void)msg_set(err, why.status, "%s; version %" PRId64 " may be committed or not", why.text, v);
	free(name);
	return done < 0 ? -1 : done == 0;
}

/*
 * Tries successive versions until one succeeds. Returns as delta_conflict_weigh does, 0 with *version set; on failure
 * *version is -1 unless that version may exist.
 */
static int
take_version(const struct delta_draft *d, int64_t *version, struct msg *err)
{
	struct buf text = { 0 };
	int64_t first = d->base->version + 1, v = first;
	int verdict = 0, taken = 1;

	*version = -1;
	for (; verdict == 0 && taken > 0 && v - first < TRIES; v++) {
		taken = try_version(d, &text, v, version, err);
		if (taken > 0)
			verdict = delta_conflict_weigh(d, v, err);
	}
	buf_free(&text);
	if (verdict == DELTA_CONFLICT_OURS) {		/* the store's reply was lost */
		*version = v - 1;
		return 0;
	}
	if (verdict == 0 && taken > 0)
		return msg_set(err, EX_TEMPFAIL, "%s: %d other writers came first", d->table->address, TRIES);
	return taken < 0 ? -1 : verdict;
}

/* Writes the checksum file and checkpoint, which the version does not depend on. */
static void
write_beside(struct delta_draft *d, int64_t version, struct msg *warn)
{
	struct msg why = { 0 };

	if (version == d->base->version + 1)
		(void)write_checksum(d, version, &why);
	if (version > 0 && version % checkpoint_interval(d->base) == 0)
		(void)write_checkpoint(d->table, version, &why);
	if (why.status != 0)
		msg_set(warn, why.status, "%s: version %" PRId64 " is committed, but: %s", d->table->address,
		    version, why.text);
}

int
delta_commit(struct delta_table *t, const struct delta_snapshot *base, const struct delta_change *c, int64_t *version,
    struct msg *warn, struct msg *err)
{
	struct delta_draft d;
	const struct delta_change *o;
	int verdict;

	*version = -1;
	for (o = c; o != NULL; o = o->also)
		if (o->app.id != NULL && delta_app_version(base, o->app.id) >= o->app.version)
			return 0;
	verdict = delta_draft_init(&d, t, base, c, err);
	if (verdict == 0)
		verdict = take_version(&d, version, err);
	if (verdict == 0)
		write_beside(&d, *version, warn);
	delta_draft_free(&d);
	return verdict < 0 ? -1 : 0;
}

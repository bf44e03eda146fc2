/* Finds log files no longer needed: those before a sufficiently old checkpoint. Clause Metadata Cleanup. */
#include <stdlib.h>
#include <string.h>

#include "delta/change/change.h"
#include "delta/log/names.h"
#include "delta/log/state.h"

enum { VERSION_DIGITS = 20 };

/* Returns the newest version up to which every commit is from `cutoff` or earlier; -1 if there is none. */
static int64_t
last_expired(const struct delta_log *log, int64_t cutoff)
{
	struct delta_log_name n;
	int64_t last = -1;
	size_t i;

	for (i = 0; i < log->list.n; i++) {
		if (!delta_log_parse(log->list.entries[i].name, &n) || n.kind != DELTA_LOG_COMMIT)
			continue;
		if (log->list.entries[i].mtime > cutoff)
			break;
		last = n.version;
	}
	return last;
}

/* Returns the version a log file or a checksum of one belongs to, by its name; -1 for other names. */
static int64_t
version_of(const char *name)
{
	static const char suffix[] = ".crc";
	struct delta_log_name n;
	size_t len = strlen(name);
	int64_t version = -1;
	char *of;

	if (delta_log_parse(name, &n))
		return n.version;
	if (len > sizeof(suffix) && strcmp(name + len - (sizeof(suffix) - 1), suffix) == 0) {
		of = xstrndup(name + (*name == '.'), len - (sizeof(suffix) - 1) - (*name == '.'));
		if (*name == '.')			/* Hadoop's checksum of the file with this name */
			version = version_of(of);
		else if (strlen(of) == VERSION_DIGITS && strspn(of, "0123456789") == VERSION_DIGITS)
			version = strtoll(of, NULL, 10);	/* the version's checksum file */
		free(of);
		return version;
	}
	/* "<from>.<to>.compacted.json" */
	if (len == 2 * VERSION_DIGITS + 16 && strspn(name, "0123456789") == VERSION_DIGITS &&
	    name[VERSION_DIGITS] == '.' && strspn(name + VERSION_DIGITS + 1, "0123456789") == VERSION_DIGITS &&
	    strcmp(name + 2 * VERSION_DIGITS + 1, ".compacted.json") == 0)
		return strtoll(name, NULL, 10);
	return -1;
}

static int
by_version(const void *a, const void *b)
{
	const char *x = ((const struct store_entry *)a)->name, *y = ((const struct store_entry *)b)->name;
	int64_t v = version_of(x + sizeof(DELTA_LOG)), w = version_of(y + sizeof(DELTA_LOG));

	return v != w ? (v < w ? -1 : 1) : strcmp(x, y);
}

/* Lists the files of versions before `version`, oldest first. */
static void
take_before(const struct delta_log *log, int64_t version, struct store_list *expired)
{
	const struct store_entry *e;
	int64_t v;
	size_t i;

	expired->entries = xcalloc(log->list.n, sizeof(*expired->entries));
	for (i = 0; i < log->list.n; i++) {
		e = &log->list.entries[i];
		v = version_of(e->name);
		if (v < 0 || v >= version)
			continue;
		expired->entries[expired->n] = *e;
		expired->entries[expired->n++].name = xasprintf(DELTA_LOG "/%s", e->name);
	}
	if (expired->n > 1)
		qsort(expired->entries, expired->n, sizeof(*expired->entries), by_version);
}

/* Returns the checkpoint a version would be loaded from, or -1. Loads it completely to verify it. */
static int
find_checkpoint(struct delta_table *t, int64_t version, int64_t *checkpoint, struct msg *err)
{
	struct delta_snapshot s;
	struct delta_log log;
	struct msg unheard = { 0 };

	*checkpoint = -1;
	if (version < 0 || delta_log_find(t->store, version, &log, &unheard) < 0)
		return 0;		/* versions before it are already gone */
	*checkpoint = log.checkpoint;
	delta_log_free(&log);
	if (*checkpoint < 0)
		return 0;
	if (delta_load_whole(t, *checkpoint, &s, err) < 0)
		return -1;
	delta_snapshot_free(&s);
	return 0;
}

int
delta_expire_find(struct delta_table *t, const struct delta_snapshot *s, int64_t now, struct store_list *expired,
    struct msg *err)
{
	const char *property = delta_property(s, DELTA_LOG_RETENTION);
	const char *wanted = delta_property(s, "delta.enableExpiredLogCleanup");
	int64_t keep = delta_duration(property, 30 * DELTA_DAY), cutoff = now - keep, checkpoint;
	struct delta_log log;
	int failed;

	memset(expired, 0, sizeof(*expired));
	if (delta_has_feature(s, "checkpointProtection"))
		return msg_set(err, EX_UNAVAILABLE,
		    "%s: the log is protected by an unsupported writer feature: checkpointProtection",
		    t->address);
	if (keep < 0)
		return msg_set(err, EX_CONFIG, "%s: " DELTA_LOG_RETENTION ": not a time: %s", t->address,
		    msg_quotes(property));
	if (wanted != NULL && strcasecmp(wanted, "false") == 0)
		return 0;
	if (delta_log_find(t->store, s->version, &log, err) < 0)
		return -1;
	cutoff -= ((cutoff % DELTA_DAY) + DELTA_DAY) % DELTA_DAY;	/* the clause truncates to midnight */
	failed = find_checkpoint(t, last_expired(&log, cutoff), &checkpoint, err);
	if (!failed && checkpoint >= 0)
		take_before(&log, checkpoint, expired);
	delta_log_free(&log);
	return failed;
}

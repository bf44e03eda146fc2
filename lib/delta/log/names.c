#include "delta/log/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Parses exactly `width` digits at *p and moves past them. */
static bool
digits(const char **p, int width, int64_t *v)
{
	*v = 0;
	for (; width > 0; width--, ++*p) {
		if (**p < '0' || **p > '9' || *v > (INT64_MAX - 9) / 10)
			return false;
		*v = *v * 10 + (**p - '0');
	}
	return true;
}

static bool
is_uuid(const char *p, size_t n)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	if (n != sizeof(form) - 1)
		return false;
	for (i = 0; i < n; i++)
		if (form[i] == '-' ? p[i] != '-' : strchr("0123456789abcdefABCDEF", p[i]) == NULL)
			return false;
	return true;
}

bool
delta_log_parse(const char *name, struct delta_log_name *n)
{
	static const char middle[] = ".checkpoint.";
	int64_t part, parts;
	const char *p = name, *dot;

	memset(n, 0, sizeof(*n));
	if (!digits(&p, 20, &n->version))
		return false;
	if (strcmp(p, ".json") == 0)
		return true;
	if (strncmp(p, middle, sizeof(middle) - 1) != 0)
		return false;
	p += sizeof(middle) - 1;
	if (strcmp(p, "parquet") == 0) {
		n->kind = DELTA_LOG_CHECKPOINT;
		return true;
	}
	dot = strchr(p, '.');
	if (dot != NULL && is_uuid(p, (size_t)(dot - p))) {
		n->kind = strcmp(dot, ".json") == 0 ? DELTA_LOG_MANIFEST_JSON : DELTA_LOG_MANIFEST_PARQUET;
		return n->kind == DELTA_LOG_MANIFEST_JSON || strcmp(dot, ".parquet") == 0;
	}
	n->kind = DELTA_LOG_PART;
	if (!digits(&p, 10, &part) || *p++ != '.' || !digits(&p, 10, &parts) || strcmp(p, ".parquet") != 0 ||
	    part < 1 || part > parts ||
	    parts > 1000000)
		return false;
	n->part = (unsigned)part;
	n->parts = (unsigned)parts;
	return true;
}

char *
delta_log_commit_name(int64_t version)
{
	return xasprintf(DELTA_LOG "/%020" PRId64 ".json", version);
}

/*
 * Takes a complete checkpoint whose files begin at entry i, all of one version and kind: a single file or all parts.
 * The listing is sorted by name, so the parts of a set are in order but sets of different sizes are interleaved; the
 * number of parts identifies the set.
 */
static void
take_checkpoint(struct delta_log *log, size_t i, const struct delta_log_name *n)
{
	struct delta_log_name other;
	size_t k, have = 0, want = n->kind == DELTA_LOG_PART ? n->parts : 1;
	const char **files = xreallocarray(NULL, want, sizeof(*files));

	for (k = i; k < log->list.n && have < want; k++) {
		if (!delta_log_parse(log->list.entries[k].name, &other) || other.version != n->version)
			break;
		if (other.kind == n->kind && other.parts == n->parts &&
		    (other.part == have + 1 || n->kind != DELTA_LOG_PART))
			files[have++] = log->list.entries[k].name;
	}
	if (have < want) {
		free(files);
		return;
	}
	free(log->checkpoint_files);
	log->checkpoint_files = files;
	log->ncheckpoint_files = have;
	log->checkpoint = n->version;
	log->checkpoint_kind = n->kind;
}

/* Finds the newest version, and the newest complete checkpoint up to both `wanted` and `most`. */
static int64_t
survey(struct delta_log *log, int64_t wanted, int64_t most)
{
	struct delta_log_name n;
	int64_t newest = -1;
	size_t i;

	for (i = 0; i < log->list.n; i++) {
		if (!delta_log_parse(log->list.entries[i].name, &n)) {
			log->intents = log->intents || delta_log_is_intent(log->list.entries[i].name);
			continue;
		}
		if (n.kind == DELTA_LOG_COMMIT) {
			newest = n.version > newest ? n.version : newest;
		} else if ((wanted < 0 || n.version <= wanted) && n.version <= most &&
		    (n.kind != DELTA_LOG_PART || n.part == 1) &&
		    !(log->checkpoint == n.version && log->checkpoint_kind == DELTA_LOG_CHECKPOINT)) {
			take_checkpoint(log, i, &n);
		}
	}
	if (log->checkpoint > newest)
		newest = log->checkpoint;
	return newest;
}

/*
 * Returns the first missing version between the checkpoint and the wanted one; the version after the latter if none
 * is missing.
 */
static int64_t
first_missing(struct delta_log *log)
{
	int64_t next = log->checkpoint + 1;
	struct delta_log_name n;
	size_t i;

	for (i = 0; i < log->list.n; i++) {
		if (!delta_log_parse(log->list.entries[i].name, &n) || n.kind != DELTA_LOG_COMMIT)
			continue;
		if (n.version == log->version)
			log->commit_time = log->list.entries[i].mtime;
		if (n.version == next && next <= log->version)
			next++;
	}
	return next;
}

static int
too_early(struct store *s, int64_t version, struct msg *err)
{
	return msg_set(err, EX_NOINPUT, "%s: no version %" PRId64 ": the log does not go back so far", store_address(s),
	    version);
}

/* Lists the folder once. Returns 1, or 0 with *missing if a version is missing. */
static int
look(struct store *s, int64_t version, int64_t most, struct delta_log *log, int64_t *missing, struct msg *err)
{
	int64_t newest;

	memset(log, 0, sizeof(*log));
	log->checkpoint = -1;
	if (store_list(s, DELTA_LOG, &log->list, err) < 0)
		return -1;
	newest = survey(log, version, most);
	if (newest < 0 && version >= 0 && survey(log, -1, most) >= 0)
		return too_early(s, version, err);
	if (newest < 0)
		return msg_set(err, EX_NOINPUT, "%s: not a Delta table: no commit and no checkpoint in " DELTA_LOG,
		    store_address(s));
	if (version > newest)
		return msg_set(err, EX_NOINPUT, "%s: no version %" PRId64 ": the newest is %" PRId64, store_address(s),
		    version, newest);
	log->version = version < 0 ? newest : version;
	*missing = first_missing(log);
	return *missing > log->version;
}

/*
 * A listing is not atomic: it may miss a version committed meanwhile and yet contain a later one. Only a version
 * missing from several listings is really missing.
 */
int
delta_log_find_by(struct store *s, int64_t version, int64_t most, struct delta_log *log, struct msg *err)
{
	enum { LOOKS = 3 };
	int64_t missing = -1;
	int got, looks;

	for (looks = 1; (got = look(s, version, most, log, &missing, err)) == 0 && looks < LOOKS; looks++)
		delta_log_free(log);
	if (got == 0 && log->checkpoint < 0 && missing == 0 && version >= 0)
		got = too_early(s, version, err);
	else if (got == 0)
		got = msg_set(err, EX_DATAERR, "%s: versions are not contiguous: %" PRId64 " is missing",
		    store_address(s), missing);
	if (got > 0)
		return 0;
	delta_log_free(log);
	return -1;
}

int
delta_log_find(struct store *s, int64_t version, struct delta_log *log, struct msg *err)
{
	return delta_log_find_by(s, version, INT64_MAX, log, err);
}

void
delta_log_free(struct delta_log *log)
{
	free(log->checkpoint_files);
	store_list_free(&log->list);
	memset(log, 0, sizeof(*log));
}

bool
delta_log_is_intent(const char *name)
{
	return strncmp(name, DELTA_LOG_INTENT, sizeof(DELTA_LOG_INTENT) - 1) == 0;
}

/* Checks a table's log: each commit, by its checksum; its checkpoints; other files of the log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "check/parts.h"
#include "delta/log/names.h"
#include "delta/log/state.h"
#include "delta/log/sum.h"

struct log {
	struct check *check;
	const char *thing;
	struct delta_table *table;
	int64_t last;			/* version of the last commit, -1 before the first */
	int64_t newest;			/* newest version of commits and checkpoints */
};

/* Parses a commit's actions on their own. */
static int
parse(const struct log *l, const char *name, const struct buf *text, struct msg *err)
{
	struct delta_snapshot s = { 0 };
	struct delta_state st;
	char *path = xasprintf("%s/%s", l->table->address, name);
	int failed;

	delta_state_init(&st, &s, l->table->root);
	failed = delta_actions(&st, path, text, NULL, err);
	delta_state_free(&st);
	delta_snapshot_free(&s);
	free(path);
	return failed;
}

static void
check_commit(struct log *l, int64_t version)
{
	char *name = delta_log_commit_name(version);
	struct buf text = { 0 };
	struct msg err = { 0 };
	int got = delta_sum_get(l->table, version, &text, &err);

	if (l->last >= 0 && version != l->last + 1)
		check_fault(l->check, l->thing, "%s: versions are not contiguous: %" PRId64 " is missing",
		    l->table->address,
		    l->last + 1);
	l->last = version;
	if (got < 0 || (got > 0 && parse(l, name, &text, &err) < 0))
		check_report(l->check, l->thing, &err);
	l->check->bytes += text.len;
	buf_free(&text);
	free(name);
}

/*
 * Reads a Parquet checkpoint on its own. Manifests and sidecars are read with the newest version, as far as it needs
 * them.
 */
static void
check_checkpoint(struct log *l, const char *file)
{
	char *name = xasprintf(DELTA_LOG "/%s", file);
	struct delta_snapshot s = { 0 };
	struct delta_names sidecars = { 0 };
	struct delta_state st;
	struct msg err = { 0 };

	delta_state_init(&st, &s, l->table->root);
	if (delta_checkpoint_read(&st, l->table->store, name, &sidecars, &err) < 0)
		check_report(l->check, l->thing, &err);
	delta_state_free(&st);
	delta_snapshot_free(&s);
	free(sidecars.p);
	free(name);
}

/* Loads a JSON file of the log. Returns NULL if it is missing, or malformed and reported. */
static json_t *
load(const struct log *l, const char *file)
{
	char *name = xasprintf(DELTA_LOG "/%s", file);
	struct buf text = { 0 };
	struct msg err = { 0 };
	json_t *o = NULL;
	int got = store_get(l->table->store, name, &text, &err);

	if (got < 0)
		check_report(l->check, l->thing, &err);
	else if (got > 0)
		o = json_loadb((const char *)text.p, text.len, 0, NULL);
	if (got > 0 && !json_is_object(o))
		check_fault(l->check, l->thing, "%s/%s: damaged: not a JSON object", l->table->address, name);
	buf_free(&text);
	free(name);
	return o;
}

/* Checks _last_checkpoint, the hint for readers that do not list the log: its checkpoint must exist. */
static void
check_hint(const struct log *l, const struct store_list *list)
{
	json_t *o = load(l, "_last_checkpoint");
	const json_t *version = json_object_get(o, "version");
	struct delta_log_name n;
	size_t i;

	for (i = 0; i < list->n && o != NULL; i++)
		if (delta_log_parse(list->entries[i].name, &n) && n.kind != DELTA_LOG_COMMIT &&
		    json_is_integer(version) && n.version == json_integer_value(version))
			break;
	if (o != NULL && i == list->n)
		check_fault(l->check, l->thing,
		    "%s/" DELTA_LOG "/_last_checkpoint: damaged: its checkpoint does not exist",
		    l->table->address);
	json_decref(o);
}

/* A checksum file is written after its commit: one newer than the log means lost commits. */
static void
check_lost(const struct log *l, const char *file)
{
	struct delta_log_name n;
	size_t len = strlen(file);
	char *commit;

	if (len < 4 || strcmp(file + len - 4, ".crc") != 0)
		return;
	commit = xasprintf("%.*s.json", (int)(len - 4), file);
	if (delta_log_parse(commit, &n) && n.kind == DELTA_LOG_COMMIT && n.version > l->newest)
		check_fault(l->check, l->thing, "%s: version %" PRId64 " is missing: its checksum file %s is there",
		    l->table->address, n.version, file);
	free(commit);
}

void
check_log(struct check *c, const char *thing, struct delta_table *t)
{
	struct log l = { .check = c, .thing = thing, .table = t, .last = -1, .newest = -1 };
	struct delta_log_name n;
	struct store_list list;
	struct msg err = { 0 };
	size_t i;

	if (store_list(t->store, DELTA_LOG, &list, &err) < 0) {
		check_report(c, thing, &err);
		return;
	}
	for (i = 0; i < list.n; i++) {
		if (!delta_log_parse(list.entries[i].name, &n))
			continue;
		l.newest = n.version > l.newest ? n.version : l.newest;
		if (n.kind == DELTA_LOG_COMMIT)
			check_commit(&l, n.version);
		else if (n.kind != DELTA_LOG_MANIFEST_JSON)
			check_checkpoint(&l, list.entries[i].name);
	}
	for (i = 0; i < list.n; i++)
		check_lost(&l, list.entries[i].name);
	check_hint(&l, &list);
	store_list_free(&list);
}

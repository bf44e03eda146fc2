/* Commit history, and the version current at a time. Clause Commit Provenance Information. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/log/names.h"
#include "delta/log/state.h"
#include "delta/log/sum.h"

static const char *
dump(struct delta_history *h, const json_t *o, const char *key)
{
	char *text = json_dumps(json_object_get(o, key), JSON_COMPACT | JSON_ENCODE_ANY);
	const char *kept = text != NULL ? pool_copy(&h->pool, text, strlen(text) + 1) : NULL;

	free(text);
	return kept;
}

static const char *
text_of(struct delta_history *h, const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? pool_copy(&h->pool, s, strlen(s) + 1) : NULL;
}

static void
take_info(struct delta_history *h, const json_t *o, struct delta_commit_info *info)
{
	const json_t *v;

	info->operation = text_of(h, o, "operation");
	info->engine = text_of(h, o, "engineInfo");
	info->parameters = dump(h, o, "operationParameters");
	info->metrics = dump(h, o, "operationMetrics");
	info->blind_append = json_is_true(json_object_get(o, "isBlindAppend"));
	if (json_is_integer(v = json_object_get(o, "readVersion")))
		info->read_version = json_integer_value(v);
	if (json_is_integer(v = json_object_get(o, "inCommitTimestamp")))
		info->timestamp = json_integer_value(v);
}

/* Takes one action of a commit; collects the applications of txn actions. */
static void
take_action(struct delta_history *h, const json_t *line, struct delta_commit_info *info, json_t *apps)
{
	const json_t *o = json_object_get(line, "commitInfo");

	if (o != NULL && info->operation == NULL)
		take_info(h, o, info);
	if ((o = json_object_get(line, "txn")) != NULL)
		json_array_append(apps, json_object_get(o, "appId"));
	if ((o = json_object_get(line, "add")) != NULL || (o = json_object_get(line, "remove")) != NULL)
		info->data_change |= json_is_true(json_object_get(o, "dataChange"));
}

/* Parses the lines of a commit that say something new: of many adds the first that changes rows is enough. */
static void
read_info(struct delta_history *h, const struct buf *text, struct delta_commit_info *info)
{
	const char *p = text->len > 0 ? (const char *)text->p : "", *end = p + text->len, *lf;
	json_t *apps = json_array(), *holder = json_pack("{s:o}", "apps", apps), *line;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		if (info->operation != NULL && info->data_change && memmem(p, (size_t)(lf - p), "txn", 3) == NULL)
			continue;
		line = json_loadb(p, (size_t)(lf - p), JSON_ALLOW_NUL, NULL);
		take_action(h, line, info, apps);
		json_decref(line);
	}
	info->applications = dump(h, holder, "apps");
	json_decref(holder);
}

/* Lists the existing commits, oldest first, with their files' mtimes. Returns their number. */
static int
list_commits(struct delta_table *t, struct delta_commit_info **commits, size_t *n, struct msg *err)
{
	struct delta_log_name name;
	struct delta_log log;
	struct store_list list;
	size_t i;

	if (store_list(t->store, DELTA_LOG, &list, err) < 0)
		return -1;
	*commits = xcalloc(list.n, sizeof(**commits));
	*n = 0;
	for (i = 0; i < list.n; i++)
		if (delta_log_parse(list.entries[i].name, &name) && name.kind == DELTA_LOG_COMMIT)
			(*commits)[(*n)++] = (struct delta_commit_info){ .version = name.version,
			    .timestamp = list.entries[i].mtime,
			    .read_version = -1 };
	store_list_free(&list);
	if (*n == 0 && delta_log_find(t->store, DELTA_NEWEST, &log, err) < 0) {
		free(*commits);
		*commits = NULL;
		return -1;
	}
	if (*n == 0)		/* only a checkpoint is left */
		delta_log_free(&log);
	return 0;
}

/* Makes timestamps increase with the version even if a clock was wrong. */
static void
make_monotonic(struct delta_commit_info *commits, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (commits[i].timestamp <= commits[i - 1].timestamp)
			commits[i].timestamp = commits[i - 1].timestamp + 1;
}

/* Reads a commit's commitInfo. Returns 1, or 0 if the commit is gone. */
static int
read_commit(struct delta_table *t, struct delta_history *h, struct delta_commit_info *info, struct msg *err)
{
	struct buf text = { 0 };
	int got = delta_sum_get(t, info->version, &text, err);

	if (got > 0)
		read_info(h, &text, info);
	buf_free(&text);
	return got;
}

int
delta_commit_timestamp(struct delta_table *t, int64_t version, int64_t *time, struct msg *err)
{
	struct delta_commit_info info = { .version = version, .timestamp = *time };
	struct delta_history h = { 0 };
	int got = read_commit(t, &h, &info, err);

	*time = info.timestamp;
	delta_history_free(&h);
	return got < 0 ? -1 : 0;
}

int
delta_commit_moves(struct delta_table *t, int64_t version, bool *moves, struct msg *err)
{
	struct delta_commit_info info = { .version = version };
	struct delta_history h = { 0 };
	int got = read_commit(t, &h, &info, err);

	*moves = got > 0 && !info.data_change;
	delta_history_free(&h);
	return got < 0 ? -1 : 0;
}

int
delta_history(struct delta_table *t, size_t most, struct delta_history *h, struct msg *err)
{
	struct delta_commit_info *commits;
	size_t n, i;
	int got = 1;

	memset(h, 0, sizeof(*h));
	if (list_commits(t, &commits, &n, err) < 0)
		return -1;
	make_monotonic(commits, n);
	h->commits = xcalloc(n, sizeof(*h->commits));
	for (i = n; i > 0 && (most == 0 || h->n < most) && got > 0; i--) {
		h->commits[h->n] = commits[i - 1];
		got = read_commit(t, h, &h->commits[h->n], err);
		h->n += got > 0;
	}
	free(commits);
	if (got >= 0)
		return 0;
	delta_history_free(h);
	return -1;
}

void
delta_history_free(struct delta_history *h)
{
	free(h->commits);
	pool_free(&h->pool);
	memset(h, 0, sizeof(*h));
}

int
delta_version_at(struct delta_table *t, int64_t time, int64_t *version, struct msg *err)
{
	struct delta_history h;
	char text[NUM_TEXT];
	size_t i;

	if (delta_history(t, 0, &h, err) < 0)
		return -1;
	for (i = 0; i < h.n && h.commits[i].timestamp > time; i++)
		;
	*version = i < h.n ? h.commits[i].version : -1;
	if (h.n == 0) {
		msg_set(err, EX_NOINPUT, "%s: only a checkpoint is left in the log, no commit with a time",
		    t->address);
	} else if (*version < 0) {
		num_put_timestamp(text, h.commits[h.n - 1].timestamp * 1000);
		msg_set(err, EX_NOINPUT, "%s: no version that early: the first known is of %s", t->address, text);
	}
	delta_history_free(&h);
	return *version < 0 ? -1 : 0;
}

/* What the commits say of themselves, and which version stood at a time. Clause Commit Provenance Information. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/log.h"
#include "delta/state.h"

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

/* The commitInfo of a commit, whichever line it stands in. */
static void
read_info(struct delta_history *h, const struct buf *text, struct delta_commit_info *info)
{
	const char *p = text->len > 0 ? (const char *)text->p : "", *end = p + text->len, *lf;
	const json_t *o, *v;
	json_t *line;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		line = json_loadb(p, (size_t)(lf - p), 0, NULL);
		o = json_object_get(line, "commitInfo");
		if (o != NULL) {
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
		json_decref(line);
		if (info->operation != NULL)
			break;
	}
}

/* The commits there are, oldest first, with the times of their files; and their number. */
static int
list_commits(struct delta_table *t, struct delta_commit_info **commits, size_t *n, struct msg *err)
{
	struct delta_log_name name;
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
	if (*n > 0)
		return 0;
	free(*commits);
	*commits = NULL;
	return msg_set(err, EX_NOINPUT, "%s: not a Delta table: no commit in " DELTA_LOG, t->address);
}

/* A version is never older than the one before it, whatever a clock said. */
static void
make_monotonic(struct delta_commit_info *commits, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (commits[i].timestamp <= commits[i - 1].timestamp)
			commits[i].timestamp = commits[i - 1].timestamp + 1;
}

int
delta_history(struct delta_table *t, size_t most, struct delta_history *h, struct msg *err)
{
	struct delta_commit_info *commits;
	struct buf text = { 0 };
	char *name;
	size_t n, i;
	int got = 1;

	memset(h, 0, sizeof(*h));
	if (list_commits(t, &commits, &n, err) < 0)
		return -1;
	make_monotonic(commits, n);
	h->commits = xcalloc(n, sizeof(*h->commits));
	for (i = n; i > 0 && (most == 0 || h->n < most) && got > 0; i--) {
		h->commits[h->n] = commits[i - 1];
		text.len = 0;
		name = delta_log_commit_name(commits[i - 1].version);
		got = store_get(t->store, name, &text, err);
		free(name);
		if (got > 0)
			read_info(h, &text, &h->commits[h->n++]);
	}
	free(commits);
	buf_free(&text);
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
	if (*version < 0) {
		num_put_timestamp(text, h.commits[h.n - 1].timestamp * 1000);
		msg_set(err, EX_NOINPUT, "%s: no version so early: the first that is known is of %s", t->address, text);
	}
	delta_history_free(&h);
	return *version < 0 ? -1 : 0;
}

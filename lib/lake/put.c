/* What a run does to single objects: puts, stages and removes them, and reads them as they will be. */
#include <stdlib.h>
#include <string.h>

#include "lake/record.h"

/* Checks that a run has begun, and opens its folder. */
static int
join(struct lake *l, const char *run, struct msg *err)
{
	int got = lake_has_begun(l, run, err);

	if (got == 0)
		return msg_set(err, EX_NOINPUT, "run %s: has not begun", run);
	return got < 0 ? -1 : lake_open_files(l, run, err);
}

/* Checks that a name is not the lake's own. */
static int
check_name(const char *name, struct msg *err)
{
	static const char *const own[] = { LAKE_OPEN, LAKE_COMMITS, LAKE_CURRENT, LAKE_LOCK, LAKE_FORMAT_NAME };
	size_t i, n;

	if (!store_name_is_tidy(name))
		return msg_set(err, EX_NOPERM, "%s: a name that leads out of the lake", msg_quotes(name));
	for (i = 0; i < sizeof(own) / sizeof(*own); i++) {
		n = strlen(own[i]);
		if (strncmp(name, own[i], n) == 0 && (name[n] == '\0' || name[n] == '/'))
			return msg_set(err, EX_NOPERM, "%s: a name of the lake's own", msg_quotes(name));
	}
	return 0;
}

static int
check(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (check_name(list[i].name, err) < 0)
			return -1;
	return join(l, run, err);
}

/* ---- putting in place ---- */

/* Do two objects have the same bytes? 1, 0 or -1. */
static int
compare(struct store_in *a, struct store_in *b, struct msg *err)
{
	enum { PIECE = 1 << 20 };
	uint8_t *pieces = xmalloc(2 * PIECE);
	uint64_t at = 0;
	size_t n;
	int same = a->size == b->size;

	for (; same > 0 && at < a->size; at += n) {
		n = a->size - at < PIECE ? (size_t)(a->size - at) : PIECE;
		if (store_in_read(a, at, pieces, n, err) < 0 || store_in_read(b, at, pieces + PIECE, n, err) < 0)
			same = -1;
		else
			same = memcmp(pieces, pieces + PIECE, n) == 0;
	}
	free(pieces);
	return same;
}

static int
compare_file(struct store_in *there, const char *file, struct msg *err)
{
	struct store *folder;
	struct store_in in;
	const char *name;
	int same = store_open_folder_of(&folder, file, &name, err);

	if (same == 0) {
		store_read_outside(folder);
		same = store_in_open(folder, name, &in, err);
		if (same == 0)
			same = compare(there, &in, err);
		store_in_close(&in);
		store_close(folder);
	}
	return same;
}

/* Is the object there, with the contents of the file? 1, 0 if it is missing, or -1. */
static int
is_there(struct lake *l, const struct lake_put *put, struct msg *err)
{
	struct store_in there;
	struct msg why = { 0 };
	int same;

	if (store_in_open(l->store, put->name, &there, &why) < 0)
		return why.status == EX_NOINPUT ? 0 : msg_set(err, why.status, "%s", why.text);
	same = compare_file(&there, put->file, err);
	if (same == 0)
		same = msg_set(err, EX_CANTCREAT, "%s: exists already, with other contents than %s", there.path,
		    put->file);
	store_in_close(&there);
	return same;
}

/* Marks the object as the run's before it is there. Returns 1, 0 if it is to stay as it is, or -1. */
static int
mark(struct lake *l, const char *run, const struct lake_put *put, struct msg *err)
{
	char *name = xasprintf(LAKE_OPEN "/%s/new/%s", run, put->name);
	enum store_kind kind;
	int got = store_stat(l->store, name, &kind, err);

	if (got == 0 && (got = is_there(l, put, err)) >= 0)
		got = got > 0 ? 0 : store_put(l->store, name, "", 0, STORE_LATER, err) < 0 ? -1 : 1;
	free(name);
	return got;
}

int
lake_put(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err)
{
	bool *puts = xcalloc(n + 1, sizeof(*puts));
	int got = check(l, run, list, n, err);
	size_t i;

	for (i = 0; i < n && got >= 0; i++)
		puts[i] = (got = mark(l, run, &list[i], err)) > 0;
	if (got >= 0)
		got = store_flush(l->store, err);
	for (i = 0; i < n && got >= 0; i++)
		if (puts[i])
			got = store_put_file(l->store, list[i].name, list[i].file, STORE_LATER, err);
	if (got >= 0)
		got = store_flush(l->store, err);
	free(puts);
	return got < 0 ? -1 : 0;
}

/* ---- staging and removing: durable when the record is ---- */

int
lake_stage(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err)
{
	int got = check(l, run, list, n, err);
	size_t i;

	for (i = 0; i < n && got >= 0; i++) {
		char *name = xasprintf("stage/%s", list[i].name);

		got = store_put_file(l->files, name, list[i].file, STORE_LATER, err);
		free(name);
	}
	return got < 0 ? -1 : 0;
}

int
lake_remove(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err)
{
	int got = check(l, run, list, n, err);
	size_t i;

	for (i = 0; i < n && got >= 0; i++) {
		char *name = xasprintf("gone/%s", list[i].name);

		got = store_put(l->files, name, "", 0, STORE_LATER, err);
		free(name);
	}
	return got < 0 ? -1 : 0;
}

/* ---- reading ---- */

/* Opens an object: 1, or 0 if it is missing. */
static int
open_object(struct store *s, const char *part, const char *name, struct store_in *in, struct msg *err)
{
	char *path = xasprintf("%s%s", part, name);
	struct msg why = { 0 };
	int got = 1;

	if (store_in_open(s, path, in, &why) < 0)
		got = why.status == EX_NOINPUT ? 0 : msg_set(err, why.status, "%s", why.text);
	free(path);
	return got;
}

int
lake_read(struct lake *l, const char *run, const char *name, struct store_in *in, struct msg *err)
{
	int got = lake_open_files(l, run, err);

	if (got == 0 && (got = open_object(l->files, "gone/", name, in, err)) > 0) {
		store_in_close(in);
		return 0;
	}
	if (got == 0)
		got = open_object(l->files, "stage/", name, in, err);
	if (got == 0)
		got = open_object(l->files, LAKE_LATE_PART "/", name, in, err);
	return got == 0 ? open_object(l->store, "", name, in, err) : got;
}

/*
 * Finds files in a table's folder that no version within the retention needs. Collects the names of needed files
 * from the log: those of the version current at the cutoff, of later commits, of the newest version, and those
 * removed since the cutoff according to their tombstones. A file is garbage if it was listed before the log was
 * read, is old, and is not among them.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/change/change.h"
#include "delta/log/names.h"
#include "delta/log/state.h"
#include "delta/log/sum.h"
#include "delta/log/uri.h"
#include "map/bytes.h"
#include "val/val.h"

#define SIDECARS DELTA_LOG "/_sidecars/"

struct vacuum {
	struct delta_table *table;
	int64_t cutoff;
	struct delta_snapshot *snapshot;
	struct store_list *seen;	/* the files of the folder */
	char **tables;			/* folders of nested tables, ending in '/' */
	size_t ntables;
	bool links;			/* there are links: a file may have several names */
	struct map_bytes needed;		/* names as the folder has them */
	struct buf scratch, other;
};

/* ---- needed names ---- */

static void
put_needed(struct vacuum *v, struct buf *name)
{
	bool added;

	memset(buf_room(name, VAL_PAD), 0, VAL_PAD);
	if (name->len > 0)
		(void)map_bytes_add(&v->needed, name->p, name->len, map_hash(name->p, name->len), &added);
}

static bool
is_needed(struct vacuum *v, const char *name, size_t n)
{
	v->scratch.len = 0;
	buf_add(&v->scratch, name, n);
	memset(buf_room(&v->scratch, VAL_PAD), 0, VAL_PAD);
	return map_bytes_find(&v->needed, v->scratch.p, n, map_hash(v->scratch.p, n)) != MAP_ABSENT;
}

/* Normalizes a relative name into v->other: no empty segments, "." and "..". */
static void
tidy(struct vacuum *v, const char *name)
{
	struct buf *b = &v->other;
	size_t n;

	for (b->len = 0; *name != '\0'; name += n + (name[n] == '/')) {
		n = strcspn(name, "/");
		if (n == 0 || (n == 1 && *name == '.'))
			continue;
		if (n == 2 && name[0] == '.' && name[1] == '.') {
			while (b->len > 0 && b->p[b->len - 1] != '/')
				b->len--;
			b->len -= b->len > 0;
			continue;
		}
		if (b->len > 0)
			buf_addc(b, '/');
		buf_add(b, name, n);
	}
}

/* Adds a file's real path, if that is inside the root under another name. */
static void
need_real(struct vacuum *v, const char *name)
{
	char *real = store_real_path(v->table->store, name);
	size_t n = strlen(v->table->root);

	if (real != NULL && strncmp(real, v->table->root, n) == 0 && (real[n] == '/' || n == 1)) {
		tidy(v, real + n);
		put_needed(v, &v->other);
	}
	free(real);
}

/* Adds a name as delta_uri_name returns it. */
static void
need(struct vacuum *v, const char *name)
{
	if (*name == '/' || v->links)
		need_real(v, name);
	if (*name == '/')
		return;
	tidy(v, name);
	put_needed(v, &v->other);
}

static int
need_uri(struct vacuum *v, const char *uri, struct msg *err)
{
	struct buf name = { 0 };
	bool fine = delta_uri_name(uri, v->table->root, &name);

	if (fine)
		need(v, buf_cstr(&name));
	buf_free(&name);
	if (strchr(uri, '%') != NULL)
		need(v, uri);		/* for writers that do not encode names */
	return fine ? 0 : msg_set(err, EX_DATAERR, "%s: not a path of a file below the table: %s", v->table->address,
	    msg_quotes(uri));
}

static void
need_vector(struct vacuum *v, const struct delta_dv *dv)
{
	struct buf name = { 0 };

	if (dv != NULL && delta_dv_name(dv, v->table->root, &name))
		need(v, buf_cstr(&name));
	buf_free(&name);
}

/* ---- versions ---- */

/* Adds the files of a version, and those removed at the cutoff or later or at an unknown time. */
static int
need_snapshot(struct vacuum *v, const struct delta_snapshot *s, struct msg *err)
{
	size_t i;
	int failed = 0;

	for (i = 0; i < s->nfiles && !failed; i++) {
		need_vector(v, s->files[i].dv);
		failed = need_uri(v, s->files[i].uri, err);
	}
	for (i = 0; i < s->ntombstones && !failed; i++) {
		if (s->tombstones[i].deleted < v->cutoff && s->tombstones[i].deleted != 0)
			continue;
		need_vector(v, s->tombstones[i].dv);
		failed = need_uri(v, s->tombstones[i].uri, err);
	}
	return failed;
}

/* Adds the files an action names, whatever it does with them; for the first version kept, its removes do not count. */
static int
need_action(struct vacuum *v, const json_t *o, bool first, struct msg *err)
{
	static const char *const kinds[] = { "add", "cdc", "remove" };
	const json_t *action, *vector, *storage;
	struct delta_dv dv = { 0 };
	const char *uri;
	size_t i;

	for (i = 0; i < (first ? 2 : 3); i++) {
		action = json_object_get(o, kinds[i]);
		if ((uri = json_string_value(json_object_get(action, "path"))) == NULL)
			continue;
		vector = json_object_get(action, "deletionVector");
		storage = json_object_get(vector, "storageType");
		dv.path_or_inline = json_string_value(json_object_get(vector, "pathOrInlineDv"));
		if (json_string_length(storage) == 1 && dv.path_or_inline != NULL) {
			dv.storage = *json_string_value(storage);
			need_vector(v, &dv);
		}
		if (need_uri(v, uri, err) < 0)
			return -1;
	}
	return 0;
}

static int
need_commit(struct vacuum *v, int64_t version, bool first, struct msg *err)
{
	struct buf text = { 0 };
	const char *p, *end, *lf;
	json_t *o;
	int got = delta_sum_get(v->table, version, &text, err);

	end = buf_cstr(&text) + text.len;
	for (p = (const char *)text.p; got >= 0 && p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		if (lf == p)
			continue;
		o = json_loadb(p, (size_t)(lf - p), JSON_ALLOW_NUL, NULL);
		got = o != NULL ? need_action(v, o, first, err) :
		    msg_set(err, EX_DATAERR, "%s: version %" PRId64 ": not a JSON object a line", v->table->address,
		    version);
		json_decref(o);
	}
	buf_free(&text);
	return got < 0 ? -1 : 0;
}

/*
 * Returns the version current at the cutoff; if all are later, the first existing one. Timestamps increase with the
 * version even if a clock was slow.
 */
static int64_t
version_then(const struct vacuum *v, const struct delta_log *log)
{
	struct delta_log_name n;
	int64_t first = -1, then = -1;
	size_t i;

	for (i = 0; i < log->list.n; i++) {
		if (!delta_log_parse(log->list.entries[i].name, &n) || n.kind != DELTA_LOG_COMMIT)
			continue;
		if (first < 0)
			first = n.version;
		if (log->list.entries[i].mtime > v->cutoff)
			break;
		then = n.version;
	}
	return then >= 0 ? then : first >= 0 ? first : log->version;
}

/* Adds the files of the first version from `from` on that can still be loaded: that one, or one with a checkpoint. */
static int
need_oldest(struct vacuum *v, const struct delta_log *log, int64_t from, struct msg *err)
{
	struct delta_snapshot s;
	struct delta_log other;
	struct delta_log_name n;
	struct msg unheard = { 0 };
	size_t i = 0;
	int failed;

	while (from < log->version && delta_log_find(v->table->store, from, &other, &unheard) < 0) {
		for (; i < log->list.n && (!delta_log_parse(log->list.entries[i].name, &n) ||
		    n.kind == DELTA_LOG_COMMIT || n.version <= from); i++)
			;
		from = i < log->list.n ? n.version : log->version;
	}
	if (from >= log->version)
		return 0;		/* the newest, already loaded */
	delta_log_free(&other);
	if (delta_load(v->table, from, &s, err) < 0)
		return -1;
	failed = need_snapshot(v, &s, err);
	delta_snapshot_free(&s);
	return failed;
}

static int
need_versions(struct vacuum *v, struct msg *err)
{
	struct delta_log log;
	struct delta_log_name n;
	int64_t from;
	size_t i;
	int failed;

	if (delta_log_find(v->table->store, v->snapshot->version, &log, err) < 0)
		return -1;
	from = version_then(v, &log);
	failed = need_snapshot(v, v->snapshot, err) < 0 ? -1 : need_oldest(v, &log, from, err);
	for (i = 0; i < log.list.n && !failed; i++)
		if (delta_log_parse(log.list.entries[i].name, &n) && n.kind == DELTA_LOG_COMMIT && n.version >= from)
			failed = need_commit(v, n.version, n.version == from, err);
	delta_log_free(&log);
	return failed;
}

/* ---- sidecars ---- */

/* Adds the sidecars a checkpoint names. */
static int
need_manifest(struct vacuum *v, enum delta_log_kind kind, const char *name, struct msg *err)
{
	struct delta_snapshot s = { 0 };
	struct delta_state st;
	struct delta_names names = { 0 };
	struct buf text = { 0 };
	size_t i;
	int got;

	delta_state_init(&st, &s, v->table->root);
	if (kind == DELTA_LOG_MANIFEST_JSON) {
		got = store_get(v->table->store, name, &text, err);
		if (got > 0)
			got = delta_actions(&st, name, &text, &names, err);
	} else {
		got = delta_checkpoint_read(&st, v->table->store, name, &names, err);
	}
	for (i = 0; i < names.n && got >= 0; i++) {
		text.len = 0;
		buf_addf(&text, "%s%s", strchr(names.p[i], '/') == NULL ? SIDECARS : "", names.p[i]);
		got = need_uri(v, buf_cstr(&text), err);
	}
	free(names.p);
	buf_free(&text);
	delta_state_free(&st);
	delta_snapshot_free(&s);
	return got < 0 ? -1 : 0;
}

static int
need_sidecars(struct vacuum *v, struct msg *err)
{
	struct delta_log_name n;
	struct store_list list;
	char *name;
	size_t i;
	int failed;

	if (store_list(v->table->store, DELTA_LOG, &list, err) < 0)
		return -1;
	for (i = 0, failed = 0; i < list.n && !failed; i++) {
		if (!delta_log_parse(list.entries[i].name, &n) || n.kind == DELTA_LOG_COMMIT ||
		    n.kind == DELTA_LOG_PART)
			continue;
		name = xasprintf(DELTA_LOG "/%s", list.entries[i].name);
		failed = need_manifest(v, n.kind, name, err);
		free(name);
	}
	store_list_free(&list);
	return failed;
}

/* ---- the folder ---- */

static const char *
last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash != NULL ? slash + 1 : name;
}

/* Returns true for a partition's folder, "column=value". Such a column's name may begin with any character. */
static bool
is_partition(const struct delta_snapshot *s, const char *folder)
{
	size_t i, n;

	for (i = 0; i < s->ncolumns; i++) {
		n = strlen(s->columns[i].name);
		if (s->columns[i].partition >= 0 && strncmp(folder, s->columns[i].name, n) == 0 && folder[n] == '=')
			return true;
	}
	return false;
}

static bool
skip_folder(const char *folder, void *arg)
{
	struct vacuum *v = arg;
	const char *last = last_part(folder);

	if (last != folder && strcmp(last, DELTA_LOG) == 0) {
		v->tables = xreallocarray(v->tables, v->ntables + 1, sizeof(*v->tables));
		v->tables[v->ntables++] = xstrndup(folder, (size_t)(last - folder));
		return true;
	}
	if (strcmp(folder, DELTA_LOG) == 0 || strcmp(folder, DELTA_LOG "/_sidecars") == 0 ||
	    strcmp(folder, "_change_data") == 0)
		return false;
	return strncmp(folder, DELTA_LOG "/", sizeof(DELTA_LOG)) == 0 ||
	    ((*last == '_' || *last == '.') && !is_partition(v->snapshot, last));
}

static bool
ends_with(const char *name, size_t n, const char *suffix)
{
	size_t m = strlen(suffix);

	return n > m && memcmp(name + n - m, suffix, m) == 0;
}

static bool
is_data(const char *last, size_t n)
{
	static const char vector[] = "deletion_vector_";

	return *last != '.' && *last != '_' && (ends_with(last, n, ".parquet") ||
	    (strncmp(last, vector, sizeof(vector) - 1) == 0 && ends_with(last, n, ".bin")));
}

static bool
is_log(const char *last, size_t n)
{
	struct delta_log_name parsed;
	char *name = xstrndup(last, n);
	bool is = strcmp(name, "_last_checkpoint") == 0 || delta_log_parse(name, &parsed) ||
	    (n == 24 && strspn(name, "0123456789") == 20 && strcmp(name + 20, ".crc") == 0);

	free(name);
	return is;
}

/*
 * Returns true for a temporary file of a killed lib/store, ".NAME.<16 digits>.tmp"; *n is then the length of NAME,
 * which begins at 1.
 */
static bool
is_temporary(const char *last, size_t *n)
{
	enum { DIGITS = 16, SUFFIX = DIGITS + 5 };
	size_t len = strlen(last);

	if (*last != '.' || len < SUFFIX + 2 || last[len - SUFFIX] != '.' || strcmp(last + len - 4, ".tmp") != 0 ||
	    strspn(last + len - SUFFIX + 1, "0123456789abcdef") != DIGITS)
		return false;
	*n = len - SUFFIX - 1;
	return true;
}

/* Returns true if a file of this name may be removed when unneeded. */
static bool
is_ours(struct vacuum *v, const struct store_entry *e)
{
	const char *last = last_part(e->name);
	size_t n = strlen(last), dir = (size_t)(last - e->name), i;
	bool in_log = strncmp(e->name, DELTA_LOG "/", sizeof(DELTA_LOG)) == 0;

	for (i = 0; i < v->ntables; i++)
		if (strncmp(e->name, v->tables[i], strlen(v->tables[i])) == 0)
			return false;
	if (is_temporary(last, &n))
		return in_log ? is_log(last + 1, n) : is_data(last + 1, n);
	if (in_log)
		return strncmp(e->name, SIDECARS, sizeof(SIDECARS) - 1) == 0 && is_data(last, n);
	if (*last == '.' && n > 5 && ends_with(last, n, ".crc") && is_data(last + 1, n - 5)) {	/* Hadoop's checksum */
		char *of = xasprintf("%.*s%.*s", (int)dir, e->name, (int)(n - 5), last + 1);
		bool free_of = !is_needed(v, of, strlen(of));

		free(of);
		return free_of;
	}
	return is_data(last, n);
}

/* Moves the garbage to the list. */
static void
sift(struct vacuum *v, struct store_list *garbage)
{
	struct store_entry *e;
	size_t i;

	garbage->entries = xcalloc(v->seen->n, sizeof(*garbage->entries));
	for (i = 0; i < v->seen->n; i++) {
		e = &v->seen->entries[i];
		if (e->mtime >= v->cutoff || !is_ours(v, e) || is_needed(v, e->name, strlen(e->name)))
			continue;
		garbage->entries[garbage->n++] = *e;
		e->name = NULL;
	}
}

static bool
has_sidecars(const struct store_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strncmp(list->entries[i].name, SIDECARS, sizeof(SIDECARS) - 1) == 0)
			return true;
	return false;
}

int
delta_vacuum_find(struct delta_table *t, int64_t cutoff, struct delta_snapshot *s, struct store_list *garbage,
    struct msg *err)
{
	struct store_list seen = { 0 };
	struct vacuum v = { .table = t, .cutoff = cutoff, .snapshot = s, .seen = &seen };
	struct msg why = { 0 };
	size_t links = 0;
	int failed;

	memset(garbage, 0, sizeof(*garbage));
	map_bytes_init(&v.needed);
	failed = delta_load(t, DELTA_NEWEST, s, err) < 0 ||	/* tells which folders are partitions */
	    store_walk_own(t->store, skip_folder, &v, &seen, &links, err) < 0 ? -1 : 0;
	v.links = links > 0;
	if (!failed) {
		delta_snapshot_free(s);
		failed = delta_load(t, DELTA_NEWEST, s, err);
	}
	if (!failed && delta_may_vacuum(s, &why) < 0)
		failed = msg_set(err, why.status, "%s: %s", t->address, why.text);
	failed = failed || need_versions(&v, err) < 0 || (has_sidecars(&seen) && need_sidecars(&v, err) < 0) ? -1 : 0;
	if (!failed)
		sift(&v, garbage);
	else
		delta_snapshot_free(s);
	while (v.ntables > 0)
		free(v.tables[--v.ntables]);
	free(v.tables);
	store_list_free(&seen);
	map_bytes_free(&v.needed);
	buf_free(&v.scratch);
	buf_free(&v.other);
	return failed;
}

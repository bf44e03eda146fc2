/* The table of stores, and what is the same for all: names, listings, whole objects. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "azure/azure.h"
#include "base/io.h"
#include "store/ops.h"

/* An address SCHEME://... belongs to the row of its scheme, any other to the last. */
static const struct {
	const char *scheme;
	const struct store_ops *ops;
} kinds[] = {
	{ "az", &store_azure },
	{ "abfss", &store_azure },
	{ "https", &store_azure },
	{ "http", &store_azure },
	{ "mem", &store_mem },
	{ NULL, &store_dir },
};

/* Returns the length of the scheme before "://", or 0. */
static size_t
scheme_of(const char *address)
{
	const char *end = strstr(address, "://");

	return end != NULL ? (size_t)(end - address) : 0;
}

static const struct store_ops *
ops_for(const char *address)
{
	size_t n = scheme_of(address), i;

	for (i = 0; kinds[i].scheme != NULL; i++)
		if (n == strlen(kinds[i].scheme) && strncmp(kinds[i].scheme, address, n) == 0)
			return kinds[i].ops;
	return strstr(address, "://") == NULL ? kinds[i].ops : NULL;
}

bool
store_is_remote(const char *address)
{
	return ops_for(address) == &store_azure;
}

static _Atomic bool is_prepared;

int
store_prepare(struct msg *err)
{
	if (azure_prepare(err) < 0)
		return -1;
	is_prepared = true;
	return 0;
}

bool
store_uses_network(void)
{
	return is_prepared;
}

int
store_open(struct store **sp, const char *address, struct msg *err)
{
	const struct store_ops *ops = ops_for(address);
	size_t n = strlen(address), least = 1;
	char *tidy;

	*sp = NULL;
	if (*address == '\0')
		return msg_set(err, EX_USAGE, "expected a folder, not an empty name");
	if (ops == NULL)
		return msg_set(err, EX_USAGE, "%s: unknown kind of address; kinds are: a directory, az, abfss, https",
		    address);
	if (scheme_of(address) > 0)
		least = scheme_of(address) + 3;
	while (n > least && address[n - 1] == '/')
		n--;
	tidy = xstrndup(address, n);
	if ((ops == &store_azure && store_prepare(err) < 0) || ops->open(sp, tidy, err) < 0) {
		free(tidy);
		return -1;
	}
	(*sp)->ops = ops;
	(*sp)->address = tidy;
	return 0;
}

int
store_open_folder_of(struct store **sp, const char *address, const char **name, struct msg *err)
{
	size_t scheme = scheme_of(address), start = scheme > 0 ? scheme + 3 : 0;
	const char *slash = strrchr(address + start, '/');
	char *folder;
	int failed;

	*name = slash != NULL ? slash + 1 : address + start;
	if (slash == NULL && start == 0)
		return store_open(sp, ".", err);
	if (slash == NULL || slash == address)
		slash = address + (start > 0 ? start : 1);
	folder = xstrndup(address, (size_t)(slash - address));
	failed = store_open(sp, folder, err);
	free(folder);
	return failed;
}

void
store_close(struct store *s)
{
	char *address = s != NULL ? s->address : NULL;

	if (s != NULL)
		s->ops->close(s);
	free(address);
}

const char *
store_address(const struct store *s)
{
	return s->address;
}

char *
store_real_path(struct store *s, const char *name)
{
	return s->ops->real_path(s, name);
}

void
store_read_outside(struct store *s)
{
	s->outside = true;
}

/* ---- names ---- */

char *
store_path(const struct store *s, const char *name)
{
	size_t n = strlen(s->address);

	if (*name == '/' || (*name != '\0' && strcmp(s->address, ".") == 0))
		return xstrdup(name);
	return xasprintf("%s%s%s", s->address, *name == '\0' || s->address[n - 1] == '/' ? "" : "/", name);
}

bool
store_name_is_tidy(const char *name)
{
	size_t n;

	for (;; name += n + 1) {
		n = strcspn(name, "/");
		if (n == 0 || (n == 1 && name[0] == '.') || (n == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		if (name[n] == '\0')
			return true;
	}
}

/* Rejects a name that is not one of an object within the root, or within the system where reading may leave it. */
static int
check_name(const struct store *s, const char *name, bool reads, struct msg *err)
{
	bool within = *name != '/';

	if (!store_name_is_tidy(within ? name : name + 1))
		return msg_set(err, EX_NOPERM, "%s: %s: a name that leads out of the folder", s->address,
		    msg_quotes(name));
	if (!within && !(s->outside && reads))
		return msg_set(err, EX_NOPERM, "%s: %s: outside of the folder%s", s->address, msg_quotes(name),
		    reads ? "; --outside reads it" : "");
	return 0;
}

int
store_stat(struct store *s, const char *name, enum store_kind *kind, struct msg *err)
{
	if (*name != '\0' && check_name(s, name, true, err) < 0)
		return -1;
	return s->ops->stat(s, name, kind, err);
}

/* ---- listing ---- */

struct store_lister {
	enum { OBJECTS, FOLDERS, OWN } what;
	const char *folder;		/* for OWN, the prefix of names */
	struct store_list *list, below;	/* below: for OWN, the folders that were found */
	size_t links;
};

static void
add_entry(struct store_list *list, char *name, uint64_t size, int64_t mtime)
{
	if ((list->n & (list->n - 1)) == 0)
		list->entries = xreallocarray(list->entries, list->n == 0 ? 1 : 2 * list->n, sizeof(*list->entries));
	list->entries[list->n++] = (struct store_entry){ name, size, mtime };
}

/* A single folder's list includes links: opening one reports what it is. */
void
store_lister_add(struct store_lister *to, const char *name, enum store_kind kind, uint64_t size, int64_t mtime)
{
	bool own = to->what == OWN;
	struct store_list *list = own && kind == STORE_FOLDER ? &to->below : to->list;

	if (kind == STORE_LINK)
		to->links++;
	if (kind == STORE_OBJECT ? to->what == FOLDERS : kind == STORE_FOLDER ? to->what == OBJECTS :
	    kind != STORE_LINK || to->what != OBJECTS)
		return;
	add_entry(list, own && *to->folder != '\0' ? xasprintf("%s/%s", to->folder, name) : xstrdup(name), size,
	    mtime);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_entry *)a)->name, ((const struct store_entry *)b)->name);
}

/* Sorts a list, or frees it after a failure. */
static int
end_list(struct store_list *list, int failed)
{
	if (failed < 0)
		store_list_free(list);
	else if (list->n > 1)
		qsort(list->entries, list->n, sizeof(*list->entries), by_name);
	return failed;
}

static int
list_folder(struct store *s, const char *folder, struct store_lister *l, struct msg *err)
{
	memset(l->list, 0, sizeof(*l->list));
	if (*folder != '\0' && check_name(s, folder, true, err) < 0)
		return -1;
	return end_list(l->list, s->ops->list(s, folder, false, l, err));
}

int
store_list(struct store *s, const char *folder, struct store_list *list, struct msg *err)
{
	struct store_lister l = { .what = OBJECTS, .list = list };

	return list_folder(s, folder, &l, err);
}

int
store_list_folders(struct store *s, const char *folder, struct store_list *list, struct msg *err)
{
	struct store_lister l = { .what = FOLDERS, .list = list };

	return list_folder(s, folder, &l, err);
}

int
store_walk_own(struct store *s, bool (*skip)(const char *, void *), void *arg, struct store_list *list, size_t *links,
    struct msg *err)
{
	struct store_lister l = { .what = OWN, .folder = "", .list = list };
	int failed;

	memset(list, 0, sizeof(*list));
	failed = s->ops->list(s, "", true, &l, err);
	while (!failed && l.below.n > 0) {
		char *folder = l.below.entries[--l.below.n].name;

		l.folder = folder;
		if (!skip(folder, arg))
			failed = s->ops->list(s, folder, true, &l, err);
		free(folder);
	}
	store_list_free(&l.below);
	*links = l.links;
	return end_list(list, failed);
}

void
store_list_free(struct store_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->entries[i].name);
	free(list->entries);
	memset(list, 0, sizeof(*list));
}

/* ---- reading ---- */

int
store_in_open(struct store *s, const char *name, struct store_in *in, struct msg *err)
{
	*in = (struct store_in){ .store = s };
	if (check_name(s, name, true, err) < 0)
		return -1;
	in->path = store_path(s, name);
	if (s->ops->in_open(s, name, in, err) == 0)
		return 0;
	free(in->path);
	*in = (struct store_in){ 0 };
	return -1;
}

int
store_in_read(struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err)
{
	uint8_t *to = p;
	int64_t got;

	for (; n > 0; to += got, offset += (uint64_t)got, n -= (size_t)got) {
		got = in->store->ops->in_read(in, offset, to, n, err);
		if (got < 0)
			return -1;
		if (got == 0)
			return msg_set(err, EX_DATAERR, "%s: ends before byte %llu", in->path,
			    (unsigned long long)offset + n);
	}
	return 0;
}

void
store_in_close(struct store_in *in)
{
	if (in->object != NULL)
		in->store->ops->in_close(in);
	free(in->path);
	*in = (struct store_in){ 0 };
}

int
store_get(struct store *s, const char *name, struct buf *out, struct msg *err)
{
	struct store_in in;
	struct msg why = { 0 };
	int got;

	if (store_in_open(s, name, &in, &why) < 0) {
		if (why.status == EX_NOINPUT)
			return 0;
		return msg_set(err, why.status, "%s", why.text);
	}
	got = store_in_read(&in, 0, buf_room(out, in.size), in.size, err);
	if (got == 0)
		out->len += in.size;
	store_in_close(&in);
	return got < 0 ? -1 : 1;
}

/* ---- writing ---- */

int
store_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err)
{
	*out = (struct store_out){ .store = s };
	if (check_name(s, name, false, err) < 0)
		return -1;
	out->path = store_path(s, name);
	if (s->ops->out_open(s, name, out, err) == 0)
		return 0;
	free(out->path);
	*out = (struct store_out){ 0 };
	return -1;
}

int
store_out_write(struct store_out *out, const void *p, size_t n, struct msg *err)
{
	if (out->store->ops->out_write(out, p, n, err) < 0)
		return -1;
	out->size += n;
	return 0;
}

static int
commit(struct store_out *out, enum store_mode mode, struct msg *err)
{
	const struct store_ops *ops = out->store->ops;
	int done = ops->out_commit(out, mode == STORE_LATER && ops->flush == NULL ? STORE_REPLACE : mode, err);

	store_out_abandon(out);
	return done;
}

int
store_out_commit(struct store_out *out, struct msg *err)
{
	return commit(out, STORE_REPLACE, err) < 0 ? -1 : 0;
}

int
store_out_commit_new(struct store_out *out, struct msg *err)
{
	return commit(out, STORE_NEW, err);
}

void
store_out_abandon(struct store_out *out)
{
	if (out->object != NULL)
		out->store->ops->out_close(out);
	free(out->path);
	*out = (struct store_out){ 0 };
}

int
store_put(struct store *s, const char *name, const void *p, size_t n, enum store_mode mode, struct msg *err)
{
	struct store_out out;

	if (store_out_open(s, name, &out, err) < 0)
		return -1;
	if (store_out_write(&out, p, n, err) < 0) {
		store_out_abandon(&out);
		return -1;
	}
	return commit(&out, mode, err);
}

static int
copy_file(struct store_out *out, const char *path, struct msg *err)
{
	enum { PIECE = 1024 * 1024 };
	int fd = io_open(path, err);
	uint8_t *piece = xmalloc(PIECE);
	ssize_t n = -1;

	while (fd >= 0 && (n = io_read(fd, piece, PIECE, io_in_name(path), err)) > 0)
		if (store_out_write(out, piece, (size_t)n, err) < 0)
			break;
	if (fd >= 0)
		close(fd);
	free(piece);
	return n == 0 ? 0 : -1;
}

int
store_put_file(struct store *s, const char *name, const char *path, enum store_mode mode, struct msg *err)
{
	struct store_out out;

	if (store_out_open(s, name, &out, err) < 0)
		return -1;
	if ((s->ops->out_take == NULL || !s->ops->out_take(&out, path)) && copy_file(&out, path, err) < 0) {
		store_out_abandon(&out);
		return -1;
	}
	return commit(&out, mode, err);
}

int
store_flush(struct store *s, struct msg *err)
{
	return s->ops->flush != NULL ? s->ops->flush(s, err) : 0;
}

/* ---- removing ---- */

int
store_delete(struct store *s, const char *name, struct msg *err)
{
	return check_name(s, name, false, err) < 0 ? -1 : s->ops->remove(s, name, NULL, err);
}

int
store_delete_own(struct store *s, const struct store_entry *e, struct msg *err)
{
	return store_name_is_tidy(e->name) ? s->ops->remove(s, e->name, e, err) : 0;
}

int
store_prune(struct store *s, const char *folder, bool own, struct msg *err)
{
	if (s->ops->prune == NULL)
		return 0;
	return check_name(s, folder, false, err) < 0 ? -1 : s->ops->prune(s, folder, own, err);
}

/* ---- locks ---- */

static int
lock(struct store *s, const char *name, bool create, struct store_lock *l, struct msg *err)
{
	*l = (struct store_lock){ .store = s };
	return check_name(s, name, false, err) < 0 ? -1 : s->ops->lock(s, name, create, &l->held, err);
}

int
store_lock_new(struct store *s, const char *name, struct store_lock *l, struct msg *err)
{
	return lock(s, name, true, l, err);
}

int
store_lock_try(struct store *s, const char *name, struct store_lock *l, struct msg *err)
{
	return lock(s, name, false, l, err);
}

void
store_lock_end(struct store_lock *l)
{
	if (l->held != NULL)
		l->store->ops->unlock(l->store, l->held);
	l->held = NULL;
}

int
store_lock_share(struct store_lock *l, struct msg *err)
{
	const struct store_ops *ops = l->store->ops;

	return ops->share != NULL ? ops->share(l->store, l->held, err) : 0;
}

int
store_lock_join(struct store *s, const char *name, struct store_lock *l, struct msg *err)
{
	*l = (struct store_lock){ .store = s };
	return s->ops->join != NULL ? s->ops->join(s, name, &l->held, err) : 0;
}

/*
 * The directory store. A name is resolved from the root one folder at a time, so that no part of it can be a link or
 * lead out of the root, even if the tree changes meanwhile. An object is written unnamed, or under a temporary name,
 * and then linked or renamed to its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "store/store.h"

#ifndef O_PATH				/* a folder that need only be searchable, not readable */
#define O_PATH O_RDONLY
#endif

enum { FOLDER = O_PATH | O_DIRECTORY | O_CLOEXEC,
    FOLDER_MODE = 0750, FILE_MODE = 0640 };	/* account data is not world-readable */

struct store {
	char *root;
	bool outside;			/* for reading, allow names from '/' and follow links */
};

int
store_open(struct store **sp, const char *address, struct msg *err)
{
	size_t n = strlen(address);

	*sp = NULL;
	if (*address == '\0')
		return msg_set(err, EX_USAGE, "expected a folder, not an empty name");
	if (strstr(address, "://") != NULL)
		return msg_set(err, EX_USAGE, "%s: only directories are stores", address);
	while (n > 1 && address[n - 1] == '/')
		n--;
	*sp = xcalloc(1, sizeof(**sp));
	(*sp)->root = xstrndup(address, n);
	return 0;
}

void
store_close(struct store *s)
{
	if (s != NULL)
		free(s->root);
	free(s);
}

const char *
store_address(const struct store *s)
{
	return s->root;
}

void
store_read_outside(struct store *s)
{
	s->outside = true;
}

static char *
path_of(const struct store *s, const char *name)
{
	if (*name == '/' || (*name != '\0' && strcmp(s->root, ".") == 0))
		return xstrdup(name);
	return *name == '\0' ? xstrdup(s->root) : xasprintf("%s/%s", s->root, name);
}

/* ---- resolving a name ---- */

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

enum walk {
	TO_READ,		/* follow links if enabled */
	TO_REMOVE,		/* never follow links */
	TO_WRITE		/* likewise; create missing folders */
};

struct place {			/* a resolved name: its open folder, and its last part, a view of the name */
	int folder;
	const char *last;
};

/* Syncs an open folder, which makes its names durable. */
static int
sync_folder(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;

	if (fd < 0)
		return -1;
	failed = fsync(fd) < 0 && errno != EINVAL ? -1 : 0;	/* EINVAL: the file system cannot sync folders */
	close(fd);
	return failed;
}

static int
sync_named(int folder, const char *path, struct msg *err)
{
	return sync_folder(folder) < 0 ? msg_sys(err, EX_IOERR, "%s", path) : 0;
}

/* Opens a folder in an open folder; -1 with errno. */
static int
step(const struct store *s, int fd, const char *part, enum walk why)
{
	int flags = FOLDER | (s->outside && why == TO_READ ? 0 : O_NOFOLLOW), next = openat(fd, part, flags);

	if (next >= 0 || errno != ENOENT || why != TO_WRITE)
		return next;
	if (mkdirat(fd, part, FOLDER_MODE) < 0 ? errno != EEXIST : sync_folder(fd) < 0)
		return -1;
	return openat(fd, part, flags);
}

static bool
is_link(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* Fills err after errno from opening a part of a name in its folder. */
static void
blame(const struct store *s, const char *name, int folder, const char *part, enum walk why, struct msg *err)
{
	int reason = errno, otherwise = why == TO_WRITE ? EX_CANTCREAT : EX_IOERR;
	char *path = path_of(s, name);

	if ((reason == ELOOP || reason == ENOTDIR) && is_link(folder, part)) {
		msg_set(err, EX_NOPERM, "%s: %s is a link, which is not followed%s", path, msg_quotes(part),
		    why == TO_READ ? "; --outside follows it" : "");
	} else {
		errno = reason;
		msg_sys(err, why == TO_WRITE && (reason == ENOENT || reason == ENOTDIR) ? EX_CANTCREAT :
		    msg_errno_status(otherwise), "%s", path);
	}
	free(path);
}

static int make_folders(const char *folder, struct msg *err);

/* Opens the folder where resolution starts, the root or that of the system; -1 fills err. */
static int
begin_walk(const struct store *s, const char *name, enum walk why, struct msg *err)
{
	bool within = *name != '/';
	int fd;

	if (!store_name_is_tidy(within ? name : name + 1))
		return msg_set(err, EX_NOPERM, "%s: %s: a name that leads out of the folder", s->root,
		    msg_quotes(name));
	if (!within && !(s->outside && why == TO_READ))
		return msg_set(err, EX_NOPERM, "%s: %s: outside of the folder%s", s->root, msg_quotes(name),
		    why == TO_READ ? "; --outside reads it" : "");
	fd = open(within ? s->root : "/", FOLDER);
	if (fd < 0 && errno == ENOENT && why == TO_WRITE) {
		if (make_folders(s->root, err) < 0)
			return -1;
		fd = open(s->root, FOLDER);
	}
	if (fd < 0)
		blame(s, name, AT_FDCWD, "", why, err);
	return fd;
}

/* Resolves a name. The caller closes p->folder. */
static int
find(const struct store *s, const char *name, enum walk why, struct place *p, struct msg *err)
{
	const char *rest = name + (*name == '/'), *slash;
	int fd = begin_walk(s, name, why, err), next;
	char *part;

	for (; fd >= 0 && (slash = strchr(rest, '/')) != NULL; rest = slash + 1) {
		part = xstrndup(rest, (size_t)(slash - rest));
		if ((next = step(s, fd, part, why)) < 0)
			blame(s, name, fd, part, why, err);
		free(part);
		close(fd);
		fd = next;
	}
	*p = (struct place){ fd, rest };
	return fd < 0 ? -1 : 0;
}

/* ---- listing ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_entry *)a)->name, ((const struct store_entry *)b)->name);
}

static int64_t
mtime_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

struct walk_state {
	struct store *store;
	enum { OBJECTS, FOLDERS, ALL_OBJECTS } what;	/* of one folder, or recursive */
	size_t links;
	bool (*skip)(const char *folder, void *arg);	/* for ALL_OBJECTS */
	void *arg;
	struct store_list *list;
	struct msg *err;
};

static void
add_entry(struct store_list *list, char *name, const struct stat *st)
{
	if ((list->n & (list->n - 1)) == 0)
		list->entries = xreallocarray(list->entries, list->n == 0 ? 1 : 2 * list->n, sizeof(*list->entries));
	list->entries[list->n++] = (struct store_entry){ name, (uint64_t)st->st_size, mtime_of(st) };
}

static int list_folder(struct walk_state *w, const char *folder);

/* Is the entry to be listed? A single folder's list includes links: opening one reports what it is. */
static bool
is_listed(struct walk_state *w, const struct stat *st)
{
	if (S_ISLNK(st->st_mode)) {
		w->links++;
		return w->what == OBJECTS;
	}
	return w->what == FOLDERS ? S_ISDIR(st->st_mode) : S_ISREG(st->st_mode);
}

/* Lists one entry of a folder, or descends into it. */
static int
list_name(struct walk_state *w, const char *folder, int fd, const char *last)
{
	bool deep = w->what == ALL_OBJECTS;
	char *name = deep && *folder != '\0' ? xasprintf("%s/%s", folder, last) : xstrdup(last);
	struct stat st;
	int failed = 0;

	if (fstatat(fd, last, &st, w->store->outside && !deep ? 0 : AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)	/* just removed, or a dangling link */
			failed = msg_sys(w->err, EX_IOERR, "%s/%s", w->store->root, name);
	} else if (is_listed(w, &st)) {
		add_entry(w->list, name, &st);
		return 0;
	} else if (deep && S_ISDIR(st.st_mode) && !w->skip(name, w->arg)) {
		failed = list_folder(w, name);
	}
	free(name);
	return failed;
}

/* Opens a folder for listing, "" for the root. Returns 1, or 0 if it does not exist. */
static int
open_listed(struct walk_state *w, const char *folder, DIR **dir)
{
	struct store *s = w->store;
	enum walk why = w->what == ALL_OBJECTS ? TO_REMOVE : TO_READ;
	struct msg reason = { 0 };
	struct place p = { -1, "" };
	int fd = -1, found = 0, flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (*folder == '\0')
		fd = open(s->root, flags);
	else if ((found = find(s, folder, why, &p, &reason)) == 0)
		fd = openat(p.folder, p.last, flags | (s->outside && why == TO_READ ? 0 : O_NOFOLLOW));
	if (found == 0 && fd < 0)
		blame(s, folder, p.folder, p.last, why, &reason);
	if (p.folder >= 0)
		close(p.folder);
	*dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (*dir != NULL)
		return 1;
	if (fd >= 0)
		close(fd);
	if (reason.status == EX_NOINPUT)
		return 0;
	return msg_set(w->err, reason.status != 0 ? reason.status : EX_OSERR, "%s",
	    reason.status != 0 ? reason.text : s->root);
}

/* Lists a folder and, if recursive, those below it. */
static int
list_folder(struct walk_state *w, const char *folder)
{
	struct dirent *e;
	DIR *dir;
	int got = open_listed(w, folder, &dir), failed = 0;

	if (got <= 0)
		return got;
	while (!failed && (errno = 0, e = readdir(dir)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			failed = list_name(w, folder, dirfd(dir), e->d_name);
	if (!failed && errno != 0)
		failed = msg_sys(w->err, EX_IOERR, "%s/%s", w->store->root, folder);
	closedir(dir);
	return failed;
}

static int
run_walk(struct walk_state *w, const char *folder)
{
	struct store_list *list = w->list;

	memset(list, 0, sizeof(*list));
	if (list_folder(w, folder) < 0) {
		store_list_free(list);
		return -1;
	}
	if (list->n > 1)
		qsort(list->entries, list->n, sizeof(*list->entries), by_name);
	return 0;
}

int
store_list(struct store *s, const char *folder, struct store_list *list, struct msg *err)
{
	struct walk_state w = { .store = s, .list = list, .err = err };

	return run_walk(&w, folder);
}

int
store_list_folders(struct store *s, const char *folder, struct store_list *list, struct msg *err)
{
	struct walk_state w = { .store = s, .what = FOLDERS, .list = list, .err = err };

	return run_walk(&w, folder);
}

int
store_walk_own(struct store *s, bool (*skip)(const char *, void *), void *arg, struct store_list *list, size_t *links,
    struct msg *err)
{
	struct walk_state w = { .store = s, .what = ALL_OBJECTS, .skip = skip, .arg = arg, .list = list, .err = err };
	int failed = run_walk(&w, "");

	*links = w.links;
	return failed;
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

/* Opening a pipe or a device could block: only regular files are read. */
static int
check_kind(int fd, struct store_in *in, struct msg *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return msg_sys(err, EX_IOERR, "%s", in->path);
	if (!S_ISREG(st.st_mode))
		return msg_set(err, EX_NOINPUT, "%s: %s", in->path, S_ISDIR(st.st_mode) ? strerror(EISDIR) :
		    "neither a file nor a folder");
	in->size = (uint64_t)st.st_size;
	return 0;
}

int
store_in_open(struct store *s, const char *name, struct store_in *in, struct msg *err)
{
	struct place p;

	*in = (struct store_in){ .fd = -1, .path = path_of(s, name) };
	if (find(s, name, TO_READ, &p, err) == 0) {
		in->fd = openat(p.folder, p.last, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
		    (s->outside ? 0 : O_NOFOLLOW));
		if (in->fd < 0)
			blame(s, name, p.folder, p.last, TO_READ, err);
		close(p.folder);
	}
	if (in->fd >= 0 && check_kind(in->fd, in, err) == 0)
		return 0;
	store_in_close(in);
	return -1;
}

int
store_in_read(struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err)
{
	uint8_t *to = p;
	ssize_t got;

	while (n > 0) {
		got = pread(in->fd, to, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return msg_sys(err, EX_IOERR, "%s", in->path);
		if (got == 0)
			return msg_set(err, EX_DATAERR, "%s: ends before byte %llu", in->path,
			    (unsigned long long)offset + n);
		to += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

void
store_in_close(struct store_in *in)
{
	if (in->fd >= 0)
		close(in->fd);
	free(in->path);
	in->fd = -1;
	in->path = NULL;
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

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? xstrdup(".") : slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* Makes the name of `path` durable. */
static int
sync_parent(const char *path, struct msg *err)
{
	char *folder = folder_of(path);
	int fd = open(folder, FOLDER), failed;

	failed = fd < 0 ? msg_sys(err, EX_IOERR, "%s", folder) : sync_named(fd, folder, err);
	if (fd >= 0)
		close(fd);
	free(folder);
	return failed;
}

/* Creates the root and missing folders above it. */
static int
make_folders(const char *folder, struct msg *err)
{
	int made = mkdir(folder, FOLDER_MODE), failed;
	char *parent;

	if (made < 0 && errno == ENOENT) {
		parent = folder_of(folder);
		failed = make_folders(parent, err);
		free(parent);
		if (failed)
			return -1;
		made = mkdir(folder, FOLDER_MODE);
	}
	if (made == 0)
		return sync_parent(folder, err);
	if (errno == EEXIST)
		return 0;
	return msg_sys(err, errno == ENOENT || errno == ENOTDIR ? EX_CANTCREAT : msg_errno_status(EX_CANTCREAT), "%s",
	    folder);
}

/*
 * Creates an unnamed file, of which nothing is left if the process dies; -1 if the file system does not support that.
 */
static int
open_nameless(int folder)
{
#ifdef O_TMPFILE
	if (access("/proc/self/fd", X_OK) == 0)
		return openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
#endif
	(void)folder;
	return -1;
}

static int
open_temporary(const struct store_out *out)
{
	return openat(out->folder, out->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
}

/*
 * The temporary name is random: writers on several machines or in containers may share the folder and also process IDs.
 */
int
store_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err)
{
	struct place p;
	uint64_t random;

	*out = (struct store_out){ .fd = -1, .folder = -1, .path = path_of(s, name) };
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		msg_sys(err, EX_OSERR, "no random numbers");
	} else if (find(s, name, TO_WRITE, &p, err) == 0) {
		out->folder = p.folder;
		out->last = xstrdup(p.last);
		out->temp = xasprintf(".%s.%016" PRIx64 ".tmp", p.last, random);
		out->fd = open_nameless(p.folder);
		out->named = out->fd < 0;
		if (out->named)
			out->fd = open_temporary(out);
		out->named = out->named && out->fd >= 0;
		if (out->fd < 0)
			msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", out->path);
	}
	if (out->fd < 0)
		store_out_abandon(out);
	return out->fd < 0 ? -1 : 0;
}

int
store_out_write(struct store_out *out, const void *p, size_t n, struct msg *err)
{
	if (io_write(out->fd, p, n, out->path, err) < 0)
		return -1;
	io_push(out->fd, out->size, n);
	out->size += n;
	return 0;
}

/* Links the written file to another name in its folder, unless the name is taken. */
static int
link_to(const struct store_out *out, const char *last)
{
	char fd[64];

	if (out->named)
		return linkat(out->folder, out->temp, out->folder, last, 0);
	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", out->fd);
	return linkat(AT_FDCWD, fd, out->folder, last, AT_SYMLINK_FOLLOW);
}

/* Does errno mean that the file system lacks the operation, rather than that it failed? */
static bool
is_lacking(void)
{
	return errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
}

static int
failed_write(const struct store_out *out, struct msg *err)
{
	return msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", out->path);
}

/* Copies an unnamed file that cannot be linked to one with the temporary name. */
static int
copy_to_temporary(struct store_out *out, struct msg *err)
{
	uint8_t piece[32 * 1024];
	int from = out->fd, to = open_temporary(out);
	ssize_t n = 0;
	off_t at = 0;

	if (to < 0)
		return failed_write(out, err);
	out->fd = to;
	out->named = true;
	while ((n = pread(from, piece, sizeof(piece), at)) > 0 && io_write(to, piece, (size_t)n, out->path, err) == 0)
		at += n;
	close(from);
	if (err->status == 0 && (n < 0 || fsync(to) < 0))
		return failed_write(out, err);
	return n == 0 ? 0 : -1;
}

/* Gives the written file its temporary name, if it has no name yet. */
static int
name_temporary(struct store_out *out, struct msg *err)
{
	if (out->named || link_to(out, out->temp) == 0) {
		out->named = true;
		return 0;
	}
	return is_lacking() ? copy_to_temporary(out, err) : failed_write(out, err);
}

/*
 * Names the object if the file system has neither links nor a rename that never replaces: writers serialize by a lock
 * file beside it. This does not exclude other programs, nor other machines if locks are not shared.
 */
static int
name_in_turn(struct store_out *out, struct msg *err)
{
	int lock = openat(out->folder, ".acct.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE), done = 0;
	struct stat st;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		done =
		    msg_sys(err, EX_UNAVAILABLE,
		    "%s: the file system has neither hard links, nor a rename that replaces "
		    "nothing, nor locks: writers would overwrite each other", out->path);
	else if (fstatat(out->folder, out->last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		done = errno == ENOENT && renameat(out->folder, out->temp, out->folder, out->last) == 0 ? 1 :
		    failed_write(out, err);
	if (done == 1)
		out->named = false;
	if (lock >= 0)
		close(lock);
	return done;
}

/* Like name_new, without links. */
static int
name_without_links(struct store_out *out, struct msg *err)
{
	if (name_temporary(out, err) < 0)
		return -1;
	if (renameat2(out->folder, out->temp, out->folder, out->last, RENAME_NOREPLACE) == 0) {
		out->named = false;
		return 1;
	}
	return errno == EEXIST ? 0 : is_lacking() ? name_in_turn(out, err) : failed_write(out, err);
}

/*
 * Names the object if the name is free: 1, or 0 if it is taken. link() is atomic and fails if the name exists. Over a
 * network its reply may get lost: a link count one higher proves that it succeeded nevertheless.
 */
static int
name_new(struct store_out *out, struct msg *err)
{
	struct stat st;

	if (link_to(out, out->last) == 0)
		return 1;
	if (errno == EEXIST)
		return fstat(out->fd, &st) == 0 && st.st_nlink == 1 + (nlink_t)out->named;
	return is_lacking() ? name_without_links(out, err) : failed_write(out, err);
}

/* Names the object, replacing any other. */
static int
name_over(struct store_out *out, struct msg *err)
{
	if (!out->named && link_to(out, out->last) == 0)
		return 1;
	if (!out->named && errno != EEXIST && !is_lacking())
		return failed_write(out, err);
	if (name_temporary(out, err) < 0)
		return -1;
	if (renameat(out->folder, out->temp, out->folder, out->last) < 0)
		return failed_write(out, err);
	out->named = false;
	return 1;
}

/* Syncs, names and closes the object. Returns 1; with STORE_NEW, 0 if the name was taken. */
static int
publish(struct store_out *out, enum store_mode mode, struct msg *err)
{
	int done = fsync(out->fd) == 0 ? 1 : msg_sys(err, EX_IOERR, "%s", out->path);

	if (done == 1)
		done = mode == STORE_NEW ? name_new(out, err) : name_over(out, err);
	if (close(out->fd) < 0 && done == 1)
		done = msg_sys(err, EX_IOERR, "%s", out->path);
	out->fd = -1;
	if (done == 1 && sync_named(out->folder, out->path, err) < 0)
		done = -1;
	store_out_abandon(out);	/* removes the temporary name, if there is one */
	return done;
}

int
store_out_commit(struct store_out *out, struct msg *err)
{
	return publish(out, STORE_REPLACE, err) < 0 ? -1 : 0;
}

void
store_out_abandon(struct store_out *out)
{
	if (out->fd >= 0)
		close(out->fd);
	if (out->named)
		unlinkat(out->folder, out->temp, 0);
	if (out->folder >= 0)
		close(out->folder);
	free(out->path);
	free(out->last);
	free(out->temp);
	*out = (struct store_out){ .fd = -1, .folder = -1 };
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
	return publish(&out, mode, err);
}

/* ---- removing ---- */

/*
 * Removes a file. Returns 1, or 0 if it does not exist, is not a file, or is reached only through a link. If `as` is
 * not NULL, removes the file only if it is unchanged since then.
 */
static int
delete_file(struct store *s, const char *name, const struct store_entry *as, struct msg *err)
{
	struct msg why = { 0 };
	struct place p;
	struct stat st;
	int removed = 0;

	if (find(s, name, TO_REMOVE, &p, &why) < 0)
		return why.status == EX_NOINPUT || (as != NULL && why.status == EX_NOPERM) ? 0 :
		    msg_set(err, why.status, "%s", why.text);
	if (fstatat(p.folder, p.last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		removed = errno == ENOENT ? 0 : -1;
	else if (S_ISREG(st.st_mode) && (as == NULL || (mtime_of(&st) == as->mtime &&
	    (uint64_t)st.st_size == as->size)))
		removed = unlinkat(p.folder, p.last, 0) == 0 ? 1 : errno == ENOENT ? 0 : -1;
	if (removed < 0)
		msg_sys(err, msg_errno_status(EX_IOERR), "%s/%s", s->root, name);
	close(p.folder);
	return removed;
}

int
store_delete(struct store *s, const char *name, struct msg *err)
{
	return delete_file(s, name, NULL, err);
}

int
store_delete_own(struct store *s, const struct store_entry *e, struct msg *err)
{
	return delete_file(s, e->name, e, err);
}

/* ---- locks ---- */

/* Does the name still denote the descriptor's file? The previous holder of the lock may have removed it. */
static bool
is_there(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

/*
 * Could a lock be held that this machine cannot see? File systems in user space have locks local to a machine: on them
 * only a lock a day old is considered abandoned.
 */
static bool
may_be_hidden(int fd)
{
	enum { FUSE = 0x65735546, DAY = 24 * 60 * 60 };
	struct statfs fs;
	struct stat st;

	return fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0 || (fs.f_type == FUSE && time(NULL) - st.st_mtime < DAY);
}

int
store_lock_new(struct store *s, const char *name, struct store_lock *l, struct msg *err)
{
	struct place p;
	int got = -1;

	l->fd = -1;
	if (find(s, name, TO_WRITE, &p, err) < 0)
		return -1;
	l->fd = openat(p.folder, p.last, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (l->fd < 0 && errno == EEXIST)
		got = 0;
	else if (l->fd < 0)
		blame(s, name, p.folder, p.last, TO_WRITE, err);
	else if (flock(l->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		got = 0;		/* removed by another that considered it abandoned */
	else if (sync_named(p.folder, s->root, err) == 0)
		got = is_there(l->fd);
	close(p.folder);
	if (got <= 0)
		store_lock_end(l);
	return got;
}

int
store_lock_try(struct store *s, const char *name, struct store_lock *l, struct msg *err)
{
	struct msg why = { 0 };
	struct place p;

	l->fd = -1;
	if (find(s, name, TO_REMOVE, &p, &why) < 0)
		return why.status == EX_NOINPUT ? 0 : msg_set(err, why.status, "%s", why.text);
	l->fd = openat(p.folder, p.last, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (l->fd < 0 && errno != ENOENT)
		blame(s, name, p.folder, p.last, TO_REMOVE, err);
	close(p.folder);
	if (l->fd >= 0 && !may_be_hidden(l->fd) && flock(l->fd, LOCK_EX | LOCK_NB) == 0 && is_there(l->fd))
		return 1;
	store_lock_end(l);
	return err->status != 0 ? -1 : 0;
}

void
store_lock_end(struct store_lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

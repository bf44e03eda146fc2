/*
 * A directory as a store. An object is written without a name, or under a temporary one, and linked or renamed to its
 * own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/store.h"

struct store {
	char *root;
};

int
store_open(struct store **sp, const char *address, struct msg *err)
{
	size_t n = strlen(address);

	*sp = NULL;
	if (*address == '\0')
		return msg_set(err, EX_USAGE, "a folder is wanted, not an empty name");
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

static char *
path_of(const struct store *s, const char *name)
{
	if (*name == '/' || (*name != '\0' && strcmp(s->root, ".") == 0))
		return xstrdup(name);
	return *name == '\0' ? xstrdup(s->root) : xasprintf("%s/%s", s->root, name);
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

struct walk {
	struct store *store;
	bool deep;			/* into folders */
	bool own;			/* links are not followed, only counted */
	size_t links;
	bool (*skip)(const char *folder);
	bool (*skip_own)(const char *folder, void *arg);
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

static bool
skips(const struct walk *w, const char *folder)
{
	return w->own ? w->skip_own(folder, w->arg) : w->skip != NULL && w->skip(folder);
}

static int list_folder(struct walk *w, const char *folder);

/* One name of a folder: an object is added, a folder gone into where that is wanted. */
static int
list_name(struct walk *w, const char *folder, const char *path, int fd, const char *last)
{
	char *name = w->deep && *folder != '\0' ? xasprintf("%s/%s", folder, last) : xstrdup(last);
	struct stat st;
	int failed = 0;

	if (fstatat(fd, last, &st, w->own ? AT_SYMLINK_NOFOLLOW : 0) < 0) {
		if (errno != ENOENT)	/* removed meanwhile, or a link to nowhere */
			failed = msg_sys(w->err, EX_IOERR, "%s/%s", path, last);
	} else if (S_ISREG(st.st_mode)) {
		add_entry(w->list, name, &st);
		return 0;
	} else if (S_ISLNK(st.st_mode)) {
		w->links++;
	} else if (w->deep && S_ISDIR(st.st_mode) && !skips(w, name)) {
		failed = list_folder(w, name);
	}
	free(name);
	return failed;
}

/* Adds the objects of a folder, and of those below it where the walk is deep. */
static int
list_folder(struct walk *w, const char *folder)
{
	char *path = path_of(w->store, folder);
	DIR *dir = opendir(path);
	struct dirent *e;
	int failed = 0;

	if (dir == NULL) {
		if (errno != ENOENT)
			failed = msg_sys(w->err, msg_errno_status(EX_IOERR), "%s", path);
		free(path);
		return failed;
	}
	while (!failed && (errno = 0, e = readdir(dir)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			failed = list_name(w, folder, path, dirfd(dir), e->d_name);
	if (!failed && errno != 0)
		failed = msg_sys(w->err, EX_IOERR, "%s", path);
	closedir(dir);
	free(path);
	return failed;
}

static int
run_walk(struct walk *w, const char *folder)
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
	struct walk w = { .store = s, .list = list, .err = err };

	return run_walk(&w, folder);
}

int
store_walk(struct store *s, bool (*skip)(const char *), struct store_list *list, struct msg *err)
{
	struct walk w = { .store = s, .deep = true, .skip = skip, .list = list, .err = err };

	return run_walk(&w, "");
}

int
store_walk_own(struct store *s, bool (*skip)(const char *, void *), void *arg, struct store_list *list, size_t *links,
    struct msg *err)
{
	struct walk w = { .store = s, .deep = true, .own = true, .skip_own = skip, .arg = arg, .list = list,
	    .err = err };
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

int
store_in_open(struct store *s, const char *name, struct store_in *in, struct msg *err)
{
	struct stat st;

	in->path = path_of(s, name);
	in->fd = open(in->path, O_RDONLY | O_CLOEXEC);
	if (in->fd >= 0 && fstat(in->fd, &st) == 0) {
		if (S_ISREG(st.st_mode)) {
			in->size = (uint64_t)st.st_size;
			return 0;
		}
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	}
	msg_sys(err, msg_errno_status(EX_IOERR), "%s", in->path);
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

/* Makes the name of what `path` names durable. */
static int
sync_folder(const char *path, struct msg *err)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = 0;

	/* EINVAL: a file system that has no such thing. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		failed = msg_sys(err, EX_IOERR, "%s", folder);
	if (fd >= 0)
		close(fd);
	free(folder);
	return failed;
}

static int
make_folders(const char *folder, struct msg *err)
{
	int made = mkdir(folder, 0777), failed;
	char *parent;

	if (made < 0 && errno == ENOENT) {
		parent = folder_of(folder);
		failed = make_folders(parent, err);
		free(parent);
		if (failed)
			return -1;
		made = mkdir(folder, 0777);
	}
	if (made == 0)
		return sync_folder(folder, err);
	if (errno == EEXIST)
		return 0;
	return msg_sys(err, errno == ENOENT || errno == ENOTDIR ? EX_CANTCREAT : msg_errno_status(EX_CANTCREAT), "%s",
	    folder);
}

/*
 * A file without a name, which nothing is left of when the process is gone; -1 where the file system has no such thing.
 */
static int
open_nameless(const char *folder)
{
#ifdef O_TMPFILE
	if (access("/proc/self/fd", X_OK) == 0)
		return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
#endif
	(void)folder;
	return -1;
}

/*
 * The temporary name is random: writers in several machines or containers share a folder, and may share process numbers
 * too.
 */
int
store_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err)
{
	const char *last;
	char *folder;
	uint64_t random;

	*out = (struct store_out){ .fd = -1, .path = path_of(s, name) };
	folder = folder_of(out->path);
	last = strrchr(out->path, '/');
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		msg_sys(err, EX_OSERR, "no random numbers");
	} else if (make_folders(folder, err) == 0) {
		out->temp = xasprintf("%s/.%s.%016" PRIx64 ".tmp", folder, last != NULL ? last + 1 : out->path, random);
		out->fd = open_nameless(folder);
		out->named = out->fd < 0;
		if (out->named)
			out->fd = open(out->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		out->named = out->named && out->fd >= 0;
		if (out->fd < 0)
			msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", folder);
	}
	free(folder);
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

/* Gives what is written another name, if that is free. */
static int
link_to(const struct store_out *out, const char *path)
{
	char fd[64];

	if (out->named)
		return link(out->temp, path);
	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", out->fd);
	return linkat(AT_FDCWD, fd, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/*
 * The object's name, where no object has it: 1, or 0 where one has. link() is atomic and fails where the name exists.
 * Over a network its answer may get lost: two names of our file say that it succeeded all the same.
 */
static int
name_new(struct store_out *out, struct msg *err)
{
	struct stat st;

	if (link_to(out, out->path) == 0)
		return 1;
	if (errno == EEXIST)
		return out->named && fstat(out->fd, &st) == 0 && st.st_nlink == 2;
	return msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", out->path);
}

/* The object's name, whoever has it. */
static int
name_over(struct store_out *out, struct msg *err)
{
	if (!out->named) {
		if (link_to(out, out->path) == 0)
			return 1;
		if (errno != EEXIST || link_to(out, out->temp) < 0)
			return msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", out->path);
		out->named = true;
	}
	if (rename(out->temp, out->path) < 0)
		return msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", out->path);
	out->named = false;
	return 1;
}

/* Syncs, gives the object its name and closes: 1; with STORE_NEW 0 where the name was taken. */
static int
publish(struct store_out *out, enum store_mode mode, struct msg *err)
{
	int done = fsync(out->fd) == 0 ? 1 : msg_sys(err, EX_IOERR, "%s", out->path);

	if (done == 1)
		done = mode == STORE_NEW ? name_new(out, err) : name_over(out, err);
	if (close(out->fd) < 0 && done == 1)
		done = msg_sys(err, EX_IOERR, "%s", out->path);
	out->fd = -1;
	if (done == 1 && sync_folder(out->path, err) < 0)
		done = -1;
	store_out_abandon(out);	/* the temporary name, where there is one */
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
		unlink(out->temp);
	out->named = false;
	free(out->path);
	free(out->temp);
	out->fd = -1;
	out->path = out->temp = NULL;
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

int
store_delete(struct store *s, const char *name, struct msg *err)
{
	char *path = path_of(s, name);
	int failed = unlink(path) < 0 && errno != ENOENT ? msg_sys(err, msg_errno_status(EX_IOERR), "%s", path) : 0;

	free(path);
	return failed;
}

/* The folder of a name below the root, opened step by step without following a link; -1 with errno. */
static int
open_folder(const struct store *s, const char *name, const char **last)
{
	int fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next, why;
	const char *slash;
	char *part;

	for (; fd >= 0 && (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		part = xstrndup(name, (size_t)(slash - name));
		next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		why = errno;
		free(part);
		close(fd);
		fd = next;
		errno = why;
	}
	*last = name;
	return fd;
}

int
store_delete_own(struct store *s, const struct store_entry *e, struct msg *err)
{
	const char *last;
	struct stat st;
	int fd = open_folder(s, e->name, &last), removed = 0;

	if (fd < 0 || fstatat(fd, last, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
			removed = msg_sys(err, msg_errno_status(EX_IOERR), "%s/%s", s->root, e->name);
	} else if (S_ISREG(st.st_mode) && mtime_of(&st) == e->mtime && (uint64_t)st.st_size == e->size) {
		if (unlinkat(fd, last, 0) == 0)
			removed = 1;
		else if (errno != ENOENT)
			removed = msg_sys(err, msg_errno_status(EX_IOERR), "%s/%s", s->root, e->name);
	}
	if (fd >= 0)
		close(fd);
	return removed;
}

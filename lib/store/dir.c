/* The directory store: its table of operations, reading and removing. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/dir.h"

static int
open_dir(struct store **sp, const char *address, struct msg *err)
{
	struct store_dir *s = xcalloc(1, sizeof(*s));

	(void)address, (void)err;
	*sp = &s->store;
	return 0;
}

static void
close_dir(struct store *s)
{
	struct store_dir *d = (struct store_dir *)s;

	while (d->nlate > 0)
		close(d->late[--d->nlate]);
	free(d);
}

static char *
real_path(struct store *s, const char *name)
{
	char *path = store_path(s, name), *real = realpath(path, NULL);

	free(path);
	return real;
}

int64_t
store_dir_mtime(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

enum store_kind
store_dir_kind(const struct stat *st)
{
	return S_ISREG(st->st_mode) ? STORE_OBJECT : S_ISDIR(st->st_mode) ? STORE_FOLDER :
	    S_ISLNK(st->st_mode) ? STORE_LINK : STORE_OTHER;
}

static int
stat_dir(struct store *s, const char *name, enum store_kind *kind, struct msg *err)
{
	struct msg why = { 0 };
	struct store_dir_place p = { -1, "" };
	struct stat st;
	int failed = 0;

	if (*name == '\0')
		failed = stat(s->address, &st);
	else if (store_dir_find(s, name, STORE_DIR_READ, &p, &why) == 0)
		failed = fstatat(p.folder, p.last, &st, s->outside ? 0 : AT_SYMLINK_NOFOLLOW);
	if (failed)
		store_dir_blame(s, name, p.folder, p.last, STORE_DIR_READ, &why);
	if (p.folder >= 0)
		close(p.folder);
	if (why.status != 0)
		return why.status == EX_NOINPUT ? 0 : msg_set(err, why.status, "%s", why.text);
	*kind = store_dir_kind(&st);
	return 1;
}

/* ---- reading ---- */

struct file {
	int fd;
};

/* Opening a pipe or a device could block: only regular files are read. */
static int
check_file(int fd, struct store_in *in, struct msg *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return msg_sys(err, EX_IOERR, "%s", in->path);
	if (!S_ISREG(st.st_mode))
		return msg_set(err, EX_NOINPUT, "%s: %s", in->path, S_ISDIR(st.st_mode) ? strerror(EISDIR) :
		    "neither a file nor a folder");
	in->size = (uint64_t)st.st_size;
	in->id[0] = (uint64_t)st.st_dev;
	in->id[1] = (uint64_t)st.st_ino;
	in->has_other_names = st.st_nlink > 1;
	return 0;
}

static int
open_file(struct store *s, const char *name, struct store_in *in, struct msg *err)
{
	struct store_dir_place p;
	struct file *f;
	int fd;

	if (store_dir_find(s, name, STORE_DIR_READ, &p, err) < 0)
		return -1;
	fd = openat(p.folder, p.last, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (s->outside ? 0 : O_NOFOLLOW));
	if (fd < 0)
		store_dir_blame(s, name, p.folder, p.last, STORE_DIR_READ, err);
	close(p.folder);
	if (fd < 0)
		return -1;
	if (check_file(fd, in, err) < 0) {
		close(fd);
		return -1;
	}
	in->object = f = xmalloc(sizeof(*f));
	f->fd = fd;
	return 0;
}

static int64_t
read_file(const struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err)
{
	const struct file *f = in->object;
	ssize_t got;

	while ((got = pread(f->fd, p, n, (off_t)offset)) < 0 && errno == EINTR)
		;
	return got < 0 ? msg_sys(err, EX_IOERR, "%s", in->path) : got;
}

static void
close_file(struct store_in *in)
{
	struct file *f = in->object;

	close(f->fd);
	free(f);
}

/* ---- removing ---- */

static bool
is_unchanged(const struct stat *st, const struct store_entry *as)
{
	return store_dir_mtime(st) == as->mtime && (uint64_t)st->st_size == as->size;
}

/*
 * Removes a file. Returns 1, or 0 if it does not exist, is not a file, or is reached only through a link. If `as` is
 * not NULL, removes the file only if it is unchanged since then.
 */
static int
remove_file(struct store *s, const char *name, const struct store_entry *as, struct msg *err)
{
	struct msg why = { 0 };
	struct store_dir_place p;
	struct stat st;
	int removed = 0;

	if (store_dir_find(s, name, STORE_DIR_REMOVE, &p, &why) < 0)
		return why.status == EX_NOINPUT || (as != NULL && why.status == EX_NOPERM) ? 0 :
		    msg_set(err, why.status, "%s", why.text);
	if (fstatat(p.folder, p.last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		removed = errno == ENOENT ? 0 : -1;
	else if (S_ISREG(st.st_mode) && (as == NULL || is_unchanged(&st, as)))
		removed = unlinkat(p.folder, p.last, 0) == 0 ? 1 : errno == ENOENT ? 0 : -1;
	if (removed < 0)
		msg_sys(err, msg_errno_status(EX_IOERR), "%s/%s", s->address, name);
	close(p.folder);
	return removed;
}

const struct store_ops store_dir = {
	.open = open_dir,
	.close = close_dir,
	.real_path = real_path,
	.stat = stat_dir,
	.list = store_dir_list,
	.remove = remove_file,
	.prune = store_dir_prune,
	.lock = store_dir_lock,
	.unlock = store_dir_unlock,
	.share = store_dir_share,
	.in_open = open_file,
	.in_read = read_file,
	.in_close = close_file,
	.out_open = store_dir_out_open,
	.out_write = store_dir_out_write,
	.out_take = store_dir_out_take,
	.out_commit = store_dir_out_commit,
	.out_close = store_dir_out_close,
	.flush = store_dir_flush,
};

/*
 * Writing in the directory store: an object is written unnamed, or under a temporary name, and then linked or renamed
 * to its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/io.h"
#include "store/dir.h"

struct draft {
	int fd, folder;			/* the object, and its folder */
	const char *path;		/* for messages */
	char *last, *temp;		/* owned: final name in the folder, and temporary name */
	bool named;			/* temp exists */
	nlink_t others;			/* names that the file has elsewhere */
};

static int
failed_write(const struct draft *d, struct msg *err)
{
	return msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", d->path);
}

/*
 * Creates an unnamed file, of which nothing is left if the process dies; -1 if the file system does not support that.
 */
static int
open_nameless(int folder)
{
#ifdef O_TMPFILE
	if (access("/proc/self/fd", X_OK) == 0)
		return openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, STORE_DIR_FILE_MODE);
#endif
	(void)folder;
	return -1;
}

static int
open_temporary(const struct draft *d)
{
	return openat(d->folder, d->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, STORE_DIR_FILE_MODE);
}

/*
 * The temporary name is random: writers on several machines or in containers may share the folder and also process IDs.
 */
static int
open_draft(struct draft *d, struct msg *err)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return msg_sys(err, EX_OSERR, "no random numbers");
	d->temp = xasprintf(".%s.%016" PRIx64 ".tmp", d->last, random);
	d->fd = open_nameless(d->folder);
	if (d->fd >= 0)
		return 0;
	d->fd = open_temporary(d);
	d->named = d->fd >= 0;
	return d->named ? 0 : failed_write(d, err);
}

int
store_dir_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err)
{
	struct store_dir_place p;
	struct draft *d;

	if (store_dir_find(s, name, STORE_DIR_WRITE, &p, err) < 0)
		return -1;
	d = xcalloc(1, sizeof(*d));
	*d = (struct draft){ .fd = -1, .folder = p.folder, .last = xstrdup(p.last), .path = out->path };
	out->object = d;
	if (open_draft(d, err) == 0)
		return 0;
	store_dir_out_close(out);
	return -1;
}

int
store_dir_out_write(struct store_out *out, const void *p, size_t n, struct msg *err)
{
	const struct draft *d = out->object;

	if (io_write(d->fd, p, n, d->path, err) < 0)
		return -1;
	io_push(d->fd, out->size, n);
	return 0;
}

/* Links the written file to another name in its folder, unless the name is taken. */
static int
link_to(const struct draft *d, const char *last)
{
	char fd[64];

	if (d->named)
		return linkat(d->folder, d->temp, d->folder, last, 0);
	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", d->fd);
	return linkat(AT_FDCWD, fd, d->folder, last, AT_SYMLINK_FOLLOW);
}

/* A file of another file system, or of another owner, cannot be linked. */
int
store_dir_out_take(struct store_out *out, const char *path)
{
	struct draft *d = out->object, other = *d;
	struct stat st;

	other.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (other.fd < 0)
		return 0;
	if (d->named || fstat(other.fd, &st) < 0 || !S_ISREG(st.st_mode) || link_to(&other, d->temp) < 0) {
		close(other.fd);
		return 0;
	}
	close(d->fd);
	*d = other;
	d->named = true;
	d->others = st.st_nlink;
	out->size = (uint64_t)st.st_size;
	return 1;
}

/* Does errno mean that the file system lacks the operation, rather than that it failed? */
static bool
is_lacking(void)
{
	return errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
}

/* Copies an unnamed file that cannot be linked to one with the temporary name. */
static int
copy_to_temporary(struct draft *d, struct msg *err)
{
	uint8_t piece[32 * 1024];
	int from = d->fd, to = open_temporary(d);
	ssize_t n = 0;
	off_t at = 0;

	if (to < 0)
		return failed_write(d, err);
	d->fd = to;
	d->named = true;
	while ((n = pread(from, piece, sizeof(piece), at)) > 0 && io_write(to, piece, (size_t)n, d->path, err) == 0)
		at += n;
	close(from);
	if (err->status == 0 && (n < 0 || fsync(to) < 0))
		return failed_write(d, err);
	return n == 0 ? 0 : -1;
}

/* Gives the written file its temporary name, if it has no name yet. */
static int
name_temporary(struct draft *d, struct msg *err)
{
	if (d->named || link_to(d, d->temp) == 0) {
		d->named = true;
		return 0;
	}
	return is_lacking() ? copy_to_temporary(d, err) : failed_write(d, err);
}

/*
 * Names the object if the file system has neither links nor a rename that never replaces: writers serialize by a lock
 * file beside it. This does not exclude other programs, nor other machines if locks are not shared.
 */
static int
name_in_turn(struct draft *d, struct msg *err)
{
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, done = 0;
	int lock = openat(d->folder, ".acct.lock", flags, STORE_DIR_FILE_MODE);
	struct stat st;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		done =
		    msg_sys(err, EX_UNAVAILABLE,
		    "%s: the file system has neither hard links, nor a rename that replaces "
		    "nothing, nor locks: writers would overwrite each other", d->path);
	else if (fstatat(d->folder, d->last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		done = errno == ENOENT && renameat(d->folder, d->temp, d->folder, d->last) == 0 ? 1 :
		    failed_write(d, err);
	if (done == 1)
		d->named = false;
	if (lock >= 0)
		close(lock);
	return done;
}

/* Like name_new, without links. */
static int
name_without_links(struct draft *d, struct msg *err)
{
	if (name_temporary(d, err) < 0)
		return -1;
	if (renameat2(d->folder, d->temp, d->folder, d->last, RENAME_NOREPLACE) == 0) {
		d->named = false;
		return 1;
	}
	return errno == EEXIST ? 0 : is_lacking() ? name_in_turn(d, err) : failed_write(d, err);
}

/*
 * Names the object if the name is free: 1, or 0 if it is taken. link() is atomic and fails if the name exists. Over a
 * network its reply may get lost: a link count one higher proves that it succeeded nevertheless.
 */
static int
name_new(struct draft *d, struct msg *err)
{
	struct stat st;

	if (link_to(d, d->last) == 0)
		return 1;
	if (errno == EEXIST)
		return fstat(d->fd, &st) == 0 && st.st_nlink == 1 + (nlink_t)d->named + d->others;
	return is_lacking() ? name_without_links(d, err) : failed_write(d, err);
}

/* Names the object, replacing any other. */
static int
name_over(struct draft *d, struct msg *err)
{
	if (!d->named && link_to(d, d->last) == 0)
		return 1;
	if (!d->named && errno != EEXIST && !is_lacking())
		return failed_write(d, err);
	if (name_temporary(d, err) < 0)
		return -1;
	if (renameat(d->folder, d->temp, d->folder, d->last) < 0)
		return failed_write(d, err);
	d->named = d->others > 0;	/* it stays where the name is the file's own already */
	return 1;
}

int
store_dir_flush(struct store *s, struct msg *err)
{
	struct store_dir *d = (struct store_dir *)s;
	int failed = 0, fd;

	while (d->nlate > 0) {
		fd = d->late[--d->nlate];
		if (fsync(fd) < 0 && errno != EINVAL)	/* EINVAL: the file system cannot sync folders */
			failed = msg_sys(err, EX_IOERR, "%s", s->address);
		if (close(fd) < 0)
			failed = msg_sys(err, EX_IOERR, "%s", s->address);
	}
	return failed;
}

/* Names the object now, and leaves it and its folder to store_dir_flush. */
static int
commit_later(struct store_out *out, struct draft *d, struct msg *err)
{
	struct store_dir *s = (struct store_dir *)out->store;
	int folder;

	if (name_over(d, err) < 0 || (s->nlate + 2 > STORE_DIR_LATE && store_dir_flush(out->store, err) < 0))
		return -1;
	folder = openat(d->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return msg_sys(err, EX_IOERR, "%s", d->path);
	s->late[s->nlate++] = folder;
	s->late[s->nlate++] = d->fd;		/* synced first */
	d->fd = -1;
	return 1;
}

int
store_dir_out_commit(struct store_out *out, enum store_mode mode, struct msg *err)
{
	struct draft *d = out->object;
	int done;

	if (mode == STORE_LATER)
		return commit_later(out, d, err);
	done = fsync(d->fd) == 0 ? 1 : msg_sys(err, EX_IOERR, "%s", d->path);

	if (done == 1)
		done = mode == STORE_NEW ? name_new(d, err) : name_over(d, err);
	if (close(d->fd) < 0 && done == 1)
		done = msg_sys(err, EX_IOERR, "%s", d->path);
	d->fd = -1;
	if (done == 1 && store_dir_sync(d->folder, d->path, err) < 0)
		done = -1;
	return done;
}

void
store_dir_out_close(struct store_out *out)
{
	struct draft *d = out->object;

	if (d->fd >= 0)
		close(d->fd);
	if (d->named)
		unlinkat(d->folder, d->temp, 0);
	close(d->folder);
	free(d->last);
	free(d->temp);
	free(d);
}

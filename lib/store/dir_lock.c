/* Locks of the directory store: flock on a file, which the system ends with its holder. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "store/dir.h"

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

/* Creates a lock file and locks it: 1 with *fd, or 0 if the name is taken. */
static int
create_lock(struct store *s, const char *name, int *fd, struct msg *err)
{
	struct store_dir_place p;
	int got = -1;

	if (store_dir_find(s, name, STORE_DIR_WRITE, &p, err) < 0)
		return -1;
	*fd = openat(p.folder, p.last, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, STORE_DIR_FILE_MODE);
	if (*fd < 0 && errno == EEXIST)
		got = 0;
	else if (*fd < 0)
		store_dir_blame(s, name, p.folder, p.last, STORE_DIR_WRITE, err);
	else if (flock(*fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		got = 0;		/* removed by another that considered it abandoned */
	else if (store_dir_sync(p.folder, s->address, err) == 0)
		got = is_there(*fd);
	close(p.folder);
	return got;
}

/* Locks an abandoned lock file: 1 with *fd, or 0 if it does not exist or may be held. */
static int
take_lock(struct store *s, const char *name, int *fd, struct msg *err)
{
	struct msg why = { 0 };
	struct store_dir_place p;

	if (store_dir_find(s, name, STORE_DIR_REMOVE, &p, &why) < 0)
		return why.status == EX_NOINPUT ? 0 : msg_set(err, why.status, "%s", why.text);
	*fd = openat(p.folder, p.last, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0 && errno != ENOENT)
		store_dir_blame(s, name, p.folder, p.last, STORE_DIR_REMOVE, &why);
	close(p.folder);
	if (why.status != 0)
		return msg_set(err, why.status, "%s", why.text);
	return *fd >= 0 && !may_be_hidden(*fd) && flock(*fd, LOCK_EX | LOCK_NB) == 0 && is_there(*fd);
}

int
store_dir_lock(struct store *s, const char *name, bool create, void **held, struct msg *err)
{
	int fd = -1, got = create ? create_lock(s, name, &fd, err) : take_lock(s, name, &fd, err), *kept;

	if (got > 0) {
		*held = kept = xmalloc(sizeof(*kept));
		*kept = fd;
	} else if (fd >= 0) {
		close(fd);
	}
	return got;
}

void
store_dir_unlock(struct store *s, void *held)
{
	int *fd = held;

	(void)s;
	close(*fd);
	free(fd);
}

int
store_dir_share(struct store *s, void *held, struct msg *err)
{
	int *fd = held;

	return fcntl(*fd, F_SETFD, 0) < 0 ? msg_sys(err, EX_OSERR, "%s", s->address) : 0;
}

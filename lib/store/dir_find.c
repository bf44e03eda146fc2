/*
 * Names in the directory store. A name is resolved from the root one folder at a time, so that no part of it can be a
 * link or lead out of the root, even if the tree changes meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/dir.h"

#ifndef O_PATH				/* a folder that need only be searchable, not readable */
#define O_PATH O_RDONLY
#endif

enum { FOLDER = O_PATH | O_DIRECTORY | O_CLOEXEC, FOLDER_MODE = 0750 };

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

int
store_dir_sync(int folder, const char *path, struct msg *err)
{
	return sync_folder(folder) < 0 ? msg_sys(err, EX_IOERR, "%s", path) : 0;
}

/* Opens a folder in an open folder; -1 with errno. */
static int
step(const struct store *s, int fd, const char *part, enum store_dir_why why)
{
	int flags = FOLDER | (s->outside && why == STORE_DIR_READ ? 0 : O_NOFOLLOW), next = openat(fd, part, flags);

	if (next >= 0 || errno != ENOENT || why != STORE_DIR_WRITE)
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

void
store_dir_blame(const struct store *s, const char *name, int folder, const char *part, enum store_dir_why why,
    struct msg *err)
{
	int reason = errno, otherwise = why == STORE_DIR_WRITE ? EX_CANTCREAT : EX_IOERR;
	char *path = store_path(s, name);

	if ((reason == ELOOP || reason == ENOTDIR) && is_link(folder, part)) {
		msg_set(err, EX_NOPERM, "%s: %s is a link, which is not followed%s", path, msg_quotes(part),
		    why == STORE_DIR_READ ? "; --outside follows it" : "");
	} else {
		errno = reason;
		msg_sys(err, why == STORE_DIR_WRITE && (reason == ENOENT || reason == ENOTDIR) ? EX_CANTCREAT :
		    msg_errno_status(otherwise), "%s", path);
	}
	free(path);
}

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

	failed = fd < 0 ? msg_sys(err, EX_IOERR, "%s", folder) : store_dir_sync(fd, folder, err);
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

/* Opens the folder where resolution starts, the root or that of the system; -1 fills err. */
static int
begin_walk(const struct store *s, const char *name, enum store_dir_why why, struct msg *err)
{
	bool within = *name != '/';
	int fd;

	fd = open(within ? s->address : "/", FOLDER);
	if (fd < 0 && errno == ENOENT && why == STORE_DIR_WRITE) {
		if (make_folders(s->address, err) < 0)
			return -1;
		fd = open(s->address, FOLDER);
	}
	if (fd < 0)
		store_dir_blame(s, name, AT_FDCWD, "", why, err);
	return fd;
}

int
store_dir_find(const struct store *s, const char *name, enum store_dir_why why, struct store_dir_place *p,
    struct msg *err)
{
	const char *rest = name + (*name == '/'), *slash;
	int fd = begin_walk(s, name, why, err), next;
	char *part;

	for (; fd >= 0 && (slash = strchr(rest, '/')) != NULL; rest = slash + 1) {
		part = xstrndup(rest, (size_t)(slash - rest));
		if ((next = step(s, fd, part, why)) < 0)
			store_dir_blame(s, name, fd, part, why, err);
		free(part);
		close(fd);
		fd = next;
	}
	*p = (struct store_dir_place){ fd, rest };
	return fd < 0 ? -1 : 0;
}


/* Removing empty folders of the directory store. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "store/dir.h"

/* Is it gone, no folder, not empty, or somebody's who may not be disturbed? Then it stays. */
static bool
may_stay(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENOTEMPTY || errno == EEXIST ||
	    errno == EBUSY;
}

static int prune_at(int folder, const char *name);

static bool
is_folder(int folder, const char *name)
{
	struct stat st;

	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Removes the empty folders below an open one, which it closes. Returns -1 with errno. */
static int
prune_below(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int failed = 0, reason;

	if (dir == NULL) {
		close(fd);
		return -1;
	}
	while (!failed && (e = readdir(dir)) != NULL)
		if (is_folder(dirfd(dir), e->d_name))
			failed = prune_at(dirfd(dir), e->d_name);
	reason = errno;
	closedir(dir);
	errno = reason;
	return failed;
}

static int
prune_at(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && prune_below(fd) == 0 && unlinkat(folder, name, AT_REMOVEDIR) == 0)
		return 0;
	return may_stay() ? 0 : -1;
}

int
store_dir_prune(struct store *s, const char *folder, struct msg *err)
{
	struct msg why = { 0 };
	struct store_dir_place p;
	int failed;

	if (store_dir_find(s, folder, STORE_DIR_REMOVE, &p, &why) < 0)
		return why.status == EX_NOINPUT ? 0 : msg_set(err, why.status, "%s", why.text);
	failed = prune_at(p.folder, p.last);
	if (failed)
		msg_sys(err, msg_errno_status(EX_IOERR), "%s/%s", s->address, folder);
	close(p.folder);
	return failed;
}

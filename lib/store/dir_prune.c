/* Removing empty folders of the directory store, with pipes and links where that is asked for. */
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

static int prune_at(int folder, const char *name, bool own);

/* Prunes what a folder has of this name. Returns -1 with errno. */
static int
prune_entry(int folder, const char *name, bool own)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISREG(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode))
		return prune_at(folder, name, own);
	return !own || unlinkat(folder, name, 0) == 0 || may_stay() ? 0 : -1;
}

/* Removes the empty folders below an open one, which it closes. Returns -1 with errno. */
static int
prune_below(int fd, bool own)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int failed = 0, reason;

	if (dir == NULL) {
		close(fd);
		return -1;
	}
	while (!failed && (e = readdir(dir)) != NULL)
		failed = prune_entry(dirfd(dir), e->d_name, own);
	reason = errno;
	closedir(dir);
	errno = reason;
	return failed;
}

static int
prune_at(int folder, const char *name, bool own)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && prune_below(fd, own) == 0 && unlinkat(folder, name, AT_REMOVEDIR) == 0)
		return 0;
	return may_stay() ? 0 : -1;
}

int
store_dir_prune(struct store *s, const char *folder, bool own, struct msg *err)
{
	struct msg why = { 0 };
	struct store_dir_place p;
	int failed;

	if (store_dir_find(s, folder, STORE_DIR_REMOVE, &p, &why) < 0)
		return why.status == EX_NOINPUT ? 0 : msg_set(err, why.status, "%s", why.text);
	failed = prune_at(p.folder, p.last, own);
	if (failed)
		msg_sys(err, msg_errno_status(EX_IOERR), "%s/%s", s->address, folder);
	close(p.folder);
	return failed;
}

/* Listing a folder of the directory store. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/dir.h"

/* Opens a folder for listing, "" for the root. Returns 1, or 0 if it does not exist. */
static int
open_listed(struct store *s, const char *folder, bool own, DIR **dir, struct msg *err)
{
	enum store_dir_why why = own ? STORE_DIR_REMOVE : STORE_DIR_READ;
	struct msg reason = { 0 };
	struct store_dir_place p = { -1, "" };
	int fd = -1, found = 0, flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (*folder == '\0')
		fd = open(s->address, flags);
	else if ((found = store_dir_find(s, folder, why, &p, &reason)) == 0)
		fd = openat(p.folder, p.last, flags | (s->outside && !own ? 0 : O_NOFOLLOW));
	if (found == 0 && fd < 0)
		store_dir_blame(s, folder, p.folder, p.last, why, &reason);
	if (p.folder >= 0)
		close(p.folder);
	*dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (*dir != NULL)
		return 1;
	if (fd >= 0)
		close(fd);
	if (reason.status == EX_NOINPUT)
		return 0;
	return msg_set(err, reason.status != 0 ? reason.status : EX_OSERR, "%s",
	    reason.status != 0 ? reason.text : s->address);
}

/* Fills err after errno from a folder or a file in it. */
static int
blame(const struct store *s, const char *folder, const char *last, struct msg *err)
{
	int reason = errno;
	char *path = store_path(s, folder);

	errno = reason;
	msg_sys(err, EX_IOERR, "%s/%s", path, last);
	free(path);
	return -1;
}

int
store_dir_list(struct store *s, const char *folder, bool own, struct store_lister *to, struct msg *err)
{
	struct dirent *e;
	struct stat st;
	DIR *dir;
	int got = open_listed(s, folder, own, &dir, err), failed = 0;

	if (got <= 0)
		return got;
	while (!failed && (errno = 0, e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(dir), e->d_name, &st, s->outside && !own ? 0 : AT_SYMLINK_NOFOLLOW) == 0)
			store_lister_add(to, e->d_name, store_dir_kind(&st), (uint64_t)st.st_size,
			    store_dir_mtime(&st));
		else if (errno != ENOENT)	/* just removed, or a dangling link */
			failed = blame(s, folder, e->d_name, err);
	}
	if (!failed && errno != 0)
		failed = blame(s, folder, "", err);
	closedir(dir);
	return failed;
}

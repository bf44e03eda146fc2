/* The directory store's own: names resolved to open folders. */
#ifndef STORE_DIR_H
#define STORE_DIR_H

#include <stdint.h>
#include <sys/stat.h>

#include "store/ops.h"

enum { STORE_DIR_LATE = 64 };		/* files and folders that wait for store_flush, at most */

struct store_dir {
	struct store store;
	int late[STORE_DIR_LATE];	/* their descriptors */
	size_t nlate;
};

enum { STORE_DIR_FILE_MODE = 0640 };	/* account data is not world-readable */

enum store_dir_why {
	STORE_DIR_READ,			/* follow links if the store reads outside */
	STORE_DIR_REMOVE,		/* never follow links */
	STORE_DIR_WRITE			/* likewise; create missing folders */
};

struct store_dir_place {		/* a resolved name: its open folder, and its last part, a view of the name */
	int folder;
	const char *last;
};

/* Resolves a name. The caller closes p->folder. */
int store_dir_find(const struct store *s, const char *name, enum store_dir_why why, struct store_dir_place *p,
    struct msg *err);

/* Fills err after errno from opening a part of a name in its folder. */
void store_dir_blame(const struct store *s, const char *name, int folder, const char *part, enum store_dir_why why,
    struct msg *err);

/* Syncs an open folder, which makes its names durable. */
int store_dir_sync(int folder, const char *path, struct msg *err);

int64_t store_dir_mtime(const struct stat *st);
enum store_kind store_dir_kind(const struct stat *st);

/* The operations that have files of their own. */
int store_dir_list(struct store *s, const char *folder, bool own, struct store_lister *to, struct msg *err);
int store_dir_lock(struct store *s, const char *name, bool create, void **held, struct msg *err);
void store_dir_unlock(struct store *s, void *held);
int store_dir_share(struct store *s, void *held, struct msg *err);
int store_dir_prune(struct store *s, const char *folder, bool own, struct msg *err);
int store_dir_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err);
int store_dir_out_write(struct store_out *out, const void *p, size_t n, struct msg *err);
int store_dir_out_take(struct store_out *out, const char *path);
int store_dir_out_commit(struct store_out *out, enum store_mode mode, struct msg *err);
void store_dir_out_close(struct store_out *out);
int store_dir_flush(struct store *s, struct msg *err);

#endif

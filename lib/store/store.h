/*
 * Storage of a table's objects: names with '/' between their parts, below one root; each object is complete or absent.
 * A directory is one kind of store; ops.h says what another has to implement.
 *
 * Names are decoded text, relative to the root, without empty parts, "." and "..". They denote objects within the root:
 * any other name, and in a directory a link on the way, is rejected with EX_NOPERM. Functions return -1 on failure and
 * fill err.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

struct store;

/*
 * Opens the store at address, a folder's path or SCHEME://..., which need not exist yet. Owned: store_close.
 * EX_USAGE for an unknown scheme.
 */
int store_open(struct store **sp, const char *address, struct msg *err);

/* Opens the folder that contains the object at address. *name is the object's name in it, a view of address. */
int store_open_folder_of(struct store **sp, const char *address, const char **name, struct msg *err);
void store_close(struct store *s);

/* Is it an address of a store across a network? */
bool store_is_remote(const char *address);

/*
 * Loads what such stores need, secrets too, so that they open sockets only from then on. Opening one calls it.
 * store_uses_network: has it been called?
 */
int store_prepare(struct msg *err);
bool store_uses_network(void);

/*
 * Lets io_open and io_create take addresses of objects, read and written by threads of their own. `say`, which may be
 * NULL, gets a description of who asks a service, once.
 */
void store_files_start(void (*say)(const char *identity));

const char *store_address(const struct store *s);

/*
 * Returns the absolute path of an object, "" for the root, after resolving all links; NULL if it does not exist. Names
 * may also be absolute or untidy, and lead outside. Owned by the caller.
 */
char *store_real_path(struct store *s, const char *name);

/* Allows reading, and nothing else, to follow links and to use absolute paths. */
void store_read_outside(struct store *s);

/* Is the name relative, without empty parts, "." and ".."? */
bool store_name_is_tidy(const char *name);

enum store_kind { STORE_OBJECT, STORE_FOLDER, STORE_LINK, STORE_OTHER };

/* Sets *kind for a name, "" for the root: 1, or 0 if it does not exist. */
int store_stat(struct store *s, const char *name, enum store_kind *kind, struct msg *err);

struct store_entry {
	char *name;		/* within its folder; from the root in store_walk_own */
	uint64_t size;
	int64_t mtime;		/* milliseconds since 1970-01-01T00:00:00Z */
};
struct store_list {		/* owned: store_list_free */
	struct store_entry *entries;
	size_t n;
};

/*
 * Lists the objects of one folder in byte order of their names; none if the folder does not exist. Includes links,
 * which fail to open.
 */
int store_list(struct store *s, const char *folder, struct store_list *list, struct msg *err);

/* Lists the folders in a folder, in byte order of their names. */
int store_list_folders(struct store *s, const char *folder, struct store_list *list, struct msg *err);
void store_list_free(struct store_list *list);

/*
 * Lists all objects below the root with their full names, in order, for removal. Excludes links, counted in *links, and
 * folders for which `skip` returns true.
 */
int store_walk_own(struct store *s, bool (*skip)(const char *folder, void *arg), void *arg, struct store_list *list,
    size_t *links, struct msg *err);

/* Appends a complete object to `out`: 1, or 0 if it does not exist. */
int store_get(struct store *s, const char *name, struct buf *out, struct msg *err);

/*
 * Writes a complete object. STORE_NEW: only if the name is free; of any number of concurrent writers exactly one gets
 * 1, the others 0. Durable on return of 1: both the object and its name are on disk. After -1 the object is as absent
 * or present as it will ever be. STORE_UNDECIDED fills err too: the request was sent and no reply came, so that it may
 * have been carried out, or may yet be; repeating it is safe, and of all its copies one at most gets the name.
 * STORE_LATER: as STORE_REPLACE, but durable only after store_flush, which makes all of them so at once.
 */
enum store_mode { STORE_NEW, STORE_REPLACE, STORE_LATER };
enum { STORE_UNDECIDED = -2 };
int store_put(struct store *s, const char *name, const void *p, size_t n, enum store_mode mode, struct msg *err);
int store_flush(struct store *s, struct msg *err);

/*
 * As store_put, with the contents of a file that io_open takes. The object may be that file under another name, which
 * must not be changed afterwards.
 */
int store_put_file(struct store *s, const char *name, const char *path, enum store_mode mode, struct msg *err);

/* Removes an object: 1, or 0 if it does not exist. */
int store_delete(struct store *s, const char *name, struct msg *err);

/*
 * Removes an object listed by store_walk_own: 1, or 0 if it no longer exists, has been replaced, or is reached only
 * through a link.
 */
int store_delete_own(struct store *s, const struct store_entry *e, struct msg *err);

/*
 * Removes the folders at and below `folder` that contain no objects. Does nothing in a store where a folder is only a
 * part of names. Folders that another writer is about to use may be among them. `own`: the folder is the caller's
 * alone, and links, pipes and sockets in it go too.
 */
int store_prune(struct store *s, const char *folder, bool own, struct msg *err);

/*
 * A named lock, released by store_lock_end or when its holder ends, and with it every request the holder has sent.
 * store_lock_new creates a new, empty, durable object and holds it: 1, or 0 if the name is taken. store_lock_try takes
 * over an abandoned one: 1, or 0 if it does not exist, is held, or might be held elsewhere.
 */
struct store_lock {
	struct store *store;
	void *held;		/* the store's own; NULL: not held */
};
int store_lock_new(struct store *s, const char *name, struct store_lock *l, struct msg *err);
int store_lock_try(struct store *s, const char *name, struct store_lock *l, struct msg *err);
void store_lock_end(struct store_lock *l);

/*
 * Lets the programs that this process starts from now on hold the lock too, so that it ends with the last of them: by
 * the system where it inherits locks; elsewhere such a program calls store_lock_join before it changes anything, which
 * fails with EX_TEMPFAIL if the lock was lost.
 */
int store_lock_share(struct store_lock *l, struct msg *err);
int store_lock_join(struct store *s, const char *name, struct store_lock *l, struct msg *err);

/* Reads ranges of an object. */
struct store_in {
	struct store *store;
	void *object;		/* the store's own; NULL: not open */
	uint64_t size;
	uint64_t id[2];		/* the same for every name of one object */
	bool has_other_names;
	char *path;		/* owned, for messages */
};
int store_in_open(struct store *s, const char *name, struct store_in *in, struct msg *err);
int store_in_read(struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err);
void store_in_close(struct store_in *in);	/* a closed or zeroed one is left alone */

/*
 * Writes an object in pieces: it appears in store_out_commit and not before. Of a killed writer nothing is left, or an
 * object whose name begins with '.', which no other's does.
 */
struct store_out {
	struct store *store;
	void *object;		/* the store's own; NULL: not open */
	uint64_t size;		/* bytes written */
	char *path;		/* owned, for messages */
};
int store_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err);
int store_out_write(struct store_out *out, const void *p, size_t n, struct msg *err);
int store_out_commit(struct store_out *out, struct msg *err);	/* closes it, also on failure */
int store_out_commit_new(struct store_out *out, struct msg *err);	/* returns as store_put with STORE_NEW */
void store_out_abandon(struct store_out *out);	/* a closed or zeroed one is left alone */

#endif

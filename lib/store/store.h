/*
 * Storage of a table's objects: names with '/' between their parts, below one root; each object is complete or absent.
 * A directory is one implementation; an object store would be another with the same five operations.
 *
 * Names are decoded text, relative to the root, without empty parts, "." and "..". They denote objects within the root:
 * a link on the way is rejected with EX_NOPERM, as is any other name. Functions return -1 on failure and fill err.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

struct store;

/* Opens the store at address, which need not exist yet. Owned: store_close. */
int store_open(struct store **sp, const char *address, struct msg *err);
void store_close(struct store *s);
const char *store_address(const struct store *s);

/* Allows reading, and nothing else, to follow links and to use absolute paths. */
void store_read_outside(struct store *s);

/* Is the name relative, without empty parts, "." and ".."? */
bool store_name_is_tidy(const char *name);

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
 * 1, the others 0. Durable on return: both the object and its name are on disk.
 */
enum store_mode { STORE_NEW, STORE_REPLACE };
int store_put(struct store *s, const char *name, const void *p, size_t n, enum store_mode mode, struct msg *err);

/* Removes an object: 1, or 0 if it does not exist. */
int store_delete(struct store *s, const char *name, struct msg *err);

/*
 * Removes an object listed by store_walk_own: 1, or 0 if it no longer exists, has been replaced, or is reached only
 * through a link.
 */
int store_delete_own(struct store *s, const struct store_entry *e, struct msg *err);

/*
 * A named lock, released by store_lock_end or when its holder exits. store_lock_new creates a new, empty, durable
 * object and holds it: 1, or 0 if the name is taken. store_lock_try takes over an abandoned one: 1, or 0 if it does not
 * exist, is held, or might be held elsewhere.
 */
struct store_lock {
	int fd;
};
int store_lock_new(struct store *s, const char *name, struct store_lock *l, struct msg *err);
int store_lock_try(struct store *s, const char *name, struct store_lock *l, struct msg *err);
void store_lock_end(struct store_lock *l);

/* Reads ranges of an object. */
struct store_in {
	int fd;
	uint64_t size;
	char *path;		/* owned, for messages */
};
int store_in_open(struct store *s, const char *name, struct store_in *in, struct msg *err);
int store_in_read(struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err);
void store_in_close(struct store_in *in);

/*
 * Writes an object in pieces: it appears in store_out_commit and not before. A killed writer leaves nothing if the file
 * system supports unnamed files, else a file whose name begins with '.', which no object's does.
 */
struct store_out {
	int fd, folder;		/* the object, and its folder */
	uint64_t size;
	char *path;		/* owned, for messages */
	char *last, *temp;	/* owned: final name in the folder, and temporary name */
	bool named;		/* temp exists */
};
int store_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err);
int store_out_write(struct store_out *out, const void *p, size_t n, struct msg *err);
int store_out_commit(struct store_out *out, struct msg *err);
void store_out_abandon(struct store_out *out);

#endif

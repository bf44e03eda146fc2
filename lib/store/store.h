/*
 * Where a table's objects lie: names with '/' between their parts below one root, each object whole or absent. A
 * directory is such a place; an object store is another, with the same five verbs.
 *
 * Names are decoded text, relative to the root, without empty parts, "." and "..". What they name lies below the root
 * itself: a link on the way is refused with EX_NOPERM, as is any other name. Functions return -1 with err filled on
 * failure.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

struct store;

/* The place named by address; it need not exist yet. Owned: store_close. */
int store_open(struct store **sp, const char *address, struct msg *err);
void store_close(struct store *s);
const char *store_address(const struct store *s);

/* Lets reading, and nothing else, follow links, and names that begin with '/' as paths of their own. */
void store_read_outside(struct store *s);

/* Is the name relative, without empty parts, "." and ".."? */
bool store_name_is_tidy(const char *name);

struct store_entry {
	char *name;		/* within its folder, or from the root in store_walk */
	uint64_t size;
	int64_t mtime;		/* milliseconds since 1970-01-01T00:00:00Z */
};
struct store_list {		/* owned: store_list_free */
	struct store_entry *entries;
	size_t n;
};

/*
 * Lists the objects of one folder in the order of their names' bytes. A folder that does not exist has none. A link is
 * listed too; opening it fails.
 */
int store_list(struct store *s, const char *folder, struct store_list *list, struct msg *err);

/* Lists the folders in a folder likewise. */
int store_list_folders(struct store *s, const char *folder, struct store_list *list, struct msg *err);
void store_list_free(struct store_list *list);

/*
 * Lists all objects below the root with their full names, in order, for removal. Leaves out links, whose number is
 * *links, and folders for which `skip` returns true.
 */
int store_walk_own(struct store *s, bool (*skip)(const char *folder, void *arg), void *arg, struct store_list *list,
    size_t *links, struct msg *err);

/* Appends a whole object to `out`: 1, or 0 where there is none. */
int store_get(struct store *s, const char *name, struct buf *out, struct msg *err);

/*
 * Writes a whole object. STORE_NEW: only where there is none; then, of any number of writers, exactly one gets 1 and
 * the others 0. Durable when it returns: the object and its name are on the disk.
 */
enum store_mode { STORE_NEW, STORE_REPLACE };
int store_put(struct store *s, const char *name, const void *p, size_t n, enum store_mode mode, struct msg *err);

/* Removes an object: 1, or 0 where there is none. */
int store_delete(struct store *s, const char *name, struct msg *err);

/*
 * Removes an object that store_walk_own has listed: 1, or 0 where it is gone, is another by now, or can only be reached
 * by a link.
 */
int store_delete_own(struct store *s, const struct store_entry *e, struct msg *err);

/*
 * A lock by name, which ends with its holder, and before that in store_lock_end.
 * store_lock_new makes a new, empty, durable object and holds it: 1, or 0 where the name is taken.
 * store_lock_try takes over one that was left: 1, or 0 where it is gone, is held, or where that cannot be known.
 */
struct store_lock {
	int fd;
};
int store_lock_new(struct store *s, const char *name, struct store_lock *l, struct msg *err);
int store_lock_try(struct store *s, const char *name, struct store_lock *l, struct msg *err);
void store_lock_end(struct store_lock *l);

/* Reading pieces of an object. */
struct store_in {
	int fd;
	uint64_t size;
	char *path;		/* owned, for messages */
};
int store_in_open(struct store *s, const char *name, struct store_in *in, struct msg *err);
int store_in_read(struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err);
void store_in_close(struct store_in *in);

/*
 * Writing an object in pieces: it appears in store_out_commit and not before. A killed writer leaves nothing where the
 * file system has files without names, else one whose name begins with '.', which is nobody's object.
 */
struct store_out {
	int fd, folder;		/* the object, and the folder it will be in */
	uint64_t size;
	char *path;		/* owned, for messages */
	char *last, *temp;	/* owned: its name in the folder, and one to have until then */
	bool named;		/* temp is there */
};
int store_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err);
int store_out_write(struct store_out *out, const void *p, size_t n, struct msg *err);
int store_out_commit(struct store_out *out, struct msg *err);
void store_out_abandon(struct store_out *out);

#endif

/*
 * What a kind of store implements: one table of operations, and a row in the table of store.c. Their contracts are
 * those of store.h; here is only what differs. Operations get names already found to be tidy, unless said otherwise.
 */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store/store.h"

struct store_ops;

/* The first member of each kind's own struct. Calls may come from several threads, each with a store of its own. */
struct store {
	const struct store_ops *ops;
	char *address;			/* owned */
	bool outside;			/* reading may follow links and use absolute paths */
};

struct store_lister;

struct store_ops {
	/* Allocates a store of the address, without trailing '/'; sets nothing of struct store. */
	int (*open)(struct store **sp, const char *address, struct msg *err);
	/* Frees what open allocated. Ends the store's locks. */
	void (*close)(struct store *s);
	/* Gets any name. */
	char *(*real_path)(struct store *s, const char *name);
	int (*stat)(struct store *s, const char *name, enum store_kind *kind, struct msg *err);
	/*
	 * Calls store_lister_add for each entry of a folder, "" for the root, in any order. `own`: follows no link,
	 * even if the store reads outside.
	 */
	int (*list)(struct store *s, const char *folder, bool own, struct store_lister *to, struct msg *err);
	/* Removes an object; as store_delete_own if `as` is not NULL. */
	int (*remove)(struct store *s, const char *name, const struct store_entry *as, struct msg *err);
	/* As store_prune. NULL: folders exist only as parts of names. */
	int (*prune)(struct store *s, const char *folder, bool own, struct msg *err);
	/* Sets *held: 1, or 0. `create`: as store_lock_new, else as store_lock_try. */
	int (*lock)(struct store *s, const char *name, bool create, void **held, struct msg *err);
	void (*unlock)(struct store *s, void *held);
	/* As store_lock_share and store_lock_join. NULL: the lock cannot be shared; nothing has to be joined. */
	int (*share)(struct store *s, void *held, struct msg *err);
	int (*join)(struct store *s, const char *name, void **held, struct msg *err);
	/* Sets object, size, id and has_other_names. EX_NOINPUT if there is no such object. */
	int (*in_open)(struct store *s, const char *name, struct store_in *in, struct msg *err);
	/* Reads up to n > 0 bytes: how many, 0 at the end, or -1. */
	int64_t (*in_read)(const struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err);
	void (*in_close)(struct store_in *in);
	/* Sets object. */
	int (*out_open)(struct store *s, const char *name, struct store_out *out, struct msg *err);
	int (*out_write)(struct store_out *out, const void *p, size_t n, struct msg *err);
	/*
	 * Makes a file the object, of which nothing is written yet, without copying: 1, or 0 if that cannot be done.
	 * NULL: never.
	 */
	int (*out_take)(struct store_out *out, const char *path);
	/*
	 * Returns as store_put; the object is released by out_close, which follows. Never with STORE_LATER if there is
	 * no flush.
	 */
	int (*out_commit)(struct store_out *out, enum store_mode mode, struct msg *err);
	/* Releases the object, and removes what is left of one that was not committed. */
	void (*out_close)(struct store_out *out);
	/* As store_flush. NULL: whatever is committed is durable. */
	int (*flush)(struct store *s, struct msg *err);
};

extern const struct store_ops store_dir, store_mem, store_azure;

/* Returns "<address>/<name>" for messages; owned by the caller. */
char *store_path(const struct store *s, const char *name);

/* Adds an entry to a listing; copies its name. */
void store_lister_add(struct store_lister *to, const char *name, enum store_kind kind, uint64_t size, int64_t mtime);

/* Makes the addresses mem://... valid. What is written there ends with the process, so no program calls this. */
void store_mem_allow(void);

/* For tests: decides what becomes of each put and removal in a store in memory, unless NULL. */
enum store_mem_fate {
	STORE_MEM_DONE,
	STORE_MEM_REFUSED,		/* fails, and nothing is done */
	STORE_MEM_LOST,			/* done, but no reply comes */
	STORE_MEM_DROPPED		/* not done, and no reply comes */
};
extern enum store_mem_fate (*store_mem_fate)(const char *path);

/* For tests: returns true if any other operation of a store in memory is to fail, unless NULL. */
extern bool (*store_mem_fails)(const char *path);

#endif

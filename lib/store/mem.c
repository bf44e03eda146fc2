/*
 * The store in memory: one tree of objects for the whole process, of which a store has all whose names begin with its
 * address. For tests, and as the smallest example of a store. Closing a store ends the locks taken through it, as the
 * death of a process does.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/ops.h"

struct mem_object {
	char *name;			/* with the address of a store before it; owned */
	struct buf data;
	int64_t mtime;
	uint64_t serial;
	const struct store *holder;	/* the store through which it is locked, or NULL */
	unsigned users;			/* the tree, open readers and locks */
};

static pthread_mutex_t tree_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct mem_object **tree;	/* sorted by name */
static size_t tree_size, tree_room;
static uint64_t last_serial;
static bool is_allowed;

enum store_mem_fate (*store_mem_fate)(const char *path);
bool (*store_mem_fails)(const char *path);

void
store_mem_allow(void)
{
	is_allowed = true;
}

/* ---- the tree, with its mutex held ---- */

static void
release(struct mem_object *o)
{
	if (--o->users > 0)
		return;
	free(o->name);
	buf_free(&o->data);
	free(o);
}

/* Returns the index of the first object whose name is not before this one. */
static size_t
place_of(const char *name)
{
	size_t low = 0, high = tree_size;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(tree[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct mem_object *
find(const char *name)
{
	size_t i = place_of(name);

	return i < tree_size && strcmp(tree[i]->name, name) == 0 ? tree[i] : NULL;
}

static void
take_out(size_t i)
{
	release(tree[i]);
	tree_size--;
	memmove(&tree[i], &tree[i + 1], (tree_size - i) * sizeof(*tree));
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Adds an object, which takes over the data, in place of any other of this name. */
static struct mem_object *
put_in(const char *name, struct buf *data)
{
	struct mem_object *o = xcalloc(1, sizeof(*o));
	size_t i = place_of(name);

	*o = (struct mem_object){ .name = xstrdup(name), .data = *data, .mtime = now(), .serial = ++last_serial,
	    .users = 1 };
	memset(data, 0, sizeof(*data));
	if (i < tree_size && strcmp(tree[i]->name, name) == 0)
		take_out(i);
	if (tree_size == tree_room) {
		tree_room = 2 * tree_room + 16;
		tree = xreallocarray(tree, tree_room, sizeof(*tree));
	}
	memmove(&tree[i + 1], &tree[i], (tree_size - i) * sizeof(*tree));
	tree[i] = o;
	tree_size++;
	return o;
}

static bool
has_below(const char *folder)
{
	size_t n = strlen(folder), i = place_of(folder);

	return i < tree_size && strncmp(tree[i]->name, folder, n) == 0;
}

/* ---- stores ---- */

/* Asks the test if an operation fails: -1 then, else 0. */
static int
meet_failure(const char *path, struct msg *err)
{
	return store_mem_fails != NULL && store_mem_fails(path) ? msg_set(err, EX_IOERR, "%s: failed", path) : 0;
}

static int
open_mem(struct store **sp, const char *address, struct msg *err)
{
	if (!is_allowed)
		return msg_set(err, EX_USAGE, "%s: what is written to memory would be lost", address);
	*sp = xcalloc(1, sizeof(**sp));
	return 0;
}

static void
close_mem(struct store *s)
{
	size_t i;

	pthread_mutex_lock(&tree_mutex);
	for (i = 0; i < tree_size; i++)
		if (tree[i]->holder == s)
			tree[i]->holder = NULL;
	pthread_mutex_unlock(&tree_mutex);
	free(s);
}

/* Returns what the names of all objects in a folder begin with; owned by the caller. */
static char *
prefix_of(const struct store *s, const char *folder)
{
	char *path = store_path(s, folder), *prefix = xasprintf("%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/");

	free(path);
	return prefix;
}

static int
stat_locked(const char *path, const char *folder, enum store_kind *kind)
{
	if (find(path) != NULL)
		*kind = STORE_OBJECT;
	else if (has_below(folder))
		*kind = STORE_FOLDER;
	else
		return 0;
	return 1;
}

static int
stat_mem(struct store *s, const char *name, enum store_kind *kind, struct msg *err)
{
	char *path = store_path(s, name), *folder = prefix_of(s, name);
	int got = meet_failure(path, err);

	if (got == 0) {
		pthread_mutex_lock(&tree_mutex);
		got = stat_locked(path, folder, kind);
		pthread_mutex_unlock(&tree_mutex);
	}
	free(folder);
	free(path);
	return got;
}

static char *
real_path(struct store *s, const char *name)
{
	struct msg unheard = { 0 };
	enum store_kind kind;

	return stat_mem(s, name, &kind, &unheard) > 0 ? store_path(s, name) : NULL;
}

/* Lists the objects below a prefix; those with the same next part are one folder. */
static void
list_locked(const char *prefix, struct store_lister *to)
{
	size_t n = strlen(prefix), i = place_of(prefix);

	while (i < tree_size && strncmp(tree[i]->name, prefix, n) == 0) {
		const struct mem_object *o = tree[i++];
		size_t part = strcspn(o->name + n, "/");
		char *folder;

		if (o->name[n + part] == '\0') {
			store_lister_add(to, o->name + n, STORE_OBJECT, o->data.len, o->mtime);
			continue;
		}
		folder = xstrndup(o->name + n, part);
		store_lister_add(to, folder, STORE_FOLDER, 0, 0);
		free(folder);
		while (i < tree_size && strncmp(tree[i]->name, o->name, n + part + 1) == 0)
			i++;
	}
}

static int
list_mem(struct store *s, const char *folder, bool own, struct store_lister *to, struct msg *err)
{
	char *prefix = prefix_of(s, folder);
	int failed = meet_failure(prefix, err);

	(void)own;
	if (!failed) {
		pthread_mutex_lock(&tree_mutex);
		list_locked(prefix, to);
		pthread_mutex_unlock(&tree_mutex);
	}
	free(prefix);
	return failed;
}

/* Asks the test what becomes of a change; returns true if it is to be done. */
static bool
meets_fate(const char *path, enum store_mem_fate *fate)
{
	*fate = store_mem_fate != NULL ? store_mem_fate(path) : STORE_MEM_DONE;
	return *fate == STORE_MEM_DONE || *fate == STORE_MEM_LOST;
}

static int
reply(enum store_mem_fate fate, int done, const char *path, struct msg *err)
{
	if (fate == STORE_MEM_DONE)
		return done;
	msg_set(err, EX_IOERR, "%s: %s", path, fate == STORE_MEM_REFUSED ? "refused" : "no reply");
	return fate == STORE_MEM_REFUSED ? -1 : STORE_UNDECIDED;
}

static bool
remove_locked(const char *path, const struct store_entry *as)
{
	const struct mem_object *o = find(path);
	bool removed = o != NULL && (as == NULL || (as->mtime == o->mtime && as->size == o->data.len));

	if (removed)
		take_out(place_of(path));
	return removed;
}

static int
remove_mem(struct store *s, const char *name, const struct store_entry *as, struct msg *err)
{
	char *path = store_path(s, name);
	enum store_mem_fate fate;
	int removed = 0;

	pthread_mutex_lock(&tree_mutex);
	if (meets_fate(path, &fate))
		removed = remove_locked(path, as);
	pthread_mutex_unlock(&tree_mutex);
	removed = reply(fate, removed, path, err) < 0 ? -1 : removed;
	free(path);
	return removed;
}

/* ---- locks ---- */

static struct mem_object *
lock_locked(const struct store *s, const char *path, bool create)
{
	struct mem_object *o = find(path);
	struct buf empty = { 0 };

	if (create ? o != NULL : o == NULL || o->holder != NULL)
		return NULL;
	if (create)
		o = put_in(path, &empty);
	o->holder = s;
	o->users++;
	return o;
}

static int
lock_mem(struct store *s, const char *name, bool create, void **held, struct msg *err)
{
	char *path = store_path(s, name);
	int failed = meet_failure(path, err);

	*held = NULL;
	if (!failed) {
		pthread_mutex_lock(&tree_mutex);
		*held = lock_locked(s, path, create);
		pthread_mutex_unlock(&tree_mutex);
	}
	free(path);
	return failed ? -1 : *held != NULL;
}

static void
unlock_mem(struct store *s, void *held)
{
	struct mem_object *o = held;

	pthread_mutex_lock(&tree_mutex);
	if (o->holder == s)
		o->holder = NULL;
	release(o);
	pthread_mutex_unlock(&tree_mutex);
}

/* ---- reading ---- */

static int
open_in(struct store *s, const char *name, struct store_in *in, struct msg *err)
{
	char *path = store_path(s, name);
	struct mem_object *o;

	if (meet_failure(path, err) < 0) {
		free(path);
		return -1;
	}
	pthread_mutex_lock(&tree_mutex);
	o = find(path);
	if (o != NULL)
		o->users++;
	pthread_mutex_unlock(&tree_mutex);
	free(path);
	if (o == NULL)
		return msg_set(err, EX_NOINPUT, "%s: no such object", in->path);
	in->object = o;
	in->size = o->data.len;
	in->id[0] = o->serial;
	return 0;
}

static int64_t
read_in(const struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err)
{
	const struct mem_object *o = in->object;

	if (meet_failure(in->path, err) < 0)
		return -1;
	if (offset >= o->data.len)
		return 0;
	if (n > o->data.len - offset)
		n = o->data.len - (size_t)offset;
	memcpy(p, o->data.p + offset, n);
	return (int64_t)n;
}

static void
close_in(struct store_in *in)
{
	pthread_mutex_lock(&tree_mutex);
	release(in->object);
	pthread_mutex_unlock(&tree_mutex);
}

/* ---- writing ---- */

static int
open_out(struct store *s, const char *name, struct store_out *out, struct msg *err)
{
	(void)s, (void)name;
	if (meet_failure(out->path, err) < 0)
		return -1;
	out->object = xcalloc(1, sizeof(struct buf));
	return 0;
}

static int
write_out(struct store_out *out, const void *p, size_t n, struct msg *err)
{
	if (meet_failure(out->path, err) < 0)
		return -1;
	if (n > 0)
		buf_add(out->object, p, n);
	return 0;
}

static int
commit_out(struct store_out *out, enum store_mode mode, struct msg *err)
{
	enum store_mem_fate fate;
	int done = 0;

	pthread_mutex_lock(&tree_mutex);
	if (meets_fate(out->path, &fate)) {
		done = mode == STORE_REPLACE || find(out->path) == NULL;
		if (done)
			(void)put_in(out->path, out->object);
	}
	pthread_mutex_unlock(&tree_mutex);
	return reply(fate, done, out->path, err);
}

static void
close_out(struct store_out *out)
{
	buf_free(out->object);
	free(out->object);
}

const struct store_ops store_mem = {
	.open = open_mem,
	.close = close_mem,
	.real_path = real_path,
	.stat = stat_mem,
	.list = list_mem,
	.remove = remove_mem,
	.lock = lock_mem,
	.unlock = unlock_mem,
	.in_open = open_in,
	.in_read = read_in,
	.in_close = close_in,
	.out_open = open_out,
	.out_write = write_out,
	.out_commit = commit_out,
	.out_close = close_out,
};

/*
 * The contract of store.h, case by case, on every kind of store; and what only a directory has: links, files that other
 * programs change meanwhile, kinds of file that are no objects.
 */
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/ops.h"

static char root[] = "/tmp/store.XXXXXX", skipped[] = "t/c", nothing[] = "";

static void
make(const char *name)
{
	char *path = xasprintf("%s/%s", root, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0, "%s", path);
	free(path);
}

static void
make_folder(const char *name)
{
	char *path = xasprintf("%s/%s", root, name);

	CHECK(mkdir(path, 0700) == 0, "%s", path);
	free(path);
}

static void
make_link(const char *to, const char *name)
{
	char *path = xasprintf("%s/%s", root, name);

	CHECK(symlink(to, path) == 0, "%s", path);
	free(path);
}

static bool
is_there(const char *name)
{
	char *path = xasprintf("%s/%s", root, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static bool
skip(const char *folder, void *arg)
{
	return strcmp(folder, arg) == 0;
}

static void
walk(struct store *s)
{
	struct store_list list;
	struct buf names = { 0 };
	struct msg err = { 0 };
	size_t links, i;

	CHECK(store_walk_own(s, skip, skipped, &list, &links, &err) == 0, "%s", err.text);
	for (i = 0; i < list.n; i++)
		buf_addf(&names, "%s ", list.entries[i].name);
	CHECK(strcmp(buf_cstr(&names), "out/z t/.h t/a t/b/a t/b/b ") == 0, "%s", buf_cstr(&names));
	CHECK(links == 3, "%zu", links);
	store_list_free(&list);
	buf_free(&names);
	OK("store", "a walk goes below the root and follows no link");
}

/* Removes what is listed under a name, after something was done to it. */
static int
delete(struct store *s, const char *name, void (*meanwhile)(void))
{
	struct store_list list;
	struct msg err = { 0 };
	size_t links, i;
	int got = -2;

	CHECK(store_walk_own(s, skip, nothing, &list, &links, &err) == 0, "%s", err.text);
	if (meanwhile != NULL)
		meanwhile();
	for (i = 0; i < list.n; i++)
		if (strcmp(list.entries[i].name, name) == 0)
			got = store_delete_own(s, &list.entries[i], &err);
	store_list_free(&list);
	return got;
}

static void
rewritten(void)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	char *path = xasprintf("%s/t/a", root);

	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0, "%s", path);
	free(path);
}

static void
moved_out(void)		/* the folder becomes a link to one outside, which has the same file */
{
	char *from = xasprintf("%s/t/b", root), *to = xasprintf("%s/b", root);

	CHECK(rename(from, to) == 0 && symlink("../b", from) == 0, "%s", from);
	free(from);
	free(to);
}

static void
gone(void)
{
	char *path = xasprintf("%s/t/a", root);

	CHECK(unlink(path) == 0, "%s", path);
	free(path);
}

static void
removal(struct store *all, struct store *table)
{
	CHECK(delete(table, ".h", NULL) == 1 && !is_there("t/.h"), "not removed");
	CHECK(delete(table, "a", rewritten) == 0 && is_there("t/a"), "another file was removed");
	CHECK(delete(table, "b/b", moved_out) == 0 && is_there("b/b"), "a link was followed");
	CHECK(delete(table, "a", gone) == 0, "it was gone");
	CHECK(delete(all, "out/z", NULL) == 1, "not removed");
	OK("store", "what is removed is what was seen, and below the root");
}

/* One way for all: what a log may have named, not only what was listed. */
static void
named(struct store *table)
{
	static const char *const out[] = { "../out/y", "b/../../out/y", "/etc/passwd", "", ".", "a//b", "a/", "./a" };
	struct msg err;
	size_t i;

	make("out/y");
	make("t/q");
	for (i = 0; i < sizeof(out) / sizeof(*out); i++) {
		err = (struct msg){ 0 };
		CHECK(store_delete(table, out[i], &err) < 0 && err.status == EX_NOPERM, "%s: %s", out[i], err.text);
		CHECK(!store_name_is_tidy(out[i]), "%s", out[i]);
	}
	err = (struct msg){ 0 };
	store_read_outside(table);		/* which is for reading alone */
	CHECK(store_delete(table, "l/y", &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_put(table, "l/w", "x", 1, STORE_NEW, &err) < 0 && !is_there("out/w"), "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_delete(table, "l", &err) == 0 && is_there("t/l"), "%s", err.text);
	CHECK(is_there("out/y"), "what lies outside was removed");
	CHECK(store_delete(table, "q", &err) == 1 && !is_there("t/q"), "%s", err.text);
	CHECK(store_delete(table, "q", &err) == 0 && err.status == 0, "%s", err.text);
	OK("store", "what is named is removed below the root, and nowhere else");
}

/* ---- the contract, on a new, empty store ---- */

static struct store *
open_store(const char *address)
{
	struct store *s;
	struct msg err = { 0 };

	CHECK(store_open(&s, address, &err) == 0, "%s", err.text);
	return s;
}

static void
put(struct store *s, const char *name, const char *text, enum store_mode mode, int want)
{
	struct msg err = { 0 };
	int got = store_put(s, name, text, strlen(text), mode, &err);

	CHECK(got == want && err.status == 0, "%s: %d: %s", name, got, err.text);
}

/* Checks an object's text; NULL: there is none. */
static void
holds(struct store *s, const char *name, const char *want)
{
	struct buf text = { 0 };
	struct msg err = { 0 };
	int got = store_get(s, name, &text, &err);

	CHECK(got == (want != NULL) && err.status == 0, "%s: %d: %s", name, got, err.text);
	CHECK(want == NULL || strcmp(buf_cstr(&text), want) == 0, "%s: %s", name, (char *)text.p);
	buf_free(&text);
}

static void
whole_objects(struct store *s)
{
	struct msg err = { 0 };

	holds(s, "t/a", NULL);
	put(s, "t/a", "one", STORE_NEW, 1);
	put(s, "t/a", "two", STORE_NEW, 0);
	holds(s, "t/a", "one");
	put(s, "t/a", "three", STORE_REPLACE, 1);
	put(s, "t/b", "", STORE_REPLACE, 1);
	holds(s, "t/a", "three");
	holds(s, "t/b", "");
	CHECK(store_delete(s, "t/a", &err) == 1 && store_delete(s, "t/a", &err) == 0, "%s", err.text);
	holds(s, "t/a", NULL);
	CHECK(store_delete(s, "no/folder", &err) == 0 && err.status == 0, "%s", err.text);
	put(s, "t/a", "four", STORE_NEW, 1);
	put(s, "t/d/later", "one", STORE_LATER, 1);
	put(s, "t/d/later", "two", STORE_LATER, 1);
	holds(s, "t/d/later", "two");
	CHECK(store_flush(s, &err) == 0 && store_flush(s, &err) == 0, "%s", err.text);
	CHECK(store_prune(s, "t/d", false, &err) == 0, "%s", err.text);
	holds(s, "t/d/later", "two");
	CHECK(store_delete(s, "t/d/later", &err) == 1 && store_prune(s, "t/d", false, &err) == 0 &&
	    store_prune(s, "t/d", false, &err) == 0, "%s", err.text);
}

/* A file of this system may become an object; it keeps its own name. */
static void
files(struct store *s)
{
	char path[] = "/tmp/store-file.XXXXXX";
	struct msg err = { 0 };
	int fd = mkstemp(path);

	CHECK(fd >= 0 && write(fd, "file", 4) == 4 && close(fd) == 0, "%s", path);
	CHECK(store_put_file(s, "t/f", path, STORE_NEW, &err) == 1, "%s", err.text);
	CHECK(store_put_file(s, "t/f", path, STORE_NEW, &err) == 0, "a name that is taken");
	holds(s, "t/f", "file");
	put(s, "t/g", "other", STORE_NEW, 1);
	CHECK(store_put_file(s, "t/g", path, STORE_LATER, &err) == 1 && store_flush(s, &err) == 0, "%s", err.text);
	CHECK(store_put_file(s, "t/f", path, STORE_REPLACE, &err) == 1, "%s", err.text);
	holds(s, "t/f", "file");
	holds(s, "t/g", "file");
	CHECK(access(path, F_OK) == 0 && unlink(path) == 0, "%s", path);
	CHECK(store_put_file(s, "t/h", path, STORE_NEW, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	holds(s, "t/h", NULL);
	err = (struct msg){ 0 };
	CHECK(store_delete(s, "t/f", &err) == 1 && store_delete(s, "t/g", &err) == 1, "%s", err.text);
}

/* More than may wait at once. */
static void
many_later(struct store *s)
{
	struct msg err = { 0 };
	char name[32];
	int i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "later/%d/x", i);
		put(s, name, "x", STORE_LATER, 1);
	}
	CHECK(store_flush(s, &err) == 0, "%s", err.text);
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "later/%d/x", i);
		holds(s, name, "x");
		CHECK(store_delete(s, name, &err) == 1, "%s", err.text);
	}
	CHECK(store_prune(s, "later", false, &err) == 0, "%s", err.text);
}

static void
streamed(struct store *s)
{
	struct store_out out;
	struct msg err = { 0 };

	CHECK(store_out_open(s, "t/long", &out, &err) == 0, "%s", err.text);
	CHECK(store_out_write(&out, "ab", 2, &err) == 0 && store_out_write(&out, "cde", 3, &err) == 0, "%s", err.text);
	CHECK(out.size == 5, "%" PRIu64, out.size);
	holds(s, "t/long", NULL);
	CHECK(store_out_commit(&out, &err) == 0, "%s", err.text);
	holds(s, "t/long", "abcde");
	CHECK(store_out_open(s, "t/long", &out, &err) == 0 && store_out_write(&out, "x", 1, &err) == 0, "%s", err.text);
	store_out_abandon(&out);
	store_out_abandon(&out);
	holds(s, "t/long", "abcde");
	CHECK(store_out_open(s, "../out", &out, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	store_out_abandon(&out);
}

static void
ranges(struct store *s)
{
	struct store_in in, other;
	struct msg err = { 0 };
	char piece[4] = "";

	CHECK(store_in_open(s, "t/long", &in, &err) == 0 && in.size == 5 && !in.has_other_names, "%s", err.text);
	CHECK(store_in_read(&in, 1, piece, 3, &err) == 0 && strcmp(piece, "bcd") == 0, "%s", piece);
	CHECK(store_in_read(&in, 5, piece, 0, &err) == 0, "%s", err.text);
	CHECK(store_in_read(&in, 3, piece, 3, &err) < 0 && err.status == EX_DATAERR, "%s", err.text);
	CHECK(strstr(err.text, "t/long: ends before byte 6") != NULL, "%s", err.text);
	put(s, "t/long", "other", STORE_REPLACE, 1);
	CHECK(store_in_read(&in, 0, piece, 3, &err) == 0 && strcmp(piece, "abc") == 0, "not the one opened: %s", piece);
	err = (struct msg){ 0 };
	CHECK(store_in_open(s, "t/long", &other, &err) == 0, "%s", err.text);
	CHECK(memcmp(in.id, other.id, sizeof(in.id)) != 0, "another object, the same id");
	store_in_close(&other);
	store_in_close(&in);
	store_in_close(&in);
	CHECK(store_in_open(s, "t/none", &in, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	store_in_close(&in);
	err = (struct msg){ 0 };
	CHECK(store_in_open(s, "/t/a", &in, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	CHECK(strstr(err.text, "--outside") != NULL, "%s", err.text);
}

static void
lists(struct store *s, int (*list)(struct store *, const char *, struct store_list *, struct msg *), const char *folder,
    const char *want)
{
	struct store_list l;
	struct buf names = { 0 };
	struct msg err = { 0 };
	size_t i;

	CHECK(list(s, folder, &l, &err) == 0, "%s", err.text);
	for (i = 0; i < l.n; i++)
		buf_addf(&names, "%s ", l.entries[i].name);
	CHECK(strcmp(buf_cstr(&names), want) == 0, "%s: %s", folder, (char *)names.p);
	store_list_free(&l);
	buf_free(&names);
}

static void
listings(struct store *s)
{
	struct store_list l;
	struct msg err = { 0 };
	size_t links;

	put(s, "t/x/deep/z", "z", STORE_NEW, 1);
	put(s, "t/x0", "0", STORE_NEW, 1);
	put(s, "tt", "", STORE_NEW, 1);
	lists(s, store_list, "t", "a b long x0 ");
	lists(s, store_list_folders, "t", "x ");
	lists(s, store_list, "", "tt ");
	lists(s, store_list_folders, "", "t ");
	lists(s, store_list, "none", "");
	lists(s, store_list_folders, "t/x/deep", "");
	CHECK(store_list(s, "a//b", &l, &err) < 0 && err.status == EX_NOPERM && l.n == 0, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_walk_own(s, skip, skipped, &l, &links, &err) == 0 && links == 0 && l.n == 6, "%zu", l.n);
	CHECK(strcmp(l.entries[4].name, "t/x0") == 0 && l.entries[4].size == 1 &&
	    strcmp(l.entries[3].name, "t/x/deep/z") == 0 && l.entries[3].mtime > INT64_C(1500000000000), "%s",
	    l.entries[4].name);
	put(s, "t/x0", "longer", STORE_REPLACE, 1);
	CHECK(store_delete_own(s, &l.entries[4], &err) == 0 && err.status == 0, "another object was removed");
	holds(s, "t/x0", "longer");
	CHECK(store_delete_own(s, &l.entries[3], &err) == 1 && store_delete_own(s, &l.entries[3], &err) == 0, "%s",
	    err.text);
	holds(s, "t/x/deep/z", NULL);
	store_list_free(&l);
}

static void
kinds(struct store *s)
{
	enum store_kind kind;
	struct msg err = { 0 };
	char *real = store_real_path(s, "t/a"), *top = store_real_path(s, "");
	size_t n = strlen(top);

	CHECK(store_stat(s, "t/a", &kind, &err) == 1 && kind == STORE_OBJECT, "%s", err.text);
	CHECK(store_stat(s, "t", &kind, &err) == 1 && kind == STORE_FOLDER, "%s", err.text);
	CHECK(store_stat(s, "", &kind, &err) == 1 && kind == STORE_FOLDER, "%s", err.text);
	CHECK(store_stat(s, "t/none", &kind, &err) == 0 && err.status == 0, "%s", err.text);
	CHECK(store_stat(s, "../t", &kind, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	CHECK(strncmp(real, top, n) == 0 && strcmp(real + n, "/t/a") == 0, "%s in %s", real, top);
	CHECK(store_real_path(s, "t/none") == NULL, "a path of nothing");
	free(real);
	free(top);
}

/* Finds an object by its own address, and from the store of a folder in the store. */
static void
addresses(struct store *s)
{
	char *path = xasprintf("%s/t/a", store_address(s)), *folder = xasprintf("%s/t//", store_address(s));
	struct store *inner;
	const char *name;
	struct msg err = { 0 };
	enum store_kind kind;

	CHECK(store_open_folder_of(&inner, path, &name, &err) == 0 && strcmp(name, "a") == 0, "%s", err.text);
	holds(inner, name, "four");
	store_close(inner);
	inner = open_store(folder);
	CHECK(strlen(store_address(inner)) == strlen(folder) - 2, "%s", store_address(inner));
	put(inner, "a", "", STORE_NEW, 0);
	store_close(inner);
	inner = open_store(path);
	CHECK(store_stat(inner, "", &kind, &err) == 1 && kind == STORE_OBJECT, "%s", err.text);
	store_close(inner);
	free(folder);
	free(path);
}

/* The folder of an address, where that has no or one folder only. */
static void
parents(void)
{
	static const struct { const char *address, *folder, *name; } cases[] = {
		{ "a", ".", "a" }, { "/a", "/", "a" }, { "b/a", "b", "a" }, { "mem://a", "mem://", "a" },
		{ "mem://b/a", "mem://b", "a" },
	};
	struct store *s;
	struct msg err = { 0 };
	const char *name;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CHECK(store_open_folder_of(&s, cases[i].address, &name, &err) == 0, "%s", err.text);
		CHECK(strcmp(store_address(s), cases[i].folder) == 0 && strcmp(name, cases[i].name) == 0, "%s: %s, %s",
		    cases[i].address, store_address(s), name);
		store_close(s);
	}
	s = open_store("mem://");
	put(s, "parent/a", "x", STORE_NEW, 1);
	lists(s, store_list_folders, "", "contract parent ");
	store_close(s);
	s = open_store("mem://parent");
	holds(s, "a", "x");
	store_close(s);
	store_close(NULL);
	OK("store", "the folder of an address, and the root of all memory");
}

static void
locks(struct store *s)
{
	struct store *other = open_store(store_address(s));
	struct store_lock mine, l;
	struct msg err = { 0 };

	CHECK(store_lock_try(s, "t/lock", &l, &err) == 0, "%s", err.text);
	CHECK(store_lock_try(s, "no/lock", &l, &err) == 0 && err.status == 0, "%s", err.text);
	CHECK(store_lock_new(s, "t/lock", &mine, &err) == 1, "%s", err.text);
	holds(s, "t/lock", "");
	CHECK(store_lock_new(other, "t/lock", &l, &err) == 0 && store_lock_try(other, "t/lock", &l, &err) == 0,
	    "taken twice");
	store_lock_end(&l);
	store_lock_end(&mine);
	store_lock_end(&mine);
	CHECK(store_lock_new(other, "t/lock", &l, &err) == 0, "the name was free");
	CHECK(store_lock_try(other, "t/lock", &l, &err) == 1 && store_lock_try(s, "t/lock", &mine, &err) == 0, "%s",
	    err.text);
	CHECK(store_delete(s, "t/lock", &err) == 1, "%s", err.text);
	store_lock_end(&l);
	CHECK(store_lock_try(s, "t/lock", &mine, &err) == 0 && err.status == 0, "a lock on nothing");
	CHECK(store_lock_new(s, "../lock", &mine, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	store_close(other);
}

static void
contract(const char *address)
{
	static const char *const others[] = { "", "s3://bucket/t", "://t", "memory://t", "me://t" };
	struct store *s = open_store(address), *none;
	struct msg err;
	size_t i;

	whole_objects(s);
	files(s);
	many_later(s);
	streamed(s);
	ranges(s);
	listings(s);
	kinds(s);
	addresses(s);
	locks(s);
	store_close(s);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		err = (struct msg){ 0 };
		CHECK(store_open(&none, others[i], &err) < 0 && none == NULL && err.status == EX_USAGE, "%s",
		    others[i]);
	}
	OK("store", "the contract holds");
}

/* A writer that ends without a word holds nothing any more; a directory's ends with its process. */
static void
killed(const char *address)
{
	struct store *s = open_store(address), *writer = open_store(address);
	struct store_lock l;
	struct msg err = { 0 };

	CHECK(store_lock_new(writer, "killed", &l, &err) == 1 && store_lock_try(s, "killed", &l, &err) == 0, "%s",
	    err.text);
	store_close(writer);
	CHECK(store_lock_try(s, "killed", &l, &err) == 1, "%s", err.text);
	store_lock_end(&l);
	store_close(s);
	OK("store", "in memory, a lock ends with its store");
}

/* ---- kinds of file that only a directory has ---- */

static void
odd_files(struct store *all)
{
	char *fifo = xasprintf("%s/fifo", root), *hard = xasprintf("%s/hard", root), *z = xasprintf("%s/out/y", root);
	enum store_kind kind;
	struct store_in in, other;
	struct store_lock l;
	struct msg err = { 0 };

	CHECK(mkfifo(fifo, 0600) == 0 && link(z, hard) == 0, "%s", fifo);
	CHECK(store_stat(all, "fifo", &kind, &err) == 1 && kind == STORE_OTHER, "%s", err.text);
	CHECK(store_stat(all, "t/l", &kind, &err) == 1 && kind == STORE_LINK, "%s", err.text);
	CHECK(store_stat(all, "t/l/y", &kind, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_in_open(all, "fifo", &in, &err) < 0 && strstr(err.text, "neither a file nor") != NULL, "%s",
	    err.text);
	err = (struct msg){ 0 };
	CHECK(store_in_open(all, "t", &in, &err) < 0 && strstr(err.text, "Is a directory") != NULL, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_in_open(all, "hard", &in, &err) == 0 && store_in_open(all, "out/y", &other, &err) == 0, "%s",
	    err.text);
	CHECK(memcmp(in.id, other.id, sizeof(in.id)) == 0 && in.has_other_names, "one file, two ids");
	store_in_close(&in);
	store_in_close(&other);
	CHECK(store_lock_new(all, "t/l/lock", &l, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_lock_try(all, "t/l", &l, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_put(all, "fifo/a", "", 0, STORE_NEW, &err) < 0 && err.status == EX_CANTCREAT, "%s", err.text);
	free(fifo);
	free(hard);
	free(z);
	OK("store", "pipes, folders and links are no objects; a hard link is");
}

static void
pruned(struct store *all)
{
	struct msg err = { 0 };

	make_folder("p");
	make_folder("p/a");
	make_folder("p/a/b");
	make_folder("p/c");
	make("p/c/file");
	make_link("../out", "p/link");
	CHECK(store_prune(all, "p", false, &err) == 0, "%s", err.text);
	CHECK(!is_there("p/a") && is_there("p/c/file") && is_there("out"), "pruned");
	CHECK(store_prune(all, "p/link", false, &err) == 0 && is_there("out"), "%s", err.text);
	CHECK(store_delete(all, "p/c/file", &err) == 1, "%s", err.text);
	make_link("../out", "p/c/link");
	CHECK(store_prune(all, "p", true, &err) == 0, "%s", err.text);
	CHECK(!is_there("p") && is_there("out"), "pruned with links");
	CHECK(store_prune(all, "..", false, &err) < 0 && err.status == EX_NOPERM, "%s", err.text);
	OK("store", "empty folders go, links too where they are one's own; what holds a file stays");
}

int
main(void)
{
	struct store *all, *table;
	struct msg err = { 0 };
	char *address, *command;

	unit_start();
	if (getenv("ACCT_STORE_ADDRESS") != NULL) {	/* only an empty store elsewhere; tests/azure.bats has one */
		contract(getenv("ACCT_STORE_ADDRESS"));
		return 0;
	}
	CHECK(store_open(&all, "mem://t", &err) < 0 && strstr(err.text, "would be lost") != NULL, "%s", err.text);
	err = (struct msg){ 0 };
	store_mem_allow();
	CHECK(mkdtemp(root) != NULL, "%s", root);
	make_folder("out");
	make_folder("t");
	make_folder("t/b");
	make_folder("t/c");
	make("out/z");
	make("t/a");
	make("t/.h");
	make("t/b/a");
	make("t/b/b");
	make("t/c/a");
	make_link("../out", "t/l");
	make_link("../out/z", "t/b/z");
	make_link("nowhere", "t/b/n");
	address = xasprintf("%s/t/", root);
	CHECK(store_open(&all, root, &err) == 0 && store_open(&table, address, &err) == 0, "%s", err.text);
	walk(all);
	removal(all, table);
	named(table);
	odd_files(all);
	pruned(all);
	store_close(all);
	store_close(table);
	free(address);
	address = xasprintf("%s/contract/below", root);
	contract(address);
	contract("mem://contract");
	contract("mem://contract/below/it");
	parents();
	killed("mem://killed");
	free(address);
	command = xasprintf("rm -rf %s", root);
	CHECK(system(command) == 0, "%s", command);
	free(command);
	return 0;
}

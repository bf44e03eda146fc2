/* What is walked and removed below a root, and what is not: links, what changed meanwhile, what lies outside. */
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

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

int
main(void)
{
	struct store *all, *table;
	struct msg err = { 0 };
	char *address, *command;

	unit_start();
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
	store_close(all);
	store_close(table);
	free(address);
	command = xasprintf("rm -rf %s", root);
	CHECK(system(command) == 0, "%s", command);
	free(command);
	return 0;
}

/*
 * Bronze: LAKE/bronze/<table>/<16 digits>-<name>, the first 16 digits of each file's SHA-256 in its name.
 * bronze/current and the `inputs` of each run list files with the whole sum and the size, one a line: table, sum,
 * bytes, path below bronze, separated by tabs.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/num.h"
#include "check/parts.h"

#define BRONZE "bronze/"

enum { SHORT_SUM = 16, FIELDS = 4 };

struct listed {				/* a line of a list, or equal lines of several lists */
	char *path;			/* path below bronze; owned, as are the others */
	char *sum;
	char *list;			/* first list with the line, relative to the lake */
	int64_t bytes;
	bool seen;			/* the file exists */
	bool near;			/* another file exists whose name has the same sum */
};

struct bronze {
	struct check *check;
	const char *lake;
	struct listed *files;
	size_t n;
};

/* ---- the lists ---- */

static bool
is_hex(const char *p, size_t n)
{
	return strspn(p, "0123456789abcdef") >= n;
}

/* Splits a line into its fields, in place. */
static bool
cut(char *line, char *fields[FIELDS])
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		fields[i] = strsep(&line, "\t");
	return fields[FIELDS - 1] != NULL && line == NULL;
}

/* Returns true if the path is that of a file with this table and sum. */
static bool
is_path_of(const char *path, const char *table, const char *sum)
{
	size_t n = strlen(table);

	return strncmp(path, table, n) == 0 && path[n] == '/' && strncmp(path + n + 1, sum, SHORT_SUM) == 0 &&
	    path[n + 1 + SHORT_SUM] == '-' && strchr(path + n + 1, '/') == NULL;
}

static bool
add_line(struct bronze *b, const char *list, char *line)
{
	char *f[FIELDS];
	int64_t bytes;
	size_t i;

	if (!cut(line, f) || strlen(f[1]) != CHECK_SHA256 - 1 || !is_hex(f[1], CHECK_SHA256 - 1) ||
	    !num_int64(f[2], strlen(f[2]), &bytes) || bytes < 0 || !is_path_of(f[3], f[0], f[1]))
		return false;
	for (i = 0; i < b->n; i++)
		if (strcmp(b->files[i].path, f[3]) == 0 && strcmp(b->files[i].sum, f[1]) == 0 &&
		    b->files[i].bytes == bytes)
			return true;
	b->files = xreallocarray(b->files, b->n + 1, sizeof(*b->files));
	b->files[b->n++] = (struct listed){ .path = xstrdup(f[3]), .sum = xstrdup(f[1]), .list = xstrdup(list),
	    .bytes = bytes };
	return true;
}

/* Adds the files of a list; reports damage of the list as `thing`. */
static void
add_list(struct bronze *b, const char *thing)
{
	char *path = xasprintf("%s/%s", b->lake, thing), *rest, *line;
	struct buf text = { 0 };
	unsigned n = 0;

	if (check_get(b->check, thing, path, &text)) {
		for (line = buf_cstr(&text); (rest = strchr(line, '\n')) != NULL; line = rest + 1) {
			*rest = '\0';
			n++;
			if (!add_line(b, thing, line))
				check_fault(b->check, thing,
				    "%s:%u: damaged: not a file of bronze with its SHA-256 and size", path, n);
		}
		if (line != (char *)text.p + text.len)
			check_fault(b->check, thing, "%s: damaged: truncated last line", path);
	}
	buf_free(&text);
	free(path);
}

static bool
is_file(const char *lake, const char *thing)
{
	char *path = xasprintf("%s/%s", lake, thing);
	struct stat st;
	bool is = stat(path, &st) == 0 && S_ISREG(st.st_mode);

	free(path);
	return is;
}

static int
is_name(const struct dirent *e)
{
	return *e->d_name != '.';
}

/* Adds the lists of all runs; `last` is a link to one of them. */
static void
add_runs(struct bronze *b)
{
	char *path = xasprintf("%s/runs", b->lake), *thing;
	struct dirent **names;
	int n = scandir(path, &names, is_name, alphasort), i;

	for (i = 0; i < n; i++) {
		thing = xasprintf("runs/%s/inputs", names[i]->d_name);
		if (strcmp(names[i]->d_name, "last") != 0 && is_file(b->lake, thing))
			add_list(b, thing);
		free(thing);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(path);
}

/* ---- the files ---- */

/* Marks a file's lines as seen; returns true if all give its size. */
static bool
has_size(struct bronze *b, const char *path, int64_t size)
{
	size_t i, head = (size_t)(strrchr(path, '/') - path) + 1 + SHORT_SUM;
	bool has = true;

	for (i = 0; i < b->n; i++)
		if (strcmp(b->files[i].path, path) == 0) {
			b->files[i].seen = true;
			has &= b->files[i].bytes == size;
		} else if (strncmp(b->files[i].path, path, head) == 0) {
			b->files[i].near = true;
		}
	return has;
}

/*
 * Computes a file's SHA-256. If it matches the digits in the name the file is intact, and a list that disagrees is
 * damaged.
 */
static void
check_sum(struct bronze *b, const char *thing, const char *path, int64_t size)
{
	const char *below = thing + strlen(BRONZE), *name = strrchr(thing, '/') + 1;
	char sum[CHECK_SHA256];
	struct msg err = { 0 };
	size_t i;

	if (check_sha256(b->check, path, sum, &err) < 0) {
		check_report(b->check, thing, &err);
	} else if (strncmp(sum, name, SHORT_SUM) != 0) {
		check_fault(b->check, thing, "%s: damaged: its SHA-256 is %s", path, sum);
	} else {
		for (i = 0; i < b->n; i++)
			if (strcmp(b->files[i].path, below) == 0 && (strcmp(b->files[i].sum, sum) != 0 ||
			    b->files[i].bytes != size))
				check_fault(b->check, b->files[i].list,
				    "%s/%s: damaged: it lists another SHA-256 or size of %s", b->lake,
				    b->files[i].list, below);
	}
}

static void
check_file(struct bronze *b, const char *thing)
{
	const char *name = strrchr(thing, '/') + 1;
	char *path = xasprintf("%s/%s", b->lake, thing);
	struct msg err = { 0 };
	struct stat st;

	b->check->bronze++;
	if (stat(path, &st) < 0) {
		msg_sys(&err, msg_errno_status(EX_IOERR), "%s", path);
		check_report(b->check, thing, &err);
	} else if (strlen(name) <= SHORT_SUM || !is_hex(name, SHORT_SUM) || name[SHORT_SUM] != '-') {
		check_fault(b->check, thing, "%s: not named by a SHA-256", path);
	} else if (!has_size(b, thing + strlen(BRONZE), st.st_size) || !b->check->quick) {
		check_sum(b, thing, path, st.st_size);
	}
	free(path);
}

/* Checks the files of a table's folder. */
static void
check_folder_of(struct bronze *b, const char *table)
{
	char *folder = xasprintf("%s/" BRONZE "%s", b->lake, table), *thing;
	struct dirent **names;
	int n = scandir(folder, &names, is_name, alphasort), i;

	for (i = 0; i < n; i++) {
		thing = xasprintf(BRONZE "%s/%s", table, names[i]->d_name);
		check_file(b, thing);
		free(thing);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(folder);
}

static void
check_folders(struct bronze *b)
{
	char *folder = xasprintf("%s/bronze", b->lake), *path;
	struct dirent **names;
	struct stat st;
	int n = scandir(folder, &names, is_name, alphasort), i;

	for (i = 0; i < n; i++) {
		path = xasprintf("%s/%s", folder, names[i]->d_name);
		if (*names[i]->d_name != '_' && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			check_folder_of(b, names[i]->d_name);
		free(path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(folder);
}

static void
check_missing(const struct bronze *b, size_t i)
{
	char *thing = xasprintf(BRONZE "%s", b->files[i].path);
	size_t k;

	for (k = 0; k < i && strcmp(b->files[k].path, b->files[i].path) != 0; k++)
		;
	if (!b->files[i].seen && b->files[i].near)
		check_fault(b->check, b->files[i].list, "%s/%s: damaged: it lists a file that is not in bronze: %s",
		    b->lake, b->files[i].list, msg_quotes(b->files[i].path));
	else if (k == i && !b->files[i].seen)
		check_fault(b->check, thing, "%s/%s: missing: it was taken over", b->lake, thing);
	free(thing);
}

void
check_bronze(struct check *c, const char *lake)
{
	struct bronze b = { .check = c, .lake = lake };
	size_t i;

	if (is_file(lake, BRONZE "current"))
		add_list(&b, BRONZE "current");
	add_runs(&b);
	check_folders(&b);
	for (i = 0; i < b.n; i++)
		check_missing(&b, i);
	for (i = 0; i < b.n; i++) {
		free(b.files[i].path);
		free(b.files[i].sum);
		free(b.files[i].list);
	}
	free(b.files);
}

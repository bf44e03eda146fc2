#include "ledger/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/num.h"

enum { DATE = 10, SHORT_DATE = 8 };		/* 2024-01-05, 20240105 */

struct finding {
	const char *backend;
	const struct ledger_source *sources;
	size_t n;
	struct ledger_finds *found;
};

/* ---- names ---- */

/* Is there a date at p? Returns its length, or 0. */
static size_t
date_at(const char *p, int32_t *day)
{
	size_t n = strlen(p);

	if (n >= DATE && num_date(p, DATE, day))
		return DATE;
	if (strspn(p, "0123456789") >= SHORT_DATE && num_date_as("%Y%m%d", NUM_CENTURY, p, SHORT_DATE, day))
		return SHORT_DATE;
	return 0;
}

/* The first date in a name. */
static bool
date_in(const char *name, int32_t *day)
{
	for (; *name != '\0'; name++)
		if (date_at(name, day) > 0)
			return true;
	return false;
}

/* Does a name without its first n bytes equal the end of another, or that compressed? */
static bool
is_rest(const char *rest, const char *end)
{
	size_t n = strlen(end);

	return strncmp(rest, end, n) == 0 &&
	    (rest[n] == '\0' || strcmp(rest + n, ".gz") == 0 || strcmp(rest + n, ".zst") == 0);
}

/* STEM-2024-01-05.EXT for STEM.EXT */
static bool
is_dated(const char *name, const char *file, int32_t *day)
{
	const char *dot = strrchr(file, '.');
	size_t stem = dot != NULL ? (size_t)(dot - file) : strlen(file), n;

	if (strncmp(name, file, stem) != 0 || name[stem] == '\0' || strchr("-_.", name[stem]) == NULL)
		return false;
	n = date_at(name + stem + 1, day);
	return n > 0 && is_rest(name + stem + 1 + n, file + stem);
}

static bool
fits_pattern(const char *name, const char *pattern)
{
	char *packed = xasprintf("%s.gz", pattern), *other = xasprintf("%s.zst", pattern);
	bool fits = fnmatch(pattern, name, FNM_PERIOD) == 0 || fnmatch(packed, name, FNM_PERIOD) == 0 ||
	    fnmatch(other, name, FNM_PERIOD) == 0;

	free(packed);
	free(other);
	return fits;
}

/* Is a file of this name the source's? in_day: it lies in the folder of a day, which its name then need not have. */
static bool
is_of(const struct ledger_source *s, const char *name, bool in_day, struct ledger_found *f)
{
	if (strpbrk(s->file, "*?") != NULL) {
		if (!fits_pattern(name, s->file))
			return false;
		if (!in_day)
			f->dated = date_in(name, &f->day);
		return true;
	}
	if (is_rest(name, s->file))
		return true;
	if (in_day || !is_dated(name, s->file, &f->day))
		return false;
	f->dated = true;
	return true;
}

/* ---- folders ---- */

static bool
same_place(const struct ledger_found *a, const struct ledger_found *b)
{
	return a->source == b->source && a->dated == b->dated && (!a->dated || a->day == b->day);
}

static int
add(struct finding *g, struct ledger_found *f, const char *folder, const char *name, struct msg *err)
{
	struct ledger_finds *all = g->found;
	size_t i;

	f->name = folder != NULL ? xasprintf("%s/%s", folder, name) : xstrdup(name);
	for (i = 0; i < all->n; i++)
		if (same_place(&all->files[i], f)) {
			(void)msg_set(err, EX_DATAERR, "%s: two files for one table: %s and %s", g->backend,
			    all->files[i].name, f->name);
			free(f->name);
			return -1;
		}
	all->files = xreallocarray(all->files, all->n + 1, sizeof(*all->files));
	all->files[all->n++] = *f;
	return 0;
}

/* Takes a file that is a source's. */
static int
take(struct finding *g, const char *folder, const int32_t *day, const char *name, int64_t bytes, struct msg *err)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		struct ledger_found f = { .source = i, .dated = day != NULL, .day = day != NULL ? *day : 0,
			.bytes = bytes };

		if (is_of(&g->sources[i], name, day != NULL, &f) && add(g, &f, folder, name, err) < 0)
			return -1;
	}
	return 0;
}

static int scan(struct finding *g, const char *folder, const int32_t *day, struct msg *err);

static int
look_at(struct finding *g, const char *folder, const int32_t *day, const char *name, struct msg *err)
{
	char *path = xasprintf("%s/%s%s%s", g->backend, folder != NULL ? folder : "", folder != NULL ? "/" : "", name);
	int32_t of;
	struct stat st;
	int got = 0;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (folder == NULL && date_at(name, &of) == strlen(name))
			got = scan(g, name, &of, err);
	} else {
		got = take(g, folder, day, name, S_ISREG(st.st_mode) ? st.st_size : -1, err);
	}
	free(path);
	return got;
}

static int
scan(struct finding *g, const char *folder, const int32_t *day, struct msg *err)
{
	char *path = folder != NULL ? xasprintf("%s/%s", g->backend, folder) : xstrdup(g->backend);
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), i, got = 0;

	if (n < 0)
		got = msg_sys(err, msg_errno_status(EX_IOERR), "%s", path);
	for (i = 0; i < n; i++) {
		if (got == 0 && *names[i]->d_name != '.')
			got = look_at(g, folder, day, names[i]->d_name, err);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(path);
	return got;
}

/* The same of a store across a network, in the order of its names too. */
static int
scan_store(struct finding *g, struct store *s, const char *folder, const int32_t *day, struct msg *err)
{
	struct store_list list;
	int got = store_list(s, folder != NULL ? folder : "", &list, err);
	int32_t of;
	size_t i;

	for (i = 0; i < list.n && !got; i++)
		if (*list.entries[i].name != '.')
			got = take(g, folder, day, list.entries[i].name, (int64_t)list.entries[i].size, err);
	store_list_free(&list);
	if (got || folder != NULL)
		return got;
	got = store_list_folders(s, "", &list, err);
	for (i = 0; i < list.n && !got; i++)
		if (date_at(list.entries[i].name, &of) == strlen(list.entries[i].name))
			got = scan_store(g, s, list.entries[i].name, &of, err);
	store_list_free(&list);
	return got;
}

static int
scan_backend(struct finding *g, struct msg *err)
{
	struct store *s;
	int failed;

	if (!store_is_remote(g->backend))
		return scan(g, NULL, NULL, err);
	if (store_open(&s, g->backend, err) < 0)
		return -1;
	failed = scan_store(g, s, NULL, NULL, err);
	store_close(s);
	return failed;
}

static int
by_day(const void *a, const void *b)
{
	const struct ledger_found *x = a, *y = b;

	if (x->dated != y->dated)
		return x->dated ? -1 : 1;
	if (x->dated && x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return x->source < y->source ? -1 : x->source > y->source;
}

int
ledger_find(const char *backend, const struct ledger_source *sources, size_t n, struct ledger_finds *found,
    struct msg *err)
{
	struct finding g = { backend, sources, n, found };

	*found = (struct ledger_finds){ 0 };
	if (scan_backend(&g, err) < 0)
		return -1;
	if (found->n > 1)
		qsort(found->files, found->n, sizeof(*found->files), by_day);
	return 0;
}

void
ledger_finds_free(struct ledger_finds *f)
{
	while (f->n > 0)
		free(f->files[--f->n].name);
	free(f->files);
	*f = (struct ledger_finds){ 0 };
}

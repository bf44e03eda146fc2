#include "check/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "check/parts.h"
#include "delta/log/names.h"

/* ---- reports ---- */

bool
check_is_damage(const struct msg *m)
{
	return m->status == EX_DATAERR || m->status == EX_NOINPUT || m->status == EX_IOERR;
}

void
check_report(struct check *c, const char *thing, const struct msg *m)
{
	if (check_is_damage(m)) {
		c->faults++;
	} else {
		c->unchecked++;
		if (c->status == 0)
			c->status = m->status;
	}
	c->report(thing, m, c->arg);
}

void
check_fault(struct check *c, const char *thing, const char *fmt, ...)
{
	struct msg m = { .status = EX_DATAERR };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m.text, sizeof(m.text), fmt, ap);
	va_end(ap);
	check_report(c, thing, &m);
}

bool
check_get(struct check *c, const char *thing, const char *path, struct buf *out)
{
	enum { PIECE = 64 * 1024 };
	struct msg err = { 0 };
	int fd = io_open(path, &err);
	ssize_t n = -1;

	while (fd >= 0 && (n = io_read(fd, buf_room(out, PIECE), PIECE, path, &err)) > 0)
		out->len += (size_t)n;
	if (fd >= 0)
		close(fd);
	buf_cstr(out);
	if (n < 0)
		check_report(c, thing, &err);
	return n == 0;
}

/* ---- a lake ---- */

size_t *
check_order(const struct check *c, size_t n)
{
	size_t *order = xcalloc(n + 1, sizeof(*order)), i, k, other;
	uint64_t random = 0;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n; c->quick && i > 1; i--) {
		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			break;
		k = random % i;
		other = order[k];
		order[k] = order[i - 1];
		order[i - 1] = other;
	}
	return order;
}

enum { DEEPEST = 6 };			/* maximum depth of a table below the lake */

static bool
is_folder(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct stat st;
	bool is = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

	free(path);
	return is;
}

static bool
is_there(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	bool is = access(path, F_OK) == 0;

	free(path);
	return is;
}

static int
is_name(const struct dirent *e)
{
	return *e->d_name != '.';
}

static void find_things(struct check *c, const char *lake, const char *folder, int depth);

/* Checks a folder of the lake: a table, an export, or a folder to search. `thing` is its path from the lake. */
static void
check_inner(struct check *c, const char *lake, const char *thing, int depth)
{
	char *path = xasprintf("%s/%s", lake, thing);

	if (strcmp(thing, "bronze/_ledger") == 0) {
		;			/* has been checked */
	} else if (is_folder(path, DELTA_LOG)) {
		check_table(c, thing, path);
	} else if (strncmp(thing, "gold/_export/", 13) == 0) {
		c->exports++;
		check_folder(c, thing, path);
	} else if (depth < DEEPEST) {
		find_things(c, lake, thing, depth + 1);
	}
	free(path);
}

/* Checks the tables and exports below a folder of the lake ("" for the lake). */
static void
find_things(struct check *c, const char *lake, const char *folder, int depth)
{
	char *path = xasprintf("%s%s%s", lake, *folder != '\0' ? "/" : "", folder), *thing;
	struct dirent **names;
	struct msg err = { 0 };
	int n = scandir(path, &names, is_name, alphasort), i;
	size_t *order = check_order(c, n > 0 ? (size_t)n : 0);
	const char *name;

	if (n < 0) {
		msg_sys(&err, msg_errno_status(EX_IOERR), "%s", path);
		check_report(c, *folder != '\0' ? folder : ".", &err);
	}
	for (i = 0; i < n; i++) {
		name = names[order[i]]->d_name;
		thing = xasprintf("%s%s%s", folder, *folder != '\0' ? "/" : "", name);
		if (is_folder(path, name) && strcmp(thing, "runs") != 0)
			check_inner(c, lake, thing, depth);
		free(thing);
	}
	for (i = 0; i < n; i++)
		free(names[i]);
	if (n >= 0)
		free(names);
	free(order);
	free(path);
}

static bool
is_lake(const char *place)
{
	static const char *const layers[] = { "bronze", "silver", "gold", "runs" };
	size_t i;

	for (i = 0; i < sizeof(layers) / sizeof(*layers); i++)
		if (is_folder(place, layers[i]))
			return !is_folder(place, DELTA_LOG);
	return false;
}

/* ---- a place ---- */

static void
check_one_file(struct check *c, const char *place)
{
	char *path = realpath(place, NULL), *last = path != NULL ? strrchr(path, '/') : NULL;
	struct store *s = NULL;
	struct msg err = { 0 };
	uint64_t rows, size;

	if (last != NULL)
		*last = '\0';
	if (last == NULL || store_open(&s, last == path ? "/" : path, &err) < 0) {
		msg_sys(&err, EX_NOINPUT, "%s", place);
		check_report(c, place, &err);
	} else {
		check_parquet(c, place, s, last + 1, &rows, &size);
	}
	store_close(s);
	free(path);
}

/* A table, a folder of Parquet files or one file in a store across a network. */
static int
check_remote(struct check *c, const char *place, struct msg *err)
{
	enum store_kind kind = STORE_OTHER, log = STORE_OTHER;
	struct store *s, *folder = NULL;
	const char *name;
	uint64_t rows, size;
	int there;

	if (store_open(&s, place, err) < 0)
		return -1;
	there = store_stat(s, "", &kind, err);
	if (there > 0 && kind == STORE_FOLDER && store_stat(s, DELTA_LOG, &log, err) < 0)
		there = -1;
	store_close(s);
	if (there <= 0)
		return there < 0 ? -1 : msg_set(err, EX_NOINPUT, "%s: no such object or folder", place);
	if (log == STORE_FOLDER) {
		check_table(c, place, place);
	} else if (kind == STORE_FOLDER) {
		check_folder(c, place, place);
	} else {
		if (store_open_folder_of(&folder, place, &name, err) < 0)
			return -1;
		check_parquet(c, place, folder, name, &rows, &size);
		store_close(folder);
	}
	if (c->files == 0 && c->faults == 0 && c->unchecked == 0 && log != STORE_FOLDER)
		return msg_set(err, EX_NOINPUT, "%s: not a Delta table, and no Parquet file in it", place);
	return 0;
}

int
check_place(struct check *c, const char *place, struct msg *err)
{
	struct store *lake;
	struct stat st;

	if (store_is_remote(place))
		return check_remote(c, place, err);
	if (stat(place, &st) < 0)
		return msg_sys(err, msg_errno_status(EX_NOINPUT), "%s", place);
	if (is_lake(place)) {
		if (store_open(&lake, place, err) < 0)
			return -1;
		store_read_outside(lake);
		if (check_has_ledger(lake))
			check_deliveries(c, place, lake);
		store_close(lake);
		find_things(c, place, "", 0);
		if (is_there(place, "runs"))
			check_marks(c, place);
		check_target(c, place);
	} else if (is_folder(place, DELTA_LOG)) {
		check_table(c, place, place);
	} else if (S_ISDIR(st.st_mode)) {
		check_folder(c, place, place);
		if (c->files == 0 && c->faults == 0 && c->unchecked == 0)
			return msg_set(err, EX_NOINPUT, "%s: not a lake, not a Delta table, and no Parquet file in it",
			    place);
	} else if (S_ISREG(st.st_mode)) {
		check_one_file(c, place);
	} else {
		return msg_set(err, EX_NOINPUT, "%s: not a regular file or folder", place);
	}
	return 0;
}

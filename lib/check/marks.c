/*
 * Checks marks: runs/last names the last complete run; runs/made/<table> records what a table was made from
 * (key), by which run, and the programs' counts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "check/parts.h"
#include "delta/log/names.h"

#define MADE "runs/made"

/* Returns false only if there is no such thing; one that may not be looked at can be there. */
static bool
exists(const char *lake, const char *thing)
{
	char *path = xasprintf("%s/%s", lake, thing);
	bool is = access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);

	free(path);
	return is;
}

/* Loads a JSON file of the lake. Returns NULL if it is malformed, and reports it. */
static json_t *
load(struct check *c, const char *thing, const char *lake, const char *name)
{
	char *path = xasprintf("%s/%s", lake, name);
	struct buf text = { 0 };
	json_t *o = NULL;

	if (check_get(c, thing, path, &text) && (o = json_loadb((const char *)text.p, text.len, 0, NULL)) == NULL)
		check_fault(c, thing, "%s: damaged: not JSON", path);
	buf_free(&text);
	free(path);
	return o;
}

static void
check_last(struct check *c, const char *lake)
{
	char *path = xasprintf("%s/runs/last", lake), *summary, *end;
	struct buf text = { 0 };
	const char *run;
	json_t *o;

	if (exists(lake, "runs/last") && check_get(c, "runs/last", path, &text)) {
		if ((end = strchr(buf_cstr(&text), '\n')) != NULL)
			*end = '\0';
		summary = xasprintf("runs/%s/summary.json", (char *)text.p);
		o = load(c, "runs/last", lake, summary);
		run = json_string_value(json_object_get(o, "run"));
		if (o != NULL && (run == NULL || strcmp(run, (char *)text.p) != 0))
			check_fault(c, "runs/last",
			    "%s: damaged: it names %s, not the run of the summary there", path,
			    msg_quotes((char *)text.p));
		json_decref(o);
		free(summary);
	}
	buf_free(&text);
	free(path);
}

/* ---- of one table ---- */

/* Checks that a mark begins with a SHA-256. */
static void
check_key(struct check *c, const char *thing, const char *lake, const char *table)
{
	char *path = xasprintf("%s/" MADE "/%s/key", lake, table);
	struct buf text = { 0 };

	if (check_get(c, thing, path, &text) && strspn(buf_cstr(&text), "0123456789abcdef") != CHECK_SHA256 - 1)
		check_fault(c, thing, "%s: damaged: not a SHA-256", path);
	buf_free(&text);
	free(path);
}

static void
check_counts(struct check *c, const char *thing, const char *lake, const char *table, const char *file)
{
	char *name = xasprintf(MADE "/%s/%s", table, file);
	json_t *o = load(c, thing, lake, name);
	const char *named = json_string_value(json_object_get(o, "table"));

	if (o != NULL && (named == NULL || strcmp(named, table) != 0))
		check_fault(c, thing, "%s/%s: damaged: not of this table", lake, name);
	json_decref(o);
	free(name);
}

/* Checks that a made table exists; marks with cleaning counts are of silver tables. */
static void
check_made(struct check *c, const char *lake, const char *table)
{
	char *counts = xasprintf(MADE "/%s/clean.json", table);
	bool silver = exists(lake, counts);
	char *thing = xasprintf("%s/%s", silver ? "silver" : "gold", table), *log = xasprintf("%s/" DELTA_LOG, thing);

	check_key(c, thing, lake, table);
	if (silver) {
		check_counts(c, thing, lake, table, "clean.json");
		check_counts(c, thing, lake, table, "ingest.json");
	}
	if (!exists(lake, log))
		check_fault(c, thing, "%s/%s: missing: a run made it", lake, thing);
	free(log);
	free(thing);
	free(counts);
}

static int
is_name(const struct dirent *e)
{
	return *e->d_name != '.';
}

void
check_marks(struct check *c, const char *lake)
{
	char *path = xasprintf("%s/" MADE, lake);
	struct dirent **names;
	int n = scandir(path, &names, is_name, alphasort), i;

	check_last(c, lake);
	for (i = 0; i < n; i++) {
		check_made(c, lake, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(path);
}

/*
 * Checks a folder of Parquet files, such as an export, and its manifest: {"table", "rows", "files": [{"name",
 * "bytes", "rows"}]}.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "check/parts.h"

#define MANIFEST "manifest.json"

struct folder {
	struct check *check;
	const char *thing, *path;
	struct store *store;
	struct store_list list;
	json_t *manifest;		/* NULL if missing */
	uint64_t rows;
};

static bool
is_parquet(const char *name)
{
	size_t n = strlen(name);

	return *name != '.' && *name != '_' && n > 8 && strcmp(name + n - 8, ".parquet") == 0;
}

/* Returns the manifest's entry for a file, or NULL. */
static const json_t *
entry_of(const struct folder *f, const char *name)
{
	const json_t *files = json_object_get(f->manifest, "files"), *entry;
	const char *text;
	size_t i;

	for (i = 0; i < json_array_size(files); i++) {
		entry = json_array_get(files, i);
		text = json_string_value(json_object_get(entry, "name"));
		if (text != NULL && strcmp(text, name) == 0)
			return entry;
	}
	return NULL;
}

static bool
says(const json_t *o, const char *key, uint64_t value)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) && (uint64_t)json_integer_value(v) == value;
}

static void
check_file(struct folder *f, const char *name)
{
	const json_t *entry = entry_of(f, name);
	uint64_t rows, size, faults = f->check->faults;

	check_parquet(f->check, f->thing, f->store, name, &rows, &size);
	f->rows += rows;
	if (f->manifest == NULL || f->check->faults != faults)
		return;
	if (entry == NULL)
		check_fault(f->check, f->thing, "%s/%s: not listed in the manifest", f->path, name);
	else if (!says(entry, "rows", rows) || !says(entry, "bytes", size))
		check_fault(f->check, f->thing,
		    "%s/%s: %" PRIu64 " bytes and %" PRIu64 " rows, which differs from the manifest",
		    f->path, name, size, rows);
}

static bool
is_listed(const struct folder *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->list.n; i++)
		if (name != NULL && strcmp(f->list.entries[i].name, name) == 0)
			return true;
	return false;
}

/* Checks the manifest itself: its table, and that its files exist. */
static void
check_manifest(struct folder *f)
{
	const json_t *files = json_object_get(f->manifest, "files");
	const char *table = json_string_value(json_object_get(f->manifest, "table")), *last = strrchr(f->path, '/'),
	    *name;
	size_t i;

	if (table == NULL || strcmp(table, last != NULL ? last + 1 : f->path) != 0 || !json_is_array(files))
		check_fault(f->check, f->thing, "%s/" MANIFEST ": damaged: not the manifest of this folder", f->path);
	for (i = 0; i < json_array_size(files); i++) {
		name = json_string_value(json_object_get(json_array_get(files, i), "name"));
		if (!is_listed(f, name))
			check_fault(f->check, f->thing, "%s: %s is missing, but listed in the manifest", f->path,
			    name != NULL ? msg_quotes(name) : "a file");
	}
}

static void
load_manifest(struct folder *f)
{
	char *path = xasprintf("%s/" MANIFEST, f->path);
	struct buf text = { 0 };

	if (check_get(f->check, f->thing, path, &text)) {
		f->manifest = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
		if (f->manifest == NULL)
			check_fault(f->check, f->thing, "%s: damaged: not JSON", path);
		else
			check_manifest(f);
	}
	buf_free(&text);
	free(path);
}

void
check_folder(struct check *c, const char *thing, const char *path)
{
	struct folder f = { .check = c, .thing = thing, .path = path };
	struct msg err = { 0 };
	size_t i;

	if (store_open(&f.store, path, &err) < 0 || store_list(f.store, "", &f.list, &err) < 0) {
		check_report(c, thing, &err);
		store_close(f.store);
		return;
	}
	if (is_listed(&f, MANIFEST))
		load_manifest(&f);
	else if (strncmp(thing, "gold/_export/", 13) == 0)
		check_fault(c, thing, "%s/" MANIFEST ": missing", path);
	for (i = 0; i < f.list.n; i++)
		if (is_parquet(f.list.entries[i].name))
			check_file(&f, f.list.entries[i].name);
	if (f.manifest != NULL && !says(f.manifest, "rows", f.rows))
		check_fault(c, thing, "%s: %" PRIu64 " rows, which differs from the manifest", path, f.rows);
	json_decref(f.manifest);
	store_list_free(&f.list);
	store_close(f.store);
}

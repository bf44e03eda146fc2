/* What a run has done, as the object of outputs.json. */
#include <stdlib.h>
#include <string.h>

#include "adf/adf.h"
#include "base/io.h"
#include "delta/delta.h"
#include "store/store.h"

enum { OUTPUTS_MAX = 2 * 1024 * 1024 };		/* of Data Factory */

/* ---- the summary ---- */

static int
load_summary(struct adf_summary *s, struct store *lake, const char *run, struct msg *err)
{
	struct buf name = { 0 }, text = { 0 };
	json_error_t why;
	int there;

	buf_addf(&name, "runs/%s/summary.json", run);
	there = store_get(lake, buf_cstr(&name), &text, err);
	if (there > 0) {
		s->json = json_loadb((const char *)text.p, text.len, 0, &why);
		s->run = xstrdup(run);
		if (s->json == NULL)
			there = msg_set(err, EX_DATAERR, "%s: malformed JSON", buf_cstr(&name));
	}
	buf_free(&name);
	buf_free(&text);
	return there;
}

/* The names of runs begin with their time, so the last is the greatest that has a summary. */
static int
find_summary(struct adf_summary *s, struct store *lake, struct msg *err)
{
	struct store_list list = { 0 };
	int there = 0;

	if (store_list_folders(lake, "runs", &list, err) < 0)
		return -1;
	while (list.n > 0 && there == 0) {
		const char *run = list.entries[list.n - 1].name;

		if (run[0] >= '0' && run[0] <= '9')
			there = load_summary(s, lake, run, err);
		free(list.entries[--list.n].name);
	}
	store_list_free(&list);
	return there < 0 ? -1 : 0;
}

int
adf_summary_read(struct adf_summary *s, const char *lake, struct msg *err)
{
	struct store *store;
	int failed;

	*s = (struct adf_summary){ 0 };
	if (store_open(&store, lake, err) < 0)
		return -1;
	failed = find_summary(s, store, err);
	store_close(store);
	return failed;
}

void
adf_summary_free(struct adf_summary *s)
{
	free(s->run);
	json_decref(s->json);
	*s = (struct adf_summary){ 0 };
}

/* ---- versions ---- */

static int
add_version(json_t *versions, const char *lake, const char *name, struct msg *err)
{
	struct buf path = { 0 };
	struct delta_table t;
	struct delta_snapshot s;
	int failed;

	buf_addf(&path, "%s/gold/%s", lake, name);
	failed = delta_open(&t, buf_cstr(&path), err);
	buf_free(&path);
	if (failed < 0)
		return -1;
	failed = delta_load_any(&t, &s, err);	/* a killed run may leave a folder without a commit */
	if (failed == 0) {
		json_object_set_new(versions, name, json_integer(s.version));
		delta_snapshot_free(&s);
	}
	delta_close(&t);
	return failed;
}

json_t *
adf_versions(const char *lake, struct msg *err)
{
	struct store_list list = { 0 };
	json_t *versions = json_object();
	struct store *store;
	size_t i;
	int failed;

	if (store_open(&store, lake, err) < 0)
		return NULL;
	failed = store_list_folders(store, "gold", &list, err);
	for (i = 0; i < list.n && failed == 0; i++)
		if (list.entries[i].name[0] != '_')
			failed = add_version(versions, lake, list.entries[i].name, err);
	store_list_free(&list);
	store_close(store);
	if (failed == 0)
		return versions;
	json_decref(versions);
	return NULL;
}

/* ---- outputs.json ---- */

static void
add_up(json_t *rows, const char *name, const json_t *table)
{
	json_int_t before = json_integer_value(json_object_get(rows, name));

	json_object_set_new(rows, name, json_integer(before + json_integer_value(json_object_get(table, name))));
}

/* Counts of all tables together, and the tables that passed a limit and were accepted. */
static void
add_tables(json_t *o, const json_t *tables)
{
	static const char *const counts[] = { "read", "clean", "rejected" };
	json_t *rows = json_object(), *passed = json_array(), *table;
	const char *name;
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		json_object_set_new(rows, counts[i], json_integer(0));
	json_object_foreach((json_t *)tables, name, table) {
		for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
			add_up(rows, counts[i], table);
		if (json_array_size(json_object_get(table, "accepted")) > 0)
			json_array_append_new(passed, json_string(name));
	}
	json_object_set_new(o, "rows", rows);
	json_object_set_new(o, "limitsPassed", passed);
}

json_t *
adf_outputs(const struct adf_summary *s, const char *lake, const char *before)
{
	json_t *o = json_object(), *gold = json_object_get(s->json, "gold");

	if (s->run == NULL)
		return o;
	json_object_set_new(o, "run", json_string(s->run));
	json_object_set_new(o, "address", json_sprintf("%s/runs/%s", lake, s->run));
	json_object_set_new(o, "changed", json_boolean(before == NULL || strcmp(before, s->run) != 0));
	add_tables(o, json_object_get(s->json, "tables"));
	if (gold != NULL)
		json_object_set_new(o, "gold", json_deep_copy(gold));
	return o;
}

int
adf_outputs_write(const json_t *outputs, const char *folder, struct msg *err)
{
	struct buf path = { 0 };
	char *text = json_dumps(outputs, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t n = strlen(text);
	struct io_out out = { .fd = -1 };
	int failed;

	buf_addf(&path, "%s/outputs.json", folder);
	if (n > OUTPUTS_MAX)
		failed = msg_set(err, EX_DATAERR, "outputs.json: %zu bytes, and Data Factory takes %d", n, OUTPUTS_MAX);
	else if ((failed = io_create(&out, buf_cstr(&path), err)) == 0) {
		failed = io_write(out.fd, text, n, "outputs.json", err);
		if (failed == 0)
			failed = io_commit(&out, err);
		else
			io_abandon(&out);
	}
	free(text);
	buf_free(&path);
	return failed;
}

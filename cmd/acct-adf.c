/* acct-adf is the custom activity of Data Factory: runs a job as activity.json asks and writes outputs.json. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adf/adf.h"
#include "cli/cli.h"

enum { MAX_WORDS = 32 };

static const char *runner = "acct-run", *writer = "warehouse.sh", *folder = ".";
static struct adf_activity activity;
static struct buf last;			/* message of the run */
static json_t *outputs;
static char *backend, *lake;

/* What activity.json may say; man/acct-adf.1 describes them. */
static const char *const properties[] = { "backend", "lake", "job", "target", "accept", "adopt", "deleteAbsent",
	"rebuild", "runId", "warehouse", "warehouseUrl", "warehouseSchema", NULL };

static const struct cli_option options[] = {
	{ 'C', "folder", "FOLDER", "read and write files there (default: the working directory)", CLI_TEXT,
	    .to = &folder },
	{ 0, "runner", "PROGRAM", "the program that runs the job (default acct-run)", CLI_TEXT, .to = &runner },
	{ 0, "writer", "PROGRAM", "the program that writes the SQL of a warehouse (default warehouse.sh)", CLI_TEXT,
	    .to = &writer },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [-C FOLDER] [--runner PROGRAM] [--writer PROGRAM]", NULL },
	.about = "Runs a job as a custom activity of Data Factory: reads activity.json, linkedServices.json and\n"
	    "datasets.json, and writes outputs.json.",
	.options = options,
	.examples = (const char *const[]){ "acct-adf",
	    "acct-adf -C recorded/activity --runner pipelines/run.sh", NULL },
};

/* ---- the run ---- */

static bool
is_true(const char *name)
{
	const char *text = adf_text(&activity, name);

	return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "True") == 0);
}

static size_t
add_pair(const char **words, size_t n, const char *option, const char *name)
{
	if (adf_text(&activity, name) == NULL)
		return n;
	words[n++] = option;
	words[n++] = adf_text(&activity, name);
	return n;
}

/* Another copy of the activity may be at work: it is waited for, and then there is nothing left to do. */
static int
run_job(struct msg *err)
{
	const char *words[MAX_WORDS] = { runner, "--wait" };
	size_t n = add_pair(words, 2, "-j", "job");

	words[n++] = "-d";
	words[n++] = adf_text(&activity, "target") != NULL ? adf_text(&activity, "target") : "none";
	n = add_pair(words, n, "--accept", "accept");
	if (is_true("rebuild"))
		words[n++] = "--rebuild";
	if (is_true("adopt"))
		words[n++] = "--adopt";
	if (is_true("deleteAbsent"))
		words[n++] = "--delete-absent";
	words[n++] = backend;
	words[n++] = lake;
	return adf_run(&activity, words, NULL, NULL, &last, err);
}

/* ---- rows of gold that changed ---- */

/* A record of a change stream begins with its type. */
static void
count_change(const char *p, size_t n, void *arg)
{
	static const char before[] = "update_preimage\t";

	if (n > 0 && *p != '\001' && (n < sizeof(before) || memcmp(p, before, sizeof(before) - 1) != 0))
		++*(json_int_t *)arg;
}

/* The rows that differ between two versions; null where an old version cannot be read any more. */
static json_t *
changes_of(const char *table, json_int_t from, json_int_t to)
{
	struct buf range = { 0 }, path = { 0 }, why = { 0 };
	struct msg err = { 0 };
	json_int_t changed = 0;
	int status;

	if (from >= 0)
		buf_addf(&range, "%lld", (long long)from);
	buf_addf(&range, "..%lld", (long long)to);
	buf_addf(&path, "%s/gold/%s", lake, table);
	status = adf_run(&activity, (const char *const[]){ "acct-read", "--changes", buf_cstr(&range), buf_cstr(&path),
	    NULL }, count_change, &changed, &why, &err);
	buf_free(&range);
	buf_free(&path);
	buf_free(&why);
	return status == 0 ? json_integer(changed) : json_null();
}

static int
add_changes(const json_t *before, struct msg *err)
{
	json_t *after = adf_versions(lake, err), *gold = json_object_get(outputs, "gold"), *one;
	const char *table;

	if (after == NULL)
		return -1;
	json_object_foreach(gold, table, one) {
		const json_t *to = json_object_get(after, table), *from = json_object_get(before, table);

		if (to == NULL)
			continue;
		json_object_set_new(one, "changed", from != NULL && json_equal(from, to) ? json_integer(0) :
		    changes_of(table, from == NULL ? -1 : json_integer_value(from), json_integer_value(to)));
	}
	json_decref(after);
	return 0;
}

/* ---- the SQL of a warehouse ---- */

/* Adds the batches of one table to those of all: each is sent alone, in order. */
static int
take_batches(json_t *batches, const char *path, struct msg *err)
{
	json_error_t why;
	json_t *one = json_load_file(path, 0, &why);

	if (!json_is_array(one)) {
		json_decref(one);
		return msg_set(err, EX_SOFTWARE, "%s: %s", path, why.text);
	}
	json_array_extend(batches, one);
	json_decref(one);
	return 0;
}

static int
take_all_batches(const char *sql, struct msg *err)
{
	json_t *batches = json_array(), *one;
	const char *table;
	int failed = 0;

	json_object_foreach(json_object_get(outputs, "gold"), table, one) {
		struct buf path = { 0 };

		buf_addf(&path, "%s/%s.load.json", sql, table);
		if (failed == 0 && access(buf_cstr(&path), F_OK) == 0)
			failed = take_batches(batches, buf_cstr(&path), err);
		buf_free(&path);
	}
	json_object_set_new(outputs, "batches", batches);
	return failed;
}

/* The scripts stay in the folder "sql" too, to be read. Returns the status of the program that writes them, or -1. */
static int
add_batches(struct msg *err)
{
	const char *words[MAX_WORDS] = { writer, "-f", "json", "-d", adf_text(&activity, "warehouse") };
	struct buf sql = { 0 };
	char *url = NULL;
	size_t n = add_pair(words, 5, "-n", "warehouseSchema");
	int status = 0;

	if (words[4] == NULL)
		return 0;
	if (adf_text(&activity, "warehouseUrl") != NULL)
		status = adf_place(&activity, "warehouseUrl", &url, err);
	buf_addf(&sql, "%s/sql", folder);
	if (is_true("adopt"))
		words[n++] = "--adopt";
	words[n++] = "--url";
	words[n++] = url != NULL ? url : lake;
	words[n++] = lake;
	words[n++] = buf_cstr(&sql);
	if (status == 0)
		status = adf_run(&activity, words, NULL, NULL, &last, err);
	if (status == 0)
		status = take_all_batches(buf_cstr(&sql), err);
	free(url);
	buf_free(&sql);
	return status;
}

/* ---- the outputs ---- */

static int
finish_run(const char *run_before, const json_t *versions, struct msg *err)
{
	struct adf_summary s;
	int status = adf_summary_read(&s, lake, err);

	if (status == 0) {
		json_object_update_new(outputs, adf_outputs(&s, lake, run_before));
		status = add_changes(versions, err);
	}
	adf_summary_free(&s);
	return status == 0 ? add_batches(err) : status;
}

/* Returns the status of the activity; err is filled if it is a failure of this program. */
static int
do_activity(struct msg *err)
{
	struct adf_summary before = { 0 };
	json_t *versions = NULL;
	int status = -1;

	if (adf_read(&activity, folder, properties, err) == 0 &&
	    adf_place(&activity, "backend", &backend, err) == 0 && adf_place(&activity, "lake", &lake, err) == 0 &&
	    adf_summary_read(&before, lake, err) == 0 && (versions = adf_versions(lake, err)) != NULL)
		status = run_job(err);
	if (status == 0)
		status = finish_run(before.run, versions, err);
	adf_summary_free(&before);
	json_decref(versions);
	return status < 0 ? err->status : status;
}

/* Sets what every outputs.json has; a failure also has its message, that of the run if there is one. */
static void
describe(int status, const struct msg *err)
{
	const char *run_id = adf_text(&activity, "runId"), *text = buf_cstr(&last);

	if (err->status != 0)
		text = err->text;
	json_object_set_new(outputs, "status", json_string(status == 0 ? "ok" : "failed"));
	json_object_set_new(outputs, "exitCode", json_integer(status));
	if (run_id != NULL)
		json_object_set_new(outputs, "runId", json_string(run_id));
	if (status != 0)
		json_object_set_new(outputs, "message", json_string(text));
}

int
main(int argc, char *argv[])
{
	struct msg err = { 0 }, unwritten = { 0 };
	int status;

	if (cli_start(&program, argc, argv) < argc)
		cli_usage("takes no operands");
	outputs = json_object();
	status = do_activity(&err);
	describe(status, &err);
	if (adf_outputs_write(outputs, folder, &unwritten) < 0 && status == 0) {
		status = unwritten.status;
		err = unwritten;
	}
	if (status != 0)
		msg_warn("the activity ends with %d: %s", status, err.status != 0 ? err.text : buf_cstr(&last));
	json_decref(outputs);
	adf_free(&activity);
	buf_free(&last);
	free(backend);
	free(lake);
	return status;
}

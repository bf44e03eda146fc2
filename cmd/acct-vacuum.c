/* acct-vacuum removes the files of a Delta table's folder that no version needs any more. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "table/session.h"

static bool dry, removes, force, clean_log;
static int64_t retain = -1;		/* milliseconds; -1 where not given */
static char **consumers;		/* of --consumer; owned */
static size_t nconsumers;
static struct table_session session;

/* ---- options ---- */

static void
set_retain(const char *option, char *word)
{
	static const struct { const char *unit; int64_t ms; } units[] = { { "", 3600000 }, { "s", 1000 },
	    { "m", 60000 }, { "h", 3600000 }, { "d", DELTA_DAY }, { "w", DELTA_WEEK } };
	size_t n = strspn(word, "0123456789"), i;
	int64_t number, ms;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(word + n, units[i].unit) == 0 && num_int64(word, n, &number) &&
		    !__builtin_mul_overflow(number, units[i].ms, &ms)) {
			retain = ms;
			return;
		}
	cli_usage("%s: must be hours, or a number followed by s, m, h, d or w: %s", option, msg_quotes(word));
}

static void
add_consumer(const char *option, char *arg)
{
	(void)option;
	consumers = xreallocarray(consumers, nconsumers + 1, sizeof(*consumers));
	consumers[nconsumers++] = arg;
}

static const struct cli_option options[] = {
	{ 0, "dry-run", NULL, "list only (default)", CLI_FLAG, .to = &dry },
	{ 0, "delete", NULL, "remove the listed files", CLI_FLAG, .to = &removes },
	{ 0, "retain", "TIME", "keep the versions of this time: 168 (hours), 90m, 36h, 7d, 2w", CLI_CALL,
	    .call = set_retain },
	{ 0, "force", NULL, "allow a retention shorter than the table's setting", CLI_FLAG, .to = &force },
	{ 0, "consumer", "TABLE", "also keep what is needed to read the changes that TABLE has not consumed yet;\n"
	    "may be repeated", CLI_CALL, .call = add_consumer },
	{ 0, "log", NULL, "also expired files of the log, from before a checkpoint", CLI_FLAG,
	    .to = &clean_log },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [--dry-run | --delete] [--retain TIME [--force]] [--consumer TABLE ...]\n"
	    "                   [--log] TABLE", NULL },
	.about =
	    "Lists the files in a Delta table's folder that no version within the retention time needs (by default\n"
	    "seven days), or removes them.",
	.options = options,
	.examples = (const char *const[]){ "acct-vacuum lake/silver/accounts",
	    "acct-vacuum --delete --retain 30d lake/silver/accounts",
	    "acct-vacuum --delete --consumer lake/gold/customer_balance lake/silver/accounts",
	    NULL },
};

static void
check_options(void)
{
	if (dry && removes)
		cli_usage("expected one of --dry-run and --delete");
	if (force && retain < 0)
		cli_usage("--force needs --retain");
}

/* ---- retention ---- */

/* What the table asks for, in milliseconds. */
static int64_t
table_retention(const struct delta_snapshot *s)
{
	const char *property = delta_property(s, DELTA_RETENTION);
	int64_t ms = delta_duration(property, DELTA_WEEK);

	if (ms >= 0 || force)
		return ms;
	msg_die(EX_CONFIG, "%s: " DELTA_RETENTION ": not a time: %s", session.table.address, msg_quotes(property));
}

static int64_t
retention(const struct delta_snapshot *s)
{
	int64_t asked = table_retention(s);

	if (retain < 0)
		return asked;
	if (retain < asked && !force)
		msg_die(EX_USAGE, "%s: the table keeps its versions for %" PRId64 " hours: --force makes it less, "
		    "where no program reads an older version and none writes", session.table.address, asked / 3600000);
	return retain;
}

/* ---- consumers ---- */

/* Is the name of a source the table's address, or the end of it from a '/' on? */
static bool
is_source(const char *name)
{
	const char *root = session.table.root;
	size_t n = strlen(name), all = strlen(root);

	return n <= all && strcmp(root + all - n, name) == 0 && (n == all || *name == '/' || root[all - n - 1] == '/');
}

/* Returns the earliest version of the table that a snapshot of a consumer has as consumed, -1 for none. */
static int64_t
consumed_by(const struct delta_snapshot *s)
{
	size_t prefix = strlen(DELTA_CONSUMED), i;
	int64_t first = -1;

	for (i = 0; i < s->napps; i++) {
		const struct delta_app *app = &s->apps[i];

		if (strncmp(app->id, DELTA_CONSUMED, prefix) == 0 && is_source(app->id + prefix) &&
		    (first < 0 || app->version < first))
			first = app->version;
	}
	return first;
}

static int64_t
load_consumer(const char *address)
{
	struct delta_table t;
	struct delta_snapshot s;
	struct msg err = { 0 };
	int64_t version;

	if (delta_open(&t, address, &err) < 0 || delta_load(&t, DELTA_NEWEST, &s, &err) < 0)
		msg_exit(&err);
	version = consumed_by(&s);
	if (version < 0)
		msg_die(EX_DATAERR, "%s: has consumed no version of %s", address, session.table.address);
	delta_snapshot_free(&s);
	delta_close(&t);
	return version;
}

/* Returns since when a version has been the table's, in milliseconds. */
static int64_t
version_time(int64_t version)
{
	struct delta_history h;
	struct msg err = { 0 };
	int64_t time;
	size_t i;

	if (delta_history(&session.table, 0, &h, &err) < 0)
		msg_exit(&err);
	for (i = 0; i < h.n && h.commits[i].version != version; i++)
		;
	if (i == h.n)
		msg_die(EX_NOINPUT, "%s: version %" PRId64 ", which a consumer has, is gone from the log",
		    session.table.address, version);
	time = h.commits[i].timestamp;
	delta_history_free(&h);
	return time;
}

/* Returns how long versions are kept, at least `kept`, so that no consumer loses changes. */
static int64_t
kept_for_consumers(int64_t now, int64_t kept)
{
	size_t i;

	for (i = 0; i < nconsumers; i++) {
		int64_t version = load_consumer(consumers[i]), ms = now - version_time(version);

		if (ms <= kept)
			continue;
		kept = ms;
		if (cli.verbose)
			msg_warn("%s: kept from version %" PRId64 " on for %s", session.table.address, version,
			    consumers[i]);
	}
	free(consumers);
	return kept;
}

/* ---- the versions that record a vacuum ---- */

struct sum {
	uint64_t files, bytes;
};

struct record {				/* a version whose commit information says what is done; no file changes */
	const char *operation;
	struct delta_pair parameters[3];
	size_t nparameters;
	struct delta_metric metrics[2];
};

static int
record_work(struct table_session *s, struct delta_change *c, struct msg *err)
{
	const struct record *r = s->task->to;

	(void)err;
	*c = (struct delta_change){ .operation = r->operation, .parameters = r->parameters,
	    .nparameters = r->nparameters, .metrics = r->metrics, .nmetrics = 2, .scope = DELTA_BLIND };
	return 1;
}

/* Other writers' changes are no hindrance, unless they forbid a vacuum. */
static int
commit(struct record *r, struct msg *err)
{
	struct table_task task = { .may = delta_may_vacuum, .files = TABLE_FILES_NONE, .work = record_work, .to = r };

	session.task = &task;
	return table_session_run(&session, err);
}

static void
record_start(int64_t kept, int64_t asked, struct sum all)
{
	struct record r = { .operation = "VACUUM START", .nparameters = retain >= 0 ? 3 : 2,
	    .parameters = { { "retentionCheckEnabled", force ? "false" : "true" },
	    { "defaultRetentionMillis", xasprintf("%" PRId64, asked) },
	    { "specifiedRetentionMillis", xasprintf("%" PRId64, kept) } },
	    .metrics = { { "numFilesToDelete", all.files }, { "sizeOfDataToDelete", all.bytes } } };
	struct msg err = { 0 };
	size_t i;

	if (commit(&r, &err) < 0)
		msg_exit(&err);
	for (i = 1; i < 3; i++)
		free((char *)r.parameters[i].value);
}

static int
record_end(struct sum done, bool failed, struct msg *err)
{
	struct record r = { .operation = "VACUUM END", .nparameters = 1,
	    .parameters = { { "status", failed ? "FAILED" : "COMPLETED" } },
	    .metrics = { { "numDeletedFiles", done.files }, { "numVacuumedDirectories", 0 } } };

	return commit(&r, err);
}

/* ---- files ---- */

static void
put_name(struct buf *out, const char *name)
{
	buf_addf(out, "%s/", session.table.address);
	for (; *name != '\0'; name++)
		buf_addc(out, (unsigned char)*name < 0x20 || *name == 0x7f ? '?' : (uint8_t)*name);
	buf_addc(out, '\n');
}

/* Removes them, and goes on after a failure; `out` gets the names of those removed, *first the first failure. */
static struct sum
remove_files(const struct store_list *list, struct buf *out, struct msg *first)
{
	struct sum done = { 0, 0 };
	struct msg err;
	size_t i;

	for (i = 0; i < list->n; i++) {
		err = (struct msg){ 0 };
		switch (store_delete_own(session.table.store, &list->entries[i], &err)) {
		case 1:
			done.files++;
			done.bytes += list->entries[i].size;
			put_name(out, list->entries[i].name);
			break;
		case -1:
			msg_warn("%s", err.text);
			if (first->status == 0)
				*first = err;
		}
	}
	return done;
}

static void
print(struct buf *out)
{
	struct msg err = { 0 };

	if (io_write(STDOUT_FILENO, out->p, out->len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	buf_free(out);
}

static struct sum
add_up(const struct store_list *l)
{
	struct sum sum = { l->n, 0 };
	size_t i;

	for (i = 0; i < l->n; i++)
		sum.bytes += l->entries[i].size;
	return sum;
}

/* Removes data files between the two versions that record it. */
static void
remove_data(const struct store_list *garbage, int64_t kept, struct buf *out, struct sum *all, struct msg *failure)
{
	struct msg err = { 0 };

	record_start(kept, table_retention(&session.first), *all);
	*all = remove_files(garbage, out, failure);
	if (record_end(*all, failure->status != 0, &err) < 0) {
		msg_warn("the files are removed, but the log does not say so: %s", err.text);
		if (failure->status == 0)
			*failure = err;
	}
}

/* Removes all that is listed, and prints it; the status. */
static int
delete(const struct store_list *garbage, const struct store_list *expired, int64_t kept)
{
	struct sum all = add_up(garbage), log = { 0, 0 };
	struct buf out = { 0 };
	struct msg failure = { 0 };

	if (garbage->n > 0)
		remove_data(garbage, kept, &out, &all, &failure);
	if (failure.status == 0)
		log = remove_files(expired, &out, &failure);
	if (cli.verbose)
		msg_warn("%s: %" PRIu64 " files removed, %" PRIu64 " bytes", session.table.address,
		    all.files + log.files, all.bytes + log.bytes);
	print(&out);
	return failure.status;
}

static int
list(const struct store_list *garbage, const struct store_list *expired)
{
	struct sum all = add_up(garbage), log = add_up(expired);
	struct buf out = { 0 };
	size_t i;

	for (i = 0; i < garbage->n; i++)
		put_name(&out, garbage->entries[i].name);
	for (i = 0; i < expired->n; i++)
		put_name(&out, expired->entries[i].name);
	if (cli.verbose)
		msg_warn("%s: %" PRIu64 " files can be removed, %" PRIu64 " bytes", session.table.address,
		    all.files + log.files, all.bytes + log.bytes);
	print(&out);
	return 0;
}

int
main(int argc, char *argv[])
{
	static const struct table_task look = { .may = delta_may_vacuum, .files = TABLE_FILES_NONE };
	const char *address = cli_operand(argc, argv, cli_start(&program, argc, argv), "TABLE");
	struct delta_table *t = &session.table;
	struct store_list garbage, expired = { 0 };
	struct delta_snapshot s;
	struct msg err = { 0 };
	int64_t kept, now = delta_now();
	int status;

	check_options();
	session.task = &look;
	session.retry = cli.retry;
	if (table_session_open(&session, address, &err) < 0)
		msg_exit(&err);
	kept = kept_for_consumers(now, retention(&session.first));
	if (removes && delta_recover(t, &err) < 0)
		msg_exit(&err);
	if (delta_vacuum_find(t, now - kept, &s, &garbage, &err) < 0 ||
	    (clean_log && delta_expire_find(t, &s, now, &expired, &err) < 0))
		msg_exit(&err);
	status = removes ? delete(&garbage, &expired, kept) : list(&garbage, &expired);
	store_list_free(&garbage);
	store_list_free(&expired);
	delta_snapshot_free(&s);
	table_session_close(&session);
	return status;
}

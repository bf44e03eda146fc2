/* acct-optimize makes few large files of the many small ones of a Delta table, with the same rows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "optimize/optimize.h"
#include "expr/expr.h"
#include "table/table.h"

static const size_t DEFAULT_TARGET = 256 << 20, DEFAULT_MEMORY = 512 << 20, LEAST_TARGET = 1024,
    MOST_TARGET = SIZE_MAX / 4;

static char *key_words;			/* of -k; NULL without */
static const char *where;		/* of -w; NULL without */
static size_t target;			/* 0 where not given */
static struct delta_turn turn;
static struct delta_table table;

/* ---- options ---- */

static void
set_target(const char *option, char *arg)
{
	target = cli_size(option, arg);
	if (target < LEAST_TARGET || target > MOST_TARGET)
		cli_usage("%s: must be at least %zu bytes: %s", option, LEAST_TARGET, msg_quotes(arg));
}

static const struct cli_option options[] = {
	{ 'k', "key", "KEY,...", "sort all rows by these columns, within each partition", CLI_LIST, .to = &key_words },
	{ 0, "target", "SIZE", "size of a file, such as 64M (default: the table's setting, or 256M); a file below\n"
	    "half of it is small", CLI_CALL, .call = set_target },
	{ 'w', "where", "PREDICATE", "only partitions for which this is true, over the partition columns", CLI_TEXT,
	    .to = &where },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [-k KEY,...] [-w PREDICATE] [--target SIZE] [--memory SIZE]\n"
	    "                     [--codec CODEC] [--encoding ENCODING] [--retry SECONDS] [--outside] TABLE", NULL },
	.about = "Puts the rows of the small files of a Delta table into few large ones, and those of files with\n"
	    "deletion vectors into files without, as one version with the same rows.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_memory, cli_codec, cli_retry, cli_outside, NULL },
	.examples = (const char *const[]){ "acct-optimize -v lake/silver/transactions",
	    "acct-optimize -k account_id --target 64M lake/silver/transactions", NULL },
};

/* ---- options against the table ---- */

static void
load(struct delta_snapshot *s)
{
	struct msg err = { 0 }, why = { 0 };

	if (delta_load(&table, DELTA_NEWEST, s, &err) < 0)
		msg_exit(&err);
	if (delta_may_rearrange(s, &why) < 0)
		msg_die(why.status, "%s: %s", table.address, why.text);
}

/* The table's own target, "104857600" or "100mb"; 0 where it has none that is understood. */
static size_t
table_target(const struct delta_snapshot *s)
{
	static const struct { const char *unit; int shift; } units[] = { { "", 0 }, { "b", 0 }, { "k", 10 },
	    { "kb", 10 }, { "m", 20 }, { "mb", 20 }, { "g", 30 }, { "gb", 30 } };
	const char *word = delta_property(s, "delta.targetFileSize");
	size_t n = word != NULL ? strspn(word, "0123456789") : 0, i;
	int64_t number;

	for (i = 0; n > 0 && i < sizeof(units) / sizeof(*units); i++)
		if (strcasecmp(word + n, units[i].unit) == 0 && num_int64(word, n, &number) &&
		    number <= (INT64_C(1) << 60) >> units[i].shift && number << units[i].shift >= (int64_t)LEAST_TARGET)
			return (size_t)number << units[i].shift;
	return 0;
}

/* The columns of -k in the snapshot. Owned. */
static size_t *
find_keys(const struct delta_snapshot *s, size_t *n)
{
	char *list = key_words != NULL ? xstrdup(key_words) : NULL;
	char **words = xcalloc(s->ncolumns, sizeof(*words));
	size_t *keys = xcalloc(s->ncolumns, sizeof(*keys)), i, k;
	int at;

	*n = list != NULL ? cli_list("-k", list, words, s->ncolumns) : 0;
	for (i = 0; i < *n; i++) {
		if ((at = delta_column_find(s, words[i])) < 0)
			msg_die(EX_USAGE, "-k: %s: no such column in %s%s", msg_quotes(words[i]), table.address,
			    delta_column_hint(s, words[i]));
		if (s->columns[at].partition >= 0)
			msg_die(EX_USAGE, "-k: %s: the table is partitioned by it: rows are sorted within a partition",
			    msg_quotes(words[i]));
		keys[i] = (size_t)at;
		for (k = 0; k < i; k++)
			if (keys[k] == keys[i])
				msg_die(EX_USAGE, "-k: %s: named twice", msg_quotes(words[i]));
	}
	free(words);
	free(list);
	return keys;
}

/* The files of the partitions that -w names; owned, NULL for all. */
static bool *
find_wanted(const struct delta_snapshot *s)
{
	struct buf b = { 0 };
	struct msg err = { 0 };
	bool *wanted;
	size_t place;

	if (where == NULL)
		return NULL;
	if (s->metadata.npartition_columns == 0)
		msg_die(EX_USAGE, "-w: %s is not partitioned", table.address);
	wanted = xcalloc(s->nfiles, sizeof(*wanted));
	if (optimize_where(s, where, wanted, &place, &err) == 0)
		return wanted;
	if (place == SIZE_MAX)
		msg_die(err.status, "%s: %s", table.address, err.text);
	expr_caret(where, strlen(where), place, &b);
	msg_warn("-w: %s", err.text);
	fputs(buf_cstr(&b), stderr);
	msg_leave(err.status);
}

/* ---- the version ---- */

struct sizes {				/* of files */
	uint64_t bytes;
	uint64_t least, most;
};

static struct sizes
measure(const struct delta_file *files, const size_t *which, size_t n)
{
	struct sizes z = { 0, 0, 0 };
	uint64_t size;
	size_t i;

	for (i = 0; i < n; i++) {
		size = (uint64_t)files[which != NULL ? which[i] : i].size;
		z.bytes += size;
		z.least = i == 0 || size < z.least ? size : z.least;
		z.most = size > z.most ? size : z.most;
	}
	return z;
}

/* The key columns as a JSON list, as Spark writes such parameters. */
static char *
key_list(const struct delta_snapshot *s, const size_t *keys, size_t n)
{
	struct buf b = { 0 };
	size_t i;

	buf_addc(&b, '[');
	for (i = 0; i < n; i++) {
		buf_adds(&b, i > 0 ? "," : "");
		json_put(&b, s->columns[keys[i]].name, strlen(s->columns[keys[i]].name));
	}
	buf_addc(&b, ']');
	return buf_cstr(&b);
}

/* The predicate likewise. */
static char *
predicate_list(void)
{
	struct buf b = { 0 };

	buf_addc(&b, '[');
	if (where != NULL)
		json_put(&b, where, strlen(where));
	buf_addc(&b, ']');
	return buf_cstr(&b);
}

/* Tries to make the result a version. As delta_commit. */
static int
commit(const struct delta_snapshot *s, const struct optimize_options *o, const struct optimize_result *r,
    int64_t *version, struct msg *err)
{
	struct sizes added = measure(r->adds, NULL, r->nadds), removed = measure(s->files, r->removes, r->nremoves);
	struct delta_pair parameters[] = { { "predicate", predicate_list() }, { "zOrderBy", "[]" }, { "auto", "false" },
	    { "sortBy", key_list(s, o->keys, o->nkeys) }, { "targetSize", xasprintf("%" PRIu64, o->target) } };
	const struct delta_metric metrics[] = {
		{ "numRemovedFiles", r->nremoves }, { "numRemovedBytes", removed.bytes },
		{ "numAddedFiles", r->nadds }, { "numAddedBytes", added.bytes }, { "minFileSize", added.least },
		{ "maxFileSize", added.most }, { "numOutputRows", r->rows }
	};
	struct delta_change c = { .operation = "OPTIMIZE", .parameters = parameters, .nparameters = 5,
	    .metrics = metrics, .nmetrics = sizeof(metrics) / sizeof(*metrics), .scope = DELTA_REARRANGE,
	    .adds = r->adds, .nadds = r->nadds,
	    .removes = r->removes, .nremoves = r->nremoves };
	struct msg warn = { 0 };
	int failed;

	failed = delta_commit(&table, s, &c, version, &warn, err);
	if (warn.status != 0)
		msg_warn("%s", warn.text);
	if (!failed && cli.verbose)
		msg_warn("%s: version %" PRId64 ": %zu files of %" PRIu64 " bytes in place of %zu of %" PRIu64,
		    table.address, *version, r->nadds, added.bytes, r->nremoves, removed.bytes);
	free((char *)parameters[0].value);
	free((char *)parameters[3].value);
	free((char *)parameters[4].value);
	return failed;
}

/* Sorting gains little from more than this. */
static size_t
sort_memory(void)
{
	return cli.memory_given || cli.memory < DEFAULT_MEMORY ? cli.memory : DEFAULT_MEMORY;
}

/* As delta_commit; where nothing became a version, nothing is left of it. */
static int
optimize_once(struct msg *err)
{
	struct delta_snapshot s;
	struct delta_intent intent;
	struct optimize_options o = { .intent = &intent, .codec = (enum pq_codec)cli.codec,
	    .delta_encodings = cli.encoding == 1,
	    .memory = sort_memory() };
	struct optimize_result r;
	int64_t version = -1;
	size_t *keys;
	bool *wanted;
	int failed = 0;

	load(&s);
	delta_intent_init(&intent, &table, &s);
	keys = find_keys(&s, &o.nkeys);
	o.keys = keys;
	wanted = find_wanted(&s);
	o.wanted = wanted;
	o.target = target > 0 ? target : table_target(&s);
	if (o.target == 0)
		o.target = DEFAULT_TARGET;
	if (optimize_run(&table, &s, &o, &r, err) < 0)
		msg_exit(err);
	if (r.nremoves == 0) {
		if (cli.verbose)
			msg_warn("%s: version %" PRId64 " stays: nothing to do", table.address, s.version);
	} else {
		failed = commit(&s, &o, &r, &version, err);
		if (version < 0)
			delta_intent_undo(&intent);
	}
	delta_intent_end(&intent);
	optimize_result_free(&r);
	free(keys);
	free(wanted);
	delta_snapshot_free(&s);
	return failed;
}

int
main(int argc, char *argv[])
{
	struct msg err = { 0 };
	const char *address;

	address = cli_operand(argc, argv, cli_start(&program, argc, argv), "TABLE");
	turn.seconds = cli.retry;
	if (delta_open(&table, address, &err) < 0)
		msg_exit(&err);
	if (cli.outside)
		store_read_outside(table.store);
	while (optimize_once(&err) < 0) {
		if (err.status != EX_TEMPFAIL || !delta_turn_wait(&turn))
			msg_exit(&err);
		err = (struct msg){ 0 };
	}
	delta_close(&table);
	return 0;
}

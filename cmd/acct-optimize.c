/* acct-optimize makes few large files of the many small ones of a Delta table, with the same rows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "expr/expr.h"
#include "optimize/optimize.h"
#include "table/session.h"

static const size_t DEFAULT_TARGET = 256 << 20, DEFAULT_MEMORY = 512 << 20, LEAST_TARGET = 1024,
    MOST_TARGET = SIZE_MAX / 4;

static char *key_words;			/* of -k; NULL without */
static const char *where;		/* of -w; NULL without */
static size_t target;			/* 0 where not given */
static bool if_needed;

/* ---- options ---- */

static void
set_target(const char *option, char *arg)
{
	target = cli_size(option, arg);
	if (target < LEAST_TARGET || target > MOST_TARGET)
		cli_usage("%s: must be at least %zu bytes: %s", option, LEAST_TARGET, msg_quotes(arg));
}

static const struct cli_option options[] = {
	{ 0, "if-needed", NULL, "do nothing unless more than 32 files are small or more than a fifth of the rows\n"
	    "is deleted", CLI_FLAG, .to = &if_needed },
	{ 'k', "key", "KEY,...", "sort all rows by these columns, within each partition", CLI_LIST, .to = &key_words },
	{ 0, "target", "SIZE", "size of a file, such as 64M (default: the table's setting, or 256M); a file below\n"
	    "half of it is small", CLI_CALL, .call = set_target },
	{ 'w', "where", "PREDICATE", "only partitions for which this is true, over the partition columns", CLI_TEXT,
	    .to = &where },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [--if-needed] [-k KEY,...] [-w PREDICATE] [--target SIZE]\n"
	    "                     [--memory SIZE] [--txn APP:VERSION] [--prepare FILE] [--codec CODEC]\n"
	    "                     [--encoding ENCODING] [--retry SECONDS] [--outside] TABLE", NULL },
	.about = "Puts the rows of the small files of a Delta table into few large ones, and those of files with\n"
	    "deletion vectors into files without, as one version with the same rows.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_change, cli_memory, cli_codec, cli_retry, cli_outside,
	    NULL },
	.examples = (const char *const[]){ "acct-optimize -v lake/silver/transactions",
	    "acct-optimize -k account_id --target 64M lake/silver/transactions", NULL },
};

/* ---- options against the table ---- */

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

static struct work {			/* one attempt */
	struct optimize_result result;
	struct optimize_change change;
	size_t *keys;
	bool *wanted;
} w;

/* Finds the columns of -k in the snapshot; they stay where the end of the program finds them. */
static size_t *
find_keys(const struct delta_table *t, const struct delta_snapshot *s, size_t *n)
{
	char *list = key_words != NULL ? xstrdup(key_words) : NULL;
	char **words = xcalloc(s->ncolumns, sizeof(*words));
	size_t *keys = w.keys = xcalloc(s->ncolumns, sizeof(*keys)), i, k;
	int at;

	*n = list != NULL ? cli_list("-k", list, words, s->ncolumns) : 0;
	for (i = 0; i < *n; i++) {
		if ((at = delta_column_find(s, words[i])) < 0)
			msg_die(EX_USAGE, "-k: %s: no such column in %s%s", msg_quotes(words[i]), t->address,
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
find_wanted(const struct delta_table *t, const struct delta_snapshot *s)
{
	struct buf b = { 0 };
	struct msg err = { 0 };
	bool *wanted;
	size_t place;

	if (where == NULL)
		return NULL;
	if (s->metadata.npartition_columns == 0)
		msg_die(EX_USAGE, "-w: %s is not partitioned", t->address);
	wanted = xcalloc(s->nfiles, sizeof(*wanted));
	if (optimize_where(s, where, wanted, &place, &err) == 0)
		return wanted;
	if (place == SIZE_MAX)
		msg_die(err.status, "%s: %s", t->address, err.text);
	expr_caret(where, strlen(where), place, &b);
	msg_warn("-w: %s", err.text);
	fputs(buf_cstr(&b), stderr);
	msg_leave(err.status);
}

/* ---- the version ---- */

/* Sorting gains little from more than this. */
static size_t
sort_memory(void)
{
	return cli.memory_given || cli.memory < DEFAULT_MEMORY ? cli.memory : DEFAULT_MEMORY;
}

static int
work(struct table_session *s, struct delta_change *c, struct msg *err)
{
	struct optimize_options o = { .intent = &s->intent, .codec = (enum pq_codec)cli.codec,
	    .delta_encodings = cli.encoding == 1, .memory = sort_memory(),
	    .target = target > 0 ? target : table_target(s->base) };

	o.keys = find_keys(&s->table, s->base, &o.nkeys);
	o.wanted = w.wanted = find_wanted(&s->table, s->base);
	if (o.target == 0)
		o.target = DEFAULT_TARGET;
	if (if_needed && !optimize_needed(s->base, &o))
		return 0;
	if (optimize_run(&s->table, s->base, &o, &w.result, err) < 0)
		msg_exit(err);
	optimize_change_make(&w.change, s->base, &o, where, &w.result);
	*c = w.change.change;
	buf_addf(&s->summary, "%zu files of %" PRIu64 " bytes in place of %zu of %" PRIu64, w.result.nadds,
	    w.change.added, w.result.nremoves, w.change.removed);
	return w.result.nremoves > 0;
}

static void
release(struct table_session *s)
{
	(void)s;
	optimize_change_free(&w.change);
	optimize_result_free(&w.result);
	free(w.keys);
	free(w.wanted);
	w = (struct work){ .keys = NULL };
}

int
main(int argc, char *argv[])
{
	static const struct table_task task = { .may = delta_may_rearrange, .idle = "nothing to do", .work = work,
	    .release = release };
	const char *address = cli_operand(argc, argv, cli_start(&program, argc, argv), "TABLE");
	struct table_session session = { .task = &task };
	struct msg err = { 0 };
	int done;

	cli_session(&session);
	if (table_session_open(&session, address, &err) < 0 || (done = table_session_done(&session, &err)) < 0 ||
	    (!done && table_session_run(&session, &err) < 0))
		msg_exit(&err);
	table_session_close(&session);
	free((char *)cli.app);
	return 0;
}

/*
 * acct-join joins two record streams by equal keys: the probe side goes through, the build side is remembered.
 */
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "join/join.h"

static const char *const types[] = { "inner", "left", "outer", "semi", "anti", NULL };
static struct join_options opt;
static struct join_fill fills[REC_MAX_COLUMNS];
static unsigned type;			/* enum join_type */
static bool sorted;
static char *keys;
static const char *build_path, *probe_path;

static void
add_fill(const char *option, char *arg)
{
	if (opt.nfills == REC_MAX_COLUMNS)
		cli_usage("%s: more than %d", option, REC_MAX_COLUMNS);
	fills[opt.nfills++] = (struct join_fill){ .column = arg, .value = cli_pair(option, arg, "COLUMN=VALUE") };
}

static const struct cli_option options[] = {
	{ 'j', "join", "TYPE", "inner (default), left, outer, semi or anti; left is the probe side", CLI_WORD,
	    .to = &type,
	    .words = types },
	{ 'k', "key", "KEY,...", "key columns: NAME, or PROBE_NAME=BUILD_NAME where they differ", CLI_LIST,
	    .to = &keys },
	{ 0, "sorted", NULL, "both streams are in key order: merge them, in constant memory", CLI_FLAG, .to = &sorted },
	{ 0, "fill", "COLUMN=VALUE", "use VALUE instead of null if a record has no match; may be repeated", CLI_CALL,
	    .call = add_fill },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-j TYPE] -k KEY,... [--sorted] [--fill COLUMN=VALUE ...] [-t NAME] [-o FILE] BUILD [PROBE]",
	    NULL },
	.about = "Joins the record stream PROBE, by default standard input, to the stream BUILD by equal keys.\n"
	    "BUILD is remembered, PROBE passes through; \"-\" is standard input.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_table, cli_output, cli_memory, cli_stream, NULL },
	.examples = (const char *const[]){ "acct-join -k customer_id customers.acct accounts.acct | acct-cat -f table",
	    "acct-join -j anti -k customer_id customers.acct <accounts.acct >orphans.acct", NULL },
};

enum { LEAST_MEMORY = 64 << 10 };

static void
parse_paths(int argc, char *argv[])
{
	if (argc < 1 || argc > 2)
		cli_usage(argc < 1 ? "missing BUILD" : "too many files: %s", argc < 1 ? "" : msg_quotes(argv[2]));
	build_path = argv[0];
	probe_path = argc > 1 ? argv[1] : "-";
	if (strcmp(build_path, "-") == 0 && strcmp(probe_path, "-") == 0)
		cli_usage("BUILD and PROBE are both standard input");
}

/* Looks up both names of every key. */
static void
find_keys(const struct rec_reader *probe, const struct rec_reader *build)
{
	char *words[JOIN_MAX_KEYS], *equals;
	struct buf names[2] = { 0 };

	opt.nkeys = cli_list("-k", keys, words, JOIN_MAX_KEYS);
	for (size_t i = 0; i < opt.nkeys; i++) {
		equals = strchr(words[i], '=');
		if (equals != NULL)
			*equals = '\0';
		buf_addf(&names[0], "%s%s", i > 0 ? "," : "", words[i]);
		buf_addf(&names[1], "%s%s", i > 0 ? "," : "", equals != NULL ? equals + 1 : words[i]);
	}
	cli_columns(probe, "-k", buf_cstr(&names[0]), opt.probe_key, JOIN_MAX_KEYS);
	cli_columns(build, "-k", buf_cstr(&names[1]), opt.build_key, JOIN_MAX_KEYS);
	buf_free(&names[0]);
	buf_free(&names[1]);
}

static void
print_totals(const struct join_stats *s, uint64_t written)
{
	msg_warn("%llu probe records, %llu build records, %llu matched, %llu written", (unsigned long long)s->probe,
	    (unsigned long long)s->build, (unsigned long long)s->matched, (unsigned long long)written);
	if (s->partitions > 0)
		msg_warn("%llu partitions on disk", (unsigned long long)s->partitions);
}

int
main(int argc, char *argv[])
{
	struct rec_reader build, probe;
	struct rec_writer out;
	struct join_plan plan;
	struct join j = { .plan = &plan, .build = &build, .probe = &probe, .out = &out };
	uint64_t written;
	int operand = cli_start(&program, argc, argv);

	if (keys == NULL)
		cli_usage("-k is required");
	parse_paths(argc - operand, argv + operand);
	opt.type = type;
	opt.table = cli.table;
	opt.fills = fills;
	cli_open(&build, build_path, 0);
	cli_open(&probe, probe_path, 0);
	find_keys(&probe, &build);
	if (join_plan(&plan, &opt, &probe.header, probe.name, &build.header, build.name, &j.err) < 0)
		msg_exit(&j.err);
	cli_create(&out, &plan.header);
	j.memory = cli.memory < LEAST_MEMORY ? LEAST_MEMORY : cli.memory;
	if ((sorted ? join_sorted : join_hash)(&j) < 0) {
		rec_abandon(&out);
		msg_exit(&j.err);
	}
	written = out.count;
	xrec_finish(&out);
	if (cli.verbose)
		print_totals(&j.stats, written);
	rec_close(&build);
	rec_close(&probe);
	join_plan_free(&plan);
	return EX_OK;
}

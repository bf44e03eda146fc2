/*
 * acct-join joins two record streams by equal keys: the probe side goes through, the build side is remembered.
 */
#include <string.h>

#include "base/cli.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "join/join.h"

const char cli_help[] =
    "usage: acct-join [-j TYPE] -k KEY[,KEY...] [--sorted] [--fill COLUMN=VALUE ...] [-t TABLE] [-o OUT] BUILD [PROBE]\n"
    "\n"
    "  -j, --join TYPE         inner (default), left, outer, semi or anti; left is the probe side\n"
    "  -k, --key KEY,...       key columns: NAME, or PROBE_NAME=BUILD_NAME where they differ\n"
    "      --sorted            both streams are in key order: merge them in constant memory\n"
    "      --fill COLUMN=VALUE a value instead of null where a record has no match; may be repeated\n"
    "  -t, --table NAME        the output's table name; as the probe side's where not given\n"
    "  -o, --output FILE       write to FILE, whole or not at all\n"
    "      --memory SIZE       remember at most about SIZE, go to disk beyond (1G)\n"
    "      --max-record SIZE   longest record (16M)\n"
    "      --partial           take streams that are cut short\n"
    "      --progress          show progress on standard error\n"
    "  -v, --verbose           totals on standard error\n"
    "  -h, --help              this help\n"
    "  -V, --version           the version\n"
    "\n"
    "BUILD and PROBE are record streams, \"-\" is standard input; PROBE is standard input where it is not given.\n";

enum { OPT_SORTED = 0x100, OPT_FILL, DEFAULT_MEMORY = 1 << 30, LEAST_MEMORY = 64 << 10 };

static const struct option options[] = {
	{ "join", required_argument, NULL, 'j' },
	{ "key", required_argument, NULL, 'k' },
	{ "sorted", no_argument, NULL, OPT_SORTED },
	{ "fill", required_argument, NULL, OPT_FILL },
	{ "table", required_argument, NULL, 't' },
	{ "output", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 }
};

static struct join_options opt;
static struct join_fill fills[REC_MAX_COLUMNS];
static bool sorted;
static char *keys;
static const char *output, *build_path, *probe_path;

static enum join_type
parse_type(const char *s)
{
	static const char *const names[] = { "inner", "left", "outer", "semi", "anti" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(s, names[i]) == 0)
			return (enum join_type)i;
	cli_usage("-j: not inner, left, outer, semi or anti: %s", msg_quotes(s));
}

static void
parse_fill(char *arg)
{
	char *equals = strchr(arg, '=');

	if (equals == NULL || equals == arg)
		cli_usage("--fill: not COLUMN=VALUE: %s", msg_quotes(arg));
	if (opt.nfills == REC_MAX_COLUMNS)
		cli_usage("--fill: more than %d", REC_MAX_COLUMNS);
	*equals = '\0';
	fills[opt.nfills++] = (struct join_fill){ arg, equals + 1 };
}

static void
parse_paths(int argc, char *argv[])
{
	if (argc < 1 || argc > 2)
		cli_usage(argc < 1 ? "BUILD is missing" : "too many files: %s", argc < 1 ? "" : msg_quotes(argv[2]));
	build_path = argv[0];
	probe_path = argc > 1 ? argv[1] : "-";
	if (strcmp(build_path, "-") == 0 && strcmp(probe_path, "-") == 0)
		cli_usage("BUILD and PROBE are both standard input");
}

static void
parse_options(int argc, char *argv[])
{
	int c;

	opt.fills = fills;
	while ((c = cli_getopt(argc, argv, "j:k:t:o:", options)) != -1)
		switch (c) {
		case 'j':
			opt.type = parse_type(optarg);
			break;
		case 'k':
			keys = optarg;
			break;
		case OPT_SORTED:
			sorted = true;
			break;
		case OPT_FILL:
			parse_fill(optarg);
			break;
		case 't':
			opt.table = optarg;
			break;
		case 'o':
			output = optarg;
			break;
		}
	if (opt.table != NULL && (*opt.table == '\0' || !utf8_ok(opt.table, strlen(opt.table))))
		cli_usage("-t: no name: %s", msg_quotes(opt.table));
	if (keys == NULL)
		cli_usage("-k: key columns are missing");
	parse_paths(argc - optind, argv + optind);
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
	xrec_columns(probe, "-k", buf_cstr(&names[0]), opt.probe_key, JOIN_MAX_KEYS);
	xrec_columns(build, "-k", buf_cstr(&names[1]), opt.build_key, JOIN_MAX_KEYS);
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

	cli_start(argc, argv);
	rec_abort_line(NULL);
	parse_options(argc, argv);
	rec_abort_line(output);
	xrec_open(&build, build_path, 0);
	xrec_open(&probe, probe_path, 0);
	find_keys(&probe, &build);
	if (join_plan(&plan, &opt, &probe.header, probe.name, &build.header, build.name, &j.err) < 0)
		msg_exit(&j.err);
	xrec_create(&out, output, &plan.header);
	j.memory = cli_memory == 0 ? DEFAULT_MEMORY : cli_memory < LEAST_MEMORY ? LEAST_MEMORY : cli_memory;
	if ((sorted ? join_sorted : join_hash)(&j) < 0) {
		rec_abandon(&out);
		msg_exit(&j.err);
	}
	written = out.count;
	xrec_finish(&out);
	if (cli_verbose)
		print_totals(&j.stats, written);
	rec_close(&build);
	rec_close(&probe);
	join_plan_free(&plan);
	return EX_OK;
}

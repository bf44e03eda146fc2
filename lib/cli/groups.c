/* Options that several programs have, each worded once. */
#include "cli/cli.h"
#include "delta/delta.h"

struct cli_values cli = { .max_record = REC_MAX_RECORD, .codec = PQ_SNAPPY, .retry = DELTA_TURN_SECONDS };

static void
set_max_record(const char *option, char *arg)
{
	cli.max_record = cli_size(option, arg);
	if (cli.max_record > REC_MOST_RECORD)
		cli_usage("%s: must be at most 1G: %s", option, msg_quotes(arg));
}

static void
set_table(const char *option, char *arg)
{
	cli_name(option, arg);
	cli.table = arg;
}

const struct cli_option cli_input[] = {
	{ 'i', "input", "FILE", "read FILE instead of standard input", CLI_TEXT, .to = &cli.input },
	{ 0 }
};

const struct cli_option cli_output[] = {
	{ 'o', "output", "FILE", "write to FILE, which appears complete or not at all, instead of standard output",
	    CLI_TEXT, .to = &cli.output },
	{ 0 }
};

const struct cli_option cli_table[] = {
	{ 't', "table", "NAME", "name of the table in the output (default: that of the input)", CLI_CALL,
	    .call = set_table },
	{ 0 }
};

const struct cli_option cli_stream[] = {
	{ 0, "partial", NULL, "accept a stream without its trailer", CLI_FLAG, .to = &cli.partial },
	{ 0, "max-record", "SIZE", "longest record (default 16M)", CLI_CALL, .call = set_max_record },
	{ 0 }
};

const struct cli_option cli_text[] = {
	{ 0, "max-record", "SIZE", "longest record (default 16M)", CLI_CALL, .call = set_max_record },
	{ 0 }
};

const struct cli_option cli_memory[] = {
	{ 0, "memory", "SIZE", "remember at most SIZE, such as 64M, and use temporary files beyond\n"
	    "(default: a quarter of memory)", CLI_SIZE, .to = &cli.memory },
	{ 0 }
};

const struct cli_option cli_retry[] = {
	{ 0, "retry", "SECONDS", "how long to retry after a conflict with another writer (default 600)", CLI_NUMBER,
	    .to = &cli.retry },
	{ 0 }
};

const struct cli_option cli_at[] = {
	{ 0, "at", "N", "the table at version N, or at a time: 2026-01-31, 2026-01-31T23:59:59Z", CLI_TEXT,
	    .to = &cli.at },
	{ 0 }
};

const struct cli_option cli_outside[] = {
	{ 0, "outside", NULL, "also read files outside the table's folder and through links, as a shallow clone needs",
	    CLI_FLAG, .to = &cli.outside },
	{ 0 }
};

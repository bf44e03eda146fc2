/* acct-check says whether a lake, a table or a Parquet file is as it was written, and names what is not. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/io.h"
#include "base/progress.h"
#include "check/check.h"

const char cli_help[] =
    "usage: acct-check [-v] [--quick] [--names] [--outside] PLACE\n"
    "\n"
    "Checks a lake, a Delta table, a folder of Parquet files or one file against the checksums, counts and bounds\n"
    "that were written with it, and names what is damaged on standard error. The status is 1 where something is.\n"
    "\n"
    "      --quick              no SHA-256 of bronze, and pages of 64 MiB at most\n"
    "      --names              the names of what is damaged on standard output, one a line\n"
    "      --outside            also read files by absolute paths and links, as a shallow clone has them\n"
    "  -v, --verbose            totals on standard error\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n";

static bool names;
static struct buf named;		/* lines of --names */

static const char *
parse_options(int argc, char *argv[], struct check *c)
{
	enum { QUICK = 256, NAMES, OUTSIDE };
	static const struct option longs[] = {
		{ "quick", no_argument, NULL, QUICK }, { "names", no_argument, NULL, NAMES },
		{ "outside", no_argument, NULL, OUTSIDE }, { 0 }
	};
	int o;

	while ((o = cli_getopt(argc, argv, "", longs)) != -1)
		*(o == QUICK ? &c->quick : o == NAMES ? &names : &c->outside) = true;
	if (argc - optind != 1)
		cli_usage("expected one PLACE");
	return argv[optind];
}

/* Appends a name to the lines, unless it is there. */
static void
add_name(const char *thing)
{
	size_t n = strlen(thing);
	const char *p = buf_cstr(&named), *lf;

	for (; *p != '\0'; p = lf + 1) {
		lf = strchr(p, '\n');
		if ((size_t)(lf - p) == n && memcmp(p, thing, n) == 0)
			return;
	}
	buf_add(&named, thing, n);
	buf_addc(&named, '\n');
}

static void
report(const char *thing, const struct msg *m, void *arg)
{
	(void)arg;
	progress_end();
	msg_warn("%s", m->text);
	if (check_is_damage(m))
		add_name(thing);
}

static void
totals(const struct check *c, const char *place)
{
	msg_warn("%s: %" PRIu64 " files of bronze, %" PRIu64 " tables, %" PRIu64 " exports, %" PRIu64
	    " Parquet files, %" PRIu64 " rows, %" PRIu64 " bytes: %" PRIu64 " damaged, %" PRIu64 " not checked", place,
	    c->bronze, c->tables, c->exports, c->files, c->rows, c->bytes, c->faults, c->unchecked);
}

int
main(int argc, char *argv[])
{
	struct check c = { .report = report };
	struct msg err = { 0 };
	const char *place;

	cli_start(argc, argv);
	place = parse_options(argc, argv, &c);
	if (check_place(&c, place, &err) < 0)
		msg_exit(&err);
	progress_end();
	if (cli_verbose)
		totals(&c, place);
	if (names && io_write(STDOUT_FILENO, named.p, named.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	check_free(&c);
	buf_free(&named);
	return c.faults > 0 ? EX_NO : c.unchecked > 0 ? c.status : 0;
}

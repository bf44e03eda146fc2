/* acct-check says whether a lake, a table or a Parquet file is as it was written, and names what is not. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/progress.h"
#include "check/check.h"
#include "cli/cli.h"

static bool quick, names;
static struct buf named;		/* lines of --names */

static const struct cli_option options[] = {
	{ 0, "quick", NULL, "skip the SHA-256 of bronze and the database, and read at most 64 MiB of pages", CLI_FLAG,
	    .to = &quick },
	{ 0, "names", NULL, "print the names of damaged things on standard output, one per line", CLI_FLAG,
	    .to = &names },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [--quick] [--names] [--outside] PLACE", NULL },
	.about =
	    "Checks a lake, a Delta table, a folder of Parquet files or one file against the checksums, counts and\n"
	    "bounds that were written with it, and names what is damaged on standard error. Status 1 if anything is.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_outside, NULL },
	.examples = (const char *const[]){ "acct-check -v lake", NULL },
};

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

	place = cli_operand(argc, argv, cli_start(&program, argc, argv), "PLACE");
	c.quick = quick;
	c.outside = cli.outside;
	if (check_place(&c, place, &err) < 0)
		msg_exit(&err);
	progress_end();
	if (cli.verbose)
		totals(&c, place);
	if (names && io_write(STDOUT_FILENO, named.p, named.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	check_free(&c);
	buf_free(&named);
	return c.faults > 0 ? EX_NO : c.unchecked > 0 ? c.status : 0;
}

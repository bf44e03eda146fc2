#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "base/io.h"
#include "cli/cli.h"

enum { WIDEST = 26 };		/* an option longer than this has its help on a line of its own */

static void
add_usage(struct buf *b, const struct cli_program *p)
{
	size_t i;

	for (i = 0; p->usage[i] != NULL; i++)
		buf_addf(b, "%s %s %s\n", i == 0 ? "usage:" : "      ", getprogname(), p->usage[i]);
}

void
cli_print_usage(const struct cli_program *p)
{
	struct buf b = { 0 };

	add_usage(&b, p);
	fputs(buf_cstr(&b), stderr);
	buf_free(&b);
}

/* "  -k, --key KEY,..." */
static size_t
write_names(char *to, size_t room, const struct cli_option *o)
{
	char letter[5] = "    ";

	if (o->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	return (size_t)snprintf(to, room, "  %s--%s%s%s", letter, o->name, o->argument != NULL ? " " : "",
	    o->argument != NULL ? o->argument : "");
}

static void
measure(const struct cli_option *o, void *context)
{
	char names[200];
	size_t n = write_names(names, sizeof(names), o), *width = context;

	if (n > *width && n <= WIDEST)
		*width = n;
}

struct listing {
	struct buf *out;
	size_t width;
};

static void
add_option(const struct cli_option *o, void *context)
{
	struct listing *l = context;
	char names[200];
	const char *line = o->help, *end;

	if (write_names(names, sizeof(names), o) > l->width) {
		buf_addf(l->out, "%s\n", names);
		names[0] = '\0';
	}
	for (; line != NULL; line = *end != '\0' ? end + 1 : NULL) {
		end = line + strcspn(line, "\n");
		buf_addf(l->out, "%-*s  %.*s\n", (int)l->width, names, (int)(end - line), line);
		names[0] = '\0';
	}
}

static void
add_examples(struct buf *b, const struct cli_program *p)
{
	size_t i;

	if (p->examples != NULL)
		buf_addf(b, "\nExamples:\n");
	for (i = 0; p->examples != NULL && p->examples[i] != NULL; i++)
		buf_addf(b, "    %s\n", p->examples[i]);
}

void
cli_print_help(const struct cli_program *p)
{
	struct buf b = { 0 };
	struct listing l = { .out = &b };
	struct msg err = { 0 };

	add_usage(&b, p);
	buf_addf(&b, "\n%s\n\n", p->about);
	cli_each_option(p, measure, &l.width);
	cli_each_option(p, add_option, &l);
	add_examples(&b, p);
	buf_addf(&b, "\nManual: %s(1)\n", getprogname());
	if (io_write(STDOUT_FILENO, b.p, b.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	exit(EX_OK);
}

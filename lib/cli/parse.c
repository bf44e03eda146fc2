#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/memory.h"
#include "base/near.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "store/store.h"
#include "cli/cli.h"

enum { MAX_OPTIONS = 64, LONG = 0x100 };	/* getopt_long gives LONG and the option's place for a long one */

static const struct cli_program *program;	/* for cli_usage */

static void
print_help(const char *option, char *arg)
{
	(void)option;
	(void)arg;
	cli_print_help(program);
}

static void
print_version(const char *option, char *arg)
{
	struct msg err = { 0 };
	char text[200];

	(void)option;
	(void)arg;
	snprintf(text, sizeof(text), "%s %s\n", getprogname(), ACCT_VERSION);
	if (io_write(STDOUT_FILENO, text, strlen(text), io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	exit(EX_OK);
}

static const struct cli_option common[] = {
	{ 'v', "verbose", NULL, "print totals on standard error", CLI_FLAG, .to = &cli.verbose },
	{ 0, "progress", NULL, "show progress on standard error, as on a terminal", CLI_FLAG, .to = &cli.progress },
	{ 'h', "help", NULL, "print this help", CLI_CALL, .call = print_help },
	{ 'V', "version", NULL, "print the program's version", CLI_CALL, .call = print_version },
	{ 0 }
};

void
cli_each_option(const struct cli_program *p, void (*each)(const struct cli_option *o, void *context), void *context)
{
	const struct cli_option *o;
	size_t g;

	for (o = p->options; o != NULL && o->type != CLI_END; o++)
		each(o, context);
	for (g = 0; p->groups != NULL && p->groups[g] != NULL; g++)
		for (o = p->groups[g]; o->type != CLI_END; o++)
			each(o, context);
	for (o = common; o->type != CLI_END; o++)
		each(o, context);
}

void
cli_usage(const char *fmt, ...)
{
	char text[800];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	msg_warn("%s", text);
	cli_print_usage(program);
	msg_leave(EX_USAGE);
}

/* ---- what getopt_long asks for ---- */

struct parser {
	const struct cli_option *options[MAX_OPTIONS];
	struct option longs[MAX_OPTIONS + 1];
	char letters[2 * MAX_OPTIONS + 2];	/* a colon first: missing arguments are reported as such */
	size_t n, nletters;
};

static void
add_option(const struct cli_option *o, void *context)
{
	struct parser *p = context;

	if (p->n == MAX_OPTIONS)
		msg_die(EX_SOFTWARE, "more than %d options", MAX_OPTIONS);
	p->options[p->n] = o;
	p->longs[p->n] = (struct option){ o->name, o->argument != NULL ? required_argument : no_argument, NULL, LONG +
	    (int)p->n };
	p->n++;
	if (o->letter != 0) {
		p->letters[p->nletters++] = o->letter;
		if (o->argument != NULL)
			p->letters[p->nletters++] = ':';
	}
}

static const struct cli_option *
find(const struct parser *p, int c)
{
	size_t i;

	if (c >= LONG && c < LONG + (int)p->n)
		return p->options[c - LONG];
	for (i = 0; i < p->n; i++)
		if (c == p->options[i]->letter && c != 0)
			return p->options[i];
	return NULL;
}

/* How a user writes an option in a message: by its letter where it has one. */
static const char *
spelling(const struct cli_option *o)
{
	static char text[100];

	if (o->letter != 0)
		snprintf(text, sizeof(text), "-%c", o->letter);
	else
		snprintf(text, sizeof(text), "--%s", o->name);
	return text;
}

/* Long options that begin as the n bytes of a word do. */
static size_t
begins(const struct parser *p, const char *word, size_t n)
{
	size_t found = 0, i;

	for (i = 0; i < p->n; i++)
		found += strncmp(p->options[i]->name, word, n) == 0;
	return found;
}

/* "--name" or "--name=value" that no option or several have. */
static _Noreturn void
refuse_long(const struct parser *p, const char *word)
{
	static char name[100], others[MAX_OPTIONS][40];		/* for the message, which ends the program */
	struct near near;
	size_t i;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	if (begins(p, name + 2, strlen(name + 2)) > 1)
		cli_usage("ambiguous option: %s", msg_quotes(name));
	near_start(&near, name);
	for (i = 0; i < p->n; i++) {
		snprintf(others[i], sizeof(others[i]), "--%s", p->options[i]->name);
		near_try(&near, others[i]);
	}
	cli_usage("no such option: %s%s", msg_quotes(name), near_hint(&near));
}

/* An option that getopt_long refused: optopt has its letter or value, 0 for a long one that it does not know. */
static _Noreturn void
refuse(const struct parser *p, int c, const char *word)
{
	const struct cli_option *o = find(p, optopt);
	char letter[3] = { '-', (char)optopt, '\0' };

	if (optopt == 0)
		refuse_long(p, word);
	if (o == NULL)
		cli_usage("no such option: %s", msg_quotes(letter));
	if (optopt < LONG)
		cli_usage("%s needs an argument", letter);
	cli_usage(c == ':' ? "--%s needs an argument" : "--%s takes no argument", o->name);
}

static void
apply(const struct cli_option *o, char *arg)
{
	switch (o->type) {
	case CLI_FLAG:
		*(bool *)o->to = true;
		break;
	case CLI_TEXT:
		*(const char **)o->to = arg;
		break;
	case CLI_LIST:
		*(char **)o->to = arg;
		break;
	case CLI_SIZE:
		*(size_t *)o->to = cli_size(spelling(o), arg);
		break;
	case CLI_NUMBER:
		*(unsigned *)o->to = cli_number(spelling(o), arg);
		break;
	case CLI_WORD:
		*(unsigned *)o->to = cli_word(spelling(o), arg, o->words);
		break;
	case CLI_CALL:
		o->call(spelling(o), arg);
		break;
	case CLI_END:
		break;
	}
}

static void
note_memory(const struct cli_option *o, void *context)
{
	if (o->to == &cli.memory)
		*(bool *)context = true;
}

/*
 * What a program that remembers keys or records may take where --memory does not say: ACCT_MEMORY, which is a size or,
 * as 1/N, that part of what memory_bound gives; else memory_bound's.
 */
static void
bound_memory(void)
{
	const char *set = getenv("ACCT_MEMORY");
	unsigned share = 1;

	if (set != NULL && strncmp(set, "1/", 2) == 0) {
		if ((share = cli_number("ACCT_MEMORY", set + 2)) == 0)
			cli_usage("ACCT_MEMORY: must be a size or a part such as 1/4: %s", msg_quotes(set));
	} else if (set != NULL && *set != '\0') {
		cli.memory = cli_size("ACCT_MEMORY", set);
		return;
	}
	cli.memory = memory_bound(share);
}

/* Fills closed descriptors with one that fails when used: reads of 0, writes of 1 and 2 give EBADF. */
static void
occupy_descriptors(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			exit(EX_OSERR);
}

static void
say_identity(const char *text)
{
	msg_warn("identity: %s", text);
}

int
cli_start(const struct cli_program *p, int argc, char *argv[])
{
	struct parser parser = { .letters = ":", .nletters = 1 };
	const char *partial = getenv("ACCT_PARTIAL");
	bool remembers = false;
	int c;

	mem_start();
	setprogname(argv[0]);
	signal(SIGPIPE, SIG_DFL);
	occupy_descriptors();
	program = p;
	cli.partial = partial != NULL && strcmp(partial, "1") == 0;
	cli_each_option(p, add_option, &parser);
	if (p->writes_records)
		rec_abort_line(NULL);
	opterr = 0;
	while ((c = getopt_long(argc, argv, parser.letters, parser.longs, NULL)) != -1) {
		if (c == '?' || c == ':')
			refuse(&parser, c, argv[optind - 1]);
		apply(find(&parser, c), optarg);
	}
	if (p->writes_records)
		rec_abort_line(cli.output);
	progress_start(cli.progress);
	store_files_start(cli.verbose ? say_identity : NULL);
	cli.memory_given = cli.memory > 0;
	cli_each_option(p, note_memory, &remembers);
	if (remembers && !cli.memory_given)
		bound_memory();
	return optind;
}

void
cli_sandbox(unsigned needs, const char *root)
{
	struct msg err = { 0 };

	if (root != NULL && store_is_remote(root)) {
		if (store_prepare(&err) < 0)
			msg_exit(&err);
		needs = (needs & ~(unsigned)SANDBOX_READ) | SANDBOX_NET;
		root = NULL;
	} else if (store_uses_network()) {
		needs |= SANDBOX_NET;
	}
	sandbox_enter(needs | (cli.verbose ? SANDBOX_REPORT : 0), root);
}

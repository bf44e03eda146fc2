#include "base/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/near.h"
#include "base/progress.h"

enum { MAX_OPTIONS = 32, OPT_PARTIAL = 0x7000, OPT_PROGRESS, OPT_MEMORY, OPT_MAX_RECORD };

bool cli_verbose, cli_partial;
size_t cli_memory, cli_max_record = 16 * 1024 * 1024;

static const struct option common[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "partial", no_argument, NULL, OPT_PARTIAL },
	{ "progress", no_argument, NULL, OPT_PROGRESS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "max-record", required_argument, NULL, OPT_MAX_RECORD },
	{ NULL, 0, NULL, 0 }
};

void
cli_start(int argc, char *argv[])
{
	const char *partial = getenv("ACCT_PARTIAL");
	int fd;

	(void)argc;
	mem_start();
	setprogname(argv[0]);
	signal(SIGPIPE, SIG_DFL);
	/* A closed descriptor is filled with one that fails when used: reads of 0, writes of 1 and 2 give EBADF. */
	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			exit(EX_OSERR);
	cli_partial = partial != NULL && strcmp(partial, "1") == 0;
	progress_start(false);
}

static _Noreturn void
answer(const char *text)
{
	struct msg err = { 0 };

	if (io_write(STDOUT_FILENO, text, strlen(text), io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	exit(EX_OK);
}

static void
print_synopsis(void)
{
	const char *end = strstr(cli_help, "\n\n");

	fprintf(stderr, "%.*s\n", (int)(end != NULL ? (size_t)(end - cli_help) : strlen(cli_help)), cli_help);
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
	print_synopsis();
	msg_leave(EX_USAGE);
}

/* Long options that begin as the n bytes of a word do. */
static size_t
begins(const struct option *longs, const char *word, size_t n)
{
	size_t found = 0;

	for (; longs->name != NULL; longs++)
		found += strncmp(longs->name, word, n) == 0;
	return found;
}

static _Noreturn void
unknown_long(const struct option *longs, const char *word)
{
	size_t n = strcspn(word, "=");
	char *name = xasprintf("--%.*s", (int)n, word), *other;
	struct near near;

	if (begins(longs, word, n) > 1)
		cli_usage("ambiguous option: %s", msg_quotes(name));
	near_start(&near, name);
	for (; longs->name != NULL; longs++) {
		other = xasprintf("--%s", longs->name);		/* for the message, which ends the program */
		near_try(&near, other);
	}
	cli_usage("no such option: %s%s", msg_quotes(name), near_hint(&near));
}

/* Says what is wrong with the word that getopt_long has just refused; c is what it returned. */
static _Noreturn void
wrong_option(const struct option *longs, int c, const char *word)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	bool is_long = word != NULL && strncmp(word, "--", 2) == 0;

	if (is_long && optopt == 0)
		unknown_long(longs, word + 2);
	for (; is_long && longs->name != NULL && longs->val != optopt; longs++)
		continue;
	if (is_long && longs->name != NULL)
		cli_usage(c == ':' ? "--%s needs an argument" : "--%s takes no argument", longs->name);
	if (c == ':')
		cli_usage("%s needs an argument", letter);
	cli_usage("no such option: %s", msg_quotes(letter));
}

int
cli_getopt(int argc, char *argv[], const char *shorts, const struct option *longs)
{
	static struct option all[MAX_OPTIONS + sizeof(common) / sizeof(*common)];
	char letters[128];
	size_t n = 0;
	int c;

	while (longs != NULL && longs[n].name != NULL && n < MAX_OPTIONS) {
		all[n] = longs[n];
		n++;
	}
	memcpy(all + n, common, sizeof(common));
	snprintf(letters, sizeof(letters), ":%shVv", shorts);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, all, NULL)) != -1) {
		switch (c) {
		case 'h':
			answer(cli_help);
		case 'V':
			snprintf(letters, sizeof(letters), "%s %s\n", getprogname(), ACCT_VERSION);
			answer(letters);
		case 'v':
			cli_verbose = true;
			break;
		case OPT_PARTIAL:
			cli_partial = true;
			break;
		case OPT_PROGRESS:
			progress_start(true);
			break;
		case OPT_MEMORY:
			cli_memory = cli_size("--memory", optarg);
			break;
		case OPT_MAX_RECORD:
			cli_max_record = cli_size("--max-record", optarg);
			if (cli_max_record > (size_t)1 << 30)
				cli_usage("--max-record: more than 1G: %s", msg_quotes(optarg));
			break;
		case '?':
		case ':':
			wrong_option(all, c, argv[optind - 1]);
		default:
			return c;
		}
	}
	return -1;
}

void
cli_apart(const char *option, const char *path, const char *other_option, const char *other)
{
	if (path != NULL && strcmp(path, other != NULL ? other : "-") == 0)
		cli_usage("%s and %s cannot go to one place: %s", option, other_option, msg_quotes(path));
}

size_t
cli_size(const char *option, const char *arg)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(arg, "0123456789");
	const char *unit = strchr(units, arg[digits]);
	unsigned shift = arg[digits] != '\0' && unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	unsigned long long v = strtoull(arg, NULL, 10);

	if (digits == 0 || digits > 15 || (arg[digits] != '\0' && (unit == NULL || arg[digits + 1] != '\0')) || v == 0 ||
	    v > (SIZE_MAX >> 1) >> shift)
		cli_usage("%s: not a size such as 64K, 300M or 2G: %s", option, msg_quotes(arg));
	return (size_t)v << shift;
}

unsigned
cli_number(const char *option, const char *arg)
{
	unsigned long v = strtoul(arg, NULL, 10);

	if (arg[0] == '\0' || arg[strspn(arg, "0123456789")] != '\0' || v > CLI_NUMBER_MAX)
		cli_usage("%s: not a number from 0 to %d: %s", option, CLI_NUMBER_MAX, msg_quotes(arg));
	return (unsigned)v;
}

size_t
cli_list(const char *option, char *list, char **words, size_t max)
{
	size_t n = 0;
	char *word;

	while ((word = strsep(&list, ",")) != NULL) {
		if (*word == '\0')
			cli_usage("%s: an empty name in the list", option);
		if (n == max)
			cli_usage("%s: more than %zu names", option, max);
		words[n++] = word;
	}
	return n;
}

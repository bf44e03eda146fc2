/* acct-lake makes a run of several programs one change of a lake: all of it takes effect, or nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/command.h"
#include "base/io.h"
#include "base/num.h"
#include "cli/cli.h"
#include "lake/lake.h"

#define OPEN "/runs/open/"		/* where the folders of runs are, lake/lake.h */

static bool waits, rebuilds;

static const struct cli_option options[] = {
	{ 0, "wait", NULL, "wait for another run to end", CLI_FLAG, .to = &waits },
	{ 0, "rebuild", NULL, "take a lake of another format: the run makes all of it anew", CLI_FLAG,
	    .to = &rebuilds },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "run [-v] [--wait] [--rebuild] [--retry SECONDS] LAKE -- COMMAND [ARGUMENT ...]",
	    "begin", "commit [-v] [--retry SECONDS]", "aside TABLE ...", "put", "stage", "remove", "cat NAME ...",
	    "recover [-v] [--wait] LAKE", "status LAKE", NULL },
	.about = "Runs a command that changes the tables and files of a lake. All it has prepared takes effect\n"
	    "when it ends with 0, and nothing otherwise, whatever is killed and whenever. put and stage read\n"
	    "lines 'FILE<TAB>NAME' from standard input, remove lines 'NAME'.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_retry, NULL },
	.examples = (const char *const[]){ "acct-lake run lake -- sh night.sh", "acct-lake status lake",
	    "printf '%s\\t%s\\n' rejects.acct runs/rejects/1.acct | acct-lake put", NULL },
};

/* ---- the lake and its lock ---- */

static struct lake lake;

static void
open_lake(const char *address)
{
	struct msg err = { 0 };

	lake = (struct lake){ .retry = cli.retry, .verbose = cli.verbose };
	if (lake_open(&lake, address, &err) < 0)
		msg_exit(&err);
}

/* Takes the lock, and cleans up after runs that were killed. */
static void
lock(const char *address)
{
	const struct timespec pause = { .tv_sec = store_is_remote(address), .tv_nsec = 50 * 1000 * 1000 };
	struct msg err = { 0 };
	int got = lake_lock(&lake, &err);

	if (got == 0 && !waits)
		msg_die(EX_TEMPFAIL, "%s: another run is at work; --wait waits for its end", address);
	if (got == 0 && (cli.verbose || isatty(STDERR_FILENO)))
		msg_warn("%s: waiting for another run to end", address);
	while (got == 0) {
		nanosleep(&pause, NULL);
		got = lake_lock(&lake, &err);
	}
	if (got < 0 || lake_recover(&lake, &err) < 0)
		msg_exit(&err);
}

/* ---- run ---- */

static char *
new_name(void)
{
	char when[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	return xasprintf("%s-%d", when, (int)getpid());
}

/* Returns the address of the lake, whole; owned by the caller. */
static char *
whole_address(void)
{
	char *address = store_is_remote(store_address(lake.store)) ? NULL : store_real_path(lake.store, "");

	return address != NULL ? address : xstrdup(store_address(lake.store));
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		msg_die(EX_OSERR, "the environment is full");
}

/* Tells the command, and the verbs that it calls, which run they are in. */
static void
set_environment(const char *run, int64_t number)
{
	char *address = whole_address(), *folder = xasprintf("%s" OPEN "%s", address, run), digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, number);
	set("ACCT_LAKE", address);
	set("ACCT_NUMBER", digits);
	set("ACCT_RUN_STORE", lake.folder != NULL ? folder : "");
	set("ACCT_RUN", lake.folder != NULL ? lake.folder : folder);
	free(folder);
	free(address);
}

/* Ends the run as its command has ended, unless that has done so. Returns the status of the program. */
static int
end_run(const char *run, int64_t number, int status)
{
	struct msg err = { 0 }, why = { 0 };
	int begun = lake_has_begun(&lake, run, &err);

	if (begun == 0 && status == EX_OK)
		(void)lake_check_number(&lake, run, number, &err);
	if (begun > 0 && status == EX_OK)
		begun = lake_commit(&lake, run, number, &err) <= 0;
	if (err.status != 0) {
		msg_warn("%s", err.text);
		status = err.status;
	}
	if ((begun > 0 || (begun == 0 && status != EX_OK)) && lake_end(&lake, run, number, &why) < 0) {
		msg_warn("%s", why.text);
		status = status != EX_OK ? status : why.status;
	}
	return status;
}

/* Removes the files of the run, if they are not in the lake. */
static void
remove_folder(void)
{
	struct msg err = { 0 };

	if (lake.folder != NULL && lake_remove_folder(&lake, &err) < 0)
		msg_warn("%s", err.text);
}

static int
run(char *argv[], int n)
{
	struct msg err = { 0 };
	char *name = new_name();
	int64_t number;
	int status;

	if (n < 2)
		cli_usage("expected LAKE -- COMMAND");
	open_lake(argv[0]);
	if (lake_check_format(&lake, rebuilds, &err) < 0)
		msg_exit(&err);
	lock(argv[0]);
	number = lake.newest + 1;
	if (store_is_remote(argv[0]) && lake_make_folder(&lake, name, &err) < 0)
		msg_exit(&err);
	set_environment(name, number);
	if (store_lock_share(&lake.lock, &err) < 0 || (status = command_run(argv + 1, &err)) < 0) {
		remove_folder();
		msg_exit(&err);
	}
	status = end_run(name, number, status);
	remove_folder();
	lake_close(&lake);
	free(name);
	return status;
}

/* ---- within a run ---- */

/* Opens the lake of the run that this process is part of. Returns the run's name, a view of the environment. */
static const char *
join_run(int64_t *number)
{
	const char *address = getenv("ACCT_LAKE"), *folder = getenv("ACCT_RUN"), *digits = getenv("ACCT_NUMBER");
	const char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
	struct msg err = { 0 };

	if (address == NULL || slash == NULL || digits == NULL || !num_int64(digits, strlen(digits), number))
		msg_die(EX_USAGE, "not within a run: 'acct-lake run LAKE -- COMMAND' makes one");
	open_lake(address);
	if (store_is_remote(address))
		lake.folder = xstrdup(folder);
	if (lake_join(&lake, &err) < 0)
		msg_exit(&err);
	return slash + 1;
}

static int
begin(char *argv[], int n)
{
	struct msg err = { 0 };
	int64_t number;

	(void)argv;
	if (n > 0)
		cli_usage("expected no operand");
	if (lake_begin(&lake, join_run(&number), &err) < 0)
		msg_exit(&err);
	lake_close(&lake);
	return EX_OK;
}

static int
commit(char *argv[], int n)
{
	struct msg err = { 0 };
	int64_t number;
	const char *name;
	int got;

	(void)argv;
	if (n > 0)
		cli_usage("expected no operand");
	name = join_run(&number);
	got = lake_commit(&lake, name, number, &err);
	if (got == 0)
		got = lake_end(&lake, name, number, &err);
	if (got < 0)
		msg_exit(&err);
	lake_close(&lake);
	return EX_OK;
}

static int
set_aside(char *argv[], int n)
{
	struct msg err = { 0 };
	const char *name;
	int64_t number;
	int i;

	if (n == 0)
		cli_usage("expected TABLE");
	name = join_run(&number);
	for (i = 0; i < n; i++)
		if (lake_set_aside(&lake, name, argv[i], &err) < 0)
			msg_exit(&err);
	lake_close(&lake);
	return EX_OK;
}

/* ---- single objects ---- */

/* Reads standard input. Owned by the caller; ends with a line feed unless it is empty. */
static struct buf
read_lines(void)
{
	enum { PIECE = 64 * 1024 };
	struct buf text = { 0 };
	struct msg err = { 0 };
	ssize_t n;

	while ((n = io_read(STDIN_FILENO, buf_room(&text, PIECE), PIECE, io_in_name(NULL), &err)) > 0)
		text.len += (size_t)n;
	if (n < 0)
		msg_exit(&err);
	if (text.len > 0 && text.p[text.len - 1] != '\n')
		buf_addc(&text, '\n');
	(void)buf_cstr(&text);
	return text;
}

/* Splits lines 'FILE<TAB>NAME' in place, or 'NAME' if there are no files. The list is owned, the words are views. */
static struct lake_put *
split_lines(const struct buf *text, bool files, size_t *np)
{
	struct lake_put *list = NULL;
	char *at = (char *)text->p, *end, *tab;
	size_t n;

	for (n = 0; text->len > 0 && *at != '\0'; n++, at = end + 1) {
		end = strchr(at, '\n');
		if (end == NULL)
			msg_die(EX_DATAERR, "<stdin>:%zu: a zero byte", n + 1);
		*end = '\0';
		tab = strchr(at, '\t');
		if ((tab != NULL) != files || *at == '\0' || tab == at)
			msg_die(EX_DATAERR, "<stdin>:%zu: expected %s: %s", n + 1, files ? "FILE<TAB>NAME" : "NAME",
			    msg_quotes(at));
		if (tab != NULL)
			*tab = '\0';
		if ((n & (n - 1)) == 0)
			list = xreallocarray(list, n == 0 ? 1 : 2 * n, sizeof(*list));
		list[n] = (struct lake_put){ files ? at : NULL, files ? tab + 1 : at };
	}
	*np = n;
	return list;
}

static int
do_lines(int n, bool files, int (*call)(const char *run, const struct lake_put *list, size_t n, struct msg *err))
{
	struct msg err = { 0 };
	struct buf text;
	struct lake_put *list;
	size_t lines;
	int64_t number;
	const char *name;

	if (n > 0)
		cli_usage("expected no operand: the names come on standard input");
	name = join_run(&number);
	text = read_lines();
	list = split_lines(&text, files, &lines);
	if (call(name, list, lines, &err) < 0)
		msg_exit(&err);
	free(list);
	buf_free(&text);
	lake_close(&lake);
	return EX_OK;
}

static int
put_lines(const char *run, const struct lake_put *list, size_t n, struct msg *err)
{
	return lake_put(&lake, run, list, n, err);
}

static int
stage_lines(const char *run, const struct lake_put *list, size_t n, struct msg *err)
{
	return lake_stage(&lake, run, list, n, err);
}

static int
remove_lines(const char *run, const struct lake_put *list, size_t n, struct msg *err)
{
	return lake_remove(&lake, run, list, n, err);
}

static int
put(char *argv[], int n)
{
	(void)argv;
	return do_lines(n, true, put_lines);
}

static int
stage(char *argv[], int n)
{
	(void)argv;
	return do_lines(n, true, stage_lines);
}

static int
remove_names(char *argv[], int n)
{
	(void)argv;
	return do_lines(n, false, remove_lines);
}

static void
print(struct store_in *in)
{
	enum { PIECE = 1 << 20 };
	uint8_t *piece = xmalloc(PIECE);
	struct msg err = { 0 };
	uint64_t at = 0;
	size_t n;

	for (; at < in->size; at += n) {
		n = in->size - at < PIECE ? (size_t)(in->size - at) : PIECE;
		if (store_in_read(in, at, piece, n, &err) < 0 ||
		    io_write(STDOUT_FILENO, piece, n, io_out_name(NULL), &err) < 0)
			msg_exit(&err);
	}
	free(piece);
}

static int
cat(char *argv[], int n)
{
	struct msg err = { 0 };
	struct store_in in;
	const char *name;
	int64_t number;
	int i, got;

	if (n == 0)
		cli_usage("expected NAME");
	name = join_run(&number);
	for (i = 0; i < n; i++) {
		if ((got = lake_read(&lake, name, argv[i], &in, &err)) < 0)
			msg_exit(&err);
		if (got == 0)
			msg_die(EX_NOINPUT, "%s: %s: no such object", store_address(lake.store), argv[i]);
		print(&in);
		store_in_close(&in);
	}
	lake_close(&lake);
	return EX_OK;
}

/* ---- for people ---- */

static int
recover(char *argv[], int n)
{
	if (n != 1)
		cli_usage("expected LAKE");
	open_lake(argv[0]);
	lock(argv[0]);
	lake_close(&lake);
	return EX_OK;
}

static int
status(char *argv[], int n)
{
	struct lake_status s;
	struct msg err = { 0 };
	size_t i;

	if (n != 1)
		cli_usage("expected LAKE");
	open_lake(argv[0]);
	if (lake_get_status(&lake, &s, &err) < 0)
		msg_exit(&err);
	printf("format\t%" PRId64 "\nnumber\t%" PRId64 "\n", s.format, s.number);
	if (s.run != NULL)
		printf("run\t%s\n", s.run);
	if (s.last != NULL)
		printf("last\t%s\n", s.last);
	if (s.is_pending)
		printf("pending\t%s\n", s.run);
	for (i = 0; i < s.open.n; i++)
		printf("open\t%s\n", s.open.entries[i].name);
	lake_status_free(&s);
	lake_close(&lake);
	if (fflush(stdout) == EOF || ferror(stdout))
		msg_die(EX_IOERR, "<stdout>: write failed");
	return EX_OK;
}

int
main(int argc, char *argv[])
{
	static const struct { const char *name; int (*call)(char *argv[], int n); } verbs[] = {
		{ "run", run }, { "begin", begin }, { "commit", commit }, { "aside", set_aside }, { "put", put },
		{ "stage", stage }, { "remove", remove_names }, { "cat", cat }, { "recover", recover },
		{ "status", status } };
	int first = cli_start(&program, argc, argv);
	size_t i;

	if (first == argc)
		cli_usage("expected a verb: run, begin, commit, aside, put, stage, remove, cat, recover or status");
	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(argv[first], verbs[i].name) == 0)
			return verbs[i].call(argv + first + 1, argc - first - 1);
	cli_usage("no such verb: %s", msg_quotes(argv[first]));
}

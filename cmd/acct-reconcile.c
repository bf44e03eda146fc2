/* acct-reconcile says whether a lake adds up, by the checks of its job. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "reconcile/reconcile.h"

enum { JOBS_MAX = 1000 };

static const char *job_folder, *run, *backend, *started;

static const struct cli_option options[] = {
	{ 'j', "job", "JOB", "the folder of the job, acct-job(7) (default: the environment's ACCT_JOB)", CLI_TEXT,
	    .to = &job_folder },
	{ 0, "run", "FOLDER", "look at the lake as the run that works in FOLDER will leave it; write there\n"
	    "reconciliation.json and, if all checks close, summary.txt and summary.json", CLI_TEXT, .to = &run },
	{ 0, "backend", "TEXT", "where the run's files came from, for its summary", CLI_TEXT, .to = &backend },
	{ 0, "started", "TIME", "when the run began, for its summary", CLI_TEXT, .to = &started },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-j JOB] [--memory SIZE] [--run FOLDER [--backend TEXT] [--started TIME]] LAKE", NULL },
	.about =
	    "Measures the tables of a lake anew and compares what must be equal: the lines of each file with the rows\n"
	    "that came of it, amounts of each layer with those of the next, and what the job's checks say.\n"
	    "Prints each check. Status 1 if one does not close.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_memory, NULL },
	.examples = (const char *const[]){ "acct-reconcile -j pipelines/bank lake", NULL },
};

/* ---- the run's folder ---- */

static void
write_file(const char *name, const struct buf *text)
{
	struct msg err = { 0 };
	struct io_out o;
	char *path = xasprintf("%s/%s", run, name);

	if (io_create(&o, path, &err) < 0 || io_write(o.fd, text->p, text->len, path, &err) < 0 ||
	    io_commit(&o, &err) < 0)
		msg_exit(&err);
	free(path);
}

static const char *
run_id(void)
{
	const char *slash = strrchr(run, '/');

	return slash != NULL ? slash + 1 : run;
}

static void
now(char *out, size_t size)
{
	time_t t = time(NULL);
	struct tm tm;

	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

static void
write_summary(const struct reconcile *r)
{
	struct buf out = { 0 };
	char finished[sizeof("9999-12-31T23:59:59Z") + 8];
	struct reconcile_summary s = { .id = run_id(), .backend = backend != NULL ? backend : "",
	    .started = started, .finished = finished };

	now(finished, sizeof(finished));
	s.started = started != NULL ? started : finished;
	reconcile_put_summary(r, &s, &out);
	write_file("summary.txt", &out);
	out.len = 0;
	reconcile_put_summary_json(r, &s, &out);
	write_file("summary.json", &out);
	buf_free(&out);
}

static void
write_answers(const struct reconcile *r)
{
	struct buf out = { 0 };

	reconcile_put_json(r, &out);
	buf_addc(&out, '\n');
	write_file("reconciliation.json", &out);
	buf_free(&out);
}

/* ---- the command line ---- */

/* Returns how many processes may run at once: ACCT_JOBS, or one a core. */
static unsigned
count_workers(void)
{
	const char *text = getenv("ACCT_JOBS");
	long n = text != NULL && *text != '\0' ? strtol(text, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

static void
read_job(struct job *j)
{
	struct msg err = { 0 };

	job_folder = job_folder != NULL ? job_folder : getenv("ACCT_JOB");
	if (job_folder == NULL || *job_folder == '\0')
		cli_usage("-j is required");
	if (job_read(j, job_folder, &err) < 0)
		msg_exit(&err);
}

static void
print_answers(const struct reconcile *r)
{
	struct msg err = { 0 };
	struct buf out = { 0 };

	reconcile_put_text(r, &out);
	if (io_write(STDOUT_FILENO, out.p, out.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	buf_free(&out);
}

int
main(int argc, char *argv[])
{
	struct reconcile r = { 0 };
	struct job job;
	struct msg err = { 0 };
	bool closes;

	r.lake = cli_operand(argc, argv, cli_start(&program, argc, argv), "LAKE");
	if (run == NULL && (backend != NULL || started != NULL))
		cli_usage("--backend and --started need --run");
	read_job(&job);
	r.job = &job;
	r.run = run;
	r.workers = count_workers();
	r.memory = cli.memory;
	if (reconcile_measure(&r, &err) < 0)
		msg_exit(&err);
	closes = r.closed == r.nanswers;
	print_answers(&r);
	if (run != NULL)
		write_answers(&r);
	if (run != NULL && closes)
		write_summary(&r);
	if (cli.verbose)
		msg_warn("%s: %zu figures, %zu references, %zu of %zu checks close", r.lake, r.checks.nterms,
		    r.norphans, r.closed, r.nanswers);
	reconcile_free(&r);
	job_free(&job);
	return closes ? EX_OK : EX_NO;
}

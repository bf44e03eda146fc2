/*
 * Tasks in several processes. Each takes the next task, the heaviest first, until there is none, and sends its results
 * through a pipe: "TASK RESULT TEXT" lines, or "STATUS ! MESSAGE" for a failure, which ends it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sandbox.h"
#include "reconcile/parts.h"

enum { PIECE = 1 << 16, MOST_WORKERS = 64 };

struct worker {
	pid_t pid;
	int fd;			/* that its results come from */
};

struct crew {
	struct reconcile_task *tasks;
	size_t n;
	const struct reconcile *r;
	atomic_size_t *next;	/* shared by all */
	unsigned nworkers;
	struct worker workers[MOST_WORKERS];
};

static int
by_weight(const void *a, const void *b)
{
	const struct reconcile_task *x = a, *y = b;

	return (x->weight < y->weight) - (x->weight > y->weight);
}

/* ---- in a worker ---- */

static void
put_results(struct reconcile_task *t, size_t at, struct buf *out)
{
	char **result;
	size_t i;

	for (i = 0; (result = t->result(t, i)) != NULL; i++)
		buf_addf(out, "%zu %zu %s\n", at, i, *result);
}

/* Works until there is no task, or one fails. Returns the status of the process. */
static int
work(struct crew *c, int fd)
{
	size_t memory = c->r->memory / c->nworkers, at;
	struct buf out = { 0 };
	struct msg err = { 0 };

	while (err.status == 0 && (at = atomic_fetch_add(c->next, 1)) < c->n)
		if (c->tasks[at].run(&c->tasks[at], c->r, memory, &err) == 0)
			put_results(&c->tasks[at], at, &out);
		else if (err.status == 0)
			err.status = EX_SOFTWARE;
	if (err.status != 0) {
		atomic_store(c->next, c->n);
		buf_addf(&out, "%d ! %s\n", err.status, err.text);
	}
	err = (struct msg){ 0 };
	if (io_write(fd, out.p, out.len, "results", &err) < 0)
		msg_warn("%s", err.text);
	buf_free(&out);
	return err.status;
}

static _Noreturn void
be_worker(struct crew *c, unsigned number, int fd, pid_t parent)
{
	unsigned i;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EX_OSERR);
	for (i = 0; i < number; i++)
		close(c->workers[i].fd);
	sandbox_enter(SANDBOX_READ | SANDBOX_SPILL, c->r->lake);
	exit(work(c, fd));
}

/* ---- in the program ---- */

static int
start(struct crew *c, struct msg *err)
{
	pid_t parent = getpid();
	unsigned i;
	int ends[2];

	for (i = 0; i < c->nworkers; i++) {
		if (pipe(ends) < 0)
			return msg_sys(err, EX_OSERR, "pipe");
		c->workers[i].fd = ends[0];
		if ((c->workers[i].pid = fork()) == 0) {
			close(ends[0]);
			be_worker(c, i, ends[1], parent);
		}
		close(ends[1]);
		if (c->workers[i].pid < 0) {
			close(ends[0]);
			c->workers[i].fd = -1;
			return msg_sys(err, EX_OSERR, "fork");
		}
	}
	return 0;
}

/* Takes a line of results. Returns -1 for a failure of the worker. */
static int
take_line(struct crew *c, char *line, struct msg *err)
{
	char *end, *text;
	size_t at = strtoul(line, &end, 10), i;

	if (strncmp(end, " ! ", 3) == 0)
		return msg_set(err, (int)at, "%s", end + 3);
	i = strtoul(end, &text, 10);
	if (at < c->n && *text == ' ')
		*c->tasks[at].result(&c->tasks[at], i) = xstrdup(text + 1);
	return 0;
}

static int
take_results(struct crew *c, int fd, struct msg *err)
{
	struct buf text = { 0 };
	char *line, *rest;
	ssize_t n;

	while ((n = io_read(fd, buf_room(&text, PIECE), PIECE, "results", err)) > 0)
		text.len += (size_t)n;
	rest = buf_cstr(&text);
	while (n >= 0 && *rest != '\0' && (line = strsep(&rest, "\n")) != NULL && rest != NULL)
		if (take_line(c, line, err) < 0)
			n = -1;
	buf_free(&text);
	return n < 0 ? -1 : 0;
}

/* Takes the results of all workers and waits for them. */
static int
finish(struct crew *c, struct msg *err)
{
	unsigned i;
	int how, status = 0;

	for (i = 0; i < c->nworkers; i++) {
		if (c->workers[i].pid <= 0)
			continue;
		if (take_results(c, c->workers[i].fd, err) < 0)
			status = -1;
		close(c->workers[i].fd);
		while (waitpid(c->workers[i].pid, &how, 0) < 0 && errno == EINTR)
			;
		if (how != 0)
			status = WIFEXITED(how) ? msg_set(err, WEXITSTATUS(how), "%s", "") :
			    msg_set(err, EX_SOFTWARE, "a worker was ended by signal %d", WTERMSIG(how));
	}
	return status;
}

/* Works in this process: a connection is of the threads that have it, and they are not there after a fork. */
static int
work_here(struct reconcile_task *tasks, size_t n, const struct reconcile *r, struct msg *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (tasks[i].run(&tasks[i], r, r->memory, err) < 0)
			return -1;
	return 0;
}

int
reconcile_work(struct reconcile_task *tasks, size_t n, const struct reconcile *r, struct msg *err)
{
	struct crew c = { .tasks = tasks, .n = n, .r = r };
	int status;

	if (n == 0 || strstr(r->lake, "://") != NULL)
		return work_here(tasks, n, r, err);
	qsort(tasks, n, sizeof(*tasks), by_weight);
	c.nworkers = r->workers < MOST_WORKERS ? r->workers : MOST_WORKERS;
	c.nworkers = c.nworkers < n ? c.nworkers : (unsigned)n;
	c.next = mmap(NULL, sizeof(*c.next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c.next == MAP_FAILED)
		return msg_sys(err, EX_OSERR, "mmap");
	atomic_init(c.next, 0);
	status = start(&c, err);
	if (finish(&c, err) < 0)
		status = -1;
	munmap(c.next, sizeof(*c.next));
	return status;
}

#include "base/command.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 10, SIGNALLED = 128 };	/* PATIENCE: seconds from SIGTERM to SIGKILL */

/* ---- the processes that came from one ---- */

/* Sends a signal to all that came from a process, parents first. */
static void
kill_below(pid_t of, int signal)
{
	char path[64];
	FILE *f;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)of, (int)of);
	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fscanf(f, "%d", &child) == 1) {
		kill(child, signal);
		kill_below(child, signal);
	}
	fclose(f);
}

/* ---- waiting ---- */

struct waiting {
	pid_t main;			/* the program that was asked for */
	bool has_ended;
	int status;			/* of waitpid */
	int stopped_by;			/* the signal that this process got, or 0 */
	struct timespec end;		/* when the last of the others is killed */
};

static void
stop_all(struct waiting *w)
{
	clock_gettime(CLOCK_MONOTONIC, &w->end);
	w->end.tv_sec += PATIENCE;
	kill_below(getpid(), SIGTERM);
}

/* Takes note of the processes that have ended. Returns false if none is left. */
static bool
reap(struct waiting *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == w->main) {
			w->status = status;
			w->has_ended = true;
			stop_all(w);
		}
	return pid == 0;
}

static void
kill_the_patient(const struct waiting *w)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (w->end.tv_sec > 0 && now.tv_sec > w->end.tv_sec)
		kill_below(getpid(), SIGKILL);
}

/* A process whose parent ends becomes a child of this one, and gets its signal then. */
static void
wait_for_all(struct waiting *w, const sigset_t *signals)
{
	static const struct timespec second = { .tv_sec = 1 };
	int got;

	while (reap(w)) {
		got = sigtimedwait(signals, NULL, &second);
		if (got == SIGHUP || got == SIGINT || got == SIGTERM) {
			if (w->stopped_by == 0)
				w->stopped_by = got;
			stop_all(w);
		} else if (w->end.tv_sec > 0) {
			kill_below(getpid(), SIGTERM);
			kill_the_patient(w);
		}
	}
}

/* ---- statuses ---- */

static int
exit_status(const struct waiting *w)
{
	int status = WEXITSTATUS(w->status), signal = WTERMSIG(w->status);

	if (w->stopped_by != 0)
		return SIGNALLED + w->stopped_by;
	if (WIFEXITED(w->status)) {
		if (status <= EX_NO || (status >= EX__BASE && status <= EX__MAX) || status == SIGNALLED + SIGHUP ||
		    status == SIGNALLED + SIGINT || status == SIGNALLED + SIGTERM)
			return status;
		return EX_IOERR;
	}
	if (signal == SIGHUP || signal == SIGINT || signal == SIGTERM)
		return SIGNALLED + signal;
	return signal == SIGKILL ? EX_OSERR : EX_SOFTWARE;
}

/* ---- starting ---- */

static _Noreturn void
become(char *const argv[], pid_t parent, const sigset_t *mask)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		raise(SIGTERM);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	msg_warn("%s: %s", argv[0], strerror(errno));
	_exit(EX_UNAVAILABLE);
}

int
command_run(char *const argv[], struct msg *err)
{
	struct waiting w = { 0 };
	sigset_t signals, before;
	pid_t self = getpid();

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	w.main = fork();
	if (w.main == 0)
		become(argv, self, &before);
	if (w.main > 0)
		wait_for_all(&w, &signals);
	else
		msg_sys(err, EX_OSERR, "fork");
	sigprocmask(SIG_SETMASK, &before, NULL);
	return w.main > 0 ? exit_status(&w) : -1;
}

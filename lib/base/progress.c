#include "base/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bsd/stdlib.h>

static volatile sig_atomic_t asked;
static bool shown;		/* an unfinished progress line is on the terminal */
static bool wanted_lines, terminal;
static uint64_t bytes_done, records_done;
static struct timespec begun, last;

static void
ask(int sig)
{
	(void)sig;
	asked = 1;
}

static double
since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

void
progress_start(bool wanted)
{
	struct stat st;
	/* no SA_RESTART: a blocked read returns, and its caller polls */
	struct sigaction sa = { .sa_handler = ask };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGUSR1, &sa, NULL);
	/* By default only the last program of a pipeline shows progress, and not while it writes to the terminal. */
	terminal = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) != 1 &&
	    !(fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode));
	wanted_lines = wanted || terminal;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	last = begun;
}

static void
print(bool keep)
{
	double s = since(&begun);

	fprintf(stderr, "%s%s: %" PRIu64 " records, %.1f MB, %.1f s, %.0f MB/s%s", shown ? "\r" : "", getprogname(),
	    records_done,
	    (double)bytes_done / 1e6, s, s > 0 ? (double)bytes_done / 1e6 / s : 0, keep ? "\n" : "\033[K");
	fflush(stderr);
	shown = !keep;
}

void
progress_poll(void)
{
	if (asked) {
		asked = 0;
		print(true);
	} else if (wanted_lines && since(&last) >= 0.5) {
		clock_gettime(CLOCK_MONOTONIC, &last);
		print(!terminal);
	}
}

void
progress_add(uint64_t bytes, uint64_t records)
{
	bytes_done += bytes;
	records_done += records;
	if (asked || wanted_lines)
		progress_poll();
}

void
progress_end(void)
{
	if (shown)
		fputc('\n', stderr);
	shown = false;
}

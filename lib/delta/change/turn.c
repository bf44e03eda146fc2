/* Randomized back-off between attempts of an optimistic commit. */
#include <time.h>

#include <bsd/stdlib.h>

#include "delta/change/change.h"

enum { FIRST_PAUSE = 10, LONGEST_PAUSE = 500 };	/* milliseconds */

static int64_t
clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
delta_turn_wait(struct delta_turn *t)
{
	int64_t now = clock_now(), pause;
	struct timespec time;

	if (t->lost++ == 0) {
		t->end = now + (int64_t)t->seconds * 1000;
		t->longest = FIRST_PAUSE;
	}
	if (now >= t->end)
		return false;
	pause = 1 + arc4random_uniform((uint32_t)t->longest);
	if (pause > t->end - now)
		pause = t->end - now;
	time = (struct timespec){ pause / 1000, pause % 1000 * 1000000 };
	(void)nanosleep(&time, NULL);		/* an interrupted pause is only shorter */
	t->longest = t->longest * 2 < LONGEST_PAUSE ? t->longest * 2 : LONGEST_PAUSE;
	return true;
}

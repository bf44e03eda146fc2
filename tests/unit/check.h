/* What every unit program uses: a seeded generator and a check that names its place. */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern const char cli_help[];
const char cli_help[] = "usage: a unit test\n\n";	/* lib/base/cli.c wants one of every program */

static uint64_t unit_state;
static unsigned long long unit_seed;

/* The seed: ACCT_SEED in the environment, else a fixed one, so that a failure can be had again. */
static inline void
unit_start(void)
{
	const char *seed = getenv("ACCT_SEED");

	unit_seed = seed != NULL ? strtoull(seed, NULL, 10) : 20240229;
	unit_state = unit_seed;
}

/* SplitMix64. */
static inline uint64_t
unit_random(void)
{
	uint64_t z = (unit_state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t
unit_below(uint64_t n)
{
	return unit_random() % n;
}

/* A number of any size: as many random bits as a random count says, so that small and large ones are alike likely. */
static inline int64_t
unit_int(void)
{
	uint64_t u = unit_random() >> unit_below(64);

	return (int64_t)(unit_below(2) ? u : ~u);
}

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s (seed %llu)\n", __FILE__, __LINE__, #condition, unit_seed); \
			exit(1); \
		} \
	} while (0)

#define OK(what) printf("ok %s\n", what)

#endif

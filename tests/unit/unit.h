/*
 * For the property tests: random numbers from a seed that a failure shows and ACCT_SEED repeats, and a check that names
 * its place.
 */
#ifndef UNIT_H
#define UNIT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/mman.h>

static uint64_t unit_seed, unit_state;

static inline void
unit_start(void)
{
	const char *env = getenv("ACCT_SEED");

	unit_seed = env != NULL ? strtoull(env, NULL, 10) : (uint64_t)time(NULL);
	unit_state = unit_seed;
}

/* splitmix64 */
static inline uint64_t
unit_random(void)
{
	uint64_t z = unit_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 to n - 1. */
static inline uint64_t
unit_below(uint64_t n)
{
	return unit_random() % n;
}

/* A number whose size in bits is as random as its bits, so that small and huge ones are equally likely. */
static inline uint64_t
unit_any(void)
{
	unsigned bits = (unsigned)unit_below(65);

	return bits == 0 ? 0 : unit_random() >> (64 - bits);
}

/* UNIT_PAGE bytes, before and after which no byte can be touched. Never freed. */
enum { UNIT_PAGE = 4096 };

static inline uint8_t *
unit_edge(void)
{
	uint8_t *p = mmap(NULL, 3 * UNIT_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + UNIT_PAGE, UNIT_PAGE, PROT_READ | PROT_WRITE) != 0) {
		perror("mmap");
		exit(1);
	}
	return p + UNIT_PAGE;
}

/* Returns true if both hold the same bytes; of none either pointer may be NULL, which memcmp forbids. */
static inline bool
unit_same(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

#define CHECK(cond, ...) do {									\
	if (!(cond)) {										\
		fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond);			\
		fprintf(stderr, __VA_ARGS__);							\
		fprintf(stderr, " (ACCT_SEED=%" PRIu64 ")\n", unit_seed);			\
		exit(1);									\
	}											\
} while (0)

#define OK(name, what) printf("ok %s: %s\n", name, what)

#endif

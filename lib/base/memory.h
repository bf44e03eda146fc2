/* The default limit of the memory a program may use for its data. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns the minimum of `physical` and the limits of this process's control groups, version 1 and 2, and their
 * ancestors. root is prepended to /proc and /sys: "" except in tests.
 */
uint64_t memory_limit(const char *root, uint64_t physical);

/*
 * Returns the default memory limit of a program in bytes: a quarter of the minimum of the machine's memory, the limits
 * of control groups and `ulimit -v`, divided by `share`, the number of programs that run at once; at least 1 MiB.
 */
size_t memory_bound(unsigned share);

#endif

/* How much memory a program may fill with what it remembers. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns the least of `physical` and the limits of the control groups that this process is in, of version 1 and 2, and
 * of those above them. root is put before /proc and /sys: "" but for tests.
 */
uint64_t memory_limit(const char *root, uint64_t physical);

/*
 * Returns the bytes that a program may remember unless its user says otherwise: a quarter of the least among the
 * machine's memory, the limits of control groups and `ulimit -v`, divided by `share`, the number of programs that run
 * at once; at least a mebibyte.
 */
size_t memory_bound(unsigned share);

#endif

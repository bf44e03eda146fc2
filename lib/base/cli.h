/*
 * What every program's command line has in common: start-up checks, the options that mean the same everywhere, help.
 */
#ifndef BASE_CLI_H
#define BASE_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A program's help: the first line is its synopsis, printed alone after a wrong use; all of it answers -h. */
extern const char cli_help[];

/* Set by the common options. */
extern bool cli_verbose;	/* -v, --verbose: totals on standard error */
extern bool cli_partial;	/* --partial, or ACCT_PARTIAL=1 in the environment: no trailer is asked for */
extern size_t cli_memory;	/* --memory SIZE: bytes a program may remember; 0 where not given */
extern size_t cli_max_record;	/* --max-record SIZE: longest line of a stream or source file; 16 MiB unless given, 1 GiB at most */

/*
 * First thing in main. Sets the program's name and the default action of SIGPIPE, occupies closed standard descriptors so that no
 * file opened later can take their place, and reads the environment.
 */
void cli_start(int argc, char *argv[]);

/*
 * getopt_long with the common options (-h -V -v --partial --progress --memory --max-record) added to the program's own and dealt with here. Returns the
 * program's option (its character or val), or -1 at the end. A wrong option ends the program with EX_USAGE.
 * `shorts` has the program's own letters; `longs` may be NULL and ends with a zeroed entry, at most 32 of them.
 */
int cli_getopt(int argc, char *argv[], const char *shorts, const struct option *longs);

/* Prints "program: text", the synopsis, and exits with EX_USAGE. */
_Noreturn void cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Two outputs of a program, as options name them, must not be one place: that ends it with EX_USAGE. NULL is no output, and standard output
 * for `other`.
 */
void cli_apart(const char *option, const char *path, const char *other_option, const char *other);

/* A number of bytes, "512", "64K", "300M", "2G" (powers of 1024); ends the program with EX_USAGE where `arg` is none. */
size_t cli_size(const char *option, const char *arg);

/* A whole number from 0 to CLI_NUMBER_MAX; ends the program with EX_USAGE where `arg` is none. */
enum { CLI_NUMBER_MAX = 1000000 };
unsigned cli_number(const char *option, const char *arg);

/*
 * Splits a list "a,b,c" in place. Returns the number of words, at most max; ends the program with EX_USAGE where a word is empty or there
 * are more. The words point into `list`.
 */
size_t cli_list(const char *option, char *list, char **words, size_t max);

#endif

/*
 * Regular expressions over code points: linear in the text, the same in every locale. The syntax is that of
 * acct-schema(5), PATTERNS.
 *
 * A pattern is parsed here, so that it means one thing and its faults have a place. What it matches is then decided by
 * a table of states where that stays small, and else by TRE. Back-references are refused: they are not linear.
 */
#ifndef REGEX_REGEX_H
#define REGEX_REGEX_H

#include <stdbool.h>
#include <stddef.h>

struct regex;

enum { REGEX_MAX = 1000 };	/* bytes of a pattern */

struct regex_fault {
	const char *what;	/* static */
	size_t at, n;		/* the piece of the pattern that is at fault */
};

/* Compiles n bytes of UTF-8. Returns NULL and fills the fault where they are no pattern, or one that is too large. */
struct regex *regex_compile(const char *pattern, size_t n, struct regex_fault *fault);
void regex_free(struct regex *r);	/* NULL is fine */

/* Is all of the text matched? Text that is not UTF-8 is not. Exits where memory runs out. */
bool regex_matches(const struct regex *r, const void *text, size_t n);

/*
 * Finds the first part of the text at `from` or after it that is not empty and matches, and of those the longest. The
 * time is at most n * n, so that callers limit n. Only for patterns of which regex_can_find is true: large ones are
 * not.
 */
bool regex_can_find(const struct regex *r);
bool regex_find(const struct regex *r, const void *text, size_t n, size_t from, size_t *at, size_t *len);

#endif

/* What the values of one column of a file are, counted as they are read. Internal to lib/draft and its tests. */
#ifndef DRAFT_COLUMN_H
#define DRAFT_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/num.h"

enum draft_type {	/* the earlier wins where the same number of values have both */
	DRAFT_BOOL, DRAFT_DATE, DRAFT_INT64, DRAFT_DECIMAL, DRAFT_TIMESTAMP, DRAFT_FLOAT64, DRAFT_STRING, DRAFT_TYPES
};

enum { DRAFT_FORMATS = 14, DRAFT_NULLS = 8 };
extern const char *const draft_formats[DRAFT_FORMATS];	/* of dates; the first is the schema's default */
extern const char *const draft_nulls[DRAFT_NULLS];	/* words that mean null in files of others */

struct draft_seen {		/* hashes of values, to find out whether a column has each value once */
	uint64_t *hash;		/* owned */
	size_t n, sorted, room;
	size_t repeats;
	bool given_up;		/* too many repeats, or too many values to remember */
};

struct draft_sample {		/* a value and where it is */
	char *text;		/* owned; NULL: none */
	uint64_t line;
};

enum draft_notation { DRAFT_PLAIN, DRAFT_POINT, DRAFT_COMMA, DRAFT_NOTATIONS };	/* DRAFT_POINT: 1,234.50 */

struct draft_numbers {		/* numbers of a notation */
	uint64_t n;
	unsigned whole;			/* most digits before the point */
	uint64_t scales[NUM_DIGITS + 1];	/* by the digits after it */
};

struct draft_column {
	char *name;			/* owned */
	uint64_t values, empty;		/* values that are neither empty nor a word for null; empty ones */
	uint64_t nulls[DRAFT_NULLS];
	uint64_t of[DRAFT_TYPES];	/* values that have the type; DRAFT_DATE: any format */
	uint64_t dates[DRAFT_FORMATS];
	struct draft_numbers numbers[DRAFT_NOTATIONS];
	uint64_t grouped[DRAFT_NOTATIONS];	/* of them, those with signs between groups of digits */
	uint64_t zeros;			/* numbers with a leading zero, which are names of things */
	uint64_t not_utf8, letters;	/* letters: UTF-8 beyond ASCII */
	bool not_1252;			/* has bytes that windows-1252 does not, as it is not UTF-8 */
	struct draft_sample odd[DRAFT_TYPES];	/* the first value that lacks the type */
	struct draft_sample zero;	/* the first with a leading zero */
	struct draft_seen seen;
};

/* Counts a value, which has been trimmed. */
void draft_column_add(struct draft_column *c, const char *p, size_t n, uint64_t line);
void draft_column_free(struct draft_column *c);

/* Returns the type that nearly all values have; of a date, *format is the index of its format. */
enum draft_type draft_column_type(const struct draft_column *c, size_t *format);

/* Returns how nearly all values are written as numbers; DRAFT_PLAIN if they are not. */
enum draft_notation draft_column_notation(const struct draft_column *c);

/* Returns the decimals that nearly all numbers of the column's notation keep to; *n is how many do. */
unsigned draft_column_scale(const struct draft_column *c, uint64_t *n);

/* Is each value there once, but for few? */
bool draft_column_is_unique(struct draft_column *c);

/* Are nearly all of the values so? */
bool draft_nearly(uint64_t n, uint64_t all);

#endif

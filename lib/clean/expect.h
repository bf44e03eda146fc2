/* Checks the limits that a schema sets for a day's file, against its counts and those of the last run. */
#ifndef CLEAN_EXPECT_H
#define CLEAN_EXPECT_H

#include "clean/clean.h"

struct clean_last {		/* statistics of the last run, as clean_total_json wrote them; all owned */
	bool given;
	bool had_rows;		/* this run or an earlier one had clean rows */
	uint64_t rows;		/* clean rows */
	char **sums;		/* of clean rows, in the order of total.amounts; NULL if the last run had none */
	size_t nsums;
};

struct clean_passed {		/* a limit that is exceeded */
	const char *limit;	/* the schema's word for it */
	char *text;		/* "rejected: 70 of 100 rows, more than 50%"; owned */
};

struct clean_expect {		/* all zero: no limit is exceeded */
	bool had_rows;
	struct clean_passed *passed;
	size_t npassed;
};

/* Reads the statistics of the last run. Fails with EX_DATAERR if the file is not statistics of this table. */
int clean_last_read(struct clean_last *l, const char *path, const struct clean_total *t, const struct cleaner *k,
    struct msg *err);
void clean_last_free(struct clean_last *l);

/*
 * Collects all limits of the schema that the totals exceed. Defaults without words of the schema: at most half of the
 * rows rejected, and at least one clean row once the table has had any. Limits of change apply only with a last run.
 */
void clean_expect(struct clean_expect *e, const struct clean_total *t, const struct cleaner *k,
    const struct clean_last *last);
void clean_expect_free(struct clean_expect *e);

/* ---- decimal.c ---- */

enum { CLEAN_SUM_DIGITS = 60 };		/* most digits before the point of a sum */

bool clean_decimal_ok(const char *text);	/* is it "-12.50" or the like, with at most 38 decimals? */

/*
 * Does the number change from one value to another by more than limit / SCHEMA_WHOLE of the first? Any change from 0
 * does.
 */
bool clean_decimal_changed(const char *from, const char *to, uint64_t limit);

#endif

/* The limits that a schema sets to a day's file, against what was counted and what the last run counted. */
#ifndef CLEAN_EXPECT_H
#define CLEAN_EXPECT_H

#include "clean/clean.h"

struct clean_last {		/* statistics of the last run, as clean_total_json wrote them; all owned */
	bool given;
	bool had_rows;		/* it or one before it had clean rows */
	uint64_t rows;		/* clean */
	char **sums;		/* of clean rows, by total.amounts; NULL where the last run did not sum the column */
	size_t nsums;
};

struct clean_passed {		/* a limit that is passed */
	const char *limit;	/* a word of the schema */
	char *text;		/* "rejected: 70 of 100 rows, more than 50%"; owned */
};

struct clean_expect {		/* all zero: no limits are passed */
	bool had_rows;
	struct clean_passed *passed;
	size_t npassed;
};

/* Reads the statistics of the last run. EX_DATAERR where they are not statistics of this table. */
int clean_last_read(struct clean_last *l, const char *path, const struct clean_total *t, const struct cleaner *k,
    struct msg *err);
void clean_last_free(struct clean_last *l);

/*
 * Collects all limits of the schema that the totals pass. Without words of the schema: at most half of the rows
 * rejected, and at least one clean row once the table has had any. Limits of change need a last run.
 */
void clean_expect(struct clean_expect *e, const struct clean_total *t, const struct cleaner *k,
    const struct clean_last *last);
void clean_expect_free(struct clean_expect *e);

/* ---- decimal.c ---- */

enum { CLEAN_SUM_DIGITS = 60 };		/* most digits of a sum before its point */

bool clean_decimal_ok(const char *text);	/* "-12.50", with at most 38 decimals */

/* Is the change from one such number to another more than limit / SCHEMA_WHOLE of the first? From 0, any change is. */
bool clean_decimal_changed(const char *from, const char *to, uint64_t limit);

#endif

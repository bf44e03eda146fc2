/*
 * A job, acct-job(7): the folder that says which files a bank drops, which gold tables are made of them, and what must
 * add up. Reads it whole and checks its parts against each other, so that a job which is read can be run.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/msg.h"
#include "schema/schema.h"
#include "store/store.h"

enum { JOB_REFERENCE_MAX = 16 };	/* most columns of a reference */

struct job_words {		/* owned */
	char **word;
	size_t n;
};

struct job_reference {		/* columns whose values should be found in a row of another source */
	size_t *columns;	/* owned: indexes of the source's columns */
	size_t source;		/* index of the other source */
	size_t *others;		/* owned: its columns, pair by pair */
	size_t n;
	enum schema_orphans orphans;
	struct schema_place at;	/* in the source's schema */
};

struct job_source {		/* one source table */
	char *path;		/* of its schema */
	struct schema schema;	/* its name is the table's */
	char *file;		/* in the back end */
	struct job_reference *references;
	size_t nreferences;
	size_t level;		/* of work, from 0: after the tables without whose rows its own are rejected */
	bool is_left;		/* job_only leaves it alone */
};

struct job_gold {		/* one gold table */
	char *name;
	char *path;		/* of its script */
	struct job_words from, key, total;
	struct job_words by;	/* at most one column: rows of a value of it come from the sources' rows of it */
	size_t from_line, key_line;
	bool load;		/* it goes to the SQL database */
	size_t level;		/* of work, from 0: after all tables of lower levels */
	bool is_left;		/* job_only leaves it alone */
};

/* ---- checks: what must add up ---- */

enum job_function { JOB_SUM, JOB_COUNT, JOB_KEYS, JOB_REJECTED, JOB_ORPHANS, JOB_LINES, JOB_FUNCTIONS };

struct job_term {		/* what a check measures */
	enum job_function function;
	char *text;		/* as it is shown: "sum(gold/turnover.amount where shop = 1)" */
	bool gold;		/* a gold table, else a source */
	size_t table;		/* index in the job's gold tables or sources */
	char *column;		/* NULL: none */
	char *where;		/* NULL: none */
	char *by;		/* of orphans: the columns of the reference, joined by commas; NULL: the only one */
	size_t line, at;	/* place in the file of checks, from 1; line 0: a check of the program's own */
	size_t where_at;	/* column at which `where` begins */
};

struct job_part {		/* one addend of a side */
	bool minus;
	char *number;		/* a decimal number as written; NULL: a term */
	size_t term;
};

struct job_side {
	struct job_part *parts;
	size_t n;
};

struct job_check {		/* label: side sign side [sign side ...] */
	char *label;
	struct job_side *sides;	/* nsides of them, at least two */
	char **signs;		/* "=", "<=" or ">=": nsides - 1 of them */
	size_t nsides;
};

struct job_checks {		/* all owned; all zero is empty */
	struct job_check *checks;
	size_t n;
	struct job_term *terms;	/* each once, whichever checks name it */
	size_t nterms;
};

/* ---- the job ---- */

struct job {			/* all owned */
	char *folder;
	struct job_source *sources;	/* in byte order of their names */
	size_t nsources;
	struct job_gold *gold;		/* in the order of work */
	size_t ngold;
	char *checks_path;
	struct job_checks checks;	/* those of the file, which may be missing */
};

/*
 * Reads the job in a folder. Errors are "path:line:column: what: 'word'" as far as a part has lines, with EX_CONFIG;
 * EX_NOINPUT for a folder without sources. Call job_free in any case.
 */
int job_read(struct job *j, const char *folder, struct msg *err);
void job_free(struct job *j);

/* Indexes of a table by its name, or -1. */
int job_source_find(const struct job *j, const char *name);
int job_gold_find(const struct job *j, const char *name);

/* The reference of a term `orphans`, index among its source's. */
size_t job_term_reference(const struct job *j, const struct job_term *t);

/* "customer_id", or "bank,branch": the columns of a reference, in its own table or in the other; owned. */
char *job_reference_columns(const struct schema *s, const size_t *columns, size_t n);

/* ---- plan.c ---- */

/*
 * Leaves all tables alone but those named, the gold tables that are made of them, and all that these are made of.
 * EX_USAGE for a name that is no table's.
 */
int job_only(struct job *j, char *const *tables, size_t n, struct msg *err);

struct job_plan {		/* all views */
	const struct job *job;
	struct store *lake;
	const char *pieces;	/* of the newest deliveries, as acct-ledger lists them; NULL: none */
	const char *damage;	/* lines: what acct-check names, "\tlog" after a table whose log is; NULL: none */
	bool rebuild;
};

/*
 * Puts a line for each table that a run has to make, in the order of work: words separated by tabs.
 *
 *	silver TABLE HOW LEVEL KEY REJECTS REASON
 *	gold TABLE HOW LEVEL KEY - REASON
 *	export TABLE - LEVEL - - REASON
 *	lake NAME - - - - REASON
 *	state TABLE ID VERSION ROWS - -
 *
 * HOW is grown (merge what the file has more), merge (compare with the whole file), overwrite, or anew (its log is to
 * be set aside); REJECTS is keep, append, overwrite or anew. There are states, of the tables that are loaded, only
 * where there is nothing else.
 */
int job_plan_put(const struct job_plan *plan, struct buf *out, struct msg *err);

/* ---- checks.c ---- */

/*
 * Adds the checks of n bytes of text, a line each, about the tables of a job; name is the file's in messages. Errors
 * are "name:line:column: what: 'word'" with EX_CONFIG.
 */
int job_checks_parse(struct job_checks *c, const struct job *j, const char *text, size_t n, const char *name,
    struct msg *err);
void job_checks_free(struct job_checks *c);

/*
 * Add a check part by part: its label, then terms and numbers; the sign "+" or "-" continues a side, any other begins
 * the next one. The first part of a check has the sign NULL. The term's text is made here; what it points to is copied.
 */
void job_check_begin(struct job_checks *c, const char *label);
size_t job_term_add(struct job_checks *c, const struct job *j, const struct job_term *t);
void job_check_term(struct job_checks *c, const char *sign, size_t term);
void job_check_number(struct job_checks *c, const char *sign, const char *number);

#endif

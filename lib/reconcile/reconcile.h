/*
 * Does a lake add up? Measures what the checks of a job name, and what is checked of every source and gold table,
 * compares it exactly, and reports the answers and a run's summary: acct-reconcile(1).
 *
 * What is measured is read again, by code that shares nothing with what made it: the lines of the pieces in bronze with
 * neither the reader of CSV nor its decompression, the sums from the pages of the tables. Only what cannot be had again
 * comes from the programs' own statistics: how many rows a file had by its reader, and what was rejected of an amount.
 */
#ifndef RECONCILE_RECONCILE_H
#define RECONCILE_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "job/job.h"

struct reconcile_piece {	/* of a file, an object of bronze; owned */
	char *sha256;
	uint64_t bytes;
	char *name;		/* below bronze */
};

struct reconcile_source {	/* what the programs counted when they made a source table; owned */
	bool absent;		/* the file is optional and was never there: no table, and nothing else is set */
	struct json_t *ingest, *clean;	/* the statistics of acct-ingest and acct-clean */
	char *run;		/* id of the run whose rejects are the table's */
	struct reconcile_piece *pieces;	/* what it was made of, in order */
	size_t npieces;
	bool apart;		/* each piece is a file of its own; false: they are one file */
	uint64_t bytes;		/* of all pieces */
};

struct reconcile_orphans {	/* of a reference: rows whose value is in no row of the other table; owned */
	size_t source, reference;	/* indexes in the job */
	char *count;
	char **sums;		/* of the source's amounts, its decimal columns in order */
	size_t nsums;
};

struct reconcile_answer {	/* owned */
	const char *label;	/* view of the checks */
	char *left, *right;	/* "253450.00 + 0.00" */
	const char *sign;
	bool closes;
};

struct reconcile {
	/* the caller sets these, as views, and zeroes the rest */
	const struct job *job;
	const char *lake;	/* a folder or an address */
	const char *run;	/* folder of a run, whose tables and files are read as it will leave them; NULL: none */
	unsigned workers;	/* processes; at least 1 */
	size_t memory;		/* bytes that all of them may remember */

	/* results */
	struct reconcile_source *sources;	/* of each source of the job */
	struct job_checks checks;		/* those of every table, then the job's */
	char **values;				/* of each term, as text; NULL: not measured */
	struct reconcile_orphans *orphans;
	size_t norphans;
	struct reconcile_answer *answers;
	size_t nanswers, closed;

	/* private to the library */
	struct store *store, *folder;		/* of the lake; of the run, or NULL */
};

/*
 * Measures and compares. Returns -1 if something could not be measured: EX_CONFIG for a check that does not suit its
 * table, EX_NOINPUT for a table or file that is missing. Whether all checks close: closed == nanswers. Call
 * reconcile_free in any case.
 */
int reconcile_measure(struct reconcile *r, struct msg *err);
void reconcile_free(struct reconcile *r);

/* ---- report.c ---- */

/* Appends the answers, a line each, and how many close. */
void reconcile_put_text(const struct reconcile *r, struct buf *out);
void reconcile_put_json(const struct reconcile *r, struct buf *out);	/* without a line feed at the end */

/* ---- summary.c: of a run whose checks close ---- */

struct reconcile_summary {	/* what the answers do not have; views */
	const char *id;			/* of the run */
	const char *backend;
	const char *started, *finished;	/* times */
};

void reconcile_put_summary(const struct reconcile *r, const struct reconcile_summary *s, struct buf *out);
void reconcile_put_summary_json(const struct reconcile *r, const struct reconcile_summary *s, struct buf *out);

#endif

/* Shared by the files of this folder. */
#ifndef RECONCILE_PARTS_H
#define RECONCILE_PARTS_H

#include "delta/delta.h"
#include "rec/rec.h"
#include "reconcile/exact.h"
#include "reconcile/lines.h"
#include "reconcile/reconcile.h"

/* ---- stats.c ---- */

/* Reads what was counted when the source tables were made. */
int reconcile_read_sources(struct reconcile *r, struct msg *err);
void reconcile_source_free(struct reconcile_source *s);

/* Returns a number of statistics as text, or NULL; one of several static buffers in turn. */
const char *reconcile_number(const struct json_t *o, const char *key);

/* ---- reading.c: the rows of a table ---- */

struct reconcile_reading {		/* of a table, as the run will leave it; all zero is empty */
	char *address;
	struct delta_table table;
	struct delta_snapshot snapshot;
	struct delta_with with;
	size_t *columns;		/* of the snapshot: those to be scanned */
	size_t ncolumns;
	struct delta_scan *scan;
};

/* Opens a table by its path in the lake. EX_NOINPUT if it is missing. Call reconcile_reading_close in any case. */
int reconcile_reading_open(struct reconcile_reading *g, const struct reconcile *r, const char *path, struct msg *err);
void reconcile_reading_close(struct reconcile_reading *g);

/* Adds a column to be scanned. Returns the index of its vector, or -1 with EX_CONFIG if there is none. */
int reconcile_reading_column(struct reconcile_reading *g, const char *name, struct msg *err);
const struct delta_column *reconcile_reading_type(const struct reconcile_reading *g, size_t vector);

/* Makes records of some columns; h, which is set, is their header. Returns NULL with err filled. */
struct table_from *reconcile_reading_records(struct reconcile_reading *g, const char *const *names, size_t n,
    struct rec_header *h, struct msg *err);

/* Begins a scan of the columns added so far, within bounds; it may be begun again. */
int reconcile_reading_scan(struct reconcile_reading *g, const struct delta_bound *bounds, size_t nbounds,
    struct msg *err);
int reconcile_reading_next(struct reconcile_reading *g, struct delta_batch *b, struct msg *err);

/* Prefixes a failure within the rows of a file. */
int reconcile_reading_blame(const struct reconcile_reading *g, size_t file, const struct msg *why, struct msg *err);

/* ---- pass.c: sums and counts of a table ---- */

struct reconcile_item {			/* one figure of a pass */
	enum job_function function;	/* JOB_SUM, JOB_COUNT or JOB_KEYS */
	const char *column, *where;	/* NULL: none */
	const struct job_term *term;	/* that it is measured for; NULL: none */
	char *value;			/* the result; owned */
};

struct reconcile_pass {			/* one reading of a table */
	char *path;			/* in the lake; owned */
	const char *const *key;		/* columns that JOB_KEYS counts; views */
	size_t nkey;
	struct reconcile_item *items;	/* owned */
	size_t nitems;
};

int reconcile_pass_measure(struct reconcile_pass *p, const struct reconcile *r, size_t memory, struct msg *err);

/* ---- orphans.c ---- */

int reconcile_orphans_measure(struct reconcile_orphans *o, const struct reconcile *r, size_t memory, struct msg *err);

/* ---- work.c: tasks in several processes ---- */

struct reconcile_task {
	uint64_t weight;		/* about how long it takes */
	int (*run)(struct reconcile_task *t, const struct reconcile *r, size_t memory, struct msg *err);
	char **(*result)(struct reconcile_task *t, size_t i);	/* where result i goes; NULL after the last */
	void *what;
};

/* Runs all tasks, the heaviest first, in processes that give their results back. */
int reconcile_work(struct reconcile_task *tasks, size_t n, const struct reconcile *r, struct msg *err);

#endif

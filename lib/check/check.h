/*
 * Verifies that data is as it was written: a lake's bronze files against their SHA-256; the logs, footers, pages,
 * rows, bounds and null counts of its tables; its exports against their manifests; the marks of its runs; and its
 * SQLite database. Also checks a single table, folder or file.
 *
 * Damage is reported to the caller thing by thing, and the check continues. A thing is what a person or script would
 * recreate: a table, an export, a bronze file, a mark; named by its path from the lake's folder.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

enum { CHECK_QUICK_BYTES = 64 << 20 };	/* bytes of pages that a quick check reads */

/* Returns true if a failure means damaged data (EX_DATAERR, EX_NOINPUT, EX_IOERR); false: it could not be checked. */
bool check_is_damage(const struct msg *m);

struct check_seen;

struct check {
	/* the caller sets these and zeroes the rest */
	bool quick;			/* skips SHA-256; reads CHECK_QUICK_BYTES of pages, of files chosen at random */
	bool outside;			/* allow tables to name files outside their folders and through links */
	void (*report)(const char *thing, const struct msg *m, void *arg);
	void *arg;

	/* results for the caller */
	uint64_t faults, unchecked;
	int status;			/* status of the first thing that could not be checked */
	uint64_t tables, files, exports, bronze;	/* files: Parquet files */
	uint64_t rows, bytes;		/* rows and bytes read */

	/* private to the library */
	uint64_t page_bytes;		/* page bytes read by a quick check */
	struct check_seen *seen;	/* files whose pages were read; an export may be a link to a table's file */
	size_t nseen;
};

/*
 * Checks a place: a folder that contains bronze, silver or gold is a lake, one with a log a Delta table, any other a
 * folder of Parquet files; anything else is a single file. Reports damage; returns -1 with err only if the place
 * does not exist (EX_NOINPUT).
 */
int check_place(struct check *c, const char *place, struct msg *err);
void check_free(struct check *c);

#endif

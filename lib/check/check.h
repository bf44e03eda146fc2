/*
 * Is all of it as it was written? A lake's bronze files against their SHA-256, the logs, footers, pages, rows, bounds
 * and null counts of its tables, its exports against their manifests, and the marks of its runs; or one table, folder
 * or file.
 *
 * What is damaged is reported to the caller, thing by thing, and the check goes on. A thing is what a person or a
 * script would make again: a table, an export, a file of bronze, a mark; by its path from the lake's folder.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

enum { CHECK_QUICK_BYTES = 64 << 20 };	/* of pages that a quick check reads */

/*
 * Does a failure say that what it is about is not as it was written (EX_DATAERR, EX_NOINPUT, EX_IOERR)? Else it could not
 * be checked.
 */
bool check_is_damage(const struct msg *m);

struct check_seen;

struct check {
	/* set by the caller: all zero but these */
	bool quick;			/* no SHA-256; pages of CHECK_QUICK_BYTES, of files taken at random */
	bool outside;			/* tables may name files outside of their folders, and by links */
	void (*report)(const char *thing, const struct msg *m, void *arg);
	void *arg;

	/* read by the caller */
	uint64_t faults, unchecked;
	int status;			/* of the first that could not be checked */
	uint64_t tables, files, exports, bronze;	/* files: of Parquet */
	uint64_t rows, bytes;		/* that were read */

	/* of the library */
	uint64_t page_bytes;		/* that a quick check has read */
	struct check_seen *seen;	/* files whose pages were read; an export may be a link to a table's file */
	size_t nseen;
};

/*
 * Checks a place: a folder with bronze, silver or gold in it is a lake, one with a log a Delta table, another a
 * folder of Parquet files; all else is one file. Reports what is wrong; returns -1 only where the place is none
 * (EX_NOINPUT), and fills err.
 */
int check_place(struct check *c, const char *place, struct msg *err);
void check_free(struct check *c);

#endif

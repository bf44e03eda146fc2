/* Where the reading of a file goes on once it has grown: kept with the statistics of acct-ingest. */
#ifndef INGEST_RESUME_H
#define INGEST_RESUME_H

#include "csv/csv.h"

struct ingest_resume {
	struct csv_mark mark;
	uint64_t rows, malformed, header;	/* counts before the mark; header: physical lines */
};

/*
 * Reads it from the statistics of one file. EX_DATAERR if that is no such file, or if the reading of its file cannot
 * go on.
 */
int ingest_resume_read(struct ingest_resume *r, const char *path, struct msg *err);

#endif

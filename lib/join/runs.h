/*
 * Joined records on their way: to the output, or to a file of their own that is merged with others. For lib/join alone.
 */
#ifndef JOIN_RUNS_H
#define JOIN_RUNS_H

#include "base/io.h"
#include "base/mem.h"
#include "rec/rec.h"

struct join_sink {		/* one of the two */
	struct rec_writer *out;
	struct spill *run;	/* each record with the number of its probe or build record, in the order of these */
};

/* Writes the record whose bytes are those of a and b. */
int join_sink_put(const struct join_sink *s, uint64_t number, struct rec_field a, struct rec_field b, struct msg *err);

enum { JOIN_MAX_RUNS = 16 };

/* Merges n runs, at most JOIN_MAX_RUNS, by number. No two of them hold the same number. */
int join_merge(struct spill *runs, size_t n, const struct join_sink *to, struct msg *err);

/* Reads n bytes that must be there: 1 or -1. */
int join_read_bytes(struct spill *s, struct buf *b, size_t n, struct msg *err);

#endif

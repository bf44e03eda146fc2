/* Output of joined records: to the stream, or to a run that is merged later. Private to lib/join. */
#ifndef JOIN_RUNS_H
#define JOIN_RUNS_H

#include "base/io.h"
#include "base/mem.h"
#include "rec/rec.h"

struct join_sink {		/* exactly one is set */
	struct rec_writer *out;
	struct spill *run;	/* each record with the number of its probe or build record, ascending */
};

/* Writes the record that is the concatenation of a and b. */
int join_sink_put(const struct join_sink *s, uint64_t number, struct rec_field a, struct rec_field b, struct msg *err);

enum { JOIN_MAX_RUNS = 16 };

/* Merges n runs, at most JOIN_MAX_RUNS, by number. Numbers are unique across runs. */
int join_merge(struct spill *runs, size_t n, const struct join_sink *to, struct msg *err);

/* Reads n bytes, all of which must exist. Returns 1 or -1. */
int join_read_bytes(struct spill *s, struct buf *b, size_t n, struct msg *err);

#endif

/* Output of joined records: to the stream, or to a run that is merged later. Private to lib/join. */
#ifndef JOIN_RUNS_H
#define JOIN_RUNS_H

#include "join/sink.h"
#include "spill/merge.h"

struct join_sink {		/* exactly one is set */
	struct join_out *out;
	struct spill *run;	/* items: a record under the number of its probe or build record */
};

/* Writes the record that is the concatenation of a and b. */
int join_sink_put(const struct join_sink *s, uint64_t number, struct rec_field a, struct rec_field b, struct msg *err);

/* Merges n runs by number. Numbers are unique across runs. */
int join_merge(struct spill *runs, size_t n, const struct join_sink *to, struct msg *err);

#endif

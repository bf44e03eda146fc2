/* Writes joined records. Private to lib/join. */
#ifndef JOIN_SINK_H
#define JOIN_SINK_H

#include <string.h>

#include "join/join.h"

struct join_out {		/* where joined records go */
	struct rec_writer *writer;
	const struct join_plan *plan;
	struct buf line;	/* scratch of join_put_change, owned */
};

/* Writes the change that is the concatenation of a and b: an insert or a delete, by the signs in it. */
int join_put_change(struct join_out *o, struct rec_field a, struct rec_field b, struct msg *err);

/* Writes the record that is the concatenation of a and b. */
static inline int
join_put(struct join_out *o, struct rec_field a, struct rec_field b, struct msg *err)
{
	struct rec_writer *w = o->writer;
	uint8_t *p;

	if (join_is_change(o->plan))
		return join_put_change(o, a, b, err);
	if (a.n + b.n >= w->max_record)
		return msg_set(err, EX_DATAERR, "%s: record %llu: longer than %zu bytes when joined (--max-record)",
		    w->name, (unsigned long long)w->count + 1, w->max_record);
	if ((p = rec_begin(w, a.n + b.n)) == NULL) {
		*err = w->err;
		return -1;
	}
	memcpy(p, a.p, a.n);
	if (b.n > 0)
		memcpy(p + a.n, b.p, b.n);
	rec_end(w, p + a.n + b.n);
	return 0;
}

/* Returns all fields of a record as one slice. */
static inline struct rec_field
join_line(struct rec r, size_t columns)
{
	return (struct rec_field){ r.base + r.off[0], (size_t)(r.off[columns] - r.off[0]) - 1 };
}

/* Writes a probe record by itself. */
static inline int
join_pass(struct join_out *o, const struct rec_batch *b, size_t i, struct msg *err)
{
	struct rec_field none = { 0 };

	if (join_is_change(o->plan))
		return join_put_change(o, join_line(rec_at(b, i), b->stride), none, err);
	if (rec_copy(o->writer, b, i) == 0)
		return 0;
	*err = o->writer->err;
	return -1;
}

#endif

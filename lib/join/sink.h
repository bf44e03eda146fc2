/* Writes joined records. Private to lib/join. */
#ifndef JOIN_SINK_H
#define JOIN_SINK_H

#include <string.h>

#include "rec/rec.h"

/* Writes the record that is the concatenation of a and b. */
static inline int
join_put(struct rec_writer *w, struct rec_field a, struct rec_field b, struct msg *err)
{
	uint8_t *p;

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

/* Writes a probe record unchanged. */
static inline int
join_pass(struct rec_writer *w, const struct rec_batch *b, size_t i, struct msg *err)
{
	if (rec_copy(w, b, i) == 0)
		return 0;
	*err = w->err;
	return -1;
}

/* Returns all fields of a record as one slice. */
static inline struct rec_field
join_line(struct rec r, size_t columns)
{
	return (struct rec_field){ r.base + r.off[0], (size_t)(r.off[columns] - r.off[0]) - 1 };
}

#endif

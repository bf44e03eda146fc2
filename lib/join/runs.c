#include "join/runs.h"

#include <endian.h>

int
join_sink_put(const struct join_sink *s, uint64_t number, struct rec_field a, struct rec_field b, struct msg *err)
{
	uint64_t key = htobe64(number);		/* items are ordered by the bytes of their keys */

	if (s->out != NULL)
		return join_put(s->out, a, b, err);
	return spill_put_head(s->run, sizeof(key), a.n + b.n, err) < 0 ||
	    spill_write(s->run, &key, sizeof(key), err) < 0 || spill_write(s->run, a.p, a.n, err) < 0 ||
	    spill_write(s->run, b.p, b.n, err) < 0 ? -1 : 0;
}

static int
put_merged(const struct join_sink *to, const struct spill_item *item, struct msg *err)
{
	struct rec_field line = { item->data, item->n }, none = { 0 };

	return to->out != NULL ? join_put(to->out, line, none, err) : spill_put(to->run, item, err);
}

int
join_merge(struct spill *runs, size_t n, const struct join_sink *to, struct msg *err)
{
	struct spill_item item;
	struct spill_merge m;
	int got = spill_merge_open(&m, runs, n, err);

	while (got >= 0 && (got = spill_merge_next(&m, &item, err)) > 0)
		got = put_merged(to, &item, err);
	spill_merge_close(&m);
	return got;
}

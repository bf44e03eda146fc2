#include "join/runs.h"

#include <stdlib.h>
#include <string.h>

#include "join/sink.h"

struct run_head {		/* header of a record in a run */
	uint64_t number, n;
};

struct run {			/* a run being merged and its next record */
	struct spill *spill;
	struct run_head head;
	struct buf bytes;
};

int
join_sink_put(const struct join_sink *s, uint64_t number, struct rec_field a, struct rec_field b, struct msg *err)
{
	struct run_head h = { number, a.n + b.n };

	if (s->out != NULL)
		return join_put(s->out, a, b, err);
	return spill_write(s->run, &h, sizeof(h), err) < 0 || spill_write(s->run, a.p, a.n, err) < 0 ||
	    spill_write(s->run, b.p, b.n, err) < 0 ? -1 : 0;
}

int
join_read_bytes(struct spill *s, struct buf *b, size_t n, struct msg *err)
{
	int got;

	b->len = 0;
	if (n == 0)
		return 1;
	got = spill_read(s, buf_room(b, n), n, err);
	b->len = n;
	return got == 0 ? msg_set(err, EX_IOERR, "temporary file: truncated") : got;
}

/* Reads the run's next record; 0 at its end. */
static int
next_in_run(struct run *r, struct msg *err)
{
	int got = spill_read(r->spill, &r->head, sizeof(r->head), err);

	return got <= 0 ? got : join_read_bytes(r->spill, &r->bytes, (size_t)r->head.n, err);
}

/* Sifts the first run down the heap of n. */
static void
sift(struct run **heap, size_t n)
{
	struct run *r = heap[0];
	size_t i = 0, c;

	while ((c = 2 * i + 1) < n) {
		if (c + 1 < n && heap[c + 1]->head.number < heap[c]->head.number)
			c++;
		if (heap[c]->head.number >= r->head.number)
			break;
		heap[i] = heap[c];
		i = c;
	}
	heap[i] = r;
}

static int
merge_heap(struct run **heap, size_t n, const struct join_sink *to, struct msg *err)
{
	int got;

	while (n > 0) {
		struct run *r = heap[0];
		struct rec_field line = { r->bytes.p, r->bytes.len }, none = { 0 };

		if (join_sink_put(to, r->head.number, line, none, err) < 0 || (got = next_in_run(r, err)) < 0)
			return -1;
		if (got == 0)
			heap[0] = heap[--n];
		if (n > 0)
			sift(heap, n);
	}
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const struct run *p = *(struct run *const *)a, *q = *(struct run *const *)b;

	return (p->head.number > q->head.number) - (p->head.number < q->head.number);
}

int
join_merge(struct spill *files, size_t n, const struct join_sink *to, struct msg *err)
{
	struct run runs[JOIN_MAX_RUNS], *heap[JOIN_MAX_RUNS];
	size_t held = 0;
	int got = 0;

	memset(runs, 0, sizeof(runs));
	for (size_t i = 0; i < n && got >= 0; i++) {
		runs[i].spill = &files[i];
		if ((got = spill_rewind(&files[i], err)) < 0 || (got = next_in_run(&runs[i], err)) <= 0)
			continue;
		heap[held++] = &runs[i];
	}
	if (got >= 0) {
		qsort(heap, held, sizeof(*heap), by_number);	/* a sorted array is a heap */
		got = merge_heap(heap, held, to, err);
	}
	for (size_t i = 0; i < n; i++)
		buf_free(&runs[i].bytes);
	return got;
}

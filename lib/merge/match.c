/* Finds the rows of the table whose keys the source has. */
#include <stdlib.h>

#include "merge/pass.h"

struct table_from *
merge_key_records(const struct merge *m)
{
	const struct merge_plan *p = m->source->plan;
	struct table_source *sources = xcalloc(p->nkeys, sizeof(*sources));
	struct table_from *from;
	size_t i;

	for (i = 0; i < p->nkeys; i++) {
		const struct delta_column *c = &p->columns[p->keys[i]];

		sources[i] = (struct table_source){ .vector = i, .name = c->name, .type = c->type,
		    .precision = c->precision, .scale = c->scale };
	}
	from = table_from_new(sources, p->nkeys);
	free(sources);
	return from;
}

static int
twice(const struct merge *m, const struct delta_batch *b, uint32_t number, struct msg *err)
{
	struct buf key = { 0 };

	merge_key_text(m->source, number, &key);
	(void)msg_set(err, EX_DATAERR, "%s: %s: the table has more than one row for a key: %s", m->table->address,
	    m->snapshot->files[b->file].name, buf_cstr(&key));
	buf_free(&key);
	return -1;
}

static int
add_match(struct merge *m, const struct delta_batch *b, size_t row, uint32_t number, struct msg *err)
{
	struct merge_span *span = &m->spans[b->file];
	uint8_t *state = &m->source->state[number];

	if (*state & MERGE_MATCHED)
		return twice(m, b, number, err);
	*state |= MERGE_MATCHED;
	if (*state & MERGE_DELETE)
		m->touched[b->file] = true;
	if (m->nmatches == m->match_cap) {
		m->match_cap = m->match_cap * 3 / 2 + MERGE_BATCH;
		m->matches = xreallocarray(m->matches, m->match_cap, sizeof(*m->matches));
	}
	if (span->n++ == 0)
		span->first = m->nmatches;
	m->matches[m->nmatches++] = (struct merge_match){ b->first_row + row, number };
	return 0;
}

static int
match_batch(struct merge *m, const struct delta_batch *b, const uint32_t *numbers, struct msg *err)
{
	size_t i;

	for (i = 0; i < b->rows; i++) {
		if (numbers[i] == MERGE_ABSENT && !m->opt->delete_absent)
			continue;
		if (b->deleted != NULL && b->deleted[i])
			continue;
		if (numbers[i] == MERGE_ABSENT)
			m->touched[b->file] = true;
		else if (add_match(m, b, i, numbers[i], err) < 0)
			return -1;
	}
	return 0;
}

int
merge_match(struct merge *m, struct msg *err)
{
	const struct merge_plan *p = m->source->plan;
	struct delta_scan_options o = { .columns = p->keys, .ncolumns = p->nkeys, .bounds = m->source->bounds,
	    .nbounds = m->opt->delete_absent ? 0 : p->nkeys };
	unsigned *flags = xcalloc(p->nkeys, sizeof(*flags));
	struct merge_keys *keys = m->opt->delete_absent ? NULL : merge_keys_new(m->source);
	struct table_from *from = merge_key_records(m);
	struct delta_scan *scan;
	struct delta_batch b;
	size_t i;
	int got;

	for (i = 0; i < p->nkeys; i++)
		flags[i] = m->source->columns[p->keys[i]].shape == PQ_BYTES ? PQ_INDEX : 0;
	o.flags = flags;
	o.keys = merge_keys_set(keys);
	got = delta_scan_open(&scan, m->table, m->snapshot, &o, err);
	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0)
		if (merge_find(m->source, b.columns, b.rows, from, m->numbers, err) < 0 ||
		    match_batch(m, &b, m->numbers, err) < 0)
			got = -1;
	delta_scan_close(scan);
	table_from_free(from);
	free(flags);
	free(keys);
	return got;
}

const struct pq_range *
merge_matched_rows(void *merge, size_t file, size_t *n)
{
	enum { NEAR = 64 };		/* rows that are read rather than passed over */
	struct merge *m = merge;
	const struct merge_match *match = m->matches + m->spans[file].first;
	size_t i;

	m->ranges = xreallocarray(m->ranges, m->spans[file].n, sizeof(*m->ranges));
	for (*n = i = 0; i < m->spans[file].n; i++) {
		if (*n == 0 || m->ranges[*n - 1].end + NEAR < match[i].row)
			m->ranges[(*n)++].row = match[i].row;
		m->ranges[*n - 1].end = match[i].row + 1;
	}
	return m->ranges;
}

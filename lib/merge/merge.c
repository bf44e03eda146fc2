/*
 * A merge in place. The first pass (match.c) scans the key columns of the files that may contain a key of the source
 * and matches rows. Files whose matched rows may all be unchanged are compared with the source until a row differs.
 * Files with changes are rewritten; the source's unmatched rows are written last.
 */
#include <stdlib.h>
#include <string.h>

#include "merge/pass.h"

/* rows per row group written: few, to save memory, as two row groups are buffered */
enum { GROUP_ROWS = 3 << 15 };

/* ---- comparing ---- */

/* Returns true if a source row differs from a row of vectors in one of these columns. */
static bool
differs(const struct merge *m, const size_t *columns, size_t n, uint32_t number,
    const struct pq_vector *vectors, size_t row)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!merge_equal(&m->source->columns[columns[i]], number, &vectors[i], row))
			return true;
	return false;
}

/* Marks the file touched if a matched row differs from the source. */
static int
compare_file(struct merge *m, size_t file, const size_t *columns, size_t n, struct msg *err)
{
	struct delta_scan_options o = { .columns = columns, .ncolumns = n, .files = &file, .nfiles = 1,
	    .rows = merge_matched_rows, .to = m };
	const struct merge_match *match = m->matches + m->spans[file].first, *end = match + m->spans[file].n;
	struct delta_scan *scan;
	struct delta_batch b;
	int got = delta_scan_open(&scan, m->table, m->snapshot, &o, err);

	while (got >= 0 && !m->touched[file] && match < end && (got = delta_scan_next(scan, &b, err)) > 0)
		for (; match < end && match->row < b.first_row + b.rows && !m->touched[file]; match++)
			m->touched[file] = differs(m, columns, n, match->number, b.columns,
			    (size_t)(match->row - b.first_row));
	delta_scan_close(scan);
	return got < 0 ? -1 : 0;
}

/* Lists the columns to compare: those of the source but the key and hidden ones. Returns how many. */
static size_t
compared(const struct merge *m, size_t *columns)
{
	const struct merge_plan *p = m->source->plan;
	size_t i, k, n = 0;

	for (i = 0; i < p->n; i++) {
		for (k = 0; k < p->nkeys && p->keys[k] != i; k++)
			;
		if (k == p->nkeys && m->source->columns[i].there && !p->columns[i].hidden)
			columns[n++] = i;
	}
	return n;
}

static int
find_changes(struct merge *m, struct msg *err)
{
	size_t *columns = xcalloc(m->source->plan->n, sizeof(*columns)), n = compared(m, columns), i;
	int failed = 0;

	for (i = 0; i < m->snapshot->nfiles && n > 0 && !failed; i++)
		if (!m->touched[i] && m->spans[i].n > 0)
			failed = compare_file(m, i, columns, n, err);
	free(columns);
	return failed;
}

/* ---- rewriting ---- */

/* what happens to a batch's rows; pick, at and numbers are those of struct merge */
struct batch_plan {
	size_t kept, patched;
};

static struct batch_plan
plan_batch(struct merge *m, const struct delta_batch *b, const struct merge_match **match,
    const struct merge_match *end)
{
	struct merge_result *r = m->result;
	struct batch_plan p = { 0 };
	uint32_t i, number;

	for (i = 0; i < b->rows; i++) {
		if (b->deleted != NULL && b->deleted[i])
			continue;
		number = *match < end && (*match)->row == b->first_row + i ? (*match)++->number : MERGE_ABSENT;
		if (number == MERGE_ABSENT ? m->opt->delete_absent : (m->source->state[number] & MERGE_DELETE) != 0) {
			r->deleted++;
			merge_note(m, MERGE_GONE, i, MERGE_ABSENT);
			continue;
		}
		if (number != MERGE_ABSENT && merge_differs(m, number, b->columns, i)) {
			r->updated++;
			merge_note(m, MERGE_PRE, i, MERGE_ABSENT);
			merge_note(m, MERGE_POST, i, number);
			m->at[p.patched] = (uint32_t)p.kept;
			m->numbers[p.patched++] = number;
		} else {
			r->copied++;
		}
		m->pick[p.kept++] = i;
	}
	return p;
}

static int
rewrite_batch(struct merge *m, const struct delta_batch *b, const struct merge_match **match,
    const struct merge_match *end, struct msg *err)
{
	struct batch_plan p = plan_batch(m, b, match, end);

	if (merge_tell(m, b->columns, err) < 0)
		return -1;
	if (p.patched == 0 && p.kept == b->rows)
		return merge_put(m, b->rows, b->columns, err);
	merge_rows_take(&m->rows, b->columns, m->pick, p.kept);
	merge_rows_patch(&m->rows, m->at, m->numbers, p.patched);
	return merge_put(m, p.kept, m->rows.vectors, err);
}

/* The second pass: rewrites the touched files. */
static int
rewrite(struct merge *m, struct msg *err)
{
	struct merge_result *r = m->result;
	const struct merge_match *match = NULL, *end = NULL;
	struct delta_scan_options o = { 0 };
	struct delta_scan *scan;
	struct delta_batch b;
	size_t i, file = SIZE_MAX;
	int got;

	r->removes = xcalloc(m->snapshot->nfiles, sizeof(*r->removes));
	for (i = 0; i < m->snapshot->nfiles; i++)
		if (m->touched[i])
			r->removes[r->nremoves++] = i;
	if (r->nremoves == 0)
		return 0;
	o.files = r->removes;
	o.nfiles = r->nremoves;
	got = delta_scan_open(&scan, m->table, m->snapshot, &o, err);
	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0) {
		if (b.file != file) {
			file = b.file;
			match = m->matches + m->spans[file].first;
			end = match + m->spans[file].n;
		}
		got = rewrite_batch(m, &b, &match, end, err);
	}
	delta_scan_close(scan);
	return got;
}

/* Merges by rewriting the files with rows that change, each row in its place. */
static int
merge_in_place(struct merge *m, struct msg *err)
{
	size_t i;

	for (i = 0; i < m->source->n; i++)
		m->source->state[i] &= MERGE_DELETE;
	if (m->snapshot->nfiles > 0 && (m->source->n > 0 || m->opt->delete_absent) &&
	    (merge_match(m, err) < 0 || find_changes(m, err) < 0))
		return -1;
	return rewrite(m, err) < 0 ? -1 : merge_insert(m, err);
}

/* ---- the whole ---- */

static void
begin(struct merge *m)
{
	struct merge_tell *c = &m->tell;

	m->spans = xcalloc(m->snapshot->nfiles, sizeof(*m->spans));
	m->touched = xcalloc(m->snapshot->nfiles, sizeof(*m->touched));
	m->pick = xcalloc(MERGE_BATCH, sizeof(*m->pick));
	m->at = xcalloc(MERGE_BATCH, sizeof(*m->at));
	m->numbers = xcalloc(MERGE_BATCH, sizeof(*m->numbers));
	m->vectors = xcalloc(m->source->plan->n, sizeof(*m->vectors));
	merge_rows_init(&m->rows, m->source, MERGE_BATCH);
	if (m->opt->change == NULL)
		return;
	merge_rows_init(&c->rows, m->source, 2 * MERGE_BATCH);
	c->kinds = xcalloc(2 * MERGE_BATCH, sizeof(*c->kinds));
	c->pick = xcalloc(2 * MERGE_BATCH, sizeof(*c->pick));
	c->at = xcalloc(2 * MERGE_BATCH, sizeof(*c->at));
	c->numbers = xcalloc(2 * MERGE_BATCH, sizeof(*c->numbers));
	c->vectors = xcalloc(m->source->plan->n + 1, sizeof(*c->vectors));
}

static void
end(struct merge *m)
{
	struct merge_tell *c = &m->tell;

	delta_out_free(m->out);
	delta_out_free(m->tombs);
	free(m->matches);
	free(m->spans);
	free(m->touched);
	free(m->ranges);
	free(m->pick);
	free(m->at);
	free(m->numbers);
	free(m->vectors);
	merge_rows_free(&m->rows);
	merge_rows_free(&c->rows);
	free(c->kinds);
	free(c->pick);
	free(c->at);
	free(c->numbers);
	free(c->vectors);
}

int
merge_run(struct merge_source *s, struct delta_table *t, const struct delta_snapshot *snapshot,
    const struct merge_options *o, struct merge_result *r, struct msg *err)
{
	struct merge m = { .source = s, .table = t, .snapshot = snapshot, .opt = o, .result = r };
	struct delta_out_options out = { .codec = o->codec, .delta_encodings = o->delta_encodings,
	    .row_group_rows = GROUP_ROWS, .page_rows = MERGE_PAGE_ROWS, .beside = true, .namer = &o->intent->namer };
	int failed;

	*r = (struct merge_result){ .source = s->total, .bounds = s->bounds,
	    .nbounds = s->n > 0 && s->parts == NULL && !o->delete_absent ? s->plan->nkeys : 0 };
	begin(&m);
	m.out = delta_out_open(t, s->plan->columns, s->plan->n, &out);
	if (s->plan->norder > 0)
		m.tombs = delta_out_open(t, s->plan->columns, s->plan->n, &out);
	failed = s->parts != NULL || s->plan->norder > 0 || delta_may_vector(snapshot) ?
	    merge_by_marks(&m, err) : merge_in_place(&m, err);
	failed = failed || delta_out_finish(m.out, &r->pool, &r->adds, &r->nadds, err) < 0;
	end(&m);
	return failed ? -1 : 0;
}

void
merge_result_free(struct merge_result *r)
{
	free(r->removes);
	free(r->vectors);
	pool_free(&r->pool);
	memset(r, 0, sizeof(*r));
}

/*
 * The merge's passes over the table. The first scans the key columns of the files that may contain a key of the
 * source and matches rows. Files whose matched rows may all be unchanged are compared with the source until a row
 * differs. Files with changes are rewritten; the source's unmatched rows are written last.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "merge/source.h"

/* rows per row group written: few, to save memory, as two row groups are buffered */
enum { GROUP_ROWS = 3 << 15 };

struct match {
	uint64_t row;			/* physical row number in its file */
	uint32_t number;		/* number of the source row */
};

struct file_span {				/* the matches of a file, in row order */
	size_t first, n;
};

struct changes {			/* buffered rows of the change stream */
	struct pq_bytes *kinds;		/* change type of each */
	/* the table row of each; the rows to patch, and the source rows to patch from */
	uint32_t *pick, *at, *numbers;
	size_t n, npatches;
	struct merge_rows rows;
	struct pq_vector *vectors;
};

struct merge {
	struct merge_source *source;
	struct delta_table *table;
	const struct delta_snapshot *snapshot;
	const struct merge_options *opt;
	struct merge_result *result;
	struct match *matches;
	size_t nmatches, match_cap;
	struct file_span *spans;		/* per file of the snapshot */
	bool *touched;			/* per file: it must be rewritten */
	struct delta_out *out;
	struct merge_rows rows;
	uint32_t *pick, *at, *numbers;	/* MERGE_BATCH each */
	struct pq_vector *vectors;	/* as passed to the writer */
	struct changes changes;
};

static const struct pq_bytes WORD_INSERT = { (const uint8_t *)"insert", 6 },
    WORD_DELETE = { (const uint8_t *)"delete", 6 },
    WORD_PRE = { (const uint8_t *)"update_preimage", 15 }, WORD_POST = { (const uint8_t *)"update_postimage", 16 };

/* ---- the first pass: keys ---- */

static struct table_from *
key_records(const struct merge *m)
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
	struct file_span *span = &m->spans[b->file];
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
	m->matches[m->nmatches++] = (struct match){ b->first_row + row, number };
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

static int
find_matches(struct merge *m, struct msg *err)
{
	const struct merge_plan *p = m->source->plan;
	struct delta_scan_options o = { .columns = p->keys, .ncolumns = p->nkeys, .bounds = m->source->bounds,
	    .nbounds = m->opt->delete_absent ? 0 : p->nkeys };
	unsigned *flags = xcalloc(p->nkeys, sizeof(*flags));
	struct table_from *from = key_records(m);
	struct delta_scan *scan;
	struct delta_batch b;
	size_t i;
	int got;

	for (i = 0; i < p->nkeys; i++)
		flags[i] = m->source->columns[p->keys[i]].shape == PQ_BYTES ? PQ_INDEX : 0;
	o.flags = flags;
	got = delta_scan_open(&scan, m->table, m->snapshot, &o, err);
	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0)
		if (merge_find(m->source, b.columns, b.rows, from, m->numbers, err) < 0 ||
		    match_batch(m, &b, m->numbers, err) < 0)
			got = -1;
	delta_scan_close(scan);
	table_from_free(from);
	free(flags);
	return got;
}

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
	struct delta_scan_options o = { .columns = columns, .ncolumns = n, .bounds = m->source->bounds,
	    .nbounds = m->opt->delete_absent ? 0 : m->source->plan->nkeys, .files = &file, .nfiles = 1 };
	const struct match *match = m->matches + m->spans[file].first, *end = match + m->spans[file].n;
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

/* ---- writing ---- */

/* Passes changes on: rows picked from vectors, or new rows only if vectors is NULL. */
static int
tell(struct merge *m, const struct pq_vector *vectors, struct msg *err)
{
	struct changes *c = &m->changes;
	size_t n = c->n;

	if (n == 0)
		return 0;
	merge_rows_take(&c->rows, vectors, c->pick, n);
	merge_rows_patch(&c->rows, c->at, c->numbers, c->npatches);
	c->vectors[0] = (struct pq_vector){ .n = n, .v.bytes = c->kinds };
	memcpy(c->vectors + 1, c->rows.vectors, m->source->plan->n * sizeof(*c->vectors));
	c->n = c->npatches = 0;
	return m->opt->change(m->opt->to, n, c->vectors, err);
}

static void
note(struct merge *m, struct pq_bytes kind, uint32_t row, uint32_t number)
{
	struct changes *c = &m->changes;

	if (m->opt->change == NULL)
		return;
	if (number != MERGE_ABSENT) {
		c->at[c->npatches] = (uint32_t)c->n;
		c->numbers[c->npatches++] = number;
	}
	c->pick[c->n] = row;
	c->kinds[c->n++] = kind;
}

/* Writes rows; omits the validity of columns that are never null. */
static int
put(struct merge *m, size_t rows, const struct pq_vector *vectors, struct msg *err)
{
	size_t i;

	for (i = 0; i < m->source->plan->n; i++) {
		const struct delta_column *c = &m->source->plan->columns[i];

		m->vectors[i] = vectors[i];
		if (c->nullable || vectors[i].def == NULL)
			continue;
		if (memchr(vectors[i].def, 0, rows) != NULL)
			return msg_set(err, EX_DATAERR, "%s: column %s: null, which the schema does not allow",
			    m->table->address, c->name);
		m->vectors[i].def = NULL;
	}
	return delta_out_write(m->out, rows, m->vectors, err);
}

/* what happens to a batch's rows; pick, at and numbers are those of struct merge */
struct batch_plan {
	size_t kept, patched;
};

static struct batch_plan
plan_batch(struct merge *m, const struct delta_batch *b, const struct match **match, const struct match *end)
{
	struct merge_result *r = m->result;
	struct batch_plan p = { 0 };
	uint32_t i, number;
	size_t k, n = m->source->plan->n;
	bool differ;

	for (i = 0; i < b->rows; i++) {
		if (b->deleted != NULL && b->deleted[i])
			continue;
		number = *match < end && (*match)->row == b->first_row + i ? (*match)++->number : MERGE_ABSENT;
		if (number == MERGE_ABSENT ? m->opt->delete_absent : (m->source->state[number] & MERGE_DELETE) != 0) {
			r->deleted++;
			note(m, WORD_DELETE, i, MERGE_ABSENT);
			continue;
		}
		for (k = 0, differ = false; number != MERGE_ABSENT && k < n && !differ; k++)
			differ = m->source->columns[k].there && !m->source->plan->columns[k].hidden &&
			    !merge_equal(&m->source->columns[k], number, &b->columns[k], i);
		if (differ) {
			r->updated++;
			note(m, WORD_PRE, i, MERGE_ABSENT);
			note(m, WORD_POST, i, number);
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
rewrite_batch(struct merge *m, const struct delta_batch *b, const struct match **match,
    const struct match *end, struct msg *err)
{
	struct batch_plan p = plan_batch(m, b, match, end);

	if (tell(m, b->columns, err) < 0)
		return -1;
	if (p.patched == 0 && p.kept == b->rows)
		return put(m, b->rows, b->columns, err);
	merge_rows_take(&m->rows, b->columns, m->pick, p.kept);
	merge_rows_patch(&m->rows, m->at, m->numbers, p.patched);
	return put(m, p.kept, m->rows.vectors, err);
}

/* The second pass: rewrites the touched files. */
static int
rewrite(struct merge *m, struct msg *err)
{
	struct merge_result *r = m->result;
	const struct match *match = NULL, *end = NULL;
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

static int
insert_some(struct merge *m, size_t n, struct msg *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		m->at[i] = (uint32_t)i;
		note(m, WORD_INSERT, 0, m->numbers[i]);
	}
	if (tell(m, NULL, err) < 0)
		return -1;
	merge_rows_take(&m->rows, NULL, NULL, n);
	merge_rows_patch(&m->rows, m->at, m->numbers, n);
	m->result->inserted += n;
	return put(m, n, m->rows.vectors, err);
}

static int
insert(struct merge *m, struct msg *err)
{
	size_t i, n = 0;

	for (i = 0; i < m->source->n; i++) {
		if (m->source->state[i] != 0)
			continue;
		m->numbers[n++] = (uint32_t)i;
		if (n < MERGE_BATCH)
			continue;
		if (insert_some(m, n, err) < 0)
			return -1;
		n = 0;
	}
	return n > 0 ? insert_some(m, n, err) : 0;
}

/* ---- the whole ---- */

static void
begin(struct merge *m)
{
	struct changes *c = &m->changes;
	size_t i;

	m->spans = xcalloc(m->snapshot->nfiles, sizeof(*m->spans));
	m->touched = xcalloc(m->snapshot->nfiles, sizeof(*m->touched));
	m->pick = xcalloc(MERGE_BATCH, sizeof(*m->pick));
	m->at = xcalloc(MERGE_BATCH, sizeof(*m->at));
	m->numbers = xcalloc(MERGE_BATCH, sizeof(*m->numbers));
	m->vectors = xcalloc(m->source->plan->n, sizeof(*m->vectors));
	merge_rows_init(&m->rows, m->source, MERGE_BATCH);
	for (i = 0; i < m->source->n; i++)
		m->source->state[i] &= MERGE_DELETE;
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
	struct changes *c = &m->changes;

	delta_out_free(m->out);
	free(m->matches);
	free(m->spans);
	free(m->touched);
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
	    .row_group_rows = GROUP_ROWS, .beside = true, .namer = &o->intent->namer };
	int failed = 0;

	*r = (struct merge_result){ .source = s->n, .bounds = s->bounds,
	    .nbounds = s->n > 0 && !o->delete_absent ? s->plan->nkeys : 0 };
	begin(&m);
	if (snapshot->nfiles > 0 && (s->n > 0 || o->delete_absent))
		failed = find_matches(&m, err) < 0 || find_changes(&m, err) < 0;
	m.out = delta_out_open(t, s->plan->columns, s->plan->n, &out);
	failed = failed || rewrite(&m, err) < 0 || insert(&m, err) < 0 ||
	    delta_out_finish(m.out, &r->pool, &r->adds, &r->nadds, err) < 0;
	end(&m);
	return failed ? -1 : 0;
}

void
merge_result_free(struct merge_result *r)
{
	free(r->removes);
	pool_free(&r->pool);
	memset(r, 0, sizeof(*r));
}

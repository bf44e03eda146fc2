/*
 * Tombstones: a delete by sequence leaves a row with its key and its place in the order, so that an older row that
 * comes late does not bring the key back. They lie in data files of their own, in the table, whose deletion vectors
 * delete all rows: no reader sees them, and they take effect with the version that deletes.
 */
#include <stdlib.h>
#include <string.h>

#include "merge/pass.h"

/* ---- reading ---- */

/* Lists the files of tombstones. Owned. */
static size_t *
find_files(const struct delta_snapshot *s, size_t *n)
{
	size_t *files = xcalloc(s->nfiles, sizeof(*files)), i;

	for (*n = i = 0; i < s->nfiles; i++)
		if (delta_file_is_dead(&s->files[i]))
			files[(*n)++] = i;
	return files;
}

/* Marks the rows of the source that come later than a delete of their key. */
static void
weigh_batch(struct merge *m, size_t rows, const struct pq_vector *vectors)
{
	size_t i;

	for (i = 0; i < rows; i++) {
		uint32_t number = m->numbers[i];
		uint8_t *state = number != MERGE_ABSENT ? &m->source->state[number] : NULL;
		int age = state != NULL && !(*state & MERGE_LATE) ? merge_age(m->source, number, vectors, i) : -1;

		if (age < 0 || (age == 0 && !(*state & MERGE_DELETE)))
			continue;
		*state |= MERGE_LATE;
		m->result->late++;
	}
}

static int
read_files(struct merge *m, const size_t *files, size_t nfiles, struct msg *err)
{
	const struct merge_plan *p = m->source->plan;
	size_t n = p->nkeys + p->norder, *columns = xcalloc(n, sizeof(*columns)), i;
	struct delta_scan_options o = { .columns = columns, .ncolumns = n, .files = files, .nfiles = nfiles,
	    .bounds = m->source->bounds, .nbounds = p->nkeys };
	struct pq_vector *vectors = xcalloc(p->n, sizeof(*vectors));
	struct table_from *from = merge_key_records(m);
	struct delta_scan *scan;
	struct delta_batch b;
	int got;

	memcpy(columns, p->keys, p->nkeys * sizeof(*columns));
	memcpy(columns + p->nkeys, p->order, p->norder * sizeof(*columns));
	got = delta_scan_open(&scan, m->table, m->snapshot, &o, err);
	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0) {
		for (i = p->nkeys; i < n; i++)
			vectors[columns[i]] = b.columns[i];
		if ((got = merge_find(m->source, b.columns, b.rows, from, m->numbers, err)) == 0)
			weigh_batch(m, b.rows, vectors);
	}
	delta_scan_close(scan);
	table_from_free(from);
	free(vectors);
	free(columns);
	return got;
}

int
merge_tombs_read(struct merge *m, struct msg *err)
{
	size_t n, *files = find_files(m->snapshot, &n);
	int failed = n > 0 && m->source->n > 0 ? read_files(m, files, n, err) : 0;

	free(files);
	return failed;
}

/* ---- writing ---- */

/* Returns true if a tombstone has the column: a key, or one of the first n that order rows. */
static bool
is_kept(const struct merge_plan *p, size_t column, size_t n)
{
	size_t i;

	for (i = 0; i < p->nkeys; i++)
		if (p->keys[i] == column)
			return true;
	for (i = 0; i < n && i < p->norder; i++)
		if (p->order[i] == column)
			return true;
	return false;
}

/* Empties a column of rows: nulls, or zeros and empty strings where it has none. */
static void
blank(struct merge_rows *r, size_t column, enum pq_shape shape)
{
	struct pq_bytes *b = (struct pq_bytes *)(void *)r->values[column];
	size_t i;

	memset(r->def[column], 0, r->n);
	memset(r->values[column], 0, r->n * pq_shape_size(shape));
	for (i = 0; shape == PQ_BYTES && i < r->n; i++)
		b[i].p = (const uint8_t *)"";
}

int
merge_tombs_put(struct merge *m, size_t n, struct msg *err)
{
	const struct merge_plan *p = m->source->plan;
	struct merge_rows *r = &m->rows;
	size_t i;

	if (r->n == 0)
		return 0;
	if (!m->opt->tombs)
		return msg_set(err, EX_UNAVAILABLE, "%s: a delete by sequence leaves a tombstone, which needs the "
		    "table property " DELTA_VECTORS, m->table->address);
	for (i = 0; i < p->n; i++) {
		m->vectors[i] = r->vectors[i];
		if (!is_kept(p, i, n))
			blank(r, i, m->source->columns[i].shape);
		if (!p->columns[i].nullable)
			m->vectors[i].def = NULL;
	}
	m->result->tombs += r->n;
	return delta_out_write(m->tombs, r->n, m->vectors, err);
}

static int
put_some(struct merge *m, size_t n, struct msg *err)
{
	merge_rows_take(&m->rows, NULL, NULL, n);
	merge_rows_patch(&m->rows, m->at, m->numbers, n);
	return merge_tombs_put(m, m->source->plan->norder, err);
}

int
merge_tombs_bury(struct merge *m, struct msg *err)
{
	const struct merge_source *s = m->source;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if ((s->state[i] & (MERGE_DELETE | MERGE_LATE)) != MERGE_DELETE)
			continue;
		m->at[n] = (uint32_t)n;
		m->numbers[n++] = (uint32_t)i;
		if (n < MERGE_BATCH)
			continue;
		if (put_some(m, n, err) < 0)
			return -1;
		n = 0;
	}
	return n > 0 ? put_some(m, n, err) : 0;
}

/* Deletes all rows of a new file. */
static int
delete_rows(struct merge *m, struct delta_vectors *v, struct delta_file *f, struct msg *err)
{
	size_t n = (size_t)delta_file_rows(f), i;
	uint64_t *rows = xcalloc(n, sizeof(*rows));
	int failed;

	for (i = 0; i < n; i++)
		rows[i] = i;
	failed = delta_vectors_add(v, f, rows, n, &m->result->pool, f, err);
	free(rows);
	return failed;
}

int
merge_tombs_finish(struct merge *m, struct delta_vectors *v, struct msg *err)
{
	struct merge_result *r = m->result;
	size_t i;
	int failed = delta_out_finish(m->tombs, &r->pool, &r->graves, &r->ngraves, err);

	for (i = 0; i < r->ngraves && !failed; i++)
		failed = delete_rows(m, v, &r->graves[i], err);
	return failed;
}

/*
 * Merging by marks. Two bitmaps a file say which of its rows the source has matched, and which are gone because they
 * are updated or deleted. New versions of rows go to new files.
 */
#include <stdlib.h>
#include <string.h>

#include "merge/parts.h"
#include "merge/pass.h"

struct bitmap {
	uint8_t *bytes;			/* owned: whole words of 64 bits; rows beyond have no mark */
	size_t n;
	uint64_t count;
};

struct marks {
	struct merge *m;
	struct bitmap *matched, *gone;	/* per file of the snapshot; matched: only for rows that the source lacks */
};

/* ---- bitmaps ---- */

static bool
has(const struct bitmap *b, uint64_t row)
{
	return row / 8 < b->n && (b->bytes[row / 8] >> row % 8 & 1) != 0;
}

static void
set(struct bitmap *b, uint64_t row)
{
	size_t n;

	if (row / 8 >= b->n) {
		n = ((size_t)(row / 8) * 3 / 2 + 64) & ~(sizeof(uint64_t) - 1);
		b->bytes = xreallocarray(b->bytes, n, 1);
		memset(b->bytes + b->n, 0, n - b->n);
		b->n = n;
	}
	b->count += !has(b, row);
	b->bytes[row / 8] |= (uint8_t)(1 << row % 8);
}

/* Lists the marked rows in an array that the caller frees. */
static uint64_t *
list(const struct bitmap *b)
{
	uint64_t *rows = xcalloc((size_t)b->count, sizeof(*rows));
	size_t i, n = 0;
	uint64_t bits;

	for (i = 0; i < b->n; i += sizeof(bits))
		for (memcpy(&bits, b->bytes + i, sizeof(bits)); bits != 0; bits &= bits - 1)
			rows[n++] = (uint64_t)i * 8 + (unsigned)__builtin_ctzll(bits);
	return rows;
}

/* ---- a part of the source ---- */

/* Returns true if the table has a newer row than the source, or a newer delete. */
static bool
is_late(struct merge *m, uint32_t number, const struct pq_vector *columns, size_t row)
{
	uint8_t *state = &m->source->state[number];

	if ((*state & MERGE_LATE) || merge_age(m->source, number, columns, row) <= 0)
		return (*state & MERGE_LATE) != 0;
	*state |= MERGE_LATE;
	m->result->late++;
	return true;
}

static int
mark_batch(struct marks *k, const struct delta_batch *b, const struct merge_match **match,
    const struct merge_match *end, struct msg *err)
{
	struct merge *m = k->m;
	size_t n = 0;

	for (; *match < end && (*match)->row < b->first_row + b->rows; (*match)++) {
		uint32_t number = (*match)->number, row = (uint32_t)((*match)->row - b->first_row);

		if (m->opt->delete_absent)
			set(&k->matched[b->file], (*match)->row);
		if (is_late(m, number, b->columns, row)) {
			continue;
		} else if (m->source->state[number] & MERGE_DELETE) {
			m->result->deleted++;
			merge_note(m, MERGE_GONE, row, MERGE_ABSENT);
		} else if (merge_differs(m, number, b->columns, row)) {
			merge_note(m, MERGE_PRE, row, MERGE_ABSENT);
			merge_note(m, MERGE_POST, row, number);
			m->pick[n] = row;
			m->at[n] = (uint32_t)n;
			m->numbers[n++] = number;
		} else {
			continue;
		}
		set(&k->gone[b->file], (*match)->row);
	}
	m->result->updated += n;
	if (merge_tell(m, b->columns, err) < 0)
		return -1;
	merge_rows_take(&m->rows, b->columns, m->pick, n);
	merge_rows_patch(&m->rows, m->at, m->numbers, n);
	return n > 0 ? merge_put(m, n, m->rows.vectors, err) : 0;
}

/* Compares the matched rows of a file with the source. */
static int
mark_file(struct marks *k, size_t file, struct msg *err)
{
	struct merge *m = k->m;
	const struct merge_match *match = m->matches + m->spans[file].first, *end = match + m->spans[file].n;
	struct delta_scan_options o = { .files = &file, .nfiles = 1, .rows = merge_matched_rows, .to = m };
	struct delta_scan *scan;
	struct delta_batch b;
	int got = delta_scan_open(&scan, m->table, m->snapshot, &o, err);

	while (got >= 0 && match < end && (got = delta_scan_next(scan, &b, err)) > 0)
		if (mark_batch(k, &b, &match, end, err) < 0)
			got = -1;
	delta_scan_close(scan);
	return got < 0 ? -1 : 0;
}

/* Merges a part of the source; m->source is the part only until this returns. */
static int
mark_part(void *to, struct merge_source *part, struct msg *err)
{
	struct marks *k = to;
	struct merge *m = k->m;
	int failed = 0;
	size_t i;

	m->source = part;
	m->rows.source = part;
	m->tell.rows.source = m->opt->change != NULL ? part : NULL;
	m->nmatches = 0;
	memset(m->spans, 0, m->snapshot->nfiles * sizeof(*m->spans));
	for (i = 0; i < part->n; i++)
		part->state[i] &= MERGE_DELETE;
	if (m->snapshot->nfiles > 0 && part->n > 0)
		failed = merge_match(m, err) < 0 || (part->plan->norder > 0 && merge_tombs_read(m, err) < 0);
	for (i = 0; i < m->snapshot->nfiles && !failed; i++)
		if (m->spans[i].n > 0)
			failed = mark_file(k, i, err);
	if (failed || merge_insert(m, err) < 0)
		return -1;
	return part->plan->norder > 0 ? merge_tombs_bury(m, err) : 0;
}

/* ---- rows that the source lacks ---- */

/*
 * Writes tombstones for n picked rows of a batch. They have no arrival: a row of the same sequence that comes later
 * brings the key back.
 */
static int
bury_absent(struct merge *m, const struct delta_batch *b, size_t n, struct msg *err)
{
	if (m->source->plan->norder == 0)
		return 0;
	merge_rows_take(&m->rows, b->columns, m->pick, n);
	return merge_tombs_put(m, 1, err);
}

static int
mark_absent(struct marks *k, struct msg *err)
{
	struct merge *m = k->m;
	bool whole = m->opt->change != NULL || m->source->plan->norder > 0;
	struct delta_scan_options o = { .columns = whole ? NULL : &(size_t){ 0 } };
	struct delta_scan *scan;
	struct delta_batch b;
	size_t n;
	uint32_t i;
	int got = delta_scan_open(&scan, m->table, m->snapshot, &o, err);

	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0) {
		n = 0;
		for (i = 0; i < b.rows; i++) {
			if ((b.deleted != NULL && b.deleted[i]) || has(&k->matched[b.file], b.first_row + i))
				continue;
			m->result->deleted++;
			set(&k->gone[b.file], b.first_row + i);
			merge_note(m, MERGE_GONE, i, MERGE_ABSENT);
			m->pick[n++] = i;
		}
		got = merge_tell(m, b.columns, err) < 0 || bury_absent(m, &b, n, err) < 0 ? -1 : 0;
	}
	delta_scan_close(scan);
	return got;
}

/* ---- marks to vectors, or to files without the rows ---- */

static int
copy_batch(struct marks *k, const struct delta_batch *b, struct msg *err)
{
	struct merge *m = k->m;
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < b->rows; i++)
		if ((b->deleted == NULL || !b->deleted[i]) && !has(&k->gone[b->file], b->first_row + i))
			m->pick[n++] = i;
	m->result->copied += n;
	merge_rows_take(&m->rows, b->columns, m->pick, n);
	return n > 0 ? merge_put(m, n, m->rows.vectors, err) : 0;
}

/* Writes the rows of a file that are not gone. */
static int
copy_file(struct marks *k, size_t file, struct msg *err)
{
	struct delta_scan_options o = { .files = &file, .nfiles = 1 };
	struct delta_scan *scan;
	struct delta_batch b;
	int got = delta_scan_open(&scan, k->m->table, k->m->snapshot, &o, err);

	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0)
		if (copy_batch(k, &b, err) < 0)
			got = -1;
	delta_scan_close(scan);
	return got;
}

/* Adds a vector for the rows of a file that are gone, unless all of them are. */
static int
vector_file(struct marks *k, size_t file, struct delta_vectors *v, struct msg *err)
{
	struct merge_result *r = k->m->result;
	const struct delta_file *f = &k->m->snapshot->files[file];
	struct bitmap *gone = &k->gone[file];
	uint64_t *rows;
	size_t n, i;
	int failed;

	if (delta_file_gone(k->m->table, f, &rows, &n, err) < 0)
		return -1;
	for (i = 0; i < n; i++)
		set(gone, rows[i]);
	free(rows);
	if (gone->count == (uint64_t)delta_file_rows(f))
		return 0;
	rows = list(gone);
	failed = delta_vectors_add(v, f, rows, (size_t)gone->count, &r->pool, &r->vectors[r->nvectors], err);
	free(rows);
	r->nvectors += !failed;
	return failed;
}

/* Settles the files with rows that are gone: removes them, and adds them again with vectors, or new files. */
static int
settle(struct marks *k, struct msg *err)
{
	struct merge *m = k->m;
	struct merge_result *r = m->result;
	bool may = delta_may_vector(m->snapshot);
	struct delta_vectors *v = delta_vectors_open(m->table, &m->opt->intent->namer);
	int failed = 0;
	size_t i;

	r->removes = xcalloc(m->snapshot->nfiles, sizeof(*r->removes));
	r->vectors = xcalloc(m->snapshot->nfiles, sizeof(*r->vectors));
	for (i = 0; i < m->snapshot->nfiles && !failed; i++) {
		if (k->gone[i].count == 0)
			continue;
		r->removes[r->nremoves++] = i;
		failed = may && delta_file_rows(&m->snapshot->files[i]) >= 0 ? vector_file(k, i, v, err) :
		    copy_file(k, i, err);
	}
	failed = failed || (m->tombs != NULL && merge_tombs_finish(m, v, err) < 0) ? -1 : delta_vectors_finish(v, err);
	delta_vectors_free(v);
	return failed;
}

int
merge_by_marks(struct merge *m, struct msg *err)
{
	struct merge_source *whole = m->source;
	size_t n = m->snapshot->nfiles, i;
	struct marks k = { .m = m, .matched = xcalloc(n, sizeof(*k.matched)), .gone = xcalloc(n, sizeof(*k.gone)) };
	int failed = merge_parts_each(whole, mark_part, &k, err);

	m->source = whole;
	m->rows.source = whole;
	m->tell.rows.source = m->opt->change != NULL ? whole : NULL;
	if (!failed && m->opt->delete_absent && n > 0)
		failed = mark_absent(&k, err);
	if (!failed)
		failed = settle(&k, err);
	for (i = 0; i < n; i++) {
		free(k.matched[i].bytes);
		free(k.gone[i].bytes);
	}
	free(k.matched);
	free(k.gone);
	return failed ? -1 : 0;
}

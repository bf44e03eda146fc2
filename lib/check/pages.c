/* Checks the pages of a Parquet file: reads them with their checksums and compares them with the footer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "check/parts.h"
#include "delta/log/pq.h"

enum { BATCH = 8192 };

struct check_seen {
	uint64_t id[2];
	struct msg *fault;		/* owned; NULL: intact */
};

/* ---- files under several names ---- */

/* Returns 1 if this file was read before, under any name, and is intact, -1 if damaged, 0 if not read. */
static int
seen_before(const struct check *c, const struct store_in *in, struct msg *err)
{
	size_t i;

	for (i = 0; i < c->nseen; i++)
		if (memcmp(c->seen[i].id, in->id, sizeof(in->id)) == 0) {
			if (c->seen[i].fault == NULL)
				return 1;
			*err = *c->seen[i].fault;
			return -1;
		}
	return 0;
}

/* Remembers only files with several names, such as hard links. */
void
check_seen_now(struct check *c, const struct store_in *in, const struct msg *fault)
{
	struct check_seen *s;

	if (!in->has_other_names)
		return;
	c->seen = xreallocarray(c->seen, c->nseen + 1, sizeof(*c->seen));
	s = &c->seen[c->nseen++];
	*s = (struct check_seen){ .id = { in->id[0], in->id[1] } };
	if (fault != NULL) {
		s->fault = xmalloc(sizeof(*s->fault));
		*s->fault = *fault;
	}
}

void
check_free(struct check *c)
{
	size_t i;

	for (i = 0; i < c->nseen; i++)
		free(c->seen[i].fault);
	free(c->seen);
	c->seen = NULL;
	c->nseen = 0;
}

/* ---- row groups ---- */

struct pages {
	struct check *check;
	struct pq_reader *reader;
	const char *path;
	uint64_t size;			/* of the file */
	size_t *leaves;			/* leaves that are read */
	size_t n;
	struct check_range *group, *file;	/* by index in leaves; by leaf */
	struct msg *err;
};

/* Compares a completely read row group with its chunks' statistics and adds it to the file's ranges. */
static int
end_group(struct pages *p, size_t group)
{
	const struct pq_column *columns, *c;
	struct pq_stats st;
	size_t all, i;
	int failed = 0;

	columns = pq_columns(p->reader, &all);
	for (i = 0; i < p->n && !failed; i++) {
		c = &columns[p->leaves[i]];
		pq_chunk_stats(p->reader, group, p->leaves[i], &st);
		if (st.nulls >= 0 && (uint64_t)st.nulls != p->group[i].nulls)
			failed = msg_set(p->err, EX_DATAERR,
			    "%s: column %s, row group %zu: %" PRIu64 " nulls, where the footer says %"
			    PRId64, p->path, msg_quotes(c->path), group, p->group[i].nulls, st.nulls);
		else if (st.has_min_max && check_range_exceeds(&p->group[i], c, &st.min, &st.max))
			failed = msg_set(p->err, EX_DATAERR,
			    "%s: column %s, row group %zu: values outside the footer's bounds",
			    p->path, msg_quotes(c->path), group);
		check_range_merge(&p->file[p->leaves[i]], c, &p->group[i]);
		check_range_clear(&p->group[i]);
	}
	return failed;
}

/*
 * Counts `rows` more; returns false once a quick check has read enough. A row counts as its share of the file's
 * bytes.
 */
static bool
note_rows(struct pages *p, uint64_t rows)
{
	uint64_t all = pq_rows(p->reader), bytes = (uint64_t)((double)p->size * (double)rows / (double)all);

	p->check->rows += rows;
	p->check->bytes += bytes;
	p->check->page_bytes += bytes;
	progress_add(bytes, rows);
	progress_poll();
	return !p->check->quick || p->check->page_bytes < CHECK_QUICK_BYTES;
}

/* Returns 1 if all rows were read, 0 if not all, or -1. */
static int
read_rows(struct pages *p)
{
	const struct pq_column *columns;
	struct pq_batch b;
	size_t all, i, rows = 0;
	bool more = true;
	int got = 0;

	columns = pq_columns(p->reader, &all);
	while (more && (got = pq_next(p->reader, BATCH, &b, p->err)) > 0) {
		for (i = 0; i < p->n; i++)
			check_range_add(&p->group[i], &columns[p->leaves[i]], &b.columns[i]);
		rows += b.rows;
		if (rows == pq_row_group_rows(p->reader, b.group)) {
			rows = 0;
			if (end_group(p, b.group) < 0)
				return -1;
		}
		more = note_rows(p, b.rows);
	}
	return got < 0 ? -1 : more;
}

int
check_pages(struct check *c, struct pq_reader *r, const char *path, uint64_t size, struct check_range *ranges,
    struct msg *err)
{
	struct pages p = { .check = c, .reader = r, .path = path, .size = size, .file = ranges, .err = err };
	const struct pq_column *columns;
	size_t all, i;
	int got;

	if (c->quick && c->page_bytes >= CHECK_QUICK_BYTES)
		return 0;
	columns = pq_columns(r, &all);
	p.leaves = xcalloc(all + 1, sizeof(*p.leaves));
	for (i = 0; i < all; i++)
		if (columns[i].refused == NULL)
			p.leaves[p.n++] = i;
	p.group = xcalloc(p.n + 1, sizeof(*p.group));
	got = pq_check_index(r, err) < 0 || pq_select(r, p.leaves, NULL, p.n, err) < 0 ? -1 : read_rows(&p);
	for (i = 0; i < p.n; i++)
		check_range_free(&p.group[i]);
	free(p.group);
	free(p.leaves);
	return got;
}

/* ---- one file ---- */

static int
read_file(struct check *c, const struct store_in *in, struct pq_reader *r, struct msg *err)
{
	struct check_range *ranges;
	size_t n, i;
	int got = seen_before(c, in, err);

	if (got != 0)
		return got;
	(void)pq_columns(r, &n);
	ranges = xcalloc(n + 1, sizeof(*ranges));
	got = check_pages(c, r, in->path, in->size, ranges, err);
	for (i = 0; i < n; i++)
		check_range_free(&ranges[i]);
	free(ranges);
	return got;
}

void
check_parquet(struct check *c, const char *thing, struct store *s, const char *name, uint64_t *rows, uint64_t *size)
{
	struct msg err = { 0 };
	struct pq_reader *r = NULL;
	struct pq_source source;
	struct store_in in;

	*rows = *size = 0;
	c->files++;
	if (store_in_open(s, name, &in, &err) < 0) {
		check_report(c, thing, &err);
		return;
	}
	*size = in.size;
	source = delta_pq_source(&in);
	if (pq_open(&r, &source, 0, &err) == 0) {
		*rows = pq_rows(r);
		(void)read_file(c, &in, r, &err);
	}
	if (err.status != 0)
		check_report(c, thing, &err);
	pq_close(r);
	store_in_close(&in);
}

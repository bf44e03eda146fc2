/* Checks a Delta table: its log, and the files of its newest version against the log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check/parts.h"
#include "delta/data/cast.h"
#include "delta/data/dv.h"
#include "delta/data/footer.h"
#include "delta/log/pq.h"

struct table {
	struct check *check;
	const char *thing;
	struct delta_table *table;
	const struct delta_snapshot *snapshot;
};

/* a file being checked */
struct file {
	const struct table *t;
	const struct delta_file *about;
	struct store_in in;
	struct pq_reader *reader;
	struct check_range *ranges;	/* per leaf */
	struct delta_stats *stats;	/* NULL: not in the log */
};

/* ---- a file's entry in the log ---- */

static int
fault(const struct file *f, const char *column, const char *what, struct msg *err)
{
	return msg_set(err, EX_DATAERR, "%s: column %s: %s", f->in.path, msg_quotes(column), what);
}

/* Returns the leaf of a column stored with the table's own type, or -1. */
static int
leaf_of(const struct file *f, const struct delta_column *c)
{
	size_t n, i;
	const struct pq_column *leaves = pq_columns(f->reader, &n);

	for (i = 0; i < n; i++)
		if (leaves[i].top &&
		    (c->id != PQ_NO_ID ? leaves[i].id == c->id : strcmp(leaves[i].name, c->physical) == 0))
			return leaves[i].refused == NULL && c->refused == NULL && leaves[i].max_rep == 0 &&
			    delta_caster(&leaves[i], c).cast == DELTA_SAME ? (int)i : -1;
	return -1;
}

/*
 * Compares a column's values seen with its statistics. Other writers do not count the nulls of rows in a deletion
 * vector.
 */
static int
check_column(const struct file *f, const struct delta_column *c, struct msg *err)
{
	int leaf = c->partition >= 0 ? -1 : leaf_of(f, c);
	struct delta_column_stats st;
	const struct check_range *r;
	size_t n;

	if (leaf < 0)
		return 0;
	r = &f->ranges[leaf];
	delta_stats_column(f->stats, c, &st);
	if (f->about->dv == NULL && st.nulls >= 0 && (uint64_t)st.nulls != r->nulls)
		return fault(f, c->name, "null count differs from the log's", err);
	if (check_range_exceeds(r, &pq_columns(f->reader, &n)[leaf], st.has_low ? &st.low : NULL,
	    st.has_high ? &st.high : NULL))
		return fault(f, c->name, "values outside the log's bounds", err);
	return 0;
}

static int
check_columns(const struct file *f, struct msg *err)
{
	const struct delta_snapshot *s = f->t->snapshot;
	size_t i;

	for (i = 0; i < s->ncolumns && f->stats != NULL; i++)
		if (check_column(f, &s->columns[i], err) < 0)
			return -1;
	return 0;
}

/* ---- one file ---- */

static int
read_pages(struct file *f, struct msg *err)
{
	struct check *c = f->t->check;
	size_t n, i;
	int got;

	(void)pq_columns(f->reader, &n);
	f->ranges = xcalloc(n + 1, sizeof(*f->ranges));
	got = check_pages(c, f->reader, f->in.path, f->in.size, f->ranges, err);
	if (got > 0 && check_columns(f, err) < 0)
		got = -1;
	if (got != 0)
		check_seen_now(c, &f->in, got < 0 ? err : NULL);
	for (i = 0; i < n; i++)
		check_range_free(&f->ranges[i]);
	free(f->ranges);
	return got < 0 ? -1 : 0;
}

static int
check_vector(const struct file *f, struct msg *err)
{
	uint64_t *rows, all = pq_rows(f->reader);
	struct msg why = { 0 };
	size_t n;
	bool beyond;

	if (f->about->dv == NULL)
		return 0;
	if (delta_dv_read(f->t->table->store, f->about->dv, &rows, &n, &why) < 0)
		return msg_set(err, why.status, "%s: %s", f->in.path, why.text);
	beyond = n > 0 && rows[n - 1] >= all;
	free(rows);
	return beyond ? msg_set(err, EX_DATAERR, "%s: its deletion vector has rows after the last row", f->in.path) : 0;
}

/* Checks the file's size, footer and number of rows against the log. */
static int
check_outside(const struct file *f, struct msg *err)
{
	int64_t rows = f->stats != NULL ? delta_stats_rows(f->stats) : -1;

	if (f->in.size != (uint64_t)f->about->size)
		return msg_set(err, EX_DATAERR, "%s: %" PRIu64 " bytes, where the log says %" PRId64, f->in.path,
		    f->in.size,
		    f->about->size);
	if (delta_footer_check(f->about, &f->in, f->reader, err) < 0)
		return -1;
	if (rows >= 0 && (uint64_t)rows != pq_rows(f->reader))
		return msg_set(err, EX_DATAERR, "%s: %" PRIu64 " rows, where the log says %" PRId64, f->in.path,
		    pq_rows(f->reader), rows);
	return check_vector(f, err);
}

static void
check_file(const struct table *t, const struct delta_file *about)
{
	struct file f = { .t = t, .about = about };
	struct msg err = { 0 };
	struct pq_source source;

	t->check->files++;
	if (store_in_open(t->table->store, about->name, &f.in, &err) == 0) {
		source = delta_pq_source(&f.in);
		f.stats = delta_stats_open(about);
		if (pq_open(&f.reader, &source, 0, &err) == 0 && check_outside(&f, &err) == 0)
			(void)read_pages(&f, &err);
		pq_close(f.reader);
		delta_stats_free(f.stats);
		store_in_close(&f.in);
	}
	if (err.status != 0)
		check_report(t->check, t->thing, &err);
}

/* ---- the table ---- */

static void
check_files(const struct table *t)
{
	size_t *order = check_order(t->check, t->snapshot->nfiles), i;

	for (i = 0; i < t->snapshot->nfiles; i++)
		check_file(t, &t->snapshot->files[order[i]]);
	free(order);
}

/* Returns true for a prepared table without a committed version, left by a stopped run. */
static bool
is_unborn(struct delta_table *t)
{
	struct msg unheard = { 0 };

	return delta_exists(t, &unheard) == 0 && delta_prepared_is_marked(t, &unheard) > 0;
}

void
check_table(struct check *c, const char *thing, const char *path)
{
	struct delta_table t;
	struct delta_snapshot s;
	struct msg err = { 0 };
	uint64_t faults = c->faults;

	if (delta_open(&t, path, &err) < 0) {
		check_report(c, thing, &err);
		return;
	}
	if (c->outside)
		store_read_outside(t.store);
	if (!is_unborn(&t)) {
		c->tables++;
		check_log(c, thing, &t);
		if (delta_load(&t, DELTA_NEWEST, &s, &err) == 0) {
			check_files(&(struct table){ .check = c, .thing = thing, .table = &t, .snapshot = &s });
			delta_snapshot_free(&s);
		} else if (c->faults == faults) {	/* otherwise the obstacle is already reported */
			check_report(c, thing, &err);
		}
	}
	delta_close(&t);
}

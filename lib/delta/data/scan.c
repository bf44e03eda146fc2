/*
 * Scans the rows of a snapshot file by file: finds columns by name or id, fills in partition values and missing
 * columns, marks deleted rows.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "delta/data/cast.h"
#include "delta/data/dv.h"
#include "delta/data/footer.h"
#include "delta/data/skip.h"
#include "delta/log/pq.h"

enum { BATCH = 8192 };

enum origin { FROM_FILE, CONSTANT, ABSENT };

struct source {				/* of a column, for the current file */
	enum origin origin;
	size_t leaf;			/* FROM_FILE: index among the selected leaves */
	struct delta_caster caster;
	void *values;			/* owned: BATCH values of the table's shape, for casts and constants */
};

struct delta_scan {
	struct delta_table *table;
	const struct delta_snapshot *snapshot;
	size_t *columns;		/* owned copies of the options */
	unsigned *flags;
	size_t ncolumns;
	struct delta_bound *bounds;
	size_t nbounds;
	size_t *files;
	size_t nfiles, next;		/* next: index in files */
	struct store_in in;		/* the current file, while reader is not NULL */
	struct pq_reader *reader;
	size_t file;			/* index in the snapshot's files */
	uint64_t *gone;			/* its deleted rows, ascending; NULL without a deletion vector */
	size_t ngone, gone_at;
	struct source *sources;
	struct pq_vector *vectors;
	uint8_t *deleted, *zeros;	/* BATCH bytes each */
	const struct delta_key_set *keys;
	const struct pq_range *(*rows)(void *to, size_t file, size_t *n);
	void *to;
	struct pq_range *ranges;	/* owned: of the current file that may have keys */
	size_t nranges;
};

/* ---- opening ---- */

static void *
copy(const void *p, size_t n, size_t size)
{
	void *q = xcalloc(n, size);

	if (p != NULL && n > 0)
		memcpy(q, p, n * size);
	return q;
}

int
delta_scan_open(struct delta_scan **sp, struct delta_table *t, const struct delta_snapshot *s,
    const struct delta_scan_options *o,
    struct msg *err)
{
	struct delta_scan *sc = xcalloc(1, sizeof(*sc));
	size_t i;

	*sp = sc;
	sc->table = t;
	sc->snapshot = s;
	sc->ncolumns = o->columns != NULL ? o->ncolumns : s->ncolumns;
	sc->columns = copy(o->columns, sc->ncolumns, sizeof(*sc->columns));
	for (i = 0; o->columns == NULL && i < sc->ncolumns; i++)
		sc->columns[i] = i;
	sc->flags = copy(o->flags, sc->ncolumns, sizeof(*sc->flags));
	sc->bounds = copy(o->bounds, o->nbounds, sizeof(*sc->bounds));
	sc->nbounds = o->nbounds;
	sc->keys = o->keys;
	sc->rows = o->rows;
	sc->to = o->to;
	sc->nfiles = o->files != NULL ? o->nfiles : 0;
	sc->files = copy(o->files, o->files != NULL ? o->nfiles : s->nfiles, sizeof(*sc->files));
	for (i = 0; o->files == NULL && i < s->nfiles; i++)
		if (!delta_file_is_dead(&s->files[i]))
			sc->files[sc->nfiles++] = i;
	sc->sources = xcalloc(sc->ncolumns, sizeof(*sc->sources));
	sc->vectors = xcalloc(sc->ncolumns, sizeof(*sc->vectors));
	sc->deleted = xmalloc(BATCH);
	sc->zeros = xcalloc(BATCH, 1);
	for (i = 0; i < sc->ncolumns; i++) {
		const struct delta_column *c = &s->columns[sc->columns[i]];

		if (c->refused != NULL)
			return msg_set(err, EX_UNAVAILABLE, "%s: column %s: unsupported type: %s", t->address, c->name,
			    c->refused);
		sc->sources[i].values = xcalloc(BATCH, pq_shape_size(pq_shape(c->type, c->precision)));
	}
	return 0;
}

static void
close_file(struct delta_scan *sc)
{
	pq_close(sc->reader);
	sc->reader = NULL;
	store_in_close(&sc->in);
	free(sc->ranges);
	sc->ranges = NULL;
	sc->nranges = 0;
	free(sc->gone);
	sc->gone = NULL;
	sc->ngone = sc->gone_at = 0;
}

void
delta_scan_close(struct delta_scan *sc)
{
	size_t i;

	if (sc == NULL)
		return;
	close_file(sc);
	for (i = 0; i < sc->ncolumns; i++)
		free(sc->sources[i].values);
	free(sc->sources);
	free(sc->vectors);
	free(sc->columns);
	free(sc->flags);
	free(sc->bounds);
	free(sc->files);
	free(sc->deleted);
	free(sc->zeros);
	free(sc);
}

/* ---- one file ---- */

/* Finds a file's leaf for a column, by field_id with column mapping by id, else by name; -1 if the file lacks it. */
static int
find_leaf(const struct pq_column *leaves, size_t n, const struct delta_column *c)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (leaves[i].top && (c->id != PQ_NO_ID ? leaves[i].id == c->id :
		    strcmp(leaves[i].name, c->physical) == 0))
			return (int)i;
	return -1;
}

/* Fills a buffer of BATCH values with a constant. */
static void
fill(void *values, enum pq_shape shape, const union pq_value *v)
{
	size_t i;

	for (i = 0; i < BATCH; i++) {
		switch (shape) {
		case PQ_U8:
			((uint8_t *)values)[i] = v->i != 0;
			break;
		case PQ_I32:
			((int32_t *)values)[i] = (int32_t)v->i;
			break;
		case PQ_I64:
			((int64_t *)values)[i] = v->i;
			break;
		case PQ_I128:
			((i128 *)values)[i] = v->w;
			break;
		case PQ_F32:
			((float *)values)[i] = (float)v->f;
			break;
		case PQ_F64:
			((double *)values)[i] = v->f;
			break;
		case PQ_BYTES:
			((struct pq_bytes *)values)[i] = v->b;
			break;
		}
	}
}

static int
partition_source(struct delta_scan *sc, struct source *so, const struct delta_column *c, const struct delta_file *f,
    struct msg *err)
{
	const char *text = f->partition[c->partition];
	union pq_value v;

	so->origin = text != NULL ? CONSTANT : ABSENT;
	if (text == NULL)
		return 0;
	if (!delta_partition_value(c, text, &v))
		return msg_set(err, EX_DATAERR, "%s: %s: partition value of %s: not of its type: %s",
		    sc->table->address, f->name,
		    c->name, msg_quotes(text));
	fill(so->values, pq_shape(c->type, c->precision), &v);
	return 0;
}

static int
file_source(struct delta_scan *sc, struct source *so, const struct delta_column *c, const struct pq_column *leaf,
    struct msg *err)
{
	char name[NUM_TEXT];

	if (leaf->refused != NULL || leaf->max_rep > 0)
		return msg_set(err, EX_UNAVAILABLE, "%s: column %s: %s", sc->in.path, c->name,
		    leaf->refused != NULL ? leaf->refused : "a nested column");
	so->origin = FROM_FILE;
	so->caster = delta_caster(leaf, c);
	if (so->caster.cast == DELTA_NO_CAST)
		return msg_set(err, EX_DATAERR, "%s: column %s: %s in the file cannot be read as %s", sc->in.path,
		    c->name, leaf->path,
		    pq_type_name(name, c->type, c->precision, c->scale));
	return 0;
}

/*
 * Skips row groups whose statistics rule out a row that satisfies all bounds. Compares values of the file's own type
 * only: a widened column skips nothing.
 */
static void
skip_groups(struct delta_scan *sc, const struct pq_column *leaves, size_t n)
{
	const struct delta_column *c;
	struct pq_stats st;
	size_t g, i;
	int leaf;

	for (i = 0; i < sc->nbounds; i++) {
		c = &sc->snapshot->columns[sc->bounds[i].column];
		leaf = c->partition >= 0 ? -1 : find_leaf(leaves, n, c);
		if (leaf < 0 || delta_caster(&leaves[leaf], c).cast != DELTA_SAME)
			continue;
		for (g = 0; g < pq_row_groups(sc->reader); g++) {
			pq_chunk_stats(sc->reader, g, (size_t)leaf, &st);
			if (!delta_bound_meets(&sc->bounds[i], c, st.has_min_max, &st.min, &st.max,
			    st.nulls >= 0 && (uint64_t)st.nulls == st.entries))
				pq_skip(sc->reader, g);
		}
	}
}

/* Adds rows to the current file's ranges; room is for one more. */
static void
add_range(struct delta_scan *sc, uint64_t row, uint64_t rows)
{
	struct pq_range *last = sc->nranges > 0 ? &sc->ranges[sc->nranges - 1] : NULL;

	if (last != NULL && last->end == row)
		last->end += rows;
	else
		sc->ranges[sc->nranges++] = (struct pq_range){ row, row + rows };
}

static bool
may_have_keys(const struct delta_scan *sc, const struct pq_stats *st)
{
	if (st->has_min_max)
		return sc->keys->meets(sc->keys->keys, &st->min, &st->max);
	return st->nulls < 0 || (uint64_t)st->nulls < st->entries;
}

/* Adds the pages of a row group that may have keys, or all of its rows if it has no page index. */
static void
add_pages(struct delta_scan *sc, size_t group, size_t leaf, uint64_t first, struct pool *pool)
{
	size_t n, i;
	struct pq_page *pages = pq_pages(sc->reader, group, leaf, pool, &n);

	sc->ranges = xreallocarray(sc->ranges, sc->nranges + n + 1, sizeof(*sc->ranges));
	for (i = 0; i < n; i++)
		if (may_have_keys(sc, &pages[i].stats))
			add_range(sc, first + pages[i].row, pages[i].rows);
	if (pages == NULL)
		add_range(sc, first, pq_row_group_rows(sc->reader, group));
	free(pages);
}

/* Limits the scan of the current file to rows that may have keys. */
static void
want_keys(struct delta_scan *sc, const struct pq_column *leaves, size_t n)
{
	const struct delta_column *c = &sc->snapshot->columns[sc->keys->column];
	int leaf = c->partition >= 0 ? -1 : find_leaf(leaves, n, c);
	struct pool pool = { 0 };
	struct pq_stats st;
	uint64_t first = 0;
	size_t g;

	if (leaf < 0 || delta_caster(&leaves[leaf], c).cast != DELTA_SAME)
		return;
	for (g = 0; g < pq_row_groups(sc->reader); g++) {
		pq_chunk_stats(sc->reader, g, (size_t)leaf, &st);
		if (may_have_keys(sc, &st))
			add_pages(sc, g, (size_t)leaf, first, &pool);
		first += pq_row_group_rows(sc->reader, g);
	}
	pool_free(&pool);
	pq_want(sc->reader, sc->ranges, sc->nranges);
}

/* Limits the scan of the current file to the rows that are asked for. */
static void
want_rows(struct delta_scan *sc)
{
	size_t n = 0;
	const struct pq_range *ranges = sc->rows(sc->to, sc->file, &n);

	if (ranges != NULL)
		pq_want(sc->reader, ranges, n);
}

static int
set_sources(struct delta_scan *sc, const struct delta_file *f, struct msg *err)
{
	size_t n, i, k, *chosen = xcalloc(sc->ncolumns, sizeof(*chosen)), nchosen = 0;
	unsigned *flags = xcalloc(sc->ncolumns, sizeof(*flags));
	const struct pq_column *leaves = pq_columns(sc->reader, &n);
	int leaf, failed = 0;

	for (i = 0; i < sc->ncolumns && !failed; i++) {
		const struct delta_column *c = &sc->snapshot->columns[sc->columns[i]];
		struct source *so = &sc->sources[i];

		if (c->partition >= 0) {
			failed = partition_source(sc, so, c, f, err);
		} else if ((leaf = find_leaf(leaves, n, c)) < 0) {
			so->origin = ABSENT;
		} else if ((failed = file_source(sc, so, c, &leaves[leaf], err)) == 0) {
			for (k = 0; k < nchosen && chosen[k] != (size_t)leaf; k++)
				;
			so->leaf = k;
			if (k == nchosen) {
				flags[nchosen] = so->caster.cast == DELTA_SAME ? sc->flags[i] : 0;
				chosen[nchosen++] = (size_t)leaf;
			}
		}
	}
	if (!failed)
		failed = pq_select(sc->reader, chosen, flags, nchosen, err);
	if (!failed)
		skip_groups(sc, leaves, n);
	if (!failed && sc->keys != NULL)
		want_keys(sc, leaves, n);
	if (!failed && sc->rows != NULL)
		want_rows(sc);
	free(chosen);
	free(flags);
	return failed;
}

/* Returns false only if the log proves that a file has no row with one of the keys. */
static bool
file_may_have_keys(const struct delta_scan *sc, const struct delta_file *f)
{
	const struct delta_column *c;
	struct delta_column_stats st;
	struct delta_stats *stats;
	bool may = true;

	if (sc->keys == NULL || (c = &sc->snapshot->columns[sc->keys->column])->partition >= 0 ||
	    (stats = delta_stats_open(f)) == NULL)
		return true;
	delta_stats_column(stats, c, &st);
	if (st.has_low && st.has_high)
		may = sc->keys->meets(sc->keys->keys, &st.low, &st.high);
	delta_stats_free(stats);
	return may;
}

/* Opens the next file that may contain a matching row. Returns 1, or 0 after the last. */
static int
next_file(struct delta_scan *sc, struct msg *err)
{
	const struct delta_file *f;
	struct pq_source source;
	struct msg why = { 0 };

	do {
		if (sc->next == sc->nfiles)
			return 0;
		sc->file = sc->files[sc->next++];
		f = &sc->snapshot->files[sc->file];
	} while (!delta_file_may_match(sc->snapshot, f, sc->bounds, sc->nbounds) || !file_may_have_keys(sc, f));
	if (store_in_open(sc->table->store, f->name, &sc->in, err) < 0)
		return -1;
	source = delta_pq_source(&sc->in);
	if (f->dv != NULL && delta_dv_read(sc->table->store, f->dv, &sc->gone, &sc->ngone, &why) < 0)
		return msg_set(err, why.status, "%s: %s", sc->in.path, why.text);
	return pq_open(&sc->reader, &source, 0, err) < 0 || delta_footer_check(f, &sc->in, sc->reader, err) < 0 ||
	    set_sources(sc, f, err) < 0 ? -1 : 1;
}

/* ---- batches ---- */

static void
set_vectors(struct delta_scan *sc, const struct pq_batch *b)
{
	size_t i;

	for (i = 0; i < sc->ncolumns; i++) {
		struct source *so = &sc->sources[i];
		struct pq_vector *v = &sc->vectors[i];

		if (so->origin == FROM_FILE && so->caster.cast == DELTA_SAME) {
			*v = b->columns[so->leaf];
			v->dict_serial += (uint64_t)sc->next << 32;	/* dictionary serials start at 1 in each file */
			continue;
		}
		*v = (struct pq_vector){ .n = b->rows, .v.any = so->values };
		if (so->origin == ABSENT) {
			v->def = sc->zeros;
		} else if (so->origin == FROM_FILE) {
			delta_cast(&so->caster, &b->columns[so->leaf], b->rows, so->values);
			v->def = b->columns[so->leaf].def;
		}
	}
}

/* Returns marks of the batch's deleted rows; NULL if there are none. */
static const uint8_t *
mark_deleted(struct delta_scan *sc, const struct pq_batch *b)
{
	uint64_t end = b->first_row + b->rows;
	bool any = false;

	while (sc->gone_at < sc->ngone && sc->gone[sc->gone_at] < b->first_row)
		sc->gone_at++;
	for (; sc->gone_at < sc->ngone && sc->gone[sc->gone_at] < end; sc->gone_at++) {
		if (!any)
			memset(sc->deleted, 0, b->rows);
		any = true;
		sc->deleted[sc->gone[sc->gone_at] - b->first_row] = 1;
	}
	return any ? sc->deleted : NULL;
}

int
delta_scan_next(struct delta_scan *sc, struct delta_batch *out, struct msg *err)
{
	struct pq_batch b;
	int got;

	for (;;) {
		if (sc->reader == NULL && (got = next_file(sc, err)) <= 0)
			return got;
		if ((got = pq_next(sc->reader, BATCH, &b, err)) < 0)
			return -1;
		if (got > 0)
			break;
		close_file(sc);
	}
	set_vectors(sc, &b);
	*out = (struct delta_batch){ .file = sc->file, .first_row = b.first_row, .rows = b.rows, .columns = sc->vectors,
	    .deleted = mark_deleted(sc, &b) };
	return 1;
}

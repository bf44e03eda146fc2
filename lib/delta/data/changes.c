/*
 * What makes a version of a table of an earlier one: the files that differ, and for each of their rows how often it is
 * added less how often it is removed. A vector counts as the removal of its rows, so that of a file with a new vector
 * only the rows count that the vectors differ in. A change data file has a sign for each of its rows.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "delta/data/cdc.h"
#include "delta/log/state.h"

struct entry {				/* a file of a version */
	const struct delta_file *file;
	int sign;			/* 1: it is added, -1: removed */
	bool cdc;			/* a change data file, added */
};

struct row_weight {
	uint64_t row;
	int by;
};

struct delta_weights {			/* of the rows of a file */
	int base;			/* of all rows but these */
	struct row_weight *rows;	/* owned, ascending */
	size_t n;
};

struct work {
	struct delta_table *table;
	struct delta_changes *c;
	const struct delta_snapshot *to;
	bool uncommitted;		/* the version of `to` is not in the log */
	bool feed;			/* versions may have change data files */
	struct entry *entries;		/* owned */
	size_t n, cap;
};

/* ---- the files that differ ---- */

static int
by_vector(const struct delta_dv *a, const struct delta_dv *b)
{
	int order;

	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	if ((order = strcmp(a->path_or_inline, b->path_or_inline)) != 0)
		return order;
	return a->storage != b->storage ? a->storage - b->storage : (a->offset > b->offset) - (a->offset < b->offset);
}

static int
by_file(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->file->name, y->file->name);

	return order != 0 ? order : by_vector(x->file->dv, y->file->dv);
}

static void
add_files(struct work *w, const struct delta_file *files, size_t n, struct entry as)
{
	size_t i;

	if (w->cap - w->n < n) {
		w->cap = w->cap + n;
		w->entries = xreallocarray(w->entries, w->cap, sizeof(*w->entries));
	}
	for (i = 0; i < n; i++) {
		as.file = &files[i];
		w->entries[w->n++] = as;
	}
}

/* Adds up entries of one file with one vector; drops those that come and go. */
static void
fold(struct work *w)
{
	size_t i, k, n = 0;

	if (w->n > 1)
		qsort(w->entries, w->n, sizeof(*w->entries), by_file);
	for (i = 0; i < w->n; i = k) {
		struct entry sum = w->entries[i];

		for (k = i + 1; k < w->n && by_file(&w->entries[i], &w->entries[k]) == 0; k++)
			sum.sign += w->entries[k].sign;
		if (sum.sign != 0)
			w->entries[n++] = sum;
	}
	w->n = n;
}

/* Adds the files of a version; -1 is the table before its first. */
static int
add_version(struct work *w, int64_t version, int sign, struct msg *err)
{
	struct delta_changes *c = w->c;
	struct delta_snapshot *s;

	if (version < 0)
		return 0;
	if (version == w->to->version) {
		add_files(w, w->to->files, w->to->nfiles, (struct entry){ .sign = sign });
		return 0;
	}
	s = xcalloc(1, sizeof(*s));
	c->kept = xreallocarray(c->kept, c->nkept + 1, sizeof(*c->kept));
	c->kept[c->nkept++] = s;
	if (delta_load(w->table, version, s, err) < 0)
		return -1;
	add_files(w, s->files, s->nfiles, (struct entry){ .sign = sign });
	return 0;
}

/* Adds the change data files of a version. Returns 1, 0 if it has none, or -1. */
static int
add_feed(struct work *w, int64_t version, struct msg *err)
{
	struct delta_file *files;
	size_t n;

	if (!w->feed)
		return 0;
	if (delta_cdc_list(w->table, w->to, version, &w->c->pool, &files, &n, err) < 0)
		return -1;
	add_files(w, files, n, (struct entry){ .sign = 1, .cdc = true });
	return n > 0;
}

/*
 * Moves *v from an earlier version over those whose files are compared, up to one that only moves rows or has change
 * data files, which are added.
 */
static int
pass_changes(struct work *w, int64_t *v, struct msg *err)
{
	bool moves = false;
	int got;

	for (; *v < w->to->version; ++*v) {
		if (w->uncommitted && *v + 1 == w->to->version)
			continue;
		if (delta_commit_moves(w->table, *v + 1, &moves, err) < 0)
			return -1;
		if (moves || (got = add_feed(w, *v + 1, err)) > 0)
			break;
		if (got < 0)
			return -1;
	}
	return 0;
}

/*
 * Collects the files that differ, but those of commits that only moved rows to other files or that have change data
 * files.
 */
static int
collect(struct work *w, int64_t from, struct msg *err)
{
	int64_t v = from, first;

	while (v < w->to->version) {
		first = v;
		if (pass_changes(w, &v, err) < 0)
			return -1;
		if (v > first && (add_version(w, first, -1, err) < 0 || add_version(w, v, 1, err) < 0))
			return -1;
		v += v < w->to->version;
	}
	fold(w);
	return 0;
}

/* Returns a file that has been removed from the table's folder, NULL if all are there. */
static const char *
find_gone(const struct work *w)
{
	struct msg unheard = { 0 };
	enum store_kind kind;
	size_t i;

	for (i = 0; i < w->n; i++)
		if (store_stat(w->table->store, w->entries[i].file->name, &kind, &unheard) == 0)
			return w->entries[i].file->name;
	return NULL;
}

/* Finds the files that differ; all between the two versions if a file in between is gone. */
static int
find_files(struct work *w, int64_t from, struct msg *err)
{
	const char *gone;

	if (collect(w, from, err) < 0)
		return -1;
	if (find_gone(w) == NULL)
		return 0;
	w->n = 0;
	if (add_version(w, from, -1, err) < 0 || add_version(w, w->to->version, 1, err) < 0)
		return -1;
	fold(w);
	if ((gone = find_gone(w)) == NULL)
		return 0;
	return msg_set(err, EX_NOINPUT, "%s: version %" PRId64 ": the file %s is gone: changes from that version are "
	    "not known any more", w->table->address, from, gone);
}

/* ---- weights ---- */

static int
by_row(const void *a, const void *b)
{
	uint64_t x = ((const struct row_weight *)a)->row, y = ((const struct row_weight *)b)->row;

	return x < y ? -1 : x > y;
}

/* Takes the rows of an entry's vector out of what the entry counts. */
static int
weigh_vector(struct work *w, const struct entry *e, struct delta_weights *to, struct msg *err)
{
	uint64_t *rows;
	size_t n, i;

	if (delta_file_gone(w->table, e->file, &rows, &n, err) < 0)
		return -1;
	to->rows = xreallocarray(to->rows, to->n + n, sizeof(*to->rows));
	for (i = 0; i < n; i++)
		to->rows[to->n++] = (struct row_weight){ rows[i], -e->sign };
	free(rows);
	return 0;
}

/* Weighs the rows of a change data file. */
static int
weigh_feed(struct work *w, const struct entry *e, struct delta_weights *to, struct msg *err)
{
	int8_t *signs;
	size_t n, i;
	int failed = delta_cdc_signs(w->table, e->file, &signs, &n, err);

	to->rows = xcalloc(n, sizeof(*to->rows));
	for (i = 0; i < n && !failed; i++)
		to->rows[to->n++] = (struct row_weight){ i, signs[i] };
	free(signs);
	return failed;
}

/* Adds up the rows' weights and drops those that are zero. */
static void
fold_rows(struct delta_weights *to)
{
	size_t i, k, n = 0;

	if (to->n > 1)
		qsort(to->rows, to->n, sizeof(*to->rows), by_row);
	for (i = 0; i < to->n; i = k) {
		struct row_weight sum = to->rows[i];

		for (k = i + 1; k < to->n && to->rows[k].row == sum.row; k++)
			sum.by += to->rows[k].by;
		if (sum.by != 0)
			to->rows[n++] = sum;
	}
	to->n = n;
}

/* Weighs a file, whose n entries differ in their vectors. Returns 0 also if nothing of it counts. */
static int
weigh(struct work *w, const struct entry *e, size_t n, struct delta_weights *to, struct msg *err)
{
	struct delta_changes *c = w->c;
	size_t i;

	if (e->cdc && weigh_feed(w, e, to, err) < 0)
		return -1;
	for (i = 0; i < n && !e->cdc; i++) {
		to->base += e[i].sign;
		if (e[i].file->dv != NULL && weigh_vector(w, &e[i], to, err) < 0)
			return -1;
	}
	fold_rows(to);
	c->adds = c->adds || to->base > 0;
	c->removes = c->removes || to->base < 0;
	for (i = 0; i < to->n; i++) {
		c->adds = c->adds || to->base + to->rows[i].by > 0;
		c->removes = c->removes || to->base + to->rows[i].by < 0;
	}
	return 0;
}

static int
weigh_all(struct work *w, struct msg *err)
{
	struct delta_changes *c = w->c;
	size_t i, k;

	c->files = xcalloc(w->n, sizeof(*c->files));
	c->weights = xcalloc(w->n, sizeof(*c->weights));
	for (i = 0; i < w->n; i = k) {
		struct delta_weights *to = &c->weights[c->nfiles];

		for (k = i + 1; k < w->n && strcmp(w->entries[i].file->name, w->entries[k].file->name) == 0; k++)
			;
		if (weigh(w, &w->entries[i], k - i, to, err) < 0)
			return -1;
		c->files[c->nfiles] = *w->entries[i].file;
		c->files[c->nfiles].dv = NULL;
		if (to->base != 0 || to->n > 0)
			c->nfiles++;
		else
			free(to->rows);
	}
	return 0;
}

int
delta_changes_find(struct delta_changes *c, struct delta_table *t, int64_t from, const struct delta_snapshot *to,
    bool uncommitted, struct msg *err)
{
	struct work w = { .table = t, .c = c, .to = to, .uncommitted = uncommitted,
	    .feed = delta_is_true(to, "delta.enableChangeDataFeed") };
	int failed;

	*c = (struct delta_changes){ .adds = false };
	failed = find_files(&w, from, err) < 0 || weigh_all(&w, err) < 0;
	free(w.entries);
	return failed ? -1 : 0;
}

const struct pq_range *
delta_changes_rows(void *changes, size_t file, size_t *n)
{
	enum { NEAR = 64 };		/* rows that are read rather than passed over */
	struct delta_changes *c = changes;
	const struct delta_weights *w = &c->weights[file];
	size_t i;

	if (w->base != 0)
		return NULL;
	c->ranges = xreallocarray(c->ranges, w->n, sizeof(*c->ranges));
	for (*n = i = 0; i < w->n; i++) {
		if (*n == 0 || c->ranges[*n - 1].end + NEAR < w->rows[i].row)
			c->ranges[(*n)++].row = w->rows[i].row;
		c->ranges[*n - 1].end = w->rows[i].row + 1;
	}
	return c->ranges;
}

void
delta_changes_weigh(const struct delta_changes *c, const struct delta_batch *b, int *weights)
{
	const struct delta_weights *w = &c->weights[b->file];
	size_t low = 0, high = w->n, i;

	for (i = 0; i < b->rows; i++)
		weights[i] = w->base;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (w->rows[middle].row < b->first_row)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < w->n && w->rows[low].row < b->first_row + b->rows; low++)
		weights[w->rows[low].row - b->first_row] += w->rows[low].by;
}

void
delta_changes_free(struct delta_changes *c)
{
	size_t i;

	for (i = 0; i < c->nfiles; i++)
		free(c->weights[i].rows);
	for (i = 0; i < c->nkept; i++) {
		delta_snapshot_free(c->kept[i]);
		free(c->kept[i]);
	}
	free(c->ranges);
	free(c->weights);
	free(c->files);
	free(c->kept);
	pool_free(&c->pool);
	memset(c, 0, sizeof(*c));
}

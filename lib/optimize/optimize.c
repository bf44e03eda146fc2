/*
 * Selects the files to rewrite, partition by partition, and rewrites them. Without keys, combines small files in log
 * order, as many as fit the target, so that no two adjacent small files remain separate; with keys, sorts all files
 * of a partition unless they are sorted and as few as possible.
 */
#include "optimize/optimize.h"

#include <stdlib.h>
#include <string.h>

#include "delta/log/fresh.h"
#include "delta/log/uri.h"
#include "optimize/rows.h"
#include "spill/sort.h"

/* rows of a page where merges read single rows of a file, as MERGE_PAGE_ROWS */
enum { SHORT_PAGE = 4096 };

struct optimize {
	struct delta_table *table;
	const struct delta_snapshot *snapshot;
	const struct optimize_options *opt;
	struct optimize_result *result;
	size_t *columns, ncolumns;	/* owned: columns stored in files */
	struct delta_column *about;	/* owned: their descriptions */
	struct rows rows;
	struct delta_out *out;		/* for the current partition */
	struct buf folder;		/* of it */
	int64_t tombs_from;		/* tombstones of this time (milliseconds) and later stay */
};

/* ---- partitions ---- */

static int
compare_texts(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int
compare_partitions(const struct delta_snapshot *s, size_t a, size_t b)
{
	size_t i;
	int c = 0;

	for (i = 0; i < s->metadata.npartition_columns && c == 0; i++)
		c = compare_texts(s->files[a].partition[i], s->files[b].partition[i]);
	return c;
}

static int
by_partition(const void *a, const void *b, void *snapshot)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = compare_partitions(snapshot, x, y);

	return c != 0 ? c : (x > y) - (x < y);
}

/* Appends "column=value/...", Hive's name for a partition's folder. */
static void
name_folder(struct optimize *o, size_t file)
{
	const struct delta_snapshot *s = o->snapshot;
	const char *value;
	size_t i;

	o->folder.len = 0;
	for (i = 0; i < s->metadata.npartition_columns; i++) {
		value = s->files[file].partition[i];
		if (i > 0)
			buf_addc(&o->folder, '/');
		delta_hive_put(&o->folder, s->metadata.partition_columns[i]);
		buf_addc(&o->folder, '=');
		if (value != NULL)
			delta_hive_put(&o->folder, value);
		else
			buf_adds(&o->folder, "__HIVE_DEFAULT_PARTITION__");
	}
	buf_cstr(&o->folder);
}

/* ---- writing ---- */

static void
open_out(struct optimize *o, size_t file)
{
	struct delta_out_options opt = { .codec = o->opt->codec, .delta_encodings = o->opt->delta_encodings,
	    .file_bytes = 2 * o->opt->target, .page_rows = delta_may_vector(o->snapshot) ? SHORT_PAGE : 0,
	    .beside = true, .namer = &o->opt->intent->namer };

	if (o->out != NULL)
		return;
	name_folder(o, file);
	opt.folder = o->folder.len > 0 ? (char *)o->folder.p : NULL;
	o->out = delta_out_open(o->table, o->about, o->ncolumns, &opt);
}

static int
write_batch(struct optimize *o, struct msg *err)
{
	o->result->rows += o->rows.n;
	return delta_out_write(o->out, o->rows.n, o->rows.vectors, err);
}

/* Prefixes the table to a message about a column. */
static int
blame(const struct optimize *o, const struct msg *why, struct msg *err)
{
	return msg_set(err, why->status, "%s: %s", o->table->address, why->text);
}

static void
remove_files(struct optimize *o, const size_t *files, size_t n)
{
	memcpy(o->result->removes + o->result->nremoves, files, n * sizeof(*files));
	o->result->nremoves += n;
}

/* Writes the rows of the files to one new file. */
static int
join_files(struct optimize *o, const size_t *files, size_t n, struct msg *err)
{
	struct delta_scan_options so = { .columns = o->columns, .ncolumns = o->ncolumns, .files = files, .nfiles = n };
	struct delta_scan *scan = NULL;
	struct delta_batch b;
	struct msg why = { 0 };
	int got;

	open_out(o, files[0]);
	got = delta_scan_open(&scan, o->table, o->snapshot, &so, err);
	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0)
		if (rows_take(&o->rows, &b, &why) < 0)
			got = blame(o, &why, err);
		else if (write_batch(o, err) < 0)
			got = -1;
	delta_scan_close(scan);
	remove_files(o, files, n);
	return got < 0 ? -1 : delta_out_cut(o->out, err);
}

/* Takes over the files written for the partition of a file. */
static int
end_partition(struct optimize *o, size_t file, struct msg *err)
{
	struct optimize_result *r = o->result;
	struct delta_file *files;
	size_t n, i;
	int failed = 0;

	if (o->out == NULL)
		return 0;
	failed = delta_out_finish(o->out, &r->pool, &files, &n, err);
	delta_out_free(o->out);
	o->out = NULL;
	if (failed)
		return -1;
	r->adds = xreallocarray(r->adds, r->nadds + n + 1, sizeof(*r->adds));
	for (i = 0; i < n; i++) {
		r->adds[r->nadds] = files[i];
		r->adds[r->nadds++].partition = o->snapshot->files[file].partition;
	}
	return 0;
}

/* ---- together ---- */

static bool
is_small(const struct optimize *o, size_t file)
{
	return (uint64_t)o->snapshot->files[file].size < o->opt->target / 2;
}

/* Decides whether rewriting these files pays. */
static int
close_bin(struct optimize *o, const size_t *files, size_t n, struct msg *err)
{
	if (n == 0 || (n == 1 && o->snapshot->files[files[0]].dv == NULL))
		return 0;
	return join_files(o, files, n, err);
}

static int
compact(struct optimize *o, const size_t *files, size_t n, struct msg *err)
{
	size_t *bin = xcalloc(n, sizeof(*bin)), nbin = 0, i;
	uint64_t bytes = 0, size;
	int failed = 0;

	for (i = 0; i < n && !failed; i++) {
		size = (uint64_t)o->snapshot->files[files[i]].size;
		if (!is_small(o, files[i]) && o->snapshot->files[files[i]].dv == NULL)
			continue;
		if (nbin > 0 && bytes + size > o->opt->target) {
			failed = close_bin(o, bin, nbin, err);
			nbin = 0;
			bytes = 0;
		}
		bin[nbin++] = files[i];
		bytes += size;
	}
	failed = failed || close_bin(o, bin, nbin, err) < 0 ? -1 : 0;
	free(bin);
	return failed;
}

/* ---- in order ---- */

struct order {				/* checks the order of rows in sequence */
	enum pq_shape *shapes;		/* owned */
	struct buf last, key;
	bool any;
};

static bool
goes_on(struct order *k)
{
	struct buf t = k->last;
	size_t n = t.len < k->key.len ? t.len : k->key.len;
	int c = k->any ? memcmp(t.p, k->key.p, n) : 0;
	bool fine = !k->any || c < 0 || (c == 0 && t.len <= k->key.len);

	k->any = true;
	k->last = k->key;
	k->key = t;
	return fine;
}

/* Returns 1 if the rows of the files, in sequence, are sorted. */
static int
is_sorted(struct optimize *o, const size_t *files, size_t n, struct msg *err)
{
	struct delta_scan_options so = { .columns = o->opt->keys, .ncolumns = o->opt->nkeys, .files = files,
	    .nfiles = n };
	struct order k = { .shapes = xcalloc(o->opt->nkeys, sizeof(*k.shapes)) };
	struct delta_scan *scan;
	struct delta_batch b;
	size_t i;
	int got, sorted = 1;

	for (i = 0; i < o->opt->nkeys; i++) {
		const struct delta_column *c = &o->snapshot->columns[o->opt->keys[i]];

		k.shapes[i] = pq_shape(c->type, c->precision);
	}
	got = delta_scan_open(&scan, o->table, o->snapshot, &so, err);
	while (got >= 0 && sorted && (got = delta_scan_next(scan, &b, err)) > 0)
		for (i = 0; i < b.rows && sorted; i++) {
			k.key.len = 0;
			rows_key(b.columns, k.shapes, o->opt->nkeys, i, &k.key);
			sorted = goes_on(&k);
		}
	delta_scan_close(scan);
	free(k.shapes);
	buf_free(&k.last);
	buf_free(&k.key);
	return got < 0 ? -1 : sorted;
}

/* Returns 1 if a partition's files need no change. */
static int
is_in_order(struct optimize *o, const size_t *files, size_t n, struct msg *err)
{
	uint64_t bytes = 0;
	size_t small = 0, i;

	for (i = 0; i < n; i++) {
		if (o->snapshot->files[files[i]].dv != NULL)
			return 0;
		small += is_small(o, files[i]);
		bytes += (uint64_t)o->snapshot->files[files[i]].size;
	}
	if (small > 1 && n > (bytes + o->opt->target - 1) / o->opt->target)
		return 0;
	return is_sorted(o, files, n, err);
}

/* Passes all rows of the files to the sorter; returns how many. */
static int
fill(struct optimize *o, const size_t *files, size_t n, struct spill_sorter *sorter, uint64_t *rows, struct msg *err)
{
	struct delta_scan_options so = { .columns = o->columns, .ncolumns = o->ncolumns, .files = files, .nfiles = n };
	struct pq_vector *keys = xcalloc(o->opt->nkeys, sizeof(*keys));
	enum pq_shape *shapes = xcalloc(o->opt->nkeys, sizeof(*shapes));
	size_t *at = xcalloc(o->opt->nkeys, sizeof(*at)), i, k;
	struct buf key = { 0 }, row = { 0 };
	struct delta_scan *scan;
	struct delta_batch b;
	int got;

	for (k = 0; k < o->opt->nkeys; k++) {
		while (o->columns[at[k]] != o->opt->keys[k])
			at[k]++;
		shapes[k] = o->rows.shapes[at[k]];
	}
	got = delta_scan_open(&scan, o->table, o->snapshot, &so, err);
	while (got >= 0 && (got = delta_scan_next(scan, &b, err)) > 0) {
		for (k = 0; k < o->opt->nkeys; k++)
			keys[k] = b.columns[at[k]];
		for (i = 0; i < b.rows && got > 0; i++) {
			if (b.deleted != NULL && b.deleted[i])
				continue;
			key.len = row.len = 0;
			rows_key(keys, shapes, o->opt->nkeys, i, &key);
			rows_put(&o->rows, &b, i, &row);
			++*rows;
			if (spill_sorter_add(sorter, &(struct spill_item){ key.p, row.p, key.len, row.len }, err) < 0)
				got = -1;
		}
	}
	delta_scan_close(scan);
	buf_free(&key);
	buf_free(&row);
	free(keys);
	free(shapes);
	free(at);
	return got;
}

static int
flush(struct optimize *o, struct msg *err)
{
	struct msg why = { 0 };
	int failed;

	if (o->rows.n == 0)
		return 0;
	failed = rows_finish(&o->rows, &why) < 0 ? blame(o, &why, err) : write_batch(o, err);
	o->rows.n = 0;
	return failed;
}

/* Writes the sorted rows to files of so many rows each. */
static int
drain(struct optimize *o, struct spill_sorter *sorter, uint64_t file_rows, struct msg *err)
{
	struct spill_item item;
	uint64_t rows = 0;
	int got;

	while ((got = spill_sorter_next(sorter, &item, err)) > 0) {
		rows_add(&o->rows, item.data);
		if (++rows % file_rows == 0 ? flush(o, err) < 0 || delta_out_cut(o->out, err) < 0 :
		    rows_full(&o->rows) && flush(o, err) < 0)
			return -1;
	}
	return got < 0 ? -1 : flush(o, err);
}

static int
sort_files(struct optimize *o, const size_t *files, size_t n, struct msg *err)
{
	struct spill_sorter *sorter = spill_sorter_new(o->opt->memory);
	uint64_t rows = 0, bytes = 0, nfiles;
	size_t i;
	int failed;

	for (i = 0; i < n; i++)
		bytes += (uint64_t)o->snapshot->files[files[i]].size;
	nfiles = bytes / o->opt->target + (bytes % o->opt->target != 0);
	open_out(o, files[0]);
	failed = fill(o, files, n, sorter, &rows, err) < 0 ||
	    spill_sorter_end(sorter, err) < 0 || drain(o, sorter, nfiles > 1 ? rows / nfiles + 1 : rows + 1, err) < 0;
	spill_sorter_free(sorter);
	remove_files(o, files, n);
	return failed ? -1 : 0;
}

static int
sort_partition(struct optimize *o, const size_t *files, size_t n, struct msg *err)
{
	int fine = is_in_order(o, files, n, err);

	return fine != 0 ? (fine < 0 ? -1 : 0) : sort_files(o, files, n, err);
}

/* ---- the whole ---- */

/* Returns the time from which on tombstones stay; all of them if the table's property is malformed. */
static int64_t
keep_tombs_from(const struct delta_snapshot *s)
{
	int64_t stay = delta_duration(delta_property(s, DELTA_TOMBS), DELTA_TOMBS_DEFAULT);

	return stay < 0 ? INT64_MIN : delta_now() - stay;
}

static int
each_partition(struct optimize *o, struct msg *err)
{
	const struct delta_snapshot *s = o->snapshot;
	size_t *files = xcalloc(s->nfiles, sizeof(*files)), first, all, i, n = 0;
	int failed = 0;

	for (i = 0; i < s->nfiles; i++)
		if (!delta_file_is_dead(&s->files[i]) || s->files[i].mtime < o->tombs_from)
			files[n++] = i;
	all = n;
	if (s->metadata.npartition_columns > 0)
		qsort_r(files, n, sizeof(*files), by_partition, (void *)s);
	for (first = 0; first < all && !failed; first += n) {
		for (n = 1; first + n < all && compare_partitions(s, files[first], files[first + n]) == 0; n++)
			;
		if (o->opt->wanted != NULL && !o->opt->wanted[files[first]])
			continue;
		failed = (o->opt->nkeys > 0 ? sort_partition : compact)(o, files + first, n, err) < 0 ||
		    end_partition(o, files[first], err) < 0;
	}
	free(files);
	return failed ? -1 : 0;
}

int
optimize_run(struct delta_table *t, const struct delta_snapshot *s, const struct optimize_options *opt,
    struct optimize_result *r, struct msg *err)
{
	struct optimize o = { .table = t, .snapshot = s, .opt = opt, .result = r, .tombs_from = keep_tombs_from(s) };
	size_t i;
	int failed = 0;

	*r = (struct optimize_result){ .removes = xcalloc(s->nfiles, sizeof(*r->removes)) };
	o.columns = xcalloc(s->ncolumns, sizeof(*o.columns));
	o.about = xcalloc(s->ncolumns, sizeof(*o.about));
	for (i = 0; i < s->ncolumns && !failed; i++) {
		if (s->columns[i].refused != NULL)
			failed = msg_set(err, EX_UNAVAILABLE, "%s: column %s: a type that cannot be written: %s",
			    t->address, s->columns[i].name, s->columns[i].refused);
		if (s->columns[i].partition >= 0)
			continue;
		o.about[o.ncolumns] = s->columns[i];
		o.columns[o.ncolumns++] = i;
	}
	if (!failed && o.ncolumns == 0)
		failed = msg_set(err, EX_UNAVAILABLE, "%s: every column is a partition column", t->address);
	if (!failed) {
		rows_init(&o.rows, s, o.columns, o.ncolumns);
		failed = each_partition(&o, err);
		delta_out_free(o.out);
		rows_free(&o.rows);
	}
	if (failed)
		optimize_result_free(r);
	free(o.columns);
	free(o.about);
	buf_free(&o.folder);
	return failed;
}

void
optimize_result_free(struct optimize_result *r)
{
	free(r->adds);
	free(r->removes);
	pool_free(&r->pool);
	memset(r, 0, sizeof(*r));
}

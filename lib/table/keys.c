/* The rows of a table that have one of given keys in a column. */
#include <stdlib.h>

#include "map/bytes.h"
#include "table/bounds.h"
#include "table/table.h"

struct found {			/* rows of a file that may have a key: its ranges among all */
	size_t first, n;
};

struct table_keys {
	const struct delta_snapshot *snapshot;
	size_t column;
	struct map_bytes map;		/* as records have them */
	enum pq_shape shape;
	size_t n;
	union pq_value *values;		/* ascending; owned. NULL: a set of them does not help */
	struct delta_key_set set;
	struct pool pool;		/* bytes of strings */
	/* of table_keys_find; owned */
	struct found *found;		/* per file of the snapshot */
	struct pq_range *ranges;
	size_t nranges;
	size_t *files, nfiles;		/* files with a range */
};

/* ---- which pages may have one ---- */

static bool
meets(const void *keys, const union pq_value *low, const union pq_value *high)
{
	const struct table_keys *k = keys;
	size_t from = 0, to = k->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (pq_compare(k->shape, &k->values[middle], low) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from < k->n && pq_compare(k->shape, &k->values[from], high) <= 0;
}

/* Encoded values order as the values do. */
static void
sort_values(struct table_keys *k, const struct delta_column *c)
{
	uint32_t *places = map_bytes_sorted(&k->map);
	const struct map_key *key;
	struct expr_encoded encoded;
	size_t i;

	k->values = xcalloc(k->map.n + 1, sizeof(*k->values));
	for (i = 0; i < k->map.n; i++) {
		key = map_bytes_at(&k->map, places[i]);
		if (val_is_null(key->bytes, key->n))
			break;		/* pages of nulls alone have no bounds */
		encoded = (struct expr_encoded){ .p = key->bytes, .n = key->n };
		table_bound_value(&k->pool, c, &encoded, &k->values[k->n++]);
	}
	if (i < k->map.n) {
		free(k->values);
		k->values = NULL;
	}
	free(places);
}

/* ---- the keys ---- */

static int
add_keys(struct table_keys *k, struct rec_reader *in, struct msg *err)
{
	struct rec_batch b;
	struct rec_field f;
	bool added;
	size_t i;
	int got;

	while ((got = rec_next(in, &b)) > 0)
		for (i = 0; i < b.n; i++) {
			f = rec_field(rec_at(&b, i), 0);
			if (map_bytes_add(&k->map, f.p, f.n, map_hash(f.p, f.n), &added) == MAP_ABSENT)
				return msg_set(err, EX_UNAVAILABLE, "%s: too many keys", in->name);
		}
	return got < 0 ? msg_set(err, in->err.status, "%s", in->err.text) : 0;
}

int
table_keys_read(struct table_keys **kp, struct rec_reader *in, const struct delta_snapshot *s, size_t column,
    struct msg *err)
{
	const struct delta_column *c = &s->columns[column];
	struct table_keys *k = *kp = xcalloc(1, sizeof(*k));
	struct val_type type;

	map_bytes_init(&k->map);
	k->snapshot = s;
	k->column = column;
	if (!table_val_type(c->type, c->precision, c->scale, &type) || in->header.ncolumns != 1 ||
	    !val_type_equal(in->header.columns[0].type, type))
		return msg_set(err, EX_DATAERR, "%s: not keys of the type of column %s", in->name,
		    msg_quotes(c->name));
	k->shape = pq_shape(c->type, c->precision);
	if (add_keys(k, in, err) < 0)
		return -1;
	if (k->shape != PQ_U8 && k->shape != PQ_F32 && k->shape != PQ_F64)
		sort_values(k, c);
	return 0;
}

const struct delta_key_set *
table_keys_set(struct table_keys *k)
{
	if (k->values == NULL)
		return NULL;
	k->set = (struct delta_key_set){ k->column, meets, k };
	return &k->set;
}

/* ---- which rows have one ---- */

/* Drops rows of integers, most of which no range of the keys has. */
static void
drop_integers(const struct table_keys *k, const struct pq_vector *v, uint8_t *drop)
{
	union pq_value value = { .i = 0 };
	int64_t low = k->values[0].i, high = k->values[k->n - 1].i;
	size_t i;

	for (i = 0; i < v->n; i++) {
		value.i = k->shape == PQ_I32 ? v->v.i32[i] : v->v.i64[i];
		drop[i] |= value.i < low || value.i > high || (v->def != NULL && v->def[i] == 0) ||
		    (k->n > 1 && !meets(k, &value, &value));
	}
}

static int
drop_records(const struct table_keys *k, struct table_from *from, const struct delta_batch *b, uint8_t *drop,
    struct msg *err)
{
	struct rec_batch records;
	struct rec_field f;
	size_t row, next, i;

	for (row = 0; row < b->rows; row = next) {
		if ((next = table_to_records(from, b->columns, row, b->rows, NULL, &records, err)) == 0)
			return -1;
		for (i = 0; i < records.n; i++) {
			f = rec_field(rec_at(&records, i), 0);
			drop[row + i] |= map_bytes_find(&k->map, f.p, f.n, map_hash(f.p, f.n)) == MAP_ABSENT;
		}
	}
	return 0;
}

int
table_keys_drop(const struct table_keys *k, struct table_from *from, const struct delta_batch *b, size_t vector,
    uint8_t *drop, struct msg *err)
{
	bool integers = (k->shape == PQ_I32 || k->shape == PQ_I64) && k->values != NULL && k->n > 0;

	if (!integers)
		return drop_records(k, from, b, drop, err);
	drop_integers(k, &b->columns[vector], drop);
	return 0;
}

/* ---- reading the column ahead of the others ---- */

/* Adds the rows of a batch that have a key, and those between two that are near. */
static void
add_found(struct table_keys *k, const struct delta_batch *b, const uint8_t *drop)
{
	enum { NEAR = 64 };		/* rows that are read rather than passed over */
	struct found *f = &k->found[b->file];
	uint64_t row;
	size_t i;

	for (i = 0; i < b->rows; i++) {
		if (drop[i] != 0)
			continue;
		row = b->first_row + i;
		if (f->n == 0 || k->ranges[k->nranges - 1].end + NEAR < row) {
			if (f->n++ == 0) {
				f->first = k->nranges;
				k->files[k->nfiles++] = b->file;
			}
			if ((k->nranges & (k->nranges - 1)) == 0)
				k->ranges = xreallocarray(k->ranges, 2 * k->nranges + 1, sizeof(*k->ranges));
			k->ranges[k->nranges++].row = row;
		}
		k->ranges[k->nranges - 1].end = row + 1;
	}
}

static int
find_rows(struct table_keys *k, struct delta_scan *scan, struct table_from *from, struct msg *err)
{
	struct buf drop = { 0 };
	struct delta_batch b;
	int got;

	while ((got = delta_scan_next(scan, &b, err)) > 0) {
		if (b.deleted != NULL)
			memcpy(buf_room(&drop, b.rows), b.deleted, b.rows);
		else
			memset(buf_room(&drop, b.rows), 0, b.rows);
		if ((got = table_keys_drop(k, from, &b, 0, drop.p, err)) < 0)
			break;
		add_found(k, &b, drop.p);
	}
	buf_free(&drop);
	return got;
}

/* For the rows of struct delta_scan_options. */
static const struct pq_range *
found_rows(void *keys, size_t file, size_t *n)
{
	const struct table_keys *k = keys;

	*n = k->found[file].n;
	return k->ranges + k->found[file].first;
}

int
table_keys_find(struct table_keys *k, struct delta_table *t, struct delta_scan_options *o, struct msg *err)
{
	const struct delta_column *c = &k->snapshot->columns[k->column];
	const struct table_source source = { .name = c->name, .type = c->type, .precision = c->precision,
		.scale = c->scale, .required = !c->nullable };
	const unsigned flags = c->type == PQ_STRING ? PQ_INDEX : 0;
	struct delta_scan_options alone = { .columns = &k->column, .flags = &flags, .ncolumns = 1,
		.bounds = o->bounds, .nbounds = o->nbounds, .keys = table_keys_set(k) };
	struct table_from *from = table_from_new(&source, 1);
	struct delta_scan *scan;
	int failed;

	k->found = xcalloc(k->snapshot->nfiles + 1, sizeof(*k->found));
	k->files = xcalloc(k->snapshot->nfiles + 1, sizeof(*k->files));
	failed = delta_scan_open(&scan, t, k->snapshot, &alone, err);
	if (failed == 0)
		failed = find_rows(k, scan, from, err);
	delta_scan_close(scan);
	table_from_free(from);
	o->files = k->files;
	o->nfiles = k->nfiles;
	o->rows = found_rows;
	o->to = k;
	return failed;
}

void
table_keys_free(struct table_keys *k)
{
	if (k == NULL)
		return;
	map_bytes_free(&k->map);
	pool_free(&k->pool);
	free(k->values);
	free(k->found);
	free(k->ranges);
	free(k->files);
	free(k);
}

/*
 * Orphans of a reference: rows whose value is in no row of the other table. The other table's values are held in
 * memory; where they are too many for it, both tables are read several times, each time for a part of the values.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "map/map.h"
#include "reconcile/parts.h"
#include "table/table.h"

enum { MOST_PARTS = 1 << 16, CHUNK = 1024, LEAST_KEYS = 4096 };	/* LEAST_KEYS: held whatever the memory */

struct values {				/* those of the columns of one table, as keys */
	struct reconcile_reading reading;
	struct rec_header header;
	struct table_from *from;
	size_t index[JOB_REFERENCE_MAX];
	size_t n;			/* columns */
	size_t vector;			/* of the first */
	struct buf scratch;
};

struct search {
	struct values known, rows;	/* of the other table, and of the one whose orphans are counted */
	struct map map;			/* of integers where both sides are one column of integers */
	int64_t keys[CHUNK];		/* of a chunk of rows: those with a value of the part, and which they are */
	size_t at[CHUNK];
	uint32_t numbers[CHUNK];
	uint64_t parts, part;		/* of the values, by their hash; the one in memory */
	size_t memory;
	size_t *amounts;		/* vectors of the rows' amounts */
	struct reconcile_sum *sums;
	size_t nsums;
	uint64_t count;
	struct msg *err;
};

/* ---- values ---- */

static int
open_values(struct values *v, const struct reconcile *r, const struct schema *s, const size_t *columns, size_t n,
    struct msg *err)
{
	char *path = xasprintf("silver/%s", s->name);
	const char *names[JOB_REFERENCE_MAX];
	int status = reconcile_reading_open(&v->reading, r, path, err);
	size_t i;

	free(path);
	for (i = 0; i < n; i++) {
		names[i] = s->columns[columns[i]].name;
		v->index[i] = i;
	}
	v->n = n;
	if (status == 0 && (v->from = reconcile_reading_records(&v->reading, names, n, &v->header, err)) == NULL)
		status = -1;
	if (status == 0)
		v->vector = (size_t)reconcile_reading_column(&v->reading, names[0], err);
	return status;
}

/* Is the value one integer? */
static bool
is_integer(const struct values *v)
{
	enum pq_type type = reconcile_reading_type(&v->reading, v->vector)->type;

	return v->n == 1 && (type == PQ_INT32 || type == PQ_INT64);
}

static void
values_free(struct values *v)
{
	table_from_free(v->from);
	rec_header_free(&v->header);
	buf_free(&v->scratch);
	reconcile_reading_close(&v->reading);
}

/*
 * Makes records of the rows of a batch from *row on, deleted ones too, so that records and rows count alike. Returns
 * false with a failure.
 */
static bool
next_records(struct values *v, const struct delta_batch *b, size_t *row, struct rec_batch *records, struct msg *err)
{
	struct msg why = { 0 };

	*row = table_to_records(v->from, b->columns, *row, b->rows, NULL, records, &why);
	if (*row == 0)
		(void)reconcile_reading_blame(&v->reading, b->file, &why, err);
	return *row != 0;
}

/* Is the value of a record one of the part in memory? Sets its key and hash. A null is in no part. */
static bool
take_key(const struct search *s, struct values *v, struct rec r, struct rec_field *key, uint64_t *hash)
{
	if (rec_key_has_null(r, v->index, v->n))
		return false;
	*key = rec_key(r, v->index, v->n, &v->scratch);
	*hash = map_hash(key->p, key->n);
	return s->parts == 1 || hash_word(*hash) % s->parts == s->part;
}

/*
 * Gathers the integers of a chunk of rows of a batch, from *row on, that are of the part in memory. Returns how many,
 * and moves *row to the row after the chunk.
 */
static size_t
gather(struct search *s, const struct values *v, const struct delta_batch *b, size_t *row)
{
	const struct pq_vector *from = &b->columns[v->vector];
	bool wide = reconcile_reading_type(&v->reading, v->vector)->type == PQ_INT64;
	size_t i, n = 0, end = b->rows - *row < CHUNK ? b->rows : *row + CHUNK;

	for (i = *row; i < end; i++) {
		if ((from->def != NULL && !from->def[i]) || (b->deleted != NULL && b->deleted[i]))
			continue;
		s->keys[n] = wide ? from->v.i64[i] : from->v.i32[i];
		s->at[n] = i;
		n += s->parts == 1 || hash_word((uint64_t)s->keys[n]) % s->parts == s->part;
	}
	*row = end;
	return n;
}

/* ---- the other table ---- */

/* Would n more keys of so many bytes in all take more than the memory? */
static bool
is_full(const struct search *s, size_t n, size_t bytes)
{
	return (map_count(&s->map) >= LEAST_KEYS && map_memory_after(&s->map, n, bytes) > s->memory) ||
	    map_may_fill(&s->map, n);
}

/* Adds the integers of a batch. Returns 1, or 0 if memory does not suffice. */
static int
add_integers(struct search *s, const struct delta_batch *b)
{
	size_t row = 0, n;

	while (row < b->rows) {
		n = gather(s, &s->known, b, &row);
		if (is_full(s, n, 0) || !map_add_ints(&s->map, s->keys, n, s->numbers))
			return 0;
	}
	return 1;
}

/* Adds the values of a batch. Returns 1, 0 if memory does not suffice, or -1. */
static int
add_known(struct search *s, const struct delta_batch *b)
{
	struct rec_batch records;
	struct rec_field key;
	uint64_t hash;
	size_t row, first, i;
	bool added;

	for (row = 0; row < b->rows;) {
		first = row;
		if (!next_records(&s->known, b, &row, &records, s->err))
			return -1;
		if (is_full(s, records.n, records.off[records.n * records.stride] - records.off[0]))
			return 0;
		for (i = 0; i < records.n; i++)
			if ((b->deleted == NULL || !b->deleted[first + i]) &&
			    take_key(s, &s->known, rec_at(&records, i), &key, &hash))
				(void)map_bytes_add(&s->map.bytes, key.p, key.n, hash, &added);
	}
	return 1;
}

/* Holds the values of the part. Returns 1, 0 if memory does not suffice, or -1. A table that is absent has none. */
static int
hold_known(struct search *s)
{
	struct delta_batch b;
	int got, held = 1;

	map_clear(&s->map);
	if (s->known.from == NULL)
		return 1;
	got = reconcile_reading_scan(&s->known.reading, NULL, 0, s->err);
	while (got >= 0 && held > 0 && (got = reconcile_reading_next(&s->known.reading, &b, s->err)) > 0)
		held = s->map.integers ? add_integers(s, &b) : add_known(s, &b);
	return got < 0 ? -1 : held;
}

/* ---- the rows ---- */

static void
add_amounts(struct search *s, const struct delta_batch *b, size_t row)
{
	size_t i;

	for (i = 0; i < s->nsums; i++) {
		const struct pq_vector *v = &b->columns[s->amounts[i]];
		const struct delta_column *c = reconcile_reading_type(&s->rows.reading, s->amounts[i]);

		if (v->def == NULL || v->def[row])
			reconcile_sum_add(&s->sums[i],
			    pq_shape(c->type, c->precision) == PQ_I64 ? v->v.i64[row] : v->v.i128[row]);
	}
}

static int
count_integers(struct search *s, const struct delta_batch *b)
{
	size_t row = 0, i, n;

	while (row < b->rows) {
		n = gather(s, &s->rows, b, &row);
		map_find_ints(&s->map, s->keys, n, s->numbers);
		for (i = 0; i < n; i++)
			if (s->numbers[i] == MAP_ABSENT) {
				s->count++;
				add_amounts(s, b, s->at[i]);
			}
	}
	return 0;
}

static int
count_orphans(struct search *s, const struct delta_batch *b)
{
	struct rec_batch records;
	struct rec_field key;
	uint64_t hash;
	size_t row, first, i;

	for (row = 0; row < b->rows;) {
		first = row;
		if (!next_records(&s->rows, b, &row, &records, s->err))
			return -1;
		for (i = 0; i < records.n; i++) {
			if ((b->deleted != NULL && b->deleted[first + i]) ||
			    !take_key(s, &s->rows, rec_at(&records, i), &key, &hash) ||
			    map_bytes_find(&s->map.bytes, key.p, key.n, hash) != MAP_ABSENT)
				continue;
			s->count++;
			add_amounts(s, b, first + i);
		}
	}
	return 0;
}

static int
read_part(struct search *s)
{
	struct delta_batch b;
	int got = reconcile_reading_scan(&s->rows.reading, NULL, 0, s->err);

	while (got >= 0 && (got = reconcile_reading_next(&s->rows.reading, &b, s->err)) > 0)
		got = s->map.integers ? count_integers(s, &b) : count_orphans(s, &b);
	return got;
}

/* Reads all parts. Returns 1, 0 if memory does not suffice for one, or -1. */
static int
read_parts(struct search *s)
{
	int got = 1;

	s->count = 0;
	if (s->nsums > 0)
		memset(s->sums, 0, s->nsums * sizeof(*s->sums));
	for (s->part = 0; s->part < s->parts && got > 0; s->part++)
		if ((got = hold_known(s)) > 0 && read_part(s) < 0)
			got = -1;
	return got;
}

/* ---- the whole ---- */

/* Lists the amounts of the rows: the source's decimal columns. */
static int
plan_amounts(struct search *s, const struct schema *schema)
{
	size_t i;
	int vector;

	s->amounts = xcalloc(schema->ncolumns, sizeof(*s->amounts));
	s->sums = xcalloc(schema->ncolumns, sizeof(*s->sums));
	for (i = 0; i < schema->ncolumns; i++) {
		if (schema->columns[i].type.kind != VAL_DECIMAL)
			continue;
		vector = reconcile_reading_column(&s->rows.reading, schema->columns[i].name, s->err);
		if (vector < 0)
			return -1;
		if (reconcile_reading_type(&s->rows.reading, (size_t)vector)->type != PQ_DECIMAL)
			return msg_set(s->err, EX_DATAERR, "%s: column %s: not decimal, as its schema has it",
			    s->rows.reading.address, msg_quotes(schema->columns[i].name));
		s->amounts[s->nsums++] = (size_t)vector;
	}
	return 0;
}

static int
search(struct search *s)
{
	int got = 0;

	for (s->parts = 1; got == 0 && s->parts <= MOST_PARTS; s->parts *= 4)
		got = read_parts(s);
	if (got == 0)
		return msg_set(s->err, EX_OSERR, "%s: too little memory for its values (--memory)",
		    s->known.reading.address);
	return got < 0 ? -1 : 0;
}

static void
put_results(struct reconcile_orphans *o, const struct search *s)
{
	size_t i;

	o->count = xasprintf("%" PRIu64, s->count);
	for (i = 0; i < s->nsums; i++)
		o->sums[i] = reconcile_sum_text(s->sums[i], reconcile_reading_type(&s->rows.reading,
		    s->amounts[i])->scale);
}

static void
search_free(struct search *s)
{
	map_free(&s->map);
	values_free(&s->known);
	values_free(&s->rows);
	free(s->amounts);
	free(s->sums);
	free(s);
}

int
reconcile_orphans_measure(struct reconcile_orphans *o, const struct reconcile *r, size_t memory, struct msg *err)
{
	const struct job_source *from = &r->job->sources[o->source];
	const struct job_reference *f = &from->references[o->reference];
	struct search *s = xcalloc(1, sizeof(*s));
	int status = 0;

	s->memory = memory;
	s->err = err;
	if (!r->sources[f->source].absent)
		status = open_values(&s->known, r, &r->job->sources[f->source].schema, f->others, f->n, err);
	if (status == 0)
		status = open_values(&s->rows, r, &from->schema, f->columns, f->n, err);
	if (status == 0)
		status = plan_amounts(s, &from->schema);
	map_init(&s->map, status == 0 && s->known.from != NULL && is_integer(&s->known) && is_integer(&s->rows), 0);
	if (status == 0)
		status = search(s);
	if (status == 0)
		put_results(o, s);
	search_free(s);
	return status;
}

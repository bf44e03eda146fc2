/* Sums and counts of a table by one reading of its pages. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agg/groups.h"
#include "reconcile/parts.h"
#include "table/table.h"

struct condition {			/* one `where`, whichever items have it */
	const char *text;		/* NULL: every row */
	const struct job_term *term;
	struct expr e;
	struct rec_header header;	/* of the columns it names */
	struct table_from *from;
	uint8_t *drop;			/* of the current batch; NULL: no row is dropped */
	uint8_t *own;			/* owned room of drop */
	size_t room;
};

struct figure {				/* the state of an item */
	size_t condition;
	int vector;			/* of its column; -1: none */
	uint64_t n;
	struct reconcile_sum sum;
};

struct keys {				/* counts the different keys of rows */
	struct table_from *from;
	struct rec_header header;
	size_t index[REC_MAX_COLUMNS];
	struct buf last, scratch;
	bool any, hashed;		/* hashed: the rows are not in the order of their keys */
	uint64_t n;
	struct groups groups;
	struct agg_item item;
};

struct pass {
	struct reconcile_pass *p;
	struct reconcile_reading reading;
	struct condition *conditions;
	size_t nconditions;
	struct figure *figures;
	struct keys *keys;		/* NULL: none are counted */
	const char *checks;		/* path of the job's checks, for messages */
	struct msg *err;
};

/* A failure of what a term asks for, at a place of the job's checks. */
static int
refuse(const struct pass *s, const struct job_term *t, size_t at, const struct msg *why)
{
	if (t == NULL || t->line == 0)
		return msg_set(s->err, why->status, "%s", why->text);
	return msg_set(s->err, EX_CONFIG, "%s:%zu:%zu: %s", s->checks, t->line, at, why->text);
}

/* ---- conditions ---- */

static int
parse(struct pass *s, struct condition *c, const struct rec_header *h, struct expr *e)
{
	struct expr_scope scope = { .header = h };
	struct msg why = { 0 };
	size_t where = 0, at, i;

	if (expr_parse_where(e, c->text, strlen(c->text), &scope, &where, &why) == 0)
		return 0;
	at = c->term != NULL ? c->term->where_at : 0;
	for (i = 0; i < where; i++)
		at += (c->text[i] & 0xc0) != 0x80;
	return refuse(s, c->term, at, &why);
}

/* Lists the columns that a condition may name. */
static void
all_columns(const struct reconcile_reading *g, struct rec_header *h)
{
	const struct delta_column *c;
	struct val_type type;
	size_t i;

	rec_header_init(h, "");
	for (i = 0; i < g->snapshot.ncolumns && h->ncolumns < REC_MAX_COLUMNS; i++) {
		c = &g->snapshot.columns[i];
		if (c->refused == NULL && table_val_type(c->type, c->precision, c->scale, &type))
			rec_header_add(h, c->name, type, false, !c->nullable);
	}
}

/* Parses a condition over the columns that it names, or over one, which become those of its records. */
static int
make_condition(struct pass *s, struct condition *c)
{
	struct rec_header all = { 0 };
	struct expr first = { 0 };
	const char *names[REC_MAX_COLUMNS];
	bool *used;
	size_t i, n = 0;
	int status;

	all_columns(&s->reading, &all);
	used = xcalloc(all.ncolumns + 1, sizeof(*used));
	if ((status = parse(s, c, &all, &first)) == 0) {
		expr_mark_columns(&first, used);
		for (i = 0; i < all.ncolumns; i++)
			if (used[i] || (n == 0 && i + 1 == all.ncolumns))
				names[n++] = all.columns[i].name;
		c->from = reconcile_reading_records(&s->reading, names, n, &c->header, s->err);
		status = c->from == NULL ? -1 : parse(s, c, &c->header, &c->e);
	}
	expr_free(&first);
	rec_header_free(&all);
	free(used);
	return status;
}

/* Returns the index of an item's condition, which is made where it is new; SIZE_MAX on failure. */
static size_t
find_condition(struct pass *s, const struct reconcile_item *item)
{
	struct condition *c;
	size_t i;

	for (i = 0; i < s->nconditions; i++) {
		c = &s->conditions[i];
		if ((c->text == NULL) == (item->where == NULL) &&
		    (c->text == NULL || strcmp(c->text, item->where) == 0))
			return i;
	}
	c = &s->conditions[s->nconditions++];
	*c = (struct condition){ .text = item->where, .term = item->term };
	return c->text != NULL && make_condition(s, c) < 0 ? SIZE_MAX : i;
}

/* Tests the rows of a batch. Deleted rows have no faults. */
static int
test_rows(struct pass *s, struct condition *c, const struct delta_batch *b)
{
	uint8_t truth[EXPR_CHUNK];
	struct rec_batch records;
	struct msg why = { 0 };
	size_t row, next, i;

	for (row = 0; row < b->rows; row = next) {
		const uint8_t *deleted = b->deleted != NULL ? b->deleted + row : NULL;

		if ((next = table_to_records(c->from, b->columns, row, b->rows, NULL, &records, &why)) == 0)
			return reconcile_reading_blame(&s->reading, b->file, &why, s->err);
		records.first = b->first_row + row + 1;
		if (expr_test(&c->e, &records, 0, records.n, deleted, truth, &why) < 0)
			return reconcile_reading_blame(&s->reading, b->file, &why, s->err);
		for (i = 0; i < records.n; i++)
			c->drop[row + i] = (deleted != NULL && deleted[i]) || truth[i] != EXPR_TRUE;
	}
	return 0;
}

/* Sets `drop` for the rows of a batch that a condition does not keep. */
static int
select_rows(struct pass *s, struct condition *c, const struct delta_batch *b)
{
	if (c->text == NULL) {
		if (c->own == NULL || b->rows > c->room)
			c->own = xreallocarray(c->own, c->room = b->rows, 1);
		c->drop = NULL;
		if (b->deleted != NULL)
			c->drop = memcpy(c->own, b->deleted, b->rows);
		return 0;
	}
	if (b->rows > c->room)
		c->own = xreallocarray(c->own, c->room = b->rows, 1);
	c->drop = c->own;
	return test_rows(s, c, b);
}

/* ---- sums and counts ---- */

static bool
is_kept(const struct pq_vector *v, const uint8_t *drop, size_t i)
{
	return (v->def == NULL || v->def[i]) && (drop == NULL || !drop[i]);
}

/* Adds narrow values: a batch has far fewer than 2^63 of them, so that their sum fits. */
#define ADD_VALUES(field) do { \
	for (i = 0; i < n; i++) \
		if (is_kept(v, drop, i)) \
			part += v->v.field[i]; \
	reconcile_sum_add(to, part); \
} while (0)

static void
add_values(struct reconcile_sum *to, const struct pq_vector *v, enum pq_shape shape, const uint8_t *drop, size_t n)
{
	i128 part = 0;
	size_t i;

	if (shape == PQ_I32)
		ADD_VALUES(i32);
	else if (shape == PQ_I64)
		ADD_VALUES(i64);
	else
		for (i = 0; i < n; i++)
			if (is_kept(v, drop, i))
				reconcile_sum_add(to, v->v.i128[i]);
}

static uint64_t
count_rows(const struct pq_vector *v, const uint8_t *drop, size_t n)
{
	static const struct pq_vector all = { 0 };
	uint64_t count = 0;
	size_t i;

	if (drop == NULL && (v == NULL || v->def == NULL))
		return n;
	v = v != NULL ? v : &all;
	for (i = 0; i < n; i++)
		count += is_kept(v, drop, i);
	return count;
}

/* Can the values of a column be added up exactly? */
static bool
is_exact(enum pq_type type)
{
	return type == PQ_DECIMAL || (type >= PQ_INT8 && type <= PQ_INT64) || (type >= PQ_UINT8 && type <= PQ_UINT64);
}

static void
add_batch(struct pass *s, struct figure *f, const struct reconcile_item *item, const struct delta_batch *b)
{
	const uint8_t *drop = s->conditions[f->condition].drop;
	const struct pq_vector *v = f->vector >= 0 ? &b->columns[f->vector] : NULL;
	const struct delta_column *c;

	if (item->function == JOB_COUNT) {
		f->n += count_rows(v, drop, b->rows);
	} else if (item->function == JOB_SUM) {
		c = reconcile_reading_type(&s->reading, (size_t)f->vector);
		add_values(&f->sum, v, pq_shape(c->type, c->precision), drop, b->rows);
	}
}

/* ---- keys ---- */

/* Counts the keys of records that come in their order. Returns false where one is not after the one before. */
static bool
count_sorted(struct keys *k, const struct rec_batch *b)
{
	struct rec_field key;
	size_t i, n;
	int order;

	for (i = 0; i < b->n; i++) {
		key = rec_key(rec_at(b, i), k->index, k->header.ncolumns, &k->scratch);
		n = key.n < k->last.len ? key.n : k->last.len;
		order = k->any ? memcmp(k->last.p, key.p, n) : -1;
		if (order > 0 || (order == 0 && k->last.len >= key.n))
			return false;
		k->last.len = 0;
		buf_add(&k->last, key.p, key.n);
		k->any = true;
		k->n++;
	}
	return true;
}

static int
count_groups(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n)
{
	struct keys *k = context;

	(void)keys;
	(void)groups;
	k->n += n;
	return 0;
}

/* Takes the keys of a batch. Returns 1, 0 if they are not in order, or -1. */
static int
take_keys(struct pass *s, const struct delta_batch *b)
{
	struct rec_batch records;
	struct msg why = { 0 };
	size_t row;

	for (row = 0; row < b->rows;) {
		if ((row = table_to_records(s->keys->from, b->columns, row, b->rows, b->deleted, &records, &why)) == 0)
			return reconcile_reading_blame(&s->reading, b->file, &why, s->err);
		if (records.n == 0)
			continue;
		if (!s->keys->hashed && !count_sorted(s->keys, &records))
			return 0;
		if (s->keys->hashed && groups_add(&s->keys->groups, &records, s->err) != records.n)
			return -1;
	}
	return 1;
}

/* Counts keys that are in no order, by a reading of their own. */
static int
count_hashed(struct pass *s, size_t memory)
{
	struct keys *k = s->keys;
	struct delta_batch b;
	int got;

	k->hashed = true;
	k->n = 0;
	agg_item_set(&k->item, "count", NULL, NULL, "count()");
	if (agg_plan(&k->groups.agg, &k->header, &k->item, 1, &(struct agg_sides){ 0 }, true, s->err) < 0)
		return -1;
	groups_init(&k->groups, &k->header, k->index, k->header.ncolumns, memory);
	got = reconcile_reading_scan(&s->reading, NULL, 0, s->err);
	while (got >= 0 && (got = reconcile_reading_next(&s->reading, &b, s->err)) > 0)
		got = take_keys(s, &b);
	return got < 0 ? -1 : groups_put(&k->groups, count_groups, k, s->err);
}

static int
plan_keys(struct pass *s)
{
	struct keys *k = xcalloc(1, sizeof(*k));
	size_t i;

	s->keys = k;
	for (i = 0; i < s->p->nkey && i < REC_MAX_COLUMNS; i++)
		k->index[i] = i;
	k->from = reconcile_reading_records(&s->reading, s->p->key, s->p->nkey, &k->header, s->err);
	return k->from != NULL ? 0 : -1;
}

static void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	if (k->hashed) {
		groups_free(&k->groups);
		agg_item_free(&k->item);
	}
	table_from_free(k->from);
	rec_header_free(&k->header);
	buf_free(&k->last);
	buf_free(&k->scratch);
	free(k);
}

/* ---- the whole ---- */

static int
plan_item(struct pass *s, struct figure *f, const struct reconcile_item *item)
{
	const struct delta_column *c;
	struct msg why = { 0 };

	f->vector = -1;
	if (item->function == JOB_KEYS && s->keys == NULL && plan_keys(s) < 0)
		return -1;
	if (item->column != NULL) {
		f->vector = reconcile_reading_column(&s->reading, item->column, &why);
		if (f->vector < 0)
			return refuse(s, item->term, item->term->at, &why);
		c = reconcile_reading_type(&s->reading, (size_t)f->vector);
		if (item->function == JOB_SUM && (c->refused != NULL || !is_exact(c->type))) {
			msg_set(&why, EX_CONFIG, "%s: only integers and decimals have an exact sum: %s",
			    s->reading.address, msg_quotes(item->column));
			return refuse(s, item->term, item->term->at, &why);
		}
	}
	f->condition = find_condition(s, item);
	return f->condition == SIZE_MAX ? -1 : 0;
}

static int
plan(struct pass *s)
{
	size_t i;

	s->figures = xcalloc(s->p->nitems, sizeof(*s->figures));
	s->conditions = xcalloc(s->p->nitems, sizeof(*s->conditions));
	for (i = 0; i < s->p->nitems; i++)
		if (plan_item(s, &s->figures[i], &s->p->items[i]) < 0)
			return -1;
	/* Rows are counted as they are read: a scan without columns would take their number from the footer. */
	if (s->reading.ncolumns == 0 && s->reading.snapshot.ncolumns > 0)
		return reconcile_reading_column(&s->reading, s->p->nkey > 0 ? s->p->key[0] :
		    s->reading.snapshot.columns[0].name, s->err) < 0 ? -1 : 0;
	return 0;
}

/* Reads the table once. Returns 1, 0 if keys have to be counted by another reading, or -1. */
static int
read_rows(struct pass *s)
{
	struct pool pool = { 0 };
	struct delta_bound *bounds = NULL;
	struct delta_batch b;
	size_t i, nbounds = 0;
	int got, sorted = 1;

	if (s->nconditions == 1 && s->conditions[0].text != NULL)
		table_bounds(&s->conditions[0].e, &s->conditions[0].header, &s->reading.snapshot, &pool, &bounds,
		    &nbounds);
	got = reconcile_reading_scan(&s->reading, bounds, nbounds, s->err);
	while (got >= 0 && (got = reconcile_reading_next(&s->reading, &b, s->err)) > 0) {
		for (i = 0; i < s->nconditions && got >= 0; i++)
			got = select_rows(s, &s->conditions[i], &b);
		for (i = 0; i < s->p->nitems && got >= 0; i++)
			add_batch(s, &s->figures[i], &s->p->items[i], &b);
		if (got >= 0 && s->keys != NULL && sorted > 0 && (sorted = take_keys(s, &b)) < 0)
			got = -1;
	}
	free(bounds);
	pool_free(&pool);
	return got < 0 ? -1 : sorted;
}

static void
put_value(struct pass *s, struct figure *f, struct reconcile_item *item)
{
	if (item->function == JOB_SUM)
		item->value = reconcile_sum_text(f->sum, reconcile_reading_type(&s->reading,
		    (size_t)f->vector)->scale);
	else
		item->value = xasprintf("%" PRIu64, item->function == JOB_KEYS ? s->keys->n : f->n);
}

static void
pass_free(struct pass *s)
{
	struct condition *c;

	while (s->nconditions > 0) {
		c = &s->conditions[--s->nconditions];
		expr_free(&c->e);
		rec_header_free(&c->header);
		table_from_free(c->from);
		free(c->own);
	}
	free(s->conditions);
	free(s->figures);
	keys_free(s->keys);
	reconcile_reading_close(&s->reading);
}

int
reconcile_pass_measure(struct reconcile_pass *p, const struct reconcile *r, size_t memory, struct msg *err)
{
	struct pass s = { .p = p, .checks = r->job->checks_path, .err = err };
	int status = reconcile_reading_open(&s.reading, r, p->path, err);
	size_t i;

	if (status == 0)
		status = plan(&s);
	if (status == 0 && (status = read_rows(&s)) == 0)
		status = count_hashed(&s, memory);
	for (i = 0; status >= 0 && i < p->nitems; i++)
		put_value(&s, &s.figures[i], &p->items[i]);
	pass_free(&s);
	return status < 0 ? -1 : 0;
}

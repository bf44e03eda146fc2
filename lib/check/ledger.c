/* Reads the ledger of a lake, bronze/_ledger: acct-ledger(1) has its columns. Nothing here is of lib/ledger. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check/ledger.h"
#include "check/parts.h"

enum { NUMBER, BYTES, BASE, OFFSET, TABLE, SHA256, NAME, NAME_SHA256, COLUMNS };

static const char *const columns[COLUMNS] = { "delivery", "bytes", "base", "offset", "table", "sha256", "piece",
    "piece_sha256" };

struct check_delivery *
check_delivery_of(const struct check_ledger *l, int64_t number)
{
	return number > 0 && number <= (int64_t)l->n ? &l->deliveries[number - 1] : NULL;
}

/* ---- rows ---- */

static int
find_columns(const struct delta_table *t, const struct delta_snapshot *s, size_t at[COLUMNS], struct msg *err)
{
	size_t i;
	int found;

	for (i = 0; i < COLUMNS; i++) {
		found = delta_column_find(s, columns[i]);
		if (found < 0 || s->columns[found].type != (i < TABLE ? PQ_INT64 : PQ_STRING))
			return msg_set(err, EX_DATAERR, "%s: damaged: not a ledger: no column %s", t->address,
			    columns[i]);
		at[i] = (size_t)found;
	}
	return 0;
}

static int64_t
number_at(const struct pq_vector *v, size_t row)
{
	return v->def != NULL && v->def[row] == 0 ? 0 : v->v.i64[row];
}

static const char *
text_at(struct check_ledger *l, const struct pq_vector *v, size_t row)
{
	bool null = v->def != NULL && v->def[row] == 0;
	size_t n = null ? 0 : v->v.bytes[row].n;
	char *text = pool_alloc(&l->pool, n + 1);

	if (n > 0)
		memcpy(text, v->v.bytes[row].p, n);
	text[n] = '\0';
	return text;
}

static void
take_row(struct check_ledger *l, const struct pq_vector *v, size_t row)
{
	l->deliveries = xreallocarray(l->deliveries, l->n + 1, sizeof(*l->deliveries));
	l->deliveries[l->n++] = (struct check_delivery){ .number = number_at(&v[NUMBER], row),
	    .bytes = number_at(&v[BYTES], row), .base = number_at(&v[BASE], row), .offset = number_at(&v[OFFSET], row),
	    .table = text_at(l, &v[TABLE], row), .sha256 = text_at(l, &v[SHA256], row),
	    .piece = text_at(l, &v[NAME], row), .piece_sha256 = text_at(l, &v[NAME_SHA256], row) };
}

static int
scan_rows(struct check_ledger *l, struct delta_table *t, const struct delta_snapshot *s, struct msg *err)
{
	size_t at[COLUMNS], row;
	struct delta_scan_options o = { .columns = at, .ncolumns = COLUMNS };
	struct delta_scan *scan = NULL;
	struct delta_batch batch;
	int got;

	if (find_columns(t, s, at, err) < 0 || delta_scan_open(&scan, t, s, &o, err) < 0)
		return -1;
	while ((got = delta_scan_next(scan, &batch, err)) > 0)
		for (row = 0; row < batch.rows; row++)
			if (batch.deleted == NULL || !batch.deleted[row])
				take_row(l, batch.columns, row);
	delta_scan_close(scan);
	return got;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = ((const struct check_delivery *)a)->number, y = ((const struct check_delivery *)b)->number;

	return x < y ? -1 : x > y;
}

/* ---- entries ---- */

static bool
is_sum(const char *text)
{
	return strlen(text) == CHECK_SHA256 - 1 && strspn(text, "0123456789abcdef") == CHECK_SHA256 - 1;
}

/* Do the parts of an entry fit together, and with its base? */
static bool
is_sound(const struct check_ledger *l, const struct check_delivery *d)
{
	const struct check_delivery *base = d->base < d->number ? check_delivery_of(l, d->base) : NULL;

	if (!is_sum(d->sha256) || !is_sum(d->piece_sha256) || d->offset < 0 || d->offset > d->bytes ||
	    !store_name_is_tidy(d->piece) || (base == NULL) != (d->base == 0))
		return false;
	return base == NULL ? d->offset == 0 : d->offset == base->bytes && strcmp(d->table, base->table) == 0;
}

int
check_ledger_read(struct check_ledger *l, const char *address, struct msg *err)
{
	struct delta_table t;
	struct delta_snapshot s;
	int got;
	size_t i;

	if (delta_open(&t, address, err) < 0)
		return -1;
	if ((got = delta_exists(&t, err)) > 0 && (got = delta_load(&t, DELTA_NEWEST, &s, err)) == 0) {
		got = scan_rows(l, &t, &s, err);
		delta_snapshot_free(&s);
	}
	delta_close(&t);
	if (got < 0)
		return -1;
	if (l->n > 1)
		qsort(l->deliveries, l->n, sizeof(*l->deliveries), by_number);
	for (i = 0; i < l->n; i++)
		if (l->deliveries[i].number != (int64_t)i + 1 || !is_sound(l, &l->deliveries[i]))
			return msg_set(err, EX_DATAERR, "%s: damaged: delivery %" PRId64
			    " contradicts another, or itself", address, l->deliveries[i].number);
	return 0;
}

void
check_ledger_free(struct check_ledger *l)
{
	free(l->deliveries);
	pool_free(&l->pool);
}

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "clean/expect.h"

enum { REJECTED_DEFAULT = 50, ROWS_DEFAULT = 1 };

/* ---- the last run ---- */

/* Returns the clean sum of a column as text; NULL if the object has none that is a number. */
static char *
last_sum(const json_t *amounts, const char *column)
{
	const char *text = json_string_value(json_object_get(json_object_get(amounts, column), "clean"));

	return text != NULL && clean_decimal_ok(text) ? xstrdup(text) : NULL;
}

static int
take(struct clean_last *l, const json_t *o, const struct clean_total *t, const struct cleaner *k)
{
	const char *table = json_string_value(json_object_get(o, "table"));
	const json_t *rows = json_object_get(o, "clean"), *amounts = json_object_get(o, "amounts");
	size_t i;

	if (table == NULL || strcmp(table, k->schema->name) != 0 || !json_is_integer(rows) ||
	    json_integer_value(rows) < 0)
		return -1;
	l->given = true;
	l->rows = (uint64_t)json_integer_value(rows);
	l->had_rows = l->rows > 0 || json_is_true(json_object_get(o, "had_rows"));
	l->nsums = t->namounts;
	l->sums = xcalloc(l->nsums, sizeof(*l->sums));
	for (i = 0; i < l->nsums; i++)
		l->sums[i] = last_sum(amounts, k->columns[t->amounts[i].column].schema->name);
	return 0;
}

int
clean_last_read(struct clean_last *l, const char *path, const struct clean_total *t, const struct cleaner *k,
    struct msg *err)
{
	int fd = io_open(path, err), status;
	json_error_t why;
	json_t *o;

	*l = (struct clean_last){ 0 };
	if (fd == -1)
		return -1;
	o = json_loadfd(fd, 0, &why);
	close(fd);
	status = o == NULL ? -1 : take(l, o, t, k);
	json_decref(o);
	if (status == -1)
		msg_set(err, EX_DATAERR, "%s: not statistics of acct-clean for table %s", path,
		    msg_quotes(k->schema->name));
	return status;
}

void
clean_last_free(struct clean_last *l)
{
	while (l->nsums > 0)
		free(l->sums[--l->nsums]);
	free(l->sums);
	*l = (struct clean_last){ 0 };
}

/* ---- the limits ---- */

static void
pass(struct clean_expect *e, const char *limit, char *text)
{
	e->passed = xreallocarray(e->passed, e->npassed + 1, sizeof(*e->passed));
	e->passed[e->npassed++] = (struct clean_passed){ limit, text };
}

/* Is part more than limit / SCHEMA_WHOLE of whole? Both sides are 64 bits times at most 10^18: exact in 128 bits. */
static bool
is_more(uint64_t part, uint64_t whole, uint64_t limit)
{
	return (unsigned __int128)part * SCHEMA_WHOLE > (unsigned __int128)whole * limit;
}

static void
expect_rows(struct clean_expect *e, const struct schema_expect *x, uint64_t rows, const struct clean_last *last)
{
	uint64_t least = x->rows_text != NULL ? x->rows : last->had_rows ? ROWS_DEFAULT : 0;

	if (rows < least)
		pass(e, "rows", xasprintf("rows: %" PRIu64 ", fewer than %" PRIu64, rows, least));
}

static void
expect_rejected(struct clean_expect *e, const struct schema_expect *x, uint64_t rejected, uint64_t read)
{
	bool given = x->rejected.text != NULL;
	uint64_t limit = given ? x->rejected.n : REJECTED_DEFAULT * (SCHEMA_WHOLE / 100);

	if (is_more(rejected, read, limit))
		pass(e, "rejected", xasprintf("rejected: %" PRIu64 " of %" PRIu64 " rows, more than %s", rejected, read,
		    given ? x->rejected.text : "50%"));
}

static void
expect_rows_change(struct clean_expect *e, const struct schema_expect *x, uint64_t rows, const struct clean_last *last)
{
	uint64_t change = rows > last->rows ? rows - last->rows : last->rows - rows;

	if (last->given && x->rows_change.text != NULL && is_more(change, last->rows, x->rows_change.n))
		pass(e, "rows_change", xasprintf("rows_change: from %" PRIu64 " to %" PRIu64 " rows, more than %s",
		    last->rows, rows,
		    x->rows_change.text));
}

static void
expect_sum_change(struct clean_expect *e, const struct schema_sum_limit *x, const struct clean_total *t,
    const struct cleaner *k, const struct clean_last *last)
{
	struct buf sum = { 0 };
	size_t i;

	for (i = 0; i < last->nsums; i++) {
		if (t->amounts[i].column != x->column || last->sums[i] == NULL)
			continue;
		clean_total_sum(t, k, i, &sum);
		if (clean_decimal_changed(last->sums[i], buf_cstr(&sum), x->limit.n))
			pass(e, "sum_change", xasprintf("sum_change: %s: from %s to %s, more than %s",
			    k->schema->columns[x->column].name, last->sums[i], buf_cstr(&sum), x->limit.text));
	}
	buf_free(&sum);
}

void
clean_expect(struct clean_expect *e, const struct clean_total *t, const struct cleaner *k,
    const struct clean_last *last)
{
	const struct schema_expect *x = &k->schema->expect;
	uint64_t rejected = clean_total_rejects(t), rows = t->rows[CLEAN_GOOD];
	size_t i;

	*e = (struct clean_expect){ .had_rows = rows > 0 || last->had_rows };
	expect_rows(e, x, rows, last);
	expect_rejected(e, x, rejected, rejected + rows);
	expect_rows_change(e, x, rows, last);
	for (i = 0; i < x->nsums; i++)
		expect_sum_change(e, &x->sums[i], t, k, last);
}

void
clean_expect_free(struct clean_expect *e)
{
	while (e->npassed > 0)
		free(e->passed[--e->npassed].text);
	free(e->passed);
	e->passed = NULL;
}

/* The few rows of a stream that have given values. */
#include <stdlib.h>
#include <string.h>

#include "text/text.h"
#include "why/why.h"

static int
find_columns(const struct why_child *c, const struct why_value *values, size_t n, size_t *at, struct msg *err)
{
	size_t i;
	int found;

	for (i = 0; i < n; i++) {
		if ((found = rec_header_find(&c->in.header, values[i].column)) < 0)
			return msg_set(err, EX_DATAERR, "%s: has no column %s", c->name, msg_quotes(values[i].column));
		at[i] = (size_t)found;
	}
	return 0;
}

static bool
has_values(struct rec r, const struct why_value *values, size_t n, const size_t *at)
{
	struct rec_field f;
	size_t i;

	for (i = 0; i < n; i++) {
		f = rec_field(r, at[i]);
		if (f.n != values[i].encoded.len || memcmp(f.p, values[i].encoded.p, f.n) != 0)
			return false;
	}
	return true;
}

static int
add(struct why_rows *r, struct rec row, struct msg *err)
{
	size_t n = r->header.ncolumns, i;
	uint32_t bytes = row.off[n] - row.off[0];

	if (r->bytes.len + bytes > UINT32_MAX)
		return msg_set(err, EX_DATAERR, "%s: too many rows of these values", r->header.table);
	r->off = xreallocarray(r->off, (r->n + 1) * n + 1, sizeof(*r->off));
	for (i = 0; i <= n; i++)
		r->off[r->n * n + i] = (uint32_t)r->bytes.len + row.off[i] - row.off[0];
	buf_add(&r->bytes, row.base + row.off[0], bytes);
	r->n++;
	return 0;
}

static int
read_rows(struct why_rows *r, struct why_child *c, const struct why_value *values, size_t nvalues, const size_t *at,
    struct msg *err)
{
	struct rec_batch b;
	size_t i;
	int got;

	while ((got = rec_next(&c->in, &b)) > 0)
		for (i = 0; i < b.n; i++)
			if (has_values(rec_at(&b, i), values, nvalues, at) && add(r, rec_at(&b, i), err) < 0)
				return -1;
	memset(buf_room(&r->bytes, VAL_PAD), 0, VAL_PAD);
	return got < 0 ? msg_set(err, c->in.err.status, "%s", c->in.err.text) : 0;
}

int
why_rows_read(struct why_rows *r, struct why_child *c, const struct why_value *values, size_t nvalues,
    struct msg *err)
{
	size_t *at = xcalloc(nvalues + 1, sizeof(*at));
	int failed = find_columns(c, values, nvalues, at, err);

	memset(r, 0, sizeof(*r));
	rec_header_copy(&r->header, &c->in.header);
	if (failed == 0)
		failed = read_rows(r, c, values, nvalues, at, err);
	free(at);
	return failed;
}

void
why_rows_free(struct why_rows *r)
{
	rec_header_free(&r->header);
	buf_free(&r->bytes);
	free(r->off);
	memset(r, 0, sizeof(*r));
}

/* ---- comparing ---- */

/* Returns the lines of the rows, sorted, in these columns. */
static char **
sorted_lines(const struct why_rows *r, const size_t *columns, size_t n)
{
	char **lines = xcalloc(r->n + 1, sizeof(*lines));
	struct buf line = { 0 };
	size_t i, k;

	for (i = 0; i < r->n; i++) {
		line.len = 0;
		for (k = 0; k < n; k++) {
			struct rec_field f = rec_field((struct rec){ r->bytes.p, r->off + i * r->header.ncolumns },
			    columns[k]);

			buf_add(&line, f.p, f.n);
			buf_addc(&line, '\t');
		}
		lines[i] = xstrdup(buf_cstr(&line));		/* records have no NUL */
	}
	buf_free(&line);
	return lines;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
same_lines(char **a, char **b, size_t n)
{
	bool same = true;
	size_t i;

	qsort(a, n, sizeof(*a), by_bytes);
	qsort(b, n, sizeof(*b), by_bytes);
	for (i = 0; i < n; i++) {
		same &= strcmp(a[i], b[i]) == 0;
		free(a[i]);
		free(b[i]);
	}
	return same;
}

bool
why_rows_equal(const struct why_rows *a, const struct why_rows *b)
{
	size_t n = a->header.ncolumns, i, *own = xcalloc(n + 1, sizeof(*own)), *other = xcalloc(n + 1, sizeof(*other));
	bool same = a->n == b->n;
	char **x, **y;
	int at;

	for (i = 0; i < n && same; i++) {
		own[i] = i;
		at = rec_header_find(&b->header, a->header.columns[i].name);
		same = at >= 0 && val_type_equal(a->header.columns[i].type, b->header.columns[at].type);
		other[i] = (size_t)at;
	}
	if (same) {
		x = sorted_lines(a, own, n);
		y = sorted_lines(b, other, n);
		same = same_lines(x, y, a->n);
		free(x);
		free(y);
	}
	free(own);
	free(other);
	return same;
}

/* ---- showing ---- */

void
why_rows_put(const struct why_rows *r, struct buf *out)
{
	size_t i, n, *columns = xcalloc(r->header.ncolumns, sizeof(*columns));
	struct rec_batch b = { .base = r->bytes.p, .stride = r->header.ncolumns, .segment = &r->header };
	struct text t;

	for (i = 0; i < r->header.ncolumns; i++)
		columns[i] = i;
	text_start(&t, TEXT_TABLE, &r->header, columns, r->header.ncolumns);
	for (i = 0; i < r->n; i += n) {
		n = r->n - i < REC_BATCH_MAX ? r->n - i : REC_BATCH_MAX;
		b.n = n;
		b.first = i + 1;
		b.off = r->off + i * b.stride;
		text_batch(&t, &b);
	}
	text_end(&t);
	buf_add(out, t.out.p, t.out.len);
	text_free(&t);
	free(columns);
}

/* Buffers rows. */
#include <stdlib.h>

#include "parquet/write/rows.h"

enum {
	SLICE_ROWS = 8192,		/* rows buffered at a time */
	MAX_VALUE = 128 << 20		/* maximum bytes of one value */
};

void
out_rows_init(struct out_rows *g, const struct pq_schema *s, const struct pq_options *o)
{
	size_t i;

	*g = (struct out_rows){ .columns = xcalloc(s->ncolumns, sizeof(*g->columns)), .ncolumns = s->ncolumns };
	for (i = 0; i < g->ncolumns; i++) {
		out_column_init(&g->columns[i], &s->columns[i], &s->elements[i], o->page_rows, o->page_bytes);
		g->columns[i].delta = o->delta_encodings || s->fields[s->columns[i].field].delta;
	}
}

void
out_rows_free(struct out_rows *g)
{
	size_t i;

	for (i = 0; i < g->ncolumns; i++)
		out_column_free(&g->columns[i]);
	free(g->columns);
}

bool
out_rows_is_full(const struct out_rows *g, const struct pq_options *o)
{
	size_t held = 0, i;

	for (i = 0; i < g->ncolumns; i++)
		held += out_column_held(&g->columns[i]);
	return g->rows == o->row_group_rows || held >= o->row_group_bytes;
}

int
out_rows_begin(struct out_rows *g, const char *name, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	const struct pq_vector *v;
	const struct pq_column *c;
	size_t i;

	for (i = 0; i < g->ncolumns; i++) {
		v = &columns[i];
		c = g->columns[i].c;
		if (c->max_rep == 0 ? v->n != rows : v->n < rows || v->rep == NULL || (v->n > 0 && v->rep[0] != 0))
			return msg_set(err, EX_SOFTWARE, "%s: column %s: %zu entries for %zu rows", name,
			    msg_quotes(c->path), v->n, rows);
		g->columns[i].at = 0;
	}
	return 0;
}

/* Returns the number of entries of a vector's next rows. */
static size_t
entries_of(const struct out_column *c, const struct pq_vector *v, size_t rows)
{
	size_t i;

	if (c->c->max_rep == 0)
		return rows;
	for (i = c->at; i < v->n; i++)
		if (v->rep[i] == 0 && rows-- == 0)
			break;
	return i - c->at;
}

/* Returns true if n values have few bytes and none is long. Counts the slots of nulls too, whatever they hold. */
static bool
are_few(const struct pq_bytes *v, size_t n, size_t most)
{
	size_t total = 0, longest = 0, i;

	for (i = 0; i < n; i++) {
		total += v[i].n;
		longest |= v[i].n;
	}
	return longest <= most / SLICE_ROWS && total <= most;
}

/* Lowers *rows to those of a byte column whose values have at most `budget` bytes, or the first that exceeds it. */
static int
fit_bytes(const struct out_column *c, const char *name, const struct pq_vector *v, size_t budget, size_t *rows,
    struct msg *err)
{
	const struct pq_bytes *b = v->v.bytes + c->at;
	size_t bytes = 0, k;

	for (k = 0; k < *rows && bytes <= budget; k++) {
		if (v->def != NULL && c->c->max_def > 0 && v->def[c->at + k] != c->c->max_def)
			continue;
		if (b[k].n > MAX_VALUE)
			return msg_set(err, EX_DATAERR,
			    "%s: column %s: a value of %zu bytes; at most %d can be written", name,
			    msg_quotes(c->c->path), b[k].n, MAX_VALUE);
		bytes += b[k].n;
	}
	*rows = k;
	return 0;
}

/* Chooses how many of the next rows to take at once, so that their bytes are a fraction of the row group's limit. */
static int
slice(const struct out_rows *g, const struct pq_options *o, const char *name, const struct pq_vector *columns,
    size_t *rows, struct msg *err)
{
	size_t budget = o->row_group_bytes / 8, i;
	const struct out_column *c;

	if (*rows > o->row_group_rows - g->rows)
		*rows = (size_t)(o->row_group_rows - g->rows);
	*rows = *rows < SLICE_ROWS ? *rows : SLICE_ROWS;
	for (i = 0; i < g->ncolumns; i++) {
		c = &g->columns[i];
		if (c->store == PQ_BYTES && c->c->max_rep == 0 &&
		    !are_few(columns[i].v.bytes + c->at, *rows, budget) &&
		    fit_bytes(c, name, &columns[i], budget, rows, err) < 0)
			return -1;
	}
	return 0;
}

int
out_rows_take(struct out_rows *g, const struct pq_options *o, const char *name, size_t rows,
    const struct pq_vector *columns, size_t *taken, struct msg *err)
{
	struct out_column *c;
	size_t i;

	if (slice(g, o, name, columns, &rows, err) < 0)
		return -1;
	for (i = 0; i < g->ncolumns; i++) {
		c = &g->columns[i];
		if (!out_column_take(c, &columns[i], entries_of(c, &columns[i], rows)))
			return msg_set(err, EX_SOFTWARE, "%s: column %s: a level above the maximum", name,
			    msg_quotes(c->c->path));
	}
	g->rows += rows;
	*taken = rows;
	return 0;
}

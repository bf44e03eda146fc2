/* Rows of a stream as the statements that stage them, of bounded size; and the extremes of their values. */
#include <string.h>

#include "sql/dialect.h"
#include "sql/text.h"

static size_t
characters(const uint8_t *p, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)		/* an escaped character is two bytes, the first of them VAL_ESC */
		count += (p[i] & 0xc0) != 0x80 && p[i] != VAL_ESC;
	return n == 1 && *p == VAL_EMPTY ? 0 : count;
}

static void
measure_string(struct sql_extent *e, struct rec_field f, uint64_t record)
{
	size_t width = characters(f.p, f.n);

	if (e->widest_at == 0 || width > e->widest) {
		e->widest = width;
		e->widest_at = record;
	}
}

static void
measure_number(struct sql_extent *e, i128 v, uint64_t record)
{
	if (e->low_at == 0 || v < e->low) {
		e->low = v;
		e->low_at = record;
	}
	if (e->high_at == 0 || v > e->high) {
		e->high = v;
		e->high_at = record;
	}
}

/* A sum in T-SQL has at most 38 digits; a bool is added up as 0 or 1. */
static void
add_up(struct sql_column *c, struct rec_field f)
{
	const i128 most = (i128)1000000000000000000 * 1000000000000000000 * 100 - 1;
	struct sql_extent *e = &c->extent;
	i128 v;

	e->filled++;
	if (!val_is_exact(c->type) || e->beyond)
		return;
	v = val_is_narrow(c->type) ? val_int(f.p) : val_wide(f.p);
	e->beyond = __builtin_add_overflow(e->total, v, &e->total) || e->total > most || e->total < -most;
}

/* Most values lie within the extremes so far, which is quick to see. */
static inline void
measure(struct sql_column *c, struct rec_field f, uint64_t record)
{
	struct sql_extent *e = &c->extent;
	int64_t v;

	if (c->type.kind == VAL_STRING) {
		if (f.n > e->widest || e->widest_at == 0)
			measure_string(e, f, record);
	} else if (!val_is_narrow(c->type))
		measure_number(e, val_wide(f.p), record);
	else if ((v = val_int(f.p)) < e->low || v > e->high || e->low_at == 0)
		measure_number(e, v, record);
}

static inline void
add_short(struct sql_load *l, const struct sql_short *s)
{
	memcpy(buf_room(&l->buf, sizeof s->text), s->text, sizeof s->text);
	l->buf.len += s->n;
}

static bool
is_full(const struct sql_load *l)
{
	const struct sql_rows *how = &l->dialect->rows;

	return (how->max_rows > 0 && l->batch.rows >= how->max_rows) ||
	    (how->max_strings > 0 && l->batch.strings + sql_text_width(l) > how->max_strings) ||
	    (how->max_bytes > 0 && l->batch.bytes >= how->max_bytes);
}

void
sql_row_end(struct sql_load *l)
{
	if (l->batch.rows > 0)
		sql_add(l, l->dialect->rows.tail);
	l->batch = (struct sql_batch){ 0 };
}

static const char *
add_value(struct sql_load *l, struct rec_field f, size_t column)
{
	if (!val_is_null(f.p, f.n))
		return l->columns[column].put(l, column, f);
	add_short(l, &l->dialect->rows.null);
	return NULL;
}

/* A statement takes its types from its first row where the dialect says so. */
static const char *
add_cast(struct sql_load *l, struct rec_field f, size_t column)
{
	const char *fault;

	buf_adds(&l->buf, "CAST(");
	fault = add_value(l, f, column);
	buf_adds(&l->buf, " AS ");
	l->column = &l->columns[column];
	sql_add(l, "{type})");
	l->column = NULL;
	return fault;
}

static const char *
add_values(struct sql_load *l, struct rec r, bool cast, size_t *field)
{
	size_t i, c, n = sql_text_width(l);
	uint64_t record = l->rows + 1;
	const char *fault;

	for (i = 0; i < n; i++) {
		struct rec_field f = rec_field(r, *field = sql_text_field(l, i));

		c = sql_text_column(l, i);
		if (i > 0)
			add_short(l, &l->dialect->rows.between);
		if ((fault = (cast ? add_cast : add_value)(l, f, c)) != NULL)
			return fault;
		if (l->into == SQL_INTO_STAGE && !val_is_null(f.p, f.n)) {
			if (l->columns[c].measured)
				measure(&l->columns[c], f, record);
			if (l->options.kind == SQL_VALIDATE)
				add_up(&l->columns[c], f);
		}
		l->batch.bytes += f.n;
	}
	return NULL;
}

const char *
sql_row(struct sql_load *l, struct rec r, size_t *field)
{
	const struct sql_rows *how = &l->dialect->rows;
	const struct sql_batch before = l->batch;
	size_t begun = l->buf.len;
	const char *fault;
	bool first;

	if (is_full(l))
		sql_row_end(l);
	first = l->batch.rows == 0;
	if (first)
		sql_add(l, how->head);
	else
		add_short(l, &how->next);
	add_short(l, &how->open);
	if ((fault = add_values(l, r, first && how->cast, field)) != NULL) {
		l->buf.len = begun;
		l->batch = before;
		return fault;
	}
	add_short(l, &how->close);
	l->batch.rows++;
	return NULL;
}

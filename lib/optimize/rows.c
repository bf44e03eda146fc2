#include "optimize/rows.h"

#include <stdlib.h>
#include <string.h>

#include "val/val.h"

enum { TEXT_MAX = 8 << 20 };		/* bytes of strings per batch of single rows */

void
rows_init(struct rows *r, const struct delta_snapshot *s, const size_t *columns, size_t ncolumns)
{
	size_t i;

	*r = (struct rows){ .snapshot = s, .columns = columns, .ncolumns = ncolumns };
	r->sizes = xcalloc(ncolumns, sizeof(*r->sizes));
	r->shapes = xcalloc(ncolumns, sizeof(*r->shapes));
	r->values = xcalloc(ncolumns, sizeof(*r->values));
	r->def = xcalloc(ncolumns, sizeof(*r->def));
	r->vectors = xcalloc(ncolumns, sizeof(*r->vectors));
	for (i = 0; i < ncolumns; i++) {
		const struct delta_column *c = &s->columns[columns[i]];

		r->shapes[i] = pq_shape(c->type, c->precision);
		r->sizes[i] = pq_shape_size(r->shapes[i]);
		r->values[i] = xcalloc(ROWS_MAX, r->sizes[i]);
		r->def[i] = xcalloc(ROWS_MAX, 1);
	}
}

void
rows_free(struct rows *r)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++) {
		free(r->values[i]);
		free(r->def[i]);
	}
	free(r->sizes);
	free(r->shapes);
	free(r->values);
	free(r->def);
	free(r->vectors);
	buf_free(&r->text);
	memset(r, 0, sizeof(*r));
}

/* ---- batches ---- */

/* Omits the validity of columns that are never null. */
static int
check_nulls(struct rows *r, struct msg *err)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++) {
		const struct delta_column *c = &r->snapshot->columns[r->columns[i]];

		if (c->nullable || r->vectors[i].def == NULL)
			continue;
		if (memchr(r->vectors[i].def, 0, r->n) != NULL)
			return msg_set(err, EX_DATAERR, "column %s: null, which the schema does not allow", c->name);
		r->vectors[i].def = NULL;
	}
	return 0;
}

/* Copies one column of the rows kept. */
static void
gather(struct rows *r, size_t column, const struct pq_vector *v, const struct delta_batch *b)
{
	const uint8_t *from = v->v.any;
	size_t size = r->sizes[column], i, n = 0;

	for (i = 0; i < b->rows; i++) {
		if (b->deleted[i])
			continue;
		r->def[column][n] = v->def == NULL || v->def[i];
		memcpy(r->values[column] + n * size, from + i * size, size);
		n++;
	}
	r->n = n;
	r->vectors[column] = (struct pq_vector){ .n = n, .def = r->def[column], .v.any = r->values[column] };
}

int
rows_take(struct rows *r, const struct delta_batch *b, struct msg *err)
{
	size_t i;

	r->n = b->rows;
	for (i = 0; i < r->ncolumns; i++) {
		if (b->deleted != NULL)
			gather(r, i, &b->columns[i], b);
		else
			r->vectors[i] = b->columns[i];
	}
	return check_nulls(r, err);
}

/* ---- single rows: per column a flag for null, then the value; for strings, length and bytes ---- */

void
rows_put(const struct rows *r, const struct delta_batch *b, size_t row, struct buf *out)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++) {
		const struct pq_vector *v = &b->columns[i];
		bool there = v->def == NULL || v->def[row];

		buf_addc(out, there);
		if (!there)
			continue;
		if (r->shapes[i] == PQ_BYTES) {
			buf_add(out, &v->v.bytes[row].n, sizeof(size_t));
			if (v->v.bytes[row].n > 0)
				buf_add(out, v->v.bytes[row].p, v->v.bytes[row].n);
		} else {
			buf_add(out, (const uint8_t *)v->v.any + row * r->sizes[i], r->sizes[i]);
		}
	}
}

void
rows_add(struct rows *r, const uint8_t *p)
{
	struct pq_bytes *text;
	size_t i;

	for (i = 0; i < r->ncolumns; i++) {
		r->def[i][r->n] = *p++;
		if (!r->def[i][r->n])
			continue;
		if (r->shapes[i] == PQ_BYTES) {
			text = (struct pq_bytes *)(void *)r->values[i] + r->n;
			memcpy(&text->n, p, sizeof(size_t));
			text->p = (const uint8_t *)(uintptr_t)r->text.len;
			p += sizeof(size_t);
			buf_add(&r->text, p, text->n);
			p += text->n;
		} else {
			memcpy(r->values[i] + r->n * r->sizes[i], p, r->sizes[i]);
			p += r->sizes[i];
		}
	}
	r->n++;
}

bool
rows_full(const struct rows *r)
{
	return r->n == ROWS_MAX || r->text.len >= TEXT_MAX;
}

int
rows_finish(struct rows *r, struct msg *err)
{
	struct pq_bytes *text;
	size_t i, k;

	(void)buf_room(&r->text, 1);
	for (i = 0; i < r->ncolumns; i++) {
		r->vectors[i] = (struct pq_vector){ .n = r->n, .def = r->def[i], .v.any = r->values[i] };
		text = (struct pq_bytes *)(void *)r->values[i];
		for (k = 0; r->shapes[i] == PQ_BYTES && k < r->n; k++)
			if (r->def[i][k])
				text[k].p = r->text.p + (uintptr_t)text[k].p;
	}
	r->text.len = 0;
	return check_nulls(r, err);
}

/* ---- keys ---- */

static size_t
put_value(uint8_t *p, const struct pq_vector *v, enum pq_shape shape, size_t row)
{
	switch (shape) {
	case PQ_U8:
		return val_put_bool(p, v->v.u8[row] != 0);
	case PQ_I32:
		return val_put_int(p, v->v.i32[row]);
	case PQ_I64:
		return val_put_int(p, v->v.i64[row]);
	case PQ_I128:
		return val_put_wide(p, v->v.i128[row]);
	case PQ_F32:
		return val_put_float(p, (double)v->v.f32[row]);
	case PQ_F64:
		return val_put_float(p, v->v.f64[row]);
	case PQ_BYTES:
		break;
	}
	return val_put_string(p, v->v.bytes[row].p, v->v.bytes[row].n);
}

void
rows_key(const struct pq_vector *vectors, const enum pq_shape *shapes, size_t n, size_t row, struct buf *out)
{
	size_t i, room;

	for (i = 0; i < n; i++) {
		const struct pq_vector *v = &vectors[i];

		if (i > 0)
			buf_addc(out, '\t');	/* sorts below every byte of a value */
		if (v->def != NULL && !v->def[row]) {
			buf_addc(out, VAL_NULL);
			continue;
		}
		room = shapes[i] == PQ_BYTES ? 2 * v->v.bytes[row].n + 1 : VAL_WIDE_MAX;
		out->len += put_value(buf_room(out, room), v, shapes[i], row);
	}
}

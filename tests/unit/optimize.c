/* Rows as bytes and back; keys that order as their values do. */
#include "unit.h"

#include <string.h>

#include "optimize/rows.h"

/* ---- rows ---- */

static const struct {
	enum pq_type type;
	uint8_t precision;
} types[] = { { PQ_BOOL, 0 }, { PQ_INT8, 0 }, { PQ_INT32, 0 }, { PQ_INT64, 0 }, { PQ_DECIMAL, 9 }, { PQ_DECIMAL, 38 },
    { PQ_FLOAT, 0 }, { PQ_DOUBLE, 0 }, { PQ_STRING, 0 }, { PQ_BINARY, 0 } };
enum { TYPES = sizeof(types) / sizeof(*types), BATCH = 100 };

static uint8_t text[BATCH * 20];

static void
random_values(void *values, enum pq_shape shape)
{
	size_t i;

	for (i = 0; i < BATCH; i++) {
		int64_t v = (int64_t)(unit_below(2) ? unit_any() : ~unit_any());
		size_t n = unit_below(20);

		switch (shape) {
		case PQ_U8:
			((uint8_t *)values)[i] = v & 1;
			break;
		case PQ_I32:
			((int32_t *)values)[i] = (int32_t)v;
			break;
		case PQ_I64:
			((int64_t *)values)[i] = v;
			break;
		case PQ_I128:
			((i128 *)values)[i] = (i128)v * (int64_t)unit_any();
			break;
		case PQ_F32:
			((float *)values)[i] = (float)v / 7;
			break;
		case PQ_F64:
			((double *)values)[i] = (double)v / 7;
			break;
		case PQ_BYTES:
			((struct pq_bytes *)values)[i] = (struct pq_bytes){ text + 20 * i, n };
		}
	}
}

static int
compare(const void *values, enum pq_shape shape, size_t i, size_t k)
{
	const struct pq_bytes *b = values;
	size_t n;
	int c;

#define ORDER(type) ((((const type *)values)[i] > ((const type *)values)[k]) -			\
	(((const type *)values)[i] < ((const type *)values)[k]))
	switch (shape) {
	case PQ_U8:
		return ORDER(uint8_t);
	case PQ_I32:
		return ORDER(int32_t);
	case PQ_I64:
		return ORDER(int64_t);
	case PQ_I128:
		return ORDER(i128);
	case PQ_F32:
		return ORDER(float);
	case PQ_F64:
		return ORDER(double);
	case PQ_BYTES:
		break;
	}
	n = b[i].n < b[k].n ? b[i].n : b[k].n;
	c = memcmp(b[i].p, b[k].p, n);
	return c != 0 ? c : (b[i].n > b[k].n) - (b[i].n < b[k].n);
}

/* Does the key of one column order as its values and nulls do? */
static void
check_keys(const struct pq_vector *v, enum pq_shape shape, size_t column)
{
	struct buf a = { 0 }, b = { 0 };
	size_t i, k;
	int c, want;

	for (i = 0; i < BATCH; i++) {
		k = unit_below(BATCH);
		a.len = b.len = 0;
		rows_key(v, &shape, 1, i, &a);
		rows_key(v, &shape, 1, k, &b);
		want = !v->def[i] || !v->def[k] ? v->def[i] - v->def[k] : compare(v->v.any, shape, i, k);
		c = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);
		if (c == 0)
			c = (a.len > b.len) - (a.len < b.len);
		CHECK((c > 0) - (c < 0) == (want > 0) - (want < 0), "column %zu", column);
	}
	buf_free(&a);
	buf_free(&b);
}

static bool
same(const struct pq_vector *a, size_t i, const struct pq_vector *b, size_t k, enum pq_shape shape)
{
	size_t size = pq_shape_size(shape);

	if (!a->def[i] || !b->def[k])
		return a->def[i] == b->def[k];
	if (shape != PQ_BYTES)
		return memcmp((const uint8_t *)a->v.any + i * size, (const uint8_t *)b->v.any + k * size, size) == 0;
	return a->v.bytes[i].n == b->v.bytes[k].n && memcmp(a->v.bytes[i].p, b->v.bytes[k].p, a->v.bytes[i].n) == 0;
}

/* Rows that stay, as a batch and one by one. */
static void
check_rows(struct rows *r, const struct pq_vector *v)
{
	uint8_t deleted[BATCH];
	struct delta_batch b = { .rows = BATCH, .columns = v, .deleted = deleted };
	struct buf one = { 0 };
	struct msg err = { 0 };
	size_t i, c, n = 0;

	for (i = 0; i < BATCH; i++)
		deleted[i] = unit_below(3) == 0;
	CHECK(rows_take(r, &b, &err) == 0, "%s", err.text);
	for (i = 0; i < BATCH; i++) {
		for (c = 0; c < TYPES && !deleted[i]; c++)
			CHECK(same(&v[c], i, &r->vectors[c], n, r->shapes[c]), "column %zu, row %zu", c, i);
		n += !deleted[i];
	}
	CHECK(r->n == n, "%zu, not %zu", r->n, n);
	r->n = 0;
	for (i = 0; i < BATCH; i++) {
		one.len = 0;
		rows_put(r, &b, i, &one);
		rows_add(r, one.p);
	}
	CHECK(rows_finish(r, &err) == 0, "%s", err.text);
	for (i = 0; i < BATCH; i++)
		for (c = 0; c < TYPES; c++)
			CHECK(same(&v[c], i, &r->vectors[c], i, r->shapes[c]), "column %zu, row %zu", c, i);
	r->n = 0;
	buf_free(&one);
}

static void
rows(void)
{
	static uint8_t def[TYPES][BATCH];
	struct delta_column columns[TYPES];
	struct delta_snapshot s = { .columns = columns, .ncolumns = TYPES };
	struct pq_vector v[TYPES];
	size_t which[TYPES], i, k, round;
	void *values[TYPES];
	struct rows r;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)unit_below(256);
	for (i = 0; i < TYPES; i++) {
		which[i] = i;
		columns[i] = (struct delta_column){ .name = "c", .type = types[i].type,
		    .precision = types[i].precision, .nullable = true, .partition = -1 };
		values[i] = xcalloc(BATCH, sizeof(i128));
	}
	rows_init(&r, &s, which, TYPES);
	for (round = 0; round < 300; round++) {
		for (i = 0; i < TYPES; i++) {
			random_values(values[i], r.shapes[i]);
			for (k = 0; k < BATCH; k++)
				def[i][k] = unit_below(5) > 0;
			v[i] = (struct pq_vector){ .n = BATCH, .def = def[i], .v.any = values[i] };
			check_keys(&v[i], r.shapes[i], i);
		}
		check_rows(&r, v);
	}
	rows_free(&r);
	for (i = 0; i < TYPES; i++)
		free(values[i]);
}

int
main(void)
{
	unit_start();
	rows();
	OK("optimize", "rows as vectors and as bytes, and the order of keys");
	return 0;
}

/* Converts records to vectors, a column of a batch at a time. */
#include <stdlib.h>
#include <string.h>

#include "table/table.h"
#include "val/check.h"
#include "val/int.h"

enum { STRETCH = 1024 };		/* records per step, so that they stay in the L1 cache */

struct column {
	struct table_target target;
	struct val_checker checker;	/* for the record's column, if a reader is set */
	enum pq_shape shape;
	void *own;			/* owned: room for REC_BATCH_MAX values */
	void *values;			/* values of the batch: own, or memory from `room` */
	uint8_t *def;			/* owned: REC_BATCH_MAX entries; NULL for a required column */
};

struct table_to {
	struct rec_reader *reader;	/* values are validated here; NULL: they already are */
	bool *known;			/* owned: columns validated while decoding */
	struct column *columns;
	struct pq_vector *vectors;
	size_t n;
	struct buf text;		/* strings of the batch whose bytes differ from their fields */
	table_room room;		/* provides memory for values; may be NULL */
	void *to;			/* its argument */
};

struct table_to *
table_to_new(const struct table_target *targets, size_t n)
{
	struct table_to *t = xcalloc(1, sizeof(*t));
	size_t i;

	t->n = n;
	t->columns = xcalloc(n, sizeof(*t->columns));
	t->vectors = xcalloc(n, sizeof(*t->vectors));
	for (i = 0; i < n; i++) {
		struct column *c = &t->columns[i];

		c->target = targets[i];
		c->shape = pq_shape(targets[i].type, targets[i].precision);
		c->own = xcalloc(REC_BATCH_MAX, pq_shape_size(c->shape));
		if (!targets[i].required)
			c->def = xcalloc(REC_BATCH_MAX, 1);
	}
	return t;
}

void
table_to_free(struct table_to *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++) {
		free(t->columns[i].own);
		free(t->columns[i].def);
	}
	free(t->known);
	free(t->columns);
	free(t->vectors);
	buf_free(&t->text);
	free(t);
}

void
table_to_check(struct table_to *t, struct rec_reader *r)
{
	size_t i;

	t->reader = r;
	t->known = xcalloc(r->header.ncolumns, sizeof(*t->known));
	for (i = 0; i < t->n; i++)
		if (t->columns[i].target.field >= 0)
			val_checker(&t->columns[i].checker, r->header.columns[t->columns[i].target.field].type, false);
}

void
table_to_room(struct table_to *t, table_room room, void *to)
{
	t->room = room;
	t->to = to;
}

/* ---- one column of some records, starting at record `first` of the batch; p is a non-null field ---- */

#define EACH_FIELD(type, what) do {								\
	type *v = (type *)c->values + first;							\
	for (i = 0; i < b->n; i++, off += b->stride) {						\
		const uint8_t *p = b->base + *off;						\
		bool there = *p != VAL_NULL;							\
		if (c->def != NULL)								\
			c->def[first + i] = there;						\
		else if (!there)								\
			return i;								\
		if (there)									\
			v[i] = (type)(what);							\
	}											\
} while (0)

static double
float_of(const uint8_t *p)
{
	double v = 0;

	(void)val_get_float(p, VAL_INT_MAX, &v);	/* the reader has validated it */
	return v;
}

/* Decodes numbers. Returns the index of a null in a required column, or b->n. */
static size_t
numbers(struct column *c, const struct rec_batch *b, size_t first)
{
	const uint32_t *off = b->off + c->target.field;
	size_t i;

	switch (c->shape) {
	case PQ_U8:
		EACH_FIELD(uint8_t, *p == '1');
		break;
	case PQ_I32:
		EACH_FIELD(int32_t, val_int_inline(p));
		break;
	case PQ_I64:
		EACH_FIELD(int64_t, val_int_inline(p));
		break;
	case PQ_I128:
		EACH_FIELD(i128, val_wide(p));
		break;
	case PQ_F64:
		EACH_FIELD(double, float_of(p));
		break;
	case PQ_F32: case PQ_BYTES:
		break;
	}
	return b->n;
}

/* Decodes short numbers of a 128-bit column. */
static bool
widen(const struct val_checker *c, bool required, bool known, const struct rec_batch *b, const uint32_t *off, i128 *out,
    uint8_t *there)
{
	int64_t narrow[STRETCH];
	size_t i;

	if (!val_decode64(c, required, known, b->base, off, b->stride, b->n, narrow, there))
		return false;
	for (i = 0; i < b->n; i++)
		out[i] = narrow[i];
	return true;
}

/* Decodes and validates numbers in one pass; returns false if they must be validated separately. */
static bool
short_numbers(const struct table_to *t, struct column *c, const struct rec_batch *b, size_t first)
{
	const uint32_t *off = b->off + c->target.field;
	uint8_t *there = c->def != NULL ? c->def + first : NULL;
	bool required = t->reader->header.columns[c->target.field].required;
	bool known = rec_is_checked(t->reader, (size_t)c->target.field);

	if (c->shape == PQ_I64)
		return val_decode64(&c->checker, required, known, b->base, off, b->stride, b->n, (int64_t *)c->values +
		    first, there);
	if (c->shape == PQ_I32)
		return val_decode32(&c->checker, required, known, b->base, off, b->stride, b->n, (int32_t *)c->values +
		    first, there);
	if (c->shape == PQ_I128)
		return widen(&c->checker, required, known, b, off, (i128 *)c->values + first, there);
	return false;
}

/* Makes views of strings stored verbatim; decodes the others into t->text, which has room for all of them. */
static size_t
strings(struct table_to *t, struct column *c, const struct rec_batch *b, size_t first, bool escapes)
{
	struct pq_bytes *v = (struct pq_bytes *)c->values + first;
	const uint32_t *off;
	const uint8_t *p;
	size_t i, n;

	for (i = 0; i < b->n; i++) {
		off = b->off + c->target.field + i * b->stride;
		p = b->base + off[0];
		n = (size_t)(off[1] - off[0]) - 1;
		if (c->def != NULL)
			c->def[first + i] = *p != VAL_NULL;
		else if (*p == VAL_NULL)
			return i;
		v[i] = (struct pq_bytes){ p, *p == VAL_EMPTY ? 0 : n };
		if (escapes && *p != VAL_NULL && memchr(p, VAL_ESC, n) != NULL) {
			v[i].p = t->text.p + t->text.len;
			v[i].n = val_get_string(t->text.p + t->text.len, p, n);
			t->text.len += v[i].n;
		}
	}
	return b->n;
}

/* ---- a batch ---- */

/* Decodes the columns that can be validated while decoding, and validates the others. */
static int
check(struct table_to *t, const struct rec_batch *b, size_t first)
{
	size_t i;
	int field;

	memset(t->known, 0, t->reader->header.ncolumns * sizeof(*t->known));
	for (i = 0; i < t->n; i++)
		if ((field = t->columns[i].target.field) >= 0)
			t->known[field] = short_numbers(t, &t->columns[i], b, first);
	return rec_check(t->reader, b, t->known);
}

/* Converts some records of a batch. Like table_to_columns; *bad is the index among them. */
static int
stretch(struct table_to *t, const struct rec_batch *b, size_t first, bool escapes, size_t *bad, struct msg *err)
{
	size_t i;

	*bad = b->n;
	if (t->reader != NULL && check(t, b, first) < 0)
		return -1;
	for (i = 0; i < t->n; i++) {
		struct column *c = &t->columns[i];

		if (c->target.field < 0)	/* null in every row: def was never set */
			*bad = c->def == NULL ? 0 : b->n;
		else if (t->reader == NULL || !t->known[c->target.field])
			*bad = c->shape == PQ_BYTES ? strings(t, c, b, first, escapes) : numbers(c, b, first);
		if (*bad < b->n)
			return msg_set(err, EX_DATAERR, "%s: null, which the table does not allow", c->target.name);
	}
	return 0;
}

int
table_to_columns(struct table_to *t, const struct rec_batch *b, const struct pq_vector **columns, size_t *bad,
    struct msg *err)
{
	uint32_t from = b->off[0], end = b->off[b->n * b->stride];
	bool escapes = memchr(b->base + from, VAL_ESC, end - from) != NULL;
	struct rec_batch part = *b;
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct column *c = &t->columns[i];

		c->values = t->room != NULL ? t->room(t->to, i, b->n) : NULL;
		if (c->values == NULL)
			c->values = c->own;
	}
	t->text.len = 0;
	if (escapes)
		buf_room(&t->text, end - from);		/* decoded text is never longer than its encoding */
	for (i = 0; i < b->n; i += part.n) {
		part.n = b->n - i < STRETCH ? b->n - i : STRETCH;
		part.first = b->first + i;
		part.off = b->off + i * b->stride;
		if (stretch(t, &part, i, escapes, bad, err) < 0) {
			*bad += i;
			return -1;
		}
	}
	for (i = 0; i < t->n; i++)
		t->vectors[i] = (struct pq_vector){ .n = b->n, .def = t->columns[i].def,
		    .v.any = t->columns[i].values };
	*columns = t->vectors;
	return 0;
}

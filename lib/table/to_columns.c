/* Records to vectors: a column of a batch at a time. */
#include <stdlib.h>
#include <string.h>

#include "table/table.h"
#include "val/int.h"

struct column {
	struct table_target target;
	enum pq_shape shape;
	void *values;			/* owned: REC_BATCH_MAX of the shape */
	uint8_t *def;			/* owned: REC_BATCH_MAX; NULL for a required column */
};

struct table_to {
	struct column *columns;
	struct pq_vector *vectors;
	size_t n;
	struct buf text;		/* strings of the batch that are not their own bytes */
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
		c->values = xcalloc(REC_BATCH_MAX, pq_shape_size(c->shape));
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
		free(t->columns[i].values);
		free(t->columns[i].def);
	}
	free(t->columns);
	free(t->vectors);
	buf_free(&t->text);
	free(t);
}

/* ---- one column of a batch; p is a field that is not null, v the place of its value ---- */

#define EACH_FIELD(type, what) do {								\
	type *v = c->values;									\
	for (i = 0; i < b->n; i++, off += b->stride) {						\
		const uint8_t *p = b->base + *off;						\
		bool there = *p != VAL_NULL;							\
		if (c->def != NULL)								\
			c->def[i] = there;							\
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

	(void)val_get_float(p, VAL_INT_MAX, &v);	/* the reader has checked it */
	return v;
}

/* Numbers. Returns the index of a null that must not be, or b->n. */
static size_t
numbers(struct column *c, const struct rec_batch *b)
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

/*
 * Strings, most of which are the bytes of their fields; the others go to t->text, where there is room for all of them.
 */
static size_t
strings(struct table_to *t, struct column *c, const struct rec_batch *b, bool escapes)
{
	const uint32_t *off = b->off + c->target.field;
	struct pq_bytes *v = c->values;
	const uint8_t *p;
	size_t i, n;

	for (i = 0; i < b->n; i++, off += b->stride) {
		p = b->base + off[0];
		n = (size_t)(off[1] - off[0]) - 1;
		if (c->def != NULL)
			c->def[i] = *p != VAL_NULL;
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

int
table_to_columns(struct table_to *t, const struct rec_batch *b, const struct pq_vector **columns, size_t *bad,
    struct msg *err)
{
	uint32_t from = b->off[0], end = b->off[b->n * b->stride];
	bool escapes = memchr(b->base + from, VAL_ESC, end - from) != NULL;
	size_t i;

	t->text.len = 0;
	if (escapes)
		buf_room(&t->text, end - from);		/* text is no longer than its encoding */
	for (i = 0; i < t->n; i++) {
		struct column *c = &t->columns[i];

		if (c->target.field < 0)	/* null everywhere: def was never set */
			*bad = c->def == NULL ? 0 : b->n;
		else
			*bad = c->shape == PQ_BYTES ? strings(t, c, b, escapes) : numbers(c, b);
		if (*bad < b->n)
			return msg_set(err, EX_DATAERR, "%s: null, which the table does not allow", c->target.name);
		t->vectors[i] = (struct pq_vector){ .n = b->n, .def = c->def, .v.any = c->values };
	}
	*columns = t->vectors;
	return 0;
}

/* Selects partitions by a condition: presents their partition values as records of a stream. */
#include <stdlib.h>
#include <string.h>

#include "delta/data/skip.h"
#include "expr/expr.h"
#include "optimize/optimize.h"
#include "table/table.h"

struct partition {			/* the partition columns as those of a stream */
	const struct delta_snapshot *snapshot;
	size_t *columns, n;		/* indexes in the snapshot */
	struct rec_header header;
	struct table_source *sources;
	union pq_value *values;		/* values of the current file, one per column, in vector layout */
	struct pq_vector *vectors;
	uint8_t *def;
};

static void
begin(struct partition *p, const struct delta_snapshot *s)
{
	struct val_type type;
	size_t i;

	*p = (struct partition){ .snapshot = s, .columns = xcalloc(s->ncolumns, sizeof(*p->columns)),
	    .sources = xcalloc(s->ncolumns, sizeof(*p->sources)), .values = xcalloc(s->ncolumns, sizeof(*p->values)),
	    .vectors = xcalloc(s->ncolumns, sizeof(*p->vectors)), .def = xcalloc(s->ncolumns, 1) };
	rec_header_init(&p->header, "partitions");
	for (i = 0; i < s->ncolumns; i++) {
		const struct delta_column *c = &s->columns[i];

		if (c->partition < 0 || c->refused != NULL || !table_val_type(c->type, c->precision, c->scale, &type))
			continue;
		rec_header_add(&p->header, c->name, type, false, false);
		p->sources[p->n] = (struct table_source){ .vector = p->n, .name = c->name, .type = c->type,
		    .precision = c->precision, .scale = c->scale };
		p->columns[p->n++] = i;
	}
}

static void
end(struct partition *p)
{
	rec_header_free(&p->header);
	free(p->columns);
	free(p->sources);
	free(p->values);
	free(p->vectors);
	free(p->def);
}

/* Stores a value as a vector of one row; relies on little-endian integers. */
static void
store_value(union pq_value *to, const union pq_value *v, enum pq_shape shape)
{
	float f = (float)v->f;
	int32_t i32 = (int32_t)v->i;
	uint8_t u8 = v->i != 0;

	*to = *v;
	if (shape == PQ_F32)
		memcpy(to, &f, sizeof(f));
	else if (shape == PQ_I32)
		memcpy(to, &i32, sizeof(i32));
	else if (shape == PQ_U8)
		memcpy(to, &u8, sizeof(u8));
}

static int
fill(struct partition *p, const struct delta_file *f, struct msg *err)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct delta_column *c = &p->snapshot->columns[p->columns[i]];
		const char *text = f->partition[c->partition];
		union pq_value v = { 0 };

		if (text != NULL && !delta_partition_value(c, text, &v))
			return msg_set(err, EX_DATAERR, "%s: partition value of %s: not of its type: %s", f->name,
			    c->name, msg_quotes(text));
		p->def[i] = text != NULL;
		store_value(&p->values[i], &v, pq_shape(c->type, c->precision));
		p->vectors[i] = (struct pq_vector){ .n = 1, .def = &p->def[i], .v.any = &p->values[i] };
	}
	return 0;
}

static int
mark(struct partition *p, struct expr *e, bool *wanted, struct msg *err)
{
	struct table_from *from = table_from_new(p->sources, p->n);
	const struct delta_snapshot *s = p->snapshot;
	struct rec_batch b;
	uint8_t truth;
	size_t i;
	int failed = 0;

	for (i = 0; i < s->nfiles && !failed; i++) {
		failed = fill(p, &s->files[i], err) < 0 || table_to_records(from, p->vectors, 0, 1, NULL, &b, err) == 0;
		if (failed)
			break;
		b.first = i + 1;
		failed = expr_test(e, &b, 0, 1, NULL, &truth, err);
		wanted[i] = truth == EXPR_TRUE;
	}
	table_from_free(from);
	return failed ? -1 : 0;
}

int
optimize_where(const struct delta_snapshot *s, const char *text, bool *wanted, size_t *where, struct msg *err)
{
	struct partition p;
	struct expr e = { 0 };
	struct expr_scope scope = { .header = &p.header };
	int failed;

	begin(&p, s);
	*where = 0;
	failed = expr_parse_where(&e, text, strlen(text), &scope, where, err);
	if (!failed) {
		*where = SIZE_MAX;
		failed = mark(&p, &e, wanted, err);
	}
	expr_free(&e);
	end(&p);
	return failed;
}

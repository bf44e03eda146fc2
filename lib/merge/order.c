/* Which of two rows of a key is newer: by the sequence, then by the order of arrival. */
#include "merge/source.h"

union pq_value
merge_value_at(enum pq_shape shape, const void *values, size_t row)
{
	union pq_value v = { .i = 0 };

	if (shape == PQ_I32)
		v.i = ((const int32_t *)values)[row];
	else if (shape == PQ_I64)
		v.i = ((const int64_t *)values)[row];
	else if (shape == PQ_I128)
		v.w = ((const i128 *)values)[row];
	else
		v.b = ((const struct pq_bytes *)values)[row];
	return v;
}

/* Compares a column of a row of vectors with that of a source row; a null comes before all values. */
static int
compare_column(const struct merge_column *c, uint32_t number, const struct pq_vector *v, size_t row)
{
	bool theirs = v->def == NULL || v->def[row], ours = c->def[number] != 0;
	union pq_value a, b;

	if (!theirs || !ours)
		return (int)theirs - (int)ours;
	a = merge_value_at(c->shape, v->v.any, row);
	b = merge_value_at(c->shape, c->values, number);
	return pq_compare(c->shape, &a, &b);
}

int
merge_age(const struct merge_source *s, uint32_t number, const struct pq_vector *vectors, size_t row)
{
	const struct merge_plan *p = s->plan;
	size_t i;
	int order = 0;

	for (i = 0; i < p->norder && order == 0; i++)
		order = compare_column(&s->columns[p->order[i]], number, &vectors[p->order[i]], row);
	return order;
}

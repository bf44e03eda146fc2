/* The first key column of the source as a sorted set, which tells where in the table its keys may be. */
#include <stdlib.h>

#include "merge/source.h"

enum { MOST = 1 << 16 };		/* of more keys most pages have one */

struct merge_keys {
	struct delta_key_set set;
	enum pq_shape shape;
	size_t n;
	union pq_value values[];
};

static int
by_number(const void *a, const void *b)
{
	return pq_compare(PQ_I64, a, b);
}

static int
by_wide(const void *a, const void *b)
{
	return pq_compare(PQ_I128, a, b);
}

static int
by_bytes(const void *a, const void *b)
{
	return pq_compare(PQ_BYTES, a, b);
}

/* Is there a key from low to high? */
static bool
meets(const void *keys, const union pq_value *low, const union pq_value *high)
{
	const struct merge_keys *k = keys;
	size_t from = 0, to = k->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (pq_compare(k->shape, &k->values[middle], low) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from < k->n && pq_compare(k->shape, &k->values[from], high) <= 0;
}

struct merge_keys *
merge_keys_new(const struct merge_source *s)
{
	size_t column = s->plan->keys[0], i;
	const struct merge_column *c = &s->columns[column];
	struct merge_keys *k;

	if (s->n == 0 || s->n > MOST || c->shape == PQ_U8 || c->shape == PQ_F32 || c->shape == PQ_F64)
		return NULL;
	k = xmalloc(sizeof(*k) + s->n * sizeof(*k->values));
	*k = (struct merge_keys){ .set = { column, meets, k }, .shape = c->shape, .n = s->n };
	for (i = 0; i < s->n; i++)
		k->values[i] = merge_value_at(c->shape, c->values, i);
	qsort(k->values, k->n, sizeof(*k->values), c->shape == PQ_BYTES ? by_bytes :
	    c->shape == PQ_I128 ? by_wide : by_number);
	return k;
}

const struct delta_key_set *
merge_keys_set(const struct merge_keys *k)
{
	return k != NULL ? &k->set : NULL;
}

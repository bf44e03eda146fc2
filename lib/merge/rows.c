/* Assembles rows of the table and of the source, a column at a time. */
#include <stdlib.h>
#include <string.h>

#include "merge/source.h"

void
merge_rows_init(struct merge_rows *r, const struct merge_source *s, size_t cap)
{
	size_t i, n = s->plan->n;

	*r = (struct merge_rows){ .source = s, .cap = cap };
	r->values = xcalloc(n, sizeof(*r->values));
	r->def = xcalloc(n, sizeof(*r->def));
	r->vectors = xcalloc(n, sizeof(*r->vectors));
	for (i = 0; i < n; i++) {
		r->values[i] = xcalloc(cap, s->columns[i].size);
		r->def[i] = xcalloc(cap, 1);
	}
}

void
merge_rows_free(struct merge_rows *r)
{
	size_t i;

	for (i = 0; r->source != NULL && i < r->source->plan->n; i++) {
		free(r->values[i]);
		free(r->def[i]);
	}
	free(r->values);
	free(r->def);
	free(r->vectors);
	memset(r, 0, sizeof(*r));
}

#define GATHER(bytes) do {								\
	for (i = 0; i < n; i++)								\
		memcpy(to + i * (bytes), from + (size_t)pick[i] * (bytes), bytes);	\
} while (0)

static void
gather(uint8_t *to, const uint8_t *from, size_t size, const uint32_t *pick, size_t n)
{
	size_t i;

	switch (size) {
	case 1:
		GATHER(1);
		break;
	case 4:
		GATHER(4);
		break;
	case 8:
		GATHER(8);
		break;
	default:
		GATHER(16);
		break;
	}
}

void
merge_rows_take(struct merge_rows *r, const struct pq_vector *vectors, const uint32_t *pick, size_t n)
{
	size_t i;

	r->n = n;
	for (i = 0; i < r->source->plan->n; i++) {
		const struct pq_vector *v = vectors != NULL ? &vectors[i] : NULL;

		if (v != NULL)
			gather(r->values[i], v->v.any, r->source->columns[i].size, pick, n);
		if (v != NULL && v->def != NULL)
			gather(r->def[i], v->def, 1, pick, n);
		else
			memset(r->def[i], v != NULL, n);
		r->vectors[i] = (struct pq_vector){ .n = n, .def = r->def[i], .v.any = r->values[i] };
	}
}

void
merge_rows_patch(struct merge_rows *r, const uint32_t *rows, const uint32_t *numbers, size_t n)
{
	size_t i, k;

	for (i = 0; i < r->source->plan->n; i++) {
		const struct merge_column *c = &r->source->columns[i];

		for (k = 0; c->there && k < n; k++) {
			memcpy(r->values[i] + rows[k] * c->size, c->values + numbers[k] * c->size, c->size);
			r->def[i][rows[k]] = c->def[numbers[k]];
		}
	}
}

/* Rows of a merge on their way out: to new data files and to the change stream. */
#include <string.h>

#include "merge/pass.h"

static const struct pq_bytes kinds[] = {
	[MERGE_INSERT] = { (const uint8_t *)"insert", 6 }, [MERGE_GONE] = { (const uint8_t *)"delete", 6 },
	[MERGE_PRE] = { (const uint8_t *)"update_preimage", 15 },
	[MERGE_POST] = { (const uint8_t *)"update_postimage", 16 }
};

int
merge_tell(struct merge *m, const struct pq_vector *vectors, struct msg *err)
{
	struct merge_tell *c = &m->tell;
	size_t n = c->n;

	if (n == 0)
		return 0;
	merge_rows_take(&c->rows, vectors, c->pick, n);
	merge_rows_patch(&c->rows, c->at, c->numbers, c->npatches);
	c->vectors[0] = (struct pq_vector){ .n = n, .v.bytes = c->kinds };
	memcpy(c->vectors + 1, c->rows.vectors, m->source->plan->n * sizeof(*c->vectors));
	c->n = c->npatches = 0;
	return m->opt->change(m->opt->to, n, c->vectors, err);
}

void
merge_note(struct merge *m, enum merge_kind kind, uint32_t row, uint32_t number)
{
	struct merge_tell *c = &m->tell;

	if (m->opt->change == NULL)
		return;
	if (number != MERGE_ABSENT) {
		c->at[c->npatches] = (uint32_t)c->n;
		c->numbers[c->npatches++] = number;
	}
	c->pick[c->n] = row;
	c->kinds[c->n++] = kinds[kind];
}

/* Omits the validity of columns that are never null. */
int
merge_put(struct merge *m, size_t rows, const struct pq_vector *vectors, struct msg *err)
{
	size_t i;

	for (i = 0; i < m->source->plan->n; i++) {
		const struct delta_column *c = &m->source->plan->columns[i];

		m->vectors[i] = vectors[i];
		if (c->nullable || vectors[i].def == NULL)
			continue;
		if (memchr(vectors[i].def, 0, rows) != NULL)
			return msg_set(err, EX_DATAERR, "%s: column %s: null, which the schema does not allow",
			    m->table->address, c->name);
		m->vectors[i].def = NULL;
	}
	return delta_out_write(m->out, rows, m->vectors, err);
}

bool
merge_differs(const struct merge *m, uint32_t number, const struct pq_vector *vectors, size_t row)
{
	const struct merge_source *s = m->source;
	size_t i;

	for (i = 0; i < s->plan->n; i++)
		if (s->columns[i].there && !s->plan->columns[i].hidden &&
		    !merge_equal(&s->columns[i], number, &vectors[i], row))
			return true;
	return false;
}

static int
insert_some(struct merge *m, size_t n, struct msg *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		m->at[i] = (uint32_t)i;
		merge_note(m, MERGE_INSERT, 0, m->numbers[i]);
	}
	if (merge_tell(m, NULL, err) < 0)
		return -1;
	merge_rows_take(&m->rows, NULL, NULL, n);
	merge_rows_patch(&m->rows, m->at, m->numbers, n);
	m->result->inserted += n;
	return merge_put(m, n, m->rows.vectors, err);
}

int
merge_insert(struct merge *m, struct msg *err)
{
	size_t i, n = 0;

	for (i = 0; i < m->source->n; i++) {
		if (m->source->state[i] != 0)
			continue;
		m->numbers[n++] = (uint32_t)i;
		if (n < MERGE_BATCH)
			continue;
		if (insert_some(m, n, err) < 0)
			return -1;
		n = 0;
	}
	return n > 0 ? insert_some(m, n, err) : 0;
}

/* The change stream of a merge: spooled until its version is committed, then written to a record stream. */
#include <stdlib.h>
#include <string.h>

#include "merge/merge.h"
#include "spill/spill.h"
#include "table/table.h"

struct merge_changes {
	struct spill spill;
	struct table_from *from;
	struct rec_writer out;
};

struct piece {				/* before each piece of records in the spool */
	uint64_t bytes, count, sum;
};

/* ---- columns ---- */

static bool
is_key(const struct merge_plan *plan, size_t column)
{
	size_t k;

	for (k = 0; k < plan->nkeys && plan->keys[k] != column; k++)
		;
	return k < plan->nkeys;
}

/* Adds column i of the table to the stream's header and to the sources of its records, of which there are *n. */
static int
add_column(const struct merge_plan *plan, size_t i, struct rec_header *h, struct table_source *sources, size_t *n,
    struct msg *err)
{
	const struct delta_column *c = &plan->columns[i];
	struct val_type type;

	if (strcmp(c->name, TABLE_CHANGE) == 0)
		return msg_set(err, EX_UNAVAILABLE, "column " TABLE_CHANGE ": --changes has one of its own");
	if (!table_val_type(c->type, c->precision, c->scale, &type))
		return msg_set(err, EX_UNAVAILABLE,
		    "column %s: a type that no record stream has: --changes cannot show it", c->name);
	rec_header_add(h, c->name, type, is_key(plan, i), !c->nullable);
	sources[(*n)++] = (struct table_source){ .vector = i + 1, .name = c->name, .type = c->type,
	    .precision = c->precision, .scale = c->scale, .required = !c->nullable };
	return 0;
}

int
merge_changes_open(struct merge_changes **cp, const struct merge_plan *plan, const struct rec_header *from,
    const char *path, struct msg *err)
{
	struct table_source *sources = xcalloc(plan->n + 1, sizeof(*sources));
	struct merge_changes *c = xcalloc(1, sizeof(*c));
	struct rec_header h = { 0 };
	size_t i, n = 1;
	int failed = 0;

	rec_header_init(&h, from->table);
	rec_header_set_word(&h, "change", "1");
	rec_header_add(&h, TABLE_CHANGE, (struct val_type){ .kind = VAL_STRING }, false, true);
	sources[0] = (struct table_source){ .name = TABLE_CHANGE, .type = PQ_STRING, .required = true };
	for (i = 0; i < plan->n && !failed; i++)
		failed = plan->columns[i].hidden ? 0 : add_column(plan, i, &h, sources, &n, err);
	if (!failed) {
		spill_init(&c->spill);
		c->from = table_from_new(sources, n);
		xrec_create(&c->out, path, &h);
		*cp = c;
	} else {
		free(c);
	}
	rec_header_free(&h);
	free(sources);
	return failed;
}

/* ---- rows ---- */

int
merge_changes_put(void *to, size_t rows, const struct pq_vector *vectors, struct msg *err)
{
	struct merge_changes *c = to;
	struct rec_batch b;
	size_t row = 0, i;

	while (row < rows) {
		struct piece piece = { 0 };

		if ((row = table_to_records(c->from, vectors, row, rows, NULL, &b, err)) == 0)
			return -1;
		piece.bytes = b.off[b.n * b.stride] - b.off[0];
		piece.count = b.n;
		for (i = 0; i < b.n; i++)
			piece.sum += b.hash[i];
		if (spill_write(&c->spill, &piece, sizeof(piece), err) < 0 ||
		    spill_write(&c->spill, b.base + b.off[0], piece.bytes, err) < 0)
			return -1;
	}
	return 0;
}

void
merge_changes_clear(struct merge_changes *c)
{
	spill_close(&c->spill);
}

int
merge_changes_finish(struct merge_changes *c, struct msg *err)
{
	struct piece piece;
	uint8_t *p;
	int got = 0;

	if (spill_rewind(&c->spill, err) < 0)
		return -1;
	while (c->spill.size > 0 && (got = spill_read(&c->spill, &piece, sizeof(piece), err)) > 0) {
		p = xrec_begin(&c->out, piece.bytes);
		if (spill_read(&c->spill, p, piece.bytes, err) <= 0)
			return -1;
		rec_end_many(&c->out, p + piece.bytes, piece.count, piece.sum);
	}
	if (got < 0)
		return -1;
	xrec_finish(&c->out);
	spill_close(&c->spill);
	table_from_free(c->from);
	free(c);
	return 0;
}

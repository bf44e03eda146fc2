/* The source as the passes over the table see it, and rows put together for writing. */
#ifndef MERGE_SOURCE_H
#define MERGE_SOURCE_H

#include "key/densemap.h"
#include "key/intmap.h"
#include "key/keymap.h"
#include "merge/merge.h"
#include "table/table.h"

enum { MERGE_ABSENT = UINT32_MAX };	/* as KEYMAP_ABSENT, DENSEMAP_ABSENT, INTMAP_ABSENT */
enum { MERGE_BATCH = 8192 };		/* most rows of a batch of delta_scan */

enum merge_state {			/* bits of a source row */
	MERGE_DELETE = 1,		/* flagged: a row of its key goes */
	MERGE_MATCHED = 2,		/* the table has a row of its key */
	MERGE_AGAIN = 4			/* its key came more than once */
};

struct merge_column {			/* of the table */
	enum pq_shape shape;
	size_t size;			/* bytes of a value */
	bool there;			/* the source has it; else no values */
	uint8_t *values, *def;		/* owned, by row */
};

struct merge_source {
	const struct merge_plan *plan;
	const struct rec_header *header;
	struct merge_column *columns;
	size_t n, cap;			/* rows */
	uint8_t *state;			/* owned: merge_state of each row */
	struct pool text;		/* bytes of strings */
	struct table_to *to;
	size_t *key_fields;		/* owned: of the stream */
	bool integer, dense;		/* one integer key; and near has them all, else far has. map has other keys */
	struct densemap near;
	struct intmap far;
	struct keymap map;
	struct buf scratch;
	struct buf again;		/* the first keys that came more than once, for a message */
	uint64_t nagain;
	struct delta_bound *bounds;	/* owned: the range of each key column */
};

/* The key of a row as text, appended. */
void merge_key_text(const struct merge_source *s, uint32_t number, struct buf *out);

/*
 * The source rows with the keys of a batch's rows; MERGE_ABSENT where there is none. keys has a vector per
 * key column; from makes records of them.
 */
int merge_find(const struct merge_source *s, const struct pq_vector *keys, size_t rows, struct table_from *from,
    uint32_t *numbers, struct msg *err);

/* Are the values of a source row those that a row of the table has in the column? */
bool merge_equal(const struct merge_column *c, uint32_t number, const struct pq_vector *v, size_t row);

/* ---- rows.c ---- */

struct merge_rows {			/* rows put together from those of the table and of the source */
	const struct merge_source *source;
	size_t n, cap;
	uint8_t **values, **def;	/* owned, per column */
	struct pq_vector *vectors;	/* views of them */
};

void merge_rows_init(struct merge_rows *r, const struct merge_source *s, size_t cap);
void merge_rows_free(struct merge_rows *r);

/* Makes them the picked rows of vectors; vectors NULL: n rows of nulls. */
void merge_rows_take(struct merge_rows *r, const struct pq_vector *vectors, const uint32_t *pick, size_t n);

/* Puts the values of source rows in place of those that rows have. */
void merge_rows_patch(struct merge_rows *r, const uint32_t *rows, const uint32_t *numbers, size_t n);

#endif

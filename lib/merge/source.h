/* The source as the passes over the table use it, and rows assembled for writing. */
#ifndef MERGE_SOURCE_H
#define MERGE_SOURCE_H

#include "map/map.h"
#include "merge/merge.h"
#include "table/table.h"

enum { MERGE_ABSENT = UINT32_MAX };	/* equals MAP_ABSENT */
enum { MERGE_BATCH = 8192 };		/* maximum rows of a batch of delta_scan */

enum merge_state {			/* flags of a source row */
	MERGE_DELETE = 1,		/* delete flag set: the matching row is deleted */
	MERGE_MATCHED = 2,		/* the table has a row with its key */
	MERGE_AGAIN = 4,		/* its key is duplicate */
	MERGE_LATE = 8			/* the table has a newer row or delete of its key */
};

struct merge_column {			/* a column of the table */
	enum pq_shape shape;
	size_t size;			/* bytes per value */
	bool there;			/* the source has the column; otherwise values is NULL */
	uint8_t *values, *def;		/* owned, one per row */
};

struct merge_source {
	const struct merge_plan *plan;
	const struct rec_header *header;
	struct merge_column *columns;
	size_t n, cap;			/* rows */
	uint8_t *state;			/* owned: merge_state flags of each row */
	struct pool text;		/* bytes of strings */
	struct table_to *to;
	size_t *key_fields;		/* owned: key fields of the stream */
	struct map map;			/* keys by row: integers if there is a single integer column, else encoded */
	uint32_t *numbers;		/* owned: of the keys of the batch being added */
	size_t numbers_cap;
	struct buf scratch;
	struct buf again;		/* the first duplicate keys, for a message */
	/* owned: the records beyond memory; NULL if there are none. The rest of the struct is about those in memory */
	struct merge_parts *parts;
	unsigned level;			/* how many sources this is a part of */
	uint64_t total;			/* records, with those beyond memory */
	uint64_t nagain;
	struct delta_bound *bounds;	/* owned: value range of each key column */
};

/* Appends a row's key as text. */
void merge_key_text(const struct merge_source *s, uint32_t number, struct buf *out);

/*
 * Finds the source rows whose keys match a batch's rows; MERGE_ABSENT for no match. keys has a vector per key
 * column; from converts them to records.
 */
int merge_find(const struct merge_source *s, const struct pq_vector *keys, size_t rows, struct table_from *from,
    uint32_t *numbers, struct msg *err);

/* Returns true if a source row's value of a column equals that of a table row. */
bool merge_equal(const struct merge_column *c, uint32_t number, const struct pq_vector *v, size_t row);

/* ---- order.c ---- */

/* Returns a value of an array of values of a shape: integers, decimals, strings and times. */
union pq_value merge_value_at(enum pq_shape shape, const void *values, size_t row);

/*
 * Compares the age of two rows of a key: -1 if a row of vectors, which are those of the plan's columns, is older than a
 * source row, 0 if it is as old, 1 if it is newer.
 */
int merge_age(const struct merge_source *s, uint32_t number, const struct pq_vector *vectors, size_t row);

/* ---- keys.c ---- */

/* Sorts the first key column of a source, whose bytes it refers to. NULL if that does not help. Freed by free. */
struct merge_keys;
struct merge_keys *merge_keys_new(const struct merge_source *s);
const struct delta_key_set *merge_keys_set(const struct merge_keys *k);		/* NULL for NULL */

/* ---- rows.c ---- */

struct merge_rows {			/* rows assembled from the table's and the source's */
	const struct merge_source *source;
	size_t n, cap;
	uint8_t **values, **def;	/* owned, per column */
	struct pq_vector *vectors;	/* views of them */
};

void merge_rows_init(struct merge_rows *r, const struct merge_source *s, size_t cap);
void merge_rows_free(struct merge_rows *r);

/* Takes the picked rows of vectors; if vectors is NULL, n rows of nulls. */
void merge_rows_take(struct merge_rows *r, const struct pq_vector *vectors, const uint32_t *pick, size_t n);

/* Overwrites values of rows with those of source rows. */
void merge_rows_patch(struct merge_rows *r, const uint32_t *rows, const uint32_t *numbers, size_t n);

#endif

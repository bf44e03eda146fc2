/* From fields to leaves and levels: clause Nested Encoding. Shared by the writer and the reader. */
#ifndef PARQUET_SCHEMA_H
#define PARQUET_SCHEMA_H

#include "parquet/meta.h"
#include "parquet/parquet.h"

struct pq_schema {			/* everything in the pool */
	struct pool pool;
	struct pq_field *fields;
	size_t nfields;
	struct pq_column *columns;
	struct meta_element *elements;	/* of each column, a copy: how its values are stored */
	struct meta_path *paths;	/* of each column */
	size_t ncolumns;
};

/* From a caller's fields. Returns -1 with err filled. */
int pq_schema_from_fields(struct pq_schema *s, const struct pq_field *fields, size_t n, const char *name,
    struct msg *err);

/* The elements of the footer, root first, for the same. Allocated in the schema's pool. */
struct meta_element *pq_schema_elements(struct pq_schema *s);

/* From a footer's elements. */
int pq_schema_from_elements(struct pq_schema *s, const struct meta_element *e, size_t n, const char *name,
    struct msg *err);

void pq_schema_free(struct pq_schema *s);

#endif

/* Derives leaves and levels from a schema: clause Nested Encoding. Shared by writer and reader. */
#ifndef PARQUET_SCHEMA_H
#define PARQUET_SCHEMA_H

#include "parquet/format/meta.h"
#include "parquet/parquet.h"

struct pq_schema {			/* arrays are in the pool */
	struct pool pool;
	struct pq_field *fields;
	size_t nfields;
	struct pq_column *columns;
	struct meta_element *elements;	/* per column, a copy: its physical type */
	struct meta_path *paths;	/* per column */
	size_t ncolumns;
};

/* Builds the schema from the caller's fields. Returns -1 with err filled. */
int pq_schema_from_fields(struct pq_schema *s, const struct pq_field *fields, size_t n, const char *name,
    struct msg *err);

/* Returns the schema's footer elements, root first, allocated in its pool. */
struct meta_element *pq_schema_elements(struct pq_schema *s);

/* Builds the schema from a footer's elements. */
int pq_schema_from_elements(struct pq_schema *s, const struct meta_element *e, size_t n, const char *name,
    struct msg *err);

void pq_schema_free(struct pq_schema *s);

#endif

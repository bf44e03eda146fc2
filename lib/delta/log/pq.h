/* Lets lib/parquet read and write the objects of a store. */
#ifndef DELTA_PQ_H
#define DELTA_PQ_H

#include "parquet/parquet.h"
#include "store/store.h"

/* Return views: `in` and `out` must be open and outlive them. */
struct pq_source delta_pq_source(struct store_in *in);
struct pq_sink delta_pq_sink(struct store_out *out);

#endif

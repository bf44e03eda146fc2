/* Objects of a store as lib/parquet reads and writes them. */
#ifndef DELTA_PQ_H
#define DELTA_PQ_H

#include "parquet/parquet.h"
#include "store/store.h"

/* Views: `in` and `out` must be open and live as long. */
struct pq_source delta_pq_source(struct store_in *in);
struct pq_sink delta_pq_sink(struct store_out *out);

#endif

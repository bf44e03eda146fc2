/* Statistics of a data file, as its add has them. */
#ifndef DELTA_DATA_STATS_H
#define DELTA_DATA_STATS_H

#include "delta/log/snapshot.h"

/* Appends a file's statistics; st has one entry per column. */
void delta_stats_put(struct buf *out, uint64_t rows, const struct delta_column *columns, size_t n,
    const struct pq_stats *st);

#endif
